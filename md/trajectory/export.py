"""Trajectories in the formats of other programs, written a block at a time."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from md.trajectory.export_dump import DumpSink
from md.trajectory.export_extxyz import ExtxyzSink
from md.trajectory.export_frames import ExportFrames, FrameSink, labels_of
from md.trajectory.export_h5md import H5mdSink
from md.trajectory.export_request import (
    UNITS,
    ExportFormat,
    check_options,
    check_target,
    frame_window,
)
from md.trajectory.export_xdatcar import XdatcarSink
from md.trajectory.reader import Frames, Trajectory
from training_data.errors import InputError

_BLOCK_BYTES = 4 << 20


@dataclass(frozen=True, kw_only=True)
class Exported:
    """File that was written, and what went into it.

    Parameters
    ----------
    path
        The file.
    file_format
        ``extxyz``, ``dump``, ``xdatcar`` or ``h5md``.
    n_frames, n_atoms
        Numbers of frames and of atoms in each.
    first_ps, last_ps
        Times of the first and the last frame (ps).
    frame_time_ps
        Time between frames (ps); None for one frame, or when they are not evenly
        spaced.
    quantities
        Columns and keys of the file.
    not_written
        What the trajectory holds and the format has no room for.
    units
        Units of the file.
    species
        Elements in the order of the types of a LAMMPS dump (type 1 first).
    positions
        ``unwrapped`` or ``wrapped``.
    n_bytes
        Size of the file.

    """

    path: Path
    file_format: ExportFormat
    n_frames: int
    n_atoms: int
    first_ps: float
    last_ps: float
    frame_time_ps: float | None
    quantities: tuple[str, ...]
    not_written: tuple[str, ...]
    units: str
    species: tuple[str, ...]
    positions: Literal["unwrapped", "wrapped"]
    n_bytes: int

    def to_json(self) -> dict[str, Any]:
        """Plain dictionary."""
        plain = asdict(self)
        return {**plain, "path": str(self.path)}


def export_trajectory(
    trajectory: Trajectory,
    path: str | Path,
    *,
    file_format: ExportFormat,
    start_ps: float | None = None,
    stop_ps: float | None = None,
    stride: int = 1,
    wrap: bool = False,
    unit_lines: bool = False,
    resolution_A: float | None = None,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Exported:
    """Write frames of a trajectory as a file of another program.

    The file appears under its name when it is complete. Memory is bounded by a block
    of frames (4 MB of positions) and the text of one frame.

    Parameters
    ----------
    trajectory
        What to write.
    path
        File to create.
    file_format
        ``extxyz``, ``dump`` (LAMMPS), ``xdatcar`` (VASP) or ``h5md`` (ours, packed).
    start_ps, stop_ps
        First and last time, both included; None for the ends.
    stride
        Every how many frames one is written.
    wrap
        Fold positions into the cell along its periodic vectors; a LAMMPS dump then
        holds image counts. Not for h5md, whose positions are unwrapped.
    unit_lines
        State unit and time in a LAMMPS dump (``ITEM: UNITS``, ``ITEM: TIME``);
        MDAnalysis cannot read them.
    resolution_A
        Round positions to a grid of this spacing or finer, velocities and forces to
        single precision; h5md only. None keeps every bit.
    overwrite
        Replace an existing file.
    progress
        Called as ``progress(frames_done, frames)``.

    Returns
    -------
    Exported
        Path, frames, quantities and units.

    Raises
    ------
    InputError
        If the file exists, no frame lies in the time window, the format has no room
        for such a cell, or the disk is full.

    Examples
    --------
    >>> import tempfile
    >>> from ase.build import bulk
    >>> from md.trajectory import TrajectoryWriter, open_trajectory
    >>> folder = Path(tempfile.mkdtemp())
    >>> atoms = bulk("Li", cubic=True)
    >>> with TrajectoryWriter(folder / "trajectory.h5", atoms) as writer:
    ...     for step in (0, 10, 20):
    ...         writer.append(atoms, step=step, time_ps=step * 1e-3)
    >>> with open_trajectory(folder) as trajectory:
    ...     done = export_trajectory(
    ...         trajectory, folder / "XDATCAR", file_format="xdatcar", start_ps=0.01
    ...     )
    >>> done.n_frames, done.first_ps, done.last_ps
    (2, 0.01, 0.02)

    """
    path = Path(path)
    check_options(
        file_format,
        stride=stride,
        wrap=wrap,
        unit_lines=unit_lines,
        resolution_A=resolution_A,
    )
    first, last = frame_window(trajectory, start_ps, stop_ps)
    check_target(path, trajectory, overwrite=overwrite)
    chosen = np.arange(first, last, stride)
    observables = trajectory.observables if file_format != "xdatcar" else {}
    partial = path.with_name(f".{path.name}.partial")
    with _complete_or_absent(partial, path):
        partial.unlink(missing_ok=True)
        with _opened_sink(
            trajectory,
            partial,
            file_format=file_format,
            chosen=chosen,
            observables=tuple(observables),
            wrap=wrap,
            unit_lines=unit_lines,
            resolution_A=resolution_A,
        ) as sink:
            done = 0
            for block in trajectory.frames(
                first, last, stride, block_bytes=_BLOCK_BYTES
            ):
                frames = _with_everything(trajectory, block, observables)
                if sink.standard_orientation:
                    frames = frames.in_standard_orientation()
                sink.write(frames.wrapped(trajectory.pbc) if wrap else frames)
                done += len(block.indices)
                if progress is not None:
                    progress(done, len(chosen))
            quantities = sink.quantities
    return _described(
        trajectory,
        path,
        chosen,
        quantities,
        file_format=file_format,
        wrap=wrap,
        unit_lines=unit_lines,
    )


def _described(
    trajectory: Trajectory,
    path: Path,
    chosen: NDArray[np.int64],
    quantities: tuple[str, ...],
    *,
    file_format: ExportFormat,
    wrap: bool,
    unit_lines: bool,
) -> Exported:
    times = trajectory.times_ps[chosen]
    spacings = np.diff(times)
    even = len(spacings) > 0 and float(np.ptp(spacings)) <= 1e-3 * float(spacings[0])
    return Exported(
        path=path,
        file_format=file_format,
        n_frames=len(chosen),
        n_atoms=trajectory.n_atoms,
        first_ps=float(times[0]),
        last_ps=float(times[-1]),
        frame_time_ps=float(np.mean(spacings)) if even else None,
        quantities=quantities,
        not_written=_not_written(trajectory, file_format, unit_lines=unit_lines),
        units=UNITS[file_format],
        species=tuple(dict.fromkeys(trajectory.initial.symbols)),
        positions="wrapped" if wrap else "unwrapped",
        n_bytes=path.stat().st_size,
    )


def _not_written(
    trajectory: Trajectory, file_format: ExportFormat, *, unit_lines: bool
) -> tuple[str, ...]:
    """Name what the trajectory holds and the format has no room for."""
    if file_format == "h5md":
        return ()
    dropped = ["events"] * bool(trajectory.events)
    if file_format == "extxyz":
        return tuple(dropped)
    dropped += list(trajectory.observables)
    dropped += ["time_ps"] * (not unit_lines)
    if file_format == "xdatcar":
        dropped += ["step", *trajectory.kept, *labels_of(trajectory.initial)]
    return tuple(sorted(dropped))


def _with_everything(
    trajectory: Trajectory,
    block: Frames,
    observables: Mapping[str, NDArray[np.float64]],
) -> ExportFrames:
    indices, kept = block.indices, trajectory.kept
    return ExportFrames(
        steps=trajectory.steps[indices],
        times_ps=trajectory.times_ps[indices],
        positions=block.positions,
        cells=block.cells,
        velocities_A_per_ps=(
            trajectory.velocities_A_per_ps(indices) if "velocities" in kept else None
        ),
        forces=trajectory.forces(indices) if "forces" in kept else None,
        observables={name: values[indices] for name, values in observables.items()},
    )


@contextmanager
def _opened_sink(
    trajectory: Trajectory,
    partial: Path,
    *,
    file_format: ExportFormat,
    chosen: NDArray[np.int64],
    observables: tuple[str, ...],
    wrap: bool,
    unit_lines: bool,
    resolution_A: float | None,
) -> Iterator[FrameSink]:
    atoms, kept = trajectory.initial, trajectory.kept
    if file_format == "h5md":
        steps = trajectory.steps[chosen]
        sink = H5mdSink(
            partial,
            atoms,
            kept=kept,
            observables=observables,
            metadata=trajectory.metadata,
            events=[
                event
                for event in trajectory.events
                if steps[0] <= event.get("step", steps[0]) <= steps[-1]
            ],
            rotation=trajectory.rotation,
            resolution_A=resolution_A,
        )
        try:
            yield sink
        finally:
            sink.close()
        return
    with partial.open("x", encoding="utf-8", newline="\n") as stream:
        text: FrameSink
        if file_format == "extxyz":
            text = ExtxyzSink(stream, atoms, kept=kept, observables=observables)
        elif file_format == "dump":
            text = DumpSink(
                stream, atoms, kept=kept, wrapped=wrap, unit_lines=unit_lines
            )
        else:
            text = XdatcarSink(stream, atoms)
        yield text
        text.close()


@contextmanager
def _complete_or_absent(partial: Path, path: Path) -> Iterator[None]:
    """Give a file its name when all of it is on the disk; else remove it."""
    try:
        yield
        with partial.open("rb") as stream:
            os.fsync(stream.fileno())
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise InputError(
            f"out must be a file that can be written; got {str(path)!r} "
            f"({error.strerror or error}). Make room, or name another place."
        ) from error
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
