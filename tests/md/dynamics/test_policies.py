"""Each policy does what it says when a potential fails."""

import json

import h5py
import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk
from ase.io import read

from md.dynamics import DynamicsConfig, GuardConfig, GuardTripped, read_events, simulate
from md.dynamics.log import read_log
from md.trajectory import open_trajectory

ONLY_HOLES = {
    "temperature_factor": 1e6,
    "escape_distance_A": None,
    "energy_drift_meV_per_atom": None,
}


def flight(n_steps: int = 50, **guards) -> DynamicsConfig:
    """Fly through `collision`, whose atoms are closest at about step 14.

    The turning point is 2.320 Å. Steps of 7 fs overshoot to 2.283 Å, of 3.5 fs to
    2.315 Å, of 1.75 fs to 2.319 Å.
    """
    return DynamicsConfig(
        ensemble="nve", velocities="given", timestep_fs=7.0, n_steps=n_steps, every=1,
        checkpoint_every=10, checkpoint_interval_s=0,
        guards=GuardConfig(**ONLY_HOLES, **guards),
    )  # fmt: skip


def kinds(folder) -> list[str]:
    return [event.kind for event in read_events(folder / "events.jsonl")]


def trajectory_events(folder) -> list[dict]:
    with h5py.File(folder / "trajectory.h5") as file:
        return [json.loads(e) for e in file["parameters/lithophile/events"][()]]


@pytest.mark.parametrize(("least_A", "n_expected"), [(2.30, 1), (2.317, 2)])
def test_half_the_time_step_passes_where_the_full_one_falls_into_a_hole(
    tmp_path, holey, collision, least_A, n_expected
):
    with pytest.raises(GuardTripped) as caught:
        simulate(collision, holey(least_A), flight(), out=tmp_path / "stop")
    assert caught.value.event.kind == "not_finite"
    tripped_at = caught.value.event.step
    folder = tmp_path / "back"
    config = flight(policy="roll_back", short_steps=15)
    result = simulate(collision, holey(least_A), config, out=folder)
    assert result.n_steps == 50
    detour = ["not_finite", "rolled_back"] * n_expected
    assert kinds(folder) == ["started", *detour, "recovered", "finished"]
    events = read_events(folder / "events.jsonl")
    assert events[1].step == tripped_at
    back = events[2]
    assert back.step == 10  # the state before the collision
    assert "3.5 fs" in back.message
    last = events[2 * n_expected]
    assert f"{7 / 2**n_expected:g} fs" in last.message
    recovered = events[-2]
    assert recovered.step == events[2 * n_expected - 1].step + 15
    # the trajectory tells the same story, with evenly spaced frames and no nan
    assert [e["kind"] for e in trajectory_events(folder)] == kinds(folder)
    with h5py.File(folder / "trajectory.h5") as file:
        np.testing.assert_array_equal(file["particles/all/step"], np.arange(51))
        np.testing.assert_allclose(
            file["particles/all/time"], 0.007 * np.arange(51), rtol=1e-12, atol=1e-15
        )
        assert np.isfinite(file["particles/all/position/value"][()]).all()
    shortest = np.nanmin(read_log(folder / "log.csv")["min_distance_A"])
    assert shortest >= least_A


