"""Laws of growth told apart, with correlated noise."""

import json

import numpy as np
import pytest

from md.analysis.growth_law import growth_law
from training_data.errors import InputError

TIMES = np.linspace(0.0, 500.0, 480)
TRUTHS = {
    "linear": (0.02 * TIMES, "b", 0.02),
    "parabolic": (np.sqrt(0.25 + 0.2 * TIMES), "b", 0.2),
    "logarithmic": (2 * np.log1p(TIMES / 10), "b", 2.0),
    "saturating": (8 * -np.expm1(-TIMES / 100), "tau_ps", 100.0),
}


def correlated(rng, phi: float, scale: float) -> np.ndarray:
    noise = rng.normal(0, scale * np.sqrt(1 - phi**2), len(TIMES))
    noise[0] /= np.sqrt(1 - phi**2)
    for i in range(1, len(noise)):
        noise[i] += phi * noise[i - 1]
    return noise


@pytest.mark.parametrize("law", TRUTHS)
def test_law_is_found_under_correlated_noise(law: str) -> None:
    """Noise of 0.3 Å that lasts 20 ps: right or undetermined, hardly ever wrong."""
    height, name, truth = TRUTHS[law]
    rng = np.random.default_rng(4)
    results = [growth_law(TIMES, height + correlated(rng, 0.95, 0.3)) for _ in range(6)]
    laws = [result.law for result in results]
    assert laws.count(law) >= 2
    assert set(laws) <= {law, "undetermined"}
    covered = 0
    for result in results:
        (fit,) = [f for f in result.fits if f.law == law]
        low, high = fit.intervals[name]
        covered += low <= truth <= high
    assert covered >= 4


def test_nothing_is_found_in_noise_alone() -> None:
    rng = np.random.default_rng(5)
    for phi in (0.0, 0.98):
        result = growth_law(TIMES, 3 + correlated(rng, phi, 0.3))
        assert result.law == "undetermined"
        assert "no growth" in result.reason or "not clearly" in result.reason


def test_short_series_is_undetermined() -> None:
    """Two per cent of the way nothing tells root from logarithm from line."""
    rng = np.random.default_rng(6)
    times = np.linspace(0.0, 10.0, 60)
    result = growth_law(times, 8 * -np.expm1(-times / 100) + rng.normal(0, 0.3, 60))
    assert result.law == "undetermined"


def test_flat_and_shrinking_films_do_not_grow() -> None:
    assert "nothing grows" in growth_law(TIMES, np.zeros(len(TIMES))).reason
    rng = np.random.default_rng(7)
    shrinking = growth_law(TIMES, 9 - 0.01 * TIMES + rng.normal(0, 0.1, len(TIMES)))
    assert shrinking.law == "undetermined"
    assert "thinner" in shrinking.reason


def test_noise_is_measured() -> None:
    rng = np.random.default_rng(8)
    result = growth_law(TIMES, 0.02 * TIMES + correlated(rng, 0.95, 0.3))
    (fit,) = [f for f in result.fits if f.law == "linear"]
    assert 0.5 < fit.correlation < 0.95  # blocks of four frames: 0.81
    assert 0.15 < fit.noise_A < 0.5
    json.dumps(result.to_json(), allow_nan=False)
    assert result.plot().get_xlabel() == "Time (ps)"


def test_bad_series_are_refused() -> None:
    with pytest.raises(InputError, match="12 values"):
        growth_law(TIMES[:5], TIMES[:5])
    with pytest.raises(InputError, match="must grow"):
        growth_law(TIMES[::-1], TIMES)
