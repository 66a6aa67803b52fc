"""Trajectories written as H5MD 1.1, safe against a kill at any instant.

The layout follows de Buyl, Colberg, Höfling, Comput. Phys. Commun. 185, 1546
(2014), doi:10.1016/j.cpc.2014.01.018, and opens in MDAnalysis.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

import h5py
import numpy as np
from ase import Atoms
from ase import units as ase_units
from numpy.typing import NDArray

from md.trajectory.atomic_file import AtomicFile
from md.trajectory.disk import not_written
from md.trajectory.layout import (
    EVENT_BYTES,
    GROUP,
    PARAMETERS,
    create_layout,
    frames_per_chunk,
)
from md.trajectory.orientation import standard_orientation
from training_data.errors import InputError

#: 1 eV in kJ/mol, the force unit that MDAnalysis knows.
KJ_PER_MOL_PER_EV = ase_units.mol / ase_units.kJ
# Every object begins a memory page of its own: the kernel copies a write page by page
# and may end a killed process in between, which must not tear a header or an index.
_PAGED = MappingProxyType(
    {
        "libver": ("v108", "v108"),
        "alignment_threshold": 1,
        "alignment_interval": 4096,
    }
)


class TrajectoryWriter:
    """Writer of one H5MD trajectory, frame by frame.

    Frames are kept in memory and written in blocks; what has been flushed stays
    readable by any HDF5 program at every instant, also while the run goes on and
    after it was killed.

    Parameters
    ----------
    path
        File to create; with `resume_at_step`, the file to continue.
    atoms
        Species, masses, pbc and labels of the run: every integer or boolean
        per-atom array of `atoms` (``layer``, ``side``, ``tags``, ...) is kept.
        Its positions are *not* written: append them as the first frame.
    metadata
        What the reader should know about the run (model, seeds, ...); plain JSON.
    observables
        Names of the scalars given with each frame, with their units as the last
        part of the name (``potential_energy_eV``, ``temperature_K``).
    velocities, forces
        Keep them as well.
    resume_at_step
        Continue an existing file: frames after this step are dropped, so that a
        run that is repeated from its checkpoint writes each frame once.
    frames_per_flush
        Frames kept in memory before they are written (default: about 1 MB).
    sync
        Wait for the disk at each flush, against loss of power; without, the file is
        safe against the end of the process alone.
    creator, author
        Names that H5MD requires.

    Raises
    ------
    InputError
        If the file exists already, or, on resuming, holds other atoms or another
        set of observables.

    Notes
    -----
    Positions are unwrapped (they never jump by a lattice vector), float64, in Å.
    Cells are turned into standard orientation (a along x, b in the xy plane) and
    positions, velocities and forces with them; a left-handed cell is described by
    the three opposite lattice vectors, which is the same lattice. Forces are
    stored in kJ mol⁻¹ Å⁻¹ and velocities in Å ps⁻¹, units that MDAnalysis reads.

    Examples
    --------
    >>> from ase.build import bulk
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "trajectory.h5"
    >>> atoms = bulk("Li", cubic=True)
    >>> with TrajectoryWriter(path, atoms, observables=("temperature_K",)) as writer:
    ...     writer.append(atoms, step=0, time_ps=0.0, temperature_K=300.0)
    ...     writer.n_frames
    1

    """

    def __init__(
        self,
        path: str | Path,
        atoms: Atoms,
        *,
        metadata: Mapping[str, Any] | None = None,
        observables: Sequence[str] = (),
        velocities: bool = False,
        forces: bool = False,
        resume_at_step: int | None = None,
        frames_per_flush: int | None = None,
        sync: bool = True,
        creator: str = "lithophile",
        author: str = "unknown",
    ) -> None:
        self.path = Path(path)
        self._n_atoms = len(atoms)
        self._observables = tuple(observables)
        self._vectors = ("position",) + ("velocity",) * velocities + ("force",) * forces
        self._per_chunk = frames_per_chunk(self._n_atoms)
        self._per_flush = frames_per_flush or self._per_chunk
        self._buffer: list[dict[str, Any]] = []
        self._events: list[bytes] = []
        self._safe_step: int | None = None
        self._failed = False
        self._sync = sync
        create = resume_at_step is None
        if create and self.path.exists():
            raise InputError(
                f"path must be a new file; got {str(self.path)!r}, which exists. "
                "Remove it, or resume the run."
            )
        if not create and not self.path.is_file():
            raise InputError(
                f"path must be an existing trajectory; got {str(self.path)!r}. "
                "Start the run without resuming."
            )
        # A new file appears under its name when it is complete.
        partial = self.path.with_name(self.path.name + ".partial")
        if create:
            partial.unlink(missing_ok=True)
        self._disk = AtomicFile(partial if create else self.path, create=create)
        with ExitStack() as failure:
            if create:
                failure.callback(partial.unlink)
            failure.callback(self._disk.close)
            self._file = h5py.File(self._disk, "w" if create else "r+", **_PAGED)
            failure.callback(self._file.close)
            if create:
                create_layout(
                    self._file,
                    atoms,
                    vectors=self._vectors,
                    frames_per_chunk=self._per_chunk,
                    observables=self._observables,
                    metadata=metadata or {},
                    creator=creator,
                    author=author,
                )
            else:
                self._check(atoms)
            self._disk.last_header = h5py.h5o.get_info(self._values("position").id).addr
            if resume_at_step is not None:
                self._truncate(resume_at_step)
            self._commit()
            if create:
                partial.rename(self.path)
            failure.pop_all()

    @property
    def n_frames(self) -> int:
        """Frames appended so far, flushed or not."""
        return len(self._file[f"{GROUP}/step"]) + len(self._buffer)

    @property
    def last_step(self) -> int | None:
        """Step of the last frame, None before the first."""
        if self._buffer:
            return int(self._buffer[-1]["step"])
        steps = self._file[f"{GROUP}/step"]
        return int(steps[-1]) if len(steps) else None

    def append(
        self,
        atoms: Atoms,
        *,
        step: int,
        time_ps: float,
        forces: NDArray[np.float64] | None = None,
        **observables: float,
    ) -> None:
        """Append one frame.

        Parameters
        ----------
        atoms
            Unwrapped positions and cell (and momenta where velocities are kept).
        step
            Step of the run; larger than that of the frame before.
        time_ps
            Time in ps; larger than that of the frame before.
        forces
            (n, 3) eV/Å, where they are kept; None asks the calculator of `atoms`.
        **observables
            One value for every observable that the writer was made with.

        Raises
        ------
        ValueError
            If the frame does not belong here: other atoms, a step that does not
            grow, missing or unknown observables, positions that are not finite.

        """
        last = self.last_step
        if len(atoms) != self._n_atoms:
            msg = f"atoms must be {self._n_atoms} atoms; got {len(atoms)}."
            raise ValueError(msg)
        if last is not None and step <= last:
            msg = f"step must be larger than the last one, {last}; got {step}."
            raise ValueError(msg)
        if set(observables) != set(self._observables):
            msg = (
                f"observables must be {sorted(self._observables)}; "
                f"got {sorted(observables)}."
            )
            raise ValueError(msg)
        if not np.isfinite(atoms.positions).all():
            msg = f"positions must be finite; got others at step {step}."
            raise ValueError(msg)
        cell, rotation = standard_orientation(atoms.cell.array)
        frame: dict[str, Any] = {"step": step, "time": time_ps, "edges": cell}
        frame["position"] = _turned(atoms.positions, rotation)
        if "velocity" in self._vectors:
            per_ps = 1000.0 * ase_units.fs
            frame["velocity"] = _turned(atoms.get_velocities() * per_ps, rotation)
        if "force" in self._vectors:
            if forces is None:
                forces = atoms.get_forces(apply_constraint=False)
            frame["force"] = _turned(forces * KJ_PER_MOL_PER_EV, rotation)
        frame["observables"] = observables
        self._buffer.append(frame)
        if len(self._buffer) >= self._per_flush or last is None:
            self.flush()

    def record_event(self, event: Mapping[str, Any]) -> None:
        """Keep an event (a guard, a restart) with the trajectory.

        Parameters
        ----------
        event
            Plain JSON of at most 1,024 bytes with the integer key ``step``; with
            ``returned_to`` where the run went back to an earlier step because of it.

        """
        text = json.dumps(dict(event)).encode()
        if "step" not in event or len(text) > EVENT_BYTES:
            msg = f"event must have a step and {EVENT_BYTES} bytes; got {event!r}."
            raise ValueError(msg)
        self._events.append(text)

    def flush(self) -> None:
        """Write what is in memory; call it before a checkpoint is written.

        Raises
        ------
        NotWrittenError
            If the disk is full; the file stays as it was.

        """
        if self._events:
            self._extend(f"{PARAMETERS}/events", np.array(self._events, dtype="S1024"))
            self._events.clear()
        if self._buffer:
            frames = self._buffer
            for vector in self._vectors:
                values = np.stack([frame[vector] for frame in frames])
                self._extend(f"{GROUP}/{vector}/value", values)
            edges = np.stack([frame["edges"] for frame in frames])
            self._extend(f"{GROUP}/box/edges/value", edges)
            for name in self._observables:
                values = np.array([frame["observables"][name] for frame in frames])
                self._extend(f"observables/{name}/value", values)
            self._extend(f"{GROUP}/time", np.array([frame["time"] for frame in frames]))
            self._extend(f"{GROUP}/step", np.array([frame["step"] for frame in frames]))
            self._buffer = []
        self._commit()

    def close(self) -> None:
        """Flush and close; a second call does nothing.

        After a disk did not take a flush, nothing more is written: the file holds
        what it held before.
        """
        if self._disk.closed:
            return
        try:
            if self._failed:
                self._file.close()  # into memory
                return
            self.flush()
            self._file.close()
            self._disk.commit(sync=self._sync)
        finally:
            self._disk.close()

    def __enter__(self) -> Self:
        """Return the writer itself."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close; frames appended before an exception are kept."""
        self.close()

    def _values(self, vector: str) -> h5py.Dataset:
        return self._file[f"{GROUP}/{vector}/value"]

    def _extend(self, name: str, values: NDArray[Any]) -> None:
        dataset = self._file[name]
        start = len(dataset)
        dataset.resize(start + len(values), axis=0)
        dataset[start:] = values

    def _commit(self, *, shrinking: bool = False) -> None:
        try:
            self._file.flush()
            self._disk.commit(shrinking=shrinking, sync=self._sync)
        except OSError as error:
            self._failed = True
            safe = self._safe_step
            kept = "No frame is kept." if safe is None else f"Step {safe} is kept."
            raise not_written(self.path, error, kept=kept) from error
        self._safe_step = self.last_step

    def _check(self, atoms: Atoms) -> None:
        present = set(self._file.get("observables", {}))
        numbers = self._file[f"{GROUP}/species"][()]
        if not np.array_equal(numbers, atoms.numbers):
            raise InputError(
                f"atoms must be those of {str(self.path)!r}; got {atoms.symbols!s}. "
                "Resume with the structure that the run was started with."
            )
        if self._values("position").compression is not None:
            raise InputError(
                f"path must be a trajectory that a run wrote; got {str(self.path)!r}, "
                "a packed copy. Resume with the run's own file."
            )
        vectors = {
            v for v in ("position", "velocity", "force") if v in self._file[GROUP]
        }
        if present != set(self._observables) or vectors != set(self._vectors):
            raise InputError(
                f"observables must be those of {str(self.path)!r}, "
                f"{sorted(present | vectors)}; got "
                f"{sorted({*self._observables, *self._vectors})}. "
                "Resume with the settings that the run was started with."
            )

    def _truncate(self, last_step: int) -> None:
        steps = self._file[f"{GROUP}/step"][()]
        keep = int(np.searchsorted(steps, last_step, side="right"))
        names = [f"{GROUP}/{vector}/value" for vector in self._vectors]
        names += [f"observables/{name}/value" for name in self._observables]
        names += [f"{GROUP}/box/edges/value", f"{GROUP}/time", f"{GROUP}/step"]
        lengths = [len(self._file[name]) for name in names]
        # A kill may have hit between two lengths: all then end at the shortest.
        keep = min(keep, *lengths)
        if any(length > keep for length in lengths):
            for name in names:
                self._file[name].resize(keep, axis=0)
        events = self._file[f"{PARAMETERS}/events"]
        old = [e for e in events[()] if _belongs_to(json.loads(e)) <= last_step]
        events.resize(len(old), axis=0)
        self._commit(shrinking=True)


def _belongs_to(event: Mapping[str, Any]) -> int:
    """Step of the state that has seen an event: the one returned to because of it."""
    return int(event.get("returned_to", event["step"]))


def _turned(
    vectors: NDArray[np.float64], rotation: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    if rotation is None:
        return np.array(vectors, dtype=float)
    return np.asarray(vectors @ rotation.T, dtype=float)
