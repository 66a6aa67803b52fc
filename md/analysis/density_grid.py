"""Grids that densities are counted on, smoothed, and turned into free energies."""

import numpy as np
from numpy.typing import NDArray

from training_data.errors import InputError

BOLTZMANN_eV_PER_K = 8.617333262e-5
_LEAST_POINTS = 4
_MOST_POINTS = 240_000_000


def grid_shape(
    lengths_A: NDArray[np.float64], spacing_A: float, *, n_blocks: int = 1
) -> tuple[int, int, int]:
    """Points along the lattice vectors for a longest spacing.

    Parameters
    ----------
    lengths_A
        (3,) lengths of the lattice vectors, Å.
    spacing_A
        Longest edge of a voxel, Å.
    n_blocks
        How many such grids are held at once.

    Raises
    ------
    InputError
        If there are fewer than four along one, or more than fit into memory.

    Examples
    --------
    >>> grid_shape(np.array([10.0, 10.0, 20.1]), 0.5)
    (20, 20, 41)

    """
    points = np.ceil(lengths_A / spacing_A - 1e-9).astype(int)
    if points.min() < _LEAST_POINTS or np.prod(points) * n_blocks > _MOST_POINTS:
        raise InputError(
            f"spacing_A must give four points or more along each lattice vector of "
            f"{np.round(lengths_A, 2).tolist()} Å, and at most {_MOST_POINTS} in all "
            f"blocks; got {spacing_A!r}, {points.tolist()} points. Take 0.2 to 0.5 Å."
        )
    return (int(points[0]), int(points[1]), int(points[2]))


def smoothed(
    density: NDArray[np.float64], cell: NDArray[np.float64], width_A: float
) -> NDArray[np.float64]:
    """Periodic density convolved by a Gaussian that is round in space, in any cell.

    Parameters
    ----------
    density
        (i, j, k) values on the grid of the cell.
    cell
        (3, 3) lattice vectors (rows), Å.
    width_A
        Standard deviation, Å; 0 leaves everything as it is.

    Notes
    -----
    Every Fourier component is multiplied by exp(−σ²|G|²/2).

    """
    if width_A == 0:
        return density
    orders = [np.fft.fftfreq(n, 1 / n) for n in density.shape[:2]]
    orders.append(np.fft.rfftfreq(density.shape[2], 1 / density.shape[2]))
    reciprocal = 2 * np.pi * np.linalg.inv(cell).T
    mesh = np.stack(np.meshgrid(*orders, indexing="ij"), axis=-1) @ reciprocal
    kernel = np.exp(-0.5 * width_A**2 * (mesh**2).sum(axis=-1))
    smooth = np.fft.irfftn(np.fft.rfftn(density) * kernel, s=density.shape,
                           axes=(0, 1, 2))  # fmt: skip
    # Rounding and the cut at the finest waves leave noise around zero.
    floor = 1e-9 * smooth.max()
    return np.asarray(np.where(smooth > floor, smooth, 0.0), dtype=float)


def free_energies(
    density: NDArray[np.float64], temperature_K: float
) -> NDArray[np.float64]:
    """−kT ln(ρ / ρ_max) in eV, infinite where ρ is zero.

    Examples
    --------
    >>> F = free_energies(np.array([1.0, np.exp(-1.0), 0.0]), 1 / 8.617333262e-5)
    >>> F.round(6).tolist()
    [0.0, 1.0, inf]

    """
    with np.errstate(divide="ignore"):
        logarithm = np.log(density / density.max())
    return np.asarray(0.0 - BOLTZMANN_eV_PER_K * temperature_K * logarithm)


def check_width(value: float, name: str, *, zero: bool) -> None:
    """Refuse a width that is negative, or zero where that means nothing.

    Raises
    ------
    InputError
        With the name of the option.

    """
    if not np.isfinite(value) or value < 0 or (value == 0 and not zero):
        raise InputError(
            f"{name} must be {'zero or ' * zero}positive; got {value!r}. Give Å."
        )
