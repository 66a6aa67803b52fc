"""What is done when a guard trips: stop, roll back, or collect the structure."""

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from md.dynamics.events import Event
from md.dynamics.outcome import GuardTripped

if TYPE_CHECKING:
    from md.dynamics.motion import Motion
    from md.dynamics.recorder import Recorder

COMMITTEE = "committee_disagreement"


@dataclass(frozen=True, kw_only=True)
class Detours:
    """What the policies remember of a run; part of every checkpoint.

    Parameters
    ----------
    n_roll_backs
        Roll backs so far.
    halvings
        How often the time step is halved at present.
    short_until
        Step after which the full time step is taken again.
    n_collected
        Structures put aside so far.

    Examples
    --------
    >>> Detours(halvings=2, short_until=600).parts(600)
    4
    >>> Detours(halvings=2, short_until=600).parts(601)
    1

    """

    n_roll_backs: int = 0
    halvings: int = 0
    short_until: int = 0
    n_collected: int = 0

    def parts(self, step: int) -> int:
        """Equal parts that the step of this number is made in."""
        return 1 << self.halvings if step <= self.short_until else 1

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint must keep."""
        return asdict(self)


def respond(event: Event, motion: "Motion", recorder: "Recorder") -> None:
    """Do what the settings say about a guard that has tripped.

    Parameters
    ----------
    event
        What the guard found.
    motion
        Put back to its latest state by a roll back.
    recorder
        Keeps the event, and the structure where it is collected.

    Raises
    ------
    GuardTripped
        When the run is to stop: by policy, at the first step, when the roll backs
        are used up, and after collecting where going on would make no sense.

    """
    policy = motion.config.guards.policy_of(event.kind)
    if policy == "collect":
        event = _collect(event, motion, recorder)
        if event.kind == COMMITTEE:
            return
    if policy == "roll_back" and event.step > 0:
        limit = motion.config.guards.max_roll_backs
        if motion.detours.n_roll_backs < limit:
            _roll_back(event, motion, recorder)
            return
        told = f" All {limit} roll backs (guards.max_roll_backs) are used up."
        event = replace(event, message=event.message + told)
    told_event = recorder.keep_last_good(event)
    raise GuardTripped(told_event, recorder.result(n_steps=motion.step))


def after_step(motion: "Motion", recorder: "Recorder") -> None:
    """Take the full time step again when the place of a trip is passed."""
    detours = motion.detours
    if detours.halvings and motion.step >= detours.short_until:
        motion.detours = replace(detours, halvings=0)
        recorder.note(
            Event(
                kind="recovered",
                step=motion.step,
                time_ps=motion.time_ps,
                message=f"The place is passed: steps of "
                f"{motion.config.timestep_fs:g} fs again.",
            )
        )


def _collect(event: Event, motion: "Motion", recorder: "Recorder") -> Event:
    limits = motion.config.guards
    n_before = motion.detours.n_collected
    goes_on = event.kind == COMMITTEE
    if n_before >= limits.max_collected:
        return event
    n_kept = recorder.collect(event, present=goes_on)
    motion.detours = replace(motion.detours, n_collected=n_kept)
    told = f" The structure is number {n_kept} in {recorder.collected}."
    if goes_on:
        motion.note_collected()
        if n_kept >= limits.max_collected:
            told += " No more are collected (guards.max_collected)."
    event = replace(event, message=event.message + told)
    if goes_on:
        recorder.note(event)
    return event


def _roll_back(event: Event, motion: "Motion", recorder: "Recorder") -> None:
    limits = motion.config.guards
    before = motion.detours
    still_short = event.step <= before.short_until
    detours = replace(
        before,
        n_roll_backs=before.n_roll_backs + 1,
        halvings=(before.halvings if still_short else 0) + 1,
        short_until=event.step + limits.short_steps,
    )
    shorter_fs = motion.config.timestep_fs / detours.parts(event.step)
    motion.restore(recorder.rewind(detours))
    recorder.note(replace(event, returned_to=motion.step))
    back = replace(
        event,
        kind="rolled_back",
        step=motion.step,
        time_ps=motion.time_ps,
        message=f"Back at step {motion.step} because of {event.kind} at step "
        f"{event.step}, with steps of {shorter_fs:g} fs until step "
        f"{detours.short_until}; roll back {detours.n_roll_backs} of at most "
        f"{limits.max_roll_backs}.",
    )
    recorder.note(back)
    recorder.write_state()
