"""Terminations: every cut between two atomic planes, with its faces and polarity."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms

from structures.oriented_crystal import (
    SYMMETRY_A,
    NEUTRAL_e,
    OrientedCrystal,
    formal_charges,
    orient_crystal,
)
from training_data.errors import InputError

PLANE_TOLERANCE_A = 0.3
POLAR_e_per_A = 1e-3  # dipole per area


@dataclass(frozen=True, kw_only=True)
class Termination:
    """Cut of a crystal between two atomic planes.

    Parameters
    ----------
    index
        Place in the list; 0 is the first choice.
    plane_below, plane_above
        Formulas of the planes on both sides of the cut, per in-plane cell. A slab cut
        here ends with ``plane_below`` at its top and begins with ``plane_above``.
    gap_A
        Distance of the two planes [Å].
    height_A
        Height of the cut above the origin of the repeat [Å].
    top_face, bottom_face
        Numbers of the two faces; equal numbers are equivalent by symmetry.
    symmetric
        Whether the two faces are equivalent: complete layers then make a slab with two
        like surfaces.
    n_equivalent
        Number of equivalent cuts per repeat.
    dipole_e_per_A
        Dipole of one repeat cut here, from formal charges, per area [e/Å]; positive
        points along the normal. None where no formal charges are known.
    tasker_type
        1: every plane is neutral; 2: charged planes, no dipole; 3: a dipole. None
        where no formal charges are known.

    """

    index: int
    plane_below: str
    plane_above: str
    gap_A: float
    height_A: float
    top_face: int
    bottom_face: int
    symmetric: bool
    n_equivalent: int
    dipole_e_per_A: float | None
    tasker_type: int | None

    def to_json(self) -> dict[str, Any]:
        """All numbers of the termination."""
        return dict(vars(self))


@dataclass(frozen=True, kw_only=True)
class Cuts:
    """All cuts of one repeat, from the bottom.

    Parameters
    ----------
    order
        Atoms of the repeat by height.
    places
        The cut c is above atom ``order[places[c]]``, (n,).
    gaps_A
        Width of each cut [Å], (n,).
    heights
        Middle of each cut as a fraction of the repeat, (n,).
    orbits
        Cuts with one number are equivalent by an operation that keeps the normal, (n,).
    top_faces, bottom_faces
        Numbers of the faces below and above each cut; equal numbers are equivalent by
        any operation, (n,).

    """

    order: np.ndarray
    places: np.ndarray
    gaps_A: np.ndarray
    heights: np.ndarray
    orbits: np.ndarray
    top_faces: np.ndarray
    bottom_faces: np.ndarray


def surface_terminations(
    crystal: Atoms,
    *,
    miller: tuple[int, int, int],
    plane_tolerance_A: float = PLANE_TOLERANCE_A,
    oxidation_states: Mapping[str, float] | None = None,
) -> tuple[Termination, ...]:
    """All terminations of a lattice plane, non-polar and symmetric ones first.

    Parameters
    ----------
    crystal
        Periodic crystal in any cell.
    miller
        Plane (h, k, l) in the cell that is given.
    plane_tolerance_A
        Atoms closer than this along the normal are one plane [Å].
    oxidation_states
        Charges that are not in the table of undisputed ones [e].

    Returns
    -------
    tuple of Termination
        One for each cut that no operation which keeps the normal maps on another; in
        order of Tasker type, symmetry of the faces and width of the cut.

    Raises
    ------
    InputError
        If the crystal, the plane, the tolerance or the charges cannot be used.

    Notes
    -----
    An operation of the space group that keeps the plane moves heights by
    ``z' = ± z + w``. With + it maps a cut on an equivalent one; with − it exchanges
    the faces as well. The dipole of one repeat is ``μ = Σ q (z − z_cut) / A``; a
    slab of n repeats has n μ, and a field that grows with its thickness unless μ = 0.

    ======  ===================
    symbol  variable
    ======  ===================
    μ       ``dipole_e_per_A``
    ======  ===================

    References
    ----------
    P. W. Tasker, J. Phys. C 12, 4977 (1979), doi:10.1088/0022-3719/12/22/036.

    Examples
    --------
    >>> from structures.prototypes import build_prototype
    >>> found = surface_terminations(build_prototype("LiCl"), miller=(1, 1, 1))
    >>> [(t.plane_below, t.plane_above, t.tasker_type) for t in found]
    [('Li', 'Cl', 3), ('Cl', 'Li', 3)]

    """
    oriented = orient_crystal(crystal, miller=miller)
    cuts = find_cuts(oriented, plane_tolerance_A=plane_tolerance_A)
    chosen = ranked_cuts(oriented, cuts, oxidation_states=oxidation_states)
    charges = formal_charges(oriented.repeat, oxidation_states=oxidation_states)
    return tuple(
        _termination(index, oriented, cuts, int(cut), charges)
        for index, cut in enumerate(chosen)
    )


def find_cuts(oriented: OrientedCrystal, *, plane_tolerance_A: float) -> Cuts:
    """Cuts between the atomic planes of one repeat.

    Parameters
    ----------
    oriented
        Crystal in the plane's frame.
    plane_tolerance_A
        Atoms closer than this along the normal are one plane [Å].

    """
    if not plane_tolerance_A > 0:
        raise InputError(
            f"plane_tolerance_A must be positive; got {plane_tolerance_A!r}. "
            "Give 0.05 to 0.5 Å."
        )
    z = oriented.repeat.positions[:, 2]
    height = oriented.height_A
    order = np.argsort(z, kind="stable")
    gaps = np.diff(np.append(z[order], z[order[0]] + height))
    places = np.flatnonzero(gaps > plane_tolerance_A)
    if len(places) == 0:
        places = np.array([int(gaps.argmax())])
    middles = (z[order[places]] + gaps[places] / 2) / height % 1.0
    orbits, faces = _classes(oriented, middles)
    return Cuts(
        order=order,
        places=places,
        gaps_A=gaps[places],
        heights=middles,
        orbits=orbits,
        top_faces=faces[::2],
        bottom_faces=faces[1::2],
    )


def ranked_cuts(
    oriented: OrientedCrystal,
    cuts: Cuts,
    *,
    oxidation_states: Mapping[str, float] | None = None,
) -> np.ndarray:
    """Cut that stands for each termination, first choices first.

    Parameters
    ----------
    oriented, cuts
        Crystal in the plane's frame and its cuts.
    oxidation_states
        Charges that are not in the table of undisputed ones [e].

    Returns
    -------
    numpy.ndarray
        Indices into the cuts, one for each orbit.

    """
    charges = formal_charges(oriented.repeat, oxidation_states=oxidation_states)
    first = [int(np.flatnonzero(cuts.orbits == o)[0]) for o in np.unique(cuts.orbits)]

    def rank(cut: int) -> tuple[float, bool, float, float]:
        _, tasker = cut_polarity(oriented, cuts, cut, charges)
        uneven = cuts.top_faces[cut] != cuts.bottom_faces[cut]
        return (
            tasker or 0,
            bool(uneven),
            -round(float(cuts.gaps_A[cut]), 3),
            round(float(cuts.heights[cut]), 6),
        )

    return np.array(sorted(first, key=rank))


def cut_polarity(
    oriented: OrientedCrystal, cuts: Cuts, cut: int, charges: np.ndarray | None
) -> tuple[float | None, int | None]:
    """Dipole per area of one neutral repeat above a cut [e/Å], and its Tasker type.

    Parameters
    ----------
    oriented, cuts
        Crystal in the plane's frame and its cuts.
    cut
        Which of the cuts.
    charges
        Formal charges of the repeat [e], shape (n_atoms,); None gives None for both.

    """
    if charges is None:
        return None, None
    z = oriented.repeat.positions[:, 2]
    start = cuts.heights[cut] * oriented.height_A
    above = (z - start) % oriented.height_A
    area = float(np.linalg.det(oriented.repeat.cell[:2, :2]))
    dipole = float(charges @ above) / area
    dipole = 0.0 if abs(dipole) <= POLAR_e_per_A else dipole
    planes = [charges[plane].sum() for plane in _planes(cuts)]
    return dipole, tasker_type(dipole, np.array(planes))


def tasker_type(dipole_e_per_A: float, plane_charges: np.ndarray) -> int:
    """Type of a neutral repeat: 1 neutral planes, 2 no dipole, 3 a dipole.

    Parameters
    ----------
    dipole_e_per_A
        Dipole of the repeat per area [e/Å].
    plane_charges
        Charge of each of its planes [e].

    Examples
    --------
    >>> tasker_type(0.0, np.array([-3.0, 6.0, -3.0]))
    2

    """
    if abs(dipole_e_per_A) > POLAR_e_per_A:
        return 3
    return 2 if np.abs(plane_charges).max(initial=0.0) > NEUTRAL_e else 1


def _classes(
    oriented: OrientedCrystal, middles: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Orbits of the cuts, and classes of faces (top and bottom of each in turn)."""
    n = len(middles)
    orbits, faces = np.arange(n), np.arange(2 * n)

    def join(labels: np.ndarray, a: int, b: int) -> None:
        low, high = sorted((labels[a], labels[b]))
        labels[labels == high] = low

    for flip, shift in zip(oriented.flips, oriented.shifts, strict=True):
        moved = (-middles if flip else middles) + shift
        away = moved[:, None] - middles[None, :]
        away = np.abs(away - np.round(away)) * oriented.height_A
        for a, b in np.argwhere(away <= 10 * SYMMETRY_A):
            join(faces, 2 * a, 2 * b + int(flip))
            join(faces, 2 * a + 1, 2 * b + 1 - int(flip))
            if not flip:
                join(orbits, a, b)
    return np.unique(orbits, return_inverse=True)[1], np.unique(
        faces, return_inverse=True
    )[1]


