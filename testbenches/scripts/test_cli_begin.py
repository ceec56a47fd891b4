"""`kolam catalog` and `kolam doctor`; test_demo has `kolam demo`."""

import dataclasses
import json

from kolam.scripts import doctor


def test_catalog(kolam):
    found = json.loads(kolam("catalog", "--json").out)
    assert {"csc-digits", "csc-small", "csc-layer-16", "csc-1024", "dense-small"} <= found.keys()
    table = kolam("catalog").out.splitlines()
    assert [line.split()[0] for line in table] == list(found)
    assert all("\n" not in text and text for text in found.values())


def test_doctor(kolam):
    done = kolam("doctor")
    assert done.status == 0, done.out
    assert "main road is open" in done.out
    found = json.loads(kolam("doctor", "--json").out)
    for name, tool in found["tools"].items():
        assert name in done.out
        assert tool["version"] or tool["get"] in done.out


def test_doctor_prints_how_to_get_a_tool_as_it_is_to_be_typed(kolam, monkeypatch):
    lost = [dataclasses.replace(tool, find=lambda: None) for tool in doctor.TOOLS]
    monkeypatch.setattr(doctor, "TOOLS", tuple(lost))
    printed = kolam("doctor").out
    assert len({tool.name for tool in lost}) == len(lost)
    assert "pip install 'kolam[train]'" in printed


def test_a_tool_that_is_missing(tiny, kolam, monkeypatch):
    monkeypatch.setenv("PATH", "")
    kolam("simulate", tiny).refused("iverilog")
    done = kolam("doctor", "--json")
    assert done.status == 1
    found = json.loads(done.out)
    assert not found["complete"]
    assert found["tools"]["iverilog"]["version"] is None
