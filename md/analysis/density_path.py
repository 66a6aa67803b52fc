"""Easiest way of an ion through its density, and the barrier on it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from md.analysis.density_grid import smoothed
from md.analysis.percolation_threshold import easiest_way, percolation_threshold

_LEAST_BLOCKS = 3
_AXES: tuple[Literal["a", "b", "c"], ...] = ("a", "b", "c")


@dataclass(frozen=True, kw_only=True)
class PercolationPath:
    """Easiest way of the ions through the crystal along one lattice vector.

    Parameters
    ----------
    axis
        ``"a"``, ``"b"`` or ``"c"``.
    barrier_eV
        kT ln(ρ_max / ρ_saddle), with the largest density of the network that opens at
        the saddle; None where no voxel that was visited leads through.
    barrier_interval_eV
        95 % interval from blocks in time (jackknife); the upper end is None where a
        run without one block has no way through, both where there are too few blocks.
    lower_bound_eV
        kT ln(ρ_max / ρ_1) with ρ_1 the density of a voxel visited once: a barrier
        higher than this cannot be seen.
    n_visits_at_saddle
        Frames in which an ion was found in the saddle's voxel: with a few, the
        barrier is a matter of chance.
    way_A
        (n, 3) the way from the saddle to its image, Å; empty without one.
    free_energies_eV
        (n,) free energy along it, over its lowest.
    lengths_A
        (n,) length along it, Å.

    """

    axis: Literal["a", "b", "c"]
    barrier_eV: float | None
    barrier_interval_eV: tuple[float | None, float | None]
    lower_bound_eV: float
    n_visits_at_saddle: int
    way_A: NDArray[np.float64]
    free_energies_eV: NDArray[np.float64]
    lengths_A: NDArray[np.float64]


def _barrier(density: NDArray[np.float64], axis: int) -> float:
    """ln(ρ_max / ρ_saddle) of the way along an axis; infinite without one."""
    with np.errstate(divide="ignore"):
        found = percolation_threshold(-np.log(density), axis)
    if found is None:
        return float("inf")
    return float(found.level + np.log(density[found.network].max()))


def percolation_path(
    grids: NDArray[np.uint32],
    density: NDArray[np.float64],
    cell: NDArray[np.float64],
    *,
    axis: int,
    kT: float,
    smoothing_A: float,
) -> PercolationPath:
    """Easiest way along one axis, with its interval.

    Parameters
    ----------
    grids
        (n_blocks, i, j, k) visits of each voxel in blocks of time.
    density
        (i, j, k) density that follows.
    cell
        (3, 3) lattice vectors (rows), Å.
    axis
        Lattice direction.
    kT
        Thermal energy, eV.
    smoothing_A
        As applied to `density`.

    """
    total = grids.sum(axis=0, dtype=np.int64)
    once = density.sum() / total.sum()
    bound = kT * float(np.log(density.max() / once))
    with np.errstate(divide="ignore"):
        values = -np.log(density)
    found = percolation_threshold(values, axis)
    empty = np.empty(0)
    if found is None:
        return PercolationPath(
            axis=_AXES[axis], barrier_eV=None, barrier_interval_eV=(None, None),
            lower_bound_eV=bound, n_visits_at_saddle=0, way_A=np.empty((0, 3)),
            free_energies_eV=empty, lengths_A=empty,
        )  # fmt: skip
    lowest = float(values[found.network].min())
    barrier = kT * (found.level - lowest)
    way = easiest_way(values, found, axis=axis, cell=cell)
    places = way / np.array(density.shape) @ cell
    along = np.zeros(len(way))
    along[1:] = np.cumsum(np.linalg.norm(np.diff(places, axis=0), axis=1))
    on_way = values[tuple((way % np.array(density.shape)).T)]
    return PercolationPath(
        axis=_AXES[axis],
        barrier_eV=barrier,
        barrier_interval_eV=_interval(
            grids, total, barrier, axis=axis, kT=kT, smoothing=(cell, smoothing_A)
        ),
        lower_bound_eV=bound,
        n_visits_at_saddle=int(total[found.saddle]),
        way_A=places,
        free_energies_eV=kT * (on_way - lowest),
        lengths_A=along,
    )


def _interval(
    grids: NDArray[np.uint32],
    total: NDArray[np.int64],
    barrier: float,
    *,
    axis: int,
    kT: float,
    smoothing: tuple[NDArray[np.float64], float],
) -> tuple[float | None, float | None]:
    """Delete-one-block jackknife with Student's t."""
    n = len(grids)
    if n < _LEAST_BLOCKS:
        return None, None
    without = np.array(
        [kT * _barrier(smoothed((total - g).astype(float), *smoothing), axis)
         for g in grids]
    )  # fmt: skip
    finite = without[np.isfinite(without)]
    if len(finite) < _LEAST_BLOCKS:
        return None, None
    spread = finite - finite.mean()
    error = float(np.sqrt((n - 1) / len(finite) * (spread**2).sum()))
    wide = float(student.ppf(0.975, n - 1)) * error
    high = barrier + wide if len(finite) == n else None
    return max(barrier - wide, 0.0), high
