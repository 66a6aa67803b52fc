"""Order parameters: how the neighbours of an atom are arranged, in one number."""

import math

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from numpy.typing import NDArray

from training_data.errors import InputError
from training_data.fingerprint import _harmonics
from training_data.near_pairs import near_pairs

REACH = 2.5
"""Neighbours are looked for up to so many bond lengths of the largest atoms."""

SHELL = 1.25
"""Pairs within so many bond lengths are bonds, by which the sum is divided."""


def steinhardt_order(
    atoms: Atoms, *, degree: int = 6, decay: float = 0.5
) -> NDArray[np.float64]:
    r"""Distance-weighted Steinhardt order parameter of every atom.

    Parameters
    ----------
    atoms
        Crystal, slab, cluster or liquid.
    degree
        Degree l of the spherical harmonics.
    decay
        How fast a neighbour's weight falls with its distance, dimensionless.

    Returns
    -------
    numpy.ndarray
        (n_atoms,) order parameters, dimensionless; zero for an atom without neighbours.

    Raises
    ------
    InputError
        When there are no atoms, or `degree` or `decay` is out of range.

    Notes
    -----
    .. math::

        \mathrm{OP}_l(i) = \left[ \frac{4\pi}{2l+1} \sum_{m=-l}^{l} \left|
        \frac{1}{N_i} \sum_{j} w(r_{ij})\, Y_{lm}(u_{ij}) \right|^2 \right]^{1/2},
        \qquad w(r) = \exp\!\left[-d\, \frac{r - r_c}{r_c}\right]
        \tfrac12 \left[1 + \cos \frac{\pi r}{2.5\, r_c}\right]

    with the bond length r_c = the sum of the covalent radii of i and j, and N_i the sum
    of the weights within 1.25 r_c (1 at least). The article whose figure this follows
    does not print its weights: the exponential (d = ½), the cosine, which takes
    neighbours out smoothly at 2.5 r_c, and N_i as a weight instead of a count of bonds,
    so that nothing jumps when a bond breaks, are ours.

    ======  ==============
    symbol  variable
    ======  ==============
    l       ``degree``
    d       ``decay``
    ======  ==============

    References
    ----------
    P. J. Steinhardt, D. R. Nelson, M. Ronchetti, Phys. Rev. B 28, 784 (1983),
    doi:10.1103/PhysRevB.28.784.
    X.-J. Zhang, C. Shang, Z.-P. Liu, Phys. Chem. Chem. Phys. 19, 4725 (2017).

    Examples
    --------
    Two neighbours on opposite sides, at the bond length of carbon:

    >>> from ase import Atoms
    >>> line = Atoms("C3", [(0, 0, 0), (0, 0, 1.52), (0, 0, -1.52)])
    >>> steinhardt_order(line).round(6).tolist()[0]
    1.0

    """
    if len(atoms) == 0:
        raise InputError("atoms must hold at least one atom; got none. Check the file.")
    if degree < 0 or not 0 <= decay < math.inf:
        raise InputError(
            "degree must not be negative and decay be a finite number from 0; got "
            f"{degree!r} and {decay!r}. Leave them at 6 and 0.5."
        )
    radii = covalent_radii[atoms.numbers]
    i, j, vectors, r = near_pairs(
        atoms.positions,
        atoms.cell.array,
        atoms.pbc,
        cutoff_A=float(2 * REACH * radii.max()),
    )
    bond = radii[i] + radii[j]
    near = (r < REACH * bond) & (r > 0)
    i, j, vectors, r, bond = i[near], j[near], vectors[near], r[near], bond[near]
    weight = np.exp(-decay * (r / bond - 1)) * 0.5 * (
        1 + np.cos(np.pi * r / (REACH * bond))
    )  # fmt: skip
    inner = _bonded(r / bond) * weight
    first = degree * (degree + 1) // 2
    harmonics = _harmonics(vectors / r[:, None], degree)[:, first : first + degree + 1]
    n = len(atoms)
    total = np.maximum(_summed(i, j, inner, n, mirrored=1.0), 1.0)
    power = np.zeros(n)
    for m in range(degree + 1):
        part = weight * harmonics[:, m]
        mirrored = (-1.0) ** degree  # Y_lm of the opposite direction
        density = _summed(i, j, part.real, n, mirrored=mirrored) + 1j * _summed(
            i, j, part.imag, n, mirrored=mirrored
        )
        power += (1 if m == 0 else 2) * np.abs(density / total) ** 2
    order: NDArray[np.float64] = np.sqrt(4 * math.pi / (2 * degree + 1) * power)
    return order


def _bonded(ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    """One within a bond length, zero beyond `SHELL`, smooth between."""
    x = np.clip((SHELL - ratio) / (SHELL - 1), 0, 1)
    smooth: NDArray[np.float64] = x * x * (3 - 2 * x)
    return smooth


def _summed(
    i: NDArray[np.int_],
    j: NDArray[np.int_],
    values: NDArray[np.float64],
    n: int,
    *,
    mirrored: float,
) -> NDArray[np.float64]:
    total: NDArray[np.float64] = np.bincount(i, values, n) + mirrored * np.bincount(
        j, values, n
    )
    return total
