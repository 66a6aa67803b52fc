"""Training runs of seconds: what they leave, how they resume, what they refuse."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.morse import MorsePotential
from safetensors.numpy import load_file

from mlip.model_card import file_sha256, read_card
from mlip.registry import load_potential
from mlip.training import train
from mlip.training_config import ArchitectureConfig, TrainingConfig
from training_data import (
    Dataset,
    InputError,
    LevelOfTheory,
    read_dataset,
    write_dataset,
)

REPOSITORY = Path(__file__).parents[2]
TINY = ArchitectureConfig(
    channels=4,
    max_L=0,
    max_ell=1,
    correlation=1,
    r_max_A=3.5,
    n_radial=4,
    radial_layers=(8,),
    readout_channels=4,
    pair_repulsion=False,
)
REFERENCES = {"Li": -1.5, "Cl": -3.5}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Rock-salt cells with energies of a Morse potential plus one sum per element."""
    rng = np.random.default_rng(5)
    frames = []
    for index in range(12):
        atoms = Atoms("LiCl", [[0, 0, 0], [2.4, 0, 0]], pbc=True)
        atoms.set_cell(2.4 * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]))
        if index % 4 == 3:
            atoms.symbols[1] = "Li"
        atoms.rattle(0.15, rng=rng)
        atoms.set_cell(
            atoms.cell @ (np.eye(3) + 0.05 * rng.normal(size=(3, 3))), scale_atoms=True
        )
        atoms.calc = MorsePotential(epsilon=0.4, r0=2.5, rho0=4.0, rcut1=3.0, rcut2=3.4)
        labelled = Atoms(atoms.symbols, atoms.positions, cell=atoms.cell, pbc=True)
        labelled.info |= {
            "REF_energy": atoms.get_potential_energy()
            + sum(REFERENCES[s] for s in atoms.symbols),
            "REF_stress": atoms.get_stress(),
            "config_type": "metal" if index % 4 == 3 else "salt",
            "parent": f"p{index}",
            "group_id": f"p{index}/rattle",
            "functional": "Morse",
            "code": "ase",
        }
        labelled.arrays["REF_forces"] = atoms.get_forces()
        frames.append(labelled)
    path = tmp_path_factory.mktemp("data") / "morse.extxyz"
    level = LevelOfTheory(functional="Morse", code="ase")
    write_dataset(Dataset(frames=tuple(frames), level=level), path)
    return path


def config_for(data, **changes):
    values = {
        "dataset": str(data),
        "level": "Morse",
        "architecture": TINY,
        "split": {"held_out": ["p0"], "fractions": [0.8, 0.2, 0.0], "salt": "a"},
        "epochs": 6,
        "batch_size": 4,
        "dtype": "float64",
        "num_threads": 1,
    }
    return TrainingConfig(**{**values, **changes})


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory):
    """Return a finished run and the errors that it reported after every epoch."""
    out = tmp_path_factory.mktemp("runs") / "finished"
    reports = []
    result = train(
        config_for(data), out=out, progress=lambda *report: reports.append(report)
    )
    return result, reports


def test_run_leaves_model_card_curve_and_result(data, finished):
    result, reports = finished
    out = result.model.parent
    card = read_card(result.card)
    assert card.weights_sha256 == file_sha256(result.model)
    assert card.data_sha256 == {str(data): file_sha256(data)}
    assert card.level_of_theory == "Morse"
    assert card.elements == ("Li", "Cl")
    assert card.held_out == ("p0",)
    assert card.training["epochs"] == 6
    assert set(card.errors) == {"train", "validation", "test"}
    assert card.errors["test"]["all"]["n_frames"] == 1
    assert result.judged_on == "test"
    assert result.force_rmse_meV_per_A == pytest.approx(
        card.errors["test"]["all"]["force_rmse_meV_per_A"], rel=1e-12
    )
    assert [done for done, _, _ in reports] == [1, 2, 3, 4, 5, 6]
    assert len(json.loads((out / "training_curve.json").read_text())) == 6
    assert (out / "training_curve.png").stat().st_size > 1000
    assert (
        json.loads((out / "result.json").read_text())["model"]
        == result.to_json()["model"]
    )


def test_groups_stay_on_one_side(finished):
    result, _ = finished
    split = json.loads((result.model.parent / "provenance.json").read_text())["split"]
    names = [set(split[part]) for part in ("train", "validation", "test")]
    assert all(names)
    assert sum(map(len, names)) == len(set.union(*names)) == 12
    assert "p0/rattle" in split["test"]


def test_errors_on_the_card_are_those_of_the_kept_epoch(finished):
    """The averaged weights of the best epoch are kept, and the labels were read."""
    result, reports = finished
    second = [errors for done, _, errors in reports if done - 1 >= 0.7 * 6]
    best = min(second, key=lambda errors: errors["validation_loss"])
    kept = read_card(result.card).errors["validation"]["all"]
    # not the stress: mace counts the off-diagonal components twice
    for key in ("energy_rmse_meV_per_atom", "force_rmse_meV_per_A"):
        assert kept[key] == pytest.approx(best[key], rel=1e-6)


def test_training_lowers_the_errors(data, tmp_path):
    """Forces and stresses of an easy potential are learnt, so their signs are right."""
    reports = []
    train(
        config_for(data, epochs=30, learning_rate=0.02, second_stage=None),
        out=tmp_path / "run",
        progress=lambda *report: reports.append(report[2]),
    )
    for key in ("force_rmse_meV_per_A", "stress_rmse_meV_per_A3"):
        assert reports[-1][key] < 0.6 * reports[0][key]


