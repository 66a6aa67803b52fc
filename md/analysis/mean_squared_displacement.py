"""Mean squared displacement of a species and the diffusivity that follows."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from textwrap import fill
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from md.analysis.diffusivity import FitWindow, choose_window, fit_diffusivity
from md.analysis.displacements import (
    centre_of_mass,
    mean_squared_displacements,
    series_of,
)
from md.analysis.plain import plain, thinned
from md.trajectory import Trajectory
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Reference = Literal["others", "none"]
_GROUPS_OF_ATOMS = 8
_LEAST_BLOCKS = 4
_LABEL_WIDTH = 40


@dataclass(frozen=True, kw_only=True)
class MeanSquaredDisplacementResult:
    """Mean squared displacement against lag time, and the diffusivity.

    Parameters
    ----------
    species, n_atoms
        Atoms averaged over.
    reference, n_reference_atoms
        ``"others"``: displacements relative to the centre of mass of all other atoms
        (mass-weighted), so many of them; ``"none"``: as they stand.
    lag_times_ps, msd_A2
        (n_lags,) mean over atoms and time origins.
    msd_standard_error_A2
        (n_lags,) from the spread over atoms, taken as independent; NaN for one atom.
    diffusivity_cm2_per_s, diffusivity_interval_cm2_per_s
        Slope over 6 in the fit window and its 95 % interval. The diffusivity is None
        when the motion is not diffusive or not resolved; `reason` says which.
    loglog_slope, loglog_slope_interval
        Slope of log MSD against log lag in the window, and its 95 % interval.
    fit_start_ps, fit_end_ps, intercept_A2, n_blocks
        The fit: window, intercept, blocks in time behind the intervals.
    n_frames, frame_time_ps
        Trajectory.
    reason
        Why there is no diffusivity; empty otherwise.

    """

    species: str
    n_atoms: int
    reference: Reference
    n_reference_atoms: int
    lag_times_ps: NDArray[np.float64]
    msd_A2: NDArray[np.float64]
    msd_standard_error_A2: NDArray[np.float64]
    diffusivity_cm2_per_s: float | None
    diffusivity_interval_cm2_per_s: tuple[float, float] | None
    loglog_slope: float | None
    loglog_slope_interval: tuple[float, float] | None
    fit_start_ps: float
    fit_end_ps: float
    intercept_A2: float | None
    n_blocks: int
    n_frames: int
    frame_time_ps: float
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Plain types; series of more than 2,000 lags are thinned evenly."""
        kept = thinned(len(self.lag_times_ps))
        names = ("lag_times_ps", "msd_A2", "msd_standard_error_A2")
        return dict(plain(replace(self, **{n: getattr(self, n)[kept] for n in names})))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Mean squared displacement against lag, both logarithmic, with the fit.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5, 3.4), layout="constrained").subplots()
        shown = (self.lag_times_ps > 0) & (self.msd_A2 > 0)
        lags, values = self.lag_times_ps[shown], self.msd_A2[shown]
        error = 2 * np.nan_to_num(self.msd_standard_error_A2[shown])
        ax.set(
            xlabel="Lag time (ps)",
            ylabel=f"MSD of {self.species} (Å²)",
            xscale="log",
            yscale="log",
        )
        if not len(lags):
            ax.annotate(
                "the atoms do not move",
                (0.5, 0.5),
                xycoords="axes fraction",
                ha="center",
            )
            return ax
        low = np.maximum(values - error, values / 100)
        ax.fill_between(lags, low, values + error, alpha=0.2, linewidth=0, color="C0")
        ax.plot(lags, values, color="C0", label=f"{self.n_atoms} {self.species}")
        ax.axvspan(self.fit_start_ps, self.fit_end_ps, color="0.92", zorder=0)
        if self.diffusivity_cm2_per_s is not None and self.intercept_A2 is not None:
            window = np.geomspace(self.fit_start_ps, self.fit_end_ps, 50)
            line = self.intercept_A2 + 6e4 * self.diffusivity_cm2_per_s * window
            ax.plot(window, line, "--", color="C1", label=self._fit_label())
        else:
            ax.plot([], [], " ", label=fill(f"no D: {self.reason}", _LABEL_WIDTH))
        ax.legend(frameon=False, fontsize="small", loc="upper left")
        return ax

    def _fit_label(self) -> str:
        label = f"D = {self.diffusivity_cm2_per_s:.2e}"
        if self.diffusivity_interval_cm2_per_s is not None:
            low, high = self.diffusivity_interval_cm2_per_s
            label += f" ({low:.1e} to {high:.1e})"
        return label + " cm²/s"


