"""What may be asked of an export, and what is refused before it begins."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np

from md.trajectory.reader import Trajectory
from training_data.errors import InputError

ExportFormat = Literal["extxyz", "dump", "xdatcar", "h5md"]

UNITS: Mapping[ExportFormat, str] = MappingProxyType(
    {
        "extxyz": "Å, eV, eV/Å, amu^½ eV^½ (momenta)",
        "dump": "LAMMPS metal: Å, ps, Å/ps, eV/Å",
        "xdatcar": "Å (lattice), fractions of it (positions)",
        "h5md": "in the file",
    }
)
_SAME_TIME_PS = 1e-7


def check_options(
    file_format: ExportFormat,
    *,
    stride: int,
    wrap: bool,
    unit_lines: bool,
    resolution_A: float | None,
) -> None:
    """Refuse options that do not belong to a format.

    Raises
    ------
    InputError
        Naming the option.

    """
    if file_format not in UNITS:
        raise InputError(
            f"file_format must be one of {', '.join(UNITS)}; got {file_format!r}. "
            "LAMMPS reads dump."
        )
    if stride < 1:
        raise InputError(
            f"stride must be 1 or more; got {stride!r}. 2 writes every other frame."
        )
    if wrap and file_format == "h5md":
        raise InputError(
            "wrap must be false for h5md; got True. Positions of this format are "
            "unwrapped."
        )
    if unit_lines and file_format != "dump":
        raise InputError(
            f"unit_lines must be false for {file_format}; got True. Only a LAMMPS "
            "dump has such lines."
        )
    if resolution_A is None:
        return
    if file_format != "h5md":
        raise InputError(
            f"resolution_A must be left out for {file_format}; got {resolution_A!r}. "
            "Only h5md is packed."
        )
    if not (np.isfinite(resolution_A) and resolution_A > 0):
        raise InputError(
            f"resolution_A must be positive; got {resolution_A!r}. 1e-5 is far below "
            "thermal motion."
        )


def frame_window(
    trajectory: Trajectory, start_ps: float | None, stop_ps: float | None
) -> tuple[int, int]:
    """First frame of a time window, and the one after its last.

    Raises
    ------
    InputError
        If no frame lies in it.

    """
    times = trajectory.times_ps
    first, last = 0, len(times)
    if start_ps is not None:
        first = int(np.searchsorted(times, start_ps - _SAME_TIME_PS))
    if stop_ps is not None:
        last = int(np.searchsorted(times, stop_ps + _SAME_TIME_PS, side="right"))
    if first >= last:
        span = f"{times[0]:g} to {times[-1]:g} ps" if len(times) else "no frame"
        raise InputError(
            f"start_ps and stop_ps must hold a frame between them; got {start_ps!r} "
            f"and {stop_ps!r}. {str(trajectory.path)!r} holds {span}."
        )
    return first, last


def check_target(path: Path, trajectory: Trajectory, *, overwrite: bool) -> None:
    """Refuse a file that exists, or belongs to the trajectory itself.

    Raises
    ------
    InputError
        Also if there is no such folder.

    """
    source = trajectory.path.resolve()
    target = path.resolve()
    of_run = target.suffix == ".h5" and target.parent in (
        source,
        source / "trajectory",
    )
    if target == source or of_run:
        raise InputError(
            f"out must lie beside the trajectory; got {str(path)!r}, which belongs to "
            f"{str(trajectory.path)!r}. Name another file."
        )
    if path.is_dir():
        raise InputError(
            f"out must be a file; got the folder {str(path)!r}. Name a file in it."
        )
    if path.exists() and not overwrite:
        raise InputError(
            f"out must be a new file; got {str(path)!r}, which exists. Name another "
            "one, or overwrite it."
        )
    if not path.absolute().parent.is_dir():
        raise InputError(
            f"out must lie in a folder that exists; got {str(path)!r}. Make the folder."
        )
