"""A small hand-written design, so that the bench is tested before and apart from any engine."""

from dataclasses import dataclass

import numpy as np
import pytest
from myhdl import Signal, always, always_comb, block, instances, intbv

from kolam.generators.design import Memory, Port, Stream
from kolam.hdl import Format

ELEMENTS, LANES, BEATS, TOP = 5, 2, 3, 255

# two frames of 5 bytes, 2 a beat; each byte plus what a one-word memory says, at most 255
VERILOG = """\
`default_nettype none
module plus_one #(parameter MEM_DIR = "") (
    input wire clk, input wire rst,
    input wire [15:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready,
    input wire s_axis_tlast,
    output wire [15:0] m_axis_tdata, output wire m_axis_tvalid, input wire m_axis_tready,
    output wire m_axis_tlast,
    output reg event_frame_error, output reg event_overflow
);
  reg [7:0] one [0:0];
  initial begin
    $readmemh({MEM_DIR, "one.hex"}, one);
    if (one[0] !== 8'd1) begin
      $display("FAIL memory image one.hex");
      $finish;
    end
  end

  reg [15:0] buffer [0:7];
  reg [1:0] in_beat, out_beat, full;
  reg in_slot, out_slot, running, skipping;
  wire taken = s_axis_tvalid && s_axis_tready;
  wire given = m_axis_tvalid && m_axis_tready;
  wire ended = in_beat == 2'd2;
  wire stored = taken && !skipping && ended && s_axis_tlast;
  wire freed = given && out_beat == 2'd2;
  wire [8:0] low = s_axis_tdata[7:0] + one[0];
  wire [8:0] high = s_axis_tdata[15:8] + one[0];
  wire [7:0] low_out = low[8] ? 8'hff : low[7:0];
  wire [7:0] high_out = ended ? 8'h00 : high[8] ? 8'hff : high[7:0];
  assign s_axis_tready = running && full != 2'd2;
  assign m_axis_tvalid = full != 2'd0;
  assign m_axis_tdata = buffer[{out_slot, out_beat}];
  assign m_axis_tlast = out_beat == 2'd2;

  always @(posedge clk) begin
    if (taken) buffer[{in_slot, in_beat}] <= {high_out, low_out};
    if (rst) begin
      running <= 1'b0; skipping <= 1'b0; in_slot <= 1'b0; out_slot <= 1'b0;
      in_beat <= 2'd0; out_beat <= 2'd0; full <= 2'd0;
      event_frame_error <= 1'b0; event_overflow <= 1'b0;
    end else begin
      running <= 1'b1;
      event_frame_error <= taken && !skipping && ended != s_axis_tlast;
      event_overflow <= taken && !skipping && (low[8] || !ended && high[8]);
      if (taken) begin
        skipping <= (skipping || ended) && !s_axis_tlast;
        in_beat <= skipping || ended || s_axis_tlast ? 2'd0 : in_beat + 2'd1;
      end
      if (stored) in_slot <= !in_slot;
      if (given) out_beat <= out_beat == 2'd2 ? 2'd0 : out_beat + 2'd1;
      if (freed) out_slot <= !out_slot;
      full <= full + {1'b0, stored} - {1'b0, freed};
    end
  end
endmodule
"""


@block
def plus_one_model(
    clk,
    rst,
    s_axis_tdata,
    s_axis_tvalid,
    s_axis_tready,
    s_axis_tlast,
    m_axis_tdata,
    m_axis_tvalid,
    m_axis_tready,
    m_axis_tlast,
    event_frame_error,
    event_overflow,
):
    """Model the Verilog above."""
    buffer = [Signal(intbv(0)[16:]) for _ in range(8)]
    in_beat, out_beat, full = (Signal(intbv(0)[2:]) for _ in range(3))
    in_slot, out_slot, running, skipping = (Signal(bool(0)) for _ in range(4))

    @always_comb
    def show():
        s_axis_tready.next = running and full != 2
        m_axis_tvalid.next = full != 0
        m_axis_tlast.next = out_beat == 2

    @always(clk.posedge, out_slot, out_beat, *buffer)
    def look():
        m_axis_tdata.next = buffer[4 * out_slot + out_beat]

    @always(clk.posedge)
    def move():
        taken = s_axis_tvalid and s_axis_tready
        given = m_axis_tvalid and m_axis_tready
        ended = in_beat == 2
        sums = [(s_axis_tdata >> 8 * lane & 0xFF) + 1 for lane in range(2)]
        if taken:
            low, high = (min(total, TOP) for total in sums)
            buffer[4 * in_slot + in_beat].next = low | (0 if ended else high << 8)
        if rst:
            for register in (in_beat, out_beat, full, in_slot, out_slot, running, skipping):
                register.next = 0
            event_frame_error.next = event_overflow.next = False
            return
        running.next = True
        event_frame_error.next = bool(taken and not skipping and ended != s_axis_tlast)
        event_overflow.next = bool(
            taken and not skipping and (sums[0] > TOP or (not ended and sums[1] > TOP))
        )
        stored = taken and not skipping and ended and s_axis_tlast
        freed = given and out_beat == 2
        if taken:
            skipping.next = bool((skipping or ended) and not s_axis_tlast)
            in_beat.next = 0 if skipping or ended or s_axis_tlast else in_beat + 1
        if stored:
            in_slot.next = not in_slot
        if given:
            out_beat.next = 0 if out_beat == 2 else out_beat + 1
        if freed:
            out_slot.next = not out_slot
        full.next = full + bool(stored) - bool(freed)

    return instances()


