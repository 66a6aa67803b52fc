"""``lithophile screen dopants``: what it writes, refuses, and keeps when killed."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import pytest

QUICK = (
    *("--dopant", "Al3+-Li", "--dopant", "Ga3+-Li"),
    *("--dopant", "Nb5+-Zr", "--dopant", "Ta5+-Zr", "--no-models"),
)
BARRIERS = (*QUICK, "--bond-valence", "--resolution-A", "0.6")


def test_all_that_is_promised_is_written(lithophile, tmp_path):
    answer = lithophile(
        *("screen", "dopants", *QUICK, "--dopant", "Sc3+-Zr"), "--out", "out", "--json"
    ).json
    assert answer["n"] == 5
    assert answer["classes"]["stable"] == 1
    with (tmp_path / answer["table"]).open(encoding="utf-8", newline="") as stream:
        rows = {row["dopant"]: row for row in csv.DictReader(stream)}
    assert float(rows["Al3+-Li"]["reaction_energy_eV"]) == pytest.approx(
        -0.646, abs=1e-3
    )
    assert float(rows["Al3+-Li"]["anchored_reaction_energy_eV"]) < -0.6
    assert set(rows["Al3+-Li"]["products"].split()) == {
        *("La2O3", "Li2O", "Zr4O", "Zr3Al")
    }
    everything = json.loads((tmp_path / answer["all"]).read_text("utf-8"))
    assert everything["dopants"][0]["titration"]["kinks"]
    page = (tmp_path / answer["report"]).read_text("utf-8")
    assert page.count("data:image/png;base64,") >= 4
    assert "Al3+-Li" in page
    again = lithophile(
        *("screen", "dopants", *QUICK, "--dopant", "Sc3+-Zr"),
        *("--out", "out", "--resume", "--json"),
    ).json
    assert again == answer


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--dopant", "Al4+-Li", "--no-models"), "Al3+-Li"),
        (("--dopant", "Al3+-Li"), "--no-models"),
        (("--content", "0.3", "--relax"), "multiple of 1/8"),
        (("--dopant", "Cl5+-Zr", "--content", "3", "--no-models"), "n_dopants must"),
    ],
)
def test_wrong_input_is_refused_before_any_work(lithophile, tmp_path, options, said):
    answer = lithophile("screen", "dopants", *options, "--out", "out", code=2)
    assert said in answer.message
    assert not (tmp_path / "out").exists()


def test_killed_run_goes_on_and_loses_nothing(lithophile, tmp_path):
    """Killed after the first barrier; what was there is not computed again."""
    whole = lithophile(
        *("screen", "dopants", *BARRIERS, "--out", "whole", "--json")
    ).json
    command = [sys.executable, "-m", "lithophile", "screen", "dopants", *BARRIERS]
    process = subprocess.Popen(
        [*command, "--out", "killed"],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    folder = tmp_path / "killed" / "barriers"
    deadline = time.monotonic() + 240
    while not list(folder.glob("*.json")) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    kept = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.json")}
    assert 1 <= len(kept) < 5, "the run was to be killed half-way"
    resumed = lithophile(
        *("screen", "dopants", *BARRIERS, "--out", "killed", "--resume", "--json")
    ).json
    for name, written in kept.items():
        assert (folder / name).stat().st_mtime_ns == written
    paths = ("table", "report", "all")
    assert {k: v for k, v in resumed.items() if k not in paths} == {
        k: v for k, v in whole.items() if k not in paths
    }
    for name in ("table", "all"):
        assert (tmp_path / resumed[name]).read_bytes() == (
            tmp_path / whole[name]
        ).read_bytes()
    other = lithophile(
        *("screen", "dopants", *BARRIERS, "--content", "0.125"),
        *("--out", "killed", "--resume"),
        code=2,
    )
    assert "content: 0.125 for 0.25" in other.message


def test_report_leaves_the_page_of_the_screening_alone(lithophile, tmp_path):
    made = lithophile(
        *(
            "screen",
            "dopants",
            "--dopant",
            "Sc3+-Zr",
            "--no-models",
            "--content",
            "0.5",
        ),
        *("--out", "out", "--json"),
    ).json
    before = (tmp_path / made["report"]).read_bytes()
    answer = lithophile("report", "out", "--json").json
    assert (tmp_path / answer["report"]).read_bytes() == before
    assert made["n_relaxed"] == made["n_anchored"] == 0
