"""Van Hove functions and the non-Gaussian parameter of motions with known answers."""

import json

import numpy as np
import pytest
from scipy.stats import maxwell

from md.analysis.non_gaussian import non_gaussian
from md.analysis.van_hove import van_hove
from training_data.errors import InputError

TRICLINIC = [[12.0, 0, 0], [-5.0, 11.0, 0], [4.0, 5.0, 10.0]]


def test_self_part_of_a_walk_is_maxwellian(make_trajectory) -> None:
    rng = np.random.default_rng(0)
    positions = np.cumsum(rng.normal(0, 0.3, (400, 40, 3)), axis=0)
    found = van_hove(
        make_trajectory("Li40", positions, cell=TRICLINIC),
        lags_ps=(0.4, 1.6),
        farthest_A=5.0,
        bin_A=0.25,
    )
    for steps, line, error in zip(
        (4, 16), found.self_part_per_A, found.self_part_error_per_A, strict=True
    ):
        edges = np.linspace(0, 5.0, 21)
        exact = np.diff(maxwell.cdf(edges, scale=0.3 * np.sqrt(steps))) / 0.25
        well = exact > 0.1
        assert np.abs((line - exact)[well] / exact[well]).max() < 0.15
        pulls = (line - exact)[well] / error[well]
        assert np.sqrt((pulls**2).mean()) < 2.0
    assert found.self_part_per_A[0].sum() * 0.25 == pytest.approx(1, rel=1e-3)
    json.dumps(found.to_json(), allow_nan=False)
    assert found.plot().get_xlabel() == "Distance (Å)"
    assert "G_d" in found.plot(part="distinct").get_ylabel()


def test_distinct_part_of_an_ideal_gas_is_one(make_trajectory) -> None:
    rng = np.random.default_rng(1)
    positions = rng.uniform(0, 1, (60, 50, 3)) @ np.array(TRICLINIC)
    found = van_hove(
        make_trajectory("Li50", positions, cell=TRICLINIC),
        lags_ps=(0.0, 0.5),
        reference="none",
        farthest_A=8.0,
        bin_A=1.0,
    )
    np.testing.assert_allclose(found.distinct_part[:, 1:], 1.0, rtol=0.1)
    assert found.number_density_per_A3 == pytest.approx(50 / (12 * 11 * 10), rel=1e-9)
    assert found.self_part_per_A[0, 0] == pytest.approx(1.0)  # at lag 0 in one bin


def test_atoms_that_follow_one_another_raise_the_origin(make_trajectory) -> None:
    """A chain that moves by one site: each atom stands where another was."""
    sites = np.zeros((6, 3))
    sites[:, 0] = 3.0 * np.arange(6)
    moved = sites + np.array([3.0, 0, 0])
    positions = np.stack([sites, moved] * 20)
    found = van_hove(
        make_trajectory("Li6", positions, cell=[[18.0, 0, 0], [0, 15, 0], [0, 0, 15]]),
        lags_ps=(0.0, 0.1),
        reference="none",
        farthest_A=4.0,
        bin_A=0.5,
    )
    assert found.distinct_part[0, 0] == 0
    assert found.distinct_part[1, 0] > 10


def test_drift_is_removed_and_bad_lags_refused(make_trajectory) -> None:
    drift = 0.5 * np.arange(40)[:, None, None] * np.ones((1, 3, 3))
    positions = drift + 4.0 * np.arange(3)[:, None]
    trajectory = make_trajectory("Li2Cl", positions)
    found = van_hove(trajectory, lags_ps=(1.0,), bin_A=0.5)
    assert found.self_part_per_A[0, 0] == pytest.approx(2.0)  # all in the first bin
    for bad in ((-1.0,), (10.0,), ()):
        with pytest.raises(InputError, match="lags_ps"):
            van_hove(trajectory, lags_ps=bad)
    with pytest.raises(InputError, match="bin_A"):
        van_hove(trajectory, lags_ps=(1.0,), bin_A=0.0)


@pytest.mark.parametrize("direction", ["all", "lateral", "normal"])
def test_gaussian_walks_have_none(make_trajectory, direction) -> None:
    rng = np.random.default_rng(2)
    positions = np.cumsum(rng.normal(0, 0.3, (1600, 30, 3)), axis=0)
    found = non_gaussian(
        make_trajectory("Li30", positions, cell=TRICLINIC), direction=direction
    )
    low, high = found.alpha2_interval.T
    told = np.isfinite(low)
    assert told.sum() > 10
    assert ((low < 0) & (high > 0))[told].mean() > 0.7
    assert np.abs(found.alpha2[told][:10]).max() < 0.05


def test_half_of_the_atoms_at_rest(make_trajectory) -> None:
    """⟨r⁴⟩ and ⟨r²⟩ both halve: 1 + α₂ doubles."""
    rng = np.random.default_rng(3)
    positions = np.cumsum(rng.normal(0, 0.3, (1600, 40, 3)), axis=0)
    positions[:, 20:] = 0
    found = non_gaussian(make_trajectory("Li40", positions))
    np.testing.assert_allclose(found.alpha2[:12], 1.0, rtol=0.1)
    assert found.alpha2_interval[0, 0] < 1 < found.alpha2_interval[0, 1]
    json.dumps(found.to_json(), allow_nan=False)
    assert "Non-Gaussian" in found.plot().get_ylabel()


def test_rare_jumps_decay_as_one_over_time(make_trajectory) -> None:
    """Poisson jumps of one length a: α₂ = 0.6 / (rate · t)."""
    rng = np.random.default_rng(4)
    kicks = rng.normal(size=(3000, 60, 3))
    kicks /= np.linalg.norm(kicks, axis=2, keepdims=True)
    kicks *= 2.0 * (rng.random((3000, 60, 1)) < 0.05)
    found = non_gaussian(make_trajectory("Li60", np.cumsum(kicks, axis=0)))
    frames = found.lag_times_ps / 0.1
    short = frames < 40
    exact = 0.6 / (0.05 * frames) - 0.6 / frames
    np.testing.assert_allclose(found.alpha2[short], exact[short], rtol=0.1, atol=0.02)
