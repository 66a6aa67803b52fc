"""Refusal of what is no bulk crystal."""

import numpy as np
from ase import Atoms

from training_data.errors import InputError

DIRECTIONS = 3


def require_periodic(
    atoms: Atoms, *, name: str = "atoms", remedy: str = "Give a bulk cell."
) -> None:
    """Refuse a structure that is not periodic in three directions, or empty.

    Parameters
    ----------
    atoms
        Structure to look at.
    name
        What to call it in the message.
    remedy
        What to do about it.

    Raises
    ------
    InputError
        If it has no atoms, a direction without periodicity, fewer than three
        independent lattice vectors, or positions or a cell that are not finite.

    Examples
    --------
    >>> require_periodic(Atoms("Li"))
    Traceback (most recent call last):
    training_data.errors.InputError: atoms must be periodic in three directions with
    at least one atom; got 'Li' with pbc [False, False, False]. Give a bulk cell.

    """
    require_finite(atoms, name=name)
    if not (len(atoms) and atoms.pbc.all() and atoms.cell.rank == DIRECTIONS):
        raise InputError(
            f"{name} must be periodic in three directions with at least one atom; got "
            f"{atoms.get_chemical_formula()!r} with pbc {atoms.pbc.tolist()}. {remedy}"
        )


def require_finite(atoms: Atoms, *, name: str = "atoms") -> None:
    """Refuse positions and cells that are not finite.

    Comes before everything else: a rank of such a cell cannot be computed, and a
    search for symmetry with such positions ends the process.

    Parameters
    ----------
    atoms
        Structure to look at.
    name
        What to call it in the message.

    Raises
    ------
    InputError
        If a position or a lattice vector is NaN or infinite.

    Examples
    --------
    >>> require_finite(Atoms("Li", positions=[(0, 0, float("nan"))]))
    Traceback (most recent call last):
    training_data.errors.InputError: atoms must have finite positions and cell; got
    NaN or infinity. Check where they come from.

    """
    if not (np.isfinite(atoms.positions).all() and np.isfinite(atoms.cell[:]).all()):
        raise InputError(
            f"{name} must have finite positions and cell; got NaN or infinity. "
            "Check where they come from."
        )
