"""`kolam catalog` and `kolam doctor`; test_demo has `kolam demo`."""

import json


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


def test_a_tool_that_is_missing(tiny, kolam, monkeypatch):
    monkeypatch.setenv("PATH", "")
    kolam("simulate", tiny).refused("iverilog")
    doctor = kolam("doctor", "--json")
    assert doctor.status == 1
    found = json.loads(doctor.out)
    assert not found["complete"]
    assert found["tools"]["iverilog"]["version"] is None
