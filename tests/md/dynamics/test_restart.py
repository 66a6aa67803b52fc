"""A run that was interrupted gives the same bits as one that was not."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT

from md.dynamics import DynamicsConfig, GuardConfig, Preempted, read_events, simulate
from md.dynamics.checkpoint import read_checkpoint
from mlip.ase_potential import AsePotential
from training_data.errors import InputError

COPPER = bulk("Cu", cubic=True) * (2, 1, 1)
SETTINGS = {
    "n_steps": 130,
    "every": 7,
    "checkpoint_every": 10,
    "checkpoint_interval_s": 0.0,
    "temperature_K": 600.0,
    "seed": 11,
}
PROGRAM = f"""
import sys, time
from ase.build import bulk
from ase.calculators.emt import EMT
from md.dynamics import DynamicsConfig, Preempted, simulate
from mlip.ase_potential import AsePotential
config = DynamicsConfig(**{SETTINGS!r}, ensemble=sys.argv[2])
potential = AsePotential(lambda: EMT(), name="emt")
slowly = lambda step, n_steps, shown: time.sleep(0.02)
try:
    simulate(bulk("Cu", cubic=True) * (2, 1, 1), potential, config, out=sys.argv[1],
             resume=True, progress=slowly)
except Preempted:
    sys.exit(75)
"""


def emt() -> AsePotential:
    return AsePotential(lambda: EMT(), name="emt")  # noqa: PLW0108


def settings(**changed) -> DynamicsConfig:
    return DynamicsConfig(**{**SETTINGS, **changed})


def interrupt_after(step: int, folder: Path, ensemble: str, number: int) -> int:
    """Start the run in a process of its own and signal it past a step."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), ensemble],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    deadline = time.monotonic() + 50
    checkpoint = folder / "checkpoint.npz"
    while time.monotonic() < deadline and process.poll() is None:
        if checkpoint.exists() and read_checkpoint(checkpoint).step >= step:
            break
        time.sleep(0.01)
    assert process.poll() is None, "the run ended before it could be interrupted"
    process.send_signal(number)
    return process.wait(timeout=20)


