"""The self-checking Verilog bench of any design with one AXI4-Stream in and one out.

The text depends on the design and, by powers of two, on the number of beats; frames, answers and
counts are files, and gaps, stalls, reset and seed are plusargs, so one compilation serves many
runs. It is Verilog-2001, drives the design by nonblocking assignments at the rising edge, looks at
it just before, and prints exactly one line that begins with PASS or FAIL.
"""

import re
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kolam.testbenches.stimulus import (
    Phase,
    Script,
    corners,
    filling,
    phase,
    port_width,
    side,
    stream,
)


class Pattern(Enum):
    """When a source pauses before its next beat, or a sink refuses."""

    RANDOM = 0  #: with the probability given, which may be none
    ALTERNATE = 1  #: every other clock
    THREE_OF_FOUR = 2  #: every fourth clock
    BURST = 3  #: for 1 to 32 clocks, then not for 1 to 32
    LAST = 4  #: for 16 clocks at the last beat of every frame
    LATE = 5  #: until a free-running pipeline must have filled up, then never
    WAIT = 6  #: the source until all before is answered; the sink until it sees valid


PAUSES: dict[str, dict[str, Any]] = {  # as `simulate` takes them
    "random": {"gap": 0.3, "stall": 0.4},
    "slow source": {"gap": 0.9},
    "slow sink": {"stall": 0.9},
    "alternate": {"gap_pattern": Pattern.ALTERNATE, "stall_pattern": Pattern.THREE_OF_FOUR},
    "burst": {"gap_pattern": Pattern.BURST, "stall_pattern": Pattern.BURST},
    "at the last beat": {"gap_pattern": Pattern.LAST, "stall_pattern": Pattern.LAST},
    "until all is full": {"stall_pattern": Pattern.LATE},
    "one frame at a time": {"gap_pattern": Pattern.WAIT, "stall_pattern": Pattern.WAIT},
}
MAGIC = 0x6B6F6C61
COUNTS = (
    ("first_in", "input beats before a reset in mid-run, or all if none is asked for"),
    ("second_in", "input beats after it"),
    ("first_out", "output beats due to the first"),
    ("second_out", "output beats due to the second"),
    ("first_errors", "bad frames among the first"),
    ("second_errors", "bad frames among the second"),
    ("first_overflow", "event_overflow there: 0 never high, 1 high at least once, 2 either"),
    ("second_overflow", "the same after the reset"),
    ("first_loads", "beats of weights before the reset"),
    ("second_loads", "beats of weights after it"),
    ("calm", "good frames in front by which latency and interval can be measured"),
)


def write_bench(
    design: Any, script: Script, *, before: Script = (), seed: int = 0
) -> dict[str, str]:
    """Return the texts of tb/NAME_tb.v and vectors/*.hex.

    script: the frames that must be answered in full; before: those sent before the reset in
    mid-run, if one is asked for, of whose answers any prefix may come.
    """
    first, second = phases(design, script, before, seed)
    return {
        f"tb/{design.name}_tb.v": bench_text(design, first, second),
        **vectors(first, second),
    }


def phases(
    design: Any, script: Script, before: Script = (), seed: int = 0
) -> tuple[Phase, Phase | None]:
    """Return what goes before and after the reset, or the script and None without one."""
    if not before:
        return phase(design, script, seed), None
    return phase(design, before, seed + 1), phase(design, script, seed)


def patience(design: Any) -> int:
    """Return the clocks without a transfer after which nothing more can come by itself."""
    return max(
        2 * (each.latency + each.interval + each.ready_after_reset)
        + stream(each, "s_axis").beats
        + stream(each, "m_axis").beats
        + 256
        for each in corners(design)
    )


def opens_images(design: Any) -> bool:
    """Whether some memory of a design starts from a file, so that its top has a MEM_DIR."""
    return any(memory.contents for memory in design.memories)


