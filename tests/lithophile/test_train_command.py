"""``lithophile train``: ended by a signal, resumed, as a queue does it."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import yaml
from ase import Atoms
from ase.calculators.morse import MorsePotential

from training_data import Dataset, LevelOfTheory, write_dataset


def write_inputs(folder, *, epochs):
    frames = []
    for seed in range(8):
        atoms = Atoms("LiCl", [[0, 0, 0], [2.4, 0, 0]], pbc=True)
        atoms.set_cell(2.4 * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]))
        atoms.rattle(0.15, seed=seed)
        atoms.calc = MorsePotential(epsilon=0.4, r0=2.5, rho0=4.0, rcut1=3.0, rcut2=3.4)
        label = Atoms(atoms.symbols, atoms.positions, cell=atoms.cell, pbc=True)
        label.info |= {
            "REF_energy": atoms.get_potential_energy(),
            "group_id": f"g{seed}",
            "functional": "Morse",
        }
        label.arrays["REF_forces"] = atoms.get_forces()
        frames.append(label)
    data = folder / "morse.extxyz"
    write_dataset(Dataset(tuple(frames), LevelOfTheory(functional="Morse")), data)
    config = {
        "dataset": str(data),
        "level": "Morse",
        "split": {"key": "group_id", "fractions": [0.7, 0.3, 0.0]},
        "architecture": {
            "channels": 4,
            "max_L": 0,
            "max_ell": 1,
            "correlation": 1,
            "r_max_A": 3.5,
            "radial_layers": [8],
        },
        "epochs": epochs,
        "num_threads": 1,
    }
    (folder / "train.yaml").write_text(yaml.safe_dump(config), "utf-8")


def test_signal_gives_75_and_resuming_ends_the_run(lithophile, tmp_path):
    write_inputs(tmp_path, epochs=100_000)
    arguments = ["train", "--config", "train.yaml", "--out", "run", "--json"]
    run = subprocess.Popen(
        [sys.executable, "-m", "lithophile", *arguments],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    checkpoint = tmp_path / "run" / "checkpoint.pt"
    until = time.monotonic() + 240
    while not checkpoint.exists() and run.poll() is None and time.monotonic() < until:
        time.sleep(0.1)
    run.send_signal(signal.SIGTERM)
    stdout, stderr = run.communicate(timeout=120)
    assert run.returncode == 75, stderr
    told = json.loads(stdout)
    assert "SIGTERM" in told["stopped"]
    assert "--resume" in stderr
    assert "Traceback" not in stderr
    write_inputs(tmp_path, epochs=told["n_epochs"] + 1)
    done = lithophile(*arguments, "--resume").json
    assert done["n_epochs"] == told["n_epochs"] + 1
    assert done["members"] == []
