"""Labelled frames as they stand in a file, under whatever keys, for the doctor."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.stress import full_3x3_to_voigt_6_stress
from numpy.typing import NDArray

from training_data.dataset import ENERGY, FORCES, STRESS
from training_data.errors import InputError
from training_data.level_of_theory import UNSTATED
from training_data.reading import VIRIALS, _frames

ENERGIES = (
    *(ENERGY, "energy", "free_energy", "Energy", "dft_energy", "DFT_energy"),
    *("E", "total_e", "potential_energy", "U", "etot"),
)
ALL_FORCES = (FORCES, "forces", "force", "Forces", "dft_forces", "DFT_forces")
STRESSES = (STRESS, "stress", "Stress", "dft_stress", "DFT_stress")
ALL_VIRIALS = (*VIRIALS, "virial", "virials", "Virial", "dft_virial", "DFT_virial")
SPLITS = ("split", "tag", "set", "subset", "partition")
LEVEL = ("functional", "dispersion", "code")
MATRIX, VOIGT = 9, 6


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """One configuration and its labels, in the units that they should have.

    Parameters
    ----------
    index
        Number of the frame, counted through all files.
    numbers
        (n_atoms,) atomic numbers.
    positions, cell
        (n_atoms, 3) and (3, 3) [Å], rows are vectors.
    pbc
        (3,) periodic directions.
    energy
        Energy as it stands [eV if all is well]; NaN where it is missing.
    forces
        (n_atoms, 3) as they stand [eV/Å]; ``None`` where they are missing or have
        another shape.
    stress
        (6,) as it stands [eV/Å³]; NaN where it is missing.
    stress_candidates
        Entries that look like a stress under a key of their own.
    keys
        Which key each label stood under.
    level
        Level of theory in the words of the file.
    groups
        ``config_type``, ``parent``, ``group_id`` where they are given.
    split
        Name of the part (train, test, …) or ``None``.
    problems
        Check and what is wrong with the frame itself.

    """

    index: int
    numbers: NDArray[np.int_]
    positions: NDArray[np.float64]
    cell: NDArray[np.float64]
    pbc: NDArray[np.bool_]
    energy: float
    forces: NDArray[np.float64] | None
    stress: NDArray[np.float64]
    stress_candidates: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    level: tuple[str, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    split: str | None = None
    problems: tuple[tuple[str, str], ...] = ()

    @property
    def volume(self) -> float:
        """Volume of the cell [Å³]; zero without one."""
        return float(abs(np.linalg.det(self.cell)))


def read_frames(paths: Iterable[Path]) -> Iterator[Frame | InputError]:
    """Frames of files one after the other, with whatever labels they have.

    Parameters
    ----------
    paths
        Files; with several of them, the name of each is the split of its frames that
        name none.

    Yields
    ------
    Frame or InputError
        Frames; the error of a file that stops in the middle comes last of its frames.

    Raises
    ------
    InputError
        For a file that is missing, or of which not even one frame can be read.

    """
    given = list(paths)
    index = 0
    for path in given:
        first = True
        try:
            for atoms in _frames(path, ":"):
                yield _frame(atoms, index, path.stem if len(given) > 1 else None)
                first = False
                index += 1
        except InputError as error:
            if first:
                raise
            yield error


def _frame(atoms: Atoms, index: int, split: str | None) -> Frame:
    results = dict(atoms.calc.results) if atoms.calc is not None else {}
    info = {**results, **atoms.info}
    per_atom = {**results, **atoms.arrays}
    problems: list[tuple[str, str]] = []
    keys: dict[str, str] = {}
    energy = _energy(info, keys, problems)
    forces = _forces(per_atom, len(atoms), keys, problems)
    volume = abs(float(np.linalg.det(atoms.cell.array)))
    stress = _stress(info, volume, keys, problems)
    candidates = {}
    if "stress" not in keys:
        for name, value in info.items():
            if "stress" in name.lower() or "virial" in name.lower():
                numbers = _six(value)
                if numbers is not None and np.isfinite(numbers).all():
                    candidates[name] = numbers
    problems += _not_finite(atoms, energy, forces, keys)
    return Frame(
        index=index,
        numbers=atoms.numbers.astype(int),
        positions=np.array(atoms.positions),
        cell=np.array(atoms.cell.array),
        pbc=np.array(atoms.pbc),
        energy=energy,
        forces=forces,
        stress=stress,
        stress_candidates=candidates,
        keys=keys,
        level=tuple(str(atoms.info.get(key, UNSTATED)) for key in LEVEL),
        groups={
            key: str(atoms.info[key])
            for key in ("config_type", "parent", "group_id")
            if key in atoms.info
        },
        split=next((str(atoms.info[k]) for k in SPLITS if k in atoms.info), split),
        problems=tuple(problems),
    )


def _energy(
    info: Mapping[str, Any], keys: dict[str, str], problems: list[tuple[str, str]]
) -> float:
    name = next((key for key in ENERGIES if key in info), None)
    if name is None:
        return float("nan")
    keys["energy"] = name
    try:
        return float(info[name])
    except (TypeError, ValueError):
        problems.append(("labels", f"{name} is no number: {info[name]!r}"))
        return float("nan")


def _forces(
    arrays: Mapping[str, Any],
    n_atoms: int,
    keys: dict[str, str],
    problems: list[tuple[str, str]],
) -> NDArray[np.float64] | None:
    name = next((key for key in ALL_FORCES if key in arrays), None)
    if name is None:
        return None
    keys["forces"] = name
    try:
        forces = np.asarray(arrays[name], dtype=float)
    except (TypeError, ValueError):
        problems.append(("labels", f"{name} holds something else than numbers"))
        return None
    if forces.shape != (n_atoms, 3):
        problems.append(("labels", f"{name} has shape {forces.shape}"))
        return None
    return forces


def _stress(
    info: Mapping[str, Any],
    volume: float,
    keys: dict[str, str],
    problems: list[tuple[str, str]],
) -> NDArray[np.float64]:
    for names, is_virial in ((STRESSES, False), (ALL_VIRIALS, True)):
        name = next((key for key in names if key in info), None)
        if name is None:
            continue
        keys["stress"] = name
        numbers = _six(info[name])
        if numbers is None:
            problems.append(("labels", f"{name} has neither 6 nor 9 numbers"))
            break
        return -numbers / volume if is_virial and volume > 0 else numbers
    return np.full(VOIGT, np.nan)


def _six(value: object) -> NDArray[np.float64] | None:
    """Voigt components of 6 or 9 numbers, however they are written."""
    try:
        if isinstance(value, str):
            value = ast.literal_eval(value)
        numbers = np.asarray(value, dtype=float)
    except (TypeError, ValueError, SyntaxError):
        return None
    if numbers.size == MATRIX:
        return np.array(full_3x3_to_voigt_6_stress(numbers.reshape(3, 3)))
    return numbers.reshape(VOIGT) if numbers.size == VOIGT else None


def _not_finite(
    atoms: Atoms,
    energy: float,
    forces: NDArray[np.float64] | None,
    keys: Mapping[str, str],
) -> list[tuple[str, str]]:
    found = []
    if "energy" in keys and not np.isfinite(energy):
        found.append(("labels", "energy is not finite"))
    if forces is not None and not np.isfinite(forces).all():
        found.append(("labels", "a force is not finite"))
    if not (np.isfinite(atoms.positions).all() and np.isfinite(atoms.cell[:]).all()):
        found.append(("geometry", "positions or cell are not finite"))
    elif atoms.pbc.any() and abs(np.linalg.det(atoms.cell.array)) <= 0:
        found.append(("geometry", "periodic, with a cell of no volume"))
    return found
