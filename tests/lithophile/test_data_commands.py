"""``lithophile data`` as a user runs it."""

from pathlib import Path

import numpy as np
from ase.io import write

from training_data import load_shipped

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def test_doctor_prints_a_verdict_and_exits_with_0(tmp_path, lithophile):
    frames = [frame.copy() for frame in load_shipped().frames[:80]]
    for frame in frames:
        frame.info["REF_stress"] = -np.array(frame.info["REF_stress"])
    write(tmp_path / "flipped.extxyz", frames, format="extxyz")
    found = lithophile("data", "doctor", "flipped.extxyz", "--out", "d", "--json").json
    assert found["verdict"] == "fail"
    assert found["n_frames"] == 80
    assert set(found["elements"]) == {"Li", "Zr", "Cl"}
    assert {"check", "severity", "frames", "message"} <= set(found["findings"][0])
    worst = [f["check"] for f in found["findings"] if f["severity"] == "fail"]
    assert worst == ["stress_sign"]
    assert (tmp_path / found["figure"]).stat().st_size > 10_000
    assert (tmp_path / "d" / "result.json").is_file()


def test_doctor_without_out_writes_nothing(tmp_path, lithophile, labels):
    answer = lithophile("data", "doctor", labels.name)
    assert "verdict" in answer.stdout
    assert [path.name for path in tmp_path.iterdir()] == [labels.name]


def test_doctor_of_a_missing_file_is_wrong_input(lithophile):
    answer = lithophile("data", "doctor", "none.extxyz", code=2)
    assert "must exist" in answer.message
    assert lithophile("data", "doctor", code=2).message.startswith("lithophile: files")


def test_coverage_draws_a_map_and_measures_distances(tmp_path, lithophile):
    frames = list(load_shipped().frames[:12])
    write(tmp_path / "set.extxyz", frames, format="extxyz")
    write(tmp_path / "mine.extxyz", frames[0].repeat((2, 1, 1)), format="extxyz")
    found = lithophile(
        *("data", "coverage", "set.extxyz", "--structure", "mine.extxyz", "--json")
    ).json
    assert found["n_frames"] == 12
    assert (tmp_path / found["figure"]).stat().st_size > 10_000
    assert found["structures"][0]["distance"] < 1e-3
    assert found["structures"][0]["nearest_frame"] == 0
    assert (tmp_path / "coverage-set.extxyz" / "provenance.json").is_file()


def test_fetch_takes_local_copies_and_lists_the_catalogue(tmp_path, lithophile):
    names = [e["name"] for e in lithophile("data", "fetch", "--list", "--json").json[
        "datasets"]]  # fmt: skip
    assert "llzo" in names
    answer = lithophile("data", "fetch", "llzo", "--from", tmp_path, code=2)
    assert "llzo_dft_union.extxyz" in answer.message
    if SHARED.is_dir():
        found = lithophile("data", "fetch", "llzo", "--from", SHARED, "--json").json
        assert Path(found["path"]).is_file()
        assert len(found["sha256"]) == 64
