"""One saved instant of a run, as the log, the trajectory and observers receive it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Frame:
    """State of a run at one saved step.

    Parameters
    ----------
    step
        Number of the step, counted from the very start of the run.
    time_ps
        Its time.
    positions
        Unwrapped, (n, 3) in Å.
    momenta
        (n, 3) in ASE units, sqrt(amu eV).
    forces
        (n, 3) in eV/Å.
    cell
        Rows are vectors, (3, 3) in Å.
    potential_energy, kinetic_energy
        In eV.
    temperature_K
        Kinetic temperature over the free degrees of freedom.
    min_distance_A
        Shortest distance of two atoms; nan when none is below 4 Å.
    force_spreads
        Disagreement of a committee on the force on each atom, (n,) in eV/Å; None
        where a single potential answers.

    """

    step: int
    time_ps: float
    positions: np.ndarray
    momenta: np.ndarray
    forces: np.ndarray
    cell: np.ndarray
    potential_energy: float
    kinetic_energy: float
    temperature_K: float
    min_distance_A: float
    force_spreads: np.ndarray | None = None

    @property
    def max_force_spread_eV_per_A(self) -> float | None:  # noqa: N802
        """Largest disagreement of a committee on any atom; None without one."""
        if self.force_spreads is None:
            return None
        return float(self.force_spreads.max())

    @property
    def total_energy(self) -> float:
        """Potential and kinetic energy (eV)."""
        return self.potential_energy + self.kinetic_energy


Observer = Callable[[Frame], None]
StopCondition = Callable[[Frame], str | None]
"""What looks at a saved frame and says why the run should end here, or None."""
