"""Text formats: one template a frame, filled with numbers that keep all digits."""

from abc import abstractmethod
from collections.abc import Sequence
from io import TextIOWrapper

import numpy as np
from numpy.typing import NDArray

from md.trajectory.export_frames import ExportFrames, FrameSink

_ROWS_AT_ONCE = 20_000
"""Atoms whose text is held in memory."""


class TextSink(FrameSink):
    """File of lines.

    Parameters
    ----------
    stream
        Where to write; stays open.

    """

    def __init__(self, stream: TextIOWrapper) -> None:
        self._stream = stream

    def write(self, frames: ExportFrames) -> None:
        """Write frames one after the other."""
        for index in range(len(frames.steps)):
            self._write_frame(frames, index)

    def close(self) -> None:
        """Hand all lines to the system."""
        self._stream.flush()

    @abstractmethod
    def _write_frame(self, frames: ExportFrames, index: int) -> None:
        """Write one frame."""

    def _write_rows(
        self, heads: Sequence[str], values: NDArray[np.float64], tails: Sequence[str]
    ) -> None:
        """Write a line an atom: head, numbers as short as they come back, tail."""
        numbers = " ".join(["%r"] * values.shape[1])
        for first in range(0, len(values), _ROWS_AT_ONCE):
            rows = slice(first, first + _ROWS_AT_ONCE)
            template = "".join(
                f"{head}{numbers}{tail}\n"
                for head, tail in zip(heads[rows], tails[rows], strict=True)
            )
            self._stream.write(template % tuple(values[rows].ravel().tolist()))


def beside(*columns: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Columns of numbers of one frame, those that are there.

    Examples
    --------
    >>> beside(np.zeros((2, 3)), None, np.ones((2, 1))).shape
    (2, 4)

    """
    return np.concatenate([column for column in columns if column is not None], axis=1)


def of_frame(
    values: NDArray[np.float64] | None, index: int
) -> NDArray[np.float64] | None:
    """Values of one frame, None where there are none."""
    return None if values is None else values[index]
