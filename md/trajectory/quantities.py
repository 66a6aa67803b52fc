"""Units as H5MD spells them: length, time, velocity and force."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import h5py
from ase import units

from md.trajectory.refusal import refusal
from training_data.errors import InputError

_MOST_LISTED = 14  # units in a message

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


_EV_PER = MappingProxyType(
    {
        "eV": 1.0,
        "kJ mol-1": units.kJ / units.mol,
        "kcal mol-1": units.kcal / units.mol,
        "hartree": units.Hartree,
        "Hartree": units.Hartree,
        "Ry": units.Rydberg,
    }
)
A_PER_PS_PER = MappingProxyType(
    {
        f"{length} {time}-1": angstrom / ps
        for length, angstrom in ANGSTROM_PER.items()
        for time, ps in PS_PER.items()
    }
)
"""Velocity unit → Å/ps."""
EV_PER_A_PER = MappingProxyType(
    {
        f"{energy} {length}-1": ev / angstrom
        for energy, ev in _EV_PER.items()
        for length, angstrom in ANGSTROM_PER.items()
    }
)
"""Force unit → eV/Å."""


def factor(unit: str, known: Mapping[str, float], path: Path) -> float:
    """Factor from a unit to the one used here.

    Parameters
    ----------
    unit
        Content of a ``unit`` attribute.
    known
        `ANGSTROM_PER`, `PS_PER`, `A_PER_PS_PER` or `EV_PER_A_PER`.
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
    >>> factor("nm ps-1", A_PER_PS_PER, Path("trajectory.h5"))
    10.0

    """
    try:
        return known[" ".join(unit.split())]
    except KeyError:
        some = ", ".join(list(known)[:_MOST_LISTED])
        raise InputError(
            f"units in {str(path)!r} must be one of {some}; got {unit!r}. "
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
