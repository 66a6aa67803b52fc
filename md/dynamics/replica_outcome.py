"""What became of each of several replicas."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from md.dynamics.events import Event
from md.dynamics.log import read_log
from md.dynamics.outcome import DynamicsResult, GuardTripped, Preempted
from training_data.errors import Failure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Status = Literal["finished", "stopped", "failed", "preempted"]
Evaluated = Literal["together", "each"]


@dataclass(frozen=True, kw_only=True)
class ReplicaOutcome:
    """How one replica went.

    Parameters
    ----------
    name
        Of the replica and its folder.
    folder
        All its files, as of a single run.
    temperature_K
        Of its thermostat.
    seed
        Of its velocities and thermostat.
    status
        ``finished``; ``stopped`` by a guard; ``failed`` with an error; ``preempted``
        by a signal, to be resumed.
    message
        Why it ended; empty when it finished.
    result
        Its result; None when it failed.

    """

    name: str
    folder: Path
    temperature_K: float
    seed: int
    status: Status
    message: str
    result: DynamicsResult | None

    @property
    def ending(self) -> GuardTripped | Preempted | None:
        """What a run alone would have raised; None when it finished or failed."""
        if self.result is None or self.status not in ("stopped", "preempted"):
            return None
        last = self.result.events[-1]
        if self.status == "stopped":
            return GuardTripped(last, self.result)
        return Preempted(last, self.result)

    def to_json(self) -> dict[str, Any]:
        """Plain dictionary; that of the result is part of it."""
        plain = {
            "name": self.name,
            "folder": str(self.folder),
            "temperature_K": self.temperature_K,
            "seed": self.seed,
            "status": self.status,
            "message": self.message,
        }
        return plain | (self.result.to_json() if self.result is not None else {})


@dataclass(frozen=True, kw_only=True)
class ReplicasResult:
    """How all replicas went.

    Parameters
    ----------
    replicas
        One outcome each, in their order.
    evaluated
        ``together`` in one call of the potential, or ``each`` by itself.

    """

    replicas: tuple[ReplicaOutcome, ...]
    evaluated: Evaluated

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Replicas that were put aside, with the reason."""
        return tuple(
            Failure(replica.name, replica.message)
            for replica in self.replicas
            if replica.status in ("stopped", "failed")
        )

    def to_json(self) -> dict[str, Any]:
        """Plain dictionary."""
        states = [replica.status for replica in self.replicas]
        return {
            "n_replicas": len(states),
            "n_finished": states.count("finished"),
            "n_put_aside": len(self.failures),
            "evaluated": self.evaluated,
            "replicas": [replica.to_json() for replica in self.replicas],
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Temperature of all replicas against time; a cross where one was put aside."""
        import matplotlib as mpl
        import matplotlib.pyplot as plt

        if ax is None:
            _, ax = plt.subplots()
        levels = sorted({replica.temperature_K for replica in self.replicas})
        shades = mpl.colormaps["viridis"]
        for replica in self.replicas:
            log = replica.folder / "log.csv"
            if not log.is_file():
                continue
            table = read_log(log)
            times, values = table["time_ps"], table["temperature_K"]
            place = levels.index(replica.temperature_K) / max(len(levels) - 1, 1)
            first = replica is next(
                r for r in self.replicas if r.temperature_K == replica.temperature_K
            )
            label = f"{replica.temperature_K:g} K" if first else None
            colour = shades(0.85 * place)
            ax.plot(times, values, lw=0.9, color=colour, label=label)
            if replica.status in ("stopped", "failed") and times:
                ax.plot(times[-1], values[-1], "x", ms=7, mew=2, color="#c8553d")
        ax.set_xlabel("time (ps)")
        ax.set_ylabel("temperature (K)")
        if len(levels) <= 12:  # noqa: PLR2004 (what a legend can hold)
            ax.legend(frameon=False, fontsize=8, title="thermostat")
        return ax


class ReplicasPreempted(Preempted):
    """All replicas were asked to stop, and can be resumed.

    Parameters
    ----------
    event
        Which signal, and what is kept.
    result
        Of the first replica that was stopped.
    replicas
        Of all of them.

    """

    def __init__(
        self, event: Event, result: DynamicsResult, replicas: ReplicasResult
    ) -> None:
        super().__init__(event, result)
        self.replicas = replicas
