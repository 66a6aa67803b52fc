"""Temperature schedules: what they say, what they refuse, and that baths follow."""

import os
import signal

import numpy as np
import pytest
from ase import Atoms, units
from pydantic import ValidationError

from md.dynamics import (
    DynamicsConfig,
    Frame,
    GuardConfig,
    GuardTripped,
    Preempted,
    simulate,
)
from md.dynamics.schedule import Segment, TemperatureSchedule
from training_data.errors import InputError

HEAT = {"kind": "heat", "temperature_K": 600, "n_steps": 100}
LOOSE = GuardConfig(escape_distance_A=None, max_volume_ratio=None)
QUENCH = {"kind": "quench", "temperature_K": 50, "duration_ps": 0.02}


def settings(*segments: dict, **changed) -> DynamicsConfig:
    chosen = {"temperature_K": 300.0, "timestep_fs": 2.0, "n_steps": 400}
    return DynamicsConfig(**{**chosen, "schedule": segments, **changed})


def test_temperatures_of_heat_hold_and_quench():
    schedule = settings(
        HEAT, {"kind": "hold", "n_steps": 290}, QUENCH
    ).temperatures  # 100 + 290 + 10 steps
    wanted = {0: 300, 1: 303, 50: 450, 100: 600, 101: 600, 390: 600, 395: 325, 400: 50}
    for step, temperature_K in wanted.items():
        assert schedule.temperature_K(step) == pytest.approx(temperature_K, rel=1e-12)
    assert schedule.temperature_K(1000) == 50
    assert schedule.lowest_K == 50


def test_without_a_schedule_the_temperature_is_constant():
    schedule = settings().temperatures
    assert {schedule.temperature_K(step) for step in (0, 1, 400)} == {300.0}


def test_open_hold_takes_what_is_left():
    schedule = settings(HEAT, {"kind": "hold"}).temperatures
    assert schedule.temperature_K(400) == 600
    assert settings(HEAT, {"kind": "hold"}, n_steps=101).n_steps == 101


@pytest.mark.parametrize(
    ("segments", "message"),
    [
        ([HEAT], r"must fill n_steps, 400; got 100 = 100 steps. Set n_steps: 100"),
        ([HEAT, QUENCH], r"got 100 \+ 10 = 110 steps"),
        ([{**HEAT, "n_steps": 500}, {"kind": "hold"}], r"500 \+ 1 = 501 steps"),
        ([{**HEAT, "n_steps": None}], "length of every segment but a last hold"),
        ([{"kind": "hold"}, HEAT], "none for segment 0"),
        ([{**HEAT, "temperature_K": 300}], "heat to a temperature above 300 K"),
        ([{**QUENCH, "temperature_K": 301}], "quench to a temperature below 300 K"),
        ([{"kind": "hold", "temperature_K": 5}], "not for hold"),
        ([{"kind": "heat", "n_steps": 5}], "must be given for heat"),
        ([{**HEAT, "duration_ps": 1}], "got both, 100 and 1"),
        ([{**HEAT, "rate": 1}], "rate"),
        ([{**HEAT, "n_steps": 0}], "greater than or equal to 1"),
    ],
)
def test_what_a_schedule_may_not_say(segments, message):
    with pytest.raises(ValidationError, match=message):
        settings(*segments)


def test_ensembles_that_cannot_follow_are_refused():
    with pytest.raises(ValidationError, match="which has no thermostat"):
        settings(HEAT, {"kind": "hold"}, ensemble="nve")
    cold = {"kind": "quench", "temperature_K": 0, "n_steps": 400}
    with pytest.raises(ValidationError, match="must stay above 0 K"):
        settings(cold, ensemble="nose_hoover")
    settings(cold, ensemble="bussi")


@pytest.fixture
def gas() -> Atoms:
    """Eight argon atoms with room to collide."""
    corners = np.indices((2, 2, 2)).reshape(3, 8).T
    atoms = Atoms("Ar8", positions=4.5 * corners, cell=[9.0] * 3, pbc=True)
    atoms.rattle(0.2, seed=1)
    return atoms


@pytest.fixture
def potential(soft_spheres):
    return soft_spheres(epsilon_eV=3.0, diameter_A=3.4)


@pytest.mark.parametrize("ensemble", ["langevin", "bussi", "nose_hoover", "npt"])
def test_the_atoms_follow_the_schedule(tmp_path, gas, potential, ensemble):
    """A gas is heated from 500 to 2000 K and quenched back: both plateaus are met."""
    segments = [
        {"kind": "heat", "temperature_K": 2000, "n_steps": 100},
        {"kind": "hold", "n_steps": 500},
        {"kind": "quench", "temperature_K": 500, "n_steps": 1},
        {"kind": "hold"},
    ]
    frames: list[Frame] = []
    config = DynamicsConfig(
        ensemble=ensemble, temperature_K=500, timestep_fs=5, n_steps=1200, every=5,
        schedule=segments, friction_per_ps=10, thermostat_time_ps=0.05, seed=1,
        pressure_GPa=0.4, compressibility_per_GPa=1, barostat_every=1, guards=LOOSE,
    )  # fmt: skip
    simulate(gas, potential, config, out=tmp_path / "run", observers=[frames.append])
    for first, last, target_K in ((200, 600, 2000), (800, 1200, 500)):
        seen = [f.temperature_K for f in frames if first <= f.step <= last]
        # 21 degrees of freedom scatter by 31 %, and 400 steps hold 15 samples or more
        assert np.mean(seen) == pytest.approx(target_K, rel=4 * 0.31 / np.sqrt(15))


