"""Show that the Verilog of a module is what its MyHDL model is.

    assert_equivalent(mac, dict(clk=bit(), rst=bit(), a=word(8), ..., depth=16), folder=tmp_path)

The model runs first, on corners and then on seeded random inputs, and every input and output of
every clock is recorded; a small Verilog bench replays the inputs and compares each output just
before every rising edge (a module without `clk` is compared after its inputs settled). Compiling
costs far more than running, so `replay` takes many records in one go.

MyHDL starts registers at zero, Verilog at x. An output may therefore be x until it was known
once, but not for more than `warm_up` clocks, and it must have been known in the end.
"""

import inspect
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

from myhdl import Signal, Simulation, StopSimulation, _simulator, delay, intbv
from myhdl._Waiter import _Waiter

from kolam.hdl.cosim import cosimulate, find_tool
from kolam.hdl.module import Emission, emit

Driver = int | range | Sequence[int] | Callable[[int, Random], int]

CLOCK, RESET = "clk", "rst"


def bit() -> Any:
    """Return a fresh 1-bit Signal."""
    return Signal(bool(0))


def word(width: int) -> Any:
    """Return a fresh unsigned word of `width` bits."""
    return Signal(intbv(0)[width:])


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a model did: a row of words a clock, and the Verilog that should do the same.

    inputs, outputs: widths by port. rows: (inputs, outputs), each in port order, as unsigned words.
    when: an output is compared only where the 1-bit output it maps to is 1.
    loose: outputs in which an x is never a fault; their known bits are compared.
    """

    name: str
    files: dict[str, str]
    inputs: dict[str, int]
    outputs: dict[str, int]
    clocked: bool
    rows: list[tuple[list[int], list[int]]]
    when: Mapping[str, str] = field(default_factory=dict)
    loose: tuple[str, ...] = ()
    warm_up: int = 32


@dataclass(frozen=True)
class Difference:
    """One word in which Verilog and model differ; clock -1: it was x from first to last."""

    name: str
    clock: int
    port: str
    model: str
    verilog: str

    def __str__(self) -> str:
        if self.clock < 0:
            return f"{self.name}: {self.port} is never known"
        return (
            f"{self.name}: {self.port} at clock {self.clock} is {self.verilog} in Verilog, "
            f"{self.model} in MyHDL"
        )


def assert_equivalent(
    module: Any,
    arguments: dict[str, Any],
    *,
    folder: Path,
    clocks: int = 400,
    seed: int = 0,
    drive: Mapping[str, Driver] | None = None,
    vectors: Sequence[Mapping[str, int]] = (),
    when: Mapping[str, str] | None = None,
    loose: tuple[str, ...] = (),
    warm_up: int = 32,
    method: str = "batch",
) -> Record:
    """Raise AssertionError, naming port, clock and both words, unless Verilog and model agree.

    arguments: fresh Signals and constants by name, as the module takes them.
    drive: inputs that may not take any value: a constant, a range, a sequence (repeated), or
        a function of the clock and a Random; it may look at the Signals of `arguments`.
    vectors: inputs of the first clocks after reset, by name; what they leave out is drawn.
    `rst` is high for two clocks, then now and then for one, unless `drive` or `vectors` say else.
    method: "batch", or "cosim" for Icarus driven clock by clock through MyHDL's Cosimulation.
    """
    record = run_model(
        module, arguments, clocks=clocks, seed=seed, drive=drive, vectors=vectors,
        when=when, loose=loose, warm_up=warm_up,
    )  # fmt: skip
    found = (replay if method == "batch" else replay_by_cosim)([record], folder)
    if found:
        first = found[0]
        row = dict(zip(record.inputs, record.rows[first.clock][0], strict=True))
        raise AssertionError(
            "\n".join([*map(str, found[:8]), f"inputs at that clock: {row}; seed {seed}"])
        )
    return record


def run_model(
    module: Any,
    arguments: dict[str, Any],
    *,
    name: str = "dut",
    emission: Emission | None = None,
    clocks: int = 400,
    seed: int = 0,
    drive: Mapping[str, Driver] | None = None,
    vectors: Sequence[Mapping[str, int]] = (),
    when: Mapping[str, str] | None = None,
    loose: tuple[str, ...] = (),
    warm_up: int = 32,
) -> Record:
    """Simulate the MyHDL model and return the Record; arguments as in `assert_equivalent`."""
    if emission is None:
        bound = inspect.signature(module.func).bind(**arguments)
        bound.apply_defaults()
        with forgotten_signals():
            emission = emit(module, name, dict(bound.arguments))
    ports = {p: w for p, (_, w) in emission.ports.items() if p != CLOCK}
    inputs = {p: w for p, w in ports.items() if emission.ports[p][0] == "input"}
    outputs = {p: w for p, w in ports.items() if p not in inputs}
    clock = arguments.get(CLOCK)
    stimulus = _Stimulus(
        {p: arguments[p] for p in inputs}, clocks, Random(f"{seed} {name}"), drive or {}, vectors
    )
    rows: list[tuple[list[int], list[int]]] = []

    def bench():
        for n in range(clocks):
            for port, value in stimulus.row(n).items():
                arguments[port].next = value
            yield delay(1)
            if clock is not None:
                clock.next = 0  # after the inputs, so that a falling edge would show
            yield delay(1)
            rows.append(
                ([_bits(arguments[p]) for p in inputs], [_bits(arguments[p]) for p in outputs])
            )
            if clock is not None:
                clock.next = 1
            yield delay(1)
        raise StopSimulation

    with forgotten_signals():
        simulate(module(**arguments), bench())
    return Record(
        name=emission.top, files=emission.files, inputs=inputs, outputs=outputs,
        clocked=clock is not None, rows=rows, when=when or {}, loose=loose, warm_up=warm_up,
    )  # fmt: skip


def simulate(hardware: Any, bench: Any) -> None:
    """Run a MyHDL simulation until the generator `bench` ends it; MyHDL survives a failure."""
    simulation = Simulation(hardware, _Waiter(bench))  # of itself MyHDL would read bench's source
    try:
        simulation.run(quiet=1)
    finally:
        if not simulation._finished:
            simulation.quit()


@contextmanager
def forgotten_signals() -> Iterator[None]:
    """Let MyHDL forget signals made meanwhile: it visits all that ever were in every simulation."""
    known = len(_simulator._signals)
    try:
        yield
    finally:
        del _simulator._signals[known:]


class _Stimulus:
    """Inputs clock by clock: reset, the given vectors, corners, then random."""

    def __init__(
        self,
        signals: dict[str, Any],
        clocks: int,
        random: Random,
        drive: Mapping[str, Driver],
        vectors: Sequence[Mapping[str, int]],
    ) -> None:
        unknown = (set(drive) | {p for v in vectors for p in v}) - set(signals)
        if unknown:
            raise ValueError(f"drive and vectors must name inputs, not {sorted(unknown)}")
        self.signals, self.random, self.drive, self.vectors = signals, random, drive, vectors
        self.start = 2 if RESET in signals else 0
        self.ranges = {p: _range(s, drive.get(p)) for p, s in signals.items()}
        self.corners = {p: _corners(r) for p, r in self.ranges.items()}
        self.density = dict.fromkeys(signals, 0.5)
        free = [
            p
            for p in signals
            if _size(self.ranges[p]) > 2 and isinstance(drive.get(p), range | None)
        ]
        few = [self.corners[p][:5] for p in free]
        count = 5 ** len(free) if len(free) < 6 else clocks
        self.crossed = (
            [dict(zip(free, c, strict=True)) for c in product(*few)]
            if 4 * count <= clocks
            else [
                {p: self.corners[p][n * (k + 1) % len(self.corners[p])] for k, p in enumerate(free)}
                for n in range(clocks // 4)
            ]
        )

    def row(self, n: int) -> dict[str, int]:
        """Return the inputs of clock n; to be called once a clock, in order."""
        if n % 32 == 0:  # long and short stalls, both
            for port in self.density:
                self.density[port] = self.random.choice((0.5, 0.5, 0.9, 0.1, 1.0))
        at = n - self.start
        given = self.vectors[at] if 0 <= at < len(self.vectors) else {}
        at -= len(self.vectors)
        given = {**(self.crossed[at] if 0 <= at < len(self.crossed) else {}), **given}
        return {port: self._value(port, n, given) for port in self.signals}

    def _value(self, port: str, n: int, given: Mapping[str, int]) -> int:
        driver = self.drive.get(port)
        if port in given:
            return given[port]
        if callable(driver):
            return driver(n, self.random)
        if isinstance(driver, Sequence) and not isinstance(driver, range):
            return driver[n % len(driver)]
        if port == RESET and driver is None:
            return int(n < self.start or self.random.random() < 1 / 64)
        allowed = self.ranges[port]
        if _size(allowed) == 2:
            return allowed[self.random.random() < self.density[port]]
        if self.random.random() < 1 / 3:
            return self.random.choice(self.corners[port])
        return self.random.randrange(allowed.start, allowed.stop, allowed.step)


def _range(signal: Any, driver: Driver | None) -> range:
    if isinstance(driver, range):
        return driver
    if isinstance(driver, int):
        return range(driver, driver + 1)
    if signal._type is bool:
        return range(2)
    return range(signal.min, signal.max)


def _size(allowed: range) -> int:
    return (allowed.stop - allowed.start) // allowed.step  # len() stops at 64 bits


def _corners(allowed: range) -> list[int]:
    """Return distinct corners of a range: its ends, the middle, zero, alternating bits."""
    low, high = allowed.start, allowed.stop - 1
    alternating = (1 << high.bit_length()) // 3
    wanted = [
        low, high, 0, 1, -1, high >> 1, (high >> 1) + 1, low + 1, high - 1,
        alternating, high ^ alternating,
    ]  # fmt: skip
    return list(dict.fromkeys(v for v in wanted if v in allowed)) or [low]


def _bits(signal: Any) -> int:
    return int(signal) & (1 << (signal._nrbits or 1)) - 1


def replay(records: Iterable[Record], folder: Path) -> list[Difference]:
    """Run the Verilog of all records in one Icarus process; return where it differs.

    Writes into folder; the names of the records must differ. Raises AssertionError if the
    simulation says anything unexpected, or does not come to its end.
    """
    records = list(records)
    sources = ["bench.v"]
    benches = ["`timescale 1ns / 1ps\n"]
    for record in records:
        home = folder / record.name
        for path, text in record.files.items():
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            (home / path).write_text(text, encoding="utf-8")
            if path.endswith(".v"):
                sources.append(f"{record.name}/{path}")
        for part, file in enumerate(("inputs.hex", "outputs.hex")):
            widths = list((record.inputs, record.outputs)[part].values())
            lines = [f"{_pack(row[part], widths):x}\n" for row in record.rows]
            (home / file).write_text("".join(lines))
        benches.append(_bench(record, home))
    (folder / "bench.v").write_text("".join(benches))
    (folder / "sources.f").write_text("".join(f"{s}\n" for s in sources))
    tops = [f"-sbench_{r.name}" for r in records]
    _call([find_tool("iverilog"), "-g2001", "-o", "bench.vvp", *tops, "-c", "sources.f"], folder)
    said = _call([find_tool("vvp"), "-n", "bench.vvp"], folder)
    found: list[Difference] = []
    done = set()
    for line in said.splitlines():
        words = line.split()
        if words[:1] == ["DIFFERENCE"]:
            found.append(Difference(words[1], int(words[2]), *words[3:]))
        elif words[:1] == ["DONE"]:
            done.add((words[1], int(words[2])))
        else:
            raise AssertionError(f"Icarus said {line!r}")
    if done != {(r.name, len(r.rows)) for r in records}:
        raise AssertionError(f"Icarus came to the end of {len(done)} of {len(records)} records")
    return found


def _pack(values: list[int], widths: list[int]) -> int:
    """Return the words side by side, the first highest."""
    packed = 0
    for value, width in zip(values, widths, strict=True):
        packed = packed << width | value
    return packed


def _call(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode or done.stderr:
        raise AssertionError(f"{Path(command[0]).name} failed: {done.stderr or done.stdout}")
    return done.stdout


def _bench(record: Record, home: Path) -> str:
    """Return the Verilog module that replays a record."""
    top, count = record.name, len(record.rows)
    text = next(t for p, t in record.files.items() if p.endswith(f"/{top}.v"))
    given = f' #(.MEM_DIR("{home}/mem/"))' if "parameter MEM_DIR" in text else ""
    ports = [*record.inputs, *record.outputs] + ([CLOCK] if record.clocked else [])
    # names with two underscores cannot be those of ports
    declared = [
        *(f"    reg [{w - 1}:0] {p};" for p, w in record.inputs.items()),
        *(f"    wire [{w - 1}:0] {p};" for p, w in record.outputs.items()),
        *(f"    reg [{w - 1}:0] want__{p}; reg seen__{p};" for p, w in record.outputs.items()),
    ]
    lines = []
    for p in record.outputs:
        say = (
            f"begin bad__ = bad__ + 1; if (bad__ <= 8) "
            f'$display("DIFFERENCE {top} %0d {p} %h %h", n__, want__{p}, {p}); end'
        )
        if p in record.loose:
            check = f"if (|({p} ^ want__{p}) === 1'b1) {say}"
        else:
            check = (
                f"if (^{p} !== 1'bx || seen__{p} || n__ >= {record.warm_up}) begin\n"
                f"                if (^{p} !== 1'bx) seen__{p} = 1;\n"
                f"                if ({p} !== want__{p}) {say}\n            end"
            )
        lines.append(f"if (want__{record.when[p]}) {check}" if p in record.when else check)
    finals = [
        f'if (!seen__{p}) $display("DIFFERENCE {top} -1 {p} x x");'
        for p in record.outputs
        if p not in record.loose
    ]
    return "\n".join(
        [
            f"module bench_{top};",
            *declared,
            f"    reg [{sum(record.inputs.values()) - 1}:0] inputs__ [0:{count - 1}];",
            f"    reg [{sum(record.outputs.values()) - 1}:0] outputs__ [0:{count - 1}];",
            *(["    reg clk;"] if record.clocked else []),
            "    integer n__, bad__;",
            f"    {top}{given} dut ({', '.join(f'.{p}({p})' for p in ports)});",
            "    initial begin",
            f'        $readmemh("{top}/inputs.hex", inputs__);',
            f'        $readmemh("{top}/outputs.hex", outputs__);',
            "        bad__ = 0;",
            *(f"        seen__{p} = 0;" for p in record.outputs),
            *(["        clk = 0;"] if record.clocked else []),
            f"        for (n__ = 0; n__ < {count}; n__ = n__ + 1) begin",
            f"            {{{', '.join(record.inputs)}}} = inputs__[n__];",
            f"            {{{', '.join(f'want__{p}' for p in record.outputs)}}} = outputs__[n__];",
            "            #1;",
            *(["            clk = 0;"] if record.clocked else []),
            "            #1;",
            *(f"            {line}" for line in lines),
            *(["            clk = 1;"] if record.clocked else []),
            "            #1;",
            "        end",
            *(f"        {line}" for line in finals),
            f'        $display("DONE {top} %0d", n__);',
            "    end",
            "endmodule\n",
        ]
    )


def replay_by_cosim(records: Iterable[Record], folder: Path) -> list[Difference]:
    """Do what `replay` does through MyHDL's Cosimulation; it shows an x as zero."""
    found: list[Difference] = []
    for record in records:
        home = folder / record.name
        for path, text in record.files.items():
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            (home / path).write_text(text, encoding="utf-8")
        signals = {p: word(w) for p, w in {**record.inputs, **record.outputs}.items()}
        clock = bit() if record.clocked else None
        top = next(t for p, t in record.files.items() if p.endswith(f"/{record.name}.v"))
        simulated = cosimulate(
            sorted(home.glob("rtl/*.v")),
            record.name,
            signals if clock is None else {**signals, CLOCK: clock},
            outputs=record.outputs,
            folder=home,
            parameters={"MEM_DIR": f"{home}/mem/"} if "parameter MEM_DIR" in top else {},
        )
        _drive(record, signals, clock, simulated, found)
    return found


def _drive(
    record: Record, signals: dict[str, Any], clock: Any, simulated: Any, found: list[Difference]
) -> None:
    seen: set[str] = set()

    def bench():
        yield delay(1)
        for n, (inputs, outputs) in enumerate(record.rows):
            for port, value in zip(record.inputs, inputs, strict=True):
                signals[port].next = value
            yield delay(1)
            if clock is not None:
                clock.next = 0
            yield delay(1)
            want = dict(zip(record.outputs, outputs, strict=True))
            for port in record.outputs:
                got = int(signals[port])
                if port in record.when and not want[record.when[port]]:
                    continue
                if got == want[port]:
                    seen.add(port)
                elif got or (port not in record.loose and (port in seen or n >= record.warm_up)):
                    found.append(Difference(record.name, n, port, f"{want[port]:x}", f"{got:x}"))
            if clock is not None:
                clock.next = 1
            yield delay(1)
        raise StopSimulation

    simulate(simulated, bench())
