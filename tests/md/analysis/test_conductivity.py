"""Conductivities of walks with known correlations."""

import json

import numpy as np
import pytest

from md.analysis.conductivity import conductivity, conductivity_mS_per_cm
from md.trajectory import example_trajectory, open_trajectory
from training_data.errors import InputError

STEP_A, FRAME_TIME_PS = 0.3, 0.5
EXACT_D = 3 * STEP_A**2 / (6 * FRAME_TIME_PS) * 1e-4


def test_one_number_by_hand() -> None:
    """10²² per cm³, 1e-8 cm²/s, 300 K: e² n D / kT = 0.620 mS/cm."""
    e, k = 1.602176634e-19, 1.380649e-23
    by_hand = 1e28 * e**2 * 1e-12 / (k * 300) * 10
    found = conductivity_mS_per_cm(1e-8, carriers_per_A3=0.01, temperature_K=300)
    assert found == pytest.approx(by_hand, rel=1e-6)
    twice = conductivity_mS_per_cm(
        1e-8, carriers_per_A3=0.01, temperature_K=300, charge_e=2
    )
    assert twice == pytest.approx(4 * found, rel=1e-12)


def test_independent_walkers_have_a_haven_ratio_of_one(make_trajectory) -> None:
    rng = np.random.default_rng(0)
    positions = np.cumsum(rng.normal(0, STEP_A, (3200, 20, 3)), axis=0)
    found = conductivity(
        make_trajectory("Li20", positions, cell=20.0, frame_time_ps=FRAME_TIME_PS),
        temperature_K=600,
        volume_A3=8000,
    )
    expected = conductivity_mS_per_cm(
        EXACT_D, carriers_per_A3=20 / 20.0**3, temperature_K=600
    )
    low, high = found.nernst_einstein_interval_mS_per_cm
    assert low < expected < high
    low, high = found.einstein_green_kubo_interval_mS_per_cm
    assert low < expected < high
    low, high = found.haven_ratio_interval
    assert low < 1 < high
    assert found.n_carriers == 20
    assert found.volume_A3 == pytest.approx(8000)
    json.dumps(found.to_json(), allow_nan=False)
    assert "Li" in found.plot().get_ylabel()


def test_pairs_that_move_together_halve_the_haven_ratio(make_trajectory) -> None:
    rng = np.random.default_rng(1)
    walk = np.cumsum(rng.normal(0, STEP_A, (3200, 10, 3)), axis=0)
    found = conductivity(
        make_trajectory("Li20", np.repeat(walk, 2, axis=1)),
        temperature_K=600,
        volume_A3=8000,
    )
    low, high = found.haven_ratio_interval
    assert low < 0.5 < high < 1.2
    assert found.haven_ratio == pytest.approx(0.5, rel=0.4)


def test_what_is_not_known_is_asked_for(make_trajectory) -> None:
    walk = np.cumsum(np.random.default_rng(2).normal(size=(100, 4, 3)), axis=0)
    with pytest.raises(InputError, match="temperature_K"):
        conductivity(make_trajectory("Li4", walk))
    for kwargs in ({"labels": {"side": [0, 0, 1, 1]}}, {"pbc": [True, True, False]}):
        with pytest.raises(InputError, match="volume_A3"):
            conductivity(make_trajectory("Li4", walk, **kwargs), temperature_K=300)
    with pytest.raises(InputError, match="temperature_K"):
        conductivity(make_trajectory("Li4", walk, cell=8.0), temperature_K=-5.0)


def test_vacuum_is_no_volume_of_carriers() -> None:
    """The control: the electrolyte's slab with vacuum where the metal was."""
    with open_trajectory(example_trajectory("li2zrcl6-400K")) as trajectory:
        with pytest.raises(InputError, match="vacuum"):
            conductivity(trajectory)
        found = conductivity(trajectory, volume_A3=2000.0)
    assert found.temperature_K == pytest.approx(387, abs=10)
    assert found.nernst_einstein_mS_per_cm is None
    assert "not diffusive" in found.tracer.reason
