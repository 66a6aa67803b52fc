"""Replicas side by side move as if alone, and one that fails spares the rest."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT

from md.dynamics import (
    DynamicsConfig,
    GuardConfig,
    GuardTripped,
    ReplicasPreempted,
    build_replicas,
    simulate,
    simulate_replicas,
)
from md.dynamics.checkpoint import read_checkpoint
from mlip.ase_potential import AsePotential
from mlip.mace_import import import_mace
from mlip.mace_model import build_mace, describe_architecture
from mlip.training_config import ArchitectureConfig
from training_data.errors import InputError

COPPER = bulk("Cu", cubic=True) * (2, 1, 1)
TEMPERATURES_K = (200.0, 400.0, 600.0)
CONFIG = DynamicsConfig(
    n_steps=60, every=5, checkpoint_every=10, checkpoint_interval_s=0.0, seed=11
)
PROGRAM = f"""
import sys, time
from ase.build import bulk
from ase.calculators.emt import EMT
from md.dynamics import DynamicsConfig, build_replicas, simulate_replicas
from mlip.ase_potential import AsePotential
config = DynamicsConfig(**{CONFIG.model_dump(mode="json")!r})
runs = build_replicas(bulk("Cu", cubic=True) * (2, 1, 1), config,
                      temperatures_K={TEMPERATURES_K!r})
