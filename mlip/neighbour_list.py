"""Pairs of atoms within a cutoff, with all periodic images, each pair once."""

from dataclasses import dataclass

import numpy as np
from matscipy.neighbours import neighbour_list


@dataclass(frozen=True)
class Pairs:
    """Pairs of atoms that are close, each once.

    The vector of a pair is
    ``positions[second] - positions[first] + shifts @ cell``.

    Parameters
    ----------
    first, second
        Indices of the two atoms, ``first <= second``, shape (n_pairs,).
    shifts
        Lattice translations of the second atom, whole numbers, shape (n_pairs, 3).

    """

    first: np.ndarray
    second: np.ndarray
    shifts: np.ndarray

    def __len__(self) -> int:
        return len(self.first)


def find_pairs(
    positions: np.ndarray, cell: np.ndarray, pbc: np.ndarray, *, cutoff: float
) -> Pairs:
    """All pairs closer than a cutoff.

    Small and skewed cells, in which a pair has several images and an atom is
    its own neighbour, and atoms outside the cell are handled.

    Parameters
    ----------
    positions
        Cartesian positions in Å, shape (n_atoms, 3).
    cell
        Lattice vectors as rows in Å, shape (3, 3); rows of open directions are
        not looked at.
    pbc
        Periodic directions, shape (3,).
    cutoff
        Largest distance in Å.

    Returns
    -------
    Pairs
        Sorted by the first atom.

    Examples
    --------
    >>> cell = 2.0 * np.eye(3)
    >>> len(find_pairs(np.zeros((1, 3)), cell, np.ones(3, bool), cutoff=2.5))
    3

    """
    pbc = np.asarray(pbc, dtype=bool)
    box, origin = bounding_box(positions, cell, pbc, cutoff=cutoff)
    inverse = np.linalg.inv(box)
    scaled = (positions - origin) @ inverse
    wraps = np.where(pbc, np.floor(scaled), 0.0)
    first, second, shifts = neighbour_list(
        "ijS",
        positions=(scaled - wraps) @ box,
        cell=box,
        pbc=pbc,
        cutoff=float(cutoff),
    )
    wraps = wraps.astype(shifts.dtype)
    # the list is for wrapped atoms; give the shifts of the atoms as they are
    shifts = shifts - wraps[second] + wraps[first]
    half = first < second
    same = first == second
    x, y, z = shifts.T
    half |= same & ((x > 0) | ((x == 0) & ((y > 0) | ((y == 0) & (z > 0)))))
    return Pairs(first[half], second[half], shifts[half])


def bounding_box(
    positions: np.ndarray, cell: np.ndarray, pbc: np.ndarray, *, cutoff: float
) -> tuple[np.ndarray, np.ndarray]:
    """Cell whose open directions are perpendicular to the rest and hold all atoms."""
    if pbc.all():
        return np.array(cell, dtype=float), np.zeros(3)
    box = np.zeros((3, 3))
    box[pbc] = cell[pbc]
    # rows that complete the periodic ones to a basis, orthogonal to them
    open_directions = np.linalg.svd(box)[2][int(pbc.sum()) :]
    reach = positions @ open_directions.T
    low, high = reach.min(axis=0), reach.max(axis=0)
    lengths = high - low + 2.0 * cutoff
    box[~pbc] = open_directions * lengths[:, None]
    origin = (low - 0.5 * cutoff) @ open_directions
    return box, origin