def test_langevin_follows_exactly_where_nothing_else_acts(tmp_path, law_potential):
    """A strong friction makes 3000 free components a thermometer of 2.6 %."""
    n = 1000
    atoms = Atoms(f"Ar{n}", positions=10.0 * np.indices((10, 10, 10)).reshape(3, n).T)
    free = law_potential(lambda positions: (0.0, np.zeros_like(positions)))
    frames: list[Frame] = []
    config = DynamicsConfig(
        temperature_K=100, timestep_fs=5, n_steps=200, every=20, friction_per_ps=50,
        zero_momentum=False, guards=GuardConfig(escape_distance_A=None),
        schedule=[Segment(kind="heat", temperature_K=900, n_steps=200)],
    )  # fmt: skip
    simulate(atoms, free, config, out=tmp_path / "run", observers=[frames.append])
    for frame in frames[1:]:
        # the kinetic energy lags behind a linear ramp by 1 / (2 friction) = 2 steps
        wanted = 100 + 800 * (frame.step - 2) / 200
        assert frame.temperature_K == pytest.approx(wanted, rel=4 * 0.026)


def test_guard_of_the_temperature_follows_the_schedule():
    steps = [100, 50, 100, 150]
    schedule = TemperatureSchedule(
        100,
        [
            Segment(kind="heat", temperature_K=2000, n_steps=steps[0]),
            Segment(kind="quench", temperature_K=300, n_steps=steps[1]),
            Segment(kind="hold", n_steps=steps[2]),
            Segment(kind="hold", n_steps=steps[3]),
        ],
        timestep_fs=1,
        n_steps=400,
    )
    highest = [schedule.recent_highest_K(s, first_K=200) for s in (0, 50, 120, 250)]
    assert highest == [200, 2000, 2000, 2000]  # still hot after the quench
    assert schedule.recent_highest_K(251, first_K=200) == 300
    cool = TemperatureSchedule(300, [], timestep_fs=1, n_steps=9)
    assert cool.recent_highest_K(9, first_K=600) == 600


def test_heating_by_the_schedule_trips_no_guard_and_heat_without_one_does(
    tmp_path, gas, potential
):
    """The limit is 2 × target + 500 K: 1500 K at the start, 4500 K when heated."""
    strict = GuardConfig(
        temperature_factor=2.0, temperature_margin_K=500, temperature_steps=1,
        escape_distance_A=None,
    )  # fmt: skip
    shared = {
        "temperature_K": 500.0, "timestep_fs": 5.0, "n_steps": 400, "every": 5,
        "friction_per_ps": 20.0, "guards": strict,
    }  # fmt: skip
    heat = Segment(kind="heat", temperature_K=2000, n_steps=200)
    ramp = DynamicsConfig(schedule=[heat, Segment(kind="hold")], **shared)
    seen: list[Frame] = []
    simulate(gas, potential, ramp, out=tmp_path / "ramp", observers=[seen.append])
    assert max(f.temperature_K for f in seen) > 1500  # beyond the limit at the start
    gas.set_velocities(np.sqrt(3 * units.kB * 2500 / 39.95) * _directions(8))
    hot = DynamicsConfig(velocities="given", **shared)
    with pytest.raises(GuardTripped) as caught:
        simulate(gas, potential, hot, out=tmp_path / "hot")
    assert caught.value.event.kind == "runaway_temperature"
    assert caught.value.event.threshold == 1500
    assert "target of 500 K" in str(caught.value)


def _directions(n: int) -> np.ndarray:
    vectors = np.random.default_rng(0).standard_normal((n, 3))
    return vectors / np.linalg.norm(vectors, axis=1)[:, None]


def stop_at(step: int):
    def knock(now: int, _n_steps: int, _shown: dict[str, float]) -> None:
        if now == step:
            os.kill(os.getpid(), signal.SIGTERM)

    return knock


def test_a_closed_schedule_may_go_on_and_may_not_change(tmp_path, gas, potential):
    heat = {"kind": "heat", "temperature_K": 900, "n_steps": 40}
    rest = {"kind": "hold", "n_steps": 20}
    shared = {
        "temperature_K": 500.0, "timestep_fs": 5.0, "every": 10, "checkpoint_every": 15,
        "checkpoint_interval_s": 0.0,
    }  # fmt: skip
    whole = DynamicsConfig(n_steps=60, schedule=[heat, rest], **shared)
    simulate(gas, potential, whole, out=tmp_path / "whole")
    first = DynamicsConfig(n_steps=40, schedule=[heat], **shared)
    with pytest.raises(Preempted):
        simulate(gas, potential, first, out=tmp_path / "parts", progress=stop_at(20))
    simulate(gas, potential, first, out=tmp_path / "parts", resume=True)
    warmer = {**heat, "temperature_K": 901}
    other = DynamicsConfig(n_steps=60, schedule=[warmer, rest], **shared)
    with pytest.raises(InputError, match="schedule"):
        simulate(gas, potential, other, out=tmp_path / "parts", resume=True)
    simulate(gas, potential, whole, out=tmp_path / "parts", resume=True)
    logs = [(tmp_path / name / "log.csv").read_bytes() for name in ("whole", "parts")]
    assert logs[0] == logs[1]
