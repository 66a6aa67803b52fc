"""What a run returns, and the two ways in which it ends early."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from md.dynamics.events import Event
from md.dynamics.log import read_log

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True)
class DynamicsResult:
    """Where a trajectory stands, and how its run went.

    Parameters
    ----------
    trajectory
        The H5MD file.
    log
        Table of energies and temperature of the saved steps.
    n_steps
        Steps done, those before restarts included.
    n_frames
        Saved frames.
    final_temperature_K
        Kinetic temperature after the last step; of n atoms it scatters by
        T·sqrt(2 / (3n)) around the thermostat's.
    mean_temperature_K
        Mean over the second half of the saved steps.
    energy_change_meV_per_atom
        Total energy at the last saved step less that at the first; a measure of
        quality in the nve ensemble only.
    degrees_of_freedom
        Number of velocity components that the temperature counts.
    events
        What happened, restarts and guards included.

    """

    trajectory: Path
    log: Path
    n_steps: int
    n_frames: int
    final_temperature_K: float
    mean_temperature_K: float
    energy_change_meV_per_atom: float
    degrees_of_freedom: int
    events: tuple[Event, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain dictionary; a number that is not finite becomes None."""
        plain = {key: _finite(value) for key, value in vars(self).items()}
        plain["trajectory"] = str(self.trajectory)
        plain["log"] = str(self.log)
        plain["events"] = [event.to_json() for event in self.events]
        return plain

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Temperature against time, read from the log."""
        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots()
        table = read_log(self.log)
        ax.plot(table["time_ps"], table["temperature_K"], lw=1)
        ax.set_xlabel("time (ps)")
        ax.set_ylabel("temperature (K)")
        return ax


def _finite(value: Any) -> Any:  # noqa: ANN401
    return None if isinstance(value, float) and not math.isfinite(value) else value


class GuardTripped(RuntimeError):  # noqa: N818
    """The trajectory went where no sound one goes, and was stopped.

    Parameters
    ----------
    event
        Which guard, which atoms, value and limit.
    result
        The run so far.

    """

    def __init__(self, event: Event, result: DynamicsResult) -> None:
        super().__init__(event.message)
        self.event = event
        self.result = result


class Preempted(RuntimeError):  # noqa: N818
    """The run was asked to stop, and can be resumed without loss of exactness.

    Parameters
    ----------
    event
        Which signal, and the step that a resumed run starts from.
    result
        The run so far.

    """

    def __init__(self, event: Event, result: DynamicsResult) -> None:
        super().__init__(event.message)
        self.event = event
        self.result = result