def _planes(cuts: Cuts) -> list[np.ndarray]:
    """Atoms of the plane above each cut."""
    first = int(cuts.places[0]) + 1
    rolled = np.roll(cuts.order, -first)
    pieces = np.split(rolled, np.cumsum(np.diff(cuts.places)))
    return list(pieces)


def _termination(
    index: int,
    oriented: OrientedCrystal,
    cuts: Cuts,
    cut: int,
    charges: np.ndarray | None,
) -> Termination:
    """Record of one cut."""
    planes = _planes(cuts)
    dipole, tasker = cut_polarity(oriented, cuts, cut, charges)
    return Termination(
        index=index,
        plane_below=oriented.repeat[planes[cut - 1]].get_chemical_formula("metal"),
        plane_above=oriented.repeat[planes[cut]].get_chemical_formula("metal"),
        gap_A=float(cuts.gaps_A[cut]),
        height_A=float(cuts.heights[cut] * oriented.height_A),
        top_face=int(cuts.top_faces[cut]),
        bottom_face=int(cuts.bottom_faces[cut]),
        symmetric=bool(cuts.top_faces[cut] == cuts.bottom_faces[cut]),
        n_equivalent=int(np.sum(cuts.orbits == cuts.orbits[cut])),
        dipole_e_per_A=dipole,
        tasker_type=tasker,
    )
