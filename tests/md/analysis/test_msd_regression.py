"""Least squares over overlapping windows: unbiased, and as sure as it says."""

import numpy as np
import pytest
from scipy.stats import binom

from md.analysis.msd_regression import _shared_steps, regressed_diffusivity
from training_data.errors import InputError

STEP_A, FRAME_TIME_PS = 0.3, 0.5
EXACT_D = 3 * STEP_A**2 / (6 * FRAME_TIME_PS) * 1e-4
LAGS = np.arange(3, 31)


def test_shared_steps_equal_the_count() -> None:
    n_steps, lags = 12, (2, 3, 7)
    for row, m in enumerate(lags):
        for column, n in enumerate(lags):
            windows = [
                len(set(range(i, i + m)) & set(range(j, j + n))) ** 2
                for i in range(n_steps - m + 1)
                for j in range(n_steps - n + 1)
            ]
            found = _shared_steps(lags, n_steps)[row, column]
            assert found == pytest.approx(np.mean(windows), rel=1e-12)


@pytest.mark.parametrize("n_walkers", [1, 24])
def test_interval_covers_in_95_percent(n_walkers: int) -> None:
    rng = np.random.default_rng(n_walkers)
    n_sets, hits, values = 200, 0, []
    for _ in range(n_sets):
        walk = np.cumsum(rng.normal(0, STEP_A, (n_walkers, 480, 3)), axis=1)
        found = regressed_diffusivity(walk, lags=LAGS, frame_time_ps=FRAME_TIME_PS)
        low, high = found.diffusivity_interval_cm2_per_s
        hits += low < EXACT_D < high
        values.append(found.diffusivity_cm2_per_s / EXACT_D)
    error = np.std(values) / np.sqrt(n_sets)
    assert abs(np.mean(values) - 1) < 4 * error
    assert binom.ppf(0.001, n_sets, 0.93) <= hits <= binom.ppf(0.999, n_sets, 0.97)


def test_vibrations_go_into_the_intercept() -> None:
    rng = np.random.default_rng(3)
    walk = np.cumsum(rng.normal(0, STEP_A, (40, 1600, 3)), axis=1)
    walk += rng.normal(0, 0.5, walk.shape)
    found = regressed_diffusivity(walk, lags=LAGS, frame_time_ps=FRAME_TIME_PS)
    assert found.intercept_A2 == pytest.approx(6 * 0.5**2, rel=0.1)
    assert found.diffusivity_cm2_per_s == pytest.approx(EXACT_D, rel=0.06)
    assert found.plot().get_ylabel() == "MSD (Å²)"


def test_bad_lags_are_refused() -> None:
    walk = np.cumsum(np.ones((2, 40, 3)), axis=1)
    for bad in ([1, 2], [0, 1, 2], [3, 2, 1], [1, 2, 40], [1, 2, 39]):
        with pytest.raises(InputError, match="lags"):
            regressed_diffusivity(walk, lags=np.array(bad), frame_time_ps=0.1)
