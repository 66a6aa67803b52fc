"""``lithophile md`` with several replicas, as a user runs it."""

import json
import os
import signal
import subprocess
import sys
import time

import h5py
import numpy as np
import pytest
import yaml
from ase.build import bulk
from ase.io import write

SALT = (
    *("md", "--config", "quick.yaml", "--structure", "licl.extxyz", "--every", "5"),
    *("--temperatures", "300 500", "--seeds", "3", "--out", "runs"),
)


@pytest.fixture
def salt(tmp_path):
    write(tmp_path / "licl.extxyz", bulk("LiCl", "rocksalt", a=5.1, cubic=True))
    (tmp_path / "quick.yaml").write_text("start_check: false\n", "utf-8")
    return tmp_path


def positions(folder) -> np.ndarray:
    with h5py.File(folder / "trajectory.h5") as file:
        return file["particles/all/position/value"][()]


def test_replicas_run_resume_and_stand_alone(salt, lithophile):
    answer = lithophile(*SALT, "--steps", "10", "--json").json
    assert (answer["n_replicas"], answer["n_finished"]) == (2, 2)
    assert answer["evaluated"] == "each"
    told = [(r["temperature_K"], r["seed"], r["n_steps"]) for r in answer["replicas"]]
    assert told == [(300.0, 3, 10), (500.0, 3, 10)]
    runs = salt / "runs"
    assert (runs / "figures" / "replicas.png").is_file()
    for name in ("replica-00", "replica-01"):
        for file in ("config.yaml", "provenance.json", "result.json", "log.csv"):
            assert (runs / name / file).is_file()

    # one replica goes on as a single run, then all of them from where they are
    alone = lithophile("md", "--out", "runs/replica-01", "--resume", "--steps", "20")
    assert alone.code == 0
    stored = yaml.safe_load((runs / "replica-01" / "config.yaml").read_text("utf-8"))
    assert (stored["temperature_K"], stored["n_steps"]) == (500.0, 20)
    longer = lithophile("md", "--out", "runs", "--resume", "--steps", "20", "--json")
    assert [r["n_steps"] for r in longer.json["replicas"]] == [20, 20]
    for name in ("replica-00", "replica-01"):
        assert len(positions(runs / name)) == 5
    page = lithophile("report", "runs", "--json").json["report"]
    assert "replica-01" in (salt / page).read_text("utf-8")


def test_replicas_are_not_resumed_in_the_folder_of_a_single_run(salt, lithophile):
    (salt / "runs").mkdir()
    (salt / "runs" / "trajectory.h5").touch()
    assert "must hold replicas" in lithophile(*SALT, "--resume", code=2).message


def test_a_replica_put_aside_ends_with_three_and_the_others_are_finished(
    salt, lithophile
):
    (salt / "fast.yaml").write_text(
        "guards: {max_displacement_A: 0.05}\nstart_check: false\n", "utf-8"
    )
    answer = lithophile(
        *("md", "--config", "fast.yaml", "--structure", "licl.extxyz", "--every", "5"),
        *("--temperatures", "200, 90000", "--steps", "10", "--out", "runs", "--json"),
        code=3,
    )
    assert "Traceback" not in answer.stderr
    assert "1 of 2 replicas were put aside" in answer.stderr
    assert [r["status"] for r in answer.json["replicas"]] == ["finished", "stopped"]
    runs = salt / "runs"
    assert (runs / "replica-00" / "result.json").is_file()
    stopped = json.loads((runs / "replica-01" / "stopped.json").read_text("utf-8"))
    assert stopped["stopped_by"] == "GuardTripped"
    assert (runs / "replica-01" / "last_good_frame.extxyz").is_file()
    assert not (runs / "result.json").exists()


def test_a_signal_checkpoints_all_and_ends_with_seventy_five(salt):
    process = subprocess.Popen(
        [sys.executable, "-m", "lithophile", *SALT, "--steps", "100000"],
        cwd=salt,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )
    log = salt / "runs" / "replica-01" / "log.csv"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if log.exists() and len(log.read_text("utf-8").splitlines()) > 3:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 75, told
    assert "2 of 2 replicas were stopped by a signal" in told
    for name in ("replica-00", "replica-01"):
        assert (salt / "runs" / name / "checkpoint.npz").is_file()
        assert (salt / "runs" / name / "stopped.json").is_file()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--temperatures", "300 x"), "temperatures_K"),
        (("--temperatures", "300 300"), "temperatures_K must all differ"),
        (("--seeds", "1 2", "--replicas", "2"), "copies must be 1"),
        (("--replicas", "0"), "replicas"),
    ],
)
def test_wrong_replicas_are_refused_and_nothing_is_left(
    salt, lithophile, options, message
):
    answer = lithophile(
        *("md", "--structure", "licl.extxyz", "--out", "runs", *options), code=2
    )
    assert message in answer.message
    assert not (salt / "runs").exists()