def counts(first: Phase, second: Phase | None) -> dict[str, int]:
    """Return the numbers that the bench and its model are told, by name."""
    both = [first, second]
    numbers = [
        *(len(p.data) if p else 0 for p in both),
        *(len(p.wanted) if p else 0 for p in both),
        *(p.errors if p else 0 for p in both),
        *((0 if p.quiet else 1 if p.saturated else 2) if p else 0 for p in both),
        *(len(p.loads) if p else 0 for p in both),
        first.calm if second is None else 0,
    ]
    return {name: number for (name, _), number in zip(COUNTS, numbers, strict=True)}


def vectors(first: Phase, second: Phase | None) -> dict[str, str]:
    """Return the texts of the vector files."""
    both = [p for p in (first, second) if p]
    numbers = list(counts(first, second).values())
    told = [(MAGIC, "a mark"), *zip(numbers, (text for _, text in COUNTS), strict=True)]
    told.append((sum(numbers, MAGIC) % 2**32, "the sum of all"))
    texts = {
        "vectors/counts.hex": "".join(f"{number:08x} // {text}\n" for number, text in told),
        "vectors/input.hex": _hex([p.flags for p in both], [p.data for p in both]),
        "vectors/output.hex": _hex([p.wanted_flags for p in both], [p.wanted for p in both]),
    }
    if any(len(p.loads) for p in both):
        texts["vectors/loads.hex"] = _hex([p.loads_flags for p in both], [p.loads for p in both])
    return texts


def bench_text(design: Any, first: Phase, second: Phase | None) -> str:
    """Return the Verilog of the bench."""
    numbers = counts(first, second)
    ports = {port.name: port for port in design.ports}
    loads = side(design)
    weights = port_width(design, f"{loads}_tdata")
    sets = loads == "s_axis_config"
    roles = ("tdata", "tvalid", "tready", "tlast") if loads else ()
    known = [*_KNOWN, *(f"{loads}_{role}" for role in roles), *[CONFIG_ERROR] * sets]
    spare = [p for p in design.ports if p.name not in (*known, USER)]
    events = [p for p in spare if p.direction == "output" and p.role == "event"]
    wires = [f"  wire {p.name};  // must stay low\n" for p in events]
    pins = [f".{name}({name})" for name in known if name in ports]
    width, user = ports["m_axis_tdata"].width, port_width(design, USER)
    if user:  # to the bench the highest bits of the data
        pins[pins.index(".m_axis_tdata(m_axis_tdata)")] = (
            f".m_axis_tdata(m_axis_tdata[{width - 1}:0])"
        )
        pins.append(f".{USER}(m_axis_tdata[{width + user - 1}:{width}])")
    pins += [f".{p.name}({{{p.width}{{1'b0}}}})" for p in spare if p.direction == "input"]
    pins += [f".{p.name}({p.name if p in events else ''})" for p in spare if p.direction != "input"]
    absent = [name for name in ("event_frame_error", "event_overflow") if name not in ports]
    fields = {
        "name": design.name,
        "in_width": ports["s_axis_tdata"].width,
        "out_width": width + user,
        "in_depth": _depth(numbers["first_in"] + numbers["second_in"]),
        "out_depth": _depth(numbers["first_out"] + numbers["second_out"]),
        "load_width": weights,
        "load_depth": _depth(numbers["first_loads"] + numbers["second_loads"]),
        "patience": patience(design),
        "latency": design.latency,
        "interval": design.interval,
        "fill": filling(design),
        "ready": design.ready_after_reset,
        "magic": f"{MAGIC:08x}",
        "counts": len(COUNTS) + 2,
        "spare_wires": "".join(wires),
        "spare_ready": "".join(
            f", {name}"
            for name in [
                *(p.name for p in events),
                *[f"{loads}_tready"] * bool(loads),
                *[CONFIG_ERROR] * sets,
            ]
        ),
        "side": loads,
        "too_many_loads": " ||\n        counts[9] + counts[10] > LOAD_DEPTH" if weights else "",
        "other_events": "".join(f'      if ({p.name}) report("event");\n' for p in events),
        "absent": "".join(f"  assign {name} = 1'b0;\n" for name in absent),
        "parameters": " #(.MEM_DIR(MEM_DIR))" if opens_images(design) else "",
        "pins": ",\n      ".join(pins),
    }
    text = _BENCH
    for block, there in (
        ("load", bool(loads)),
        ("weights", bool(loads) and not sets),
        ("sets", sets),
    ):
        kept = r"\1" if there else ""
        text = re.sub(rf"@{block}\n(.*?)@end{block}\n", kept, text, flags=re.DOTALL)
    return re.sub(r"@(\w+)@", lambda match: str(fields[match[1]]), text)


