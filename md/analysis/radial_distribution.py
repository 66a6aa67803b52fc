"""Radial distribution functions and their first minimum."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from md.analysis.pairs import neighbour_pairs
from md.analysis.plain import plain
from md.trajectory import Trajectory
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SMOOTHING_A = 0.05
_LEAST_PAIRS = 50
_PROMINENCE = 0.1
_NEXT_PROMINENCE = 0.03
_DEEPEST_SHARE = 0.5
_FLAT_SHARE = 0.01


@dataclass(frozen=True, kw_only=True)
class FirstMinimum:
    """Where a pair distribution has its first minimum.

    Parameters
    ----------
    distance_A
        Å; None where it cannot be told.
    relative_depth
        g at the minimum over g at the first peak; None where there is no minimum.
    reason
        Why there is none; empty otherwise.

    """

    distance_A: float | None
    relative_depth: float | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class RadialDistributionResult:
    """Pair distribution between two species.

    Parameters
    ----------
    species
        Two chemical symbols.
    distances_A
        (n,) centres of the bins, Å.
    g
        (n,) density of the second species around the first over its mean density;
        where the cell has no volume, over an arbitrary one (see `normalised`).
    g_standard_error
        (n,) over blocks of frames; NaN with fewer than two blocks.
    n_frames, n_pairs
        Frames used, and pairs counted in all.
    normalised
        False where the trajectory has no volume: only the form of g has a meaning.
    first_minimum
        Of the smoothed g.

    """

    species: tuple[str, str]
    distances_A: NDArray[np.float64]
    g: NDArray[np.float64]
    g_standard_error: NDArray[np.float64]
    n_frames: int
    n_pairs: int
    normalised: bool
    first_minimum: FirstMinimum

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        return dict(plain(self))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """g(r) with its standard error and first minimum.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5, 3.4), layout="constrained").subplots()
        r, g, error = self.distances_A, self.g, np.nan_to_num(self.g_standard_error)
        ax.fill_between(r, g - 2 * error, g + 2 * error, alpha=0.25, linewidth=0)
        ax.plot(r, g, linewidth=1.2)
        at = self.first_minimum.distance_A
        if at is not None:
            ax.axvline(at, color="0.4", linestyle="--", linewidth=0.9)
            ax.annotate(
                f"first minimum {at:.2f} Å",
                (at, 0.95),
                xycoords=("data", "axes fraction"),
                xytext=(4, 0),
                textcoords="offset points",
                va="top",
                fontsize="small",
            )
        ax.set(
            xlabel="Distance r (Å)",
            ylabel=f"g(r) {self.species[0]}–{self.species[1]}"
            + ("" if self.normalised else " (arbitrary units)"),
            xlim=(0, r[-1]),
            ylim=(0, None),
        )
        return ax


