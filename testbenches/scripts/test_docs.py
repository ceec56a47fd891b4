"""The pages in docs/ run, and say what they say; the site is built of them without a warning."""

import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
EXAMPLES = [page for page in PAGES if ">>> " in page.read_text(encoding="utf-8")]


def named(page):
    return str(page.relative_to(DOCS))


@pytest.mark.parametrize("page", EXAMPLES, ids=named)
def test_examples_of_a_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # they write files
    outcome = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert outcome.attempted > 0
    assert outcome.failed == 0


@pytest.mark.parametrize("script", ["draw.py", "waves.py"])
def test_pictures_are_what_their_script_draws(script, tmp_path):
    subprocess.run([sys.executable, DOCS / "pictures" / script, tmp_path], check=True)
    drawn = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert drawn
    kept = {name: (DOCS / "pictures" / name).read_text(encoding="utf-8") for name in drawn}
    assert drawn == kept, f"run docs/pictures/{script}"


def test_every_picture_is_drawn_and_shown():
    texts = [page.read_text(encoding="utf-8") for page in [*PAGES, ROOT / "README.md"]]
    for picture in (DOCS / "pictures").glob("*.svg"):
        assert any(f"pictures/{picture.name})" in text for text in texts), picture.name


@pytest.fixture
def site(tmp_path):
    """Return a function that builds a site of one page: status, what it said, and the page."""
    source, out = tmp_path / "source", tmp_path / "site"
    source.mkdir()
    config = (DOCS / "conf.py").read_text(encoding="utf-8")
    (source / "conf.py").write_text(config.replace('["static"]', "[]"), encoding="utf-8")

    def build(text):
        (source / "index.md").write_text(f"# A page\n\n{text}\n", encoding="utf-8")
        done = subprocess.run(
            [Path(sys.executable).parent / "sphinx-build", "-W", "-n", "-q", source, out],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stderr, (out / "index.html").read_text(encoding="utf-8")

    return build


def test_a_page_fetches_nothing(site):
    """A site is read from a disk, too."""
    status, said, page = site("[A link](https://example.org/) is not followed.")
    assert (status, said) == (0, "")
    assert len(re.findall(r"<script[^>]* src=", page)) > 1
    assert re.findall(r'<(?:script|img|iframe)[^>]* src="(?:https?:)?//[^"]*"', page) == []
    assert re.findall(r'<link[^>]* href="(?:https?:)?//[^"]*"', page) == []


@pytest.mark.parametrize(
    "wrong",
    [
        "[a page](nowhere.md)",
        "[a section](#nowhere)",
        "![a picture](nowhere.svg)",
        "```{eval-rst}\n.. autofunction:: kolam.flows.nothing\n```",
    ],
)
def test_what_leads_nowhere_is_an_error(wrong, site):
    """./scripts/docs asks for the same, and .ci/run asks it."""
    status, said, _ = site(wrong)
    assert status == 1
    assert "WARNING" in said


def test_a_docstring_is_laid_out(site):
    _, _, page = site("```{eval-rst}\n.. autofunction:: kolam.generators.load\n```")
    assert "<li><p><strong>weights</strong>: an .npz whose weights are taken." in page
    assert "<p>Raises ValueError or TypeError with one sentence, or OSError.</p>" in page
