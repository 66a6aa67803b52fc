"""Which of many equal bases of a coincidence cell is shown."""

from itertools import product

import numpy as np

from structures.superlattice import hermite_form, reduced_basis

# Changes from the reduced basis, in the order in which they are preferred.
_ORDER: dict[tuple[int, ...], int] = {
    (a, b, c, d): rank
    for rank, (a, b, c, d) in enumerate(product((-1, 0, 1), repeat=4))
    if a * d - b * c == 1 and (a, b) > (0, 0)
}
LAST = 3**4


def later_bases(
    metal: np.ndarray,
    electrolyte: np.ndarray,
    *,
    mismatch: np.ndarray,
    cell: np.ndarray,
) -> np.ndarray:
    """Whether a pair shows its two superlattices in another basis than the first.

    Parameters
    ----------
    metal, electrolyte
        Supercells, integer rows, shape (n, 2, 2).
    mismatch
        Mismatch of each pair as a fraction, (n,).
    cell
        In-plane cell of the metal, rows are vectors, shape (2, 2) [Å].

    Returns
    -------
    numpy.ndarray
        False for the first of each pair of superlattices: that of the smallest
        mismatch, and of those the first in the order of the change from the reduced
        basis, so that a match is always shown in the same cell. Shape (n,).

    """
    known: dict[tuple[int, ...], np.ndarray] = {}
    names, order = [], np.empty(len(metal), dtype=int)
    for k, rows in enumerate(metal):
        form = hermite_form(rows)
        name = tuple(form.ravel().tolist())
        if name not in known:
            known[name] = np.linalg.inv(reduced_basis(form, cell))
        names.append((*electrolyte[k].ravel().tolist(), *name))
        order[k] = _ORDER.get(_entries(rows @ known[name]), LAST)
    lattices = np.unique(np.array(names), axis=0, return_inverse=True)[1].ravel()
    rounded = mismatch.round(9)
    ranked = np.lexsort((order, rounded, lattices))
    first = ranked[np.unique(lattices[ranked], return_index=True)[1]][lattices]
    later: np.ndarray = (rounded != rounded[first]) | (order != order[first])
    return later


def _entries(matrix: np.ndarray) -> tuple[int, ...]:
    """Integers of a matrix in one row."""
    return tuple(np.round(matrix).astype(int).ravel().tolist())