potential = AsePotential(lambda: EMT(), name="emt")
slowly = lambda done, n_steps, shown: time.sleep(0.05)
simulate_replicas(runs, potential, out=sys.argv[1], resume=True, progress=slowly)
"""


def emt() -> AsePotential:
    return AsePotential(lambda: EMT(), name="emt")  # noqa: PLW0108


def runs(config: DynamicsConfig = CONFIG):
    return build_replicas(COPPER, config, temperatures_K=TEMPERATURES_K)


def stored(folder: Path) -> np.ndarray:
    with h5py.File(folder / "trajectory.h5") as file:
        return file["particles/all/position/value"][()]


def assert_same_bits(one: Path, other: Path) -> None:
    np.testing.assert_array_equal(stored(one), stored(other))
    assert (one / "log.csv").read_bytes() == (other / "log.csv").read_bytes()
    a, b = (read_checkpoint(f / "checkpoint.npz") for f in (one, other))
    for name in ("positions", "momenta", "forces"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    assert (a.step, a.energy, a.rng_state) == (b.step, b.energy, b.rng_state)


def no_replica_works() -> bool:
    return not any(t.name.startswith("replica-") for t in threading.enumerate())


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> dict[str, Path]:
    """Every replica as a run of its own."""
    top = tmp_path_factory.mktemp("alone")
    for replica in runs():
        simulate(replica.atoms, emt(), replica.config, out=top / replica.name)
    return {replica.name: top / replica.name for replica in runs()}


@pytest.fixture(scope="module")
def mace():
    import torch

    import_mace()
    from mlip.mace_potential import MacePotential  # noqa: PLC0415
    from mlip.weights import default_dtype  # noqa: PLC0415

    torch.manual_seed(0)
    with default_dtype(torch.float64):
        network = build_mace(
            describe_architecture(
                ArchitectureConfig(channels=4, max_L=0, max_ell=1, r_max_A=4.0),
                reference_energies_eV={"Li": 0.0, "Cl": 0.0},
                average_neighbours=10.0,
                force_scale_eV_per_A=0.1,
            )
        )
    return MacePotential(network, name="random", level="none")


@pytest.mark.parametrize("batch", ["auto", "each", "together"])
def test_replicas_give_the_bits_of_single_runs(tmp_path, alone, batch):
    """EMT has no call for many structures, so that all three are the same."""
    result = simulate_replicas(runs(), emt(), out=tmp_path, batch=batch)
    assert [r.status for r in result.replicas] == ["finished"] * 3
    for name, folder in alone.items():
        assert_same_bits(tmp_path / name, folder)
    assert no_replica_works()


def salt_runs(**changed):
    salt = bulk("LiCl", "rocksalt", a=5.1, cubic=True)
    settings = {
        "n_steps": 40, "every": 10, "checkpoint_every": 10, "seed": 3,
        "checkpoint_interval_s": 0.0,
        "guards": GuardConfig(min_distance_fraction=0.1),  # nothing binds these atoms
    }  # fmt: skip
    config = DynamicsConfig(**{**settings, **changed})
    return build_replicas([salt, salt * (2, 1, 1)], config, temperatures_K=[300, 600])


def test_a_network_asked_once_for_all_moves_them_as_alone(tmp_path, mace):
    replicas = salt_runs()
    for batch in ("each", "together"):
        simulate_replicas(replicas, mace, out=tmp_path / batch, batch=batch)
    for replica in replicas:
        simulate(replica.atoms, mace, replica.config, out=tmp_path / replica.name)
        assert_same_bits(tmp_path / "each" / replica.name, tmp_path / replica.name)
        together = stored(tmp_path / "together" / replica.name)
        moved = together - replica.atoms.positions
        known = stored(tmp_path / replica.name) - replica.atoms.positions
        assert np.abs(known[-1]).max() > 0.1
        np.testing.assert_allclose(moved, known, rtol=0, atol=1e-11)


def test_replicas_of_one_temperature_share_no_noise(tmp_path):
    config = CONFIG.model_copy(update={"n_steps": 5})
    result = simulate_replicas(
        build_replicas(COPPER, config, copies=3), emt(), out=tmp_path
    )
    assert [r.seed for r in result.replicas] == [11, 12, 13]
    last = [stored(r.folder)[-1] for r in result.replicas]
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(last[i] - last[j]).max() > 1e-3


def stop_at(total: int, number: int = signal.SIGTERM):
    def knock(done: int, _n_steps: int, _shown: dict[str, float]) -> None:
        if done == total:
            os.kill(os.getpid(), number)

    return knock


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_keeps_all_and_they_resume_to_the_same_bits(tmp_path, alone, number):
    before = signal.getsignal(number)
    with pytest.raises(ReplicasPreempted, match="3 of 3 replicas") as caught:
        simulate_replicas(runs(), emt(), out=tmp_path, progress=stop_at(90, number))
    assert signal.getsignal(number) is before
    kept = caught.value.replicas
    assert [r.status for r in kept.replicas] == ["preempted"] * 3
    steps = {read_checkpoint(r.folder / "checkpoint.npz").step for r in kept.replicas}
    assert steps == {30}
    json.dumps(kept.to_json(), allow_nan=False)
    result = simulate_replicas(runs(), emt(), out=tmp_path, resume=True)
    assert not result.failures
    for name, folder in alone.items():
        assert_same_bits(tmp_path / name, folder)


def test_replicas_asked_together_stop_at_one_step_and_resume_to_the_same_bits(
    tmp_path, mace
):
    replicas, whole, parts = salt_runs(), tmp_path / "whole", tmp_path / "parts"
    simulate_replicas(replicas, mace, out=whole, batch="together")
    with pytest.raises(ReplicasPreempted):
        simulate_replicas(
            replicas, mace, out=parts, batch="together", progress=stop_at(80)
        )
    simulate_replicas(replicas, mace, out=parts, batch="together", resume=True)
    for replica in replicas:
        assert_same_bits(parts / replica.name, whole / replica.name)


def test_killed_replicas_resume_to_the_same_bits(tmp_path, alone):
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    last = tmp_path / "replica-02" / "checkpoint.npz"
    deadline = time.monotonic() + 50
    while time.monotonic() < deadline and process.poll() is None:
        if last.exists() and read_checkpoint(last).step >= 20:
            break
        time.sleep(0.01)
    assert process.poll() is None, "the run ended before it could be killed"
    process.kill()
    process.wait(timeout=20)
    simulate_replicas(runs(), emt(), out=tmp_path, resume=True)
    for name, folder in alone.items():
        assert_same_bits(tmp_path / name, folder)


def test_one_replica_is_resumed_and_extended_like_a_single_run(tmp_path, alone):
    short = CONFIG.model_copy(update={"n_steps": 30})
    simulate_replicas(runs(short), emt(), out=tmp_path)
    second = runs()[1]
    folder = tmp_path / second.name
    simulate(second.atoms, emt(), second.config, out=folder, resume=True)
    assert_same_bits(folder, alone[second.name])
    result = simulate_replicas(runs(), emt(), out=tmp_path, resume=True)
    assert [r.result.n_steps for r in result.replicas] == [60] * 3
    for name in alone:
        assert_same_bits(tmp_path / name, alone[name])


def test_finished_replicas_are_not_run_again(tmp_path):
    first = simulate_replicas(runs(), emt(), out=tmp_path)
    stamps = [r.result.trajectory.stat().st_mtime_ns for r in first.replicas]
    again = simulate_replicas(runs(), emt(), out=tmp_path, resume=True)
    assert again == first
    assert [r.result.trajectory.stat().st_mtime_ns for r in again.replicas] == stamps


def test_a_replica_that_a_guard_stops_is_put_aside(tmp_path, alone):
    fast = CONFIG.model_copy(update={"guards": GuardConfig(max_displacement_A=0.02)})
    replicas = build_replicas(COPPER, fast, temperatures_K=[200.0, 9000.0, 600.0])
    result = simulate_replicas(replicas, emt(), out=tmp_path)
    assert [r.status for r in result.replicas] == ["finished", "stopped", "finished"]
    assert [failure.id for failure in result.failures] == ["replica-01"]
    folder = tmp_path / "replica-01"
    assert result.replicas[1].result.events[-1].kind == "impossible_displacement"
    assert str(folder) in result.replicas[1].message
    assert (folder / "last_good_frame.extxyz").is_file()
    for name in ("replica-00", "replica-02"):  # guards do not move atoms
        np.testing.assert_array_equal(stored(tmp_path / name), stored(alone[name]))
    with pytest.raises(GuardTripped):  # alone it ends in the same way
        simulate(COPPER, emt(), replicas[1].config, out=tmp_path / "alone")
    assert len(stored(folder)) == len(stored(tmp_path / "alone"))


def test_a_replica_that_cannot_be_evaluated_is_put_aside(tmp_path):
    lithium = bulk("Li", cubic=True)  # which EMT does not know
    replicas = build_replicas([lithium, COPPER], CONFIG)
    result = simulate_replicas(replicas, emt(), out=tmp_path)
    assert [r.status for r in result.replicas] == ["failed", "finished"]
    assert "NotImplementedError" in result.failures[0].reason
    json.dumps(result.to_json(), allow_nan=False)


def test_an_error_that_spares_none_is_raised(tmp_path):
    with pytest.raises(NotImplementedError):
        simulate_replicas(
            build_replicas(bulk("Li", cubic=True), CONFIG, copies=2),
            emt(),
            out=tmp_path / "a",
        )
    simulate_replicas(runs(), emt(), out=tmp_path / "b")
    other = CONFIG.model_copy(update={"friction_per_ps": 9.0})
    with pytest.raises(InputError, match="friction_per_ps"):
        simulate_replicas(runs(other), emt(), out=tmp_path / "b", resume=True)
    assert no_replica_works()


def test_an_error_of_the_watcher_closes_all_files_and_they_can_be_resumed(
    tmp_path, alone
):
    def fail(done: int, _n_steps: int, _shown: dict[str, float]) -> None:
        if done >= 90:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        simulate_replicas(runs(), emt(), out=tmp_path, progress=fail)
    assert no_replica_works()
    simulate_replicas(runs(), emt(), out=tmp_path, resume=True)
    for name, folder in alone.items():
        assert_same_bits(tmp_path / name, folder)


def test_observers_see_the_frames_of_their_replica(tmp_path):
    seen = {"replica-00": [], "replica-02": []}
    simulate_replicas(
        runs(), emt(), out=tmp_path,
        observers={name: [frames.append] for name, frames in seen.items()},
    )  # fmt: skip
    for name, frames in seen.items():
        np.testing.assert_allclose(
            [frame.positions for frame in frames], stored(tmp_path / name), rtol=1e-6
        )


def test_a_replica_may_end_early_while_the_others_go_on(tmp_path, alone):
    def rests(frame) -> str | None:
        return "It rests." if frame.step >= 20 else None

    result = simulate_replicas(
        runs(), emt(), out=tmp_path, stop_when={"replica-01": rests}
    )
    assert [r.status for r in result.replicas] == ["finished"] * 3
    assert [r.result.n_steps for r in result.replicas] == [60, 20, 60]
    assert result.replicas[1].result.events[-1].kind == "plateau"
    assert_same_bits(tmp_path / "replica-02", alone["replica-02"])


def test_progress_counts_the_steps_of_all(tmp_path):
    told = []
    simulate_replicas(
        runs(), emt(), out=tmp_path,
        progress=lambda *numbers: told.append(numbers),
    )  # fmt: skip
    done = [numbers[0] for numbers in told]
    assert done == sorted(done)
    assert told[-1][:2] == (180, 180)
    assert told[0][2]["running"] == 3
    assert told[-1][2]["running"] == 0
    assert told[-1][2]["put_aside"] == 0


def test_a_used_folder_is_refused_before_anything_runs(tmp_path):
    simulate(COPPER, emt(), CONFIG, out=tmp_path / "replica-02")
    with pytest.raises(InputError, match="must not hold a run already"):
        simulate_replicas(runs(), emt(), out=tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["replica-02"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"temperatures_K": [300, 300]}, "temperatures_K must all differ"),
        ({"seeds": [1, 2, 1]}, "seeds must all differ"),
        ({"seeds": [1, 2], "copies": 2}, "copies must be 1 when seeds are given"),
        ({"copies": 0}, "copies must be at least 1"),
        ({"temperatures_K": [-3.0]}, "must suit the other settings"),
    ],
)
def test_wrong_choices_are_refused(given, message):
    with pytest.raises(InputError, match=message):
        build_replicas(COPPER, CONFIG, **given)


def test_temperatures_beside_a_schedule_are_refused():
    heated = DynamicsConfig(
        schedule=[{"kind": "heat", "temperature_K": 400, "n_steps": 50}], n_steps=50
    )
    assert len(build_replicas(COPPER, heated, copies=2)) == 2
    with pytest.raises(InputError, match="temperatures_K must be left out"):
        build_replicas(COPPER, heated, temperatures_K=[300])


def test_seeds_are_used_at_every_temperature_and_structures_come_first():
    made = build_replicas(
        [COPPER, COPPER * 2], CONFIG, temperatures_K=[300, 400], seeds=[1, 5]
    )
    told = [(len(r.atoms), r.config.temperature_K, r.config.seed) for r in made]
    assert told == [
        (n, t, s) for n in (8, 64) for t in (300.0, 400.0) for s in (1, 5)
    ]  # fmt: skip
    assert [r.name for r in made] == [f"replica-{i:02d}" for i in range(8)]


def test_the_picture_has_a_line_for_each_replica(tmp_path):
    from matplotlib.figure import Figure

    result = simulate_replicas(runs(), emt(), out=tmp_path)
    axis = result.plot(Figure().subplots())
    assert len(axis.lines) == 3
    assert axis.get_ylabel() == "temperature (K)"
    assert [t.get_text() for t in axis.get_legend().get_texts()] == [
        "200 K", "400 K", "600 K",
    ]  # fmt: skip
