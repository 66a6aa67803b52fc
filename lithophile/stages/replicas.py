"""Replica stage: many runs of one structure, each in a folder of its own."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from ase import Atoms

from lithophile.claim import Claim
from lithophile.console import Progress
from lithophile.curves import new_figure, tidy
from lithophile.dynamics_settings import DynamicsSettings
from lithophile.interrupted import Interrupted
from lithophile.live import LiveNumbers, check_plateau
from lithophile.provenance import provenance
from lithophile.run_folder import STOPPED, RunFolder, write_json
from lithophile.stages.dynamics import (
    EVENTS,
    stopped_result,
    told_already,
    write_figures,
)
from lithophile.stages.inputs import model_path, open_potential
from lithophile.stages.resume_check import check_resume
from lithophile.stages.start_check import (
    LastFrameNotice,
    StartCheck,
    check_start,
)
from md.dynamics import (
    GuardTripped,
    Observer,
    Replica,
    ReplicaOutcome,
    ReplicasPreempted,
    ReplicasResult,
    build_replicas,
    simulate_replicas,
)
from mlip import Potential, probe_memory
from mlip.batch_session import PAIRS_PER_CALL
from training_data import InputError, read_structures


def run_replicas(
    settings: DynamicsSettings,
    folder: RunFolder,
    *,
    resume: bool,
    overwrite: bool,
    progress: Progress,
) -> dict[str, Any]:
    """Run all replicas in folders inside `folder`.

    Raises
    ------
    InputError
        The folder holds a single run, or the settings do not fit together.
    Interrupted
        When a signal ended the run, or replicas were put aside.

    """
    if resume and (folder.path / "trajectory.h5").exists():
        raise InputError(
            f"--out must hold replicas to go on with; got '{folder.path}' with one "
            "run alone. Name another folder."
        )
    atoms = read_structures(settings.structure, index="-1")[0]
    replicas = build_replicas(
        atoms,
        settings.dynamics,
        temperatures_K=settings.temperatures_K,
        seeds=settings.seeds,
        copies=settings.replicas,
    )
    potential = open_potential(settings)
    potential.check_species(atoms)
    check_plateau(atoms, settings)
    if resume:
        _check_all(folder, replicas, potential)
    told = told_already(folder, settings) if resume else {}
    start = None if told else _check(settings, atoms, potential, len(replicas))
    told = told or {"start": start.to_json() if start else None}
    record = provenance(
        command="md replicas",
        seeds={replica.name: replica.config.seed for replica in replicas},
        inputs={
            "model": model_path(settings.model),
            "structure": settings.structure,
        },
    )
    with ExitStack() as stack:
        claims = [
            stack.enter_context(
                folder.opened(
                    settings=settings,
                    provenance=record,
                    resume=resume,
                    overwrite=overwrite,
                )
            )
        ]
        for replica in replicas:
            own = {**record, "command": "md", "seeds": {"md": replica.config.seed}}
            inside = RunFolder(folder.path / replica.name)
            claims.append(
                stack.enter_context(
                    inside.opened(
                        settings=_alone(settings, replica),
                        provenance=own,
                        resume=resume and inside.holds_run,
                    )
                )
            )
        watchers = _watchers(folder, replicas, settings)
        try:
            done = simulate_replicas(
                replicas,
                potential,
                out=folder.path,
                resume=resume,
                batch=settings.batch,
                observers=_observers(folder, replicas, start, watchers),
                stop_when={name: w.plateau_reason for name, w in watchers.items()},
                progress=_watching(claims, progress),
            )
        except ReplicasPreempted as reason:
            result = _written(folder, settings, reason.replicas, told)
            raise Interrupted(
                _stopped(folder, result, "Preempted", str(reason)), reason
            ) from None
        result = _written(folder, settings, done, told)
        if done.failures:
            raise _put_aside(folder, done, result)
        return folder.finish({**result, "n_steps": settings.n_steps})


def _check_all(
    folder: RunFolder, replicas: Sequence[Replica], potential: Potential
) -> None:
    """Refuse to go on as soon as one replica cannot, before any of them runs."""
    for replica in replicas:
        inside = folder.path / replica.name
        try:
            check_resume(inside, replica.atoms, potential, replica.config)
        except InputError as error:
            raise InputError(f"{replica.name}: {error}") from None


def _check(
    settings: DynamicsSettings, atoms: Atoms, potential: Potential, n_replicas: int
) -> StartCheck:
    """Check the start of one replica, and the memory of all that share a call."""
    start = check_start(settings, atoms, potential)
    LastFrameNotice(settings).tell()
    together = settings.batch == "together" or (
        settings.batch == "auto" and potential.prefers_batches
    )
    memory = start.memory
    if together and memory is not None and memory.n_pairs and atoms.cell.rank == 3:  # noqa: PLR2004 (of a crystal)
        kind = "cpu" if settings.device == "cpu" else "cuda"
        most = max(1, PAIRS_PER_CALL[kind] // memory.n_pairs)
        crowd = atoms.repeat((min(n_replicas, most), 1, 1))
        probe_memory(potential, crowd).require_enough()
    return start


def _alone(settings: DynamicsSettings, replica: Replica) -> DynamicsSettings:
    """Make the settings with which a replica goes on as a single run."""
    return settings.model_copy(
        update={
            "replicas": 1,
            "temperatures_K": (),
            "seeds": (),
            "temperature_K": replica.config.temperature_K,
            "seed": replica.config.seed,
        }
    )


def _watchers(
    folder: RunFolder, replicas: Sequence[Replica], settings: DynamicsSettings
) -> dict[str, LiveNumbers]:
    """Follow the reaction of every replica where it may end on a plateau."""
    if settings.stop_on_plateau is None:
        return {}
    watchers = {}
    for replica in replicas:
        watchers[replica.name] = LiveNumbers(replica.atoms, settings)
        watchers[replica.name].replay(folder.path / replica.name)
    return watchers


def _observers(
    folder: RunFolder,
    replicas: Sequence[Replica],
    start: StartCheck | None,
    watchers: Mapping[str, LiveNumbers],
) -> dict[str, list[Observer]]:
    """Let every replica note in its events what the start was checked for."""
    observers: dict[str, list[Observer]] = {}
    for replica in replicas:
        own: list[Observer] = []
        if replica.name in watchers:
            own.append(watchers[replica.name])
        if start is not None:
            own.append(start.observer(folder.path / replica.name / EVENTS))
        observers[replica.name] = own
    return observers


def _watching(claims: list[Claim], progress: Progress) -> Progress:
    for claim in claims:
        progress = claim.watching(progress)
    return progress


def _written(
    folder: RunFolder,
    settings: DynamicsSettings,
    done: ReplicasResult,
    told: dict[str, Any],
) -> dict[str, Any]:
    """Write what became of every replica into its folder; return all of it."""
    about = {"model": settings.model, **told}
    for outcome in done.replicas:
        _write_one(RunFolder(folder.path / outcome.name), outcome, about)
    figure = new_figure(8.4, 3.6)
    axis = done.plot(figure.subplots())
    tidy(axis)
    figure.savefig(folder.figure("replicas"), dpi=150)
    return {**about, **done.to_json()}


def _write_one(
    inside: RunFolder, outcome: ReplicaOutcome, about: dict[str, Any]
) -> None:
    if outcome.status == "finished" and outcome.result is not None:
        write_figures(inside)
        inside.finish({**about, **outcome.result.to_json()})
        return
    result = {**about, "stopped_by": outcome.status, "message": outcome.message}
    if outcome.ending is not None:
        result |= stopped_result(outcome.ending)
    if outcome.status == "stopped":  # a signal leaves no time for pictures
        write_figures(inside)
    write_json(inside.path / STOPPED, result)


def _stopped(
    folder: RunFolder, result: dict[str, Any], kind: str, message: str
) -> dict[str, Any]:
    result = {**result, "stopped_by": kind, "message": message}
    write_json(folder.path / STOPPED, result)
    return result


def _put_aside(
    folder: RunFolder, done: ReplicasResult, result: dict[str, Any]
) -> Interrupted:
    """Make the end of a run in which not all replicas reached their last step."""
    failures = done.failures
    lines = "\n".join(f"  {failure.id}: {failure.reason}" for failure in failures)
    message = (
        f"{len(failures)} of {len(done.replicas)} replicas were put aside, the others "
        f"are finished:\n{lines}"
    )
    reason: RuntimeError = RuntimeError(message)
    for ending in (replica.ending for replica in done.replicas):
        if isinstance(ending, GuardTripped):
            event = replace(ending.event, message=message)
            reason = GuardTripped(event, ending.result)
            break
    kind = type(reason).__name__
    return Interrupted(_stopped(folder, result, kind, message), reason)
