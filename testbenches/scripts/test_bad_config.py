"""Files that are no configuration."""

import pytest

from kolam.testbenches.wrong_files import GOOD


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe" + GOOD.encode("utf-16-le"), "bad.toml must be TOML"),
        (GOOD.encode() + b"# \xe4\n", "bad.toml must be TOML"),
        (GOOD.encode() + b"\x00", "bad.toml must be TOML"),
        (b"a = " + b"[" * 100_000, "bad.toml must be TOML"),
        (b"a = " + b"9" * 100_000, "bad.toml must be TOML"),
        (b"# " + b"x" * (1 << 20), "bad.toml must be at most 1048576 bytes"),
        (b'engine = "' + b"x" * 100_000 + b'"\n', "engine must be"),
        (GOOD.encode() + b"parallelism = [" + b"1, " * 100_000 + b"]\n", "parallelism must be"),
    ],
    ids=["utf-16", "latin-1", "nul", "deep", "long number", "long", "long text", "long list"],
)
def test_bytes_that_are_no_configuration(content, words, place, kolam):
    (place / "bad.toml").write_bytes(content)
    kolam("show", "bad.toml").refused(words)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none.toml", "none.toml: No such file or directory"),
        ("folder.toml", "folder.toml"),
        ("no/such/place.npz", "no/such/place.npz: No such file or directory"),
        ("notes.txt", "a design must be a name of `kolam catalog`, a .toml, a .npz or a folder"),
        ("a\nb.toml", "No such file or directory"),
        ("", "DESIGN must be a name of"),
        ("x" * 5000 + ".toml", "File name too long"),
    ],
    ids=["missing", "folder", "missing folder", "no kind", "line end", "empty", "too long"],
)
def test_a_file_that_cannot_be_read(name, words, place, kolam):
    (place / "folder.toml").mkdir()
    (place / "notes.txt").write_text(GOOD)
    done = kolam("show", name)
    if words == "File name too long":
        assert done.status == 2
        assert words in done.err
        assert "Traceback" not in done.err
    else:
        done.refused(words)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("modul e.toml", ""),
        ("module.toml", "the name of a design must be"),
        ("kühl.toml", "the name of a design must be"),
        ("1st.toml", "the name of a design must be"),
    ],
)
def test_the_name_of_a_file_is_the_name_of_the_design(name, words, place, kolam):
    (place / name).write_text(GOOD)
    done = kolam("show", name)
    if words:
        done.refused(words)
    else:
        assert done.status == 0
