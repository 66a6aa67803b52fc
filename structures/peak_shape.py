"""Peak shape of a powder pattern: pseudo-Voigt with Caglioti widths."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training_data.errors import InputError

REACH_IN_WIDTHS = 60.0
"""Half-range over which a peak is drawn, in full widths at half maximum."""

LEAST_WIDTH_DEG = 1e-4


@dataclass(frozen=True, kw_only=True)
class PeakShape:
    r"""Width and form of the peaks of a powder pattern.

    Parameters
    ----------
    u_deg2, v_deg2, w_deg2
        Caglioti coefficients [°²].
    eta
        Share of the Lorentzian, 0 to 1.

    Notes
    -----
    Full width at half maximum [°]:

    .. math::

        H = \sqrt{U \tan^2\theta + V \tan\theta + W}

    ======  ===========
    symbol  variable
    ======  ===========
    U       ``u_deg2``
    V       ``v_deg2``
    W       ``w_deg2``
    ======  ===========

    References
    ----------
    G. Caglioti, A. Paoletti, F. P. Ricci, Nucl. Instrum. 3, 223 (1958),
    doi:10.1016/0369-643X(58)90029-X.

    Examples
    --------
    >>> PeakShape(w_deg2=0.04).width_deg(np.array([30.0])).round(6).tolist()
    [0.2]

    """

    u_deg2: float = 0.0
    v_deg2: float = 0.0
    w_deg2: float = 0.01
    eta: float = 0.5

    def __post_init__(self) -> None:
        """Refuse shapes that do not exist."""
        if not 0 <= self.eta <= 1:
            raise InputError(
                f"eta must lie between 0 (Gauss) and 1 (Lorentz); got {self.eta!r}. "
                "Give about 0.5."
            )
        for name in ("u_deg2", "v_deg2", "w_deg2"):
            if not math.isfinite(getattr(self, name)):
                raise InputError(
                    f"{name} must be finite; got {getattr(self, name)!r}. Give °²."
                )
        if not self.w_deg2 > 0:
            raise InputError(
                f"w_deg2 must be positive; got {self.w_deg2!r}. Give the square of "
                "the full width at small angles, 0.01 for 0.1°."
            )

    def width_deg(self, two_theta_deg: NDArray[np.float64]) -> NDArray[np.float64]:
        """Full width at half maximum [°].

        Parameters
        ----------
        two_theta_deg
            (n,) scattering angle [°].

        """
        tangent = np.tan(np.radians(two_theta_deg) / 2)
        squared = self.u_deg2 * tangent**2 + self.v_deg2 * tangent + self.w_deg2
        return np.asarray(np.sqrt(np.maximum(squared, LEAST_WIDTH_DEG**2)))

    def to_json(self) -> dict[str, Any]:
        """Return the coefficients."""
        return dict(vars(self))


def pseudo_voigt_sum(
    two_theta_deg: NDArray[np.float64],
    centres_deg: NDArray[np.float64],
    areas: NDArray[np.float64],
    shape: PeakShape,
) -> NDArray[np.float64]:
    r"""Sum of pseudo-Voigt peaks of given areas.

    Parameters
    ----------
    two_theta_deg
        (m,) angles, any order [°].
    centres_deg, areas
        (n,) positions [°] and areas of the peaks.
    shape
        Widths and form.

    Returns
    -------
    numpy.ndarray
        (m,) area per degree.

    Notes
    -----
    .. math::

        y = \eta \frac{2}{\pi H} \frac{1}{1 + 4 x^2}
        + (1 - \eta) \frac{2}{H} \sqrt{\frac{\ln 2}{\pi}} e^{-4 \ln 2\, x^2},
        \qquad x = \frac{2\theta - 2\theta_0}{H}

    drawn up to 60 widths from the centre.

    """
    order = np.argsort(two_theta_deg, kind="stable")
    grid = two_theta_deg[order]
    total = np.zeros(len(grid))
    widths = shape.width_deg(centres_deg)
    begins = np.searchsorted(grid, centres_deg - REACH_IN_WIDTHS * widths)
    ends = np.searchsorted(grid, centres_deg + REACH_IN_WIDTHS * widths)
    gauss = 2 * math.sqrt(math.log(2) / math.pi)
    for centre, area, width, begin, end in zip(
        centres_deg, areas, widths, begins, ends, strict=True
    ):
        x2 = ((grid[begin:end] - centre) / width) ** 2
        lorentz_part = 2 / math.pi / (1 + 4 * x2)
        gauss_part = gauss * np.exp(-4 * math.log(2) * x2)
        mixed = shape.eta * lorentz_part + (1 - shape.eta) * gauss_part
        total[begin:end] += area / width * mixed
    out = np.empty_like(total)
    out[order] = total
    return out
