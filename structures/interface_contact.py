"""Contact of two sides: no atoms of one inside those of the other."""

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from ase.neighborlist import neighbor_list

from structures.crystal_files import CLOSEST_A, CLOSEST_RATIO
from training_data.errors import InputError


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
