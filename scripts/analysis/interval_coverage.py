"""How often 95 % intervals of transport cover the truth, in 1,000 sets of each kind.

Prints one line for each kind: share covered with its binomial error, the bias of the
estimate, and its spread beside that of the other method on the same walks.
"""

import argparse
import sys
from collections.abc import Callable, Iterator

import numpy as np
from ase.units import kB
from numpy.typing import NDArray

from md.analysis.arrhenius import ArrheniusPoint, arrhenius
from md.analysis.diffusivity import choose_window, fit_diffusivity
from md.analysis.displacement_sums import DisplacementSums
from md.analysis.msd_regression import regressed_diffusivity

STEP_A, FRAME_TIME_PS, N_FRAMES = 0.3, 0.5, 480
EXACT_D = 3 * STEP_A**2 / (6 * FRAME_TIME_PS) * 1e-4
ENERGY_EV, PREFACTOR, AT_K = 0.31, 2e-3, 303.15
BLOCKS, STUDENT = 8, 2.3646242515927844
Found = tuple[float, float, float]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", type=int, default=1000)
    n_sets = parser.parse_args().sets
    for kind, drawn in WALKS.items():
        rng = np.random.default_rng(17)
        found = [_both(drawn(rng)) for _ in range(n_sets)]
        for name, column in (("blocks", 0), ("least squares", 1)):
            _tell(f"{kind}: {name}", [f[column] for f in found], EXACT_D)
    for n_temperatures in (3, 4, 6, 8):
        rng = np.random.default_rng(n_temperatures)
        lines = [_line(rng, n_temperatures) for _ in range(n_sets)]
        _tell(
            f"Arrhenius, {n_temperatures} T: energy", [a for a, _ in lines], ENERGY_EV
        )
        exact = PREFACTOR * np.exp(-ENERGY_EV / (kB * AT_K))
        _tell(
            f"Arrhenius, {n_temperatures} T: D at {AT_K} K",
            [b for _, b in lines],
            exact,
        )


def _independent(n: int) -> Callable[[np.random.Generator], NDArray[np.float64]]:
    return lambda rng: np.cumsum(rng.normal(0, STEP_A, (n, N_FRAMES, 3)), axis=1)


def _together(rng: np.random.Generator) -> NDArray[np.float64]:
    return np.repeat(_independent(1)(rng), 12, axis=0)


def _mixed(rng: np.random.Generator) -> NDArray[np.float64]:
    factors = np.sqrt(rng.choice([0.0, 2.0], 24))
    return _independent(24)(rng) * factors[:, None, None]


def _jumps(rng: np.random.Generator) -> NDArray[np.float64]:
    hops = rng.normal(0, STEP_A * np.sqrt(10), (24, N_FRAMES, 3))
    return np.cumsum(hops * (rng.random((24, N_FRAMES, 1)) < 0.1), axis=1)


WALKS: dict[str, Callable[[np.random.Generator], NDArray[np.float64]]] = {
    "24 independent": _independent(24),
    "6 independent": _independent(6),
    "1": _independent(1),
    "24 with rare jumps": _jumps,
    "12 in step": _together,
    "24, each at rest or twice as fast": _mixed,
}


def _both(walks: NDArray[np.float64]) -> tuple[Found, Found]:
    """Estimate and interval by blocks and by least squares."""
    window = choose_window(N_FRAMES, fit_frames=None, n_blocks=BLOCKS)
    sums = DisplacementSums(len(walks), N_FRAMES // 2, window, FRAME_TIME_PS)
    sums.add(0, walks)
    fit = fit_diffusivity(
        sums.mean_and_error()[0],
        sums.slopes,
        sums.exponents(),
        window,
        frame_time_ps=FRAME_TIME_PS,
        exponent_tolerance=0.1,
    )
    low, high = fit.interval_cm2_per_s or (np.nan, np.nan)
    lags = np.arange(window.first, window.last + 1)
    other = regressed_diffusivity(walks, lags=lags, frame_time_ps=FRAME_TIME_PS)
    return (
        ((low + high) / 2, low, high),
        (other.diffusivity_cm2_per_s, *other.diffusivity_interval_cm2_per_s),
    )


def _line(rng: np.random.Generator, n_temperatures: int) -> tuple[Found, Found]:
    """Activation energy and D at a lower temperature, from points of eight blocks."""
    points = []
    for temperature_K in np.linspace(500, 900, n_temperatures):
        exact = PREFACTOR * np.exp(-ENERGY_EV / (kB * temperature_K))
        error = exact * rng.uniform(0.05, 0.2)
        blocks = exact + error * np.sqrt(BLOCKS) * rng.normal(size=BLOCKS)
        half = STUDENT * float(blocks.std(ddof=1)) / np.sqrt(BLOCKS)
        value = float(blocks.mean())
        points.append(
            ArrheniusPoint(
                temperature_K=temperature_K + rng.normal(0, 2.0),
                temperature_error_K=2.0,
                diffusivity_cm2_per_s=value,
                diffusivity_interval_cm2_per_s=(value - half, value + half),
            )
        )
    found = arrhenius(points, at_K=AT_K)
    return (
        (found.activation_energy_eV or np.nan, *_bounds(found.interval_eV)),
        (
            found.diffusivity_cm2_per_s or np.nan,
            *_bounds(found.diffusivity_interval_cm2_per_s),
        ),
    )


def _bounds(interval: tuple[float, float] | None) -> Iterator[float]:
    return iter(interval or (np.nan, np.nan))


def _tell(name: str, found: list[Found], exact: float) -> None:
    values = np.array(found)
    covered = float(((values[:, 1] < exact) & (exact < values[:, 2])).mean())
    error = np.sqrt(covered * (1 - covered) / len(values))
    ratio = values[:, 0] / exact
    width = np.median(values[:, 2] - values[:, 1]) / exact
    print(
        f"{name}: covered {100 * covered:.1f} ± {100 * error:.1f} %, mean "
        f"{ratio.mean():.3f}, spread {ratio.std():.3f}, width of interval {width:.3f}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
