"""Beats are laid out as the stream says, and the golden answer stands beside them."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from kolam.generators import fft
from kolam.generators.design import Stream
from kolam.hdl import Format
from kolam.testbenches.stimulus import (
    ASK,
    BAD,
    GOOD,
    LAST,
    WAIT,
    Frame,
    Settings,
    codes,
    pack,
    phase,
    script,
    settled,
    unpack,
)


def stream(lanes, elements, fmt, order=None, parts=1):
    fmt = Format.parse(fmt)
    return Stream(
        name="s_axis",
        lanes=lanes,
        beats=-(-elements // lanes),
        format=fmt,
        parts=parts,
        element_bits=parts * 8 * -(-fmt.width // 8),
        order=order or range(elements),
    )


def test_the_lowest_element_is_lowest_and_is_extended():
    data = pack(np.array([[1, -2, -2048]]), stream(2, 3, "s11.0"))
    assert data.tolist() == [[[1, 0, 0xFE, 0xFF], [0x00, 0xF8, 0, 0]]]


def test_the_real_part_is_lower():
    data = pack(np.array([[[1, -2], [-2048, 3], [4, 5]]]), stream(2, 3, "s11.0", parts=2))
    assert data.tolist() == [[[1, 0, 0xFE, 0xFF, 0, 0xF8, 3, 0], [4, 0, 5, 0, 0, 0, 0, 0]]]


@pytest.mark.parametrize("fmt", ["u1.0", "u8.0", "s7.0", "s0.8", "u5.7", "s20.3", "s40.8", "s63.0"])
@pytest.mark.parametrize("parts", [1, 2])
def test_pack_and_unpack_are_inverse(fmt, parts):
    bus = stream(3, 7, fmt, order=[6, 0, 2, 4, 1, 3, 5], parts=parts)
    design = SimpleNamespace(streams=[bus])
    x = codes(design, 20, 1)
    assert (x.min(), x.max()) == (bus.format.minimum, bus.format.maximum)
    packed = pack(x, bus, np.random.PCG64(0))
    assert packed.shape == (20, 3, 3 * bus.element_bits // 8)
    np.testing.assert_array_equal(unpack(packed.reshape(60, -1), bus), x)
    for k, code in enumerate(np.atleast_1d(x[0, 6])):
        size = bus.part_bits // 8
        assert packed[0, 0, k * size : (k + 1) * size].tobytes() == int(code).to_bytes(
            size, "little", signed=bus.format.signed
        )


def test_codes_of_a_complex_stream_have_its_shape():
    """And corners that are alike in both parts, or differ in them."""
    bus = stream(1, 4, "s3.0", parts=2)
    x = codes(SimpleNamespace(streams=[bus]), 300)
    assert x.shape == (300, 4, 2)
    assert x[1:5, 0].tolist() == [[7, 7], [-8, -8], [-8, 7], [0, 0]]
    assert [len(np.unique(x[5:, k, part])) for k in range(4) for part in (0, 1)] == [16] * 8
    np.testing.assert_array_equal(x, codes(SimpleNamespace(streams=[bus]), 300))


class Turned:
    """A design of complex streams, which turns samples by a quarter of a circle."""

    name, ports = "turned", ()
    streams = (stream(2, 3, "s7.0", parts=2), replace(stream(1, 3, "s8.0", parts=2), name="m_axis"))

    @staticmethod
    def reference(x):
        return np.stack([-x[..., 1], x[..., 0]], axis=-1)

    @staticmethod
    def saturated(x):
        return np.zeros(len(x), np.int64)


def test_a_script_of_complex_frames():
    """A short frame is completed with zeros in both parts."""
    frames = [Frame([[1, 2], [3, 4], [5, -128]]), Frame([[6, 7]] * 3, short=1)]
    fed = phase(Turned(), frames, seed=1)
    assert fed.data.shape == (2 + 1, 4)
    assert fed.data[:2, :2].tolist() == [[1, 2], [5, 128]]
    assert fed.data[0].tolist() == [1, 2, 3, 4]
    assert fed.wanted.tolist() == [
        [254, 255, 1, 0], [252, 255, 3, 0], [128, 0, 5, 0],
    ]  # fmt: skip
    assert fed.answers[0][1].tolist() == [[[-2, 1], [-4, 3], [128, 5]]]
    with pytest.raises(ValueError, match=r"codes of frame 1 must be of shape \(3, 2\), not \(3,\)"):
        phase(Turned(), [frames[0], Frame([1, 2, 3])])


def test_a_script_of_good_and_bad_frames(plus_one):
    frames = [Frame([1, 2, 3, 4, 255]), Frame([9] * 5, short=1), Frame([7] * 5, long=2)]
    fed = phase(plus_one(), frames, seed=4)
    assert fed.data.shape == (3 + 1 + 5, 2)
    assert fed.flags.tolist() == [0, 0, LAST | GOOD, LAST | BAD, 0, 0, BAD, 0, LAST]
    assert fed.data[:4].tolist() == [[1, 2], [3, 4], [255, fed.data[2, 1]], [9, 9]]
    assert fed.wanted.tolist() == [[2, 3], [4, 5], [255, 0]]
    assert fed.wanted_flags.tolist() == [0, 0, LAST]
    assert fed.answers[0][1].tolist() == [[2, 3, 4, 5, 255]]
    assert (fed.frames, fed.errors, fed.saturated, fed.quiet) == (3, 2, 1, False)
    assert phase(plus_one(), frames, seed=4).data.tolist() == fed.data.tolist()
    assert phase(plus_one(), frames, seed=5).data.tolist() != fed.data.tolist()


def test_a_bad_frame_may_overflow_only_as_far_as_it_was_sent(plus_one):
    late = [0, 0, 0, 0, 255]
    assert phase(plus_one(), [Frame(late, short=2)]).quiet
    assert not phase(plus_one(), [Frame(late, long=1)]).quiet
    assert phase(plus_one(), [Frame(late, long=1)]).saturated == 0
    assert len(phase(plus_one(), [Frame(late, long=1)]).wanted) == 0


def test_scripts_hold_both_kinds_of_bad_frames(plus_one):
    design = plus_one()
    frames = script(design, codes(design, 200), bad=0.5)
    short, long = {f.short for f in frames}, {f.long for f in frames}
    assert short == {0, 1, 2}
    assert long == {0, 1, 2, 3, 4}
    assert 60 < sum(f.good for f in frames) < 140
    assert all(f.good for f in script(design, codes(design, 20), bad=0.0))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"codes": [[[1]]]}, r"codes must be a vector of .*, not int64 of shape \(1, 1, 1\)"),
        ({"codes": [0.5]}, r"codes must be a vector of .*, not float64 of shape \(1,\)"),
        ({"codes": [1], "short": -1}, "short must be 0 or more, not -1"),
        ({"codes": [1], "short": 1, "long": 1}, "long must be 0 in a short frame, not 1"),
    ],
)
def test_a_frame_that_is_none_is_refused(given, sentence):
    with pytest.raises(ValueError, match=sentence):
        Frame(**given)


def test_a_short_frame_is_shorter(plus_one):
    with pytest.raises(ValueError, match="short must be less than a frame's 3 beats, not 3"):
        phase(plus_one(), [Frame([0] * 5, short=3)])


# settings


def test_early_settings_come_with_the_middle_beat_but_never_in_front_of_a_frame():
    """A frame of one beat has none behind its first."""
    for lanes, beats in ((1, 8), (2, 4), (8, 1)):
        order = fft.Order.NATURAL if lanes == 8 else fft.Order.BIT_REVERSED
        design = fft.build(fft.Config(
            points=8, lanes=lanes, output_order=order, run_time=fft.RunTime(direction=True)
        ))  # fmt: skip
        other = design.under(direction=1)
        x = codes(design, 2)
        fed = phase(design, [Frame(x[0]), Settings([1], other, early=True), Frame(x[1])])
        wanted = np.zeros(2 * beats, int)
        wanted[[beats - 1, -1]] = LAST | GOOD
        wanted[beats] |= WAIT
        wanted[beats // 2] |= ASK * (beats > 1)
        assert fed.flags.tolist() == wanted.tolist()
        assert fed.loads.tolist() == [[1, 0, 0, 0]]
        assert fed.loads_flags.tolist() == [LAST | GOOD | WAIT]
        assert fed.calm == 1


def test_what_is_refused_would_change_all_that_is_in_force():
    """Taken by mistake it would show; each word exceeds its limit once, and by its highest bit."""
    made = fft.Config(points=64, output_order=fft.Order.BIT_REVERSED,
                      run_time=fft.RunTime(direction=True, least_points=8))  # fmt: skip
    design = fft.build(made)
    force, beyond = [0, 6], set()
    for part in settled(design):
        if isinstance(part, Settings) and part.good:
            force = list(part.words)
        elif isinstance(part, Settings):
            assert all(a != b for a, b in zip(part.words, force, strict=False))
            if len(part.words) == 2:
                (k,) = [
                    k
                    for k, s in enumerate(design.settings)
                    if not s.minimum <= part.words[k] <= s.maximum
                ]
                beyond.add((k, part.words[k] >> 31))
    assert beyond == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert force == design.settings_frame
    assert settled(fft.build(fft.Config(points=8))) == []


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ([Settings([1])], "script must hold at least one frame, not none"),
        ([Frame([1]), Settings([1])], "part 1 of the script, settings, must not be the last"),
    ],
)
def test_settings_need_a_frame_behind_them(script, sentence):
    design = fft.build(fft.Config(points=8, output_order=fft.Order.BIT_REVERSED,
                                  run_time=fft.RunTime(direction=True)))  # fmt: skip
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        phase(design, script)


def test_settings_of_a_design_that_has_none(plus_one):
    sentence = "script must hold no settings for plus_one, which loads none"
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        phase(plus_one(), [Settings([1]), Frame([1, 2, 3, 4, 5])])
