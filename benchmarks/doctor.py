"""Time and memory of the doctor on 40,000 labelled configurations of 40 atoms."""

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.io import write

from training_data import examine_dataset

N_FRAMES = 40_000
STIFFNESS_EV_PER_A2 = 1.5


def template() -> Atoms:
    """Rock salt of 40 atoms with zirconium on some of the sites."""
    atoms = bulk("LiCl", "rocksalt", a=5.06).repeat((5, 2, 2))
    atoms.numbers[[0, 16]] = 40
    return atoms


def frames(n: int, rng: np.random.Generator) -> list[Atoms]:
    """Strained and displaced copies with the labels of an Einstein crystal."""
    found = []
    ideal = template()
    for _ in range(n):
        atoms = ideal.copy()
        strain = np.eye(3) + rng.normal(scale=0.01, size=(3, 3))
        atoms.set_cell(atoms.cell.array @ strain, scale_atoms=True)
        moves = rng.normal(scale=0.1, size=(len(atoms), 3))
        moves -= moves.mean(axis=0)
        atoms.positions += moves
        atoms.info["REF_energy"] = -150 + 0.5 * STIFFNESS_EV_PER_A2 * (moves**2).sum()
        atoms.arrays["REF_forces"] = -STIFFNESS_EV_PER_A2 * moves
        atoms.info["REF_stress"] = np.zeros(6)
        atoms.info["functional"], atoms.info["code"] = "toy", "toy"
        found.append(atoms)
    return found


def main() -> None:
    """Write the file, examine it in this process and print what it took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--frames", type=int, default=N_FRAMES)
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "many.extxyz"
        block = 500
        for _ in range(asked.frames // block):
            write(path, frames(block, rng), format="extxyz", append=True)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        wall, processor = time.perf_counter(), time.process_time()
        report = examine_dataset(path)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"doctor: {report.n_frames} configurations of 40 atoms in {wall:.0f} s "
        f"({processor:.0f} s of processor time; target < 180 s), peak memory "
        f"{peak / 2**20:.2f} GiB ({before / 2**20:.2f} GiB before); verdict "
        f"{report.verdict}"
    )


if __name__ == "__main__":
    sys.exit(main())
