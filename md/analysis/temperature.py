"""Mean temperature and volume of a run, with errors that know of correlation."""

import numpy as np

from md.analysis.pairs import complete_cell
from md.trajectory import Trajectory
from training_data.errors import InputError

_BLOCKS = 8
_METAL_SIDE = 0
_VACUUM_A = 8.0


def mean_temperature(trajectory: Trajectory) -> tuple[float, float]:
    """Mean temperature and its standard error from eight blocks, K.

    Parameters
    ----------
    trajectory
        With the observable ``temperature_K``.

    Raises
    ------
    InputError
        If the trajectory does not keep temperatures.

    """
    values = trajectory.observables.get("temperature_K")
    if values is None or len(values) < _BLOCKS or not np.isfinite(values).all():
        raise InputError(
            f"temperature_K must be given for {str(trajectory.path)!r}; got nothing. "
            "The trajectory does not say how hot it was."
        )
    means = np.array([block.mean() for block in np.array_split(values, _BLOCKS)])
    return float(values.mean()), float(means.std(ddof=1) / np.sqrt(_BLOCKS))


def mean_volume(trajectory: Trajectory) -> float:
    """Mean volume of a crystal's cell, Å³.

    Parameters
    ----------
    trajectory
        Periodic in all directions, of one phase.

    Raises
    ------
    InputError
        If the cell is no crystal: open in a direction, holding a metal as well, or
        with a gap of more than 8 Å between atoms.

    """
    side = trajectory.initial.arrays.get("side")
    metal = side is not None and bool((side == _METAL_SIDE).any())
    if metal or not trajectory.pbc.all() or _widest_gap_A(trajectory) > _VACUUM_A:
        raise InputError(
            f"volume_A3 must be given for {str(trajectory.path)!r}; got nothing. Its "
            "cell holds a metal or a vacuum: say which volume the carriers have."
        )
    total = 0.0
    for chunk in trajectory.frames():
        boxes = np.stack([complete_cell(cell) for cell in chunk.cells])
        total += float(np.abs(np.linalg.det(boxes)).sum())
    return total / trajectory.n_frames


def _widest_gap_A(trajectory: Trajectory) -> float:  # noqa: N802
    """Widest slice without atoms between lattice planes of the first frame, Å."""
    cell = complete_cell(trajectory.initial.cell.array)
    inverse = np.linalg.inv(cell)
    heights = np.sort((trajectory.initial.positions @ inverse) % 1.0, axis=0)
    gaps = np.diff(heights, axis=0, append=heights[:1] + 1.0).max(axis=0)
    return float((gaps / np.linalg.norm(inverse, axis=0)).max())
