"""How often 95 % intervals of hop rates, stays and barriers hold the truth.

Run ``python scripts/analysis/hop_coverage.py [--sets 1000]``. Independent ions hop
between three sites with known rates (continuous time, seen every 0.2 ps); the filter
of recrossings, counts and intervals are those of `md.analysis`. Barriers: counts at
four temperatures with a known Arrhenius law.
"""

import argparse

import numpy as np

from md.analysis.channel_barriers import arrhenius_of_counts
from md.analysis.density_grid import BOLTZMANN_eV_PER_K
from md.analysis.poisson import poisson_interval
from md.analysis.stays import RunRecorder, settled_stays

RATES_PER_PS = np.array([[0, 0.03, 0.02], [0.04, 0, 0.02], [0.05, 0.05, 0]])
FRAME_PS = 0.2
N_FRAMES, N_IONS = 1500, 6
BARRIER_eV, PREFACTOR_PER_PS = 0.3, 40.0
TEMPERATURES_K = np.array([350.0, 400.0, 450.0, 500.0])


def seen_series(rng: np.random.Generator, n_ions: int) -> np.ndarray:
    """(n_frames, n_ions) sites, all ions at once, exact in continuous time."""
    total = RATES_PER_PS.sum(axis=1)
    chance = np.cumsum(RATES_PER_PS / total[:, None], axis=1)
    site, clock = np.zeros(n_ions, dtype=int), np.zeros(n_ions)
    series = np.zeros((N_FRAMES, n_ions), dtype=int)
    times = np.arange(N_FRAMES) * FRAME_PS
    while (clock < times[-1]).any():
        begin, clock = clock, clock + rng.exponential(1 / total[site])
        inside = (times[:, None] >= begin) & (times[:, None] < clock)
        series[inside] = np.broadcast_to(site, series.shape)[inside]
        site = (rng.random(n_ions)[:, None] > chance[site]).sum(axis=1)
    return series


def main() -> None:
    """Print the share of intervals that hold the truth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=1000)
    n_sets = parser.parse_args().sets
    rng = np.random.default_rng(0)
    for hold_ps in (0.0, 0.6):
        rates, stays_covered, n_rates = 0, 0, 0
        for _ in range(n_sets):
            recorder = RunRecorder()
            recorder.add(seen_series(rng, N_IONS))
            stays = settled_stays(*recorder.runs(), hold_frames=hold_ps / FRAME_PS)
            moves = stays.hops
            spent = (stays.ends - stays.starts) * FRAME_PS
            time = np.bincount(stays.sites, weights=spent, minlength=3)
            for i in range(3):
                n_left = int((moves[:, 2] == i).sum())
                low, high = poisson_interval(n_left, time[i])
                stays_covered += low <= RATES_PER_PS[i].sum() <= high
                for j in np.flatnonzero(RATES_PER_PS[i]):
                    n = int(((moves[:, 2] == i) & (moves[:, 3] == j)).sum())
                    low, high = poisson_interval(n, time[i])
                    rates += low <= RATES_PER_PS[i, j] <= high
                    n_rates += 1
        print(f"hold {hold_ps} ps: rates {rates / n_rates:.1%}, mean stays "
              f"{stays_covered / (3 * n_sets):.1%} of {n_sets} sets")  # fmt: skip
    times = np.full(4, 2000.0)
    law = np.exp(-BARRIER_eV / (BOLTZMANN_eV_PER_K * TEMPERATURES_K))
    covered = 0
    for counts in rng.poisson(times * PREFACTOR_PER_PS * law, (n_sets, 4)):
        fit = arrhenius_of_counts(counts, times, TEMPERATURES_K)
        low, high = fit["barrier_interval_eV"]
        covered += (low is None or low <= BARRIER_eV) and (
            high is None or high >= BARRIER_eV
        )
    print(f"barriers: {covered / n_sets:.1%}")


if __name__ == "__main__":
    main()