def test_finished_run_gives_its_result_again(data, finished):
    result, _ = finished
    before = file_sha256(result.model)
    again = train(config_for(data), out=result.model.parent, resume=True)
    assert again == result
    assert file_sha256(result.model) == before


def test_killed_run_resumes_to_the_same_weights(data, finished, tmp_path):
    """Killed without warning after an epoch, then resumed: bit for bit the same."""
    straight, _ = finished
    out = tmp_path / "killed"
    script = tmp_path / "begin.py"
    script.write_text(
        "import sys, pathlib, time\n"
        "from mlip.training import train\n"
        "from mlip.training_config import TrainingConfig\n"
        "def stall(done, epochs, errors):\n"
        "    print(done, flush=True)\n"
        "    time.sleep(60 if done == 3 else 0)\n"
        "text = pathlib.Path(sys.argv[1]).read_text()\n"
        "train(TrainingConfig.model_validate_json(text),\n"
        "      out=pathlib.Path(sys.argv[2]), progress=stall)\n"
    )
    settings = tmp_path / "config.json"
    settings.write_text(config_for(data).model_dump_json())
    run = subprocess.Popen(
        [sys.executable, "-W", "ignore", str(script), str(settings), str(out)],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with run:
        lines = [run.stdout.readline().strip() for _ in range(3)]
        os.kill(run.pid, signal.SIGKILL)
    assert lines == ["1", "2", "3"]
    assert not (out / "result.json").exists()
    assert not (out / "model.safetensors").exists()

    epochs = []
    result = train(
        config_for(data),
        out=out,
        resume=True,
        progress=lambda done, *_: epochs.append(done),
    )
    assert epochs[0] > 1
    assert epochs[-1] == 6
    resumed, expected = load_file(result.model), load_file(straight.model)
    assert resumed.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(resumed[name], values, err_msg=name)


def test_resuming_another_configuration_is_refused(data, finished, tmp_path):
    out = tmp_path / "run"
    shutil.copytree(finished[0].model.parent, out)
    (out / "result.json").unlink()
    with pytest.raises(InputError, match="batch_size"):
        train(config_for(data, batch_size=2), out=out, resume=True)
    epochs = []
    more = train(
        config_for(data, epochs=7),
        out=out,
        resume=True,
        progress=lambda done, *_: epochs.append(done),
    )
    assert (more.n_epochs, epochs) == (7, [7])


def test_earlier_model_starts_where_it_was_up_to_new_references(data, finished):
    """With one step of no length, only the reference energies have moved."""
    result, _ = finished
    out = result.model.parent.parent / "shifted"
    shifted = train(
        config_for(
            data,
            architecture=ArchitectureConfig(),
            start_from=result.model.parent,
            epochs=1,
            learning_rate=1e-15,
            final_learning_rate=1e-15,
        ),
        out=out,
    )
    frames = list(read_dataset(data))
    before = load_potential(result.model).evaluate(frames)
    after = load_potential(shifted.model).evaluate(frames)
    np.testing.assert_allclose(
        np.concatenate(after.forces), np.concatenate(before.forces), atol=1e-9
    )
    change = after.energies - before.energies
    old = read_card(result.card).reference_energies_eV
    new = read_card(shifted.card).reference_energies_eV
    moved = [sum(new[s] - old[s] for s in f.symbols) for f in frames]
    np.testing.assert_allclose(change, moved, atol=1e-9)
    assert max(abs(new[s] - old[s]) for s in new) > 1e-4
    # least squares leaves no mean error on the training frames of either element
    offsets = read_card(shifted.card).extra["reference_energies"]
    assert abs(offsets["group_offsets_meV_per_atom"]["metal"]) < 1e-6


def test_time_limit_ends_a_run_cleanly(data, tmp_path):
    began = time.monotonic()
    result = train(
        config_for(data, epochs=100_000, max_minutes=0.03, dtype="float32"),
        out=tmp_path / "run",
    )
    assert 1.8 <= 60 * result.minutes < 15
    assert time.monotonic() - began < 60
    assert 1 < result.n_epochs < 100_000
    history = json.loads((tmp_path / "run" / "training_curve.json").read_text())
    assert {epoch["stage"] for epoch in history} == {1, 2}
    assert history[-1]["learning_rate"] < 0.1 * max(e["learning_rate"] for e in history)
    assert load_file(result.model)["node_embedding.linear.weight"].dtype == np.float32


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"dataset": "missing.extxyz"}, "missing.extxyz"),
        ({"level": "PBE-D3(BJ)"}, "level"),
        ({"split": {"held_out": ["p99"]}}, "p99"),
        ({"config_type_weights": {"gas": 2.0}}, "gas"),
        ({"reference_energies": {"Li": -1.0}}, "Cl"),
        ({"start_from": "no-run", "architecture": ArchitectureConfig()}, "no-run"),
        ({"device": "cuda"}, "device"),
    ],
)
def test_wrong_input_writes_nothing(data, tmp_path, changes, word):
    if changes.get("device") == "cuda" and _has_cuda():
        pytest.skip("this machine has CUDA")
    with pytest.raises(InputError, match=word):
        train(config_for(data, **changes), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def _has_cuda():
    import torch

    return torch.cuda.is_available()


def test_folder_that_holds_something_is_refused(data, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="resume"):
        train(config_for(data), out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
