"""Coincidence lattices of two planes, with the strain that joins them."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from training_data.errors import InputError

# Bases of one lattice that are equally short within the strains of interest:
# all proper (det = +1) integer changes of a reduced basis with entries -1, 0, 1.
_BASIS_CHANGES = np.array(
    [
        ((a, b), (c, d))
        for a, b, c, d in product((-1, 0, 1), repeat=4)
        if a * d - b * c == 1 and (a, b) > (0, 0)  # -1 turns the plane by 180°
    ]
)


@dataclass(frozen=True, kw_only=True)
class LatticeMatch:
    """Supercells of two planes that coincide under a small strain of the metal.

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

    Returns
    -------
    tuple of LatticeMatch
        One for each distinct pair of area and strain; of several orientations that
        are equal in both, the one with the most compact cell.

    Raises
    ------
    InputError
        If there is none. The message tells the best mismatch within the area.

    Notes
    -----
    Zur and McGill's sets of superlattices come from pymatgen's ``ZSLGenerator``. Its
    comparison of reduced bases by lengths and angle misses pairs whose reduced bases
    are not the same one (equally long vectors, pymatgen issue 2194), so here each
    pair is compared as ``M_metal F = M_electrolyte`` for every nearly reduced basis
    of the metal. ``F = R U`` (polar) and U has the principal stretches 1 + e1, 1 + e2.
    Only proper rotations are used: no slab is mirrored.

    References
    ----------
    A. Zur, T. C. McGill, J. Appl. Phys. 55, 378 (1984), doi:10.1063/1.333084.

    Examples
    --------
    >>> best = lattice_matches(np.eye(2) * 3.0, np.eye(2) * 3.03, max_area_A2=10)[0]
    >>> round(best.mismatch_percent, 6), round(best.area_A2, 4)
    (1.0, 9.1809)

    """
    for name, value in (
        ("max_area_A2", max_area_A2),
        ("max_mismatch_percent", max_mismatch_percent),
    ):
        if not value > 0:
            raise InputError(f"{name} must be positive; got {value!r}. Give more.")
    limits = (max_area_A2, min_area_A2)
    found = _distinct(_pairs(metal, electrolyte, limits, max_mismatch_percent / 100))
    if found:
        return tuple(found)
    remedy = "Raise max_area_A2."
    near = _pairs(metal, electrolyte, limits, max(0.15, max_mismatch_percent / 50))
    if near:
        best = min(near, key=lambda match: (match.mismatch_percent, match.area_A2))
        remedy = (
            f"The best within {max_area_A2:g} Å² is {best.mismatch_percent:.2f} % at "
            f"{best.area_A2:.1f} Å²: raise max_area_A2, or accept that mismatch."
        )
    raise InputError(
        "max_mismatch_percent must be at least the best lattice mismatch; got "
        f"{max_mismatch_percent!r}. {remedy}"
    )


def _pairs(
    metal: np.ndarray,
    electrolyte: np.ndarray,
    limits: tuple[float, float],
    max_mismatch: float,
) -> list[LatticeMatch]:
    """Best basis of every pair of superlattices, up to a mismatch (a fraction)."""
    # pymatgen takes seconds to import and nothing else here needs it
    from pymatgen.analysis.interfaces.zsl import ZSLGenerator  # noqa: PLC0415

    max_area, min_area = limits
    # sqrt(e1² + e2² - e1 e2) >= sqrt(3)/2 max|e|, and >= |e| where e1 = e2
    max_strain = max_mismatch * 2 / np.sqrt(3)
    areas = abs(np.linalg.det(metal)), abs(np.linalg.det(electrolyte))
    ratio = areas[0] / areas[1]
    # pymatgen compares |area ratio - j/i| for i metal and j electrolyte cells and,
    # again, its inverse; the tolerance is absolute, so it is scaled with the ratio.
    tolerance = ((1 + max_strain) ** 2 - 1) * ratio
    generator = ZSLGenerator(
        max_area_ratio_tol=tolerance,
        max_area=max_area * (1 + max_strain) ** 2 * (1 + 1e-9),
    )
    matches = []
    for sets in generator.generate_sl_transformation_sets(areas[0], areas[1]):
        n_electrolyte = round(abs(np.linalg.det(sets[1][0])))
        n_metal = round(abs(np.linalg.det(sets[0][0])))
        area = n_electrolyte * areas[1]
        stretch = np.sqrt(area / (n_metal * areas[0])) - 1
        if not min_area <= area <= max_area * (1 + 1e-9) or abs(stretch) > max_strain:
            continue
        matches += _best_of_sets(metal, electrolyte, sets[0], sets[1], max_mismatch)
    return matches


def _best_of_sets(
    metal: np.ndarray,
    electrolyte: np.ndarray,
    metal_sets: list[np.ndarray],
    electrolyte_sets: list[np.ndarray],
    max_mismatch: float,
) -> list[LatticeMatch]:
    """Compare all superlattices with given numbers of cells."""
    bases = np.array([_reduce(np.round(t), metal) for t in metal_sets])
    minima = np.sort(np.linalg.norm(bases @ metal, axis=2), axis=1)
    reach = max_mismatch * 2 / np.sqrt(3) + 1e-9
    matches = []
    for transform in electrolyte_sets:
        basis = _reduce(np.round(transform), electrolyte)
        cell = basis @ electrolyte
        # the two shortest lengths of a lattice change by no more than its strain
        ratios = np.sort(np.linalg.norm(cell, axis=1)) / minima
        near = np.flatnonzero(np.abs(ratios - 1).max(axis=1) <= reach)
        for n in near:
            changed = _BASIS_CHANGES @ bases[n]
            forms = np.linalg.inv(changed @ metal) @ cell
            strains = np.linalg.svd(forms, compute_uv=False)[:, ::-1] - 1
            mismatch = in_plane_mismatch(strains)
            k = int(np.round(mismatch, 9).argmin())
            if mismatch[k] <= max_mismatch * (1 + 1e-9):
                pair = (changed[k], basis)
                matches.append(_match(pair, cell, strains[k], mismatch[k]))
    return matches


def _match(
    pair: tuple[np.ndarray, np.ndarray],
    cell: np.ndarray,
    strains: np.ndarray,
    mismatch: float,
) -> LatticeMatch:
    """Record of one match."""
    lengths = np.linalg.norm(cell, axis=1)
    angle = np.degrees(np.arccos(cell[0] @ cell[1] / lengths.prod()))
    return LatticeMatch(
        metal_supercell=_rows(pair[0]),
        electrolyte_supercell=_rows(pair[1]),
        metal_multiple=round(float(np.linalg.det(pair[0]))),
        electrolyte_multiple=round(float(np.linalg.det(pair[1]))),
        area_A2=float(np.linalg.det(cell)),
        principal_strains=(float(strains[0]), float(strains[1])),
        mismatch_percent=float(100 * mismatch),
        length_A=float(lengths.max()),
        angle_degree=float(angle),
    )


def _rows(matrix: np.ndarray) -> tuple[tuple[int, int], tuple[int, int]]:
    """Nested integer tuples of a 2x2 matrix."""
    (a, b), (c, d) = np.round(matrix).astype(int).tolist()
    return (a, b), (c, d)


def _reduce(transform: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Gauss-reduced, right-handed integer basis of a superlattice."""
    u, v = transform
    while True:
        if np.sum((u @ cell) ** 2) > np.sum((v @ cell) ** 2) * (1 + 1e-9):
            u, v = v, u
        overlap = (u @ cell) @ (v @ cell) / np.sum((u @ cell) ** 2)
        factor = np.round(overlap - 1e-9 * np.sign(overlap))
        if factor == 0:
            break
        v = v - factor * u
    if u[0] * v[1] - u[1] * v[0] < 0:
        v = -v
    return np.array([u, v])


def _distinct(matches: list[LatticeMatch]) -> list[LatticeMatch]:
    """One match for each area and pair of strains, in ranked order."""

    def rank(match: LatticeMatch) -> tuple[object, ...]:
        return (
            round(match.area_A2, 6),
            round(match.mismatch_percent, 6),
            round(match.length_A, 6),
            abs(round(match.angle_degree - 90.0, 6)),
            match.electrolyte_supercell,
            match.metal_supercell,
        )

    kept: dict[tuple[object, ...], LatticeMatch] = {}
    for match in sorted(matches, key=rank):
        strains = tuple(round(e, 6) for e in match.principal_strains)
        kept.setdefault(
            (round(match.area_A2, 4), match.metal_multiple, *strains), match
        )
    return list(kept.values())