def test_shorter_steps_are_those_of_a_run_with_a_shorter_time_step(
    tmp_path, holey, collision
):
    """From the state that was returned to, n parts of dt/n are n steps of dt/n."""
    config = flight(n_steps=20, policy="roll_back", short_steps=1000)
    simulate(collision, holey(2.30), config, out=tmp_path / "back")
    whole = config.model_copy(update={"n_steps": 10, "save": ("velocities",)})
    simulate(collision, holey(0.0), whole, out=tmp_path / "start")
    with open_trajectory(tmp_path / "start") as trajectory:
        start = Atoms("Ar2", positions=trajectory.atoms(10).positions)
    with h5py.File(tmp_path / "start" / "trajectory.h5") as file:
        velocity = file["particles/all/velocity/value"][10]
    start.set_velocities(velocity / (1000.0 * units.fs))
    fine = config.model_copy(update={"n_steps": 20, "timestep_fs": 3.5})
    simulate(start, holey(0.0), fine, out=tmp_path / "fine")
    with open_trajectory(tmp_path / "fine") as trajectory:
        expected = [trajectory.atoms(2 * k).positions for k in range(11)]
    with open_trajectory(tmp_path / "back") as trajectory:
        found = [trajectory.atoms(10 + k).positions for k in range(11)]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_a_hole_that_no_time_step_avoids_ends_the_run(tmp_path, holey, collision):
    config = flight(policy="roll_back", max_roll_backs=3)
    with pytest.raises(GuardTripped) as caught:
        simulate(collision, holey(3.0), config, out=tmp_path)
    pairs = ["not_finite", "rolled_back"] * 3
    assert kinds(tmp_path) == ["started", *pairs, "not_finite"]
    assert "All 3 roll backs" in str(caught.value)
    backs = [e for e in read_events(tmp_path / "events.jsonl") if e.kind[:4] == "roll"]
    for event, fs in zip(backs, ("3.5", "1.75", "0.875"), strict=True):
        assert f"steps of {fs} fs" in event.message
    assert (tmp_path / "last_good_frame.extxyz").exists()


def test_nothing_to_roll_back_to_stops_at_once(tmp_path, holey, collision):
    collision.positions[1, 0] = 2.0
    with pytest.raises(GuardTripped):
        simulate(collision, holey(2.3), flight(policy="roll_back"), out=tmp_path)
    assert kinds(tmp_path) == ["started", "not_finite"]


def test_policy_of_a_single_guard_takes_the_place_of_the_general_one(
    tmp_path, holey, collision
):
    config = flight(policy="roll_back", policies={"not_finite": "stop"})
    with pytest.raises(GuardTripped):
        simulate(collision, holey(2.30), config, out=tmp_path)
    assert "rolled_back" not in kinds(tmp_path)


def nothing(positions):
    return 0.0, np.zeros_like(positions)


def approaching(**_unused):
    atoms = Atoms("LiCl", positions=[[0, 0, 0], [6, 0, 0]], cell=[40] * 3, pbc=True)
    atoms.set_velocities([[1.0, 0, 0], [-1.0, 0, 0]])
    return atoms, nothing, {}


def leaving():
    atoms = Atoms("Li3", positions=[[0, 0, 0], [3, 0, 0], [6, 0, 0]])
    atoms.set_velocities([[0, 0, 0], [0, 0, 0], [0.3, 0, 0]])
    return atoms, nothing, {}


def blasted():
    atoms, _, _ = approaching()

    def law(positions):
        forces = np.zeros_like(positions)
        if positions[0, 0] > 1.0:
            forces[1, 2] = 1e7
        return 0.0, forces

    return atoms, law, {}


def unstable():
    atoms = bulk("Li", cubic=True) * 2
    sites = atoms.positions.copy()

    def law(positions):
        away = positions - sites
        return float(-0.5 * np.sum(away**2)), away

    limits = {"min_distance_fraction": 0, "max_displacement_A": 50}
    return atoms, law, {"ensemble": "langevin", "velocities": "maxwell",
                        "temperature_K": 300, "zero_momentum": True,
                        "guards": GuardConfig(**limits)}  # fmt: skip


def no_gradient():
    atoms = bulk("Li", cubic=True) * 2
    sites = atoms.positions.copy()

    def law(positions):
        away = positions - sites
        return float(0.5 * np.sum(away**2)), -1.5 * away

    return atoms, law, {"velocities": "maxwell", "temperature_K": 300}


def hollow():
    atoms, _, _ = approaching()

    def law(positions):
        forces = np.zeros_like(positions)
        if positions[0, 0] > 1.0:
            forces[0] = np.nan
        return 0.0, forces

    return atoms, law, {}


