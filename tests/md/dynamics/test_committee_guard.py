"""The disagreement of a committee: measured, recorded, and acted upon."""

import h5py
import numpy as np
import pytest
from ase.calculators.lj import LennardJones
from ase.io import read

from md.dynamics import DynamicsConfig, GuardConfig, GuardTripped, read_events, simulate
from md.dynamics.log import read_log
from md.trajectory import open_trajectory
from mlip import AsePotential, CommitteePotential


def argon_of(depth_eV: float) -> AsePotential:
    return AsePotential(
        lambda: LennardJones(sigma=3.4, epsilon=depth_eV, rc=7.0, ro=5.5, smooth=True),
        name=f"lj-{depth_eV}",
    )


@pytest.fixture
def committee() -> CommitteePotential:
    return CommitteePotential([argon_of(0.0104), argon_of(0.0130)], answer="first")


def settings(**changed) -> DynamicsConfig:
    limits = {"max_force_spread_eV_per_A": None}
    guards = GuardConfig(**{**limits, **changed.pop("guards", {})})
    return DynamicsConfig(
        **{"n_steps": 60, "every": 10, "temperature_K": 80, "seed": 3, **changed},
        guards=guards,
    )


def test_disagreement_is_recorded_and_is_that_of_the_frames(tmp_path, argon, committee):
    seen = []
    simulate(argon, committee, settings(), out=tmp_path, observers=[seen.append])
    logged = read_log(tmp_path / "log.csv")["max_force_spread_eV_per_A"]
    with h5py.File(tmp_path / "trajectory.h5") as file:
        stored = file["observables/max_force_spread_eV_per_A/value"]
        assert stored.attrs["unit"] == "eV Angstrom-1"
        np.testing.assert_array_equal(stored[()], logged)
    with open_trajectory(tmp_path) as trajectory:
        frames = [trajectory.atoms(i) for i in range(trajectory.n_frames)]
    expected = [s.max() for s in committee.evaluate(frames).force_spreads]
    np.testing.assert_allclose(logged, expected, rtol=1e-6)
    assert [frame.max_force_spread_eV_per_A for frame in seen] == logged
    assert seen[0].force_spreads.shape == (len(argon),)


def test_watching_does_not_change_the_motion(tmp_path, argon, committee):
    simulate(argon, committee, settings(), out=tmp_path / "watched")
    simulate(argon, argon_of(0.0104), settings(), out=tmp_path / "alone")
    with (
        open_trajectory(tmp_path / "watched") as one,
        open_trajectory(tmp_path / "alone") as other,
    ):
        np.testing.assert_array_equal(
            one.atoms(-1).positions, other.atoms(-1).positions
        )
    assert "max_force_spread_eV_per_A" not in read_log(tmp_path / "alone" / "log.csv")


def test_disagreement_beyond_the_limit_stops_the_run_and_names_the_atom(
    tmp_path, argon, committee
):
    simulate(argon, committee, settings(every=1), out=tmp_path / "free")
    spreads = read_log(tmp_path / "free" / "log.csv")["max_force_spread_eV_per_A"]
    limit = 0.999 * max(spreads[::5])
    first = 5 * next(k for k, s in enumerate(spreads[::5]) if s > limit)
    guards = {"max_force_spread_eV_per_A": limit, "committee_every": 5}
    with pytest.raises(GuardTripped) as caught:
        simulate(argon, committee, settings(guards=guards), out=tmp_path / "watched")
    event = caught.value.event
    assert (event.kind, event.step) == ("committee_disagreement", first)
    assert event.value == pytest.approx(spreads[first], rel=1e-12)
    assert event.threshold == limit
    assert event.unit == "eV/Å"
    frame = read(tmp_path / "watched" / "last_good_frame.extxyz")
    assert frame.info["step"] == first - 1
    assert f"atom {event.atoms[0]} (Ar)" in str(caught.value)


