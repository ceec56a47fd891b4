"""Model files: what is in them comes out; anything else is one sentence and takes no memory."""

import json
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from kolam.generators import model_file
from kolam.generators.model_file import MAX_BYTES, read_arrays, read_model

CONFIG = {"engine": "cyclic_sparse", "inputs": 4}


def arrays(**more):
    return {
        "config": np.array(json.dumps(CONFIG)),
        "layer0.0.weight": np.arange(12).reshape(4, 3),
        "layer0.0.bias": np.arange(4, dtype=np.int32),
        **more,
    }


def written(path, members):
    """Write raw members, as .npy or not, with right checksums."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def npy(header, body=b"", version=(1, 0)):
    """Return an .npy with any header text."""
    text = header.encode() + b"\n"
    size = struct.pack("<H" if version[0] == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes(version) + size + text + body


def described(kind="<i8", shape="(2,)"):
    return f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_what_is_in_comes_out(save, tmp_path):
    more = {
        "layer0.1.weight": np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3),
        "layer0.10.weight": np.asfortranarray(np.arange(6, dtype=np.int16).reshape(3, 2)),
        "layer0.2.weight": np.zeros((1, 1), np.uint8),
        "layer1.0.weight": np.ones((1, 2)),
        "notes": np.array("anything else is left alone"),
    }
    path = tmp_path / "model.npz"
    save(path, **arrays(**more))
    config, weights = read_model(path)
    assert config == CONFIG
    order = ["layer0.0", "layer0.1", "layer0.2", "layer0.10", "layer1.0"]
    for name, (weight, bias) in zip(order, weights, strict=True):
        wanted = arrays(**more)[f"{name}.weight"]
        assert weight.dtype == wanted.dtype
        np.testing.assert_array_equal(weight, wanted)
        assert (bias is None) == (name != "layer0.0")
    np.testing.assert_array_equal(weights[0][1], np.arange(4))


def test_a_file_that_is_cut_anywhere_is_refused(tmp_path):
    whole, part = tmp_path / "whole.npz", tmp_path / "part.npz"
    np.savez_compressed(whole, **arrays())
    data = whole.read_bytes()
    for size in range(0, len(data), 3):
        part.write_bytes(data[:size])
        with pytest.raises(ValueError, match=r"^part\.npz must be "):
            read_model(part)


def test_a_byte_that_changed_inside_is_noticed(tmp_path):
    path = tmp_path / "model.npz"
    np.savez(path, **arrays())
    data = bytearray(path.read_bytes())
    start = data.index(b"\x93NUMPY")
    for at in range(start, start + 200):  # of the first member: its checksum tells
        path.write_bytes(bytes(data[:at]) + bytes([data[at] ^ 0x55]) + bytes(data[at + 1 :]))
        with pytest.raises(ValueError, match=r"^model\.npz must be an? "):
            read_model(path)


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"inputs = 4\n", b"\x93NUMPY\x01\x00", bytes(4000)]
)
def test_other_files_are_refused(content, tmp_path):
    path = tmp_path / "other.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"^other\.npz must be a whole \.npz file: "):
        read_model(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_model(tmp_path / "none.npz")


def test_whatever_byte_changes_nothing_worse_happens(tmp_path):
    """Flags of encryption, methods of packing, versions: all of them are bytes of the archive."""
    path = tmp_path / "model.npz"
    np.savez_compressed(path, **arrays())
    data = path.read_bytes()
    for at in range(len(data)):
        for bits in (1, 0x80, 0xFF):
            path.write_bytes(data[:at] + bytes([data[at] ^ bits]) + data[at + 1 :])
            try:
                read_model(path)
            except (ValueError, OSError) as error:
                assert "\n" not in str(error)  # noqa: PT017, either way will do


class Trap:
    """Says when it is unpickled."""

    sprung = False

    def __reduce__(self):
        return setattr, (Trap, "sprung", True)


def test_nothing_in_it_is_executed(tmp_path):
    path = tmp_path / "trap.npz"
    np.savez(path, allow_pickle=True, **arrays(trap=np.array([Trap()], object)))
    with pytest.raises(
        ValueError, match=r"^trap\.npz must be an \.npz of numbers: .* holds object"
    ):
        read_model(path)
    assert not Trap.sprung


@pytest.mark.parametrize(
    ("kind", "shape"),
    [("<i8", "(99999999, 99999999)"), ("<i8", f"({MAX_BYTES},)"), ("<f8", "(1 << 20,)"),
     ("<i8", "(3,)"), ("<U99999999", "(50,)"), ("<i8", "(-2, -2)"), ("<i8", "(-1,)")],
)  # fmt: skip
def test_a_header_that_lies_takes_no_memory(kind, shape, tmp_path):
    path = written(tmp_path / "big.npz", {"x.npy": npy(described(kind, shape), bytes(16))})
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"^big\.npz must be an? "):
            read_arrays(path)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_a_bomb_is_not_opened(monkeypatch, tmp_path):
    """Zeros compress a thousandfold: the size after is what counts."""
    monkeypatch.setattr(model_file, "MAX_BYTES", 1 << 20)
    path = tmp_path / "bomb.npz"
    for size, fits in ((1 << 20, True), ((1 << 20) + 1, False)):
        np.savez_compressed(path, x=np.zeros(size, np.int8))
        assert path.stat().st_size < 1 << 12
        if fits:
            assert read_arrays(path)["x"].shape == (size,)
        else:
            with pytest.raises(ValueError, match=r"x\.npy claims 1048577 bytes; the limits are"):
                read_arrays(path)


@pytest.mark.parametrize(
    "member",
    [b"", b"text", npy(described(), bytes(16), (3, 0)), npy(described(), bytes(16), (9, 9)),
     npy(described("|O"), bytes(16)), npy(described("<c16"), bytes(32)), npy("{}", bytes(16)),
     npy(described("<M8[s]"), bytes(16)), npy(described("|S8"), bytes(16)), npy("[1, 2]"),
     npy("{'descr'", bytes(16)), npy("'''", bytes(16)), npy("-" * 5000 + "1", bytes(16)),
     npy(described(shape="(True,)"), bytes(16)), npy(described("|b1"), bytes(2)),
     npy(described("<zz"), bytes(16)),
     npy("{'descr': [('a', '<i8')], 'fortran_order': False, 'shape': (2,), }", bytes(16))],
)  # fmt: skip
def test_members_that_are_no_plain_numbers_are_refused(member, tmp_path):
    config = npy(described("<U2", "()"), "{}".encode("utf-32-le"))
    path = written(tmp_path / "odd.npz", {"config.npy": config, "x.npy": member})
    with pytest.raises(ValueError, match=r"^odd\.npz must be an? "):
        read_model(path)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (np.array(5), "model.npz must be a model, with a text `config`"),
        (np.array("{"), "config of model.npz must be JSON: "),
        (np.array("[" * 100_000), "config of model.npz must be JSON: "),
        (np.array(["{}", "{}"]), "config of model.npz must be JSON: "),
        (np.array("[1]"), "config of model.npz must be a table, not a list"),
        (np.array("null"), "config of model.npz must be a table, not a NoneType"),
    ],
)
def test_a_config_is_one_json_table(config, sentence, tmp_path):
    path = tmp_path / "model.npz"
    np.savez(path, **arrays(config=config))
    with pytest.raises(ValueError, match="^" + sentence):
        read_model(path)


def test_a_config_must_be_there(tmp_path):
    path = tmp_path / "model.npz"
    np.savez(path, **{"layer0.0.weight": np.zeros((1, 1))})
    with pytest.raises(ValueError, match=r"model\.npz must be a model, with a text `config`"):
        read_model(path)


def test_a_bias_needs_its_weight(tmp_path):
    path = tmp_path / "model.npz"
    np.savez(path, **arrays(**{"layer2.1.bias": np.zeros(3)}))
    with pytest.raises(ValueError, match=r"layer2\.1 of model\.npz must have a weight"):
        read_model(path)
