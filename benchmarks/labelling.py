"""Overhead of the labelling queue over the bare DFT time, with GPAW.

The same structures are computed by GPAW alone, in one process, and by the queue, which
starts a calculation process, adds D3(BJ), checks and writes. Wall times are those of
the calculations; processor times hold the start of all processes too. Bare and queued
runs take turns, since machines are noisy. GPAW is looked for here and in the
environment that LITHOPHILE_GPAW_PYTHON names.
"""

import argparse
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from ase.build import bulk
from ase.io import write

from training_data import label_queue, read_labelling_settings
from training_data.labelling_kpoints import kpoint_grid

BARE = """
import json, sys, time
from ase.io import read
from gpaw import GPAW, fftw
fftw.FFTWPlans._overwrite_flags = fftw.ESTIMATE  # as in the queue
arguments = json.load(open("arguments.json"))
grids = json.load(open("grids.json"))
spent = 0.0
for atoms, grid in zip(read("pool.extxyz", ":"), grids):
    begun = time.perf_counter()
    atoms.calc = GPAW(**arguments, kpts=grid, txt=None)
    atoms.get_potential_energy(force_consistent=True)
    atoms.get_forces()
    atoms.get_stress()
    spent += time.perf_counter() - begun
print(spent, time.process_time())
"""


def structures(n_frames: int) -> list:
    """Rattled cells of LiCl, eight atoms each."""
    rng = np.random.default_rng(0)
    frames = []
    for _ in range(n_frames):
        atoms = bulk("LiCl", "rocksalt", a=5.13, cubic=True)
        atoms.positions += rng.normal(0.0, 0.05, atoms.positions.shape)
        atoms.info = {"config_type": "LiCl"}
        frames.append(atoms)
    return frames


def bare(python: str, folder: Path) -> tuple[float, float]:
    """Wall time of the calculations alone, and processor time of the process."""
    done = subprocess.run(  # noqa: S603 (our own text)
        [python, "-c", BARE], cwd=folder, check=True, capture_output=True, text=True
    )
    wall, processor = done.stdout.split()[-2:]
    return float(wall), float(processor)


def queued(frames: list, folder: Path, turn: int) -> tuple[float, float]:
    """Wall time of the labels, and processor time of all that the queue started."""
    before = os.times()
    result = label_queue(
        frames, read_labelling_settings(), folder / f"labels-{turn}.extxyz"
    )
    after = os.times()
    processor = sum(after[:4]) - sum(before[:4])
    return len(frames) * (result.seconds_per_label or 0.0), processor


def main() -> int:
    """Print the times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=3)
    parser.add_argument("--turns", type=int, default=2)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    python = os.environ.get("LITHOPHILE_GPAW_PYTHON")
    python = sys.executable if find_spec("gpaw") else python
    if python is None:
        print("labelling: no GPAW here, and LITHOPHILE_GPAW_PYTHON names none")
        return 0
    settings = read_labelling_settings()
    frames = structures(options.frames)
    times: dict[str, list[tuple[float, float]]] = {"bare": [], "queued": []}
    with TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "pool.extxyz", frames)
        grids = [kpoint_grid(atoms, kpoints=settings.kpoints) for atoms in frames]
        (folder / "grids.json").write_text(json.dumps(grids), encoding="utf-8")
        text = json.dumps(settings.arguments)
        (folder / "arguments.json").write_text(text, encoding="utf-8")
        for turn in range(options.turns):
            times["bare"].append(bare(python, folder))
            times["queued"].append(queued(frames, folder, turn))
    n = options.frames
    for kind, what in enumerate(("wall", "processor")):
        alone = min(entry[kind] for entry in times["bare"])
        ours = min(entry[kind] for entry in times["queued"])
        print(
            f"labelling, {n} cells of 8 atoms, {what} time: GPAW alone "
            f"{alone / n:.2f} s a label, queue {ours / n:.2f} s, "
            f"overhead {100 * (ours / alone - 1):.1f} %"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