def _depth(beats: int) -> int:
    return max(1024, 1 << (beats - 1).bit_length() if beats else 0)


def _hex(flags: list[NDArray[np.uint8]], data: list[NDArray[np.uint8]]) -> str:
    """One word a line: a mark and the flags in the top byte, then tdata, highest byte first."""
    top = np.concatenate(flags)[:, None] | np.uint8(0x80)
    words = np.concatenate([top, np.concatenate(data)[:, ::-1]], axis=1)
    text, digits = words.tobytes().hex(), 2 * words.shape[1]
    return "".join(f"{text[i : i + digits]}\n" for i in range(0, len(text), digits))


USER, CONFIG_ERROR = "m_axis_tuser", "event_config_error"
_KNOWN = (
    "clk",
    "rst",
    *(f"s_axis_{name}" for name in ("tdata", "tvalid", "tready", "tlast")),
    *(f"m_axis_{name}" for name in ("tdata", "tvalid", "tready", "tlast")),
    "event_frame_error",
    "event_overflow",
)

# Player in stream_bench is the same in Python, step for step
_BENCH = """\
// Self-checking bench of @name@. Run it in the folder that holds vectors/ and mem/.
//
// Every beat of VECTORS/input.hex is offered to the design, every beat that comes out is compared
// with VECTORS/output.hex, bit for bit. It prints one line that begins with PASS or FAIL.
//
//   +gap=P +stall=P    percent of clocks, 0 to 99, in which the source pauses, the sink refuses
//   +gap_pattern=N +stall_pattern=N    0 at random, as said above; 1 every other clock; 2 every
//                      fourth; 3 in bursts; 4 for 16 clocks at the last beat of a frame; 5 until
//                      the pipeline must be full, then never; 6 the source until all before is
//                      answered, the sink until it sees valid
//   +seed=N            of the pauses
//   +reset_at=N        a reset N clocks after the first one, of +reset_clocks=N clocks; vectors for
//                      what follows it must be there, and in a hand-off folder are not
//   +latency=N +interval=N +ready=N    expected instead of what is promised; negative: anything
//   +clocks=N          fail after so many clocks
//   +output=FILE       the beats that came out: tlast and tdata
//   +schedule=FILE     s or m, number, first and last clock of every frame on a stream
//   +vcd=FILE          all signals
`default_nettype none

module @name@_tb;
  parameter MEM_DIR = "mem/";
  parameter VECTORS = "vectors/";

  localparam IN_WIDTH = @in_width@;
  localparam OUT_WIDTH = @out_width@;
  localparam FILL = @fill@;  // frames that fill the pipeline
  localparam IN_DEPTH = @in_depth@;
  localparam OUT_DEPTH = @out_depth@;
@load
  localparam LOAD_WIDTH = @load_width@;
  localparam LOAD_DEPTH = @load_depth@;
@endload
  localparam PATIENCE = @patience@;  // clocks without a transfer after which nothing can come

  reg clk, rst;
  reg [IN_WIDTH-1:0] s_axis_tdata;
  reg s_axis_tvalid, s_axis_tlast, m_axis_tready;
  wire s_axis_tready;
  wire [OUT_WIDTH-1:0] m_axis_tdata;
  wire m_axis_tvalid, m_axis_tlast;
  wire event_frame_error, event_overflow;
@load
  reg [LOAD_WIDTH-1:0] @side@_tdata;
  reg @side@_tvalid, @side@_tlast;
  wire @side@_tready;
@endload
@sets
  wire event_config_error;
@endsets
@spare_wires@@absent@
  @name@@parameters@ dut (
      @pins@
  );

  // a mark, five flags (ask, wait, bad, good, last) and tdata
  reg [IN_WIDTH+7:0] in_words [0:IN_DEPTH-1];
  reg [OUT_WIDTH+7:0] out_words [0:OUT_DEPTH-1];
  reg [IN_WIDTH+7:0] in_word;
  reg [OUT_WIDTH+7:0] out_word;
@load
  reg [LOAD_WIDTH+7:0] load_words [0:LOAD_DEPTH-1];
  reg [LOAD_WIDTH+7:0] load_word;
@endload
  reg [31:0] counts [0:@counts@-1];
  reg [31:0] sum;

  // what was asked for
  real percent;
  integer gap, stall, gap_pattern, stall_pattern, seed, reset_at, reset_clocks, most;
  integer latency_wanted, interval_wanted, ready_wanted;
  reg [8*256-1:0] file;
  integer output_file, schedule_file;

  // everything below belongs to one process
  reg done, free, second;
  integer i, clock, reset_left, released, moved;
  reg [31:0] gap_random, stall_random;
  reg gap_on, stall_on, willing;
  integer gap_run, stall_run, gap_pause, stall_pause;
  // source: the next beat to offer, where they end, what the beat on offer means
  integer sent, in_end, in_frames, in_first;
  reg starts, opens, good, bad;
@load
  // what is loaded: the next beat to offer; whether it is asked for, and there, and not whole
  integer load_sent;
  reg load_asked, load_begun, loading, load_wait, load_good, load_bad;
  reg [31:0] load_random;
@endload
  // sink: the next beat to expect, where they end, how far they are due by now
  integer got, base, out_end, due, beat, frames, lasts, mismatches, out_first;
  reg held;
  reg [OUT_WIDTH:0] held_word;
  integer errors, shown, errors_wanted, overflows, overflow_wanted;
@sets
  integer refused, refused_wanted;
@endsets
  integer first_taken, latency, interval, distances, ready;
  reg uneven;

  task report;  // the one line
    input [8*24-1:0] reason;
    begin
      if (!done) begin
        done = 1'b1;
        if (reason == "") $write("PASS design=@name@");
        else $write("FAIL design=@name@ reason=%0s", reason);
        $write(" frames=%0d beats=%0d lasts=%0d mismatches=%0d", frames, got - base, lasts,
               mismatches);
        if (latency < 0) $write(" latency=none");
        else $write(" latency=%0d", latency);
        if (free && !uneven && distances > 2) $write(" interval=%0d", interval);
        else $write(" interval=none");
        $write(" ready=%0d errors=%0d overflows=%0d", ready, errors, overflows);
        $display(" clocks=%0d seed=%0d", clock, seed);
        if (output_file != 0) $fclose(output_file);
        if (schedule_file != 0) $fclose(schedule_file);
        $finish(0);
      end
    end
  endtask

  task fill;  // from counts, for the phase that begins
    begin
      sent = second ? counts[1] : 0;
      in_end = second ? counts[1] + counts[2] : counts[1];
      base = second ? counts[3] : 0;
      got = base;
      out_end = second ? counts[3] + counts[4] : counts[3];
      due = got;
      errors_wanted = counts[second ? 6 : 5];
      overflow_wanted = counts[second ? 8 : 7];
      {starts, opens, held} = 3'b110;
@load
      load_sent = second ? counts[9] : 0;
      {load_asked, load_begun, loading, load_wait, load_good, load_bad} = 6'b0;
@endload
@sets
      refused = 0; refused_wanted = 0;
@endsets
      beat = 0; frames = 0; lasts = 0; errors = 0; shown = 0; overflows = 0;
      in_frames = 0; first_taken = -1; latency = -1; interval = -1; distances = 0; uneven = 1'b0;
      ready = -1; moved = clock; gap_pause = 0; stall_pause = 0;
    end
  endtask

  task conclude;
    begin
      if (mismatches != 0) report("mismatch");
      else if (errors != errors_wanted) report("event_frame_error");
@sets
      else if (refused != refused_wanted) report("event_config_error");
@endsets
      else if (overflows == 0 && overflow_wanted == 1) report("event_overflow");
      else if (free && latency_wanted >= 0 && latency >= 0 && latency != latency_wanted)
        report("latency");
      else if (free && interval_wanted >= 0 && distances > 2 &&
               (uneven || interval != interval_wanted)) report("interval");
      else if (ready_wanted >= 0 && ready != ready_wanted) report("ready");
      else report("");
    end
  endtask

  initial begin
    clk = 1'b0; rst = 1'b1;
    s_axis_tvalid = 1'b0; s_axis_tlast = 1'bx; s_axis_tdata = {IN_WIDTH{1'bx}};
    m_axis_tready = 1'b0;
@load
    @side@_tvalid = 1'b0; @side@_tlast = 1'bx;
    @side@_tdata = {LOAD_WIDTH{1'bx}};
@endload
    {done, second, willing, gap_on, stall_on, good, bad} = 7'b0;
    clock = 0; released = 0; reset_left = 4; mismatches = 0; gap_run = 0; stall_run = 0;
    in_first = 0; out_first = 0; output_file = 0; schedule_file = 0;

    percent = 0.0;
    if ($value$plusargs("gap=%f", percent)) begin end
    gap = percent >= 0.0 && percent <= 99.0 ? $rtoi(percent * 167772.16 + 0.5) : -1;
    percent = 0.0;
    if ($value$plusargs("stall=%f", percent)) begin end
    stall = percent >= 0.0 && percent <= 99.0 ? $rtoi(percent * 167772.16 + 0.5) : -1;
    if (!$value$plusargs("gap_pattern=%d", gap_pattern)) gap_pattern = 0;
    if (!$value$plusargs("stall_pattern=%d", stall_pattern)) stall_pattern = 0;
    if (!$value$plusargs("seed=%d", seed)) seed = 0;
    if (!$value$plusargs("reset_at=%d", reset_at)) reset_at = -1;
    if (!$value$plusargs("reset_clocks=%d", reset_clocks)) reset_clocks = 1;
    if (!$value$plusargs("latency=%d", latency_wanted)) latency_wanted = @latency@;
    if (!$value$plusargs("interval=%d", interval_wanted)) interval_wanted = @interval@;
    if (!$value$plusargs("ready=%d", ready_wanted)) ready_wanted = @ready@;
    if (!$value$plusargs("clocks=%d", most)) most = -1;
    gap_random = {seed[30:0], 1'b1};
    stall_random = {~seed[30:0], 1'b1};
@load
    load_random = {seed[29:0], 2'b11};
@endload

    $readmemh({VECTORS, "counts.hex"}, counts);
    sum = 32'h0;
    for (i = 0; i < @counts@ - 1; i = i + 1) sum = sum + counts[i];
    if (counts[0] !== 32'h@magic@ || sum !== counts[@counts@-1] ||
        counts[1] + counts[2] > IN_DEPTH || counts[3] + counts[4] > OUT_DEPTH@too_many_loads@) begin
      for (i = 0; i < @counts@; i = i + 1) counts[i] = 32'h0;
      free = 1'b0;
      fill;
      report("counts.hex");
    end
    fill;
    free = gap == 0 && stall == 0 && gap_pattern == 0 && stall_pattern == 0 && reset_at < 0 &&
           counts[11] != 0;
    if (gap < 0) report("gap_must_be_0_to_99");
    if (stall < 0) report("stall_must_be_0_to_99");
    if (!done) begin
      $readmemh({VECTORS, "input.hex"}, in_words, 0, counts[1] + counts[2] - 1);
      for (i = 0; i < counts[1] + counts[2]; i = i + 1) begin
        in_word = in_words[i];
        if (in_word[IN_WIDTH+7] !== 1'b1 || ^in_word === 1'bx) report("input.hex");
      end
    end
    if (!done && counts[3] + counts[4] != 0) begin
      $readmemh({VECTORS, "output.hex"}, out_words, 0, counts[3] + counts[4] - 1);
      for (i = 0; i < counts[3] + counts[4]; i = i + 1) begin
        out_word = out_words[i];
        if (out_word[OUT_WIDTH+7] !== 1'b1 || ^out_word === 1'bx) report("output.hex");
      end
    end
@load
    if (!done && counts[9] + counts[10] != 0) begin
      $readmemh({VECTORS, "loads.hex"}, load_words, 0, counts[9] + counts[10] - 1);
      for (i = 0; i < counts[9] + counts[10]; i = i + 1) begin
        load_word = load_words[i];
        if (load_word[LOAD_WIDTH+7] !== 1'b1 || ^load_word === 1'bx) report("loads.hex");
      end
    end
@endload
    if (reset_at >= 0 && counts[2] == 0) report("reset_at");
    if (reset_clocks < 1) report("reset_clocks");
    if ($value$plusargs("output=%s", file)) output_file = $fopen(file, "w");
    if ($value$plusargs("schedule=%s", file)) schedule_file = $fopen(file, "w");
    if ($value$plusargs("vcd=%s", file)) begin
      $dumpfile(file);
      $dumpvars(0, @name@_tb);
    end
  end

  always #5 clk = !clk;

  always @(posedge clk) if (!done) begin
    if (rst) begin
      reset_left = reset_left - 1;
      if (reset_left == 0) begin
        rst <= 1'b0;
        released = clock + second;
        moved = released;
      end
      if (second) clock = clock + 1;
    end else begin
      // what the design shows
      if (^{s_axis_tready, m_axis_tvalid, event_frame_error, event_overflow@spare_ready@} === 1'bx)
        report("unknown");
      if (held) begin
        if (!m_axis_tvalid) report("dropped");
        if ({m_axis_tlast, m_axis_tdata} !== held_word) report("unstable");
        held = 1'b0;
      end
      if (ready < 0) if (s_axis_tready) ready = clock - released;

      // what it delivers
      if (m_axis_tvalid) begin
        if (got >= due) begin
          if (due == out_end) report("spurious");
          else report("early");
        end
        if (latency < 0) if (free) latency = clock - first_taken;
        if (!m_axis_tready) begin
          held = 1'b1;
          held_word = {m_axis_tlast, m_axis_tdata};
          moved = moved + 1;
        end else if (!done) begin
          out_word = out_words[got];
          if ({m_axis_tlast, m_axis_tdata} !== out_word[OUT_WIDTH:0]) begin
            if (mismatches < 4)
              $display("differs in frame %0d beat %0d: tlast %b tdata %h, wanted %b %h", frames,
                       beat, m_axis_tlast, m_axis_tdata, out_word[OUT_WIDTH],
                       out_word[OUT_WIDTH-1:0]);
            mismatches = mismatches + 1;
          end
          if (output_file != 0) $fwrite(output_file, "%b %h\\n", m_axis_tlast, m_axis_tdata);
          if (beat == 0) begin
            if (frames > FILL && frames < counts[11]) begin  // the pipeline is full
              if (distances != 0 && clock - out_first != interval) uneven = 1'b1;
              interval = clock - out_first;
              distances = distances + 1;
            end
            out_first = clock;
          end
          got = got + 1;
          if (m_axis_tlast) lasts = lasts + 1;
          beat = beat + 1;
          if (out_word[OUT_WIDTH]) begin
            if (schedule_file != 0)
              $fwrite(schedule_file, "m %0d %0d %0d\\n", frames, out_first, clock);
            beat = 0;
            frames = frames + 1;
          end
          moved = clock;
          stall_pause = 0;
        end
      end

      // what it signals
      if (event_frame_error) begin
        errors = errors + 1;
        if (errors > shown) report("event_frame_error");
      end
      if (event_overflow) begin
        overflows = overflows + 1;
        if (overflow_wanted == 0) report("event_overflow");
      end
@sets
      if (event_config_error) begin
        refused = refused + 1;
        if (refused > refused_wanted) report("event_config_error");
      end
@endsets
@other_events@
      // what it takes
      if (s_axis_tvalid) begin
        if (s_axis_tready) begin
@weights
          if (loading) report("load");
@endweights
          if (first_taken < 0) first_taken = clock;
          if (opens) in_first = clock;
          opens = s_axis_tlast;
          if (good) begin
            due = due + 1;
            out_word = out_words[due-1];
            while (!out_word[OUT_WIDTH]) begin
              due = due + 1;
              out_word = out_words[due-1];
            end
          end
          if (bad) shown = shown + 1;
          if (s_axis_tlast) begin
            if (schedule_file != 0)
              $fwrite(schedule_file, "s %0d %0d %0d\\n", in_frames, in_first, clock);
            in_frames = in_frames + 1;
          end
          moved = clock;
          gap_pause = 0;
        end
@load
      end else if (@side@_tvalid) begin
@endload
      end else if (sent != in_end) if (gap_pattern != 6) moved = clock;
@load

      // what is loaded
      if (@side@_tvalid) begin
        if (@side@_tready) begin
@weights
          load_begun = 1'b1;
          loading = !load_good;
          if (load_bad) shown = shown + 1;
@endweights
@sets
          if (load_wait) load_begun = 1'b1;
          if (load_bad) refused_wanted = refused_wanted + 1;
@endsets
          if (load_wait) load_asked = 1'b0;
          moved = clock;
        end
      end
@endload

      // the end, or no end
      if (clock - moved > PATIENCE) begin
        if (s_axis_tvalid || got != out_end) report("hang");
        else if (second || reset_at < 0) conclude;
      end
      if (clock == most) report("clocks");

      // the next beat in
      if (!s_axis_tvalid || s_axis_tready) begin
        if (sent != in_end) in_word = in_words[sent];
        case (gap_pattern)
          1: willing = clock[0];
          2: willing = clock[1:0] != 2'd3;
          3: begin
            if (gap_run == 0) begin
              gap_random = gap_random ^ (gap_random << 13);
              gap_random = gap_random ^ (gap_random >> 17);
              gap_random = gap_random ^ (gap_random << 5);
              gap_run = 1 + {27'd0, gap_random[12:8]};
              gap_on = !gap_on;
            end
            gap_run = gap_run - 1;
            willing = gap_on;
          end
          4: begin
            willing = !in_word[IN_WIDTH] || gap_pause == 16;
            if (!willing) gap_pause = gap_pause + 1;
          end
          5: willing = clock - released > PATIENCE;
          6: willing = !starts || got == due;
          default: begin
            willing = 1'b1;
            if (gap != 0) begin
              gap_random = gap_random ^ (gap_random << 13);
              gap_random = gap_random ^ (gap_random >> 17);
              gap_random = gap_random ^ (gap_random << 5);
              willing = {8'd0, gap_random[31:8]} >= gap;
            end
          end
        endcase
@load
        if (in_word[IN_WIDTH+3] && !load_begun && sent != in_end) begin
          if (willing) load_asked = 1'b1;
          willing = 1'b0;
        end
@endload
        if (willing && sent != in_end) begin
@weights
          load_begun = 1'b0;
@endweights
@sets
          if (in_word[IN_WIDTH+3]) load_begun = 1'b0;
          if (in_word[IN_WIDTH+4]) load_asked = 1'b1;
@endsets
          sent = sent + 1;
          s_axis_tvalid <= 1'b1;
          s_axis_tdata <= in_word[IN_WIDTH-1:0];
          {bad, good, starts} = in_word[IN_WIDTH+2:IN_WIDTH];
          s_axis_tlast <= starts;
        end else if (s_axis_tvalid) begin
          s_axis_tvalid <= 1'b0;
          s_axis_tdata <= {IN_WIDTH{1'bx}};  // means nothing, so nothing may hang on it
          s_axis_tlast <= 1'bx;
        end
      end

@load
      // the next beat to load
      if (!@side@_tvalid || @side@_tready) begin
        willing = load_asked;
        if (gap != 0) begin
          load_random = load_random ^ (load_random << 13);
          load_random = load_random ^ (load_random >> 17);
          load_random = load_random ^ (load_random << 5);
          if ({8'd0, load_random[31:8]} < gap) willing = 1'b0;
        end
        @side@_tvalid <= willing;
        if (willing) begin
          load_word = load_words[load_sent];
          load_sent = load_sent + 1;
          @side@_tdata <= load_word[LOAD_WIDTH-1:0];
          @side@_tlast <= load_word[LOAD_WIDTH];
          {load_wait, load_bad, load_good} = load_word[LOAD_WIDTH+3:LOAD_WIDTH+1];
        end else if (@side@_tvalid) begin
          @side@_tdata <= {LOAD_WIDTH{1'bx}};
          @side@_tlast <= 1'bx;
        end
      end

@endload
      // whether the next beat out is taken
      case (stall_pattern)
        1: willing = clock[0];
        2: willing = clock[1:0] != 2'd3;
        3: begin
          if (stall_run == 0) begin
            stall_random = stall_random ^ (stall_random << 13);
            stall_random = stall_random ^ (stall_random >> 17);
            stall_random = stall_random ^ (stall_random << 5);
            stall_run = 1 + {27'd0, stall_random[12:8]};
            stall_on = !stall_on;
          end
          stall_run = stall_run - 1;
          willing = stall_on;
        end
        4: begin
          out_word = out_words[got];
          willing = got == out_end || !out_word[OUT_WIDTH] || stall_pause == 16;
          if (!willing) stall_pause = stall_pause + 1;
        end
        5: willing = clock - released > PATIENCE;
        6: willing = m_axis_tvalid && !m_axis_tready;
        default: begin
          willing = 1'b1;
          if (stall != 0) begin
            stall_random = stall_random ^ (stall_random << 13);
            stall_random = stall_random ^ (stall_random >> 17);
            stall_random = stall_random ^ (stall_random << 5);
            willing = {8'd0, stall_random[31:8]} >= stall;
          end
        end
      endcase
      m_axis_tready <= willing;

      clock = clock + 1;
      if (clock == reset_at) begin
        rst <= 1'b1;
        reset_left = reset_clocks;
        second = 1'b1;
        s_axis_tvalid <= 1'b0;
        s_axis_tdata <= {IN_WIDTH{1'bx}};
        s_axis_tlast <= 1'bx;
@load
        @side@_tvalid <= 1'b0;
        @side@_tdata <= {LOAD_WIDTH{1'bx}};
        @side@_tlast <= 1'bx;
@endload
        m_axis_tready <= 1'b0;
        if (output_file != 0) $fwrite(output_file, "reset\\n");
        if (schedule_file != 0) $fwrite(schedule_file, "reset\\n");
        fill;
      end
    end
  end
endmodule

`default_nettype wire
"""
