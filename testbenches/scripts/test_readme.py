"""What the README shows runs as it stands there, and what it links to exists."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language, heading="Quick start"):
    """Return the fenced blocks in a language below headings that begin so, as one text."""
    sections = [part for part in README.split("\n## ") if part.startswith(heading)]
    pattern = rf"^```{language}\n(.*?)^```$"
    found = re.findall(pattern, "\n".join(sections), flags=re.DOTALL | re.MULTILINE)
    assert found
    return "".join(found)


def run(folder, *command):
    programs = os.path.dirname(sys.executable)
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


SAME = """
from kolam.generators import load
twin = load("mixer.toml")
assert (twin.name, twin.config) == (design.name, design.config)
assert twin.files() == design.files()
"""


def test_python_and_toml_are_one_design(tmp_path):
    (tmp_path / "mixer.toml").write_text(block("toml"))
    done = run(tmp_path, sys.executable, "-c", block("python") + SAME)
    assert done.returncode == 0, done.stderr
    assert "'dsp': 12" in done.stdout
    assert (tmp_path / "mixer" / "manifest.json").exists()


def test_command_line(tmp_path):
    (tmp_path / "mixer.toml").write_text(block("toml"))
    done = run(tmp_path, "bash", "-euo", "pipefail", "-c", block("bash"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("PASS design=mixer ") == 3
    assert '"mismatches": 0' in done.stdout
    assert (tmp_path / "layers.svg").exists()


def test_fft_in_python(tmp_path):
    done = run(tmp_path, sys.executable, "-c", block("python", "FFTs"))
    assert (done.returncode, done.stdout) == (0, "1/64 = 2^-6\n"), done.stderr


def test_fft_on_the_command_line(tmp_path):
    done = run(tmp_path, "bash", "-euo", "pipefail", "-c", block("bash", "FFTs"))
    assert done.returncode == 0, done.stderr
    assert "PASS design=fft_64 " in done.stdout
    assert "gain 1/1024 = 2^-10 exactly" in done.stdout
    assert (tmp_path / "fft.png").exists()
    assert (tmp_path / "ifft" / "manifest.json").exists()


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https:)([^)#]+)", text)
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_languages_are_those_that_are_run():
    assert set(re.findall(r"^```(\w+)$", README, flags=re.MULTILINE)) == {
        "console", "python", "toml", "bash",
    }  # fmt: skip
