"""A run that rolled back and collected repeats the same bits after a kill."""

import json
import os
import shutil
import signal
from pathlib import Path

import h5py
import numpy as np
import pytest
from ase import Atoms, units
from ase.calculators.lj import LennardJones

from md.dynamics import DynamicsConfig, GuardConfig, Preempted, read_events, simulate
from md.dynamics.checkpoint import read_checkpoint
from mlip import AsePotential, CommitteePotential


def bouncing() -> Atoms:
    """Two atoms that meet again and again across a periodic boundary."""
    atoms = Atoms("Ar2", [[0, 20, 20], [8, 20, 20]], cell=[11, 40, 40], pbc=True)
    speed = 0.03 / units.fs
    atoms.set_velocities([[speed, 0, 0], [-speed, 0, 0]])
    return atoms


def config(ensemble: str) -> DynamicsConfig:
    return DynamicsConfig(
        ensemble=ensemble, velocities="given", n_steps=60, timestep_fs=7.0,
        temperature_K=43_000, friction_per_ps=0.002, thermostat_time_ps=100, seed=2,
        every=3, checkpoint_every=10, checkpoint_interval_s=0,
        guards=GuardConfig(
            temperature_factor=1e6, energy_drift_meV_per_atom=None, policy="roll_back",
            escape_distance_A=None, short_steps=8, max_force_spread_eV_per_A=1e-3,
            policies={"committee_disagreement": "collect"}, max_collected=4,
            collect_spacing=9, committee_every=2,
        ),
    )  # fmt: skip


@pytest.fixture
def committee(holey) -> CommitteePotential:
    """Let the one with a hole lead; the other disagrees where atoms are close."""
    softer = AsePotential(
        lambda: LennardJones(sigma=3.4, epsilon=0.01, rc=7.0, ro=5.5, smooth=True),
        name="softer",
    )
    return CommitteePotential([holey(2.30), softer], answer="first")


def assert_same_run(one: Path, other: Path) -> None:
    with h5py.File(one / "trajectory.h5") as a, h5py.File(other / "trajectory.h5") as b:
        for name in ("particles/all/step", "particles/all/position/value",
                     "observables/max_force_spread_eV_per_A/value"):  # fmt: skip
            np.testing.assert_array_equal(a[name][()], b[name][()])
        told = [
            [
                (e["kind"], e["step"], e["message"].split(" The structure is")[0])
                for e in map(json.loads, file["parameters/lithophile/events"][()])
                if e["kind"] not in {"started", "resumed", "preempted", "finished"}
            ]
            for file in (a, b)
        ]
        assert told[0] == told[1]
    assert (one / "log.csv").read_bytes() == (other / "log.csv").read_bytes()
    texts = [
        (folder / "collected.extxyz").read_text().replace(str(folder), "")
        for folder in (one, other)
    ]
    assert texts[0] == texts[1]
    a, b = (read_checkpoint(folder / "checkpoint.npz") for folder in (one, other))
    np.testing.assert_array_equal(a.positions, b.positions)
    np.testing.assert_array_equal(a.momenta, b.momenta)
    assert (a.step, a.energy, a.rng_state) == (b.step, b.energy, b.rng_state)
    assert (a.detours, a.guards, a.final) == (b.detours, b.guards, b.final)


@pytest.mark.parametrize("ensemble", ["nve", "langevin", "nose_hoover"])
def test_killed_anywhere_around_a_roll_back_the_run_repeats_itself(
    tmp_path, committee, ensemble
):
    whole = tmp_path / "whole"
    copies = []

    def as_a_kill_would_leave_it(frame) -> None:
        """Copy what is on the disk now; also of frames that are undone later."""
        if frame.step > 0:
            copies.append(tmp_path / f"kill-{len(copies)}-at-{frame.step}")
            shutil.copytree(whole, copies[-1])

    result = simulate(
        bouncing(), committee, config(ensemble), out=whole,
        observers=[as_a_kill_would_leave_it],
    )  # fmt: skip
    kinds = [event.kind for event in result.events]
    assert kinds.count("rolled_back") >= 1
    assert kinds.count("committee_disagreement") >= 2
    assert read_checkpoint(whole / "checkpoint.npz").detours["n_roll_backs"] == (
        kinds.count("rolled_back")
    )
    assert len(copies) > 20  # more than without roll backs: frames that were undone
    for folder in copies[::3]:
        simulate(bouncing(), committee, config(ensemble), out=folder, resume=True)
        assert_same_run(whole, folder)


def test_terminated_again_and_again_the_run_repeats_itself(tmp_path, committee):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    simulate(bouncing(), committee, config("nve"), out=whole)
    slow = config("nve").model_copy(update={"checkpoint_interval_s": 1e6})
    for at in (10, 20, 30, 50):

        def knock(step: int, _n: int, _shown: dict[str, float], at: int = at) -> None:
            if step == at:
                os.kill(os.getpid(), signal.SIGTERM)

        with pytest.raises(Preempted):
            simulate(
                bouncing(), committee, slow, out=parts, resume=True, progress=knock
            )
    simulate(bouncing(), committee, slow, out=parts, resume=True)
    assert_same_run(whole, parts)
    assert any(e.kind == "preempted" for e in read_events(parts / "events.jsonl"))
