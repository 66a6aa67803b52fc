"""Van Hove correlation functions: where atoms are after a time."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from md.analysis.pairs import complete_cell, neighbour_pairs
from md.analysis.plain import plain
from md.analysis.reference_frame import Reference, reference_atoms
from md.trajectory import Trajectory
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BLOCKS = 8
_LEAST_ORIGINS = 2


@dataclass(frozen=True, kw_only=True)
class VanHoveResult:
    """Self and distinct parts of the van Hove correlation function.

    Parameters
    ----------
    species, reference
        What moves, and relative to what.
    lag_times_ps
        (n_lags,).
    distances_A
        (n_bins,) middles of the bins.
    self_part_per_A, self_part_error_per_A
        (n_lags, n_bins) 4πr² G_s: probability density of the distance that an atom
        has moved, and its standard error from blocks of time origins.
    distinct_part
        (n_lags, n_bins) probability of another atom at this distance from where an
        atom was, over that of an ideal gas: g(r) at lag 0. A rise at r = 0 is an atom
        that has taken another's place.
    distinct_part_error
        (n_lags, n_bins) standard error; NaN with fewer than two origins a block.
    n_origins
        (n_lags,) time origins that were used.
    number_density_per_A3
        Of the species, which normalises the distinct part.

    """

    species: str
    reference: Reference
    lag_times_ps: NDArray[np.float64]
    distances_A: NDArray[np.float64]
    self_part_per_A: NDArray[np.float64]
    self_part_error_per_A: NDArray[np.float64]
    distinct_part: NDArray[np.float64]
    distinct_part_error: NDArray[np.float64]
    n_origins: NDArray[np.int64]
    number_density_per_A3: float

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        return dict(plain(self))

    def plot(self, ax: "Axes | None" = None, *, part: str = "self") -> "Axes":
        """One part against distance, a line for each lag.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.
        part
            ``"self"`` or ``"distinct"``.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5, 3.4), layout="constrained").subplots()
        own = part == "self"
        values = self.self_part_per_A if own else self.distinct_part
        errors = self.self_part_error_per_A if own else self.distinct_part_error
        for lag, line, error in zip(self.lag_times_ps, values, errors, strict=True):
            if own and lag == 0:
                continue  # a spike at r = 0, beside which nothing else is seen
            ax.plot(self.distances_A, line, label=f"{lag:g} ps")
            ax.fill_between(
                self.distances_A, line - 2 * error, line + 2 * error, alpha=0.2, lw=0
            )
        label = "4πr² $G_s$ (1/Å)" if own else "$G_d$ / density"
        ax.set(xlabel="Distance (Å)", ylabel=f"{label} of {self.species}")
        ax.set_ylim(bottom=0)
        ax.legend(frameon=False, fontsize="small", title="After")
        return ax


