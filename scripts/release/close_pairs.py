"""Configurations in which one pair of atoms is far too close, for the label queue.

A network that has seen no such pair may let atoms fuse behind a low barrier. One atom
of a crystal is moved towards another until a share of the sum of their covalent
radii is left between them; the rest stays where it was.

Example
-------
    python close_pairs.py --out close-pairs.extxyz
    python label_gpaw.py close-pairs.extxyz --max-force 150 --out labels.extxyz
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from ase.io import write

from structures import build_prototype

#: Distance over the sum of the covalent radii.
SHARES = (0.55, 0.65, 0.75, 0.87)
#: Crystal, and the elements of the pair.
PAIRS = (
    ("Li2ZrCl6", "Cl", "Cl"),
    ("Li2ZrCl6", "Li", "Cl"),
    ("Li2ZrCl6", "Zr", "Cl"),
    ("Li2ZrCl6", "Li", "Zr"),
    ("Li2HfCl6", "Hf", "Cl"),
    ("Li2HfCl6", "Li", "Hf"),
    ("Li2HfCl6", "Li", "Li"),
    ("ZrCl3", "Zr", "Zr"),
    ("HfCl3", "Hf", "Hf"),
    ("Li-fcc", "Li", "Li"),
)


def squeezed(crystal: Atoms, first: str, second: str, share: float) -> Atoms:
    """Copy in which the nearest pair of two elements is pushed together.

    Parameters
    ----------
    crystal : Atoms
        Structure.
    first, second : str
        Elements; the first one moves.
    share : float
        Distance over the sum of the covalent radii.

    Returns
    -------
    Atoms
        The copy.
    """
    moved = crystal.copy()
    distances = moved.get_all_distances(mic=True)
    symbols = np.array(moved.get_chemical_symbols())
    distances[~np.outer(symbols == first, symbols == second)] = np.inf
    np.fill_diagonal(distances, np.inf)
    i, j = np.unravel_index(np.argmin(distances), distances.shape)
    vector = moved.get_distance(j, i, mic=True, vector=True)
    radii = covalent_radii[moved.numbers[[i, j]]].sum()
    direction = vector / np.linalg.norm(vector)
    moved.positions[i] = moved.positions[j] + direction * radii * share
    return moved


def main() -> int:
    """Build the pool.

    Returns
    -------
    int
        Exit status.
    """
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    pool = []
    for share in SHARES[::-1]:
        for name, first, second in PAIRS:
            atoms = squeezed(build_prototype(name), first, second, share)
            bare = Atoms(
                atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True
            )
            bare.wrap()
            bare.info.update(
                config_type="close-pair",
                parent=f"close-{first}-{second}-{name}",
                sampling=f"squeezed-{share:.2f}",
            )
            pool.append(bare)
    write(options.out, pool, format="extxyz")
    print(len(pool), "configurations")
    return 0


if __name__ == "__main__":
    sys.exit(main())
