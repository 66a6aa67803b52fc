"""Pairs of atoms that are too close to be what anybody means."""

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from ase.neighborlist import neighbor_list

from structures.crystal_files import CLOSEST_A, CLOSEST_RATIO


def closest_overlap(atoms: Atoms) -> str:
    """Closest pair of atoms that overlap, periodic images included.

    Parameters
    ----------
    atoms
        Structure, periodic or not.

    Returns
    -------
    str
        The pair and its distance; empty where no two atoms are closer than 0.5 Å or
        0.6 times the sum of their covalent radii, and for a structure whose distances
        cannot be computed.

    Examples
    --------
    >>> closest_overlap(Atoms("LiCl", positions=[(0, 0, 0), (0, 0, 1)]))
    'Li 0 and Cl 1 1.000 Å apart'
    >>> closest_overlap(Atoms("LiCl", positions=[(0, 0, 0), (0, 0, 2)]))
    ''

    """
    finite = np.isfinite(atoms.positions).all() and np.isfinite(atoms.cell[:]).all()
    if not finite or np.linalg.matrix_rank(atoms.cell[atoms.pbc]) < atoms.pbc.sum():
        return ""
    half = np.maximum(CLOSEST_RATIO * covalent_radii[atoms.numbers], CLOSEST_A / 2)
    i, j, d = neighbor_list("ijd", atoms, half)
    if len(d) == 0:
        return ""
    k = int(d.argmin())
    one, other = sorted((int(i[k]), int(j[k])))
    return (
        f"{atoms.symbols[one]} {one} and {atoms.symbols[other]} {other} "
        f"{d[k]:.3f} Å apart"
    )
