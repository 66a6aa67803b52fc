"""Exact restarts with a network whose neighbour list outlives many steps."""

import os
import shutil
import signal
from pathlib import Path

import h5py
import numpy as np
import pytest
from ase.build import bulk

from md.dynamics import DynamicsConfig, GuardConfig, Preempted, simulate
from md.dynamics.checkpoint import read_checkpoint
from mlip.mace_import import import_mace
from mlip.mace_model import build_mace, describe_architecture
from mlip.training_config import ArchitectureConfig


def random_mace(*, single: bool = False):
    """Small MACE with random weights: any smooth energy will do."""
    import torch

    import_mace()
    from mlip.mace_potential import MacePotential  # noqa: PLC0415

    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        network = build_mace(
            describe_architecture(
                ArchitectureConfig(channels=4, max_L=0, max_ell=1, r_max_A=4.0),
                reference_energies_eV={"Li": 0.0, "Cl": 0.0},
                average_neighbours=10.0,
                force_scale_eV_per_A=0.1,
            )
        )
    finally:
        torch.set_default_dtype(before)
    network = network.float() if single else network
    return MacePotential(network, name="random", level="none")


@pytest.fixture(scope="module")
def mace():
    return random_mace()


@pytest.fixture(scope="module")
def single():
    """Potential in the precision of production."""
    return random_mace(single=True)


def test_restart_is_exact_with_a_list_that_outlives_steps(tmp_path, mace):
    atoms = bulk("LiCl", "rocksalt", a=5.1, cubic=True) * 2
    config = DynamicsConfig(
        n_steps=70, every=10, checkpoint_every=20, temperature_K=600, seed=3,
        guards=GuardConfig(min_distance_fraction=0.1),  # nothing binds these atoms
    )  # fmt: skip
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    simulate(atoms, mace, config, out=whole)

    def stop(step: int, _n_steps: int, _shown: dict[str, float]) -> None:
        if step == 50:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Preempted):
        simulate(atoms, mace, config, out=parts, progress=stop)
    simulate(atoms, mace, config, out=parts, resume=True)
    stored = []
    for folder in (whole, parts):
        with h5py.File(folder / "trajectory.h5") as file:
            stored.append(file["particles/all/position/value"][()])
    np.testing.assert_array_equal(stored[0], stored[1])
    assert (whole / "log.csv").read_bytes() == (parts / "log.csv").read_bytes()


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory, single) -> tuple[Path, list[Path]]:
    """Folder of a run, and copies of it as kills at its frames would leave it."""
    folder = tmp_path_factory.mktemp("whole")
    killed = []

    def copy(frame) -> None:
        if frame.step:
            killed.append(tmp_path_factory.mktemp("killed") / "run")
            shutil.copytree(folder, killed[-1])

    simulate(LITHIUM_CHLORIDE, single, EARLY, out=folder, observers=[copy])
    return folder, killed


LITHIUM_CHLORIDE = bulk("LiCl", "rocksalt", a=5.1, cubic=True) * 2
EARLY = DynamicsConfig(
    n_steps=40, every=1, checkpoint_every=10, checkpoint_interval_s=0,
    temperature_K=600, seed=3, guards=GuardConfig(min_distance_fraction=0.1),
)  # fmt: skip


def assert_same_files(one: Path, other: Path) -> None:
    with h5py.File(one / "trajectory.h5") as a, h5py.File(other / "trajectory.h5") as b:
        for name in ("step", "position/value"):
            np.testing.assert_array_equal(
                a["particles/all"][name][()], b["particles/all"][name][()]
            )
    assert (one / "log.csv").read_bytes() == (other / "log.csv").read_bytes()


@pytest.mark.parametrize("at", [5, 15])
def test_restart_in_single_precision_is_exact_from_the_first_state_on(
    tmp_path, single, whole_run, at
):
    """At step 5 the only state is that of step 0."""

    def stop(frame) -> None:
        if frame.step == at:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Preempted):
        simulate(LITHIUM_CHLORIDE, single, EARLY, out=tmp_path, observers=[stop])
    assert read_checkpoint(tmp_path / "checkpoint.npz").step == at - at % 10
    simulate(LITHIUM_CHLORIDE, single, EARLY, out=tmp_path, resume=True)
    assert_same_files(whole_run[0], tmp_path)


def test_killed_at_any_frame_the_run_is_the_same(single, whole_run):
    whole, killed = whole_run
    for folder in killed[::6]:
        simulate(LITHIUM_CHLORIDE, single, EARLY, out=folder, resume=True)
        assert_same_files(whole, folder)
