"""Structures relaxed per minute: one batch against ASE's LBFGS one by one.

The same potential, the same starts and the same thresholds for both; the two sides
alternate, so that a busy machine slows them alike. ASE asks ``potential.calculator()``
(which keeps a neighbour list between steps) and has ``FrechetCellFilter`` around it
where the cell is free. Minima are the same when energies agree to 1 meV per atom and
pymatgen's ``StructureMatcher`` says so.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.filters import FrechetCellFilter
from ase.optimize import LBFGS
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.io.ase import AseAtomsAdaptor

from mlip import load_potential, use_threads
from mlip.potential import Potential
from structures.prototypes import build_prototype
from structures.relaxation import relax

NAMES = ("Li2ZrCl6", "LiCl", "ZrCl4", "ZrCl3")
FMAX_eV_per_A = 0.02
STRESS_MAX_eV_per_A3 = 3e-4
MAX_STEPS = 500
SAME_ENERGY_eV_per_atom = 1e-3
TARGET = 2.0
PARTS = 4


@dataclass(frozen=True)
class Minimum:
    """Where one relaxation ended."""

    atoms: Atoms
    energy_eV: float
    n_evaluations: int
    converged: bool


def build_starts(n_structures: int) -> list[Atoms]:
    """Return prototypes of 8 to 10 atoms, strained by 2 % and rattled by 0.1 Å."""
    rng = np.random.default_rng(0)
    starts = []
    for index in range(n_structures):
        atoms = build_prototype(NAMES[index % len(NAMES)])
        strain = rng.normal(scale=0.02, size=(3, 3))
        atoms.set_cell(
            atoms.cell.array @ (np.eye(3) + (strain + strain.T) / 2), scale_atoms=True
        )
        atoms.positions += rng.normal(scale=0.1, size=atoms.positions.shape)
        starts.append(atoms)
    return starts


def relax_batched(
    starts: Sequence[Atoms], potential: Potential, *, cell: str, algorithm: str
) -> list[Minimum]:
    """Return the minima that one batched relaxation finds."""
    found = relax(
        starts,
        potential,
        cell=cell,
        algorithm=algorithm,
        fmax_eV_per_A=FMAX_eV_per_A,
        stress_max_eV_per_A3=STRESS_MAX_eV_per_A3,
        max_steps=MAX_STEPS,
    )
    return [
        Minimum(one.atoms, one.energy_eV, one.n_steps + 1, one.converged)
        for one in found
    ]


def relax_one_by_one(
    starts: Sequence[Atoms], potential: Potential, *, cell: str
) -> list[Minimum]:
    """Return the minima that ASE's LBFGS finds with the thresholds of ``relax``."""
    minima = []
    for start in starts:
        atoms = start.copy()
        atoms.calc = potential.calculator()
        free = cell == "full"
        optimizer = LBFGS(FrechetCellFilter(atoms) if free else atoms, logfile=None)
        converged = False
        n_evaluations = 0
        for _ in optimizer.irun(fmax=1e-9, steps=MAX_STEPS):
            n_evaluations += 1
            # of the present structure, which the optimizer has evaluated already
            stress = atoms.get_stress() if free else np.zeros(6)
            fmax = np.linalg.norm(atoms.get_forces(), axis=1).max()
            if fmax <= FMAX_eV_per_A and np.abs(stress).max() <= STRESS_MAX_eV_per_A3:
                converged = True
                break
        minima.append(
            Minimum(atoms, atoms.get_potential_energy(), n_evaluations, converged)
        )
    return minima


def count_same(batched: Sequence[Minimum], single: Sequence[Minimum]) -> int:
    """Return how many pairs of minima are the same crystal."""
    matcher = StructureMatcher(ltol=0.05, stol=0.1, angle_tol=2, scale=False)
    to_pymatgen = AseAtomsAdaptor.get_structure

    def bare(atoms: Atoms) -> Atoms:
        return Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=True)

    return sum(
        abs(one.energy_eV - other.energy_eV) <= SAME_ENERGY_eV_per_atom * len(one.atoms)
        and matcher.fit(to_pymatgen(bare(one.atoms)), to_pymatgen(bare(other.atoms)))
        for one, other in zip(batched, single, strict=True)
    )


