"""Coincidence lattices of two planes, with the strain that joins them."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from structures.alignment import (
    alignment,
    coincidence_cells,
    standard_alignment,
)
from structures.standard_basis import later_bases
from structures.superlattice import (
    hermite_forms,
    lattice_symmetry,
    lattice_vectors,
    reduced_basis,
)
from training_data.errors import InputError

MOST_CELLS = 150  # of the electrolyte: 18,000 superlattices, seconds
LARGEST_MISMATCH = 0.15  # that a message tells about
MOST_MISMATCH_PERCENT = 10.0  # that is searched: the time grows with its square


@dataclass(frozen=True, kw_only=True)
class LatticeMatch:
    """Supercells of two planes that coincide under a small strain.

    Parameters
    ----------
    metal_supercell, electrolyte_supercell
        Integer 2x2 matrices: rows are the supercell vectors in units of the in-plane
        cells.
    metal_multiple, electrolyte_multiple
        Number of in-plane cells in the supercell (determinants).
    area_A2
        Area of the common cell, that of the unstrained electrolyte [Å²].
    principal_strains
        Strains of the metal along its two principal directions, ascending.
    mismatch_percent
        ``100 sqrt(e1² + e2² - e1 e2)`` of the principal strains.
    length_A
        Longer edge of the common cell [Å].
    angle_degree
        Angle of the common cell.
    rotation_degree
        Angle by which the metal is turned against the given in-plane cells, in
        (-180, 180].
    primitive
        Whether the common cell is the smallest of this alignment. Of a multiple, the
        most compact cell is listed.

    """

    metal_supercell: tuple[tuple[int, int], tuple[int, int]]
    electrolyte_supercell: tuple[tuple[int, int], tuple[int, int]]
    metal_multiple: int
    electrolyte_multiple: int
    area_A2: float
    principal_strains: tuple[float, float]
    mismatch_percent: float
    length_A: float
    angle_degree: float
    rotation_degree: float
    primitive: bool

    def to_json(self) -> dict[str, object]:
        """All numbers of the match."""
        return {
            "metal_supercell": [list(row) for row in self.metal_supercell],
            "electrolyte_supercell": [list(row) for row in self.electrolyte_supercell],
            "metal_multiple": self.metal_multiple,
            "electrolyte_multiple": self.electrolyte_multiple,
            "area_A2": self.area_A2,
            "principal_strains_percent": [100 * e for e in self.principal_strains],
            "mismatch_percent": self.mismatch_percent,
            "length_A": self.length_A,
            "angle_degree": self.angle_degree,
            "rotation_degree": self.rotation_degree,
            "primitive": self.primitive,
        }


def in_plane_mismatch(principal_strains: np.ndarray) -> np.ndarray:
    """Von Mises form of two principal in-plane strains.

    Parameters
    ----------
    principal_strains
        Strains e1, e2, shape (..., 2).

    Returns
    -------
    numpy.ndarray
        ``sqrt(e1² + e2² - e1 e2)``, shape (...): e for the strain (e, e), which is the
        usual lattice mismatch, e for (e, 0), and sqrt(3) e for the shear (e, -e).

    Examples
    --------
    >>> round(float(in_plane_mismatch(np.array([0.02, 0.02]))), 6)
    0.02

    """
    e1, e2 = principal_strains[..., 0], principal_strains[..., 1]
    return np.asarray(np.sqrt(np.maximum(e1**2 + e2**2 - e1 * e2, 0.0)))


def lattice_matches(
    metal: np.ndarray,
    electrolyte: np.ndarray,
    *,
    max_area_A2: float = 400.0,
    max_mismatch_percent: float = 2.0,
    min_area_A2: float = 0.0,
    metal_symmetry: np.ndarray | None = None,
    electrolyte_symmetry: np.ndarray | None = None,
) -> tuple[LatticeMatch, ...]:
    """Coincidence lattices, smallest area first and then smallest mismatch.

    Parameters
    ----------
    metal, electrolyte
        In-plane cells, rows are vectors, shape (2, 2) [Å], right-handed.
    max_area_A2, min_area_A2
        Limits of the common cell's area [Å²].
    max_mismatch_percent
        Largest mismatch that is kept, at most 10 %.
    metal_symmetry, electrolyte_symmetry
        Rotations and reflections of the two surfaces, integer matrices that act on
        rows of in-plane coordinates from the right, shape (n, 2, 2). Left out: those
        of the bare lattices, which hold surfaces alike that differ by a turn.

    Returns
    -------
    tuple of LatticeMatch
        One for each inequivalent alignment and area, with the most compact cell.

    Raises
    ------
    InputError
        If there is none (the message tells the best mismatch within the area), the
        limits contradict each other, the mismatch is above 10 % or the area holds more
        than 150 cells of the electrolyte.

    Notes
    -----
    Every superlattice S of the electrolyte up to the area is written down once, by its
    Hermite form, in a reduced basis. A strain whose principal values are below e
    changes no length by more than the factor 1 ± e, so each row of the metal's
    supercell M is among the lattice vectors of that length: all pairs of them are
    compared as ``M F = S``, and none is missed. ``F = R U`` (polar), U has the
    principal stretches 1 + e1, 1 + e2. Only proper rotations are used: no slab is
    mirrored.

    The alignment is the rational matrix ``Q = M⁻¹ S``, the same for every cell of one
    coincidence. Two are equivalent where ``Q' = g⁻¹ Q h`` with g and h symmetries of
    metal and electrolyte, both rotations or both reflections (the latter gives the
    mirror image of the whole interface).

    ======  =============================
    symbol  variable
    ======  =============================
    M       ``metal_supercell``
    S       ``electrolyte_supercell``
    e1, e2  ``principal_strains``
    ======  =============================

    References
    ----------
    A. Zur, T. C. McGill, J. Appl. Phys. 55, 378 (1984), doi:10.1063/1.333084.

    Examples
    --------
    >>> best = lattice_matches(np.eye(2) * 3.0, np.eye(2) * 3.03, max_area_A2=10)[0]
    >>> round(best.mismatch_percent, 6), round(best.area_A2, 4)
    (1.0, 9.1809)

    """
    _check(metal, electrolyte, (max_area_A2, min_area_A2), max_mismatch_percent)
    areas = max_area_A2, min_area_A2
    found = _pairs(metal, electrolyte, areas, max_mismatch_percent / 100)
    if len(found.metal) == 0:
        raise _no_match(metal, electrolyte, areas, max_mismatch_percent)
    symmetries = (
        lattice_symmetry(metal) if metal_symmetry is None else metal_symmetry,
        lattice_symmetry(electrolyte)
        if electrolyte_symmetry is None
        else electrolyte_symmetry,
    )
    return _distinct(found, metal, symmetries)


class _Pairs(NamedTuple):
    """Pairs of supercells that coincide, arrays over the pairs."""

    metal: np.ndarray  # (n, 2, 2) integers
    electrolyte: np.ndarray  # (n, 2, 2) integers
    cells: np.ndarray  # (n, 2, 2) of the electrolyte [Å]
    forms: np.ndarray  # (n, 2, 2): M F = S
    strains: np.ndarray  # (n, 2) principal strains of the metal

    @property
    def mismatch(self) -> np.ndarray:
        return in_plane_mismatch(self.strains)

    @property
    def areas(self) -> np.ndarray:
        return np.asarray(np.linalg.det(self.cells))


def _check(
    metal: np.ndarray,
    electrolyte: np.ndarray,
    areas: tuple[float, float],
    mismatch: float,
) -> None:
    """Refuse limits that make no sense or take too long."""
    max_area, min_area = areas
    for name, value in (
        ("max_area_A2", max_area),
        ("max_mismatch_percent", mismatch),
    ):
        if not value > 0:
            raise InputError(f"{name} must be positive; got {value!r}. Give more.")
    if mismatch > MOST_MISMATCH_PERCENT:
        raise InputError(
            f"max_mismatch_percent must be at most {MOST_MISMATCH_PERCENT:g}; got "
            f"{mismatch!r}. Coherent interfaces are strained by a few per cent."
        )
    if not 0 <= min_area <= max_area:
        raise InputError(
            "min_area_A2 must not be negative nor above max_area_A2; got "
            f"{min_area!r} with max_area_A2 {max_area!r}. Raise max_area_A2 as well."
        )
    for name, cell in (("metal", metal), ("electrolyte", electrolyte)):
        if not np.linalg.det(cell) > 0:
            raise InputError(
                f"{name} must be a right-handed cell; got {cell.tolist()!r}. "
                "Exchange its vectors."
            )
    most = MOST_CELLS * float(np.linalg.det(electrolyte))
    if max_area > most * (1 + 1e-9):
        raise InputError(
            f"max_area_A2 must be at most {most:.0f}, {MOST_CELLS} in-plane cells of "
            f"the electrolyte; got {max_area!r}. Take a smaller area and repeat the "
            "interface that is built."
        )


def _no_match(
    metal: np.ndarray,
    electrolyte: np.ndarray,
    areas: tuple[float, float],
    max_mismatch_percent: float,
) -> InputError:
    """Message with the best mismatch that there is within the area."""
    remedy = "Raise max_area_A2."
    limit = max_mismatch_percent / 100
    while limit < LARGEST_MISMATCH:
        limit = min(2 * limit, LARGEST_MISMATCH)
        near = _pairs(metal, electrolyte, areas, limit)
        if len(near.metal):
            best = np.lexsort((near.areas, near.mismatch.round(9)))[0]
            percent = 100 * float(near.mismatch[best])
            told = f"{percent:.2f}" if percent >= 0.01 else f"{percent:.1e}"  # noqa: PLR2004 - what two digits show
            remedy = (
                f"The best within {areas[0]:g} Å² is {told} % "
                f"at {near.areas[best]:.1f} Å²: raise max_area_A2, or accept that "
                "mismatch."
            )
            break
    return InputError(
        "max_mismatch_percent must be at least the best lattice mismatch; got "
        f"{max_mismatch_percent!r}. {remedy}"
    )


def _pairs(
    metal: np.ndarray,
    electrolyte: np.ndarray,
    areas: tuple[float, float],
    max_mismatch: float,
) -> _Pairs:
    """All alignments up to a mismatch (a fraction), in all their orientations."""
    max_area, min_area = areas
    area = float(np.linalg.det(electrolyte))
    # sqrt(e1² + e2² - e1 e2) >= sqrt(3)/2 max|e|
    reach = max_mismatch * 2 / np.sqrt(3) + 1e-9
    first = max(1, int(np.ceil(min_area / area * (1 - 1e-9))))
    last = int(max_area / area * (1 + 1e-9))
    bases = [np.zeros((0, 2, 2), dtype=int)] + [
        reduced_basis(form, electrolyte)[None]
        for n_cells in range(first, last + 1)
        for form in hermite_forms(n_cells)
    ]
    superlattices = np.concatenate(bases)
    cells = superlattices @ electrolyte
    lengths = np.linalg.norm(cells, axis=2)
    longest = float(lengths.max(initial=0.0)) / (1 - reach)
    vectors = lattice_vectors(metal, longest_A=longest)
    parts = [
        _of_one(vectors, cell, length, reach)
        for cell, length in zip(cells, lengths, strict=True)
    ]
    which = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    chosen = np.concatenate([np.zeros((0, 2), dtype=int), *parts])
    forms = np.linalg.inv(vectors[1][chosen]) @ cells[which]
    strains = np.linalg.svd(forms, compute_uv=False)[:, ::-1] - 1
    good = in_plane_mismatch(strains) <= max_mismatch * (1 + 1e-9)
    return _Pairs(
        metal=vectors[0][chosen[good]],
        electrolyte=superlattices[which[good]],
        cells=cells[which[good]],
        forms=forms[good],
        strains=strains[good],
    )


def _of_one(
    vectors: tuple[np.ndarray, np.ndarray, np.ndarray],
    cell: np.ndarray,
    lengths: np.ndarray,
    reach: float,
) -> np.ndarray:
    """Pairs of the metal's vectors that a strain could bring onto one cell, (n, 2)."""
    _, points, norms = vectors
    rows = [
        np.arange(
            *np.searchsorted(norms, (length / (1 + reach), length / (1 - reach))),
        )
        for length in lengths
    ]
    # the strain bounds the area as well: that leaves few pairs to be looked at
    u, v = points[rows[0]], points[rows[1]]
    determinants = u[:, None, 0] * v[None, :, 1] - u[:, None, 1] * v[None, :, 0]
    area = float(cell[0, 0] * cell[1, 1] - cell[0, 1] * cell[1, 0])
    near = np.argwhere(
        (determinants >= area / (1 + reach) ** 2 * (1 - 1e-9))
        & (determinants <= area / (1 - reach) ** 2 * (1 + 1e-9))
    )
    return np.stack([rows[0][near[:, 0]], rows[1][near[:, 1]]], axis=1)


