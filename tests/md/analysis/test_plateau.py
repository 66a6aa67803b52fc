"""Reactions whose end is known: when the plateau is called, and when it is not."""

import json

import numpy as np
import pytest

from md.analysis.plateau import plateau
from training_data import InputError


def called_at(times, values, **options) -> float | None:
    """First time at which the plateau is called when the series is watched."""
    for k in range(2, len(times) + 1, 5):
        if plateau(times[:k], values[:k], **options).reached:
            return float(times[k - 1])
    return None


TIMES = np.arange(0.0, 400.0, 0.5)


def test_exponential_reaction_is_called_when_the_rest_is_small():
    """Means of the halves differ by 5 % of the progress at a time that is computed."""
    tau, window = 20.0, 40.0
    at = called_at(
        TIMES, 1 - np.exp(-TIMES / tau), window_ps=window, direction="rising"
    )
    # d without noise: (2 τ/h) e^(-t/τ) (e^(h/2τ) - 1)²; the drift within the halves
    # adds to the bound, so that it is called later than d alone allows
    d = (2 * tau / window) * (np.exp(window / (2 * tau)) - 1) ** 2
    earliest = tau * np.log(d / 0.05)
    assert earliest < at < earliest + 2 * tau
    left = np.exp(-at / tau)
    assert left < 0.05


def test_falling_energy_is_the_rising_fraction_upside_down():
    rng = np.random.default_rng(1)
    values = 1 - np.exp(-TIMES / 20) + 0.01 * rng.standard_normal(len(TIMES))
    rising = plateau(TIMES, values, window_ps=60, direction="rising")
    falling = plateau(TIMES, 5 - 3 * values, window_ps=60, direction="falling")
    assert rising.reached
    assert falling.reached
    assert falling.change == pytest.approx(-3 * rising.change, rel=1e-9)
    assert falling.change_bound == pytest.approx(3 * rising.change_bound, rel=1e-9)
    assert falling.progress == pytest.approx(3 * rising.progress, rel=1e-9)
    wrong = plateau(TIMES, values, window_ps=60, direction="falling")
    assert not wrong.reached


def test_steady_reaction_is_never_called():
    assert called_at(TIMES, 0.001 * TIMES, window_ps=40, direction="rising") is None


def test_nothing_that_happens_is_no_plateau():
    """The time before a reaction sets in must not end the run."""
    rng = np.random.default_rng(2)
    values = np.zeros(len(TIMES))
    assert called_at(TIMES, values, window_ps=40, direction="rising") is None
    calls = sum(
        plateau(
            TIMES, rng.standard_normal(len(TIMES)), window_ps=40, direction="rising"
        ).reached
        for _ in range(200)
    )
    assert calls == 0
    late = np.where(TIMES < 200, 0.0, 1 - np.exp(-(TIMES - 200) / 10))
    assert called_at(TIMES, late, window_ps=40, direction="rising") > 200


def test_noise_that_could_hide_a_change_is_no_plateau():
    rng = np.random.default_rng(3)
    quiet = 1 - np.exp(-TIMES / 20) + 0.05 * rng.standard_normal(len(TIMES))
    loud = 1 - np.exp(-TIMES / 20) + 1.00 * rng.standard_normal(len(TIMES))
    assert plateau(TIMES, quiet, window_ps=80, direction="rising").reached
    assert not plateau(TIMES, loud, window_ps=80, direction="rising").reached


def test_bound_covers_the_true_change_in_95_percent_of_series():
    """White noise on a slope: |d| + t s is above the true change that often or more."""
    rng = np.random.default_rng(4)
    times = np.arange(0.0, 100.0, 0.5)
    slope, window = 0.002, 50.0
    covered = 0
    for _ in range(400):
        values = slope * times + 0.2 * rng.standard_normal(len(times))
        found = plateau(times, values, window_ps=window, direction="rising")
        hidden = found.change_bound - abs(found.change)
        covered += abs(found.change - slope * window / 2) <= hidden
    assert 0.92 < covered / 400 < 0.98


def test_counts_without_noise_need_a_window_without_events():
    events = np.array([10.0, 14.0, 20.0, 90.0])
    counts = np.searchsorted(events, TIMES, side="right") / 24
    at = called_at(TIMES, counts, window_ps=30, direction="rising")
    assert 50.0 <= at <= 53.0  # 30 ps after the third
    # a longer window waits for the fourth
    assert called_at(TIMES, counts, window_ps=80, direction="rising") >= 160.0


@pytest.mark.parametrize("frames", [0, 1, 2, 30])
def test_short_series_are_refused_politely(frames):
    found = plateau(TIMES[:frames], TIMES[:frames], window_ps=100, direction="rising")
    assert not found.reached
    assert "shorter" in found.reason
    json.dumps(found.to_json(), allow_nan=False)


def test_too_few_frames_in_the_window_are_named():
    found = plateau(TIMES, TIMES, window_ps=5, direction="rising")
    assert not found.reached
    assert "fewer than 20" in found.reason


@pytest.mark.parametrize("change", [{"window_ps": 0.0}, {"tolerance": -1.0}])
def test_senseless_criteria_are_refused(change):
    options = {"window_ps": 10.0, "direction": "rising", **change}
    with pytest.raises(InputError, match="must be positive"):
        plateau(TIMES, TIMES, **options)


def test_plot_shows_the_window():
    found = plateau(TIMES, 1 - np.exp(-TIMES), window_ps=40, direction="rising")
    ax = found.plot()
    assert "ps" in ax.get_xlabel()
    assert len(ax.lines) == 3
    assert len(found.times_ps) == 80
