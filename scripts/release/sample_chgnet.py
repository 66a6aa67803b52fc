"""Sample Li-Zr-Cl structures widely and label them with CHGNet and D3(BJ).

The set is meant for pre-training. Both levels are written side by side
(``REF_*`` from CHGNet, ``D3_*`` from s-dftd3 with PBE parameters and no
three-body term); their sum is a soft PBE-D3(BJ).
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ase import units
from ase.filters import FrechetCellFilter
from ase.io import read, write
from ase.md.langevin import Langevin
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
from ase.optimize import FIRE
from chgnet.model.model import CHGNet
from chgnet_labels import ChgnetD3, attach_labels, chgnet_labels, d3_labels
from chgnet_parents import metal_parents, salt_parents
from chgnet_plan import moving_samples, parents_from_file, static_samples
from chgnet_structures import NORMAL_DISTANCE, Sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ase import Atoms

MAX_FORCE = 30.0
MIN_CONTACT = 0.5


def closest_contact(atoms: Atoms) -> float:
    """Shortest distance as a fraction of the normal one of its pair."""
    if len(atoms) < 2:
        return 1.0
    names = atoms.get_chemical_symbols()
    normal = np.array(
        [[NORMAL_DISTANCE[frozenset({a, b})] for b in names] for a in names]
    )
    distances = atoms.get_all_distances(mic=True) + 99.0 * np.eye(len(atoms))
    return float((distances / normal).min())


class Pool:
    """File of labelled frames that grows group by group.

    Parameters
    ----------
    path
        Output file (extxyz).
    model
        Loaded CHGNet.
    """

    def __init__(self, path: Path, model: CHGNet) -> None:
        self.path = path
        self.model = model
        self.frames = 0
        self.atoms = 0
        self.dropped = 0

    def add(self, samples: Sequence[Sample]) -> None:
        """Label structures and append those that are physical."""
        ready = [s.tagged() for s in samples if closest_contact(s.atoms) > MIN_CONTACT]
        good = []
        if ready:
            labels = chgnet_labels(self.model, ready)
            for atoms, reference in zip(ready, labels, strict=True):
                dispersion = d3_labels(atoms)
                forces = np.array([reference[1], reference[1] + dispersion[1]])
                size = np.linalg.norm(forces, axis=2).max()
                if np.isfinite(reference[0]) and size < MAX_FORCE:
                    version = self.model.version
                    good.append(attach_labels(atoms, reference, dispersion, version))
        if good:
            write(self.path, good, format="extxyz", append=True)
        self.frames += len(good)
        self.atoms += sum(map(len, good))
        self.dropped += len(samples) - len(good)

    def report(self, start: float, what: str) -> None:
        """Print a line of progress."""
        print(
            f"{time.monotonic() - start:7.0f} s {what}: {self.frames} frames, "
            f"{self.atoms} atoms, {self.dropped} dropped",
            flush=True,
        )


def relaxed_parents(model: CHGNet, samples: Sequence[Sample]) -> dict[str, Sample]:
    """Bring parents near their CHGNet-D3 cell; interfaces stay as they are."""
    result = {}
    for sample in samples:
        atoms = sample.tagged()
        if sample.config_type not in ("interface", "Zr-in-Li"):
            atoms.calc = ChgnetD3(model)
            FIRE(FrechetCellFilter(atoms), logfile=None).run(fmax=0.05, steps=40)
            atoms.calc = None
        result[sample.parent] = sample.child(atoms, "relaxed")
    return result


class Trajectory:
    """Langevin dynamics with CHGNet and D3 at constant volume.

    Parameters
    ----------
    model
        Loaded CHGNet.
    sample
        Start structure.
    kelvin
        Temperature [K].
    rng
        Random numbers.
    """

    def __init__(
        self, model: CHGNet, sample: Sample, kelvin: float, rng: np.random.Generator
    ) -> None:
        self.sample = sample
        self.atoms = sample.tagged()
        self.atoms.calc = ChgnetD3(model)
        self.alive = True
        relax = 25 if sample.config_type == "mixture" else 6
        FIRE(self.atoms, logfile=None, maxstep=0.15).run(fmax=0.3, steps=relax)
        MaxwellBoltzmannDistribution(self.atoms, temperature_K=kelvin, rng=rng)
        self.dynamics = Langevin(
            self.atoms,
            2 * units.fs,
            temperature_K=kelvin,
            friction=0.02 / units.fs,
            rng=rng,
        )

    def advance(self, steps: int) -> Sample | None:
        """Run and return the new structure, or None once it went wrong."""
        self.dynamics.run(steps)
        forces = self.atoms.get_forces()
        self.alive = bool(np.isfinite(forces).all() and abs(forces).max() < MAX_FORCE)
        return self.sample.child(self.atoms, self.sample.sampling)


def run_static(pool: Pool, samples: Sequence[Sample], start: float) -> None:
    """Label structures that need no dynamics."""
    for i in range(0, len(samples), 16):
        pool.add(samples[i : i + 16])
        if i % 160 == 0:
            pool.report(start, "static")


def run_dynamics(
    pool: Pool,
    plan: Sequence[tuple[Sample, float]],
    rng: np.random.Generator,
    args: argparse.Namespace,
    start: float,
) -> None:
    """Advance all trajectories in turn until the time or the rounds are over."""
    runs: list[Trajectory] = []
    for round_ in range(args.rounds):
        buffer: list[Sample] = []
        for i, (sample, kelvin) in enumerate(plan):
            if time.monotonic() - start > 60 * args.minutes:
                break
            if round_ == 0:
                runs.append(Trajectory(pool.model, sample, kelvin, rng))
            if i >= len(runs) or not runs[i].alive:
                continue
            moved = runs[i].advance(args.steps)
            buffer.append(moved.child(moved.atoms.copy(), moved.sampling))
            if len(buffer) == 8:
                pool.add(buffer)
                buffer = []
        pool.add(buffer)
        pool.report(start, f"dynamics round {round_ + 1}")


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="extxyz to append to")
    parser.add_argument("--dft", type=Path, required=True, help="DFT frames (extxyz)")
    parser.add_argument("--seed", type=int, default=1, help="random seed")
    parser.add_argument("--minutes", type=float, default=60.0, help="time limit")
    parser.add_argument("--rounds", type=int, default=6, help="frames per trajectory")
    parser.add_argument("--steps", type=int, default=35, help="MD steps per frame")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Sample, label and write."""
    import torch

    args = parse(argv)
    start = time.monotonic()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    rng = np.random.default_rng(args.seed)
    model = CHGNet.load(use_device="cpu", verbose=False)
    model.graph_converter.set_isolated_atom_response("ignore")
    pool = Pool(args.out, model)
    parents = parents_from_file(read(args.dft, ":"))
    bases = relaxed_parents(model, parents + metal_parents() + salt_parents())
    pool.report(start, f"{len(bases)} parents")
    run_static(pool, static_samples(bases, rng), start)
    pool.report(start, "static done")
    run_dynamics(pool, moving_samples(bases, rng), rng, args, start)
    return 0


if __name__ == "__main__":
    sys.exit(main())
