"""Exact restarts with a network whose neighbour list outlives many steps."""

import os
import signal

import h5py
import numpy as np
import pytest
from ase.build import bulk

from md.dynamics import DynamicsConfig, GuardConfig, Preempted, simulate
from mlip.mace_import import import_mace
from mlip.mace_model import build_mace, describe_architecture
from mlip.training_config import ArchitectureConfig


@pytest.fixture(scope="module")
def mace():
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
    return MacePotential(network, name="random", level="none")


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
