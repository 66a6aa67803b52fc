"""Contact of two sides: no atoms of one inside those of the other."""

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from ase.neighborlist import neighbor_list

from structures.crystal_files import CLOSEST_A, CLOSEST_RATIO
from training_data.errors import InputError

FACING_A = 0.3  # thickness of the planes that face each other


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """Atoms of the two sides that overlap.

    Parameters
    ----------
    pair
        Their names and indices.
    distance_A
        Their distance [Å].
    over_the_top
        Whether they meet across the cell's boundary along z.

    """

    pair: str
    distance_A: float
    over_the_top: bool

    def __str__(self) -> str:
        """Pair and distance."""
        return f"{self.pair} {self.distance_A:.3f} Å apart"


def contact_overlap(atoms: Atoms) -> Overlap | None:
    """Closest pair of atoms across the contacts that overlap, periodic images too.

    Parameters
    ----------
    atoms
        Interface with ``arrays["side"]``, z along the normal.

    Returns
    -------
    Overlap or None
        The pair that is closest; None where no two atoms of different sides are
        closer than 0.5 Å or 0.6 times the sum of their covalent radii.

    Examples
    --------
    >>> atoms = Atoms("LiCl", positions=[(0, 0, 0), (0, 0, 1)], cell=[9, 9, 9])
    >>> atoms.set_array("side", np.array([0, 1]))
    >>> str(contact_overlap(atoms))
    'Li 0 and Cl 1 1.000 Å apart'

    """
    half = np.maximum(CLOSEST_RATIO * covalent_radii[atoms.numbers], CLOSEST_A / 2)
    i, j, d, images = neighbor_list("ijdS", atoms, half)
    side = atoms.arrays["side"]
    across = np.flatnonzero((side[i] != side[j]) & (i < j))
    if len(across) == 0:
        return None
    k = int(across[d[across].argmin()])
    return Overlap(
        pair=f"{atoms.symbols[i[k]]} {i[k]} and {atoms.symbols[j[k]]} {j[k]}",
        distance_A=float(d[k]),
        over_the_top=bool(images[k, 2] != 0),
    )


def check_contact(atoms: Atoms, *, gap_A: float, vacuum_A: float | None) -> None:
    """Refusal of an interface whose sides overlap.

    Parameters
    ----------
    atoms
        Interface with ``arrays["side"]``, z along the normal.
    gap_A, vacuum_A
        As it was built [Å].

    Raises
    ------
    InputError
        If two atoms of different sides overlap (``contact_overlap``).

    """
    overlap = contact_overlap(atoms)
    if overlap is None:
        return
    if overlap.over_the_top and vacuum_A is not None:
        raise InputError(
            f"vacuum_A must keep the periodic images apart; got {vacuum_A!r}, which "
            f"leaves {overlap}. Give 10 Å or more, or None for a second contact."
        )
    raise InputError(
        f"gap_A must keep the atoms of both sides apart; got {gap_A!r}, which leaves "
        f"{overlap}. Take a larger gap_A, or another shift."
    )


def shortest_contact(atoms: Atoms) -> float:
    """Shortest distance of two atoms of different sides, periodic images too [Å].

    Parameters
    ----------
    atoms
        Interface with ``arrays["side"]``, electrolyte below, z along the normal, in a
        reduced in-plane cell.

    Examples
    --------
    >>> atoms = Atoms("LiCl", positions=[(8, 0, 6), (0, 0, 4)], cell=[9, 9, 20])
    >>> atoms.set_array("side", np.array([0, 1]))
    >>> round(shortest_contact(atoms) ** 2, 6)
    5.0

    """
    metal = atoms.positions[atoms.arrays["side"] == 0]
    electrolyte = atoms.positions[atoms.arrays["side"] == 1]
    plane, height = atoms.cell[:2, :2], np.array([0.0, 0.0, atoms.cell[2, 2]])
    return min(
        _shortest(electrolyte, metal, plane),
        _shortest(metal, electrolyte + height, plane),
    )


def _shortest(below: np.ndarray, above: np.ndarray, plane: np.ndarray) -> float:
    """Shortest distance across one contact [Å]."""
    top, bottom = below[:, 2].max(), above[:, 2].min()
    facing = (
        below[below[:, 2] > top - FACING_A],
        above[above[:, 2] < bottom + FACING_A],
    )
    # no pair is closer than its heights differ: the rest need not be looked at
    nearest = float(_distances(*facing, plane).min()) + 1e-9
    near = below[below[:, 2] >= bottom - nearest], above[above[:, 2] <= top + nearest]
    return float(_distances(*near, plane).min())


def _distances(below: np.ndarray, above: np.ndarray, plane: np.ndarray) -> np.ndarray:
    """Distances to the nearest in-plane images, (n_below, n_above) [Å]."""
    apart = above[None, :, :] - below[:, None, :]
    fractions = apart[..., :2] @ np.linalg.inv(plane)
    lateral = (fractions - np.round(fractions)) @ plane
    images = np.array([(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]) @ plane
    flat = np.min([((lateral + image) ** 2).sum(axis=-1) for image in images], axis=0)
    distances: np.ndarray = np.sqrt(flat + apart[..., 2] ** 2)
    return distances
