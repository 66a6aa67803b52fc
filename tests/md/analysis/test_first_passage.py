"""Waiting times of known rates, runs cut short included."""

import json

import numpy as np
import pytest
from ase.units import kB
from scipy.stats import chi2

from md.analysis.dissolution import dissolution
from md.analysis.event_arrhenius import event_arrhenius, passage_arrhenius
from md.analysis.first_passage import first_dissolution, first_passage
from training_data.errors import InputError


def cut_short(rng, *, n: int, rate: float, end_ps: float, shape: float = 1.0):
    """Draw waiting times of runs that end at a fixed time."""
    waits = rng.weibull(shape, n) / rate
    return np.minimum(waits, end_ps), waits <= end_ps


def test_kaplan_meier_of_a_textbook_example() -> None:
    """Remission times of 21 patients on 6-MP (Freireich et al. 1963)."""
    weeks = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    weeks += [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    happened = np.arange(21) < 9
    found = first_passage(np.array(weeks, dtype=float), happened)
    np.testing.assert_allclose(found.times_ps, [6, 7, 10, 13, 16, 22, 23])
    np.testing.assert_allclose(
        found.survival,
        [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482],
        atol=5e-5,
    )
    assert found.rate_per_ps == pytest.approx(9 / 359, rel=1e-12)
    assert found.median_ps == 23.0
    low, high = found.rate_interval_per_ps
    for bound in (low, high):
        ratio = 2 * (9 * np.log(found.rate_per_ps / bound) - 9 + bound * 359)
        assert ratio == pytest.approx(chi2.ppf(0.95, 1), rel=1e-6)


def test_rate_interval_covers_the_truth() -> None:
    """95 % of 300 sets of 12 runs, of which a quarter see nothing."""
    rng = np.random.default_rng(0)
    covered = shapes = 0
    for _ in range(300):
        found = first_passage(*cut_short(rng, n=12, rate=0.03, end_ps=46.0))
        low, high = found.rate_interval_per_ps
        covered += low <= 0.03 <= high
        shapes += found.exponential is not False
    assert 0.91 <= covered / 300 <= 0.985
    assert shapes / 300 > 0.88


def test_induction_time_is_no_constant_rate() -> None:
    rng = np.random.default_rng(1)
    found = first_passage(*cut_short(rng, n=60, rate=0.03, end_ps=60.0, shape=3.0))
    assert found.exponential is False
    assert found.weibull_shape == pytest.approx(3.0, rel=0.35)


def test_no_event_bounds_the_rate() -> None:
    found = first_passage(np.full(4, 50.0), np.zeros(4, dtype=bool))
    assert found.rate_per_ps == 0.0
    assert found.rate_interval_per_ps == (0.0, pytest.approx(np.log(40) / 200))
    assert found.mean_time_ps is None
    assert found.mean_time_interval_ps[1] is None
    json.dumps(found.to_json(), allow_nan=False)
    assert found.plot().get_xlabel() == "Time (ps)"


def test_runs_of_a_made_up_dissolution(make_trajectory, made_up_salt) -> None:
    results = []
    for frame in (10, 25, None):
        made = made_up_salt({} if frame is None else {45: frame}, 40)
        trajectory = make_trajectory(made.symbols, made.positions, cell=made.cell)
        results.append(dissolution(trajectory, break_A=3.4, hold_ps=0.2))
    found = first_dissolution(results)
    assert (found.n_runs, found.n_events) == (3, 2)
    assert found.exposure_ps == pytest.approx(1.0 + 2.5 + 3.9, rel=1e-9)


def test_activation_energy_is_recovered_and_covered() -> None:
    rng = np.random.default_rng(2)
    temperatures = np.array([300.0, 350.0, 400.0, 450.0])
    exposure = np.full(4, 4000.0)
    rate = 0.4 * np.exp(-0.15 / (kB * temperatures))
    covered = 0
    fits = 0
    for _ in range(200):
        found = event_arrhenius(temperatures, rng.poisson(rate * exposure), exposure)
        low, high = found.activation_energy_interval_eV
        covered += low <= 0.15 <= high
        fits += found.misfit_probability > 0.05
    assert 0.9 <= covered / 200 <= 0.99
    assert fits / 200 > 0.88


def test_events_at_the_hot_end_only_bound_the_energy_from_below() -> None:
    found = event_arrhenius(
        np.array([300.0, 400.0]), np.array([0, 9]), np.array([100.0, 100.0])
    )
    assert found.activation_energy_eV is None
    low, high = found.activation_energy_interval_eV
    assert 0.0 < low < 0.5
    assert high == np.inf
    assert "one bound" in found.reason
    json.dumps(found.to_json(), allow_nan=False)
    none = event_arrhenius(
        np.array([300.0, 400.0]), np.array([0, 0]), np.array([100.0, 100.0])
    )
    assert none.activation_energy_eV is None
    assert "no event" in none.reason


def test_line_through_first_passages() -> None:
    rng = np.random.default_rng(3)
    passages = [
        first_passage(
            *cut_short(rng, n=400, rate=2 * np.exp(-0.12 / (kB * t)), end_ps=100.0)
        )
        for t in (300.0, 400.0, 500.0)
    ]
    found = passage_arrhenius([300.0, 400.0, 500.0], passages)
    assert found.activation_energy_eV == pytest.approx(0.12, abs=0.015)
    assert found.rate_per_ps(400.0) == pytest.approx(passages[1].rate_per_ps, rel=0.1)
    assert found.plot().get_ylabel() == "Rate (1/ps)"


def test_impossible_numbers_are_refused() -> None:
    with pytest.raises(InputError, match="every run"):
        first_passage(np.empty(0), np.empty(0, dtype=bool))
    with pytest.raises(InputError, match="positive"):
        first_passage(np.array([0.0]), np.array([True]))
    with pytest.raises(InputError, match="two different"):
        event_arrhenius(np.array([300.0]), np.array([1]), np.array([1.0]))
