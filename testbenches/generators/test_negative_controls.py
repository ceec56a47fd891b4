"""Whatever is spoilt in an engine, its golden answer or its images, a simulation says so."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from kolam.generators import network
from kolam.generators.cyclic_sparse import Config, CyclicSparse, Formats, Support, build, cycle
from kolam.generators.support_plan import SupportPlan
from kolam.hdl import Format
from kolam.kernels.round_saturate import Activation
from kolam.testbenches import Frame, SimulationFailed, simulate
from kolam.testbenches.stimulus import codes

S8 = Format.parse("s1.6")
FORMATS = Formats(input=S8, weights=S8, outputs=S8)
CORE = Config(
    inputs=16,
    supports=cycle(16, 4, bias=True, activation=Activation.RELU),
    formats=FORMATS,
    parallelism=8,
)


@cache  # what is spoilt is never the design itself, which is converted once
def core(**fields):
    return build(replace(CORE, **fields))


def framed():
    """Return the core with four words a beat, four beats a frame."""
    return core(input_lanes=4, output_lanes=4)


def detected(design, reason, simulator="icarus", **asked):
    """Demand a verdict that is a failure, or no verdict, for this reason; return the line."""
    try:
        run = simulate(design, simulator=simulator, **asked)
    except SimulationFailed as failure:
        line = str(failure)
    else:
        assert not run.passed
        line = run.line
    assert reason in line
    return line


class Spoilt:
    """A design with other files."""

    def __init__(self, design, change):
        self.design, self.change = design, change

    def __getattr__(self, name):
        return getattr(self.design, name)

    def files(self):
        return self.change(dict(self.design.files()))


# the golden answer


@pytest.mark.parametrize("simulator", ["icarus", "myhdl", "cosim"])
@pytest.mark.parametrize("bit", [0, 7])
def test_a_flipped_golden_bit(simulator, bit, monkeypatch):
    honest = CyclicSparse.reference

    def flipped(self, x):
        y = honest(self, x)
        y[3, 5] = y[3, 5] ^ 1 << bit if bit < 7 else ~y[3, 5]
        return y

    monkeypatch.setattr(CyclicSparse, "reference", flipped)
    assert " mismatches=1 " in detected(core(), "reason=mismatch", simulator)


@pytest.mark.parametrize("simulator", ["icarus", "myhdl"])
@pytest.mark.parametrize("off", [-1, 1])
@pytest.mark.parametrize("promise", ["latency", "interval"])
def test_a_promise_off_by_one(promise, off, simulator, monkeypatch):
    honest = getattr(CyclicSparse, promise).fget
    monkeypatch.setattr(CyclicSparse, promise, property(lambda self: honest(self) + off))
    detected(core(), f"reason={promise} ", simulator)


def test_saturation_that_the_model_does_not_see(monkeypatch):
    monkeypatch.setattr(CyclicSparse, "saturated", lambda self, x: np.zeros(len(x), int))
    detected(core(), "reason=event_overflow ")


def test_saturation_that_only_the_model_sees(monkeypatch):
    monkeypatch.setattr(CyclicSparse, "saturated", lambda self, x: np.ones(len(x), int))
    design = build(CORE, [np.zeros((16, 4), int), (np.zeros((16, 4), int), np.zeros(16, int))])
    detected(design, "reason=event_overflow ")


# the images

WEIGHTS, BIASES = "mem/csc_layer0_weights.hex", "mem/csc_layer1_biases.hex"


def _first_digit(text):
    return ("1" if text[0] == "0" else "0") + text[1:]


IMAGE_FAULTS = {
    "removed": None,
    "empty": lambda text: "",
    "shortened": lambda text: text[: text.rindex("\n", 0, -1) + 1],
    "lengthened": lambda text: text + text.splitlines()[-1] + "\n",
    "altered": _first_digit,
    "two words exchanged": lambda text: "".join(
        [(lines := text.splitlines(keepends=True))[-1], *lines[1:-1], lines[0]]
    ),
    "unknown": lambda text: "x" + text[1:],
}


@pytest.mark.parametrize("image", [WEIGHTS, BIASES])
@pytest.mark.parametrize("fault", IMAGE_FAULTS)
def test_a_spoilt_image(fault, image):
    design, change = core(), IMAGE_FAULTS[fault]

    def files(texts):
        if change is None:
            return {name: text for name, text in texts.items() if name != image}
        assert change(texts[image]) != texts[image]
        return {**texts, image: change(texts[image])}

    detected(Spoilt(design, files), f"FAIL memory image {image[4:]}", frames=2)


@pytest.mark.parametrize("simulator", ["icarus", "myhdl"])
@pytest.mark.parametrize("part", ["weight", "bias"])
def test_one_other_weight(part, simulator):
    """Images that are whole but hold the wrong numbers: only the answers can tell."""
    design = build(CORE, seed=1)
    words = [(w.weight.copy(), None if w.bias is None else w.bias.copy()) for w in design.words]
    array = words[1][part == "bias"]
    array.flat[0] = array.flat[0] // 2 + 3
    other = build(CORE, words)
    assert other.files().keys() == design.files().keys()

    class Crossed(CyclicSparse):
        """The one's hardware, the other's answer."""

        def reference(self, x):
            return design.reference(x)

        def saturated(self, x):
            return design.saturated(x)

    crossed = Crossed("csc", CORE, other.words, seed=None)
    x = np.maximum(codes(crossed, 12, 1), 1)  # no weight meets a zero
    detected(crossed, "FAIL ", simulator, x=x)


# the streams

SHELL = """\
`default_nettype none
module csc #(parameter MEM_DIR = "") (
    input wire clk, input wire rst,
    input wire [{s}:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready,
    input wire s_axis_tlast,
    output wire [{m}:0] m_axis_tdata, output wire m_axis_tvalid, input wire m_axis_tready,
    output wire m_axis_tlast, output wire event_frame_error, output wire event_overflow
);
  wire in_ready, out_valid, out_last;
  wire [{m}:0] out_data;
  reg [15:0] taken, given, clock;  // beats in, beats out, clocks
  always @(posedge clk)
    if (rst) {{taken, given, clock}} <= 48'd0;
    else begin
      clock <= clock + 1;
      if (s_axis_tvalid && s_axis_tready) taken <= taken + 1;
      if (m_axis_tvalid && m_axis_tready) given <= given + 1;
    end
{fault}
  csc_inner #(.MEM_DIR(MEM_DIR)) inner (
      .clk(clk), .rst(rst), .s_axis_tdata({in_data}), .s_axis_tvalid({in_valid}),
      .s_axis_tready(in_ready), .s_axis_tlast({in_last}), .m_axis_tdata(out_data),
      .m_axis_tvalid(out_valid), .m_axis_tready({out_ready}), .m_axis_tlast(out_last),
      .event_frame_error({error}), .event_overflow({overflow})
  );
  assign s_axis_tready = {ready};
  assign {{m_axis_tdata, m_axis_tvalid, m_axis_tlast}} = {{{data}, {valid}, {last}}};
endmodule
`default_nettype wire
"""
HONEST = {
    "fault": "",
    "in_data": "s_axis_tdata",
    "in_valid": "s_axis_tvalid",
    "in_last": "s_axis_tlast",
    "ready": "in_ready",
    "data": "out_data",
    "valid": "out_valid",
    "last": "out_last",
    "out_ready": "m_axis_tready",
    "error": "event_frame_error",
    "overflow": "event_overflow",
}
PAUSED = {"gap": 0.3, "stall": 0.4, "seed": 1, "frames": 8}
IN, OUT = "taken == 16'd21", "given == 16'd9"  # one beat of each stream
CLOCKED = "reg flag; always @(posedge clk) flag <= !rst && "
FREE: dict = {}
BAD = {"script": [(0, 0), (2, 0), (0, 0), (0, 1), (0, 0)]}  # short, long
STREAM_FAULTS = {
    "beat in dropped": (
        {"in_valid": f"s_axis_tvalid && !({IN})", "ready": f"in_ready || {IN}"}, FREE, "FAIL ",
    ),
    "beat in doubled": (
        {
            "fault": f"{CLOCKED} ({IN} && s_axis_tvalid && in_ready || flag);",
            "ready": f"in_ready && (!({IN}) || flag)",
        }, FREE, "FAIL ",
    ),
    "bit in flipped": ({"in_data": f"s_axis_tdata ^ {{{IN}, 7'd0}}"}, FREE, "mismatch"),
    "tlast ignored": ({"in_last": "taken[1:0] == 2'd3"}, BAD, "FAIL "),
    "beat out dropped": (
        {
            "fault": f"{CLOCKED} (flag || {OUT} && out_valid);",
            "valid": f"out_valid && !({OUT} && !flag)",
            "out_ready": f"m_axis_tready || {OUT} && !flag",
        }, FREE, "FAIL ",
    ),
    "beat out doubled": (
        {
            "fault": f"{CLOCKED} ({OUT} && m_axis_tvalid && m_axis_tready || flag);",
            "out_ready": f"m_axis_tready && (!({OUT}) || flag)",
        }, FREE, "FAIL ",
    ),
    "bit out flipped": ({"data": f"out_data ^ ({OUT})"}, FREE, "mismatches=1 "),
    "lanes exchanged": ({"data": "{out_data[7:0], out_data[31:8]}"}, FREE, "mismatch"),
    "last beat not marked": ({"last": "out_last && given != 16'd7"}, FREE, "mismatches=1 "),
    "another beat marked": ({"last": f"out_last || {OUT}"}, FREE, "mismatches=1 "),
    "a clock late": (
        {
            "fault": f"{CLOCKED} out_valid;",
            "valid": "out_valid && (flag || given != 16'd0)",
            "out_ready": "m_axis_tready && (flag || given != 16'd0)",
        }, FREE, "latency",
    ),
    "slow now and then": (
        {
            "ready": "in_ready && clock[4:0] != 5'd0",
            "in_valid": "s_axis_tvalid && clock[4:0] != 5'd0",
        }, FREE, "FAIL ",
    ),
    "valid withdrawn": (
        {"valid": "out_valid && (m_axis_tready || !clock[2])"}, PAUSED, "dropped",
    ),
    "data not held": ({"data": "out_data ^ (!m_axis_tready && clock[1])"}, PAUSED, "unstable"),
    "stuck": (
        {"ready": "in_ready && !taken[5]", "in_valid": "s_axis_tvalid && !taken[5]"}, FREE, "hang",
    ),
    "error not told": (
        {"error": "", "fault": "assign event_frame_error = 1'b0;"}, BAD, "event_frame_error",
    ),
    "error told of a good frame": (
        {"error": "", "fault": f"assign event_frame_error = {OUT};"}, FREE, "event_frame_error",
    ),
    "saturation not told": (
        {"overflow": "", "fault": "assign event_overflow = 1'b0;"}, FREE, "event_overflow",
    ),
}  # fmt: skip


def scripted(asked, design):
    """Turn the lengths of frames that are asked for into frames."""
    if "script" not in asked:
        return asked
    rows = zip(codes(design, 8), asked["script"], strict=False)
    return {"script": [Frame(x, short=short, long=long) for x, (short, long) in rows]}


def shell(design, changes):
    """Put a faulty shell round the top."""
    pins = {**HONEST, **changes}

    def files(texts):
        inner = texts.pop("rtl/csc.v")
        assert inner.count("module csc ") == 1
        widths = [s.lanes * s.element_bits - 1 for s in design.streams]
        return {
            **texts,
            "rtl/csc_inner.v": inner.replace("module csc ", "module csc_inner "),
            "rtl/csc.v": SHELL.format(s=widths[0], m=widths[1], **pins),
        }

    return Spoilt(design, files)


def test_an_honest_shell_passes(tmp_path):
    design = framed()
    for asked in (FREE, PAUSED, scripted(BAD, design)):
        run = simulate(shell(design, {}), folder=tmp_path, **asked)
        assert run.passed, run.line


@pytest.mark.parametrize("fault", STREAM_FAULTS)
def test_a_fault_of_a_stream(fault):
    design = framed()
    assert [(s.lanes, s.beats) for s in design.streams] == [(4, 4), (4, 4)]
    changes, asked, reason = STREAM_FAULTS[fault]
    detected(shell(design, changes), reason, **scripted(asked, design))


# the arithmetic

EXTREME = [np.full((16, 4), S8.minimum)]


def single(bias=False):
    support = Support(outputs=16, fan_in=4, stride=1, bias=bias)
    return Config(inputs=16, supports=(support,), formats=FORMATS, parallelism=4)


@pytest.mark.parametrize("simulator", ["icarus", "myhdl"])
@pytest.mark.parametrize("bias", [False, True])
def test_an_accumulator_one_bit_short(bias, simulator, monkeypatch):
    """The largest sum of all, of nothing but most negative codes, needs the last bit."""
    weights = [(EXTREME[0], np.zeros(16, int))] if bias else EXTREME
    assert simulate(build(single(bias), weights), simulator=simulator).passed
    exact = SupportPlan.product_width.fget
    monkeypatch.setattr(SupportPlan, "product_width", property(lambda self: exact(self) - 1))
    detected(build(single(bias), weights), "FAIL ", simulator)


def test_a_sum_with_bias_one_bit_short(monkeypatch):
    """The largest bias on the largest sum."""
    highest = (1 << single(bias=True).plans[0].product_width - 1) - 1
    weights = [(EXTREME[0], np.full(16, highest))]
    assert simulate(build(single(bias=True), weights)).passed
    exact, words = SupportPlan.sum_width.fget, SupportPlan.bias_words
    monkeypatch.setattr(SupportPlan, "sum_width", property(lambda self: exact(self) - 1))
    monkeypatch.setattr(
        SupportPlan,
        "bias_words",
        lambda self, bias: tuple(
            word % (1 << self.words_out * self.sum_width) for word in words(self, bias)
        ),
    )
    detected(build(single(bias=True), weights), "FAIL ")


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("reach", lambda plan, right: 0),
        ("result_lanes", lambda plan, right: right[1:] + right[:1]),
        ("remainders", lambda plan, right: (*right[:-1], (right[-1] + 1) % plan.lanes)),
        ("low", lambda plan, right: right + 1),
    ],
)
def test_a_wrong_plan(name, wrong, monkeypatch):
    """A schedule that begins too early, results and words from the wrong place, a wrong scale."""
    honest = vars(SupportPlan)[name]
    get = honest.func if hasattr(honest, "func") else honest.fget
    monkeypatch.setattr(SupportPlan, name, property(lambda self: wrong(self, get(self))))
    detected(build(replace(CORE)), "FAIL ")


# the class index


@pytest.mark.parametrize("change", ["last of equals", "next place"])
def test_another_rule_of_the_largest(change):
    """Of the comparisons, and of the place that they give."""
    layer = network.DenseLayer(name="fc1", outputs=6, bias=True)
    config = network.Config(inputs=8, layers=(layer,), formats=FORMATS, argmax=True)
    design = network.build(config, [(np.ones((6, 8), int), np.zeros(6, int))])
    assert simulate(design).passed
    old, new = {
        "last of equals": ("(gap < 0)", "(gap <= 0)"),
        "next place": ("place <= base +", "place <= 1 + base +"),
    }[change]

    def spoil(files):
        (path,) = [name for name, text in files.items() if old in text]
        return {**files, path: files[path].replace(old, new)}

    detected(Spoilt(design, spoil), "reason=mismatch")
