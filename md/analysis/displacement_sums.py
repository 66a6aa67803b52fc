"""What is kept of the displacements of single walkers, batch by batch."""

import numpy as np
from numpy.typing import NDArray

from md.analysis.diffusivity import FitWindow
from md.analysis.displacements import (
    LagSum,
    Spectrum,
    batch_size,
    displacements_of,
    spectrum,
    time_last,
)

_GROUPS_OF_ATOMS = 8
_LEAST_BLOCKS = 4
_LEAST_LAGS = 2


class DisplacementSums:
    """Sums over walkers of displacements, and slopes of single walkers and blocks.

    Parameters
    ----------
    n_atoms
        Walkers that will come.
    n_lags
        Lags of the mean squared displacement.
    window
        Lags of the fit, and blocks in time.
    frame_time_ps
        Time between frames, ps.

    """

    def __init__(
        self, n_atoms: int, n_lags: int, window: FitWindow, frame_time_ps: float
    ) -> None:
        self._window = window
        self._n_atoms = n_atoms
        self._n_lags = n_lags
        self._sum = np.zeros(n_lags)
        self._sum_squares = np.zeros(n_lags)
        self.slopes = np.zeros((n_atoms, window.n_blocks))
        self._blocks = np.zeros((window.n_blocks, window.last + 1))
        n_groups = min(_GROUPS_OF_ATOMS, n_atoms)
        self._group_of = np.arange(n_atoms) * n_groups // n_atoms
        self._groups = np.zeros((n_groups, n_lags))
        self._slope: LagSum | None = None
        if window.n_lags >= _LEAST_LAGS and window.last < window.block_length:
            self._slope = LagSum(
                window.weights(frame_time_ps), n_frames=window.block_length
            )

    def add(self, start: int, positions: NDArray[np.float64]) -> None:
        """Add walkers: (n, n_frames, d) Å, of which `start` is the first's number."""
        per_batch = batch_size(positions.shape[1], self._n_lags)
        for begin, series in time_last(positions):
            for first in range(0, len(series), per_batch):
                self._add(start + begin + first, series[first : first + per_batch])

    def _add(self, start: int, part: NDArray[np.float64]) -> None:
        found = spectrum(part, n_lags=self._n_lags)
        whole = displacements_of(found, n_lags=self._n_lags)
        self._sum += whole.sum(axis=0)
        self._sum_squares += np.einsum("nm,nm->m", whole, whole)
        where = slice(start, start + len(part))
        for group, walker in zip(self._group_of[where], whole, strict=True):
            self._groups[group] += walker
        if self._slope is not None:
            self._add_blocks(where, part, self._slope)

    def _add_blocks(
        self, where: slice, part: NDArray[np.float64], slope: LagSum
    ) -> None:
        window = self._window
        n_lags = window.last + 1
        for block in range(window.n_blocks):
            begin = block * window.block_length
            found = spectrum(
                part[:, begin : begin + window.block_length], n_lags=n_lags
            )
            self.slopes[where, block] = slope.of(found)
            total = Spectrum(found.power.sum(axis=0), found.squares.sum(axis=0))
            self._blocks[block] += displacements_of(total, n_lags=n_lags)

    def mean_and_error(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(n_lags,) mean over walkers and its standard error, Å²."""
        n = self._n_atoms
        mean = self._sum / n
        if n == 1:
            return mean, np.full_like(mean, np.nan)
        variance = (self._sum_squares - n * mean**2) / (n - 1)
        return mean, np.sqrt(np.maximum(variance, 0.0) / n)

    def exponents(self) -> NDArray[np.float64]:
        """Log-log slopes of blocks in time, or of groups of atoms if blocks are few."""
        if self._window.n_lags < _LEAST_LAGS:
            return np.empty(0)
        if self._window.n_blocks >= _LEAST_BLOCKS:
            return self._window.exponent(self._blocks / self._n_atoms)
        return self._window.exponent(self._groups)
