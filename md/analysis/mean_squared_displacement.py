"""Mean squared displacement of a species and the diffusivity that follows."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from textwrap import fill
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from md.analysis.diffusivity import FitWindow, choose_window, fit_diffusivity
from md.analysis.displacement_sums import DisplacementSums
from md.analysis.msd_regression import RegressedDiffusivity, regressed_diffusivity
from md.analysis.plain import plain, thinned
from md.analysis.reference_frame import (
    Direction,
    Reference,
    along,
    n_dimensions,
    read_series,
    reference_atoms,
)
from md.trajectory import Trajectory
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Motion = Literal["tracer", "collective"]
_LABEL_WIDTH = 40
_LEAST_LAGS = 3
_MOST_LAGS = 40


@dataclass(frozen=True, kw_only=True)
class MeanSquaredDisplacementResult:
    """Mean squared displacement against lag time, and the diffusivity.

    Parameters
    ----------
    species, n_atoms
        Atoms averaged over.
    reference, n_reference_atoms
        Atoms whose centre of mass (mass-weighted) is at rest by definition, and how
        many they are; ``"none"``: displacements as they stand.
    direction
        ``"all"``, ``"lateral"`` (in the plane of **a** and **b**) or ``"normal"``.
    motion
        ``"tracer"``: of single atoms. ``"collective"``: |Σ Δr|² / N of all of them
        together, whose slope is the charge diffusivity.
    cell_varies
        Whether displacements were taken in the mean cell, because the cell changes.
    lag_times_ps, msd_A2
        (n_lags,) mean over atoms and time origins.
    msd_standard_error_A2
        (n_lags,) from the spread over atoms, taken as independent; NaN for one atom
        and for collective motion.
    diffusivity_cm2_per_s, diffusivity_interval_cm2_per_s
        Slope over 2d (6 for all directions) in the fit window and its 95 % interval.
        The diffusivity is None when the motion is not diffusive or not resolved;
        `reason` says which.
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
    direction: Direction
    motion: Motion
    cell_varies: bool
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
            ylabel=self._quantity(),
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
            slope = 2e4 * n_dimensions(self.direction) * self.diffusivity_cm2_per_s
            line = self.intercept_A2 + slope * window
            ax.plot(window, line, "--", color="C1", label=self._fit_label())
        else:
            ax.plot([], [], " ", label=fill(f"no D: {self.reason}", _LABEL_WIDTH))
        ax.legend(frameon=False, fontsize="small", loc="upper left")
        return ax

    def _quantity(self) -> str:
        words: list[str] = [] if self.direction == "all" else [self.direction]
        words += ["collective"] if self.motion == "collective" else []
        what = " ".join([*words, f"MSD of {self.species}"])
        return f"{what[0].upper()}{what[1:]} (Å²)"

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
    direction: Direction = "all",
    motion: Motion = "tracer",
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
        Whose drift is removed (centre of mass, weighted by mass). ``"others"``: all
        other atoms; without other atoms nothing is removed, and the result says
        ``"none"``. ``"framework"``: atoms of the electrolyte that are neither measured
        nor lithium. ``"slab"``: atoms that began in the metal. ``"none"``: nothing.
    direction
        ``"lateral"`` counts displacements in the plane of **a** and **b**,
        ``"normal"`` those across it; the diffusivity is the slope over 4 or 2.
    motion
        ``"collective"``: displacement of the sum of all positions, over √N, so that
        correlated motion counts as it does for the conductivity. This is one walker;
        its diffusivity and interval are those of `md.analysis.msd_regression`.
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
    MSD(t) = ⟨|r(t₀ + t) − r(t₀)|²⟩ over atoms and origins t₀; D = (1/2d) dMSD/dt in
    the window, with an intercept that takes up the vibrations. Where the cell changes
    positions are brought into the mean cell (`md.analysis.reference_frame`).

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
    measured = reference_atoms(trajectory, atoms, reference)
    origin = None
    together = motion == "collective"
    per_batch = max(1, int(memory_MB * 2**20) // (24 * n_frames))
    n_walkers = 1 if together else len(atoms)
    sums = DisplacementSums(n_walkers, n_lags, window, frame_time_ps)
    total = np.zeros((1, n_frames, n_dimensions(direction)))
    varies = False
    for start in range(0, len(atoms), per_batch):
        series = read_series(
            trajectory,
            atoms[start : start + per_batch],
            reference=measured,
            origin=origin,
        )
        origin, varies = series.origin, series.cell_varies
        positions = along(series.positions, series.mean_cell, direction)
        if together:
            total += positions.sum(axis=0)
        else:
            sums.add(start, positions)
        if progress is not None:
            progress(start + len(positions), len(atoms))
        del series, positions  # before the next batch is read beside them
    regressed = None
    if together:
        total /= np.sqrt(len(atoms))
        sums.add(0, total)
        regressed = _regressed(total, window, frame_time_ps)
    msd, error = sums.mean_and_error()
    fit = fit_diffusivity(
        msd,
        sums.slopes,
        sums.exponents(),
        window,
        frame_time_ps=frame_time_ps,
        exponent_tolerance=exponent_tolerance,
        n_dimensions=n_dimensions(direction),
    )
    if regressed is not None:
        fit = regressed.judged_by(fit)
    return MeanSquaredDisplacementResult(
        species=species,
        n_atoms=len(atoms),
        reference="none" if origin is None else reference,
        n_reference_atoms=len(measured),
        direction=direction,
        motion=motion,
        cell_varies=varies,
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


def _regressed(
    walk: NDArray[np.float64], window: FitWindow, frame_time_ps: float
) -> RegressedDiffusivity | None:
    """Least squares over lags of the window, where there are lags and motion."""
    lags = np.arange(window.first, window.last + 1)
    if len(lags) > _MOST_LAGS:
        lags = np.unique(np.linspace(lags[0], lags[-1], _MOST_LAGS).round().astype(int))
    moves = bool((np.abs(np.diff(walk, axis=1)) > 0).any())
    if len(lags) < _LEAST_LAGS or 4 * lags[-1] >= walk.shape[1] or not moves:
        return None
    return regressed_diffusivity(walk, lags=lags, frame_time_ps=frame_time_ps)


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
