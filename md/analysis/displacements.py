"""Squared displacements of atoms over all lags, by fast Fourier transforms."""

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from md.trajectory import Trajectory

_FFT_BYTES = 64 << 20


def mean_squared_displacements(
    positions: NDArray[np.float64], *, n_lags: int
) -> NDArray[np.float64]:
    r"""Mean squared displacement of each atom, averaged over all time origins.

    Parameters
    ----------
    positions
        (n, t, 3) unwrapped positions at equal intervals, Å.
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
    padded = fft.next_fast_len(2 * n_frames, real=True)
    per_batch = max(1, _FFT_BYTES // (64 * padded))
    out = np.empty((n_atoms, n_lags))
    origins = n_frames - np.arange(n_lags)
    for start in range(0, n_atoms, per_batch):
        r = positions[start : start + per_batch]
        r = r - r.mean(axis=1, keepdims=True)
        spectrum = fft.rfft(r, n=padded, axis=1)
        power = (spectrum.real**2 + spectrum.imag**2).sum(axis=2)
        products = fft.irfft(power, n=padded, axis=1)[:, :n_lags]
        squares = np.zeros((len(r), n_frames + 1))
        np.cumsum((r**2).sum(axis=2), axis=1, out=squares[:, 1:])
        lags = np.arange(n_lags)
        ends = squares[:, n_frames - lags] + squares[:, -1:] - squares[:, lags]
        out[start : start + per_batch] = (ends - 2 * products) / origins
    out[:, 0] = 0.0
    return np.maximum(out, 0.0)


def centre_of_mass(
    trajectory: Trajectory, atoms: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(n_frames, 3) centre of mass of some atoms, from unwrapped positions, Å."""
    weights = trajectory.masses[atoms]
    weights = weights / weights.sum()
    out = np.empty((trajectory.n_frames, 3))
    for chunk in trajectory.frames():
        out[chunk.indices] = np.einsum("tni,n->ti", chunk.positions[:, atoms], weights)
    return out


def series_of(
    trajectory: Trajectory, atoms: NDArray[np.int64], origin: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """(n, n_frames, 3) positions of some atoms, relative to a moving origin, Å."""
    out = np.empty((len(atoms), trajectory.n_frames, 3))
    for chunk in trajectory.frames():
        out[:, chunk.indices] = chunk.positions[:, atoms].transpose(1, 0, 2)
    if origin is not None:
        out -= origin
    return out
