"""Molecular dynamics of one structure: from atoms and a potential to a trajectory."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ase import Atoms

from md.dynamics.checkpoint import (
    Checkpoint,
    hash_structure,
    read_checkpoint,
    require_same_run,
)
from md.dynamics.config import DynamicsConfig
from md.dynamics.events import Event
from md.dynamics.frame import Observer, StopCondition
from md.dynamics.lock import locked
from md.dynamics.motion import Motion
from md.dynamics.outcome import DynamicsResult, Preempted
from md.dynamics.policies import after_step, respond
from md.dynamics.recorder import Recorder, RunFiles
from md.dynamics.signals import StopRequest, watch_signals
from mlip.potential import Potential, geometry_fault
from training_data.errors import InputError

Progress = Callable[[int, int, dict[str, float]], None]
_PROGRESS_EVERY = 10


def simulate(
    atoms: Atoms,
    potential: Potential,
    config: DynamicsConfig,
    *,
    out: Path | str,
    resume: bool = False,
    observers: Sequence[Observer] = (),
    stop_when: StopCondition | None = None,
    progress: Progress | None = None,
) -> DynamicsResult:
    """Trajectory of a structure under a potential, guarded and restartable.

    Writes ``trajectory.h5`` (H5MD), ``log.csv``, ``events.jsonl`` and
    ``checkpoint.npz`` into a folder. A run that was killed and resumed gives the same
    bits as one that was not. One model call per step.

    Parameters
    ----------
    atoms
        Structure at the start; ``FixAtoms`` is honoured. It is not changed.
    potential
        What moves the atoms.
    config
        Ensemble, time step, number of steps in total, guards.
    out
        Folder of the run; made when it is not there.
    resume
        Go on from the checkpoint in the folder: start the run when there is none,
        return the result again when it is finished.
    observers
        Called with each saved :class:`~md.dynamics.frame.Frame` that is computed now
        (not with those before a restart; again with those that a roll back undid).
    stop_when
        Called after the observers; the run ends in order with the reason that it
        returns (event ``plateau``). Resumed with it, such a run returns its result
        again; resumed without, it goes on to `n_steps`.
    progress
        Called as ``progress(step, n_steps, {"temperature_K": …,
        "potential_energy": …})`` every ten steps.

    Returns
    -------
    DynamicsResult
        Paths, temperatures and events.

    Raises
    ------
    InputError
        When the structure cannot be run, the folder already holds a run, or the
        settings differ from those of the run to resume.
    GuardTripped
        When the trajectory becomes impossible and the policy is to stop; all frames
        before are kept, the last good one in ``last_good_frame.extxyz``.
    Preempted
        After SIGTERM, SIGINT or SIGUSR1; resume it.

    Notes
    -----
    See ``docs/dynamics.md`` for the equations and for what makes a restart exact, and
    ``docs/guards.md`` for the limits.

    Examples
    --------
    >>> import tempfile
    >>> from ase.build import bulk
    >>> from ase.calculators.emt import EMT
    >>> from mlip.ase_potential import AsePotential
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     config = DynamicsConfig(n_steps=20, every=10, temperature_K=300)
    ...     copper = bulk("Cu", cubic=True) * 2
    ...     simulate(copper, AsePotential(lambda: EMT()), config, out=folder).n_frames
    3

    """
    files = RunFiles(Path(out))
    found = _find_checkpoint(files, resume=resume)
    potential.check_species(atoms)
    fault = geometry_fault(atoms)
    if fault:
        message = (
            f"structure must be one that can be evaluated; got "
            f"{atoms.get_chemical_formula()!r}: {fault}. Correct its file."
        )
        raise InputError(message)
    sha256 = hash_structure(atoms, with_momenta=config.velocities == "given")
    identity = {
        "config": config.model_dump(mode="json"),
        "potential": potential.identity,
        "structure_sha256": sha256,
    }
    if found is not None:
        require_same_run(
            found, config, potential=potential.identity, structure_sha256=sha256
        )
        rests = stop_when is not None and _ended_early(found)
        if found.final and (rests or found.final["n_steps"] >= config.n_steps):
            files.mend(found.final["n_steps"])
            return files.result(**found.final)
    motion = Motion(atoms, potential, config)
    with locked(files.folder):
        found = _unchanged(files, found)
        if found is not None:
            files.mend(found.step)
        recorder = Recorder(
            files,
            atoms,
            motion,
            identity=identity,
            observers=observers,
            resume_from=found,
        )
        with recorder, watch_signals() as request:
            return _run(
                motion,
                recorder,
                found,
                request=request,
                progress=progress,
                stop_when=stop_when,
            )


def _ended_early(found: Checkpoint) -> bool:
    """Whether a run came to its end before the steps that it was to make."""
    return bool(found.final) and found.final["n_steps"] < found.config["n_steps"]


def _find_checkpoint(files: RunFiles, *, resume: bool) -> Checkpoint | None:
    if not resume:
        held = files.existing()
        if held:
            raise InputError(
                f"out must not hold a run already; got {str(files.folder)!r} with "
                f"{held[0].name}. Resume it, or choose another folder."
            )
        return None
    return read_checkpoint(files.checkpoint) if files.checkpoint.exists() else None


def _unchanged(files: RunFiles, found: Checkpoint | None) -> Checkpoint | None:
    """Refuse to go on where another process has written since we looked."""
    now = read_checkpoint(files.checkpoint) if files.checkpoint.exists() else None
    if (now and (now.step, now.final)) != (found and (found.step, found.final)):
        raise InputError(
            f"out must be the folder of one run at a time; got {str(files.folder)!r}, "
            "in which another process has just written. Resume again."
        )
    return now


def _run(
    motion: Motion,
    recorder: Recorder,
    found: Checkpoint | None,
    *,
    request: StopRequest,
    progress: Progress | None,
    stop_when: StopCondition | None,
) -> DynamicsResult:
    config = motion.config
    if found is None:
        motion.start()
        recorder.note(_event("started", motion, "The run started."))
        recorder.save_frame()
        _is_sound(motion, recorder)
        motion.renew_session()  # as in a run that is resumed from here
        recorder.keep_state()
    else:
        motion.restore(found)
        recorder.note(_event("resumed", motion, f"Resumed at step {motion.step}."))
        recorder.keep_state()
    while motion.step < config.n_steps:
        if request.signal_name is not None:
            _preempt(motion, recorder, request.signal_name)
        motion.advance()
        if not _is_sound(motion, recorder):
            continue
        after_step(motion, recorder)
        ended = None
        if motion.step % config.every == 0:
            frame = recorder.save_frame()
            ended = stop_when(frame) if stop_when is not None else None
        if motion.step % config.checkpoint_every == 0:
            motion.renew_session()
            recorder.keep_state()
        if progress is not None and _is_shown(motion):
            progress(motion.step, config.n_steps, _shown(motion))
        if ended is not None:
            recorder.note(_event("plateau", motion, ended))
            return recorder.finish()
    recorder.note(_event("finished", motion, f"All {motion.step} steps are done."))
    return recorder.finish()


def _is_shown(motion: Motion) -> bool:
    return motion.step % _PROGRESS_EVERY == 0 or motion.step == motion.config.n_steps


def _shown(motion: Motion) -> dict[str, float]:
    return {
        "temperature_K": motion.temperature_K,
        "potential_energy": motion.energy,
    }


def _event(kind: str, motion: Motion, message: str) -> Event:
    return Event(kind=kind, step=motion.step, time_ps=motion.time_ps, message=message)


def _is_sound(motion: Motion, recorder: Recorder) -> bool:
    """Whether the run goes on from here; else it was rolled back (or has ended)."""
    event = motion.check()
    if event is None:
        return True
    step = motion.step
    respond(event, motion, recorder)
    return motion.step == step


def _preempt(motion: Motion, recorder: Recorder, signal_name: str) -> None:
    recorder.write_state()
    kept = recorder.state_step
    event = _event(
        "preempted",
        motion,
        f"{signal_name} arrived at step {motion.step}; the state of step {kept} is "
        "kept. Run again with --resume (resume=True) to go on with the same numbers.",
    )
    recorder.note(event)
    raise Preempted(event, recorder.result(n_steps=kept))