def positions_of(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    with h5py.File(folder / "trajectory.h5") as file:
        group = file["particles/all"]
        return group["step"][()], group["position/value"][()]


def assert_same_bits(one: Path, other: Path) -> None:
    for ours, theirs in zip(positions_of(one), positions_of(other), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert (one / "log.csv").read_bytes() == (other / "log.csv").read_bytes()
    a, b = (read_checkpoint(f / "checkpoint.npz") for f in (one, other))
    for name in ("positions", "momenta", "forces"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    assert (a.step, a.energy, a.rng_state) == (b.step, b.energy, b.rng_state)
    assert a.guards == b.guards
    assert a.final == b.final


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> dict[str, Path]:
    folders = {}
    for ensemble in ("langevin", "nve"):
        folders[ensemble] = tmp_path_factory.mktemp(ensemble)
        simulate(COPPER, emt(), settings(ensemble=ensemble), out=folders[ensemble])
    return folders


@pytest.mark.parametrize("ensemble", ["langevin", "nve"])
def test_killed_run_resumes_to_the_same_bits(tmp_path, uninterrupted, ensemble):
    code = interrupt_after(60, tmp_path, ensemble, signal.SIGKILL)
    assert code == -signal.SIGKILL
    at = read_checkpoint(tmp_path / "checkpoint.npz").step
    assert 60 <= at < 130
    result = simulate(
        COPPER, emt(), settings(ensemble=ensemble), out=tmp_path, resume=True
    )
    assert [e.kind for e in result.events] == ["started", "resumed", "finished"]
    assert_same_bits(tmp_path, uninterrupted[ensemble])


def test_terminated_run_stops_in_order_and_resumes_to_the_same_bits(
    tmp_path, uninterrupted
):
    assert interrupt_after(40, tmp_path, "langevin", signal.SIGTERM) == 75
    last = read_events(tmp_path / "events.jsonl")[-1]
    assert last.kind == "preempted"
    assert "SIGTERM" in last.message
    simulate(COPPER, emt(), settings(), out=tmp_path, resume=True)
    assert_same_bits(tmp_path, uninterrupted["langevin"])


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGUSR1"])
def test_preemption_tells_where_a_resumed_run_starts(tmp_path, name):
    number = getattr(signal, name)

    def knock(step: int, _n_steps: int, _shown: dict[str, float]) -> None:
        if step == 50:
            os.kill(os.getpid(), number)

    slow = settings(
        checkpoint_interval_s=1e6, checkpoint_every=20
    )  # only the signal writes it
    before = signal.getsignal(number)
    with pytest.raises(Preempted) as caught:
        simulate(COPPER, emt(), slow, out=tmp_path, progress=knock)
    assert signal.getsignal(number) is before
    assert read_checkpoint(tmp_path / "checkpoint.npz").step == 40
    assert caught.value.result.n_steps == 40
    assert caught.value.event.step == 50
    assert name in str(caught.value)
    json.dumps(caught.value.result.to_json(), allow_nan=False)


def test_neighbour_lists_do_not_show_after_a_restart(tmp_path, argon, lennard_jones):
    """ASE's Lennard-Jones keeps a list with a skin, whose order is in the last bits."""
    config = DynamicsConfig(
        n_steps=150, every=10, checkpoint_every=30, checkpoint_interval_s=0,
        temperature_K=120, timestep_fs=5, seed=2,
    )  # fmt: skip
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    simulate(argon, lennard_jones, config, out=whole)

    def stop_at(step: int):
        def knock(now: int, _n_steps: int, _shown: dict[str, float]) -> None:
            if now == step:
                os.kill(os.getpid(), signal.SIGTERM)

        return knock

    for step in (40, 70, 120):
        with pytest.raises(Preempted):
            simulate(
                argon, lennard_jones, config,
                out=parts, resume=True, progress=stop_at(step),
            )  # fmt: skip
    simulate(argon, lennard_jones, config, out=parts, resume=True)
    assert_same_bits(whole, parts)


@pytest.mark.parametrize("first_steps", [60, 65])
def test_extended_run_equals_one_long_run(tmp_path, uninterrupted, first_steps):
    simulate(COPPER, emt(), settings(n_steps=first_steps), out=tmp_path)
    longer = simulate(COPPER, emt(), settings(), out=tmp_path, resume=True)
    assert longer.n_steps == 130
    assert_same_bits(tmp_path, uninterrupted["langevin"])


def test_resuming_a_finished_run_returns_its_result_again(tmp_path):
    config = settings(n_steps=30)
    first = simulate(COPPER, emt(), config, out=tmp_path)
    stamp = (tmp_path / "trajectory.h5").stat().st_mtime_ns
    assert simulate(COPPER, emt(), config, out=tmp_path, resume=True) == first
    assert (tmp_path / "trajectory.h5").stat().st_mtime_ns == stamp


def test_resuming_nothing_starts_the_run(tmp_path):
    (tmp_path / "log.csv").write_text("half a line")
    result = simulate(COPPER, emt(), settings(n_steps=14), out=tmp_path, resume=True)
    assert result.n_frames == 3


def test_a_folder_with_a_run_is_not_overwritten(tmp_path):
    simulate(COPPER, emt(), settings(n_steps=10), out=tmp_path)
    with pytest.raises(InputError, match="must not hold a run already"):
        simulate(COPPER, emt(), settings(n_steps=10), out=tmp_path)


def test_another_run_is_not_resumed_and_every_difference_is_named(tmp_path):
    simulate(COPPER, emt(), settings(n_steps=40), out=tmp_path)
    other = settings(n_steps=30, seed=12, friction_per_ps=9.0)
    moved = COPPER.copy()
    moved.positions[0] += 0.01
    renamed = AsePotential(lambda: EMT(), name="other")  # noqa: PLW0108
    with pytest.raises(InputError) as caught:
        simulate(moved, renamed, other, out=tmp_path, resume=True)
    for word in ("n_steps", "seed", "friction_per_ps", "potential", "structure"):
        assert word in str(caught.value)
    assert "temperature_K" not in str(caught.value)


def test_guards_may_change_on_resuming(tmp_path):
    simulate(COPPER, emt(), settings(n_steps=20), out=tmp_path)
    loose = settings(n_steps=40, guards=GuardConfig(temperature_factor=9))
    assert simulate(COPPER, emt(), loose, out=tmp_path, resume=True).n_steps == 40


@pytest.mark.parametrize("kept", [0, 100])
def test_a_damaged_checkpoint_is_named(tmp_path, kept):
    simulate(COPPER, emt(), settings(n_steps=20), out=tmp_path)
    path = tmp_path / "checkpoint.npz"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InputError, match="checkpoint must be one that simulate wrote"):
        simulate(COPPER, emt(), settings(), out=tmp_path, resume=True)
