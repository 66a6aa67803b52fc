"""Which side of an interface carries the strain, and how much of it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import numpy as np

from structures.lattice_match import in_plane_mismatch

StrainedSide = Literal["metal", "electrolyte", "shared"]
METAL_SHARES: Mapping[str, float] = MappingProxyType(
    {"metal": 1.0, "shared": 0.5, "electrolyte": 0.0}
)
"""Part of the strain that the metal takes."""


def common_plane(
    metal: np.ndarray, electrolyte: np.ndarray, *, metal_share: float
) -> np.ndarray:
    """In-plane cell between those of the two supercells.

    Parameters
    ----------
    metal, electrolyte
        Supercells, rows are vectors, shape (2, 2) [Å].
    metal_share
        Part of the strain that the metal takes: 1 gives the electrolyte's cell, 0 the
        metal's.

    Returns
    -------
    numpy.ndarray
        Cell, shape (2, 2) [Å]; its orientation has no meaning.

    Notes
    -----
    ``M F = S`` and ``F = V R`` (polar) give the cell ``M V^s``: the metal then has the
    stretches λ^s and the electrolyte λ^(s-1), with λ those of F and s the share.

    Examples
    --------
    >>> common_plane(np.eye(2), 1.21 * np.eye(2), metal_share=0.5).round(6).tolist()
    [[1.1, 0.0], [0.0, 1.1]]

    """
    if metal_share == 1.0:
        return electrolyte
    left, stretches, _ = np.linalg.svd(np.linalg.solve(metal, electrolyte))
    cell: np.ndarray = metal @ (left * stretches**metal_share) @ left.T
    return cell


def principal_strains(before: np.ndarray, after: np.ndarray) -> tuple[float, float]:
    """Principal strains that bring one cell onto another, ascending.

    Parameters
    ----------
    before, after
        Cells, rows are vectors, shape (2, 2) [Å].

    Examples
    --------
    >>> [round(e, 6) for e in principal_strains(np.eye(2), np.diag([1.02, 0.99]))]
    [-0.01, 0.02]

    """
    form = np.linalg.solve(before, after)
    low, high = np.sort(np.linalg.svd(form, compute_uv=False) - 1).tolist()
    return float(low), float(high)


def area_strain_percent(strains: tuple[float, float]) -> float:
    """Change of an area under a strain [%]; negative where it is compressed.

    Parameters
    ----------
    strains
        Principal strains e1, e2.

    Examples
    --------
    >>> round(area_strain_percent((-0.1, 0.0)), 6)
    -10.0

    """
    return float(100 * ((1 + strains[0]) * (1 + strains[1]) - 1))


def strain_percent(strains: tuple[float, float]) -> float:
    """Size of a strain as the lattice mismatch measures it [%].

    Parameters
    ----------
    strains
        Principal strains e1, e2.

    Examples
    --------
    >>> round(strain_percent((0.01, 0.01)), 6)
    1.0

    """
    return float(100 * in_plane_mismatch(np.array(strains)))
