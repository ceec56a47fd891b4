"""`kolam generate` and `kolam handoff`, and their folder as the DESIGN of other commands."""

import json


def test_generate_then_simulate_the_folder(tiny, kolam, place):
    done = kolam("generate", tiny, "--out", "out")
    assert done.status == 0, done.err
    assert done.out.startswith("tiny in out: ")
    found = json.loads(kolam("generate", tiny, "--out", "out", "--force", "--json").out)
    assert list(found) == ["design", "folder", "files", "multipliers", "latency", "interval"]
    assert (found["design"], found["folder"]) == ("tiny", "out")
    assert all((place / "out" / name).is_file() for name in found["files"])
    assert {"manifest.json", "rtl/tiny.v"} <= set(found["files"])
    again = kolam("simulate", "out", "--json")
    assert again.status == 0, again.err
    assert json.loads(again.out)["mismatches"] == 0
    kolam("simulate", "out", "--frames", "3").refused("--frames")
    kolam("simulate", "out", "--with", "cosim").refused("--with for a folder must be one of")
    kolam("generate", tiny, "--out", "out").refused("--force")
    assert kolam("generate", tiny, "--out", "out", "--force").status == 0

    facts = [json.loads(kolam("show", name, "--json").out) for name in ("out", tiny)]
    assert facts[0].pop("random_weights") != facts[1].pop("random_weights")
    assert facts[0] == facts[1]
    assert kolam("generate", "out", "--out", "copy").status == 0
    for folder in ("rtl", "mem"):
        for path in (place / "out" / folder).iterdir():
            assert (place / "copy" / folder / path.name).read_bytes() == path.read_bytes()

    done = kolam("handoff", "out", "--for", "vivado", "--part", "xc7z020clg400-1", "--period", "4")
    assert (done.status, done.err) == (0, "")
    assert done.out == "out/vivado of tiny: part xc7z020clg400-1, period 4.0 ns\n"
    found = json.loads(kolam("handoff", "out", "--for", "vivado", "--json").out)
    assert list(found) == ["design", "folder", "files", "options"]
    assert found["options"] == {"part": "xc7a100tcsg324-1", "period": 10.0}
    assert all((place / "out" / name).is_file() for name in found["files"])
    assert kolam("simulate", "out").status == 0

    image = next((place / "out" / "mem").iterdir())
    image.write_text(image.read_text().replace("0", "1", 1))
    kolam("simulate", "out").refused(image.name)
    kolam("show", "out").refused(image.name)


def test_a_name_of_the_catalog_is_no_folder(kolam, place):
    (place / "csc-small").mkdir()
    assert kolam("show", "csc-small").out.startswith("csc_small ")
    kolam("show", "./csc-small").refused("manifest")


def test_a_folder_is_written_anew_for_openroad(tiny, kolam):
    assert kolam("generate", tiny, "--out", "made").status == 0
    done = kolam(
        "handoff", "made", "--for", "openroad", "--platform", "asap7", "--period", 0.8, "--json"
    )
    found = json.loads(done.out)
    assert found["options"] == {"platform": "asap7", "period": 0.8, "macro": []}
    assert "openroad/tiny/config.mk" in found["files"]
    assert kolam("simulate", "made").status == 0
