"""Diffusivity from mean squared displacements, with an interval that covers."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

CM2_PER_S_PER_A2_PER_PS = 1e-4
NOT_RESOLVED = "the diffusivity is not distinguishable from zero"
_LEAST_GROUPS = 4
_LEAST_LAGS = 3
_LARGEST_BEND = 0.5
_BOUNDED = 0.5  # half-way from diffusive motion to one that stays in a cage
_BALLISTIC = 1.5


@dataclass(frozen=True, kw_only=True)
class FitWindow:
    """Lags of a fit, and the blocks in time that tell its uncertainty.

    Parameters
    ----------
    first, last
        Lags in frames, both included.
    n_blocks, block_length
        Consecutive blocks of frames that do not overlap.

    """

    first: int
    last: int
    n_blocks: int
    block_length: int

    @property
    def n_lags(self) -> int:
        """Lags in the window."""
        return max(0, self.last - self.first + 1)

    def slope(
        self, displacements: NDArray[np.float64], frame_time_ps: float
    ) -> NDArray[np.float64]:
        """Least-squares slope (with an intercept) over the window, Å²/ps.

        Parameters
        ----------
        displacements
            (..., more lags than `last`) Å².
        frame_time_ps
            Time between frames, ps.

        """
        values = displacements[..., self.first : self.last + 1]
        return np.asarray(values @ self.weights(frame_time_ps)[self.first :])

    def weights(self, frame_time_ps: float) -> NDArray[np.float64]:
        """(last + 1,) weights of the lags in the least-squares slope, 1/ps."""
        lags = np.arange(self.first, self.last + 1) * frame_time_ps
        centred = lags - lags.mean()
        out = np.zeros(self.last + 1)
        out[self.first :] = centred / (centred**2).sum()
        return out

    def exponent(self, displacements: NDArray[np.float64]) -> NDArray[np.float64]:
        """Slope of log MSD against log lag over the window; NaN without motion."""
        lags = np.log(np.arange(self.first, self.last + 1))
        centred = lags - lags.mean()
        values = displacements[..., self.first : self.last + 1]
        with np.errstate(divide="ignore"):
            logs = np.log(values)
        logs = np.where(np.isfinite(logs), logs, np.nan)
        return np.asarray(logs @ (centred / (centred**2).sum()))

    def halves(self, displacements: NDArray[np.float64]) -> tuple[float, float] | None:
        """Log-log slopes of the two halves of the window (at its geometric mean).

        None where a half has fewer than three lags.
        """
        middle = round(float(np.sqrt(self.first * self.last)))
        early = replace(self, last=middle)
        late = replace(self, first=middle)
        if min(early.n_lags, late.n_lags) < _LEAST_LAGS:
            return None
        return float(early.exponent(displacements)), float(late.exponent(displacements))


def choose_window(
    n_frames: int, *, fit_frames: tuple[int, int] | None, n_blocks: int
) -> FitWindow:
    """Window of the fit.

    Parameters
    ----------
    n_frames
        Length of the trajectory.
    fit_frames
        First and last lag in frames; by default a decade that ends at half a block.
    n_blocks
        Blocks to aim at; fewer where the window needs longer ones (at least twice
        the last lag).

    Examples
    --------
    >>> choose_window(1600, fit_frames=None, n_blocks=8)
    FitWindow(first=10, last=100, n_blocks=8, block_length=200)

    """
    if fit_frames is None:
        last = n_frames // (2 * n_blocks)
        fit_frames = (max(1, last // 10), last)
    first, last = fit_frames
    n_blocks = max(1, min(n_blocks, n_frames // max(2 * last, 1)))
    return FitWindow(
        first=first, last=last, n_blocks=n_blocks, block_length=n_frames // n_blocks
    )


@dataclass(frozen=True, kw_only=True)
class DiffusivityFit:
    """Outcome of a fit.

    Parameters
    ----------
    slope_A2_per_ps, intercept_A2
        Straight line through the mean squared displacement in the window.
    diffusivity_cm2_per_s
        Slope over 2d; None when the motion is not diffusive, or not resolved.
    interval_cm2_per_s
        95 % interval of slope over 2d; None where it cannot be told.
    exponent, exponent_interval
        Slope in the log-log plot with its 95 % interval.
    reason
        Why there is no diffusivity; empty otherwise.

    """

    slope_A2_per_ps: float | None
    intercept_A2: float | None
    diffusivity_cm2_per_s: float | None
    interval_cm2_per_s: tuple[float, float] | None
    exponent: float | None
    exponent_interval: tuple[float, float] | None
    reason: str


def fit_diffusivity(
    displacements: NDArray[np.float64],
    slopes: NDArray[np.float64],
    exponents: NDArray[np.float64],
    window: FitWindow,
    *,
    frame_time_ps: float,
    exponent_tolerance: float,
    n_dimensions: int = 3,
) -> DiffusivityFit:
    r"""Fit the diffusivity and judge whether it is one.

    Parameters
    ----------
    displacements
        (n_lags,) mean over atoms and all origins, Å².
    slopes
        (n_atoms, n_blocks) slopes of single atoms in single blocks, Å²/ps.
    exponents
        (n_groups,) log-log slopes of groups (blocks in time, or of atoms).
    window
        Lags of the fit.
    frame_time_ps
        Time between frames, ps.
    exponent_tolerance
        The motion is not diffusive when the 95 % interval of the exponent lies
        wholly outside 1 ± this.
    n_dimensions
        d of D = slope / 2d: 3, 2 for lateral and 1 for normal displacements.

    Notes
    -----
    The slope must be 1 in the mean over the window, and must not differ by more than
    0.5 between its halves: vibrations that end in a plateau have a mean slope near 1
    somewhere, and are no diffusion. Where the interval of the slope reaches below 0.5
    or above 1.5 the run says nothing about the kind of motion.

    The variance of the slope is clustered in two ways, V = V_blocks + V_atoms −
    V_cells: each term is the variance of the mean of block means, atom means and of
    single cells. It stays right when atoms move together (blocks see it) and when
    some atoms are slow for good (atoms see it). A group of fewer than four members
    is left out, and V is at least V_cells / 2 (a difference of estimates can come
    out near zero). The interval is Student's, with one degree of freedom less than
    the smaller number of groups.

    References
    ----------
    Cameron, Gelbach, Miller, J. Bus. Econ. Stat. 29, 238 (2011),
    doi:10.1198/jbes.2010.07136

    """
    if window.n_lags < _LEAST_LAGS or window.last >= len(displacements):
        return _none(f"too few frames: {window.n_lags} lags in the fit window")
    slope = float(window.slope(displacements, frame_time_ps))
    lags = np.arange(window.first, window.last + 1)
    mean = float(displacements[lags].mean())
    intercept = mean - slope * float(lags.mean()) * frame_time_ps
    exponent = float(window.exponent(displacements))
    if not np.isfinite(exponent):
        return _none("the atoms do not move")
    in_cm2_per_s = CM2_PER_S_PER_A2_PER_PS / (2 * n_dimensions)
    half = _half_width(slopes) * in_cm2_per_s
    diffusivity: float | None = slope * in_cm2_per_s
    interval = None
    if diffusivity is not None and np.isfinite(half):
        interval = (diffusivity - half, diffusivity + half)
    exponent_interval = None
    finite = exponents[np.isfinite(exponents)]
    if len(finite) >= _LEAST_GROUPS:
        width = _student(len(finite)) * finite.std(ddof=1) / np.sqrt(len(finite))
        exponent_interval = (exponent - float(width), exponent + float(width))
    reason = ""
    if exponent_interval is None or interval is None:
        reason = "too few blocks and atoms to tell the uncertainty"
    elif (
        exponent_interval[1] < 1 - exponent_tolerance
        or exponent_interval[0] > 1 + exponent_tolerance
    ):
        reason = (
            f"the motion is not diffusive: log-log slope {exponent:.2f} "
            f"({exponent_interval[0]:.2f} to {exponent_interval[1]:.2f}), not 1"
        )
    elif exponent_interval[0] < _BOUNDED or exponent_interval[1] > _BALLISTIC:
        reason = (
            "too short to tell diffusive from bounded or ballistic motion: log-log "
            f"slope {exponent:.2f} ({exponent_interval[0]:.2f} to "
            f"{exponent_interval[1]:.2f})"
        )
    elif (halves := window.halves(displacements)) is not None and abs(
        halves[0] - halves[1]
    ) > _LARGEST_BEND:
        reason = (
            f"the motion is not diffusive: log-log slope {halves[0]:.2f} in the first "
            f"half of the fit window and {halves[1]:.2f} in the second"
        )
    elif interval[0] <= 0:
        reason = NOT_RESOLVED
    return DiffusivityFit(
        slope_A2_per_ps=slope,
        intercept_A2=intercept,
        diffusivity_cm2_per_s=None if reason else diffusivity,
        interval_cm2_per_s=interval,
        exponent=exponent,
        exponent_interval=exponent_interval,
        reason=reason,
    )


def _half_width(cells: NDArray[np.float64]) -> float:
    """Half width of the 95 % interval of the mean of an (atoms, blocks) table."""
    n_atoms, n_blocks = cells.shape
    terms, groups = [], []
    for n, means in ((n_atoms, cells.mean(axis=1)), (n_blocks, cells.mean(axis=0))):
        if n >= _LEAST_GROUPS:
            terms.append(float(means.var(ddof=1)) / n)
            groups.append(n)
    if not terms:
        return float("nan")
    variance = sum(terms)
    if len(terms) > 1:
        of_cells = float(cells.var(ddof=1)) / cells.size
        variance = max(variance - of_cells, of_cells / 2)
    return float(_student(min(groups)) * np.sqrt(variance))


def _student(n: int) -> float:
    return float(stats.t.ppf(0.975, n - 1))


def _none(reason: str) -> DiffusivityFit:
    return DiffusivityFit(
        slope_A2_per_ps=None,
        intercept_A2=None,
        diffusivity_cm2_per_s=None,
        interval_cm2_per_s=None,
        exponent=None,
        exponent_interval=None,
        reason=reason,
    )
