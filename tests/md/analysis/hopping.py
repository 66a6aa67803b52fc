"""Ions that hop on a lattice with known rates, as a trajectory."""

import numpy as np


def hopping_series(rates, *, start, n_frames, dt, rng):
    """(n_frames, n_ions) sites of independent ions of a continuous-time Markov chain.

    ``rates`` is (n_sites, n_sites) per ps.
    """
    total = rates.sum(axis=1)
    series = np.empty((n_frames, len(start)), dtype=int)
    for ion, first in enumerate(start):
        site, time, frame = int(first), 0.0, 0
        while frame < n_frames:
            time += rng.exponential(1 / total[site])
            until = min(n_frames, int(np.ceil(time / dt)))
            series[frame:until, ion] = site
            frame = max(frame, until)
            site = int(rng.choice(len(total), p=rates[site] / total[site]))
    return series


def moving_crystal(series, places, framework, cell, *, rng, sigma_A=0.15, drift_A=0.0,
                   strain=0.0, wrap=False):  # fmt: skip
    """Positions (m, n, 3) and cells (m, 3, 3) of framework atoms, then ions.

    Ions vibrate about their sites; all drift along a diagonal by ``drift_A`` in all,
    and the cell breathes by ``strain``.
    """
    m = len(series)
    steps = places[series]
    jump = np.diff(steps, axis=0, prepend=steps[:1])
    jump -= np.rint(jump)
    ions = steps[0] + np.cumsum(jump, axis=0)
    fixed = np.broadcast_to(framework, (m, *framework.shape))
    fractional = np.concatenate([fixed, ions], axis=1)
    noise = rng.normal(0, sigma_A, fractional.shape) @ np.linalg.inv(cell)
    noise[:, : len(framework)] *= 0.3
    shift = np.linspace(0, drift_A, m)[:, None] * np.ones(3) / 3**0.5
    fractional = fractional + noise + (shift @ np.linalg.inv(cell))[:, None]
    if wrap:
        fractional %= 1.0
    waves = strain * np.sin(np.linspace(0, 20, m))
    cells = cell * (1 + waves)[:, None, None]
    return fractional @ cells, cells
