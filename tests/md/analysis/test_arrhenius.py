"""Activation energies of known lines, with intervals that cover."""

import json

import numpy as np
import pytest
from ase.units import kB
from scipy.stats import binom

from md.analysis.arrhenius import ArrheniusPoint, arrhenius
from md.analysis.conductivity import conductivity_mS_per_cm
from training_data.errors import InputError

ENERGY_EV, PREFACTOR = 0.31, 2e-3
BLOCKS, STUDENT = 8, 2.3646242515927844


def exact(temperature_K: float) -> float:
    return PREFACTOR * float(np.exp(-ENERGY_EV / (kB * temperature_K)))


def point(
    temperature_K: float, rng: np.random.Generator | None = None, relative: float = 0.1
) -> ArrheniusPoint:
    """Point whose error is estimated from blocks, as that of a run is."""
    value, error = exact(temperature_K), relative * exact(temperature_K)
    if rng is not None:
        blocks = value + error * np.sqrt(BLOCKS) * rng.normal(size=BLOCKS)
        value = float(blocks.mean())
        error = float(blocks.std(ddof=1) / np.sqrt(BLOCKS))
    half = STUDENT * error
    return ArrheniusPoint(
        temperature_K=temperature_K,
        diffusivity_cm2_per_s=value,
        diffusivity_interval_cm2_per_s=(value - half, value + half),
    )


def test_exact_points_give_the_exact_line() -> None:
    found = arrhenius(
        [point(t) for t in (500, 600, 700, 800)], at_K=303.15, carriers_per_A3=0.0145
    )
    assert found.activation_energy_eV == pytest.approx(ENERGY_EV, rel=1e-9)
    assert found.prefactor_cm2_per_s == pytest.approx(PREFACTOR, rel=1e-9)
    assert found.diffusivity_cm2_per_s == pytest.approx(exact(303.15), rel=1e-9)
    expected = conductivity_mS_per_cm(
        exact(303.15), carriers_per_A3=0.0145, temperature_K=303.15
    )
    assert found.conductivity_mS_per_cm == pytest.approx(expected, rel=1e-9)
    assert found.range_K == (500, 800)
    assert found.beyond_range_K == pytest.approx(196.85)
    assert found.error_factor == 1.0
    json.dumps(found.to_json(), allow_nan=False)
    assert found.plot().get_xlabel() == "1000/T (1/K)"


def test_interval_widens_away_from_the_temperatures() -> None:
    points = [point(t) for t in (500, 600, 700, 800)]
    widths = []
    for at_K in (600, 400, 300):
        low, high = arrhenius(points, at_K=at_K).diffusivity_interval_cm2_per_s
        widths.append(np.log(high / low))
    assert widths[0] < widths[1] < widths[2]


@pytest.mark.parametrize("n_temperatures", [3, 4, 6])
def test_intervals_cover_in_95_percent(n_temperatures: int) -> None:
    rng = np.random.default_rng(n_temperatures)
    temperatures = np.linspace(500, 900, n_temperatures)
    n_sets, hits = 200, np.zeros(2, dtype=int)
    for _ in range(n_sets):
        drawn = [point(t, rng, rng.uniform(0.05, 0.2)) for t in temperatures]
        found = arrhenius(drawn, at_K=303.15)
        low, high = found.interval_eV
        hits[0] += low < ENERGY_EV < high
        low, high = found.diffusivity_interval_cm2_per_s
        hits[1] += low < exact(303.15) < high
    assert (hits >= binom.ppf(0.001, n_sets, 0.93)).all()
    assert (hits <= binom.ppf(0.999, n_sets, 0.975)).all()


def test_errors_of_temperatures_count() -> None:
    sure = [point(t, relative=0.02) for t in (500, 600, 700, 800)]
    unsure = [ArrheniusPoint(**{**vars(p), "temperature_error_K": 20.0}) for p in sure]
    narrow, wide = (np.ptp(arrhenius(p).interval_eV) for p in (sure, unsure))
    # 20 K at 600 K: a relative error of D of 0.31 eV × 20 K / k T² = 0.2
    assert wide > 4 * narrow


def test_bent_line_widens_the_interval() -> None:
    """Two mechanisms: the points leave the line by more than their errors."""
    bent = []
    for t in (400, 500, 600, 700, 800):
        value = exact(t) + 1e-5 * np.exp(-0.1 / (kB * t))
        half = STUDENT * 0.02 * value
        bent.append(
            ArrheniusPoint(
                temperature_K=t,
                diffusivity_cm2_per_s=value,
                diffusivity_interval_cm2_per_s=(value - half, value + half),
            )
        )
    found = arrhenius(bent)
    assert found.scatter_p_value < 0.01
    assert found.error_factor > 2


def test_points_without_a_diffusivity_are_left_out_and_few_refused() -> None:
    none = ArrheniusPoint(
        temperature_K=300,
        diffusivity_cm2_per_s=None,
        diffusivity_interval_cm2_per_s=None,
        reason="the motion is not diffusive",
    )
    found = arrhenius([none, *(point(t) for t in (500, 600, 700))])
    assert found.range_K == (500, 700)
    assert len(found.points) == 4
    few = arrhenius([none, point(500), point(600)])
    assert few.activation_energy_eV is None
    assert "three are needed" in few.reason
    json.dumps(few.to_json(), allow_nan=False)
    few.plot()
    with pytest.raises(InputError, match="differ"):
        arrhenius([point(500)] * 3)
    with pytest.raises(InputError, match="positive"):
        arrhenius([point(500)] * 3, at_K=-1.0)
