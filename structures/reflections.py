"""Families of lattice planes of a crystal and how strongly they scatter."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from structures.space_group import symmetry_operations
from structures.structure_factor import squared_structure_factors
from training_data.errors import InputError

SAME_D = 1e-6
SYMMETRY_A = 1e-3
MOST_REFLECTIONS = 2_000_000
DIRECTIONS = 3


class Families(NamedTuple):
    """Families of symmetry-equivalent planes."""

    hkl: NDArray[np.int_]
    """(n, 3) one member of each, with few minus signs."""
    multiplicity: NDArray[np.int_]
    """(n,) number of planes."""
    squared: NDArray[np.float64]
    """(n,) sum of |F|² over the planes [electrons²]."""

    def plane(self, i: int) -> tuple[int, int, int]:
        """Return h, k and l of one family."""
        h, k, l = self.hkl[i].tolist()  # noqa: E741
        return h, k, l


def reflection_families(
    atoms: Atoms,
    *,
    g_range_per_A: tuple[float, float],
    debye_waller_B_A2: float | Mapping[str, float] = 0.0,
) -> Families:
    """Families of planes with 1/d in a range, and their squared structure factors.

    Parameters
    ----------
    atoms
        Periodic crystal.
    g_range_per_A
        Smallest and largest 1/d [1/Å].
    debye_waller_B_A2
        Isotropic displacement parameter [Å²], one for all or by element.

    Raises
    ------
    InputError
        If there is no reflection in the range, or there are millions, or a
        displacement parameter is wrong.

    """
    displacement = _displacements(atoms, debye_waller_B_A2)
    indices, g = _reciprocal_points(atoms, *g_range_per_A)
    squared = squared_structure_factors(atoms, indices, g, displacement)
    codes, base = _family_codes(atoms, indices)
    found, inverse, counts = np.unique(codes, return_inverse=True, return_counts=True)
    hkl = np.empty((len(found), DIRECTIONS), dtype=int)
    rest = found.copy()
    for column in reversed(range(DIRECTIONS)):
        rest, last = np.divmod(rest, base)
        hkl[:, column] = last - base // 2
    sums = np.zeros(len(found))
    np.add.at(sums, inverse.ravel(), squared)
    return Families(hkl[::-1], counts[::-1], sums[::-1])


def lorentz_polarisation(
    theta: NDArray[np.float64], polarisation: float, monochromator_two_theta_deg: float
) -> NDArray[np.float64]:
    """Lorentz and polarisation factor of a powder, (n,).

    Parameters
    ----------
    theta
        (n,) Bragg angle [rad].
    polarisation
        Share of the incident intensity polarised in the plane of diffraction.
    monochromator_two_theta_deg
        Scattering angle of the monochromator [°].

    Examples
    --------
    >>> lorentz_polarisation(np.array([np.pi / 4]), 0.5, 0.0).round(6).tolist()
    [1.414214]

    """
    across = 1 - polarisation
    within = polarisation * math.cos(math.radians(monochromator_two_theta_deg)) ** 2
    polarised = (across + within * np.cos(2 * theta) ** 2) / (across + within)
    cosine = np.maximum(np.cos(theta), 1e-9)  # back scattering has no cone
    return np.asarray(polarised / (np.sin(theta) ** 2 * cosine))


def _displacements(
    atoms: Atoms, given: float | Mapping[str, float]
) -> dict[str, float]:
    """Isotropic displacement parameter by element [Å²]."""
    present = set(atoms.get_chemical_symbols())
    by_element = (
        {symbol: float(given.get(symbol, 0.0)) for symbol in present}
        if isinstance(given, Mapping)
        else dict.fromkeys(present, float(given))
    )
    if isinstance(given, Mapping) and not set(given) <= present:
        raise InputError(
            f"debye_waller_B_A2 must name elements of {sorted(present)}; got "
            f"{sorted(given)!r}. Take the others out."
        )
    for symbol, value in by_element.items():
        if not 0 <= value < math.inf:
            raise InputError(
                f"debye_waller_B_A2 must not be negative; got {value!r} for {symbol}. "
                "Give 0.5 to 3 Å²."
            )
    return by_element


def _reciprocal_points(
    atoms: Atoms, shortest: float, longest: float
) -> tuple[NDArray[np.int_], NDArray[np.float64]]:
    """Find indices (n, 3) and lengths (n,) of reciprocal vectors in a shell [1/Å]."""
    reach = np.floor(longest * atoms.cell.lengths() + SAME_D).astype(int)
    if np.prod(2.0 * reach + 1) > MOST_REFLECTIONS:
        raise InputError(
            "two_theta_range_deg must hold fewer reflections; got about "
            f"{np.prod(2.0 * reach + 1):.1e} for {len(atoms)} atoms. Give a smaller "
            "cell, a smaller range or a longer wavelength."
        )
    axes = [np.arange(-n, n + 1) for n in reach]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, DIRECTIONS)
    length = np.linalg.norm(grid @ atoms.cell.reciprocal()[:], axis=1)
    inside = (length >= max(shortest * (1 - SAME_D), SAME_D)) & (
        length <= longest * (1 + SAME_D)
    )
    if not inside.any():
        raise InputError(
            "two_theta_range_deg must hold a reflection; got none. Widen the range or "
            "give a shorter wavelength."
        )
    return grid[inside], length[inside]


def _family_codes(
    atoms: Atoms, indices: NDArray[np.int_]
) -> tuple[NDArray[np.int_], int]:
    """Code of the most readable member of every plane's family, and the codes' base.

    Planes belong to one family when a symmetry of the crystal, or inversion (which
    X-rays always have without anomalous dispersion), takes one to the other.
    """
    rotations, _ = symmetry_operations(
        atoms.cell[:],
        atoms.get_scaled_positions(),
        atoms.numbers,
        tolerance_A=SYMMETRY_A,
    )
    turns = np.unique(rotations, axis=0)
    # no image of an index is larger than this
    largest = int(np.abs(indices).max()) * int(np.abs(turns).sum(axis=1).max())
    base = 2 * largest + 1
    best = np.full(len(indices), -1)
    for turn in turns:
        for image in (indices @ turn, -indices @ turn):
            positive = np.count_nonzero(image >= 0, axis=1)
            code = positive
            for column in range(DIRECTIONS):
                code = code * base + image[:, column] + base // 2
            best = np.maximum(best, code)
    return best, base
