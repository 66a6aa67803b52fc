"""Steps and times of an H5MD file."""

from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from md.trajectory.quantities import PS_PER, factor, unit_of
from md.trajectory.refusal import refusal

_TIME_TOLERANCE = 1e-3


def read_clock(
    element: h5py.Group, path: Path, *, own: bool, frame_time_ps: float | None
) -> tuple[int, NDArray[np.int64], NDArray[np.float64]]:
    """Read the number of frames, their steps and their times in ps.

    Parameters
    ----------
    element
        The time-dependent element ``position``.
    path
        File, for messages.
    own
        Whether our writer made the file. A kill between two datasets of ours leaves
        some of them a block longer than others: the shortest counts.
    frame_time_ps
        Time between frames, ps, for a file that does not say it.

    Raises
    ------
    InputError
        If times are missing, contradict `frame_time_ps`, or do not grow.

    """
    n_positions = len(element["value"])
    steps = series(element.get("step"), n_positions)
    if steps is None:
        steps = np.arange(n_positions, dtype=float)
    times = _times(element, n_positions, path, frame_time_ps)
    lengths = {n_positions, len(steps), len(times)}
    if len(lengths) > 1 and not own:
        raise refusal(
            path,
            "position/step and time",
            f"of length {n_positions}, as the positions are",
            (len(steps), len(times)),
            "Write them together.",
        )
    n_frames = min(lengths)
    if n_frames == 0:
        raise refusal(
            path, "trajectory", "at least one frame", 0, "Check that the run started."
        )
    for name, values in (("steps", steps[:n_frames]), ("times", times[:n_frames])):
        bad = np.flatnonzero(np.diff(values) <= 0)
        if len(bad):
            raise refusal(
                path,
                name,
                "growing",
                values[bad[0] : bad[0] + 2].tolist(),
                f"Frame {bad[0] + 1} repeats or goes back: remove it.",
            )
    return n_frames, steps[:n_frames].astype(np.int64), times[:n_frames]


def series(dataset: h5py.Dataset | None, length: int) -> NDArray[np.float64] | None:
    """Explicit or fixed-increment step or time (H5MD 1.1), None where absent."""
    if dataset is None:
        return None
    if dataset.ndim == 0:
        offset = float(dataset.attrs.get("offset", 0.0))
        return np.asarray(offset + float(dataset[()]) * np.arange(length), dtype=float)
    return np.asarray(dataset[()], dtype=float)


def _times(
    element: h5py.Group, length: int, path: Path, frame_time_ps: float | None
) -> NDArray[np.float64]:
    stored = series(element.get("time"), length)
    has_unit = stored is not None and "unit" in element["time"].attrs
    if frame_time_ps is not None and not has_unit:
        return np.asarray(frame_time_ps * np.arange(length), dtype=float)
    if stored is None:
        raise refusal(
            path,
            "times",
            "stored",
            None,
            "Give frame_time_ps, the time between frames.",
        )
    unit = unit_of(element["time"], path, "position/time")
    times = np.asarray(stored * factor(unit, PS_PER, path), dtype=float)
    if frame_time_ps is not None and len(times) > 1:
        spacings = np.diff(times)
        if np.abs(spacings - frame_time_ps).max() > _TIME_TOLERANCE * frame_time_ps:
            raise refusal(
                path,
                "frame_time_ps",
                f"left out or {float(spacings[0]):g}, as stored,",
                frame_time_ps,
                "The file has times of its own.",
            )
    return times
