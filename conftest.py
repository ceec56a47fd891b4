"""What all tests share: two tiers, the skips that are permitted, the record of what was shown.

It is here and not in testbenches/ because every module of that folder goes into the wheel.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from myhdl import _simulator

ROOT = Path(__file__).resolve().parent
SHOWN = ROOT / "build" / "shown"
PERMITTED_SKIP = "no KOLAM_DATA"

Figures = dict[str, Any]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --all."""
    parser.addoption(
        "--all",
        action="store_true",
        help="run the full-size lines too, but not again what passed at this clean commit; "
        "write build/shown.md",
    )


@pytest.fixture(autouse=True)
def forget_signals() -> Iterator[None]:
    """Let MyHDL forget the test's signals: it visits all it knows in every simulation."""
    known = len(_simulator._signals)
    yield
    del _simulator._signals[known:]


@pytest.fixture
def kolam_data() -> Path:
    """Return the folder KOLAM_DATA (mnist/, pdk/); without it the test is skipped."""
    folder = os.environ.get("KOLAM_DATA")
    if not folder:
        pytest.skip(PERMITTED_SKIP)
    return Path(folder)


@pytest.fixture
def interpreter() -> Callable[[str], str | None]:
    """Return find(name): a Python of that name that runs, or None; pyenv hides all but one."""

    def find(name: str) -> str | None:
        places = [shutil.which(name), *Path.home().glob(f".pyenv/versions/*/bin/{name}")]
        for place in filter(None, places):
            if not subprocess.run([place, "-c", ""], check=False, capture_output=True).returncode:
                return str(place)
        return None

    return find


@pytest.fixture
def shown(request: pytest.FixtureRequest) -> Callable[[str, Figures], None]:
    """Return show(line, figures): a row of build/shown.md, of what the running test measured."""

    def show(line: str, figures: Figures) -> None:
        request.node.user_properties.append(("shown", {"line": line, "figures": figures}))

    return show


def pytest_configure(config: pytest.Config) -> None:
    """Register the judge of skips and, with --all, the ledger; in the controlling process only."""
    if hasattr(config, "workerinput"):
        return
    config.pluginmanager.register(Skips(), "kolam-skips")
    if config.getoption("--all"):
        config.pluginmanager.register(Ledger(SHOWN / "ledger.jsonl"), "kolam-ledger")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what an earlier run has shown."""
    ledger = config.pluginmanager.get_plugin("kolam-ledger")
    if hasattr(config, "workerinput"):
        passed = set(config.workerinput["kolam_passed"])
    else:
        passed = ledger.passed if ledger else set()
    done = [item for item in items if item.nodeid in passed]
    if done:
        config.hook.pytest_deselected(items=done)
        items[:] = [item for item in items if item.nodeid not in passed]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist what it need not run: all of them must collect the same."""
    ledger = node.config.pluginmanager.get_plugin("kolam-ledger")
    node.workerinput["kolam_passed"] = sorted(ledger.passed) if ledger else []


class Skips:
    """Count the skips; under CI=true one that is not permitted fails the run."""

    def __init__(self) -> None:
        self.reasons: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            assert isinstance(report.longrepr, tuple)
            self.reasons[report.nodeid] = report.longrepr[2].removeprefix("Skipped: ")

    @property
    def forbidden(self) -> list[str]:
        """The tests that were skipped for another reason than the permitted one."""
        return [test for test, reason in self.reasons.items() if reason != PERMITTED_SKIP]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if os.environ.get("CI") == "true" and self.forbidden:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        permitted = sorted(self.reasons.keys() - set(self.forbidden))
        if permitted:
            terminalreporter.section(f"{len(permitted)} skipped: {PERMITTED_SKIP}")
            terminalreporter.write("".join(f"{test}\n" for test in permitted))
        if self.forbidden:
            verdict = "a failure" if os.environ.get("CI") == "true" else "a failure where CI=true"
            terminalreporter.section(f"{len(self.forbidden)} skipped for another reason: {verdict}")
            for test in self.forbidden:
                terminalreporter.write(f"{test}: {self.reasons[test]}\n")


class Ledger:
    """One line a test, {"commit", "test", "passed", "seconds", "rows"}; added to as tests end.

    A run that is stopped loses only the tests that were running. Entries count for the commit that
    they name, and those of a tree with changes for nothing but the report of their own run.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.commit = _commit()
        self.entries: dict[str, dict[str, Any]] = {}
        if path.exists() and not self.commit.endswith("+"):
            for entry in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
                if entry["commit"] == self.commit:
                    self.entries[entry["test"]] = entry
        self.passed = {test for test, entry in self.entries.items() if entry["passed"]}
        self.failed: set[str] = set()
        self.seconds: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test = report.nodeid
        self.seconds[test] = self.seconds.get(test, 0) + report.duration
        if not report.passed:  # skipped is not shown
            self.failed.add(test)
        if report.when != "teardown":
            return
        self.entries[test] = {
            "commit": self.commit,
            "test": test,
            "passed": test not in self.failed,
            "seconds": round(self.seconds[test], 1),
            "rows": [row for name, row in report.user_properties if name == "shown"],
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(self.entries[test]) + "\n")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        page = self.path.parent.with_suffix(".md")
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(_page(self.commit, self.entries.values()), encoding="utf-8")

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.section(f"{len(self.passed)} tests had passed before; see build/shown.md")


def _page(commit: str, entries: Iterable[dict[str, Any]]) -> str:
    """Return build/shown.md."""
    lines = [
        f"# Shown at {commit}",
        "",
        "| line | command | figures | verdict | seconds |",
        "| --- | --- | --- | --- | --- |",
    ]
    for entry in sorted(entries, key=lambda entry: entry["test"]):
        for row in entry["rows"]:
            figures = ", ".join(f"{name} {value}" for name, value in row["figures"].items())
            verdict = "passed" if entry["passed"] else "FAILED"
            command = f"`pytest '{entry['test']}'`"
            cells = (row["line"], command, figures, verdict, str(entry["seconds"]))
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _commit() -> str:
    """Return the commit of the tree, with a + if the tree has changes or is no checkout."""
    git = ["git", "-C", str(ROOT)]
    head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    state = subprocess.run(
        [*git, "status", "--porcelain"], capture_output=True, text=True, check=False
    )
    return head.stdout.strip() + ("+" if head.returncode or state.stdout else "")
