"""Supercells with the ion before and after a hop."""

from typing import Literal

import numpy as np
from ase import Atom, Atoms
from numpy.typing import NDArray

from structures.hops import Hop
from training_data.errors import InputError

Mechanism = Literal["vacancy", "interstitial"]


def supercell_repeats(
    atoms: Atoms, *, smallest_height_A: float
) -> tuple[int, int, int]:
    """Repeats along a, b and c until every height of the cell is large enough.

    Parameters
    ----------
    atoms
        Crystal.
    smallest_height_A
        Smallest distance of opposite faces [Å]; no direction is repeated less than
        is needed for a hop to end on another ion than its own image.

    Examples
    --------
    >>> from ase.build import bulk
    >>> supercell_repeats(bulk("Cu", a=3.6, cubic=True), smallest_height_A=8.0)
    (3, 3, 3)

    """
    heights = 1 / np.linalg.norm(np.linalg.inv(atoms.cell.array), axis=0)
    a, b, c = np.ceil(smallest_height_A / heights - 1e-9).astype(int).tolist()
    return max(a, 1), max(b, 1), max(c, 1)


def hop_ends(
    atoms: Atoms,
    hop: Hop,
    *,
    species: str,
    scaled_sites: NDArray[np.float64],
    repeats: tuple[int, int, int],
    mechanism: Mechanism,
) -> tuple[Atoms, Atoms]:
    """Structures before and after a hop; the moving ion is the last atom of both.

    Parameters
    ----------
    atoms
        Crystal, all sites occupied.
    hop
        From ``distinct_hops`` on ``scaled_sites``.
    species
        Element that moves.
    scaled_sites
        Fractional coordinates of the sites, shape (n_sites, 3).
    repeats
        Size of the supercell.
    mechanism
        ``"vacancy"``: the ion leaves its site for that of an ion which is missing;
        ``"interstitial"``: one ion more hops from one empty place to another.

    Returns
    -------
    tuple of Atoms
        Not relaxed.

    Raises
    ------
    InputError
        If the supercell is too small for the hop to have two ends.

    """
    cell = atoms.cell.array
    cells = np.array(repeats)
    start = scaled_sites[hop.start] @ cell
    end = start + hop.vector_A
    supercell = atoms * repeats
    apart = hop.vector_A @ np.linalg.inv(supercell.cell.array)
    if not (np.abs(apart - np.round(apart)) > 1e-3).any():  # noqa: PLR2004 (fraction)
        raise InputError(
            f"repeats must hold both ends of a hop of {hop.distance_A:.2f} Å; got "
            f"{tuple(cells.tolist())}, in which they coincide. Take a larger cell."
        )
    if mechanism == "vacancy":
        taken = [_atom_at(supercell, place) for place in (start, end)]
        keep = np.ones(len(supercell), dtype=bool)
        keep[taken] = False
        supercell = supercell[keep]
    first, last = supercell.copy(), supercell.copy()
    first.append(Atom(species, start))
    last.append(Atom(species, end))
    return first, last


def _atom_at(atoms: Atoms, place: NDArray[np.float64]) -> int:
    apart = (atoms.positions - place) @ np.linalg.inv(atoms.cell.array)
    apart -= np.round(apart)
    return int(np.linalg.norm(apart @ atoms.cell.array, axis=1).argmin())