def clocks() -> np.ndarray:
    """Return seconds on the wall and seconds of the processor."""
    return np.array([time.perf_counter(), time.process_time()])


def measure(
    starts: Sequence[Atoms],
    potential: Potential,
    *,
    cell: str,
    algorithm: str,
    repeats: int,
) -> tuple[np.ndarray, dict[str, list[Minimum]]]:
    """Return seconds of each repeat and side (batch, ASE, alone), and the minima.

    Seconds on the wall and of the processor, shape (repeats, 3, 2). Within a repeat
    the batch runs before each quarter of the single runs, so that all sides see the
    same machine.
    """

    def relaxed(some: Sequence[Atoms]) -> list[Minimum]:
        return relax_batched(some, potential, cell=cell, algorithm=algorithm)

    minima: dict[str, list[Minimum]] = {}
    table = np.zeros((repeats, 3, 2))
    for repeat in range(repeats):
        minima = {"batch": [], "ASE": [], "alone": []}
        for part in range(PARTS):
            own = range(part, len(starts), PARTS)
            begin = clocks()
            minima["batch"] = relaxed(starts)
            after_batch = clocks()
            minima["ASE"] += relax_one_by_one(
                [starts[i] for i in own], potential, cell=cell
            )
            after_ase = clocks()
            minima["alone"] += [found for i in own for found in relaxed([starts[i]])]
            table[repeat] += (
                (after_batch - begin) / PARTS,
                after_ase - after_batch,
                clocks() - after_ase,
            )
    order = np.argsort([i for p in range(PARTS) for i in range(p, len(starts), PARTS)])
    for side in ("ASE", "alone"):
        minima[side] = [minima[side][i] for i in order]
    return table, minima


def main() -> None:
    """Print one line per freedom of the cell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--structures", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--model", default="li-zr-cl")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--algorithm", default="lbfgs", choices=("lbfgs", "fire"))
    options = parser.parse_args()
    threads = use_threads(options.threads)
    potential = load_potential(options.model, device=options.device)
    starts = build_starts(options.structures)
    size = np.mean([len(atoms) for atoms in starts])
    for cell in ("fixed", "full"):
        table, minima = measure(
            starts,
            potential,
            cell=cell,
            algorithm=options.algorithm,
            repeats=options.repeats,
        )
        batch, ase, alone = 60 * len(starts) / np.median(table[:, :, 0], axis=0)
        over_ase, over_alone = table[:, 1] / table[:, 0], table[:, 2] / table[:, 0]
        wall, processor = over_ase.T
        evaluations = {
            side: sum(found.n_evaluations for found in all_found)
            for side, all_found in minima.items()
        }
        converged = {
            side: sum(found.converged for found in all_found)
            for side, all_found in minima.items()
        }
        print(
            f"relaxation, {potential.name}, cell {cell}, {options.algorithm}, "
            f"{len(starts)} structures of {size:.1f} atoms, {threads} thread(s), "
            f"{options.device}: {batch:.0f} structures per minute in one batch, "
            f"{ase:.0f} by ASE's LBFGS one by one, ratio {np.median(wall):.1f} "
            f"({wall.min():.1f} to {wall.max():.1f}, target {TARGET:.0f}), in seconds "
            f"of the processor {np.median(processor):.1f}; "
            f"{alone:.0f} by our own one by one, ratio "
            f"{np.median(over_alone[:, 0]):.1f}; "
            f"evaluations {evaluations['batch']}, {evaluations['ASE']} and "
            f"{evaluations['alone']}; converged {converged['batch']}, "
            f"{converged['ASE']} and {converged['alone']}; same minimum as ASE "
            f"{count_same(minima['batch'], minima['ASE'])}",
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
