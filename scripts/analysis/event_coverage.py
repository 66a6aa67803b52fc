"""How often 95 % intervals of rates, energies and growth hold the truth."""

import argparse
from collections import Counter

import numpy as np
from ase.units import kB

from md.analysis.event_arrhenius import event_arrhenius
from md.analysis.first_passage import first_passage
from md.analysis.growth_law import growth_law

RATE = 0.03
ENERGY_EV = 0.15
SLOPE = 0.02


def passages(rng: np.random.Generator, n_sets: int, n_runs: int) -> float:
    """Share of sets whose interval of the rate holds it; a quarter is cut short."""
    held = 0
    for _ in range(n_sets):
        waits = rng.exponential(1 / RATE, n_runs)
        end = np.log(4) / RATE
        found = first_passage(np.minimum(waits, end), waits <= end)
        low, high = found.rate_interval_per_ps
        held += low <= RATE <= high
    return held / n_sets


def energies(rng: np.random.Generator, n_sets: int) -> float:
    """Share of sets whose interval of the activation energy holds it."""
    t = np.array([300.0, 350.0, 400.0, 450.0])
    time = np.full(4, 4000.0)
    rate = 0.4 * np.exp(-ENERGY_EV / (kB * t))
    held = 0
    for _ in range(n_sets):
        found = event_arrhenius(t, rng.poisson(rate * time), time)
        if found.activation_energy_interval_eV is not None:
            low, high = found.activation_energy_interval_eV
            held += low <= ENERGY_EV <= high
    return held / n_sets


def growth(
    rng: np.random.Generator, n_sets: int, *, lasting: float
) -> tuple[float, Counter[str]]:
    """Share of sets whose interval of a linear rate holds it, and the laws found."""
    times = np.linspace(0, 500, 120)
    held = 0
    laws: Counter[str] = Counter()
    for _ in range(n_sets):
        noise = rng.normal(0, 0.3 * np.sqrt(1 - lasting**2), len(times))
        noise[0] = rng.normal(0, 0.3)
        for i in range(1, len(noise)):
            noise[i] += lasting * noise[i - 1]
        found = growth_law(times, SLOPE * times + noise)
        laws[found.law] += 1
        (fit,) = [f for f in found.fits if f.law == "linear"]
        low, high = fit.intervals["b"]
        held += low <= SLOPE <= high
    return held / n_sets, laws


def main() -> None:
    """Print the coverages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=1000)
    parser.add_argument("--growth-sets", type=int, default=200)
    given = parser.parse_args()
    rng = np.random.default_rng(7)
    for n_runs in (4, 12, 40):
        share = passages(rng, given.sets, n_runs)
        print(f"rate of first passage, {n_runs} runs: {100 * share:.1f} %")
    print(f"activation energy: {100 * energies(rng, given.sets):.1f} %")
    for lasting in (0.0, 0.5, 0.8):
        share, laws = growth(rng, given.growth_sets, lasting=lasting)
        print(f"linear rate, noise φ = {lasting}: {100 * share:.1f} %, {dict(laws)}")


if __name__ == "__main__":
    main()
