"""Cells in standard orientation: a along x, b in the xy plane, right-handed."""

import numpy as np
from ase.cell import Cell
from numpy.typing import NDArray

_RELATIVE_ROUNDING = 1e-14


def standard_orientation(
    cell: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Lower-triangular cell of the same lattice, and the rotation to it.

    Parameters
    ----------
    cell
        (3, 3) Å, rows are the lattice vectors; zero rows are allowed.

    Returns
    -------
    cell
        (3, 3) Å, lower triangular; positive diagonal where the rank is 3.
    rotation
        (3, 3) proper rotation Q with ``vector_standard = vector @ Q.T``, or None
        when nothing has to be turned (vectors then keep every bit).

    Notes
    -----
    No rotation makes a left-handed cell right-handed, but the three opposite
    vectors span the same lattice and are right-handed; they are what is returned.

    Examples
    --------
    >>> left_handed = np.array([[0, 2.0, 0], [3.0, 0, 0], [0, 0, 4.0]])
    >>> cell, rotation = standard_orientation(left_handed)
    >>> cell.tolist()
    [[2.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 4.0]]

    """
    cell = np.array(cell, dtype=float)
    size = np.abs(cell).max()
    upper = cell[np.triu_indices(3, k=1)]
    if np.all(np.abs(upper) <= _RELATIVE_ROUNDING * size) and np.all(
        np.diag(cell) >= 0
    ):
        return np.tril(cell), None
    if np.linalg.det(cell) < 0:
        cell = -cell
    standard, rotation = Cell(cell).standard_form()
    return np.tril(np.asarray(standard.array)) + 0.0, np.asarray(rotation)
