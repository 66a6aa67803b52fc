"""Duplicates: false merges and splits against known counts, and processor time.

Every way of putting Zr, Li and vacancies on the octahedra of a chlorine packing is a
structure; which of them are the same follows exactly from the symmetry of the packing.
Each is disguised (supercell, rotation, shuffled atoms, shift, noise) and the groups
that come back are compared with the exact ones.

    python benchmarks/duplicates.py [--structures 300] [--noise-A 0.05] [--seed 1]
"""

import argparse
import json
import time

import numpy as np
from ase import Atoms
from ase.build import bulk, make_supercell

from structures import MatchCriteria, find_duplicates
from structures.site_symmetry import permutations_of_sites, permutations_within
from training_data import fingerprint

N_COPIES = 4


def chlorine_packing(kind: str) -> tuple[Atoms, int]:
    """Chlorine packing with Al marking its octahedra, and number of chlorine atoms.

    sqrt(3) x sqrt(3) in the plane and 4 (hcp) or 6 (ccp) planes along c, hexagonal.
    """
    in_plane, height = 3.65, 2.95
    stacking = {"hcp": "ABAB", "ccp": "ABCABC"}[kind]
    spots = {"A": (0.0, 0.0), "B": (1 / 3, 2 / 3), "C": (2 / 3, 1 / 3)}
    cell = bulk("Cl", "hcp", a=in_plane, c=height * len(stacking)).cell
    scaled, numbers = [], []
    for plane, letter in enumerate(stacking):
        following = stacking[(plane + 1) % len(stacking)]
        hole = next(s for s in "ABC" if s not in (letter, following))
        scaled += [(*spots[letter], plane / len(stacking))]
        scaled += [(*spots[hole], (plane + 0.5) / len(stacking))]
        numbers += [17, 13]
    atoms = Atoms(numbers, scaled_positions=scaled, cell=cell, pbc=True)
    wide = make_supercell(atoms, [[2, 1, 0], [-1, 1, 0], [0, 0, 1]])
    order = np.argsort(-wide.numbers, kind="stable")
    wide = wide[order]
    return wide, int(np.count_nonzero(wide.numbers == 17))


def octahedron_permutations(packing: Atoms) -> np.ndarray:
    """How the symmetry of the packing permutes its octahedra, (n_operations, n)."""
    permutations = permutations_of_sites(
        packing.cell[:], packing.get_scaled_positions(), packing.numbers.tolist()
    )
    return permutations_within(permutations, np.flatnonzero(packing.numbers == 13))


def decorations(n_sites: int, rng: np.random.Generator, *, n: int) -> np.ndarray:
    """Random ways to fill the octahedra: 40, 3 or 0 (vacancy), Li2ZrCl6 overall."""
    row = np.zeros(n_sites, dtype=int)
    row[: n_sites // 6] = 40
    row[n_sites // 6 : n_sites // 2] = 3
    return np.array([rng.permutation(row) for _ in range(n)])


def orbit_labels(ways: np.ndarray, permutations: np.ndarray) -> np.ndarray:
    """Which decorations are the same under the symmetry: one integer an orbit."""
    digits = np.searchsorted([0, 3, 40], ways)
    base = 3 ** np.arange(ways.shape[1])
    images = np.stack([digits[:, p] @ base for p in permutations])
    return images.min(axis=0)


def disguised(atoms: Atoms, noise_A: float, rng: np.random.Generator) -> Atoms:
    """Hide a crystal in another cell, orientation, order and origin, with noise."""
    repeats = [(1, 1, 1), (1, 1, 1), (2, 1, 1), (1, 1, 2)][rng.integers(4)]
    copy = atoms.repeat(repeats)
    copy.positions += rng.normal(scale=noise_A, size=copy.positions.shape)
    copy.rotate(rng.uniform(0, 180), rng.normal(size=3), rotate_cell=True)
    copy = copy[rng.permutation(len(copy))]
    copy.positions += rng.normal(scale=3.0, size=3)
    copy.wrap()
    return copy


def measured(
    kind: str, n: int, noise_A: float, seed: int, tolerance: float = 0.15
) -> dict[str, object]:
    """Measure false merges, false splits and time for one packing."""
    rng = np.random.default_rng(seed)
    packing, n_chlorine = chlorine_packing(kind)
    permutations = octahedron_permutations(packing)
    ways = decorations(len(packing) - n_chlorine, rng, n=-(-n // N_COPIES))
    ways = np.repeat(ways, N_COPIES, axis=0)[:n]
    structures = []
    for row in ways:
        atoms = packing.copy()
        atoms.numbers[n_chlorine:] = row
        structures.append(disguised(atoms[atoms.numbers > 0], noise_A, rng))
    truth = orbit_labels(ways, permutations)
    begin = time.process_time()
    for atoms in structures:
        fingerprint(atoms)
    middle = time.process_time()
    criteria = MatchCriteria(fingerprint_tolerance=tolerance)
    found = find_duplicates(structures, criteria=criteria)
    end = time.process_time()
    merged = sum(len(set(truth[list(group)])) - 1 for group in found.groups)
    group_of = np.empty(n, dtype=int)
    for k, group in enumerate(found.groups):
        group_of[list(group)] = k
    split = sum(len(set(group_of[truth == t])) - 1 for t in set(truth))
    return {
        "packing": kind,
        "noise_A": noise_A,
        "fingerprint_tolerance": tolerance,
        "n_structures": n,
        "mean_atoms": float(np.mean([len(atoms) for atoms in structures])),
        "distinct_exact": len(set(truth)),
        "distinct_found": len(found.groups),
        "false_merges": merged,
        "false_splits": split,
        "failures": len(found.failures),
        "site_comparisons": found.n_site_comparisons,
        "fingerprint_ms_per_structure": 1e3 * (middle - begin) / n,
        "cpu_seconds": end - middle,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--structures", type=int, default=500)
    parser.add_argument("--noise-A", type=float, nargs="+", default=[0.0, 0.05, 0.1])
    parser.add_argument("--tolerance", type=float, default=0.15)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    for packing_kind in ("hcp", "ccp"):
        for noise in asked.noise_A:
            answer = measured(
                packing_kind, asked.structures, noise, asked.seed, asked.tolerance
            )
            print(json.dumps(answer), flush=True)
