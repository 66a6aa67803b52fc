"""What stands where in a trajectory of ours: H5MD 1.1 and our own parameters."""

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType
from typing import Any

import h5py
import numpy as np
from ase import Atoms

from md.trajectory.orientation import standard_orientation

FORMAT_VERSION = 1
GROUP = "particles/all"
PARAMETERS = "parameters/lithophile"
EVENT_BYTES = 1024
_CHUNK_BYTES = 1 << 20
_MAX_FRAMES_PER_CHUNK = 256
_SCALARS_PER_CHUNK = 1024
_CELLS_PER_CHUNK = 128
_EVENTS_PER_CHUNK = 16
_UNITS = MappingProxyType(
    {
        "position": "Angstrom",
        "velocity": "Angstrom ps-1",
        "force": "kJ mol-1 Angstrom-1",
    }
)


def frames_per_chunk(n_atoms: int) -> int:
    """Frames in one chunk of positions: about 1 MB, 256 at most.

    Examples
    --------
    >>> frames_per_chunk(1500), frames_per_chunk(10)
    (29, 256)

    """
    fitting = _CHUNK_BYTES // (24 * max(n_atoms, 1))
    return int(np.clip(fitting, 1, _MAX_FRAMES_PER_CHUNK))


def create_layout(
    file: h5py.File,
    atoms: Atoms,
    *,
    vectors: Sequence[str],
    frames_per_chunk: int,
    observables: Sequence[str],
    metadata: Mapping[str, Any],
    creator: str,
    author: str,
    compressed: bool = False,
) -> None:
    """Create all groups and all (empty) datasets of a trajectory.

    Parameters
    ----------
    file
        Empty file.
    atoms
        Species, masses, pbc and labels.
    vectors
        ``"position"`` and maybe ``"velocity"``, ``"force"``.
    frames_per_chunk
        Frames in one HDF5 chunk of a vector.
    observables
        Names of the scalars.
    metadata
        Plain JSON.
    creator, author
        Names that H5MD requires.
    compressed
        Chunks pass through shuffle and gzip. Only for files that are complete when
        they get their name: a compressed chunk moves when it grows.

    """
    n_atoms = len(atoms)
    file.create_group("h5md").attrs["version"] = np.array([1, 1], dtype="i4")
    file.create_group("h5md/author").attrs["name"] = author
    file.create_group("h5md/creator").attrs["name"] = creator
    file["h5md/creator"].attrs["version"] = _own_version()
    file.create_group("h5md/modules/units").attrs["version"] = [1, 0]
    file["h5md/modules/units"].attrs["system"] = "SI"
    # One step and one time, shared (hard links) by everything that depends on them.
    step = _growing(file, f"{GROUP}/step", (), _SCALARS_PER_CHUNK, "i8")
    time = _growing(file, f"{GROUP}/time", (), _SCALARS_PER_CHUNK)
    time.attrs["unit"] = "ps"
    elements: list[tuple[str, tuple[int, ...], int, str]] = [
        (f"{GROUP}/{v}", (n_atoms, 3), frames_per_chunk, _UNITS[v]) for v in vectors
    ]
    elements.append((f"{GROUP}/box/edges", (3, 3), _CELLS_PER_CHUNK, "Angstrom"))
    for name in observables:
        unit = _unit_in(name)
        elements.append((f"observables/{name}", (), _SCALARS_PER_CHUNK, unit))
    for name, shape, chunk, unit in elements:
        value = _growing(file, f"{name}/value", shape, chunk, compressed=compressed)
        if unit:
            value.attrs["unit"] = unit
        file[f"{name}/step"] = step
        file[f"{name}/time"] = time
    box = file[f"{GROUP}/box"]
    box.attrs["dimension"] = 3
    box.attrs["boundary"] = ["periodic" if p else "none" for p in atoms.pbc]
    symbols = dict(zip(atoms.symbols, atoms.numbers.tolist(), strict=True))
    file.create_dataset(
        f"{GROUP}/species", data=atoms.numbers, dtype=h5py.enum_dtype(symbols, "i4")
    )
    file.create_dataset(f"{GROUP}/mass", data=atoms.get_masses()).attrs["unit"] = "u"
    own = file.create_group(PARAMETERS)
    own.attrs["format_version"] = FORMAT_VERSION
    own.attrs["positions"] = "unwrapped"
    own.create_dataset("metadata", data=json.dumps(dict(metadata)))
    _growing(file, f"{PARAMETERS}/events", (), _EVENTS_PER_CHUNK, f"S{EVENT_BYTES}")
    rotation = standard_orientation(atoms.cell.array)[1]
    own.create_dataset("rotation", data=np.eye(3) if rotation is None else rotation)
    arrays = own.create_group("arrays")
    for name, values in atoms.arrays.items():
        if name != "numbers" and values.dtype.kind in "biu":
            arrays.create_dataset(name, data=values)


def _unit_in(name: str) -> str:
    """Return the unit at the end of a name: ``eV`` of ``potential_energy_eV``."""
    per, unit = name.rpartition("_per_")[::2]
    if per:
        below = _UNITS["position"] if unit == "A" else unit
        return f"{per.rpartition('_')[2]} {below}-1"
    return name.rsplit("_", 1)[1] if "_" in name else ""


def _growing(
    file: h5py.File,
    name: str,
    shape: tuple[int, ...],
    chunk: int,
    dtype: str = "f8",
    *,
    compressed: bool = False,
) -> h5py.Dataset:
    filters = {"compression": "gzip", "compression_opts": 4, "shuffle": True}
    return file.create_dataset(
        name,
        shape=(0, *shape),
        maxshape=(None, *shape),
        chunks=(chunk, *shape),
        dtype=dtype,
        **(filters if compressed else {}),
    )


def _own_version() -> str:
    try:
        return version("lithophile")
    except PackageNotFoundError:
        return "unknown"
