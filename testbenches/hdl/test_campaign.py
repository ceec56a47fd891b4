"""A small campaign in every test run; and proof that one would find a wrong operator."""

from dataclasses import replace

import pytest

from kolam.testbenches import campaign as subject
from kolam.testbenches.equivalence import replay

MODULES = 200


@pytest.fixture(scope="module")
def report():
    return subject.campaign(MODULES, seed=0)


def test_no_difference_in_random_modules(report):
    assert report.differences == []
    assert report.modules == MODULES
    assert report.vectors == MODULES * subject.VECTORS


def test_every_operator_signedness_and_width_was_dealt(report):
    assert report.missing == []
    assert {cell[0] for cell in subject.DECK} == set(subject._OPERATORS)
    assert {cell[1] for cell in subject.DECK} == {"signed", "unsigned", "mixed"}
    assert {cell[2] for cell in subject.DECK} == set(subject.CLASSES)
    assert report.verdict().startswith(f"PASS modules={MODULES} vectors=12000 differences=0")


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    dealt = subject.deal(seed=3)
    return subject.records(
        [next(dealt)[0] for _ in range(30)], tmp_path_factory.mktemp("made"), seed=3
    )


@pytest.mark.parametrize(
    ("right", "wrong"),
    [(" + ", " - "), (" * ", " + "), (" & ", " | "), (" < ", " <= "), (" >>> ", " << ")],
)
def test_a_wrong_operator_is_found(records, right, wrong, tmp_path):
    altered = []
    for record in records:
        path = f"rtl/{record.name}.v"
        if right in record.files[path]:
            altered.append(replace(record, files={path: record.files[path].replace(right, wrong)}))
    assert len(altered) >= 3
    found = {difference.name for difference in replay(altered, tmp_path)}
    # in a few modules the operands never tell one operator from the other
    assert 2 * len(found) > len(altered)
    assert replay(records, tmp_path) == []


def test_the_same_seed_deals_the_same_modules():
    first, again = subject.deal(seed=5), subject.deal(seed=5)
    other = subject.deal(seed=6)
    texts = [[next(dealt)[0].source() for _ in range(3)] for dealt in (first, again, other)]
    assert texts[0] == texts[1] != texts[2]


def test_the_exit_status_and_the_last_line(capsys):
    assert subject.main(["--modules", "2", "--seed", "1"]) == 1  # too few for every combination
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:2] == ["operator", "1"]
    assert lines[-1] == "FAIL modules=2 vectors=120 differences=0 missing=" + str(
        len(subject.DECK) - 12
    )


@pytest.mark.shown
def test_two_thousand_modules(shown):
    report = subject.campaign(2000, seed=0)
    shown(
        "Converter campaign: 2,000 modules",
        {"modules": report.modules, "vectors": report.vectors,
         "differences": len(report.differences), "combinations": len(subject.DECK)},
    )  # fmt: skip
    assert report.passed
