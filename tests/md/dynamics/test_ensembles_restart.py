"""Runs of every ensemble that were killed or stopped go on to the same bits."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.lj import LennardJones

from md.dynamics import DynamicsConfig, Preempted, simulate
from md.dynamics.checkpoint import read_checkpoint, write_checkpoint
from mlip.ase_potential import AsePotential

ENSEMBLES = ("langevin", "bussi", "nose_hoover", "npt", "npt_normal")
SETTINGS = {
    "temperature_K": 20.0,
    "timestep_fs": 5.0,
    "n_steps": 60,
    "every": 7,
    "checkpoint_every": 9,
    "checkpoint_interval_s": 0.0,
    "pressure_GPa": 0.2,
    "barostat_every": 4,
    "seed": 7,
    "schedule": [
        {"kind": "heat", "temperature_K": 60, "n_steps": 40},
        {"kind": "hold"},
    ],
}
PROGRAM = f"""
import os, signal, sys
from ase.build import bulk
from ase.calculators.lj import LennardJones
from md.dynamics import DynamicsConfig, simulate
from mlip.ase_potential import AsePotential
argon = bulk("Ar", a=5.3, cubic=True)
argon.rattle(0.05, seed=1)
potential = AsePotential(lambda: LennardJones(
    sigma=3.4, epsilon=0.0104, rc=7.0, ro=5.5, smooth=True), name="lj-argon")
def kill(step, n_steps, shown):
    if step == 40:
        os.kill(os.getpid(), signal.SIGKILL)
simulate(argon, potential, DynamicsConfig(**{SETTINGS!r}, ensemble=sys.argv[2]),
         out=sys.argv[1], progress=kill)
"""


def argon():
    atoms = bulk("Ar", a=5.3, cubic=True)
    atoms.rattle(0.05, seed=1)
    return atoms


def lennard_jones() -> AsePotential:
    return AsePotential(
        lambda: LennardJones(sigma=3.4, epsilon=0.0104, rc=7.0, ro=5.5, smooth=True),
        name="lj-argon",
    )


def settings(ensemble: str, **changed) -> DynamicsConfig:
    return DynamicsConfig(**{**SETTINGS, "ensemble": ensemble, **changed})


def stop_at(step: int):
    def knock(now: int, _n_steps: int, _shown: dict[str, float]) -> None:
        if now == step:
            os.kill(os.getpid(), signal.SIGTERM)

    return knock


def assert_same_bits(one: Path, other: Path) -> None:
    with h5py.File(one / "trajectory.h5") as a, h5py.File(other / "trajectory.h5") as b:
        for name in ("step", "time", "position/value", "box/edges/value"):
            ours, theirs = (f["particles/all"][name][()] for f in (a, b))
            np.testing.assert_array_equal(ours, theirs, strict=True)
    assert (one / "log.csv").read_bytes() == (other / "log.csv").read_bytes()
    a, b = (vars(read_checkpoint(f / "checkpoint.npz")) for f in (one, other))
    for name in ("positions", "momenta", "forces"):
        np.testing.assert_array_equal(a.pop(name), b.pop(name), strict=True)
    assert a == b


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> dict[str, Path]:
    folders = {}
    for ensemble in ENSEMBLES:
        folders[ensemble] = tmp_path_factory.mktemp(ensemble)
        simulate(argon(), lennard_jones(), settings(ensemble), out=folders[ensemble])
    return folders


@pytest.mark.parametrize("ensemble", ENSEMBLES[1:])
def test_killed_run_goes_on_to_the_same_bits(tmp_path, whole, ensemble):
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path), ensemble],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert process.returncode == -signal.SIGKILL
    assert read_checkpoint(tmp_path / "checkpoint.npz").step == 36
    simulate(argon(), lennard_jones(), settings(ensemble), out=tmp_path, resume=True)
    assert_same_bits(tmp_path, whole[ensemble])


@pytest.mark.parametrize("ensemble", ENSEMBLES)
def test_run_stopped_twice_goes_on_to_the_same_bits(tmp_path, whole, ensemble):
    for step in (10, 50):
        with pytest.raises(Preempted):
            simulate(
                argon(), lennard_jones(), settings(ensemble),
                out=tmp_path, resume=True, progress=stop_at(step),
            )  # fmt: skip
    simulate(argon(), lennard_jones(), settings(ensemble), out=tmp_path, resume=True)
    assert_same_bits(tmp_path, whole[ensemble])


@pytest.mark.parametrize("ensemble", ENSEMBLES)
def test_what_a_checkpoint_forgets_shows_in_the_bits(tmp_path, whole, ensemble):
    """The test above can fail: a state without one part leads elsewhere."""
    with pytest.raises(Preempted):
        simulate(
            argon(), lennard_jones(), settings(ensemble),
            out=tmp_path, progress=stop_at(40),
        )  # fmt: skip
    path = tmp_path / "checkpoint.npz"
    state = read_checkpoint(path)
    if ensemble == "nose_hoover":
        assert np.abs(state.integrator["link_velocities"]).min() > 0
        state.integrator["link_velocities"][2] = 0.0
    elif ensemble.startswith("npt"):
        assert np.linalg.det(state.cell) != argon().get_volume()
        state.stress[2] *= 1 + 1e-9
    else:
        state.rng_state.update(np.random.default_rng(0).bit_generator.state)
    write_checkpoint(path, state)
    simulate(argon(), lennard_jones(), settings(ensemble), out=tmp_path, resume=True)
    with pytest.raises(AssertionError):
        assert_same_bits(tmp_path, whole[ensemble])


def test_a_checkpoint_from_before_the_ensembles_is_taken_up(tmp_path):
    """Fewer settings and no integrator state: what version 0.1 wrote."""
    config = DynamicsConfig(
        temperature_K=20, timestep_fs=5, n_steps=20, every=5, checkpoint_every=10
    )
    simulate(argon(), lennard_jones(), config, out=tmp_path)
    path = tmp_path / "checkpoint.npz"
    with np.load(path) as stored:
        arrays = {k: stored[k] for k in ("positions", "momenta", "forces")}
        meta = json.loads(str(stored["meta"]))
    for name in ("integrator", "cell", "stress"):
        meta.pop(name)
    for name in ("schedule", "thermostat_time_ps", "pressure_GPa", "barostat_every"):
        meta["config"].pop(name)
    np.savez(path, meta=np.array(json.dumps(meta)), **arrays)
    longer = config.model_copy(update={"n_steps": 40})
    result = simulate(argon(), lennard_jones(), longer, out=tmp_path, resume=True)
    assert result.n_steps == 40
