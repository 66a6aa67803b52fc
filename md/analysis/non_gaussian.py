"""Non-Gaussian parameter: whether all atoms move alike."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from md.analysis.plain import plain
from md.analysis.reference_frame import (
    Direction,
    Reference,
    along,
    n_dimensions,
    read_series,
    reference_atoms,
)
from md.trajectory import Trajectory

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LAGS = 40
_LONGEST = 0.5


@dataclass(frozen=True, kw_only=True)
class NonGaussianResult:
    """Non-Gaussian parameter against lag time.

    Parameters
    ----------
    species, n_atoms, reference, direction
        What moves, and relative to what.
    lag_times_ps
        (n_lags,) evenly spaced on a logarithmic axis.
    alpha2
        (n_lags,) 0 for displacements that are Gaussian, as of free diffusion and of
        harmonic vibration alike; NaN where nothing moves.
    alpha2_interval
        (n_lags, 2) 95 % intervals from blocks in time, left out one by one; NaN where
        a lag is longer than half a block.
    n_blocks
        Blocks in time.

    """

    species: str
    n_atoms: int
    reference: Reference
    direction: Direction
    lag_times_ps: NDArray[np.float64]
    alpha2: NDArray[np.float64]
    alpha2_interval: NDArray[np.float64]
    n_blocks: int

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        return dict(plain(self))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Parameter against lag, with its 95 % intervals.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5, 3.4), layout="constrained").subplots()
        low, high = self.alpha2_interval.T
        ax.fill_between(self.lag_times_ps, low, high, alpha=0.2, lw=0)
        ax.plot(self.lag_times_ps, self.alpha2)
        ax.axhline(0, color="0.6", lw=0.8)
        ax.set(
            xlabel="Lag time (ps)",
            ylabel=f"Non-Gaussian parameter of {self.species}",
            xscale="log",
        )
        return ax


def non_gaussian(
    trajectory: Trajectory,
    *,
    species: str = "Li",
    reference: Reference = "others",
    direction: Direction = "all",
    n_blocks: int = 8,
) -> NonGaussianResult:
    r"""Non-Gaussian parameter of the displacements of a species.

    Parameters
    ----------
    trajectory
        Frames at equal intervals; read once.
    species
        Chemical symbol.
    reference, direction
        As of `md.analysis.mean_squared_displacement`.
    n_blocks
        Blocks in time behind the intervals.

    Notes
    -----
    .. math:: \alpha_2(t) = \frac{d}{d+2}
              \frac{\langle |\Delta r|^4 \rangle}{\langle |\Delta r|^2 \rangle^2} - 1

    in d dimensions. Positive while some atoms have hopped and others not: its maximum
    tells the time scale of hops. The interval is the jackknife's over blocks of time
    origins, Student's with `n_blocks` − 1 degrees of freedom.

    References
    ----------
    Rahman, Phys. Rev. 136, A405 (1964), doi:10.1103/PhysRev.136.A405

    """
    frame_time_ps = trajectory.frame_time_ps()
    atoms = trajectory.indices_of(species)
    series = read_series(
        trajectory, atoms, reference=reference_atoms(trajectory, atoms, reference)
    )
    positions = along(series.positions, series.mean_cell, direction)
    n_frames, d = trajectory.n_frames, n_dimensions(direction)
    longest = max(1, int(_LONGEST * n_frames))
    lags = np.unique(np.geomspace(1, longest, _LAGS).round().astype(int))
    lags = lags[lags < n_frames]
    values = np.full(len(lags), np.nan)
    intervals = np.full((len(lags), 2), np.nan)
    for i, lag in enumerate(lags):
        moved = positions[:, lag:] - positions[:, : n_frames - lag]
        squares = np.einsum("ntd,ntd->nt", moved, moved)
        second, fourth = squares.sum(axis=0), np.einsum("nt,nt->t", squares, squares)
        count = len(atoms)
        values[i] = _alpha(second.mean() / count, fourth.mean() / count, d)
        if 2 * lag * n_blocks > n_frames:
            continue
        left_out = np.empty(n_blocks)
        for block, part in enumerate(np.array_split(np.arange(len(second)), n_blocks)):
            kept = len(second) - len(part)
            left_out[block] = _alpha(
                (second.sum() - second[part].sum()) / (kept * count),
                (fourth.sum() - fourth[part].sum()) / (kept * count),
                d,
            )
        spread = (n_blocks - 1) / n_blocks * ((left_out - left_out.mean()) ** 2).sum()
        half = float(stats.t.ppf(0.975, n_blocks - 1)) * float(np.sqrt(spread))
        intervals[i] = values[i] - half, values[i] + half
    return NonGaussianResult(
        species=species,
        n_atoms=len(atoms),
        reference="none" if series.origin is None else reference,
        direction=direction,
        lag_times_ps=np.asarray(lags * frame_time_ps, dtype=float),
        alpha2=values,
        alpha2_interval=intervals,
        n_blocks=n_blocks,
    )


def _alpha(second: float, fourth: float, d: int) -> float:
    if second <= 0:
        return float("nan")
    return float(d / (d + 2) * fourth / second**2 - 1)
