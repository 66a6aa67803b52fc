"""Coincidence lattices of two planes, with the strain that joins them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from structures.alignment import (
    alignment,
    coincidence_cells,
    standard_alignment,
)
from structures.superlattice import (
    hermite_form,
    hermite_forms,
    lattice_symmetry,
    lattice_vectors,
    reduced_basis,
)
from training_data.errors import InputError

MOST_CELLS = 150  # of the electrolyte: 18,000 superlattices, seconds
LARGEST_MISMATCH = 0.15  # that a message tells about
# Which of the equally good bases of one metal superlattice comes first.
_ORDER = {
    ((a, b), (c, d)): rank
    for rank, (a, b, c, d) in enumerate(product((-1, 0, 1), repeat=4))
    if a * d - b * c == 1 and (a, b) > (0, 0)
}


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
        Largest mismatch that is kept.
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
        If there is none (the message tells the best mismatch within the area), or the
        area holds more than 150 cells of the electrolyte.

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
    _check(metal, electrolyte, max_area_A2, max_mismatch_percent)
    areas = max_area_A2, min_area_A2
    found = _pairs(metal, electrolyte, areas, max_mismatch_percent / 100)
    if not found:
        raise _no_match(metal, electrolyte, areas, max_mismatch_percent)
    symmetries = (
        lattice_symmetry(metal) if metal_symmetry is None else metal_symmetry,
        lattice_symmetry(electrolyte)
        if electrolyte_symmetry is None
        else electrolyte_symmetry,
    )
    return _distinct(found, metal, symmetries)


def _check(
    metal: np.ndarray, electrolyte: np.ndarray, max_area: float, mismatch: float
) -> None:
    """Refuse limits that make no sense or take too long."""
    for name, value in (
        ("max_area_A2", max_area),
        ("max_mismatch_percent", mismatch),
    ):
        if not value > 0:
            raise InputError(f"{name} must be positive; got {value!r}. Give more.")
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
        if near:
            best = min(near, key=lambda match: (match.mismatch_percent, match.area_A2))
            remedy = (
                f"The best within {areas[0]:g} Å² is {best.mismatch_percent:.2f} % at "
                f"{best.area_A2:.1f} Å²: raise max_area_A2, or accept that mismatch."
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
) -> list[LatticeMatch]:
    """All alignments up to a mismatch (a fraction), in all their orientations."""
    max_area, min_area = areas
    area = float(np.linalg.det(electrolyte))
    # sqrt(e1² + e2² - e1 e2) >= sqrt(3)/2 max|e|
    reach = max_mismatch * 2 / np.sqrt(3) + 1e-9
    first = max(1, int(np.ceil(min_area / area * (1 - 1e-9))))
    last = int(max_area / area * (1 + 1e-9))
    bases = [
        reduced_basis(form, electrolyte)
        for n_cells in range(first, last + 1)
        for form in hermite_forms(n_cells)
    ]
    if not bases:
        return []
    cells = np.array(bases) @ electrolyte
    lengths = np.linalg.norm(cells, axis=2)
    vectors = lattice_vectors(metal, longest_A=float(lengths.max()) / (1 - reach))
    return [
        match
        for basis, cell, length in zip(bases, cells, lengths, strict=True)
        for match in _of_one(vectors, basis, cell, length, (reach, max_mismatch))
    ]


def _of_one(
    vectors: tuple[np.ndarray, np.ndarray, np.ndarray],
    basis: np.ndarray,
    cell: np.ndarray,
    lengths: np.ndarray,
    limits: tuple[float, float],
) -> Iterator[LatticeMatch]:
    """Alignments of the metal with one superlattice of the electrolyte."""
    integers, points, norms = vectors
    reach, max_mismatch = limits
    rows = []
    for length in lengths:
        low, high = length / (1 + reach), length / (1 - reach)
        rows.append(np.arange(*np.searchsorted(norms, (low, high * (1 + 1e-12)))))
    if not (len(rows[0]) and len(rows[1])):
        return
    # the strain bounds the area as well: that leaves few pairs to be looked at
    u, v = points[rows[0]], points[rows[1]]
    determinants = u[:, None, 0] * v[None, :, 1] - u[:, None, 1] * v[None, :, 0]
    area = float(np.linalg.det(cell))
    near = np.argwhere(
        (determinants >= area / (1 + reach) ** 2 * (1 - 1e-9))
        & (determinants <= area / (1 - reach) ** 2 * (1 + 1e-9))
    )
    if len(near) == 0:
        return
    chosen = np.stack([rows[0][near[:, 0]], rows[1][near[:, 1]]], axis=1)
    forms = np.linalg.inv(points[chosen]) @ cell
    strains = np.linalg.svd(forms, compute_uv=False)[:, ::-1] - 1
    mismatch = in_plane_mismatch(strains)
    for k in np.flatnonzero(mismatch <= max_mismatch * (1 + 1e-9)):
        (a, b), (c, d) = forms[k]
        yield _match(
            integers[chosen[k]], basis, cell, strains[k], np.arctan2(b - c, a + d)
        )


def _match(
    metal: np.ndarray,
    electrolyte: np.ndarray,
    cell: np.ndarray,
    strains: np.ndarray,
    rotation: float,
) -> LatticeMatch:
    """Record of one match."""
    lengths = np.linalg.norm(cell, axis=1)
    angle = np.degrees(np.arccos(cell[0] @ cell[1] / lengths.prod()))
    key = alignment(metal, electrolyte)
    turned = float(np.degrees(rotation))
    return LatticeMatch(
        metal_supercell=_rows(metal),
        electrolyte_supercell=_rows(electrolyte),
        metal_multiple=round(float(np.linalg.det(metal))),
        electrolyte_multiple=round(float(np.linalg.det(electrolyte))),
        area_A2=float(np.linalg.det(cell)),
        principal_strains=(float(strains[0]), float(strains[1])),
        mismatch_percent=float(100 * in_plane_mismatch(strains)),
        length_A=float(lengths.max()),
        angle_degree=float(angle),
        rotation_degree=turned if turned > -180 + 1e-9 else 180.0,
        primitive=coincidence_cells(*key) == round(float(np.linalg.det(electrolyte))),
    )


def _rows(matrix: np.ndarray) -> tuple[tuple[int, int], tuple[int, int]]:
    """Nested integer tuples of a 2x2 matrix."""
    (a, b), (c, d) = np.round(matrix).astype(int).tolist()
    return (a, b), (c, d)


def _distinct(
    matches: list[LatticeMatch],
    metal: np.ndarray,
    symmetries: tuple[np.ndarray, np.ndarray],
) -> tuple[LatticeMatch, ...]:
    """One match for each inequivalent alignment and area, in ranked order."""
    order = {id(match): _basis_order(match, metal) for match in matches}
    best: dict[tuple[object, ...], tuple[float, int]] = {}

    def lattices(match: LatticeMatch) -> tuple[object, ...]:
        form = hermite_form(np.array(match.metal_supercell))
        return match.electrolyte_supercell, tuple(form.ravel().tolist())

    for match in matches:
        score = round(match.mismatch_percent / 100, 9), order[id(match)]
        key = lattices(match)
        best[key] = min(best.get(key, score), score)

    def rank(match: LatticeMatch) -> tuple[object, ...]:
        score = round(match.mismatch_percent / 100, 9), order[id(match)]
        return (
            round(match.area_A2, 6),
            round(match.mismatch_percent, 6),
            round(match.length_A, 6),
            abs(round(match.angle_degree - 90.0, 6)),
            score != best[lattices(match)],
            match.electrolyte_supercell,
            match.metal_supercell,
        )

    kept: dict[tuple[object, ...], LatticeMatch] = {}
    for match in sorted(matches, key=rank):
        numerators, denominator = alignment(
            np.array(match.metal_supercell), np.array(match.electrolyte_supercell)
        )
        name = standard_alignment(
            numerators, metal=symmetries[0], electrolyte=symmetries[1]
        )
        kept.setdefault((match.electrolyte_multiple, denominator, name), match)
    return tuple(kept.values())


def _basis_order(match: LatticeMatch, metal: np.ndarray) -> int:
    """Place of the metal's basis among those of its superlattice."""
    rows = np.array(match.metal_supercell)
    reduced = reduced_basis(hermite_form(rows), metal)
    change = np.round(rows @ np.linalg.inv(reduced))
    return _ORDER.get(_rows(change), len(_ORDER) + 81)
