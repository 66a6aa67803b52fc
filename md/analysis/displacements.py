"""Squared displacements of atoms over all lags, by fast Fourier transforms."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import fft

_BATCH_BYTES = 2 << 20  # spectra of a batch stay in the cache
_TURNED_BYTES = 16 << 20
_TILE_BYTES = 256 << 10


class Spectrum(NamedTuple):
    """What squared displacements over all lags follow from.

    ``power`` (..., k) summed over directions, ``squares`` (..., t) |r|² in Å², both
    of positions relative to their mean in time. Sums over atoms of both belong to
    the sum of the displacements.
    """

    power: NDArray[np.float64]
    squares: NDArray[np.float64]


def padded_length(n_frames: int, n_lags: int) -> int:
    """Length of a transform in which `n_lags` lags do not meet their images."""
    return int(fft.next_fast_len(n_frames + n_lags, real=True))


def spectrum(positions: NDArray[np.float64], *, n_lags: int) -> Spectrum:
    """Power spectrum and squares of positions.

    Parameters
    ----------
    positions
        (n, t, d) at equal intervals, Å; fastest when time is last in memory.
    n_lags
        Lags that will be asked for.

    """
    r = positions.transpose(0, 2, 1)
    r = np.subtract(r, r.mean(axis=2, keepdims=True), order="C")
    transformed = fft.rfft(r, n=padded_length(r.shape[2], n_lags), axis=2)
    parts = transformed.view(np.float64)  # real and imaginary by turns
    np.multiply(parts, parts, out=parts)
    total = parts.sum(axis=1)
    np.multiply(r, r, out=r)
    return Spectrum(total[:, ::2] + total[:, 1::2], r.sum(axis=1))


def displacements_of(found: Spectrum, *, n_lags: int) -> NDArray[np.float64]:
    """Mean squared displacements over lags 0 ... n_lags − 1, (..., n_lags) Å²."""
    n_frames = found.squares.shape[-1]
    length = padded_length(n_frames, n_lags)
    products = fft.irfft(found.power, n=length, axis=-1)[..., :n_lags]
    squares = np.zeros((*found.squares.shape[:-1], n_frames + 1))
    np.cumsum(found.squares, axis=-1, out=squares[..., 1:])
    out = squares[..., : n_frames - n_lags : -1] - squares[..., :n_lags]
    out += squares[..., -1:]
    products *= 2
    out -= products
    out *= 1 / (n_frames - np.arange(n_lags))
    out[..., 0] = 0.0
    return np.asarray(np.maximum(out, 0.0, out=out))


class LagSum:
    """Weighted sum of the mean squared displacement over lags, per walker.

    A straight-line fit is such a sum. It is taken from the power spectrum without
    transforming back.

    Parameters
    ----------
    weights
        (n_lags,) one for each lag.
    n_frames
        Length of the walks.

    Notes
    -----
    With w'(m) = w(m) / (N − m), Σ w(m) MSD(m) = Σ_t v(t) |r(t)|² − 2 Σ_k g(k) P(k),
    where v(t) sums w'(m) over the lags for which t is a beginning or an end, and
    g is the real part of the transform of w' (Parseval).

    Examples
    --------
    >>> walk = np.zeros((1, 4, 3))
    >>> walk[0, :, 0] = np.arange(4)
    >>> last = LagSum(np.array([0.0, 0.0, 1.0]), n_frames=4)
    >>> last.of(spectrum(walk, n_lags=3)).round(12).tolist()
    [4.0]

    """

    def __init__(self, weights: NDArray[np.float64], *, n_frames: int) -> None:
        n_lags = len(weights)
        reduced = np.zeros(n_frames + 1)
        reduced[:n_lags] = weights / (n_frames - np.arange(n_lags))
        up_to = np.cumsum(reduced)
        frames = np.arange(n_frames)
        self._of_squares = up_to[frames] + up_to[n_frames - 1 - frames]
        length = padded_length(n_frames, n_lags)
        twice = np.full(length // 2 + 1, 2.0)
        twice[0] = 1.0
        if length % 2 == 0:
            twice[-1] = 1.0
        self._of_power = fft.rfft(reduced[:n_lags], n=length).real * twice / length

    def of(self, found: Spectrum) -> NDArray[np.float64]:
        """(...,) sums, Å² times the unit of the weights."""
        return np.asarray(
            found.squares @ self._of_squares - 2 * (found.power @ self._of_power)
        )


def batch_size(n_frames: int, n_lags: int) -> int:
    """Walkers whose spectra are taken at once."""
    return max(1, _BATCH_BYTES // (24 * padded_length(n_frames, n_lags)))


def mean_squared_displacements(
    positions: NDArray[np.float64], *, n_lags: int
) -> NDArray[np.float64]:
    r"""Mean squared displacement of each atom, averaged over all time origins.

    Parameters
    ----------
    positions
        (n, t, d) unwrapped positions at equal intervals, Å.
    n_lags
        Lags 0 ... n_lags − 1, in frames; at most t.

    Returns
    -------
    numpy.ndarray
        (n, n_lags) Å².

    Notes
    -----
    With N frames, ``MSD(m) = S₁(m) − 2 S₂(m)``, where S₁ is a running sum of |r|²
    at both ends and S₂(m) = Σ_k r(k)·r(k+m) / (N − m) comes from the power spectrum:
    N log N operations instead of N². Positions are taken relative to their mean, so
    that S₁ and S₂ do not cancel more digits than necessary.

    References
    ----------
    Kneller, Keiner, Kneller, Schiller, Comput. Phys. Commun. 91, 191 (1995),
    doi:10.1016/0010-4655(95)00048-K; Calandrini et al., Collection SFN 12, 201
    (2011), doi:10.1051/sfn/201112010

    Examples
    --------
    >>> ballistic = np.zeros((1, 4, 3))
    >>> ballistic[0, :, 0] = np.arange(4)
    >>> mean_squared_displacements(ballistic, n_lags=4).round(12).tolist()
    [[0.0, 1.0, 4.0, 9.0]]

    """
    n_atoms, n_frames, _ = positions.shape
    per_batch = batch_size(n_frames, n_lags)
    out = np.empty((n_atoms, n_lags))
    for start, series in time_last(positions):
        for first in range(0, len(series), per_batch):
            part = series[first : first + per_batch]
            found = spectrum(part, n_lags=n_lags)
            out[start + first : start + first + len(part)] = displacements_of(
                found, n_lags=n_lags
            )
    return out


def time_last(
    positions: NDArray[np.float64],
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Batches of walkers with time last in memory, and the number of their first.

    Parameters
    ----------
    positions
        (n, t, d) in any order in memory. Frame by frame, walkers are brought
        together in tiles: one walker alone is spread over the whole array.

    Yields
    ------
    tuple
        First walker, (m, t, d) positions.

    """
    n_atoms, n_frames, d = positions.shape
    if positions.strides[1] == positions.itemsize:
        yield 0, positions
        return
    per_batch = max(1, _TURNED_BYTES // (8 * d * n_frames))
    per_tile = max(1, _TILE_BYTES // (8 * d * per_batch))
    for start in range(0, n_atoms, per_batch):
        part = positions[start : start + per_batch]
        out = np.empty((len(part), d, n_frames))
        for first in range(0, n_frames, per_tile):
            tile = part[:, first : first + per_tile].transpose(0, 2, 1)
            out[:, :, first : first + per_tile] = tile
        yield start, out.transpose(0, 2, 1)


def windowed_squared_displacements(
    positions: NDArray[np.float64], *, lags: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Mean squared displacements by the definition, for a few lags.

    Parameters
    ----------
    positions
        (n, t, d) unwrapped positions at equal intervals, Å.
    lags
        (m,) in frames, each below t.

    Returns
    -------
    numpy.ndarray
        (n, m) Å². The cost grows as t for each lag; the transforms give all lags at
        once and the same numbers.

    Examples
    --------
    >>> ballistic = np.arange(12.0).reshape(1, 4, 3)
    >>> windowed_squared_displacements(ballistic, lags=np.array([1])).tolist()
    [[27.0]]

    """
    n_frames = positions.shape[1]
    out = np.empty((len(positions), len(lags)))
    for column, lag in enumerate(lags):
        moved = positions[:, lag:] - positions[:, : n_frames - lag]
        out[:, column] = np.einsum("ntd,ntd->n", moved, moved) / (n_frames - lag)
    return out
