"""Reflections of a powder and the broadened pattern that they make."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from structures.peak_shape import PeakShape, pseudo_voigt_sum

if TYPE_CHECKING:
    from matplotlib.axes import Axes

REPORTED_PERCENT = 0.1
"""Relative intensity from which a reflection is listed [%]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DiffractionPattern:
    """Reflections of a powder, by falling d, and what they were computed with.

    Parameters
    ----------
    formula
        Formula unit.
    wavelength_A
        Wavelength [Å].
    d_A
        (n,) distance of the lattice planes [Å].
    two_theta_deg
        (n,) scattering angle [°].
    intensity
        (n,) integrated intensity of all planes at that d, per unit cell [electrons²].
    hkl
        (n,) one representative of every family of planes at that d, with its
        number of planes, ``((h, k, l), multiplicity)``; indices of the cell given.
    cell_volume_A3, cell_mass_amu
        Volume [Å³] and mass [amu] of the cell that hkl and intensity refer to.
    range_deg
        Range of the scattering angle in which reflections were looked for [°].

    """

    formula: str
    wavelength_A: float
    d_A: NDArray[np.float64]
    two_theta_deg: NDArray[np.float64]
    intensity: NDArray[np.float64]
    hkl: tuple[tuple[tuple[tuple[int, int, int], int], ...], ...]
    cell_volume_A3: float
    cell_mass_amu: float
    range_deg: tuple[float, float]

    @property
    def relative_intensity(self) -> NDArray[np.float64]:
        """Integrated intensity, the strongest being 100."""
        return np.asarray(100 * self.intensity / self.intensity.max())

    def profile(
        self, two_theta_deg: NDArray[np.float64], *, shape: PeakShape | None = None
    ) -> NDArray[np.float64]:
        """Broadened pattern; its area is the sum of the intensities [electrons²/°].

        Parameters
        ----------
        two_theta_deg
            (m,) angles [°].
        shape
            Width and form of the peaks; ``PeakShape()`` by default.

        """
        return pseudo_voigt_sum(
            np.asarray(two_theta_deg, dtype=float),
            self.two_theta_deg,
            self.intensity,
            shape or PeakShape(),
        )

    def to_json(self) -> dict[str, Any]:
        """Reflections with at least 0.1 % of the strongest intensity."""
        strong = np.flatnonzero(self.relative_intensity >= REPORTED_PERCENT)
        return {
            "formula": self.formula,
            "wavelength_A": self.wavelength_A,
            "range_deg": list(self.range_deg),
            "reflections": [
                {
                    "hkl": [list(index) for index, _ in self.hkl[i]],
                    "multiplicity": sum(count for _, count in self.hkl[i]),
                    "d_A": float(self.d_A[i]),
                    "two_theta_deg": float(self.two_theta_deg[i]),
                    "relative_intensity": float(self.relative_intensity[i]),
                }
                for i in strong
            ],
        }

    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        against: str = "two_theta",
        shape: PeakShape | None = None,
    ) -> "Axes":
        """Broadened pattern over sticks.

        Parameters
        ----------
        ax
            Axes to draw on; new ones by default.
        against
            ``"two_theta"`` (°), ``"d"`` (Å) or ``"q"`` (1/Å).
        shape
            Width and form of the peaks.

        """
        from structures.pattern_view import draw_pattern  # noqa: PLC0415 (matplotlib)

        return draw_pattern(self, ax=ax, against=against, shape=shape)
