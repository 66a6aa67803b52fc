"""Species and masses of an H5MD file."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from ase import Atoms
from ase.data import atomic_masses, atomic_numbers, chemical_symbols
from numpy.typing import NDArray

from md.trajectory.quantities import text_of
from md.trajectory.refusal import refusal

_MASS_TOLERANCE = 0.2
_TOPOLOGY = "Give topology, a file with the species."


def read_numbers(
    group: h5py.Group, path: Path, n_atoms: int, topology: Atoms | None
) -> NDArray[np.int64]:
    """Atomic numbers from enumerated or plain integers, symbols, or a topology.

    Parameters
    ----------
    group
        Particle group with ``species`` and maybe ``mass``.
    path
        File, for messages.
    n_atoms
        Number of atoms.
    topology
        Atoms whose species are taken instead of those in the file.

    Raises
    ------
    InputError
        If there are no species, or integers that are no atomic numbers (they are
        compared with the masses where the file has them in u).

    """
    if topology is not None:
        if len(topology) != n_atoms:
            raise refusal(
                path, "topology", f"{n_atoms} atoms", len(topology), "Give its atoms."
            )
        return np.asarray(topology.numbers, dtype=np.int64)
    raw, numbers = _stored(group, path)
    if numbers.min() < 1 or numbers.max() >= len(chemical_symbols):
        got = np.unique(raw).tolist()
        raise refusal(path, "species", "elements or atomic numbers", got, _TOPOLOGY)
    expected = atomic_masses[numbers]
    wrong = np.abs(read_masses(group, numbers) - expected) > _MASS_TOLERANCE * expected
    if wrong.any():
        raise refusal(
            path,
            "species",
            "atomic numbers that agree with the masses",
            np.unique(raw[wrong]).tolist(),
            _TOPOLOGY,
        )
    return numbers


def read_masses(group: h5py.Group, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """Masses in amu: stored ones in u, otherwise the standard atomic weights."""
    mass = group.get("mass")
    if _fits(mass, numbers) and mass.attrs.get("unit") in ("u", "amu", "Da"):
        return np.asarray(mass[()], dtype=float)
    return np.asarray(atomic_masses[numbers], dtype=float)


def _fits(mass: object, numbers: NDArray[np.int64]) -> bool:
    return isinstance(mass, h5py.Dataset) and mass.shape == numbers.shape


def _stored(group: h5py.Group, path: Path) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the stored values and the atomic numbers that they mean."""
    element = group.get("species")
    if element is None:
        raise refusal(path, "species", "present", None, _TOPOLOGY)
    values = element["value"] if isinstance(element, h5py.Group) else element
    raw = values[()]
    if raw.ndim > 1:
        if (raw != raw[0]).any():
            raise refusal(path, "species", "constant", "others", "Split the file.")
        raw = raw[0]
    names = h5py.check_enum_dtype(values.dtype)
    if names is not None and set(names) <= set(atomic_numbers):
        known = {int(v): atomic_numbers[name] for name, v in names.items()}
        numbers = np.array([known[int(v)] for v in raw])
    elif raw.dtype.kind in "OSU":
        numbers = np.array([atomic_numbers.get(text_of(v), 0) for v in raw])
    else:
        numbers = np.asarray(raw, dtype=np.int64)
    return raw, numbers
