"""What is checked before the first step: engine, memory, and the numbers themselves."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lithophile.console import complain
from md.dynamics import Event, Frame
from md.dynamics.events import append_event
from mlip import (
    EngineReport,
    GateReport,
    MemoryReport,
    Potential,
    check_against_reference,
    engine_report,
    load_potential,
    probe_memory,
    with_engine,
)
from mlip.potential import geometry_fault

if TYPE_CHECKING:
    from ase import Atoms

    from lithophile.dynamics_settings import DynamicsSettings


@dataclass(frozen=True, kw_only=True)
class StartCheck:
    """What was found before the first step.

    Parameters
    ----------
    engine
        Engine that was asked for, and the one that computes.
    memory
        What the structure needs and what is free; None when it was not looked at.
    gate
        Differences from the plain double path; None when nothing was compared.
    note
        Why not.

    """

    engine: EngineReport
    memory: MemoryReport | None
    gate: GateReport | None
    note: str = ""

    @property
    def summary(self) -> str:
        """One or two sentences for the event log."""
        engine = f"Engine {self.engine.used}."
        if self.engine.message:
            engine = f"Engine {self.engine.used}: {self.engine.message}."
        told = self.gate.summary if self.gate else f"Numbers not compared: {self.note}."
        return f"{engine} {told}"

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "engine": self.engine.to_json(),
            "memory": self.memory.to_json() if self.memory else None,
            "gate": self.gate.to_json() if self.gate else None,
            "note": self.note,
        }

    def observer(self, events: Path) -> Callable[["Frame"], None]:
        """Write the check into the event log with the first frame that is saved."""
        pending = [self.summary]

        def note(frame: "Frame") -> None:
            while pending:
                append_event(
                    events,
                    Event(
                        kind="checked",
                        step=frame.step,
                        time_ps=frame.time_ps,
                        message=pending.pop(),
                        **self._numbers(),
                    ),
                )

        return note

    def _numbers(self) -> dict[str, Any]:
        if self.gate is None:
            return {}
        return {
            "value": self.gate.force_difference_meV_per_A,
            "threshold": self.gate.force_limit_meV_per_A,
            "unit": "meV/Å",
        }


class LastFrameNotice:
    """Observer that says once when the last step of a run is not saved."""

    def __init__(self, settings: "DynamicsSettings") -> None:
        self._settings = settings
        self._told = False

    def __call__(self, frame: Frame) -> None:
        """Say it with the first frame."""
        del frame
        self.tell()

    def tell(self) -> None:
        """Say it, unless it was said or the last step is saved."""
        n_steps, every = self._settings.n_steps, self._settings.every
        if self._told or n_steps % every == 0:
            return
        self._told = True
        complain(
            f"n_steps ({n_steps}) is no multiple of every ({every}): the last saved "
            f"frame is that of step {n_steps - n_steps % every}"
        )


def check_start(
    settings: "DynamicsSettings", atoms: "Atoms", potential: Potential
) -> StartCheck:
    """Memory and numbers of a run, before time is spent on it.

    Raises
    ------
    InputError
        The structure does not fit into memory, or the potential differs from the
        plain double path by more than the tolerances.

    """
    engine = engine_report(potential)
    if engine.message:
        complain(f"engine {engine.used}: {engine.message}")
    if not settings.start_check:
        return StartCheck(
            engine=engine, memory=None, gate=None, note="start_check is off"
        )
    fault = geometry_fault(atoms)
    if fault:  # which the dynamics themselves refuse, with the remedy
        return StartCheck(engine=engine, memory=None, gate=None, note=fault)
    memory = probe_memory(potential, atoms).require_enough()
    note = _same_path(settings, engine)
    if note:
        return StartCheck(engine=engine, memory=memory, gate=None, note=note)
    reference = with_engine(
        load_potential(settings.model, trust_model=settings.trust_model),
        engine="plain",
    )
    of_reference = probe_memory(reference, atoms)
    if not of_reference.enough:
        note = (
            "the plain double path needs "
            f"{of_reference.needed_bytes / 2**30:.1f} GiB on the processor; run a "
            "smaller cell of the same materials once to have it compared"
        )
        return StartCheck(engine=engine, memory=memory, gate=None, note=note)
    gate = check_against_reference(potential, atoms, reference=reference)
    return StartCheck(
        engine=engine, memory=memory, gate=gate.require_passed(), note=gate.note
    )


def _same_path(settings: "DynamicsSettings", engine: EngineReport) -> str:
    """Why there is nothing to compare with; empty when there is."""
    if settings.device != "cpu":
        return ""
    if engine.used == "own":
        return "this potential has one way to compute only"
    if engine.used == "plain" and settings.dtype == "float64":
        return "the run itself takes the plain double path"
    return ""
