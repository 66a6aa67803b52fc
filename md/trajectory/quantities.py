"""Units of length and time as H5MD spells them."""

from pathlib import Path
from types import MappingProxyType

import h5py
from ase import units

from md.trajectory.refusal import refusal
from training_data.errors import InputError

ANGSTROM_PER = MappingProxyType(
    {
        "Angstrom": 1.0,
        "angstrom": 1.0,
        "A": 1.0,
        "Å": 1.0,
        "nm": 10.0,
        "pm": 1e-2,
        "fm": 1e-5,
        "um": 1e4,
        "m": 1e10,
        "Bohr": units.Bohr,
        "bohr": units.Bohr,
        "a0": units.Bohr,
    }
)
PS_PER = MappingProxyType(
    {
        "ps": 1.0,
        "fs": 1e-3,
        "ns": 1e3,
        "us": 1e6,
        "ms": 1e9,
        "s": 1e12,
        "sec": 1e12,
        "second": 1e12,
        "AKMA": 4.888821e-2,
    }
)


def factor(unit: str, known: MappingProxyType[str, float], path: Path) -> float:
    """Factor from a unit to Å or ps.

    Parameters
    ----------
    unit
        Content of a ``unit`` attribute.
    known
        `ANGSTROM_PER` or `PS_PER`.
    path
        File, for the message.

    Raises
    ------
    InputError
        If the unit is not known.

    Examples
    --------
    >>> factor("fs", PS_PER, Path("trajectory.h5"))
    0.001

    """
    try:
        return known[unit.strip()]
    except KeyError:
        raise InputError(
            f"units in {str(path)!r} must be one of {', '.join(known)}; got {unit!r}. "
            "Correct the attribute, or convert the trajectory."
        ) from None


def unit_of(dataset: h5py.Dataset, path: Path, name: str) -> str:
    """Content of the ``unit`` attribute.

    Raises
    ------
    InputError
        If there is none: a unit is not guessed.

    """
    unit = dataset.attrs.get("unit")
    if unit is None:
        raise refusal(
            path,
            f"attribute 'unit' of {name}",
            "present",
            None,
            "Set it with h5py, for instance to 'Angstrom' or 'ps'.",
        )
    return text_of(unit)


def text_of(value: object) -> str:
    """Text of an HDF5 string, fixed or variable.

    Examples
    --------
    >>> text_of(b"periodic"), text_of("periodic")
    ('periodic', 'periodic')

    """
    return value.decode() if isinstance(value, bytes) else str(value)
