"""Scattering of X-rays by atoms and cells: form factors and structure factors."""

from collections.abc import Mapping
from functools import cache

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers
from numpy.typing import NDArray

from training_data.errors import InputError

MOTT_BETHE_A = 41.78214
MOST_PHASES = 4_000_000
"""Largest number of phases held in memory at once."""


def atomic_form_factor(
    symbol: str, s_per_A: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Scattering factor of a neutral atom [electrons].

    Parameters
    ----------
    symbol
        Element.
    s_per_A
        sin θ / λ = 1 / 2d [1/Å], any shape.

    Raises
    ------
    InputError
        If the element has no coefficients.

    Examples
    --------
    >>> atomic_form_factor("Cl", np.array([0.0])).tolist()
    [17.0]

    """
    table = _scattering_coefficients()
    if symbol not in table:
        raise InputError(
            f"species must have an X-ray scattering factor; got {symbol!r}. Replace it "
            "by an element of the periodic table up to Cm."
        )
    number, coefficients = table[symbol]
    squared = np.asarray(s_per_A, dtype=float) ** 2
    gaussians = sum(a * np.exp(-b * squared) for a, b in coefficients)
    return np.asarray(number - MOTT_BETHE_A * squared * gaussians)


@cache
def _scattering_coefficients() -> dict[str, tuple[int, list[tuple[float, float]]]]:
    """Atomic number and coefficients by element, as pymatgen carries them."""
    from pymatgen.analysis.diffraction.xrd import (  # noqa: PLC0415  (slow to import)
        ATOMIC_SCATTERING_PARAMS,
    )

    return {
        symbol: (int(atomic_numbers[symbol]), [(float(a), float(b)) for a, b in pairs])
        for symbol, pairs in ATOMIC_SCATTERING_PARAMS.items()
        if symbol in atomic_numbers
    }


def squared_structure_factors(
    atoms: Atoms,
    indices: NDArray[np.int_],
    g: NDArray[np.float64],
    displacement: Mapping[str, float],
) -> NDArray[np.float64]:
    r"""Squared modulus of the structure factor [electrons²].

    Parameters
    ----------
    atoms
        Crystal.
    indices
        (n, 3) hkl.
    g
        (n,) lengths of the reciprocal vectors, 1/d [1/Å].
    displacement
        Isotropic displacement parameter B by element [Å²].

    Returns
    -------
    numpy.ndarray
        (n,) |F|².

    """
    scaled = atoms.get_scaled_positions()
    symbols = np.array(atoms.get_chemical_symbols())
    s = g / 2
    total = np.zeros(len(g), dtype=complex)
    for symbol in sorted(set(symbols)):
        own = scaled[symbols == symbol]
        factor = atomic_form_factor(str(symbol), s)
        factor = factor * np.exp(-displacement[str(symbol)] * s**2)
        step = max(1, MOST_PHASES // len(own))  # bounds the memory of the phases
        for begin in range(0, len(g), step):
            part = slice(begin, begin + step)
            phases = np.exp(2j * np.pi * (indices[part] @ own.T)).sum(axis=1)
            total[part] += factor[part] * phases
    return np.asarray(np.abs(total) ** 2)
