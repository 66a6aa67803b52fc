"""Files of structures and of labelled configurations, read and written."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import iread, write
from ase.stress import full_3x3_to_voigt_6_stress

from training_data.dataset import (
    D3_ENERGY,
    D3_FORCES,
    D3_STRESS,
    ENERGY,
    FORCES,
    STRESS,
    Dataset,
)
from training_data.errors import InputError
from training_data.level_of_theory import UNSTATED, LevelOfTheory
from training_data.partial_occupancies import refuse_partial_occupancies

LFS_POINTER = b"version https://git-lfs.github.com/spec"
VIRIALS = ("REF_virials", "REF_virial")
LOOKALIKES = (
    *("energy", "free_energy", "Energy", "dft_energy", "DFT_energy", "E", "total_e"),
    *("forces", "force", "Forces", "dft_forces", "DFT_forces", "stress", "virial"),
)


def read_structures(path: str | Path, *, index: str = ":") -> list[Atoms]:
    """Structures of any file that ASE reads.

    Parameters
    ----------
    path
        File: extxyz, CIF, POSCAR, vasprun.xml, …
    index
        Which frames, as ASE understands it (``":"`` all, ``"-1"`` the last).

    Returns
    -------
    list of ase.Atoms
        At least one.

    Raises
    ------
    InputError
        When the file is missing, a git-LFS pointer, truncated or empty, or holds
        sites that are partly occupied or shared (ASE would fill them all).

    """
    structures = list(_frames(Path(path), index))
    for atoms in structures:
        refuse_partial_occupancies(atoms, name=str(path))
    if not structures:
        message = (
            f"{path} must hold at least one structure; got an empty file. "
            "Was it copied completely?"
        )
        raise InputError(message)
    return structures


def read_dataset(path: str | Path, *, level: str | None = None) -> Dataset:
    """Labelled configurations from an extended XYZ file.

    Parameters
    ----------
    path
        File whose frames carry ``REF_energy`` (eV), ``REF_forces`` (eV/Å) and,
        optionally, ``REF_stress`` (eV/Å³, ASE sign and Voigt order) or
        ``REF_virials`` (eV, −volume × stress); ``functional``, ``code``,
        ``config_type``, ``parent`` and ``group_id`` beside them.
    level
        Level of theory to convert to (see `Dataset.at_level`); by default the
        labels stay as they are.

    Returns
    -------
    Dataset
        Frames with labels under ``REF_`` keys alone.

    Raises
    ------
    InputError
        With the file and the frame: labels missing, under other names, not
        finite, of the wrong shape, or of two levels of theory.

    """
    path = Path(path)
    frames: list[Atoms] = []
    first: LevelOfTheory | None = None
    for i, atoms in enumerate(_frames(path, ":")):
        where = f"frame {i} of {path}"
        frame = _labelled(atoms, where)
        own = LevelOfTheory(
            functional=str(frame.info.get("functional", UNSTATED)),
            dispersion=frame.info.get("dispersion"),
            code=str(frame.info.get("code", UNSTATED)),
        )
        first = first or own
        if own != first:
            message = (
                f"{where} must have the level of theory of frame 0, {first}; "
                f"got {own}. Two levels have two energy zeros: split the file."
            )
            raise InputError(message)
        frames.append(frame)
    if first is None:
        message = (
            f"{path} must hold at least one configuration; got an empty file. "
            "Was it copied completely?"
        )
        raise InputError(message)
    dataset = Dataset(tuple(frames), first, str(path))
    return dataset if level is None else dataset.at_level(level)


def write_dataset(dataset: Dataset, path: str | Path) -> None:
    """Write a data set as extended XYZ, completely or not at all.

    Parameters
    ----------
    dataset
        Frames to write, labels under ``REF_`` keys.
    path
        File to make or to replace.

    """
    path = Path(path)
    part = path.with_name(path.name + ".part")
    try:
        write(part, list(dataset.frames), format="extxyz")
        with part.open("rb") as handle:
            os.fsync(handle.fileno())
        part.replace(path)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


def _frames(path: Path, index: str) -> Iterator[Atoms]:
    if not path.is_file():
        message = (
            f"file must exist; got {str(path)!r}. Check the name and the folder "
            f"({Path.cwd()} is the current one)."
        )
        raise InputError(message)
    with path.open("rb") as handle:
        if handle.read(len(LFS_POINTER)) == LFS_POINTER:
            message = (
                f"{path} must hold structures; got a git-LFS pointer. "
                "Fetch the file itself with `git lfs pull`."
            )
            raise InputError(message)
    if path.stat().st_size == 0:
        return
    count = 0
    kind = "extxyz" if path.suffix in {".xyz", ".extxyz"} else None
    try:
        for atoms in iread(path, index=index, format=kind):
            yield atoms
            count += 1
    except (GeneratorExit, KeyboardInterrupt, MemoryError):
        raise
    # ASE's readers raise whatever their parsers happen to meet.
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        message = (
            f"{path} must be a complete structure file; reading stopped after "
            f"{count} good frame(s): {reason} Is frame {count} cut off or malformed?"
        )
        raise InputError(message) from error


def _labelled(atoms: Atoms, where: str) -> Atoms:
    missing = [
        key
        for key, home in ((ENERGY, atoms.info), (FORCES, atoms.arrays))
        if key not in home
    ]
    if missing:
        raise InputError(_missing_message(atoms, where, missing))
    atoms.calc = None
    energy = atoms.info[ENERGY]
    if not np.isscalar(energy) or not isinstance(energy, int | float | np.number):
        message = f"{ENERGY} of {where} must be one number in eV; got {energy!r}. "
        raise InputError(message + "Write REF_energy=-12.34 in the comment line.")
    atoms.info[ENERGY] = float(energy)
    _add_stress(atoms, where)
    numbers: list[tuple[str, np.ndarray]] = [
        ("positions", atoms.positions),
        ("cell", atoms.cell.array),
    ]
    numbers += [
        (key, np.asarray(home[key], dtype=float))
        for key, home in (
            *((k, atoms.info) for k in (ENERGY, STRESS, D3_ENERGY, D3_STRESS)),
            *((k, atoms.arrays) for k in (FORCES, D3_FORCES)),
        )
        if key in home
    ]
    for name, value in numbers:
        if not np.isfinite(value).all():
            place = ""
            if value.ndim and name in {"positions", FORCES, D3_FORCES}:
                place = f" of atom {int(np.argwhere(~np.isfinite(value))[0, 0])}"
            message = (
                f"{name}{place} in {where} must be finite; got "
                f"{value[~np.isfinite(value)].flat[0]!s}. "
                "Remove the frame or label it again."
            )
            raise InputError(message)
        if name in {FORCES, D3_FORCES} and value.shape != (len(atoms), 3):
            message = (
                f"{name} of {where} must have shape ({len(atoms)}, 3); "
                f"got {value.shape}. Declare it as {name}:R:3 in Properties."
            )
            raise InputError(message)
    return atoms


def _missing_message(atoms: Atoms, where: str, missing: list[str]) -> str:
    present = {*atoms.info, *atoms.arrays}
    if atoms.calc is not None:
        present |= set(atoms.calc.results)
    wrong = [key for key in LOOKALIKES if key in present]
    found = ", ".join(wrong or sorted(present - {"numbers", "positions"})) or "none"
    what = " and ".join(missing)
    remedy = (
        f"Rename the labels to {ENERGY}, {FORCES} and {STRESS}."
        if wrong
        else f"Label the frame: {ENERGY} in eV, {FORCES} in eV/Å."
    )
    return f"{where} must hold {what}; got keys {found}. {remedy}"


def _add_stress(atoms: Atoms, where: str) -> None:
    info = atoms.info
    virials = next((key for key in VIRIALS if key in info), None)
    if STRESS not in info and virials is not None:
        virial = np.asarray(info.pop(virials), dtype=float)
        if virial.size == 9:  # noqa: PLR2004  (a 3×3 matrix, however it is written)
            virial = full_3x3_to_voigt_6_stress(virial.reshape(3, 3))
        info[STRESS] = -virial / atoms.get_volume()
    if STRESS not in info:
        return
    stress = np.asarray(info[STRESS], dtype=float)
    if stress.size == 9:  # noqa: PLR2004
        stress = full_3x3_to_voigt_6_stress(stress.reshape(3, 3))
    if stress.shape != (6,):
        message = (
            f"{STRESS} of {where} must have 6 (Voigt) or 9 numbers; got "
            f"{stress.size}. Order: xx yy zz yz xz xy, in eV/Å³."
        )
        raise InputError(message)
    info[STRESS] = stress
