"""Active learning in minutes: copper-aluminium, with EMT in the place of DFT.

Begins with small rattles of cold crystals and is judged by frames of dynamics at
1200 K under EMT itself, so that everything hot has to be found by the loop.

Example
-------
    python scripts/learning/emt_alloy.py emt
    lithophile learn --config emt/learn.yaml --out emt/run
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import yaml
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.io import write

from md.dynamics import DynamicsConfig, simulate
from md.trajectory import open_trajectory
from mlip import AsePotential
from training_data import LabellingSettings, label_queue

LABELS = LabellingSettings(code="ase.calculators.emt.EMT")


def alloy(n_aluminium: int, rng: np.random.Generator) -> Atoms:
    """Sixteen atoms of fcc, the aluminium anywhere."""
    atoms = bulk("Cu", cubic=True, a=3.61 + 0.027 * n_aluminium).repeat((2, 2, 1))
    atoms.symbols[rng.permutation(16)[:n_aluminium]] = "Al"
    return atoms


def cold(rng: np.random.Generator) -> list[Atoms]:
    """Twenty crystals, each atom moved by about 0.03 Å."""
    frames = []
    for index in range(20):
        atoms = alloy(index % 17, rng)
        atoms.rattle(0.03, rng=rng)
        atoms.set_cell(atoms.cell * (1 + 0.01 * rng.normal()), scale_atoms=True)
        atoms.info |= {"parent": f"cold-{index}", "sampling": "rattle"}
        frames.append(atoms)
    return frames


def hot(rng: np.random.Generator) -> list[Atoms]:
    """Thirty frames of dynamics at 1200 K."""
    frames = []
    config = DynamicsConfig(
        temperature_K=1200, timestep_fs=3.0, n_steps=500, every=100, friction_per_ps=10
    )
    for index, n_aluminium in enumerate((0, 4, 8, 12, 16, 6)):
        with TemporaryDirectory() as out:
            simulate(alloy(n_aluminium, rng), AsePotential(EMT), config, out=out)
            with open_trajectory(out) as trajectory:
                found = [trajectory.atoms(frame) for frame in range(1, 6)]
        for atoms in found:
            atoms.info = {"parent": f"hot-{index}", "sampling": "md1200"}
        frames += found
    return frames


def settings(folder: Path) -> dict:
    """Keys of `lithophile learn`."""
    return {
        "dataset": [str(folder / "cold.extxyz")],
        "hold_out": {"file": str(folder / "hot.extxyz")},
        "n_members": 2,
        "rounds": 3,
        "training": {
            "level": "unstated",
            "epochs": 60,
            "batch_size": 4,
            "architecture": {
                "channels": 8,
                "max_L": 0,
                "max_ell": 2,
                "n_interactions": 1,
                "r_max_A": 4.5,
                "n_radial": 6,
                "radial_layers": [16, 16],
                "readout_channels": 8,
            },
            "num_threads": 1,
        },
        "retraining": {"epochs": 40},
        "exploration": {
            "structures": [str(folder / f"start-{n}.extxyz") for n in (4, 12)],
            "temperatures_K": [400, 1200],
            "dynamics": {"n_steps": 200, "every": 10, "timestep_fs": 3.0},
        },
        "random": {"formulas": {"Cu4Al4": [11, 17]}, "n_structures": 6},
        "selection": {
            "n_labels": 15,
            "least_eV_per_A": 0.1,
            "most_eV_per_A": 5.0,
            "min_distance": 0.005,
        },
        "labelling": {"code": "ase.calculators.emt.EMT"},
    }


def main() -> None:
    """Write labels, starts and settings into a folder."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "emt").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    label_queue(cold(rng), LABELS, folder / "cold.extxyz")
    label_queue(hot(rng), LABELS, folder / "hot.extxyz")
    for n_aluminium in (4, 12):
        write(folder / f"start-{n_aluminium}.extxyz", alloy(n_aluminium, rng))
    text = yaml.safe_dump(settings(folder), sort_keys=False)
    (folder / "learn.yaml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
