"""The files of a run, kept consistent with each other at every instant."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from ase import Atoms
from ase.io import write

from md.dynamics.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from md.dynamics.collected import (
    as_collected,
    keep_first,
    read_collected,
    write_collected,
)
from md.dynamics.events import Event, append_event, read_events
from md.dynamics.frame import Frame, Observer
from md.dynamics.log import SPREAD, EnergyLog, read_log
from md.dynamics.mending import mend_files
from md.dynamics.motion import Motion
from md.dynamics.outcome import DynamicsResult
from md.dynamics.policies import Detours
from md.trajectory import TrajectoryWriter
from md.trajectory.disk import NotWrittenError, is_of_the_disk, not_written

_OBSERVABLES = ("potential_energy_eV", "kinetic_energy_eV", "temperature_K")
_LISTED = 10  # atoms of an event that the trajectory keeps
_MESSAGE = 400  # characters of its message


@dataclass(frozen=True)
class RunFiles:
    """Names of the files that a run writes into its folder."""

    folder: Path

    @property
    def trajectory(self) -> Path:
        """Positions of the saved steps (H5MD)."""
        return self.folder / "trajectory.h5"

    @property
    def log(self) -> Path:
        """Energies and temperature of the saved steps."""
        return self.folder / "log.csv"

    @property
    def events(self) -> Path:
        """What happened, one JSON object a line."""
        return self.folder / "events.jsonl"

    @property
    def checkpoint(self) -> Path:
        """State from which the run resumes."""
        return self.folder / "checkpoint.npz"

    @property
    def last_good_frame(self) -> Path:
        """Structure and velocities before the step that tripped a guard."""
        return self.folder / "last_good_frame.extxyz"

    @property
    def collected(self) -> Path:
        """Structures put aside to be labelled."""
        return self.folder / "collected.extxyz"

    def existing(self) -> list[Path]:
        """Those files that are there."""
        every = (self.checkpoint, self.trajectory, self.log, self.events)
        more = (self.last_good_frame, self.collected)
        return [path for path in (*every, *more) if path.exists()]

    def mend(self, step: int) -> None:
        """See :func:`~md.dynamics.mending.mend_files`."""
        mend_files(
            trajectory=self.trajectory, log=self.log, events=self.events, step=step
        )

    def result(
        self,
        *,
        n_steps: int,
        n_frames: int,
        final_temperature_K: float,
        degrees_of_freedom: int,
        n_atoms: int,
    ) -> DynamicsResult:
        """Put together the result of a run whose files stand as they are."""
        table = read_log(self.log)
        totals, temperatures = table["total_energy_eV"], table["temperature_K"]
        return DynamicsResult(
            trajectory=self.trajectory,
            log=self.log,
            n_steps=n_steps,
            n_frames=n_frames,
            final_temperature_K=final_temperature_K,
            mean_temperature_K=float(np.mean(temperatures[len(temperatures) // 2 :])),
            energy_change_meV_per_atom=1000.0 * (totals[-1] - totals[0]) / n_atoms,
            degrees_of_freedom=degrees_of_freedom,
            events=read_events(self.events),
        )


class Recorder:
    """Writer of everything that a run leaves behind.

    Used as a context. The trajectory reaches the disk before the checkpoint that
    relies on it does; on resuming, trajectory and log are cut back to the checkpoint.

    Parameters
    ----------
    files
        Where.
    atoms
        Structure at the start, with the labels (``layer``, ``side``) to keep.
    motion
        What is recorded.
    identity
        Configuration, potential and fingerprint for the checkpoint.
    observers
        Called with each saved frame.
    resume_from
        Checkpoint to go on from; None starts anew.

    """

    def __init__(
        self,
        files: RunFiles,
        atoms: Atoms,
        motion: Motion,
        *,
        identity: dict[str, Any],
        observers: Sequence[Observer],
        resume_from: Checkpoint | None,
    ) -> None:
        self._files = files
        self._atoms = atoms
        self._motion = motion
        self._identity = identity
        self._observers = tuple(observers)
        self._resume_from = resume_from
        self._state: Checkpoint | None = None
        self._written_at = -np.inf

    def __enter__(self) -> Self:
        try:
            return self._opened()
        except OSError as error:
            if is_of_the_disk(error):
                raise self._clearer(error) from error
            raise

    def _opened(self) -> Self:
        self._files.folder.mkdir(parents=True, exist_ok=True)
        if self._resume_from is None:
            for leftover in self._files.existing():
                leftover.unlink()
            self._open_series(None)
        else:
            n_collected = Detours(**self._resume_from.detours).n_collected
            keep_first(self._files.collected, n_collected)
            self._open_series(self._resume_from.step)
        return self

    def _open_series(self, resume_at_step: int | None) -> None:
        """Open trajectory and log, cut back to a step where one is given."""
        watched = self._motion.has_committee
        self._trajectory = TrajectoryWriter(
            self._files.trajectory,
            self._atoms,
            metadata=self._identity,
            observables=(*_OBSERVABLES, SPREAD) if watched else _OBSERVABLES,
            velocities="velocities" in self._motion.config.save,
            forces="forces" in self._motion.config.save,
            resume_at_step=resume_at_step,
        )
        self._log = EnergyLog(
            self._files.log, keep_to=resume_at_step, with_spread=watched
        )

    def rewind(self, detours: Detours) -> Checkpoint:
        """Cut the files back to the remembered state, and give it new detours.

        Parameters
        ----------
        detours
            What the policies remember from now on.

        """
        state = self._remembered()
        self._state = replace(state, detours=detours.state())
        self._trajectory.close()
        self._log.close()
        self._open_series(state.step)
        return self._state

    def _remembered(self) -> Checkpoint:
        if self._state is None:
            msg = "state must be remembered before a run can roll back; got none."
            raise ValueError(msg)
        return self._state

    @property
    def collected(self) -> Path:
        """Where structures are put aside."""
        return self._files.collected

    def collect(self, event: Event, *, present: bool) -> int:
        """Put a structure aside to be labelled, and return how many there are.

        Parameters
        ----------
        event
            What the guard found.
        present
            The structure of the event itself; else the one before it, which is still
            a structure of atoms when a guard has seen it break.

        """
        if present:
            step, atoms = event.step, self._labelled(self._motion.atoms.cell.array)
            atoms.positions = self._motion.atoms.positions
            atoms.set_momenta(self._motion.atoms.get_momenta(), apply_constraint=False)
            spreads = self._motion.force_spreads()
        else:
            step, spreads = max(event.step - 1, 0), None
            atoms = self._last_good(step)
        kept = read_collected(self._files.collected)
        kept.append(as_collected(atoms, event, step=step, force_spreads=spreads))
        write_collected(self._files.collected, kept)
        return len(kept)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._trajectory.close()
        except OSError as failure:
            if error is None and is_of_the_disk(failure):
                raise self._clearer(failure) from failure
            if error is None:
                raise
        finally:
            with suppress(OSError):  # every row was flushed when it was written
                self._log.close()
        if isinstance(error, OSError) and is_of_the_disk(error):
            raise self._clearer(error) from error

    def _clearer(self, error: OSError) -> OSError:
        """Say what of the run is safe when its disk takes no more."""
        if isinstance(error, NotWrittenError):
            error = error.__cause__ if isinstance(error.__cause__, OSError) else error
        kept = "No step is kept."
        if self._files.checkpoint.exists():
            step = read_checkpoint(self._files.checkpoint).step
            kept = f"All steps up to {step} are kept."
        return not_written(self._files.folder, error, kept=kept)

    def note(self, event: Event) -> None:
        """Keep an event in the event log and in the trajectory."""
        append_event(self._files.events, event)
        short = replace(
            event, atoms=event.atoms[:_LISTED], message=event.message[:_MESSAGE]
        )
        self._trajectory.record_event(short.to_json())

    def save_frame(self) -> Frame:
        """Record the present state, show it to the observers, and return it."""
        frame = self._motion.frame()
        spread = frame.max_force_spread_eV_per_A
        self._trajectory.append(
            self._motion.atoms,
            step=frame.step,
            time_ps=frame.time_ps,
            forces=frame.forces,
            potential_energy_eV=frame.potential_energy,
            kinetic_energy_eV=frame.kinetic_energy,
            temperature_K=frame.temperature_K,
            **({} if spread is None else {SPREAD: spread}),
        )
        self._log.append(frame)
        for observer in self._observers:
            observer(frame)
        return frame

    def keep_state(self) -> None:
        """Remember the present state; write it when the last write is old enough."""
        self._state = Checkpoint(**self._motion.state(), **self._identity, final={})
        interval = self._motion.config.checkpoint_interval_s
        if time.monotonic() - self._written_at >= interval:
            self.write_state()

    def write_state(self, final: dict[str, Any] | None = None) -> None:
        """Bring the remembered state to the disk, after all frames before it."""
        if self._state is None:
            return
        self._trajectory.flush()
        self._log.sync()
        self._state = replace(self._state, final=final or {})
        write_checkpoint(self._files.checkpoint, self._state)
        self._written_at = time.monotonic()

    @property
    def state_step(self) -> int:
        """Step of the remembered state."""
        return 0 if self._state is None else self._state.step

    def keep_last_good(self, event: Event) -> Event:
        """Keep the structure before a guard tripped, and say so in the event."""
        if event.step == 0:
            where = " The starting structure is at fault."
        else:
            target = self._files.last_good_frame
            partial = target.with_name(target.name + ".partial")
            write(partial, self._last_good(event.step - 1), format="extxyz")
            partial.replace(target)
            where = f" The frame before (step {event.step - 1}) is in {target}."
        told = replace(event, message=event.message + where)
        self.note(told)
        return told

    def _last_good(self, step: int) -> Atoms:
        atoms = self._labelled(self._motion.previous_cell)
        atoms.positions, momenta = self._motion.previous
        atoms.set_momenta(momenta, apply_constraint=False)
        atoms.info["step"] = step
        return atoms

    def _labelled(self, cell: np.ndarray) -> Atoms:
        """Copy of the structure at the start, with its labels, in this cell."""
        atoms: Atoms = self._atoms.copy()
        atoms.set_cell(cell)
        return atoms

    def result(self, *, n_steps: int) -> DynamicsResult:
        """Put together the result of the run as it stands."""
        return self._files.result(**self._summary(n_steps))

    def finish(self) -> DynamicsResult:
        """Write the last checkpoint and return the result."""
        summary = self._summary(self._motion.step)
        self.write_state(final=summary)
        return self._files.result(**summary)

    def _summary(self, n_steps: int) -> dict[str, Any]:
        return {
            "n_steps": n_steps,
            "n_frames": self._trajectory.n_frames,
            "final_temperature_K": self._motion.temperature_K,
            "degrees_of_freedom": self._motion.n_free,
            "n_atoms": len(self._atoms),
        }