def _distinct(
    pairs: _Pairs, metal: np.ndarray, symmetries: tuple[np.ndarray, np.ndarray]
) -> tuple[LatticeMatch, ...]:
    """One match for each inequivalent alignment and area, in ranked order."""
    numerators, denominators = alignment(pairs.metal, pairs.electrolyte)
    names = standard_alignment(
        numerators, metal=symmetries[0], electrolyte=symmetries[1]
    )
    n_cells = np.round(np.linalg.det(pairs.electrolyte)).astype(int)
    primitive = coincidence_cells(numerators, denominators) == n_cells
    keys = np.column_stack([n_cells, denominators, names])
    groups = np.unique(keys, axis=0, return_inverse=True)[1].ravel()
    lengths = np.linalg.norm(pairs.cells, axis=2)
    cosines = np.einsum("ni,ni->n", *pairs.cells.transpose(1, 0, 2))
    angles = np.degrees(np.arccos(cosines / lengths.prod(axis=1)))
    columns = np.column_stack(
        [
            pairs.areas,
            100 * pairs.mismatch,
            lengths.max(axis=1),
            np.abs(angles - 90.0),
        ]
    ).round(6)
    later = later_bases(
        pairs.metal, pairs.electrolyte, mismatch=pairs.mismatch, cell=metal
    )
    integers = np.concatenate([pairs.electrolyte, pairs.metal], axis=1).reshape(-1, 8)
    ranked = np.lexsort((*integers.T[::-1], later, *columns.T[::-1]))
    chosen = ranked[np.sort(np.unique(groups[ranked], return_index=True)[1])]
    (a, b), (c, d) = pairs.forms.transpose(1, 2, 0)
    turned = np.degrees(np.arctan2(b - c, a + d))
    return tuple(
        LatticeMatch(
            metal_supercell=_rows(pairs.metal[k]),
            electrolyte_supercell=_rows(pairs.electrolyte[k]),
            metal_multiple=round(float(np.linalg.det(pairs.metal[k]))),
            electrolyte_multiple=int(n_cells[k]),
            area_A2=float(pairs.areas[k]),
            principal_strains=(float(pairs.strains[k, 0]), float(pairs.strains[k, 1])),
            mismatch_percent=float(100 * pairs.mismatch[k]),
            length_A=float(lengths[k].max()),
            angle_degree=float(angles[k]),
            rotation_degree=float(turned[k] if turned[k] > -180 + 1e-9 else 180.0),
            primitive=bool(primitive[k]),
        )
        for k in chosen.tolist()
    )


def _rows(matrix: np.ndarray) -> tuple[tuple[int, int], tuple[int, int]]:
    """Nested integer tuples of a 2x2 matrix."""
    (a, b), (c, d) = np.round(matrix).astype(int).tolist()
    return (a, b), (c, d)
