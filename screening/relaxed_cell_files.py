"""Relaxed doped cells in files: written whole or not at all, read back exactly."""

import os
from pathlib import Path

from ase import Atoms
from ase.io import read, write

from screening.doped_cells import RelaxedCell
from training_data.errors import Failure, InputError

CELL_SUFFIX = ".extxyz"
FAILURE_SUFFIX = ".failed.txt"
_NUMBERS = ("fmax_eV_per_A", "converged", "n_steps", "seconds", "potential")


def write_relaxed_cell(folder: Path, cell: RelaxedCell | Failure) -> Path:
    """File of one cell, or of the reason why there is none.

    Parameters
    ----------
    folder
        Where it is written; made if need be.
    cell
        Relaxed cell or failure.

    Returns
    -------
    Path
        The file. It appears in one piece: a process killed meanwhile leaves none.

    """
    folder.mkdir(parents=True, exist_ok=True)
    name = cell.id if isinstance(cell, Failure) else cell.name
    suffix = FAILURE_SUFFIX if isinstance(cell, Failure) else CELL_SUFFIX
    path = folder / f"{name}{suffix}"
    partial = folder / f".{path.name}.partial"
    if isinstance(cell, Failure):
        partial.write_text(cell.reason + "\n", encoding="utf-8")
    else:
        atoms = cell.atoms.copy()
        atoms.calc = None
        atoms.info = {
            "name": cell.name,
            "potential_energy_eV": cell.energy_eV,
            **{key: getattr(cell, key) for key in _NUMBERS},
        }
        for array in set(atoms.arrays) - {"numbers", "positions"}:
            del atoms.arrays[array]
        write(partial, atoms, format="extxyz")
    with partial.open("rb") as stream:
        os.fsync(stream.fileno())
    partial.replace(path)
    other = FAILURE_SUFFIX if suffix == CELL_SUFFIX else CELL_SUFFIX
    (folder / f"{name}{other}").unlink(missing_ok=True)
    return path


def read_relaxed_cells(path: Path) -> tuple[RelaxedCell | Failure, ...]:
    """Cells of a folder, or of one file (extxyz, also compressed), sorted by name.

    Parameters
    ----------
    path
        Folder of :func:`write_relaxed_cell`, or a file that holds many cells.

    Returns
    -------
    tuple of RelaxedCell or Failure

    Raises
    ------
    InputError
        If a file does not hold such cells.

    """
    if path.is_dir():
        cells = [each for file in path.glob(f"*{CELL_SUFFIX}") for each in _cells(file)]
        failed = [
            Failure(
                file.name.removesuffix(FAILURE_SUFFIX),
                file.read_text(encoding="utf-8").strip(),
            )
            for file in path.glob(f"*{FAILURE_SUFFIX}")
        ]
    else:
        cells, failed = _cells(path), []
    return (*sorted(cells, key=lambda each: each.name), *failed)


def _cells(path: Path) -> list[RelaxedCell]:
    try:
        frames = read(path, ":", format="extxyz")
        return [
            RelaxedCell(
                name=str(atoms.info["name"]),
                energy_eV=float(atoms.info["potential_energy_eV"]),
                fmax_eV_per_A=float(atoms.info["fmax_eV_per_A"]),
                converged=bool(atoms.info["converged"]),
                n_steps=int(atoms.info["n_steps"]),
                seconds=float(atoms.info["seconds"]),
                potential=str(atoms.info["potential"]),
                atoms=_bare(atoms),
            )
            for atoms in frames
        ]
    except (OSError, KeyError, ValueError) as error:
        raise InputError(
            f"cells must be a file of relaxed doped cells; got '{path}' "
            f"({type(error).__name__}: {error}). Relax them again."
        ) from None


def _bare(atoms: Atoms) -> Atoms:
    bare: Atoms = atoms.copy()
    bare.info = {}
    bare.calc = None
    return bare