def van_hove(
    trajectory: Trajectory,
    *,
    lags_ps: tuple[float, ...],
    species: str = "Li",
    reference: Reference = "others",
    farthest_A: float = 8.0,
    bin_A: float = 0.1,
    most_origins: int = 200,
) -> VanHoveResult:
    r"""Van Hove correlation functions of a species at a few lag times.

    Parameters
    ----------
    trajectory
        Frames at equal intervals; two blocks of frames are held at once.
    lags_ps
        Lag times, ps; rounded to frames. 0 gives g(r) as the distinct part.
    species
        Chemical symbol.
    reference
        Whose drift is removed.
    farthest_A, bin_A
        Range and width of the bins of distances.
    most_origins
        Time origins for each lag, evenly spread.

    Raises
    ------
    InputError
        If a lag does not fit into the trajectory, or bins are not positive.

    Notes
    -----
    .. math:: G_s(r,t) = \tfrac1N \sum_i \langle \delta(r - |r_i(t)-r_i(0)|) \rangle,
              \qquad G_d(r,t) = \tfrac1N \sum_{i \ne j}
              \langle \delta(r - |r_j(t)-r_i(0)|) \rangle

    The distinct part counts every periodic image within range and is divided by
    4πr²ρ; images of the atom itself belong to it. Standard errors come from eight
    blocks of consecutive origins.

    References
    ----------
    Van Hove, Phys. Rev. 95, 249 (1954), doi:10.1103/PhysRev.95.249

    """
    for name, value in (("farthest_A", farthest_A), ("bin_A", bin_A)):
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"{name} must be positive; got {value!r}. Try 8 and 0.1.")
    frame_time_ps = trajectory.frame_time_ps()
    lags = np.array([round(lag / frame_time_ps) for lag in lags_ps])
    if not len(lags) or lags.min() < 0 or lags.max() > trajectory.n_frames - 2:
        raise InputError(
            f"lags_ps must be times from 0 to "
            f"{(trajectory.n_frames - 2) * frame_time_ps:g} ps; got {lags_ps!r}. "
            "Choose shorter ones."
        )
    atoms = trajectory.indices_of(species)
    measured = reference_atoms(trajectory, atoms, reference)
    n_bins = max(1, round(farthest_A / bin_A))
    edges = np.linspace(0, farthest_A, n_bins + 1)
    parts = [
        _one_lag(
            trajectory,
            atoms,
            measured,
            int(lag),
            edges=edges,
            most_origins=most_origins,
        )
        for lag in lags
    ]
    return VanHoveResult(
        species=species,
        reference="none" if not len(measured) else reference,
        lag_times_ps=np.asarray(lags * frame_time_ps, dtype=float),
        distances_A=(edges[1:] + edges[:-1]) / 2,
        self_part_per_A=np.array([p.own[0] for p in parts]),
        self_part_error_per_A=np.array([p.own[1] for p in parts]),
        distinct_part=np.array([p.distinct[0] for p in parts]),
        distinct_part_error=np.array([p.distinct[1] for p in parts]),
        n_origins=np.array([p.n_origins for p in parts]),
        number_density_per_A3=parts[0].density,
    )


@dataclass(frozen=True)
class _Parts:
    own: tuple[NDArray[np.float64], NDArray[np.float64]]
    distinct: tuple[NDArray[np.float64], NDArray[np.float64]]
    n_origins: int
    density: float


def _one_lag(
    trajectory: Trajectory,
    atoms: NDArray[np.int64],
    measured: NDArray[np.int64],
    lag: int,
    *,
    edges: NDArray[np.float64],
    most_origins: int,
) -> _Parts:
    usable = trajectory.n_frames - lag
    stride = max(1, -(-usable // most_origins))
    own, distinct, densities = [], [], []
    shells = 4 / 3 * np.pi * np.diff(edges**3)
    weights = trajectory.masses[measured]
    early = trajectory.frames(0, usable, stride)
    late = trajectory.frames(lag, trajectory.n_frames, stride)
    for before, after in zip(early, late, strict=True):
        for first, second, cell in zip(
            before.positions, after.positions, before.cells, strict=True
        ):
            drift = np.zeros(3)
            if len(measured):
                drift = weights @ (second - first)[measured] / weights.sum()
            r0, r1 = first[atoms], second[atoms] - drift
            moved = np.linalg.norm(r1 - r0, axis=1)
            counts = np.histogram(moved, edges)[0]
            own.append(counts / (len(atoms) * np.diff(edges)))
            pairs = neighbour_pairs(
                r0, r1, cell, trajectory.pbc, cutoff_A=float(edges[-1])
            )
            itself = (pairs.first == pairs.second) & ~pairs.images.any(axis=1)
            counts = np.histogram(pairs.distances[~itself], edges)[0]
            volume = float(np.abs(np.linalg.det(complete_cell(cell))))
            densities.append(len(atoms) / volume)
            distinct.append(counts / (len(atoms) * shells * densities[-1]))
    return _Parts(
        own=_mean_and_error(np.array(own)),
        distinct=_mean_and_error(np.array(distinct)),
        n_origins=len(own),
        density=float(np.mean(densities)),
    )


def _mean_and_error(
    series: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    mean = series.mean(axis=0)
    if len(series) < _LEAST_ORIGINS * _BLOCKS:
        return mean, np.full_like(mean, np.nan)
    blocks = np.array([b.mean(axis=0) for b in np.array_split(series, _BLOCKS)])
    return mean, np.asarray(stats.sem(blocks, axis=0))
