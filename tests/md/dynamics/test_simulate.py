"""What a run leaves behind, and how often it asks the potential."""

import json

import h5py
import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk
from ase.constraints import FixAtoms

from md.dynamics import DynamicsConfig, Frame, simulate
from md.dynamics.log import read_log
from mlip.ase_potential import AsePotential
from training_data.errors import InputError


@pytest.mark.parametrize("ensemble", ["langevin", "nve"])
def test_a_step_asks_the_potential_once(tmp_path, springs, ensemble):
    atoms = bulk("Li", cubic=True) * 2
    potential = springs(atoms.positions)
    config = DynamicsConfig(n_steps=57, every=5, ensemble=ensemble)
    simulate(atoms, potential, config, out=tmp_path)
    assert potential.n_calls == 58  # the start and 57 steps


def test_frames_log_and_observers_tell_the_same(tmp_path, springs):
    atoms = bulk("LiCl", "rocksalt", a=5.1) * 3
    before = atoms.copy()
    atoms.arrays["layer"] = np.arange(len(atoms))
    seen: list[Frame] = []
    steps: list[int] = []
    config = DynamicsConfig(n_steps=25, every=10, timestep_fs=2.0, seed=5)
    result = simulate(
        atoms, springs(atoms.positions), config, out=tmp_path, observers=[seen.append],
        progress=lambda step, _n_steps, _shown: steps.append(step),
    )  # fmt: skip
    assert atoms == before
    assert "momenta" not in atoms.arrays
    assert [f.step for f in seen] == [0, 10, 20]
    assert steps == [10, 20, 25]
    table = read_log(tmp_path / "log.csv")
    assert table["step"] == [0, 10, 20]
    assert table["time_ps"] == [0.0, 0.02, 0.04]
    with h5py.File(tmp_path / "trajectory.h5") as file:
        positions = file["particles/all/position/value"][()]
        recorded = file["observables/temperature_K/value"][()]
        labels = file["parameters/lithophile/arrays/layer"][()]
    np.testing.assert_array_equal(labels, atoms.arrays["layer"])
    masses = atoms.get_masses()[:, None]
    for k, frame in enumerate(seen):
        sites = frame.positions - atoms.positions
        kinetic = 0.5 * np.sum(frame.momenta**2 / masses)
        temperature = 2 * kinetic / ((3 * len(atoms) - 3) * units.kB)
        assert frame.kinetic_energy == pytest.approx(kinetic, rel=1e-12)
        assert frame.potential_energy == pytest.approx(
            0.5 * np.sum(sites**2), rel=1e-12
        )
        assert frame.temperature_K == pytest.approx(temperature, rel=1e-12)
        assert table["temperature_K"][k] == frame.temperature_K == recorded[k]
        assert table["total_energy_eV"][k] == frame.total_energy
        # the trajectory's cell is in standard orientation: distances are what it keeps
        np.testing.assert_allclose(
            np.linalg.norm(positions[k] - positions[k][0], axis=1),
            np.linalg.norm(frame.positions - frame.positions[0], axis=1),
            rtol=1e-12,
            atol=1e-12,
        )
    assert result.n_frames == 3
    assert result.degrees_of_freedom == 3 * len(atoms) - 3
    plain = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert plain["n_steps"] == 25
    assert [event["kind"] for event in plain["events"]] == ["started", "finished"]


def test_fixed_atoms_stay_where_they_are(tmp_path, springs):
    atoms = bulk("Li", cubic=True) * 2
    atoms.set_constraint(FixAtoms([0, 7]))
    last: list[Frame] = []
    config = DynamicsConfig(n_steps=200, every=100, temperature_K=300)
    simulate(
        atoms, springs(atoms.positions + 0.1), config, out=tmp_path,
        observers=[last.append],
    )  # fmt: skip
    np.testing.assert_array_equal(last[-1].positions[[0, 7]], atoms.positions[[0, 7]])
    assert (last[-1].momenta[[0, 7]] == 0).all()


def test_seed_decides_the_trajectory(tmp_path, springs):
    atoms = bulk("Li", cubic=True) * 2
    finals = []
    for k, seed in enumerate((1, 1, 2)):
        out = tmp_path / str(k)
        config = DynamicsConfig(n_steps=30, every=30, seed=seed)
        simulate(atoms, springs(atoms.positions), config, out=out)
        finals.append((out / "log.csv").read_text())
    assert finals[0] == finals[1] != finals[2]


def test_unknown_element_is_refused_before_anything_is_written(tmp_path):
    from ase.calculators.emt import EMT  # noqa: PLC0415

    potential = AsePotential(lambda: EMT(), species=["Cu", "Au"])  # noqa: PLW0108
    with pytest.raises(InputError, match="Zr"):
        simulate(
            Atoms("Zr2", positions=[[0, 0, 0], [3, 0, 0]]), potential,
            DynamicsConfig(), out=tmp_path / "run",
        )  # fmt: skip
    assert not (tmp_path / "run").exists()


def test_nothing_else_in_the_folder_ends_in_h5(tmp_path, springs):
    atoms = bulk("Li", cubic=True) * 2
    simulate(atoms, springs(atoms.positions), DynamicsConfig(n_steps=10), out=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".lock", "checkpoint.npz", "events.jsonl", "log.csv", "trajectory.h5",
    ]  # fmt: skip


def test_temperature_is_plotted_against_time(tmp_path, springs):
    import matplotlib as mpl

    mpl.use("Agg")
    atoms = bulk("Li", cubic=True) * 2
    config = DynamicsConfig(n_steps=20, every=10)
    result = simulate(atoms, springs(atoms.positions), config, out=tmp_path)
    times, _ = result.plot().get_lines()[0].get_data()
    np.testing.assert_allclose(times, [0, 0.01, 0.02], rtol=1e-12)
