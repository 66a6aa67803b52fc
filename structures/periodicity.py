"""Refusal of what is no bulk crystal."""

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
        If it has no atoms, a direction without periodicity, or fewer than three
        independent lattice vectors.

    Examples
    --------
    >>> require_periodic(Atoms("Li"))
    Traceback (most recent call last):
    training_data.errors.InputError: atoms must be periodic in three directions with
    at least one atom; got 'Li' with pbc [False, False, False]. Give a bulk cell.

    """
    if not (len(atoms) and atoms.pbc.all() and atoms.cell.rank == DIRECTIONS):
        raise InputError(
            f"{name} must be periodic in three directions with at least one atom; got "
            f"{atoms.get_chemical_formula()!r} with pbc {atoms.pbc.tolist()}. {remedy}"
        )