def mean_squared_displacement(
    trajectory: Trajectory,
    *,
    species: str = "Li",
    reference: Reference = "others",
    fit_ps: tuple[float, float] | None = None,
    n_blocks: int = 8,
    max_lag_fraction: float = 0.5,
    exponent_tolerance: float = 0.1,
    memory_MB: float = 512.0,
    progress: Callable[[int, int], None] | None = None,
) -> MeanSquaredDisplacementResult:
    r"""Mean squared displacement of a species and its tracer diffusivity.

    Parameters
    ----------
    trajectory
        Frames at equal intervals; read once for every batch of atoms.
    species
        Chemical symbol.
    reference
        ``"others"``: the drift of the centre of mass of all other atoms is removed
        (weighted by mass). Without other atoms nothing is removed, and the result
        says ``"none"``.
    fit_ps
        First and last lag of the straight-line fit, ps. By default a decade of lags
        that ends at 1/16 of the trajectory: long enough to leave the vibrations in a
        run that is long enough, short enough for independent blocks.
    n_blocks
        Blocks in time behind the intervals.
    max_lag_fraction
        Longest lag over the length of the trajectory.
    exponent_tolerance
        See `md.analysis.diffusivity.fit_diffusivity`.
    memory_MB
        Bound for the positions held at once, MB.
    progress
        Called with the atoms done and all atoms.

    Returns
    -------
    MeanSquaredDisplacementResult
        With a diffusivity of None, and the reason, when the motion is not diffusive.

    Raises
    ------
    InputError
        If the species is missing, frames are not evenly spaced, or a window does not
        fit into the trajectory.

    Notes
    -----
    MSD(t) = ⟨|r(t₀ + t) − r(t₀)|²⟩ over atoms and origins t₀; D = (1/6) dMSD/dt in
    the window, with an intercept that takes up the vibrations.

    """
    frame_time_ps = trajectory.frame_time_ps()
    atoms = trajectory.indices_of(species)
    n_frames = trajectory.n_frames
    n_lags = max(2, min(n_frames, int(n_frames * max_lag_fraction) + 1))
    window = choose_window(
        n_frames,
        fit_frames=_fit_frames(fit_ps, frame_time_ps, n_lags),
        n_blocks=n_blocks,
    )
    others = np.setdiff1d(np.arange(trajectory.n_atoms), atoms)
    origin = None
    if reference == "others" and len(others):
        origin = centre_of_mass(trajectory, others)
    per_batch = max(1, int(memory_MB * 2**20) // (24 * n_frames))
    sums = _Sums(len(atoms), n_lags, window, frame_time_ps)
    for start in range(0, len(atoms), per_batch):
        positions = series_of(trajectory, atoms[start : start + per_batch], origin)
        sums.add(start, positions)
        if progress is not None:
            progress(start + len(positions), len(atoms))
    msd, error = sums.mean_and_error()
    fit = fit_diffusivity(
        msd,
        sums.slopes,
        sums.exponents(),
        window,
        frame_time_ps=frame_time_ps,
        exponent_tolerance=exponent_tolerance,
    )
    return MeanSquaredDisplacementResult(
        species=species,
        n_atoms=len(atoms),
        reference="none" if origin is None else "others",
        n_reference_atoms=0 if origin is None else len(others),
        lag_times_ps=np.asarray(np.arange(n_lags) * frame_time_ps, dtype=float),
        msd_A2=msd,
        msd_standard_error_A2=error,
        diffusivity_cm2_per_s=fit.diffusivity_cm2_per_s,
        diffusivity_interval_cm2_per_s=fit.interval_cm2_per_s,
        loglog_slope=fit.exponent,
        loglog_slope_interval=fit.exponent_interval,
        fit_start_ps=window.first * frame_time_ps,
        fit_end_ps=window.last * frame_time_ps,
        intercept_A2=fit.intercept_A2,
        n_blocks=window.n_blocks,
        n_frames=n_frames,
        frame_time_ps=frame_time_ps,
        reason=fit.reason,
    )


def _fit_frames(
    fit_ps: tuple[float, float] | None, frame_time_ps: float, n_lags: int
) -> tuple[int, int] | None:
    if fit_ps is None:
        return None
    first, last = (round(lag / frame_time_ps) for lag in fit_ps)
    if not 1 <= first < last < n_lags:
        raise InputError(
            f"fit_ps must be two lags between {frame_time_ps:g} and "
            f"{(n_lags - 1) * frame_time_ps:g} ps, the first smaller; got {fit_ps!r}. "
            "Choose a window in which the log-log slope is 1."
        )
    return first, last


class _Sums:
    """What is kept of the displacements of single atoms, batch by batch."""

    def __init__(
        self, n_atoms: int, n_lags: int, window: FitWindow, frame_time_ps: float
    ) -> None:
        self._window = window
        self._frame_time_ps = frame_time_ps
        self._n_atoms = n_atoms
        self._sum = np.zeros(n_lags)
        self._sum_squares = np.zeros(n_lags)
        self.slopes = np.zeros((n_atoms, window.n_blocks))
        self._blocks = np.zeros((window.n_blocks, window.last + 1))
        n_groups = min(_GROUPS_OF_ATOMS, n_atoms)
        self._group_of = np.arange(n_atoms) * n_groups // n_atoms
        self._groups = np.zeros((n_groups, n_lags))

    def add(self, start: int, positions: NDArray[np.float64]) -> None:
        """Add a batch: (n, n_frames, 3) Å."""
        window = self._window
        stop = start + len(positions)
        whole = mean_squared_displacements(positions, n_lags=len(self._sum))
        self._sum += whole.sum(axis=0)
        self._sum_squares += (whole**2).sum(axis=0)
        np.add.at(self._groups, self._group_of[start:stop], whole)
        if window.n_lags < 2 or window.last >= window.block_length:  # noqa: PLR2004
            return
        for block in range(window.n_blocks):
            begin = block * window.block_length
            part = mean_squared_displacements(
                positions[:, begin : begin + window.block_length],
                n_lags=window.last + 1,
            )
            self.slopes[start:stop, block] = window.slope(part, self._frame_time_ps)
            self._blocks[block] += part.sum(axis=0)

    def mean_and_error(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(n_lags,) mean over atoms and its standard error, Å²."""
        n = self._n_atoms
        mean = self._sum / n
        if n == 1:
            return mean, np.full_like(mean, np.nan)
        variance = (self._sum_squares - n * mean**2) / (n - 1)
        return mean, np.sqrt(np.maximum(variance, 0.0) / n)

    def exponents(self) -> NDArray[np.float64]:
        """Log-log slopes of blocks in time, or of groups of atoms if blocks are few."""
        if self._window.n_lags < 2:  # noqa: PLR2004 (a slope needs two)
            return np.empty(0)
        if self._window.n_blocks >= _LEAST_BLOCKS:
            return self._window.exponent(self._blocks / self._n_atoms)
        return self._window.exponent(self._groups)
