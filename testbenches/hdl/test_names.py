"""Names cannot escape a folder, inject text, or stop a tool."""

import subprocess

import pytest

from kolam.hdl.names import LONGEST, RESERVED, check_distinct, check_identifier

HOSTILE = [
    "", " ", "1abc", "_a", "a_", "a__b", "a b", "a-b", "a.b", "../escaped", "/abs/path", "a/b",
    "a\\b", "x;endmodule\nmodule y", "$(touch x)", "`define", "a$", "a\n", "\n", "a\tb", "\\a ",
    "naïve", "µ", "\uff41", "a\u0301", "a\0", "%s", "{}", "a'b", 'a"b', "~", "CON", "nul", "com1",
    "LPT9", "reg", "Signal", "logic", "process", "PROCESS", "input", "do", "bit", "is", "vunit",
    "x" * (LONGEST + 1),
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_refused_in_one_sentence(name):
    with pytest.raises(ValueError, match=r"^the name of a design must be .*, not ") as error:
        check_identifier(name, "the name of a design")
    assert "\n" not in str(error.value)


def test_reserved_words_are_refused_in_any_case():
    for word in RESERVED:
        for spelling in (word, word.upper(), word.capitalize()):
            with pytest.raises(ValueError, match="must be a word that"):
                check_identifier(spelling, "a port")


def test_the_lists_are_whole():
    # 248 words in IEEE 1800-2017, 115 in IEEE 1076-2008, 42 of them in both; 24 devices
    assert len(RESERVED) == 248 + 115 - 42 + 24


@pytest.mark.parametrize("name", ["a", "A9", "csc_1024", "mac_4x8", "x" * LONGEST, "u_0"])
def test_plain_names_pass(name):
    check_identifier(name, "a port")


@pytest.mark.parametrize("name", [None, 5, b"a", ["a"]])
def test_what_is_no_text_is_refused(name):
    with pytest.raises(TypeError, match="a port must be a text, not "):
        check_identifier(name, "a port")


def test_what_passes_compiles(tmp_path):
    names = [f"{w}{s}" for w in sorted(RESERVED) for s in ("x", "_x", "0")]
    passed = [n for n in names if _passes(n)]
    assert len(passed) > 1000
    text = "".join(f"module {n}(input wire {n}_a); wire {n}_b = {n}_a; endmodule\n" for n in passed)
    (tmp_path / "names.v").write_text(text)
    subprocess.run(["iverilog", "-g2012", "-t", "null", "names.v"], cwd=tmp_path, check=True)


def _passes(name):
    try:
        check_identifier(name, "a name")
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("names", [["a", "b", "A"], ["fifo", "FIFO"], ["a", "a"]])
def test_twins_are_refused(names):
    with pytest.raises(ValueError, match="names must differ in more than case"):
        check_distinct(names)


def test_distinct_names_pass():
    check_distinct([])
    check_distinct(f"n{i}" for i in range(9))
