"""Diffusivity by generalised least squares over correlated lags."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, stats

from md.analysis.diffusivity import (
    CM2_PER_S_PER_A2_PER_PS,
    NOT_RESOLVED,
    DiffusivityFit,
)
from md.analysis.displacements import windowed_squared_displacements
from md.analysis.plain import plain
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEAST_LAGS = 3
_LEAST_WINDOWS = 4.0
_ITERATIONS = 10


@dataclass(frozen=True, kw_only=True)
class RegressedDiffusivity:
    """Diffusivity from all lags at once, weighted by their covariance.

    Parameters
    ----------
    diffusivity_cm2_per_s, diffusivity_interval_cm2_per_s
        Slope over 2d and its 95 % interval.
    intercept_A2
        What the line has at zero: vibrations.
    lag_times_ps, msd_A2, standard_error_A2
        Lags that were fitted, and the square root of the covariance's diagonal.
    independent_windows
        (n_lags,) as many independent windows would have the same error.

    """

    diffusivity_cm2_per_s: float
    diffusivity_interval_cm2_per_s: tuple[float, float]
    intercept_A2: float
    lag_times_ps: NDArray[np.float64]
    msd_A2: NDArray[np.float64]
    standard_error_A2: NDArray[np.float64]
    independent_windows: NDArray[np.float64]

    def judged_by(self, fit: DiffusivityFit) -> DiffusivityFit:
        """Fit with this slope and interval where it is one of diffusive motion.

        Parameters
        ----------
        fit
            Tells whether the motion is diffusive; whether D differs from zero is not
            asked, as the interval here is that of a scale.

        """
        reason = "" if fit.reason == NOT_RESOLVED else fit.reason
        scale = fit.slope_A2_per_ps is not None
        return replace(
            fit,
            intercept_A2=self.intercept_A2 if scale else None,
            diffusivity_cm2_per_s=None if reason else self.diffusivity_cm2_per_s,
            interval_cm2_per_s=self.diffusivity_interval_cm2_per_s if scale else None,
            reason=reason,
        )

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        return dict(plain(self))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Mean squared displacement with its errors and the line.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5, 3.4), layout="constrained").subplots()
        ax.errorbar(
            self.lag_times_ps, self.msd_A2, yerr=2 * self.standard_error_A2, fmt="."
        )
        ax.set(xlabel="Lag time (ps)", ylabel="MSD (Å²)")
        return ax


def regressed_diffusivity(
    positions: NDArray[np.float64],
    *,
    lags: NDArray[np.int64],
    frame_time_ps: float,
) -> RegressedDiffusivity:
    r"""Diffusivity of independent walkers by generalised least squares.

    Parameters
    ----------
    positions
        (n, t, d) unwrapped positions at equal intervals, Å.
    lags
        (m,) growing, in frames; motion must be diffusive from the first on, and four
        windows of the last must fit into all walks together.
    frame_time_ps
        Time between frames, ps.

    Returns
    -------
    RegressedDiffusivity

    Raises
    ------
    InputError
        If there are fewer than three lags, or the last is too long.

    Notes
    -----
    Windows share steps where they overlap, within one lag and between two. Of a
    Brownian walk the mean squared displacements at m and n steps have the covariance

    .. math:: \Sigma_{mn} = \sigma_m \sigma_n
              \frac{g_{mn}}{\sqrt{g_{mm} g_{nn}}}, \qquad
              g_{mn} = \frac{1}{N_m N_n} \sum_{i,j} o_{ij}^2, \qquad
              \sigma_m^2 = \frac{g_{mm}}{m^2} \frac{2 \kappa_m}{d W} (a + 2dDt_m)^2

    with o the steps that window i of length m and window j of length n share, N the
    windows in a walk and W the walkers. κ − 1 tells how much wider |Δr|² spreads than
    that of a Gaussian step; it is observed at the first lag and falls as 1/m, as that
    of a sum of independent jumps does. The line a + 2dDt is fitted with Σ⁻¹ as
    weights, the estimator of least variance, as McCluskey et al. do with a covariance
    for windows that do not overlap, Σ_mn = σ_m² n_m / n_n; for walks like these that
    one makes the interval wider by √(3/2).

    The error of D is proportional to D itself; the interval is that of a scale,
    Dν/χ² with ν = 2 (D/s)² degrees of freedom, and never reaches zero: whether there
    is diffusion it cannot tell.

    It takes walkers as independent: of atoms that move in step it makes too much. The
    intervals of `md.analysis.mean_squared_displacement` do not assume this.

    | symbol | variable |
    |---|---|
    | σ | ``standard_error_A2`` |
    | W m²/g_mm | ``independent_windows`` |
    | a | ``intercept_A2`` |

    References
    ----------
    McCluskey, Coles, Morgan, J. Chem. Theory Comput. 21, 79 (2025),
    arXiv:2305.18244; Bullerjahn, von Bülow, Hummer, arXiv:2003.09193 (2020)

    """
    n_walkers, n_frames, d = positions.shape
    lags = np.asarray(lags)
    windows = n_walkers * (n_frames - 1.0) / np.maximum(lags, 1)
    if (
        len(lags) < _LEAST_LAGS
        or lags[0] < 1
        or not (np.diff(lags) > 0).all()
        or lags[-1] >= n_frames
        or windows[-1] < _LEAST_WINDOWS
    ):
        raise InputError(
            "lags must be three or more that grow, the last short enough for "
            f"{_LEAST_WINDOWS:g} windows; got {lags.tolist()!r}. Take shorter ones."
        )
    times = lags * frame_time_ps
    msd = windowed_squared_displacements(positions, lags=lags).mean(axis=0)
    shared = _shared_steps(tuple(int(lag) for lag in lags), n_frames - 1)
    windows = n_walkers * lags**2.0 / shared.diagonal()
    tails = 1 + (_tails(positions, int(lags[0])) - 1) * lags[0] / lags
    design = np.stack([np.ones_like(times), times], axis=1)
    intercept, slope = 0.0, float((msd @ times) / (times @ times))
    for _ in range(_ITERATIONS):
        # The line's own values: observed ones would weigh down what came out high.
        line = np.maximum(intercept + slope * times, slope * times / 2)
        error = line * np.sqrt(2 * tails / (d * windows))
        scale = error / np.sqrt(shared.diagonal())
        inverse = linalg.inv(shared * np.outer(scale, scale))
        normal = design.T @ inverse @ design
        intercept, slope = np.linalg.solve(normal, design.T @ inverse @ msd)
    relative = float(np.sqrt(np.linalg.inv(normal)[1, 1]) / slope)
    freedom = 2 / relative**2
    low, high = (freedom / stats.chi2.ppf([0.975, 0.025], freedom)).tolist()
    per = CM2_PER_S_PER_A2_PER_PS / (2 * d)
    return RegressedDiffusivity(
        diffusivity_cm2_per_s=float(slope * per),
        diffusivity_interval_cm2_per_s=(
            float(slope * per * low),
            float(slope * per * high),
        ),
        intercept_A2=float(intercept),
        lag_times_ps=np.asarray(times, dtype=float),
        msd_A2=msd,
        standard_error_A2=error,
        independent_windows=windows,
    )


@lru_cache(maxsize=16)
def _shared_steps(lags: tuple[int, ...], n_steps: int) -> NDArray[np.float64]:
    """(m, m) mean over pairs of windows of the squared number of shared steps."""
    out = np.empty((len(lags), len(lags)))
    for row, m in enumerate(lags):
        for column, n in enumerate(lags[: row + 1]):
            offset = np.arange(1 - n, m)  # from the beginning of m to that of n
            of_m, of_n = n_steps - m + 1, n_steps - n + 1
            pairs = np.minimum(of_m, of_n - offset) - np.maximum(0, -offset)
            steps = np.minimum(m, offset + n) - np.maximum(0, offset)
            total = float((np.maximum(pairs, 0) * steps.astype(float) ** 2).sum())
            out[row, column] = out[column, row] = total / (of_m * of_n)
    return out


def _tails(positions: NDArray[np.float64], lag: int) -> float:
    """Variance of |Δr|² over that of a Gaussian step with the same mean."""
    moved = positions[:, lag:] - positions[:, :-lag]
    squares = np.einsum("ntd,ntd->nt", moved, moved)
    return float(squares.var() / (2 / positions.shape[2] * squares.mean() ** 2))
