"""Design: how frames become bytes, and how a design describes itself."""

import json
import re
from dataclasses import replace
from functools import cached_property

import numpy as np
import pytest
from myhdl import always_comb

from kolam.generators.design import Design, Memory, Port, Setting, Stream, port_limits
from kolam.generators.inspection import Layer
from kolam.hdl import Format, instances, module
from kolam.hdl.target import Target
from kolam.testbenches import stimulus


def stream(name, lanes, text, order, parts=1):
    fmt = Format.parse(text)
    return Stream(
        name=name, lanes=lanes, beats=-(-len(order) // lanes), format=fmt, parts=parts,
        element_bits=parts * (-(-fmt.width // 8) * 8), order=order,
    )  # fmt: skip


@module
def wires(
    clk, rst, s_axis_tdata, s_axis_tvalid, s_axis_tready, s_axis_tlast,
    m_axis_tdata, m_axis_tvalid, m_axis_tready, m_axis_tlast, event_frame_error, event_overflow,
):  # fmt: skip
    """Hand a stream on."""

    @always_comb
    def forth():
        m_axis_tdata.next = s_axis_tdata
        m_axis_tvalid.next = s_axis_tvalid and not rst
        m_axis_tlast.next = s_axis_tlast
        event_frame_error.next = clk and rst
        event_overflow.next = clk and rst

    @always_comb
    def back():
        s_axis_tready.next = m_axis_tready

    return instances()


class Settings:
    target = Target.GENERIC


class Wire(Design):
    """The least that a design can be."""

    engine = "wire"
    latency, interval, ready_after_reset, multipliers, bottleneck = 0, 4, 0, 0, "s_axis"

    def __init__(self, lanes=2, text="s3.8", order=range(4), parts=1, name="wires"):
        super().__init__(name, Settings())
        self.way = lanes, text, order, parts

    @property
    def streams(self):
        return stream("s_axis", *self.way), stream("m_axis", *self.way)

    @property
    def memories(self):
        return tuple(
            Memory(
                path=f"u_{k}", depth=8, width=6 + k, fields=1, ports=2, read_latency=1,
                style="block", contents=None, loadable=False,
            )
            for k in range(2)
        )  # fmt: skip

    def _layers(self, taken):
        yield Layer(
            name="wire", codes=taken.codes, format=self.streams[1].format, exact=taken.values,
            saturated=self.saturated(taken.codes),
        )  # fmt: skip

    def reference(self, x):
        return x

    def saturated(self, x):
        return np.zeros(len(x), np.int64)

    def predict(self, x):
        return x

    @property
    def top(self):
        return wires, {}


# ---------------------------------------------------------------------- bytes


def bytes_by_hand(x, way):
    """Return beat by beat, element by element, low byte first; rest of the last beat: zeros.

    Of a complex element re comes first, each part in half of its bytes.
    """
    found = bytearray()
    size = way.element_bits // way.parts
    for frame in x:
        words = [int(part) for index in way.order for part in np.atleast_1d(frame[index])]
        words += [0] * (way.beats * way.lanes * way.parts - len(words))
        for word in words:
            found += (word % (1 << size)).to_bytes(size // 8, "little")
    return bytes(found)


WAYS = [
    (1, "s1.6", range(3)), (2, "s3.8", range(4)), (3, "u1.0", range(7)), (4, "u8.9", (3, 1, 2, 0)),
    (2, "s0.23", (2, 0, 1)), (1, "s0.63", range(2)), (5, "s0.0", range(1)), (2, "u0.63", range(3)),
    (1, "s0.15", range(4), 2), (1, "s1.16", (0, 2, 1, 3), 2), (3, "s3.2", (1, 0, 4, 2, 3), 2),
    (2, "s0.63", range(3), 2), (2, "s0.0", range(2), 2),
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_bytes_and_back(way):
    design = Wire(*way)
    source = design.streams[0]
    rng = np.random.default_rng(source.lanes)
    codes = rng.integers(
        source.format.minimum, source.format.maximum, (5, *source.shape), endpoint=True
    )
    codes[0], codes[1] = source.format.minimum, source.format.maximum
    data = design.pack(codes)
    assert data == bytes_by_hand(codes, source)
    np.testing.assert_array_equal(design.unpack(data), codes)
    assert design.pack(codes[0]) == data[: len(data) // 5]  # one frame alone
    assert design.pack(codes[:0]) == b""
    assert design.unpack(b"").shape == (0, *source.shape)


def test_bytes_must_be_whole_frames():
    design = Wire()
    with pytest.raises(ValueError, match=r"x must be of shape \(frames, 4\), not \(2, 3\)"):
        design.pack(np.zeros((2, 3), np.int64))
    with pytest.raises(ValueError, match=r"x must be of shape \(frames, 4, 2\), not \(2, 4, 3\)"):
        Wire(parts=2).pack(np.zeros((2, 4, 3), np.int64))
    with pytest.raises(ValueError, match="data must be whole frames of 8 bytes, not 9 bytes"):
        design.unpack(bytes(9))


def test_only_codes_become_bytes():
    design = Wire(2, "s1.2", range(4))
    with pytest.raises(TypeError, match=r"x must be integers, the codes of s1\.2, not float64"):
        design.pack(np.full((1, 4), 0.7))
    for wrong in (8, -9):
        with pytest.raises(ValueError, match=f"x must be -8 to 7, not {min(wrong, 0)} to"):
            design.pack(np.array([[0, 0, wrong, 0]]))


# ---------------------------------------------------------------------- what it says


def test_ports_are_those_of_the_verilog():
    design = Wire()
    assert {p.name: (p.direction, p.width) for p in design.ports} == design.emission.ports
    names = [p.name for p in design.ports]
    assert names[:2] == ["clk", "rst"]
    assert names[-2:] == ["event_frame_error", "event_overflow"]
    assert {p.name: p.role for p in design.ports if p.stream == "m_axis"} == {
        f"m_axis_t{role}": role for role in ("data", "valid", "ready", "last")
    }
    data = next(p for p in design.ports if p.name == "s_axis_tdata")
    assert data.width == 2 * 16
    assert data.direction == "input"


def test_files_are_made_once_and_alike():
    one, other = Wire(), Wire()
    assert one.files() is one.files()
    assert one.files() == other.files()
    assert list(one.files()) == ["rtl/wires.v"]


def test_sums_of_what_is_inside():
    assert Wire().memory_bits == 8 * 6 + 8 * 7
    assert Wire().settings == ()
    assert Wire().target is Target.GENERIC


def test_a_design_has_a_legal_name():
    for name in ("module", "a b", "../up", "con", ""):
        with pytest.raises(ValueError, match="the name of a design must be"):
            Wire(name=name)


def test_a_complex_stream():
    """Parts of an element share its bits; a frame has a column for each."""
    real, both = (stream("s_axis", 2, "s1.16", range(6), parts) for parts in (1, 2))
    assert (real.elements, real.shape, real.element_bits, real.part_bits) == (6, (6,), 24, 24)
    assert (both.elements, both.shape, both.element_bits, both.part_bits) == (6, (6, 2), 48, 24)
    design = Wire(2, "s1.16", range(6), 2)
    data = next(p for p in design.ports if p.name == "m_axis_tdata")
    assert data.width == 2 * 48


@pytest.mark.parametrize("described", [
    Port(name="clk", direction="input", width=1, role="clock"),
    stream("s_axis", 2, "u4.-2", (1, 0, 2)),
    stream("s_axis", 2, "s1.6", (0, 1, 2)),
    stream("s_axis", 1, "s0.15", (0, 2, 1, 3), 2),
    Wire().memories[0],
    replace(stream("m_axis", 1, "s0.15", range(4), 2), beats=7, prefix=3),
    Setting(name="gain", bits=3, minimum=0, maximum=7, default=1),
    Setting(name="log2_points", bits=4, minimum=3, maximum=10, default=10, drains=True),
])  # fmt: skip
def test_descriptions_pass_through_json(described):
    plain = json.loads(json.dumps(described.to_dict()))
    assert type(described).from_dict(plain) == described
    with pytest.raises(ValueError, match=f"{type(described).__name__} has no field 'colour'"):
        type(described).from_dict({**plain, "colour": "red"})


# ---------------------------------------------------------------------- settings


class Set(Wire):
    """A wire of which something can be set at run time, to no effect but on what it promises."""

    settings = (
        Setting(name="way", bits=1, minimum=0, maximum=1, default=1),
        Setting(name="size", bits=3, minimum=2, maximum=5, default=4, drains=True),
    )

    @property
    def streams(self):
        return *super().streams, *self._config_streams

    @cached_property
    def promise(self):
        return self.chosen["size"]


def test_settings_have_a_stream_an_event_and_limits():
    design = Set()
    (source,) = design.streams[2:]
    assert (source.name, source.beats, source.lanes, source.element_bits) == (
        "s_axis_config", 2, 1, 32,
    )  # fmt: skip
    assert str(source.format) == "u32.0"
    names = {p.name: (p.direction, p.width, p.role) for p in design.ports}
    assert names["s_axis_config_tdata"] == ("input", 32, "data")
    assert names["s_axis_config_tready"] == ("output", 1, "ready")
    assert names["event_config_error"] == ("output", 1, "event")
    assert "event_config_error" not in {p.name for p in Wire().ports}
    for each, limits in zip(design.settings, port_limits(design.settings), strict=True):
        for name in ("bits", "minimum", "maximum", "default", "drains"):
            assert getattr(limits, name) == getattr(each, name)


def test_under_other_settings():
    """What is not named stays; the original stays as it is, and so does what it has computed."""
    design = Set()
    assert (design.chosen, design.settings_frame) == ({"way": 1, "size": 4}, [1, 4])
    assert design.promise == 4
    small = design.under(size=2)
    other = small.under(way=np.int64(0))
    assert [d.chosen for d in (design, small, other)] == [
        {"way": 1, "size": 4}, {"way": 1, "size": 2}, {"way": 0, "size": 2},
    ]  # fmt: skip
    assert [d.promise for d in (design, small, other)] == [4, 2, 2]
    assert other.settings_frame == [0, 2]
    assert all(type(word) is int for word in other.settings_frame)
    assert design.under().chosen == design.chosen
    assert [d.settings_frame for d in other.corners()] == [
        [1, 4], [0, 4], [1, 4], [1, 2], [1, 3], [1, 4], [1, 5],
    ]  # fmt: skip
    assert Wire().corners()[0].chosen == {}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"colour": 1}, "a setting of wires must be one of way, size, not 'colour'"),
        ({"size": 1}, "size must be 2 to 5, not 1"),
        ({"way": 0, "size": 6}, "size must be 2 to 5, not 6"),
        ({"way": -1}, "way must be 0 to 1, not -1"),
        ({"way": 1 << 31}, "way must be 0 to 1, not 2147483648"),
        ({"way": 0.5}, "way must be an integer, not 0.5"),
        ({"way": "1"}, "way must be an integer, not '1'"),
        ({"way": None}, "way must be an integer, not None"),
    ],
)
def test_under_what_is_no_setting(values, sentence):
    with pytest.raises((TypeError, ValueError), match=f"^{re.escape(sentence)}$"):
        Set().under(**values)


def test_nothing_to_set():
    sentence = "wires must have settings at run time to set 'way'"
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        Wire().under(way=1)


# ---------------------------------------------------------------------- a cyclic prefix


class Prefixed(Wire):
    """A wire whose output has a prefix in front."""

    prefix = 2

    @property
    def streams(self):
        source, sink = super().streams
        whole = -(-(source.elements + self.prefix) // source.lanes)
        return source, replace(sink, prefix=self.prefix, beats=whole)


@pytest.mark.parametrize(("order", "parts"), [(range(5), 1), ((4, 2, 0, 1, 3), 1), (range(5), 2)])
def test_a_prefix_in_bytes(order, parts):
    """The last ones of the order come in front; what comes twice is read once."""
    design = Prefixed(1, "s3.8", order, parts)
    source, sink = design.streams
    assert sink.places == [*order[3:], *order]
    assert (sink.elements, sink.shape, sink.beats) == (5, source.shape, 7)
    x = np.random.default_rng(parts).integers(-2048, 2048, (3, *source.shape))
    octets = x[:, [*order[3:], *order]].astype("<i2").tobytes()
    np.testing.assert_array_equal(design.unpack(octets), x)
    assert stimulus.pack(x, sink).tobytes() == octets
    data = np.frombuffer(octets, np.uint8).reshape(-1, sink.beat_bytes)
    np.testing.assert_array_equal(stimulus.unpack(data, sink), x)
    with pytest.raises(ValueError, match=f"data must be whole frames of {14 * parts} bytes, not 2"):
        design.unpack(octets[:2])