FAILURES = {
    "impossible_distance": approaching,
    "escaped_atom": leaving,
    "impossible_displacement": blasted,
    "runaway_temperature": unstable,
    "energy_drift": no_gradient,
    "not_finite": hollow,
}


@pytest.mark.parametrize("kind", FAILURES)
def test_every_guard_obeys_every_policy(tmp_path, law_potential, kind):
    """A potential that fails whatever the time step: each policy ends as it says."""
    atoms, law, special = FAILURES[kind]()
    loose = kind != "runaway_temperature"
    limits = {"temperature_factor": 1e15} if loose else {}
    if kind == "impossible_displacement":
        limits["energy_drift_meV_per_atom"] = None
    base = special.get("guards", GuardConfig()).model_copy(update=limits)
    plain = DynamicsConfig(
        **{
            "ensemble": "nve", "velocities": "given", "zero_momentum": False,
            "n_steps": 2000, "every": 5, "checkpoint_every": 10,
            **special, "guards": base,
        }
    )  # fmt: skip
    last = {}
    for policy in ("stop", "collect", "roll_back"):
        guards = base.model_copy(update={"policy": policy, "max_roll_backs": 2})
        config = plain.model_copy(update={"guards": guards})
        folder = tmp_path / policy
        with pytest.raises(GuardTripped) as caught:
            simulate(atoms, law_potential(law), config, out=folder)
        last[policy] = caught.value.event
        assert last[policy].kind == kind
        assert read(folder / "last_good_frame.extxyz").info["step"] == (
            last[policy].step - 1
        )
    assert last["stop"].step == last["collect"].step
    assert not (tmp_path / "stop" / "collected.extxyz").exists()
    kept = read(tmp_path / "collect" / "collected.extxyz", index=":")
    assert len(kept) == 1
    assert kept[0].info["guard"] == kind
    assert kept[0].info["config_type"] == f"collected-{kind}"
    assert kept[0].info["step"] == last["collect"].step - 1
    assert np.isfinite(kept[0].positions).all()
    assert kept[0].calc is None  # no label that could be taken for one of DFT
    assert "collected.extxyz" in last["collect"].message
    assert kinds(tmp_path / "roll_back") == (
        ["started", *[kind, "rolled_back"] * 2, kind]
    )


def test_a_volume_that_runs_away_obeys_every_policy(tmp_path, soft_spheres):
    """Spheres pressed together far beyond their size."""
    atoms = bulk("Ar", a=5.3, cubic=True) * 2
    potential = soft_spheres(epsilon_eV=0.05, diameter_A=4.0)
    for policy, told in (("stop", 1), ("collect", 1), ("roll_back", 2)):
        config = DynamicsConfig(
            ensemble="npt", pressure_GPa=20.0, temperature_K=100, n_steps=2000,
            barostat_time_ps=0.1, compressibility_per_GPa=0.5, checkpoint_every=10,
            barostat_every=2,
            guards=GuardConfig(max_volume_ratio=1.05, policy=policy, max_roll_backs=1,
                               temperature_factor=1e6, min_distance_fraction=0),
        )  # fmt: skip
        with pytest.raises(GuardTripped) as caught:
            simulate(atoms, potential, config, out=tmp_path / policy)
        assert caught.value.event.kind == "runaway_volume"
        assert kinds(tmp_path / policy).count("runaway_volume") == told
    kept = read(tmp_path / "collect" / "collected.extxyz", index=":")
    assert [frame.info["guard"] for frame in kept] == ["runaway_volume"]
    assert kept[0].info["tripped_at_step"] == kept[0].info["step"] + 1


def test_policies_are_checked_when_they_are_set():
    with pytest.raises(ValueError, match="policies"):
        GuardConfig(policies={"no_such_guard": "stop"})
    with pytest.raises(ValueError, match="policy"):
        GuardConfig(policy="pray")
