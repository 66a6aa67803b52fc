"""Molecular dynamics of many replicas at once, each as if it ran alone."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from md.dynamics.frame import Observer, StopCondition
from md.dynamics.lockstep import Strand, run_in_step
from md.dynamics.outcome import DynamicsResult, GuardTripped, Preempted
from md.dynamics.recorder import RunFiles
from md.dynamics.replica_outcome import (
    ReplicaOutcome,
    ReplicasPreempted,
    ReplicasResult,
)
from md.dynamics.replica_potential import (
    Ask,
    ReplicaPotential,
    Wish,
    answer_wishes,
)
from md.dynamics.replicas import Replica
from md.dynamics.signals import StopRequest, stopped_by, watch_signals
from md.dynamics.simulate import Progress, simulate
from mlip.potential import Potential
from training_data.errors import InputError

Batch = Literal["auto", "together", "each"]


def simulate_replicas(
    replicas: Sequence[Replica],
    potential: Potential,
    *,
    out: Path | str,
    resume: bool = False,
    batch: Batch = "auto",
    observers: Mapping[str, Sequence[Observer]] | None = None,
    stop_when: Mapping[str, StopCondition] | None = None,
    progress: Progress | None = None,
) -> ReplicasResult:
    """Trajectories of many replicas, each guarded and restartable by itself.

    Every replica is a run of :func:`~md.dynamics.simulate.simulate` in a folder of
    its own, with its own velocities, thermostat, random numbers, guards, policies,
    trajectory, log and checkpoint. One that fails is put aside, with its events and
    its last good frame, and the others go on.

    Parameters
    ----------
    replicas
        What runs; :func:`~md.dynamics.replicas.build_replicas` makes them.
    potential
        What moves the atoms of all.
    out
        Folder of the folders ``replica-00``, ``replica-01`` ...
    resume
        Go on with each replica from its checkpoint; start those that have none.
    batch
        ``each``: every replica is evaluated by itself, and its numbers are those of
        the same run alone, bit for bit. ``together``: one call answers all, equal
        within round-off. ``auto``: together where it is faster, on a GPU.
    observers
        Of each replica by name, called with its saved frames.
    stop_when
        Of each replica by name, as in :func:`~md.dynamics.simulate.simulate`: a
        replica for which it gives a reason has finished, the others go on.
    progress
        Called as ``progress(steps, n_steps, {"running": …, "put_aside": …,
        "temperature_K": …})``, summed over all replicas (temperature: their mean).

    Returns
    -------
    ReplicasResult
        One outcome each. Replicas that a guard stopped or that failed are among
        them: look at ``failures``.

    Raises
    ------
    InputError
        When there are no replicas, two have one name, a folder holds a run already,
        or none of them can be run.
    ReplicasPreempted
        After SIGTERM, SIGINT or SIGUSR1; all replicas have kept their state.

    Notes
    -----
    ``docs/replicas.md`` says what is exact and what is not, and what it costs.

    Examples
    --------
    >>> import tempfile
    >>> from ase.build import bulk
    >>> from ase.calculators.emt import EMT
    >>> from md.dynamics import DynamicsConfig, build_replicas
    >>> from mlip.ase_potential import AsePotential
    >>> copper, emt = bulk("Cu", cubic=True), AsePotential(lambda: EMT())
    >>> config = DynamicsConfig(n_steps=10, every=5)
    >>> runs = build_replicas(copper, config, temperatures_K=[200, 300, 400])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     done = simulate_replicas(runs, emt, out=folder)
    >>> [(r.name, r.status, r.result.n_frames) for r in done.replicas]
    ... # doctest: +NORMALIZE_WHITESPACE
    [('replica-00', 'finished', 3), ('replica-01', 'finished', 3),
     ('replica-02', 'finished', 3)]

    """
    folder = Path(out)
    _check(replicas, folder, resume=resume)
    together = batch == "together" or (batch == "auto" and potential.prefers_batches)
    shared = potential.batch_session(together=together)
    table = _Table(replicas, progress)
    stop = StopRequest()
    strands: dict[int, Strand[Wish, DynamicsResult]] = {}
    for number, replica in enumerate(replicas):
        work = partial(
            _run,
            replica,
            potential,
            stop,
            out=folder / replica.name,
            resume=resume,
            observers=(observers or {}).get(replica.name, ()),
            stop_when=(stop_when or {}).get(replica.name),
            progress=partial(table.note, number),
        )
        strands[number] = Strand(work, name=replica.name)
    with watch_signals() as request:

        def after_round() -> None:
            # all stand in the middle of a step now, so that all stop after it
            stop.signal_name = request.signal_name
            for number, strand in strands.items():
                if strand.is_over:
                    shared.remove(number)
            table.show(strands)

        run_in_step(strands, partial(answer_wishes, shared), after_round=after_round)
    result = ReplicasResult(
        replicas=tuple(
            _outcome(replica, strands[number], folder / replica.name)
            for number, replica in enumerate(replicas)
        ),
        evaluated="together" if together else "each",
    )
    _raise(result, strands)
    return result


def _check(replicas: Sequence[Replica], folder: Path, *, resume: bool) -> None:
    if not replicas:
        raise InputError("replicas must hold at least one; got none. Build some.")
    names = [replica.name for replica in replicas]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(
            f"replicas must have names of their own; got {twice!r} more than once. "
            "Their files would overwrite each other."
        )
    for name in () if resume else names:
        held = RunFiles(folder / name).existing()
        if held:
            raise InputError(
                f"out must not hold a run already; got {str(held[0])!r}. Resume it, or "
                "choose another folder."
            )


def _run(
    replica: Replica,
    potential: Potential,
    stop: StopRequest,
    ask: Ask,
    *,
    out: Path,
    resume: bool,
    observers: Sequence[Observer],
    stop_when: StopCondition | None,
    progress: Progress,
) -> DynamicsResult:
    with stopped_by(stop):
        return simulate(
            replica.atoms,
            ReplicaPotential(potential, ask),
            replica.config,
            out=out,
            resume=resume,
            observers=observers,
            stop_when=stop_when,
            progress=progress,
        )


def _outcome(
    replica: Replica, strand: Strand[Wish, DynamicsResult], folder: Path
) -> ReplicaOutcome:
    outcome = ReplicaOutcome(
        name=replica.name,
        folder=folder,
        temperature_K=replica.config.temperature_K,
        seed=replica.config.seed,
        status="failed",
        message="",
        result=None,
    )
    try:
        return replace(outcome, status="finished", result=strand.result)
    except GuardTripped as error:
        return replace(
            outcome, status="stopped", message=str(error), result=error.result
        )
    except Preempted as error:
        return replace(
            outcome, status="preempted", message=str(error), result=error.result
        )
    except Exception as error:  # noqa: BLE001 (put aside; raised where all failed)
        told = str(error) or "no message"
        kind = "" if isinstance(error, InputError) else f"{type(error).__name__}: "
        return replace(outcome, message=kind + told)


def _raise(
    result: ReplicasResult, strands: Mapping[int, Strand[Wish, DynamicsResult]]
) -> None:
    """Raise what concerns all replicas: a signal, or an error that spared none."""
    if all(replica.status == "failed" for replica in result.replicas):
        error = strands[0].error
        if error is not None:
            error.add_note(f"All {len(strands)} replicas failed; this is the first.")
            raise error
    stopped = [strand.error for strand in strands.values()]
    first = next((error for error in stopped if isinstance(error, Preempted)), None)
    if first is not None:
        n_kept = sum(isinstance(error, Preempted) for error in stopped)
        told = replace(
            first.event,
            message=f"{n_kept} of {len(strands)} replicas were stopped by a signal and "
            f"have kept their state. The first: {first.event.message}",
        )
        raise ReplicasPreempted(told, first.result, result) from first


class _Table:
    """Steps and temperatures of all replicas, for the one who watches."""

    def __init__(self, replicas: Sequence[Replica], progress: Progress | None) -> None:
        self._progress = progress
        self._n_steps = [replica.config.n_steps for replica in replicas]
        self._done = [0] * len(replicas)
        self._temperatures: dict[int, float] = {}
        self._news = False

    def note(
        self, number: int, step: int, n_steps: int, shown: Mapping[str, float]
    ) -> None:
        """Take down what one replica has told."""
        del n_steps
        self._done[number] = step
        self._temperatures[number] = shown["temperature_K"]
        self._news = True

    def show(self, strands: Mapping[int, Strand[Wish, DynamicsResult]]) -> None:
        """Tell it to the one who watches, where there is news."""
        if self._progress is None or not self._news:
            return
        self._news = False
        over = {n for n, strand in strands.items() if strand.is_over}
        aside = sum(
            isinstance(strands[n].error, Exception)
            and not isinstance(strands[n].error, Preempted)
            for n in over
        )
        for number in over:
            if strands[number].error is None:
                self._done[number] = self._n_steps[number]
        numbers = {
            "running": len(strands) - len(over),
            "put_aside": aside,
            "temperature_K": float(np.mean(list(self._temperatures.values()))),
        }
        self._progress(sum(self._done), sum(self._n_steps), numbers)