@dataclass(frozen=True)
class PlusOne:
    """The Design of it.

    fault: a text of the Verilog and what replaces it; flip: bits of the first golden word that
    are wrong; unseen: whether the model is blind to saturation.
    """

    fault: tuple[str, str] | None = None
    image: str = "01\n"
    latency: int = 3
    interval: int = 3
    ready_after_reset: int = 1
    flip: int = 0
    unseen: bool = False

    name = "plus_one"

    @property
    def streams(self):
        return tuple(
            Stream(
                name=name,
                lanes=LANES,
                beats=BEATS,
                format=Format(False, 8, 0),
                parts=1,
                element_bits=8,
                order=range(ELEMENTS),
            )
            for name in ("s_axis", "m_axis")
        )

    @property
    def ports(self):
        kinds = [("tdata", 16, "data"), ("tvalid", 1, "valid"), ("tready", 1, "ready")]
        kinds.append(("tlast", 1, "last"))
        ports = [
            Port(name="clk", direction="input", width=1, role="clock"),
            Port(name="rst", direction="input", width=1, role="reset"),
        ]
        for side in ("s_axis", "m_axis"):
            for name, width, role in kinds:
                inward = (side == "s_axis") != (role == "ready")
                direction = "input" if inward else "output"
                ports.append(
                    Port(
                        name=f"{side}_{name}",
                        direction=direction,
                        width=width,
                        stream=side,
                        role=role,
                    )
                )
        ports += [
            Port(name=f"event_{name}", direction="output", width=1, role="event")
            for name in ("frame_error", "overflow")
        ]
        return tuple(ports)

    @property
    def memories(self):
        return (
            Memory(
                path="one",
                depth=1,
                width=8,
                fields=1,
                ports=1,
                read_latency=0,
                style="logic",
                contents="one",
                loadable=False,
            ),
        )

    def reference(self, x):
        y = np.minimum(np.asarray(x) + 1, TOP)
        y[0, 0] ^= self.flip
        return y

    def saturated(self, x):
        return (np.asarray(x) == TOP).sum(axis=1) * (not self.unseen)

    def files(self):
        old, new = self.fault or ("", "")
        assert not self.fault or VERILOG.count(old) == 1, old
        text = VERILOG.replace(old, new) if self.fault else VERILOG
        return {"rtl/plus_one.v": text, "mem/one.hex": self.image}

    def place(self, **ports):
        return plus_one_model(**ports)


LOADING = [
    ("output reg event_frame_error,", """input wire [7:0] s_axis_weight_tdata,
    input wire s_axis_weight_tvalid, output wire s_axis_weight_tready,
    input wire s_axis_weight_tlast, output reg event_frame_error,"""),
    ("reg [7:0] one [0:0];", "reg [7:0] one [0:1];"),
    ("one[0] !== 8'd1", "^{one[0], one[1]} === 1'bx"),
    ("  wire taken", """  reg loading, load_skips, load_error, load_second;
  wire loaded = s_axis_weight_tvalid && s_axis_weight_tready;
  assign s_axis_weight_tready = running && in_beat == 2'd0 && !skipping;
  always @(posedge clk) begin
    if (loaded && !load_skips) one[load_second] <= s_axis_weight_tdata;
    load_error <= loaded && !load_skips && load_second != s_axis_weight_tlast;
    if (loaded) begin
      loading <= load_skips || !load_second || !s_axis_weight_tlast;
      load_skips <= (load_skips || load_second) && !s_axis_weight_tlast;
      load_second <= !load_second && !load_skips && !s_axis_weight_tlast;
    end
    if (rst) {loading, load_skips, load_error, load_second} <= 4'd0;
  end
  wire taken"""),
    ("running && full != 2'd2;", "running && full != 2'd2 && !loading;"),
    ("= s_axis_tdata[15:8] + one[0];", "= s_axis_tdata[15:8] + one[1];"),
    ("event_frame_error <= taken &&", "event_frame_error <= load_error || taken &&"),
]  # fmt: skip


@dataclass(frozen=True)
class PlusLoaded(PlusOne):
    """The same, adding to the two lanes what was loaded last: two words of weights."""

    image: str = "01\n01\n"
    weights: tuple[int, int] = (1, 1)

    @property
    def ports(self):
        kinds = [("data", 8), ("valid", 1), ("ready", 1), ("last", 1)]
        return super().ports + tuple(
            Port(
                name=f"s_axis_weight_t{role}",
                direction="output" if role == "ready" else "input",
                width=width,
                stream="s_axis_weight",
                role=role,
            )
            for role, width in kinds
        )

    def _sums(self, x):
        return np.asarray(x) + np.resize(self.weights, ELEMENTS)

    def reference(self, x):
        return np.minimum(self._sums(x), TOP)

    def saturated(self, x):
        return (self._sums(x) > TOP).sum(axis=1)

    def files(self):
        text = VERILOG
        for old, new in [*LOADING, *([self.fault] if self.fault else [])]:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        return {"rtl/plus_one.v": text, "mem/one.hex": self.image}


@pytest.fixture
def plus_loaded():
    return PlusLoaded


@pytest.fixture
def plus_one():
    return PlusOne
