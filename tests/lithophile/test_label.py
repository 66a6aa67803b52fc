"""``lithophile label`` as a user runs it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.io import read, write

from training_data import read_dataset

EMT = ("--code", "ase.calculators.emt.EMT")
OUTPUTS = Path(__file__).parents[1] / "training_data" / "outputs"


@pytest.fixture
def pool(tmp_path):
    rng = np.random.default_rng(5)
    frames = []
    for i in range(12):
        atoms = bulk("Cu", cubic=True)
        atoms.positions += rng.normal(0.0, 0.1, atoms.positions.shape)
        atoms.info = {"config_type": "Cu", "parent": f"p{i}", "sampling": "rattle"}
        frames.append(atoms)
    write(tmp_path / "pool.extxyz", frames)
    return tmp_path / "pool.extxyz"


def test_labels_resume_and_overwrite(lithophile, pool, tmp_path):
    first = lithophile(
        "label", pool, *EMT, "--out", "l.extxyz", "--limit", 5, "--json"
    ).json
    assert (first["n_labelled"], first["n_failed"], first["n_waiting"]) == (5, 0, 7)
    assert first["seconds_per_label"] > 0
    refused = lithophile("label", pool, *EMT, "--out", "l.extxyz", code=2).message
    assert "--resume" in refused
    assert refused.count("\n") == 0
    second = lithophile("label", "--out", "l.extxyz", "--resume", "--json").json
    assert (second["n_labelled"], second["n_new"]) == (12, 7)
    content = (tmp_path / "l.extxyz").read_bytes()
    third = lithophile("label", "--out", "l.extxyz", "--resume", "--json").json
    assert (third["n_labelled"], third["n_new"]) == (12, 0)
    labels = read_dataset(tmp_path / "l.extxyz")
    assert labels.level.functional == "EMT"
    assert labels.group_ids[0] == "p0/rattle"
    lithophile("label", pool, *EMT, "--out", "l.extxyz", "--overwrite", "--json")
    assert (tmp_path / "l.extxyz").read_bytes() == content
    notes = json.loads((tmp_path / "l.queue.json").read_text("utf-8"))
    assert notes["runs"][0]["inputs"][str(pool)]["sha256"]


def test_parts_make_the_whole(lithophile, pool, tmp_path):
    for part in (1, 2):
        out = f"part-{part}.extxyz"
        lithophile("label", pool, *EMT, "--part", f"{part}/2", "--out", out)
    keys = [
        frame.info["frame_hash"]
        for part in (1, 2)
        for frame in read(tmp_path / f"part-{part}.extxyz", ":")
    ]
    assert len(set(keys)) == 12


def test_signal_ends_with_75_and_resume_gives_the_same_file(lithophile, pool, tmp_path):
    lithophile("label", pool, *EMT, "--out", "whole.extxyz")
    (tmp_path / "slowest.py").write_text(
        "import time\nfrom ase.calculators.emt import EMT\n"
        "class Slow(EMT):\n    def calculate(self, *a):\n"
        "        time.sleep(0.3)\n        super().calculate(*a)\n",
        encoding="utf-8",
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "lithophile", "label", str(pool)]
    command += ["--code", "slowest.Slow", "--out", "l.extxyz", "--json"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not (tmp_path / "l.extxyz").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 75, stderr
    so_far = json.loads(stdout)
    assert so_far["n_new"] == so_far["n_labelled"]
    assert 1 <= so_far["n_labelled"] < 12
    assert "what is done is kept" in " ".join(stderr.split())
    assert "Traceback" not in stderr
    resumed = subprocess.run(
        [*command[:4], "--out", "l.extxyz", "--resume", "--json"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(resumed.stdout)["n_labelled"] == 12
    energies = [
        [frame.info["REF_energy"] for frame in read(tmp_path / name, ":")]
        for name in ("whole.extxyz", "l.extxyz")
    ]
    assert energies[0] == energies[1]


def test_queue_without_a_single_label_is_no_success(lithophile, tmp_path):
    iron = [bulk("Fe", cubic=True, a=2.8 + 0.01 * i) for i in range(3)]
    write(tmp_path / "iron.extxyz", iron)
    answer = lithophile("label", "iron.extxyz", *EMT, "--out", "l.extxyz", code=1)
    assert "none of the 3 calculations of this run gave a label" in answer.message
    assert "--retry-failed" in answer.message
    assert answer.stdout == ""
    again = lithophile("label", "--out", "l.extxyz", "--resume", "--json").json
    assert (again["n_failed"], again["labels"]) == (3, None)


def test_pools_are_united(lithophile, pool, tmp_path):
    frames = read(pool, ":")
    write(tmp_path / "first.extxyz", frames[:4])
    write(tmp_path / "second.extxyz", frames[4:7])
    out = ("--out", "l.extxyz")
    lithophile("label", "first.extxyz", *EMT, *out, "--limit", 1)
    given = lithophile("label", "second.extxyz", *EMT, *out, "--resume", "--json").json
    assert (given["n_labelled"], given["n_waiting"]) == (3, 0)
    assert lithophile("label", *out, "--resume", "--json").json["n_labelled"] == 7


def test_finished_calculations(lithophile, tmp_path):
    answer = lithophile(
        *("label", OUTPUTS / "gpaw-li.gpw", OUTPUTS / "gpaw-li-unconverged.txt"),
        *("--finished", "--config-type", "Li", "--out", "l.extxyz", "--json"),
    ).json
    assert (answer["n_labelled"], answer["n_failed"]) == (1, 1)
    assert answer["seconds_per_label"] is None
    assert "did not converge" in answer["failures"][0]["reason"]
    assert read_dataset(tmp_path / "l.extxyz").config_types == ("Li",)


def test_dry_run_writes_nothing(lithophile, tmp_path):
    atoms = bulk("Li", cubic=True, a=3.44)
    write(tmp_path / "li.extxyz", atoms)
    plan = lithophile("label", "li.extxyz", "--dry-run", "--out", "l.xyz", "--json")
    (entry,) = plan.json["queue"]
    assert entry["kpts"] == [6, 6, 6]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["li.extxyz"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--out", "l.extxyz"), "none for Cu"),  # the default level knows no copper
        (("--code", "vasp", "--out", "l.extxyz"), "--settings must be given for vasp"),
        (("--code", "no.such.Code", "--out", "l.extxyz"), "No module named 'no'"),
        (("--settings", "vasp.yaml", "--out", "l.extxyz"), "ASE_VASP_COMMAND"),
        (("--code", "os.getpid", "--out", "l.extxyz"), "makes no ASE calculator"),
        ((*EMT, "--part", "3/2", "--out", "l.extxyz"), "part must be K/N"),
        ((*EMT, "--out", "pool.extxyz", "--overwrite"), "another file than the pool"),
    ],
)
def test_wrong_input_is_told_and_leaves_nothing(lithophile, pool, options, words):
    before = pool.read_bytes()
    if "vasp.yaml" in options:
        level = "code: vasp\nfunctional: PBE\narguments: {xc: PBE}\n"
        (pool.parent / "vasp.yaml").write_text(level, encoding="utf-8")
    answer = lithophile("label", pool, *options, code=2)
    assert words in answer.message
    assert "Traceback" not in answer.message
    left = {path.name for path in pool.parent.iterdir()} - {"vasp.yaml"}
    assert left == {"pool.extxyz"}
    assert pool.read_bytes() == before
