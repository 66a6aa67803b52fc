"""Path of lowest energy between two minima, with its barrier and its evidence."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from training_data.errors import Failure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NOTICEABLE_eV = 0.005


@dataclass(frozen=True, kw_only=True)
class MinimumEnergyPath:
    """Images of a converged (or stopped) elastic band, ends included.

    Parameters
    ----------
    images
        Structures along the path; positions are continuous from one to the next.
    energies_eV
        Their energies [eV], shape (n,).
    distances_A
        Length of the path up to each of them [Å], over all coordinates, shape (n,).
    slopes_eV_per_A
        Derivatives of the energy along the path [eV/Å], shape (n,).
    saddle
        Index of the highest image.
    climbed
        Whether that image has been driven to the saddle point.
    fmax_eV_per_A
        Largest force on an atom of the band, across the path and, of the climbing
        image, along it too [eV/Å].
    converged
        Whether it is below what was asked.
    n_steps
        Steps of the band after the first; each evaluates all inner images.
    failure
        Why the band stopped early, or None.

    """

    images: tuple[Atoms, ...]
    energies_eV: NDArray[np.float64]
    distances_A: NDArray[np.float64]
    slopes_eV_per_A: NDArray[np.float64]
    saddle: int
    climbed: bool
    fmax_eV_per_A: float
    converged: bool
    n_steps: int
    failure: Failure | None = None

    @property
    def barrier_eV(self) -> float:  # noqa: N802
        """Energy of the highest image over that of the first [eV]."""
        return float(self.energies_eV[self.saddle] - self.energies_eV[0])

    @property
    def reverse_barrier_eV(self) -> float:  # noqa: N802
        """Energy of the highest image over that of the last [eV]."""
        return float(self.energies_eV[self.saddle] - self.energies_eV[-1])

    @property
    def reaction_energy_eV(self) -> float:  # noqa: N802
        """Energy of the last image over that of the first [eV]."""
        return float(self.energies_eV[-1] - self.energies_eV[0])

    @property
    def has_intermediate_minimum(self) -> bool:
        """Whether an inner image lies 5 meV or more below both sides of the path."""
        e = self.energies_eV
        return any(
            e[i] < min(e[:i].max(), e[i + 1 :].max()) - NOTICEABLE_eV
            and e[i] <= min(e[i - 1], e[i + 1])
            for i in range(1, len(e) - 1)
        )

    def to_json(self) -> dict[str, Any]:
        """Numbers of the path, without its structures; null where it failed."""
        return {
            "barrier_eV": _number(self.barrier_eV),
            "reverse_barrier_eV": _number(self.reverse_barrier_eV),
            "reaction_energy_eV": _number(self.reaction_energy_eV),
            "energies_eV": [_number(e - self.energies_eV[0]) for e in self.energies_eV],
            "distances_A": self.distances_A.tolist(),
            "saddle": self.saddle,
            "climbed": self.climbed,
            "has_intermediate_minimum": self.has_intermediate_minimum,
            "fmax_eV_per_A": _number(self.fmax_eV_per_A),
            "converged": self.converged,
            "n_steps": self.n_steps,
            "failure": None if self.failure is None else self.failure.reason,
        }

    def plot(self, ax: "Axes | None" = None, *, label: str | None = None) -> "Axes":
        """Energy along the path: the images, and a curve with their slopes.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.
        label
            Name of the curve in a legend.

        """
        from scipy.interpolate import CubicHermiteSpline  # noqa: PLC0415 (slow)

        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(4.6, 3.4), layout="constrained").subplots()
        energies = self.energies_eV - self.energies_eV[0]
        (points,) = ax.plot(self.distances_A, energies, "o", markersize=4, label=label)
        if np.isfinite(energies).all() and (np.diff(self.distances_A) > 0).all():
            curve = CubicHermiteSpline(self.distances_A, energies, self.slopes_eV_per_A)
            fine = np.linspace(0, self.distances_A[-1], 200)
            ax.plot(fine, curve(fine), color=points.get_color(), linewidth=1.2)
        ax.set(xlabel="Path (Å, all coordinates)", ylabel="Energy (eV)")
        return ax


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