def test_uncertain_structures_are_collected_and_the_run_goes_on(
    tmp_path, argon, committee
):
    guards = {
        "max_force_spread_eV_per_A": 1e-6, "policy": "collect", "max_collected": 3,
        "collect_spacing": 15, "committee_every": 2,
    }  # fmt: skip
    config = settings(guards=guards)
    result = simulate(argon, committee, config, out=tmp_path)
    assert result.n_steps == 60
    trips = [e for e in result.events if e.kind == "committee_disagreement"]
    # step 0 is looked at; then the first look 15 steps or more after the last
    assert [event.step for event in trips] == [0, 16, 32]
    assert "No more are collected" in trips[-1].message
    kept = read(tmp_path / "collected.extxyz", index=":")
    assert [frame.info["step"] for frame in kept] == [0, 16, 32]
    told = committee.evaluate(kept)
    for frame, spreads in zip(kept, told.force_spreads, strict=True):
        np.testing.assert_allclose(
            frame.arrays["force_spread_eV_per_A"], spreads, rtol=1e-4, atol=1e-9
        )
        assert frame.has("momenta")
        assert frame.pbc.all()
        assert frame.info["config_type"] == "collected-committee_disagreement"


def test_members_that_break_down_are_noticed(tmp_path, argon):
    """A member that answers nan disagrees, whatever the limit."""
    broken = AsePotential(
        lambda: LennardJones(sigma=3.4, epsilon=float("nan")), name="broken"
    )
    committee = CommitteePotential([argon_of(0.0104), broken], answer="first")
    guards = {"max_force_spread_eV_per_A": 100.0}
    with pytest.raises(GuardTripped) as caught:
        simulate(argon, committee, settings(guards=guards), out=tmp_path)
    assert caught.value.event.kind == "committee_disagreement"
    assert np.isnan(read_events(tmp_path / "events.jsonl")[-1].value)


def test_mean_of_a_committee_moves_the_atoms(tmp_path, argon):
    """Forces of Lennard-Jones are linear in its depth: the mean is one of them."""
    mean = CommitteePotential([argon_of(0.0100), argon_of(0.0108)])
    simulate(argon, mean, settings(n_steps=20), out=tmp_path / "mean")
    simulate(argon, argon_of(0.0104), settings(n_steps=20), out=tmp_path / "one")
    ends = []
    for name in ("mean", "one"):
        with open_trajectory(tmp_path / name) as trajectory:
            ends.append(trajectory.atoms(-1).positions)
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-9, atol=1e-9)


FULL = {
    "max_force_spread_eV_per_A": 1e-6, "policy": "collect", "max_collected": 2,
    "collect_spacing": 10, "committee_every": 2,
}  # fmt: skip


@pytest.fixture
def full_collection(tmp_path, argon, committee):
    """Folder of a run of 30 steps that has collected all that it may."""
    config = settings(n_steps=30, checkpoint_every=30, guards=FULL)
    result = simulate(argon, committee, config, out=tmp_path)
    trips = [e.step for e in result.events if e.kind == "committee_disagreement"]
    assert trips == [0, 10]
    return tmp_path


def test_more_may_be_collected_on_resuming(full_collection, argon, committee):
    limits = {**FULL, "max_collected": 4}
    more = settings(n_steps=60, checkpoint_every=30, guards=limits)
    result = simulate(argon, committee, more, out=full_collection, resume=True)
    trips = [e.step for e in result.events if e.kind == "committee_disagreement"]
    assert trips == [0, 10, 32, 42]
    assert len(read(full_collection / "collected.extxyz", index=":")) == 4


def test_a_full_collection_does_not_outlast_its_policy(
    full_collection, argon, committee
):
    limits = {**FULL, "policy": "stop"}
    stop = settings(n_steps=60, checkpoint_every=30, guards=limits)
    with pytest.raises(GuardTripped) as caught:
        simulate(argon, committee, stop, out=full_collection, resume=True)
    assert (caught.value.event.kind, caught.value.event.step) == (
        "committee_disagreement",
        32,
    )


def test_a_full_collection_stays_closed_under_the_same_settings(
    full_collection, argon, committee
):
    same = settings(n_steps=60, checkpoint_every=30, guards=FULL)
    result = simulate(argon, committee, same, out=full_collection, resume=True)
    assert sum(e.kind == "committee_disagreement" for e in result.events) == 2
