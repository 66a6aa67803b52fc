"""Error reports whose numbers are known beforehand."""

import json

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT

from mlip.ase_potential import AsePotential
from mlip.error_report import evaluate_errors
from training_data import Dataset, LevelOfTheory

OFFSETS = {"cold": (0.010, 0.030), "hot": (-0.020,)}  # eV/atom, label - EMT
STRESS_ERROR = np.array([1.0, 2.0, 3.0, -1.0, -2.0, -3.0]) * 1e-3


@pytest.fixture(scope="module")
def potential():
    return AsePotential(EMT(), name="EMT", species=frozenset({"Cu"}))


@pytest.fixture(scope="module")
def dataset(potential):
    rng = np.random.default_rng(1)
    frames = []
    for kind, offsets in OFFSETS.items():
        for index, offset in enumerate(offsets):
            atoms = bulk("Cu", cubic=True) * (1 + index, 1, 1)
            atoms.rattle(0.05, rng=rng)
            found = potential.evaluate([atoms])
            atoms.info["REF_energy"] = found.energies[0] + offset * len(atoms)
            # every component off by exactly 40 meV/Å, up or down
            signs = rng.choice([-1.0, 1.0], size=(len(atoms), 3))
            atoms.arrays["REF_forces"] = found.forces[0] + 0.040 * signs
            if kind == "cold":
                atoms.info["REF_stress"] = found.stresses[0] + STRESS_ERROR
            atoms.info["config_type"] = kind
            frames.append(atoms)
    return Dataset(frames=tuple(frames), level=LevelOfTheory(functional="EMT"))


def test_errors_are_those_that_were_put_in(potential, dataset):
    report = evaluate_errors(potential, dataset)
    assert set(report.groups) == {"cold", "hot"}
    cold, hot = report.groups["cold"], report.groups["hot"]
    assert (cold.n_frames, hot.n_frames, report.all.n_frames) == (2, 1, 3)
    assert cold.energy_rmse_meV_per_atom == pytest.approx(500**0.5, rel=1e-6)
    assert cold.energy_mean_error_meV_per_atom == pytest.approx(-20.0, rel=1e-6)
    assert hot.energy_rmse_meV_per_atom == pytest.approx(20.0, rel=1e-6)
    assert not cold.energy_offset_removed
    assert cold.force_rmse_meV_per_A == pytest.approx(40.0, rel=1e-6)
    expected = 1e3 * np.sqrt(np.mean(STRESS_ERROR**2))
    assert cold.stress_rmse_meV_per_A3 == pytest.approx(expected, rel=1e-6)
    assert np.isnan(hot.stress_rmse_meV_per_A3)
    labels = np.concatenate([f.arrays["REF_forces"] for f in dataset.frames[:2]])
    assert cold.rms_force_meV_per_A == pytest.approx(
        1e3 * np.sqrt((labels**2).mean()), rel=1e-9
    )


def test_offset_is_removed_only_when_asked(potential, dataset):
    report = evaluate_errors(potential, dataset, remove_energy_offset=True)
    assert report.all.energy_offset_removed
    assert report.groups["cold"].energy_rmse_meV_per_atom == pytest.approx(
        10.0, rel=1e-5
    )


def test_report_is_json_without_nan(potential, dataset):
    text = json.dumps(evaluate_errors(potential, dataset).to_json(), allow_nan=False)
    assert json.loads(text)["groups"]["hot"]["stress_rmse_meV_per_A3"] is None


def test_failed_frame_is_named_and_left_out(potential, dataset):
    broken = dataset[1]
    broken.positions[0] = np.nan
    damaged = Dataset(frames=(dataset.frames[0], broken), level=dataset.level)
    report = evaluate_errors(potential, damaged)
    assert [f.id for f in report.failures] == ["1"]
    assert report.all.n_frames == 1
    assert report.all.energy_rmse_meV_per_atom == pytest.approx(10.0, rel=1e-5)


def test_parity_plot_shows_every_component(potential, dataset):
    report = evaluate_errors(potential, dataset)
    ax = report.plot(quantity="forces")
    n_components = 3 * sum(len(frame) for frame in dataset.frames)
    assert len(ax.lines[0].get_xdata()) == n_components
    assert "eV/Å" in ax.get_xlabel()
