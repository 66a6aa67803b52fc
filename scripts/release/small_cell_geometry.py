"""Geometry of the small cells of the queue: random starts, strain, distances."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.geometry import get_distances

#: Two atoms closer than this do not become a configuration [A].
CLOSEST = {"LiLi": 2.2, "ClLi": 1.9, "ClCl": 2.6, "ClM": 2.0, "LiM": 2.2, "MM": 2.3}
#: Volume per atom of random starts [A^3].
VOLUME = {"Li": 12.0, "Cl": 26.0, "Zr": 16.0}


def as_pool(atoms: Atoms, kind: str, parent: str, sampling: str) -> Atoms:
    """Bare copy with the keys of a pool.

    Parameters
    ----------
    atoms : Atoms
        Structure.
    kind, parent, sampling : str
        Its ``config_type``, ``parent`` and ``sampling``.

    Returns
    -------
    Atoms
        The copy; a long axis lies along the third vector if it did before.
    """
    bare = Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True)
    bare.wrap()
    bare.info.update(config_type=kind, parent=parent, sampling=sampling)
    return bare


def shortest_ratio(atoms: Atoms) -> float:
    """Smallest ratio of a distance to what `CLOSEST` allows.

    Parameters
    ----------
    atoms : Atoms
        Structure.

    Returns
    -------
    float
        Above one where every pair is far enough apart.
    """
    symbols = ["M" if s in ("Zr", "Hf") else s for s in atoms.get_chemical_symbols()]
    copies = atoms.repeat(2)
    _, distances = get_distances(
        atoms.positions, copies.positions, cell=copies.cell, pbc=True
    )
    smallest = np.inf
    for i, first in enumerate(symbols):
        for j, second in enumerate(symbols * 8):
            if distances[i, j] > 0.01:
                limit = CLOSEST["".join(sorted((first, second)))]
                smallest = min(smallest, distances[i, j] / limit)
    return smallest


def random_start(symbols: list[str], rng: np.random.Generator) -> Atoms:
    """Random cell whose atoms keep their distances.

    Parameters
    ----------
    symbols : list of str
        Atoms.
    rng : Generator
        Random numbers.

    Returns
    -------
    Atoms
        Cell of ordinary density.
    """
    volume = sum(VOLUME[s] for s in symbols) * 1.15
    while True:
        lengths = rng.uniform(0.7, 1.4, 3)
        cosines = rng.uniform(-0.35, 0.35, 3)
        cell = np.diag(lengths)
        cell[1, 0], cell[2, 0], cell[2, 1] = cosines * lengths[[0, 0, 1]]
        cell *= (volume / abs(np.linalg.det(cell))) ** (1 / 3)
        for _ in range(300):
            atoms = Atoms(symbols, cell=cell, pbc=True)
            atoms.set_scaled_positions(rng.random((len(symbols), 3)))
            if shortest_ratio(atoms) > 0.8:
                return atoms


def strained(atoms: Atoms, volume: float, rng: np.random.Generator) -> Atoms:
    """Crystal at another volume, sheared a little, atoms displaced a little.

    Parameters
    ----------
    atoms : Atoms
        Crystal.
    volume : float
        Volume over that of the crystal.
    rng : Generator
        Random numbers.

    Returns
    -------
    Atoms
        The copy.
    """
    strain = rng.normal(scale=0.02, size=(3, 3))
    strain = (strain + strain.T) / 2
    strain -= np.eye(3) * np.trace(strain) / 3
    changed = atoms.copy()
    changed.set_cell(
        atoms.cell.array @ (np.eye(3) + strain) * volume ** (1 / 3), scale_atoms=True
    )
    changed.positions += rng.normal(scale=0.04, size=changed.positions.shape)
    return changed


def with_hafnium(atoms: Atoms) -> Atoms:
    """Copy with Hf in the place of Zr, its keys renamed.

    Parameters
    ----------
    atoms : Atoms
        Configuration of a pool.

    Returns
    -------
    Atoms
        The copy.
    """
    other = atoms.copy()
    symbols = ["Hf" if s == "Zr" else s for s in atoms.get_chemical_symbols()]
    other.set_chemical_symbols(symbols)
    for key in ("config_type", "parent"):
        other.info[key] = str(atoms.info[key]).replace("Zr", "Hf")
    return other
