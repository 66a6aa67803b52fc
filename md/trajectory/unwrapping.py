"""Wrapped positions made continuous."""

import numpy as np
from ase.cell import Cell
from numpy.typing import NDArray

from md.trajectory.sources import Block, FrameSource


class Unwrapper:
    """Unwraps by the minimum image from frame to frame, in fractional space.

    Keeps the image counts after the last frame it saw, so that reading on costs
    nothing; reading back starts again at the first frame.
    """

    def __init__(self, source: FrameSource, pbc: NDArray[np.bool_]) -> None:
        self._source = source
        self._pbc = pbc
        self._next = 0
        self._last: NDArray[np.float64] | None = None
        self._shift: NDArray[np.float64] | None = None

    def read(self, start: int, stop: int, stride: int, per_block: int) -> Block:
        """Read frames start, start + stride, ... before stop, unwrapped."""
        if start < self._next:
            self._next, self._last, self._shift = 0, None, None
        while self._next < start:
            self._advance(min(start, self._next + per_block))
        kept: list[Block] = []
        while self._next < stop:
            begin = self._next
            block = self._advance(min(stop, begin + per_block))
            skip = -(begin - start) % stride
            kept.append(Block(block.positions[skip::stride], block.cells[skip::stride]))
        return Block(*(np.concatenate(part) for part in zip(*kept, strict=True)))

    def _advance(self, stop: int) -> Block:
        positions, cells = self._source.read(self._next, stop)
        complete = np.array([completed_cell(cell) for cell in cells])
        inverse = np.linalg.inv(complete)
        fractional = positions @ inverse
        if self._last is None or self._shift is None:
            self._last, self._shift = fractional[0], np.zeros_like(fractional[0])
        steps = np.diff(np.concatenate([self._last[None], fractional]), axis=0)
        shifts = self._shift - np.cumsum(np.round(steps) * self._pbc, axis=0)
        self._next, self._last, self._shift = stop, fractional[-1], shifts[-1]
        return Block(positions + shifts @ complete, cells)


def completed_cell(cell: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cell whose missing (zero) vectors are replaced, so that it can be inverted."""
    if np.linalg.matrix_rank(cell) == 3:  # noqa: PLR2004
        return cell
    return np.asarray(Cell(cell).complete().array)