def radial_distribution(
    trajectory: Trajectory,
    *,
    species: tuple[str, str],
    r_max_A: float = 6.0,
    bin_width_A: float = 0.02,
    most_frames: int = 200,
    n_blocks: int = 5,
) -> RadialDistributionResult:
    r"""Radial distribution function of two species.

    Parameters
    ----------
    trajectory
        Read once; memory does not grow with its length.
    species
        Two chemical symbols, the same or not.
    r_max_A, bin_width_A
        Range and resolution, Å. Periodic images count, also beyond half a cell.
    most_frames
        Frames are taken evenly spread over the trajectory, at most this many.
    n_blocks
        Blocks of consecutive frames for the standard error.

    Returns
    -------
    RadialDistributionResult
        g and its first minimum.

    Raises
    ------
    InputError
        If a species is missing, or a range is not positive.

    Notes
    -----
    g(r) = V n(r) / (N₁ N₂ v(r)): n(r) pairs in the shell of volume v(r), with
    N₂ − 1 for N₂ when both species are the same, so that an ideal gas has g = 1.

    The first minimum is that of g smoothed by a Gaussian of 0.05 Å, between the first
    peak (prominence of a tenth of the highest or more) and the next one (3 %). Where
    it is flat, as in a cold crystal where g vanishes between two shells, its centre is
    taken. It counts as resolved with 50 pairs in the first shell and at less than half
    of the first peak.

    """
    if not (0 < bin_width_A < r_max_A):
        raise InputError(
            f"bin_width_A must be positive and below r_max_A; got {bin_width_A!r} and "
            f"{r_max_A!r}. Give 0.02 and 6, for instance."
        )
    first, second = (trajectory.indices_of(s) for s in species)
    same = species[0] == species[1]
    edges = np.arange(round(r_max_A / bin_width_A) + 1) * bin_width_A
    stride = max(1, -(-trajectory.n_frames // most_frames))
    n_used = len(range(0, trajectory.n_frames, stride))
    n_blocks = min(n_blocks, n_used)
    counts = np.zeros((n_blocks, len(edges) - 1))
    weighted = np.zeros_like(counts)
    frames_of = np.zeros(n_blocks)
    seen = 0
    for chunk in trajectory.frames(stride=stride):
        for positions, cell in zip(chunk.positions, chunk.cells, strict=True):
            pairs = neighbour_pairs(
                positions[first],
                positions[second],
                cell,
                trajectory.pbc,
                cutoff_A=float(edges[-1]),
            )
            itself = same & (pairs.first == pairs.second)
            itself &= ~pairs.images.any(axis=1)
            found, _ = np.histogram(pairs.distances[~itself], bins=edges)
            volume = abs(float(np.linalg.det(cell)))
            block = seen * n_blocks // n_used
            counts[block] += found
            weighted[block] += found * (volume or 1.0)
            frames_of[block] += 1
            seen += 1
    ideal = len(first) * (len(second) - same) * 4 / 3 * np.pi * np.diff(edges**3)
    per_block = weighted / np.maximum(ideal, 1e-300) / frames_of[:, None]
    g = weighted.sum(axis=0) / np.maximum(ideal, 1e-300) / n_used
    error = np.full_like(g, np.nan)
    if n_blocks > 1:
        error = per_block.std(axis=0, ddof=1) / np.sqrt(n_blocks)
    centres = (edges[1:] + edges[:-1]) / 2
    return RadialDistributionResult(
        species=species,
        distances_A=centres,
        g=g,
        g_standard_error=error,
        n_frames=n_used,
        n_pairs=int(counts.sum()),
        normalised=bool(np.linalg.det(trajectory.initial.cell.array)),
        first_minimum=first_minimum(centres, g, counts.sum(axis=0)),
    )


def first_minimum(
    distances_A: NDArray[np.float64],
    g: NDArray[np.float64],
    counts: NDArray[np.float64],
) -> FirstMinimum:
    """First minimum of a pair distribution.

    Parameters
    ----------
    distances_A
        (n,) evenly spaced, Å.
    g, counts
        (n,) pair distribution, and pairs counted in each bin.

    """
    width = float(distances_A[1] - distances_A[0])
    smooth = gaussian_filter1d(g, _SMOOTHING_A / width, mode="nearest")
    peaks, found = find_peaks(
        np.append(smooth, 0.0), prominence=_NEXT_PROMINENCE * smooth.max()
    )
    high = np.flatnonzero(found["prominences"] >= _PROMINENCE * smooth.max())
    if not len(high) or high[0] + 1 == len(peaks):
        reason = f"g has no two peaks up to {distances_A[-1]:.1f} Å"
        return FirstMinimum(distance_A=None, relative_depth=None, reason=reason)
    top, following = int(peaks[high[0]]), int(peaks[high[0] + 1])
    lowest = top + int(np.argmin(smooth[top:following]))
    depth = float(smooth[lowest] / smooth[top])
    if counts[:lowest].sum() < _LEAST_PAIRS:
        reason = f"only {int(counts[:lowest].sum())} pairs in the first shell"
        return FirstMinimum(distance_A=None, relative_depth=depth, reason=reason)
    if depth > _DEEPEST_SHARE:
        reason = f"g falls only to {depth:.0%} of its first peak"
        return FirstMinimum(distance_A=None, relative_depth=depth, reason=reason)
    above = smooth > smooth[lowest] + _FLAT_SHARE * smooth[top]
    left = lowest - int(np.argmax(above[lowest::-1]))
    right = lowest + int(np.argmax(above[lowest:]))
    centre = float(distances_A[left] + distances_A[right]) / 2
    return FirstMinimum(distance_A=centre, relative_depth=depth, reason="")
