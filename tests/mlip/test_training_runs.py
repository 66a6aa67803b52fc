"""Longer lives of a training run: kills, signals, patience, committees, old data."""

import json
import os
import signal
import time
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.morse import MorsePotential
from safetensors.numpy import load_file

from mlip import load_potential
from mlip.error_report import evaluate_errors
from mlip.model_card import read_card
from mlip.training import train
from mlip.training_config import ArchitectureConfig, TrainingConfig
from mlip.training_stop import TrainingPreempted
from training_data import (
    Dataset,
    InputError,
    LevelOfTheory,
    dataset_version,
    read_dataset,
    write_dataset,
)

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


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Two-atom cells labelled by a Morse potential."""
    rng = np.random.default_rng(5)
    frames = []
    for index in range(16):
        atoms = Atoms("LiCl", [[0, 0, 0], [2.4, 0, 0]], pbc=True)
        atoms.set_cell(2.4 * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]))
        if index % 4 == 3:
            atoms.symbols[1] = "Li"
        atoms.rattle(0.15, rng=rng)
        atoms.calc = MorsePotential(epsilon=0.4, r0=2.5, rho0=4.0, rcut1=3.0, rcut2=3.4)
        label = Atoms(atoms.symbols, atoms.positions, cell=atoms.cell, pbc=True)
        label.info |= {
            "REF_energy": atoms.get_potential_energy() - 2.0,
            "REF_stress": atoms.get_stress(),
            "config_type": "metal" if index % 4 == 3 else "salt",
            "parent": f"p{index}",
            "group_id": f"p{index}/rattle",
            "functional": "Morse",
            "code": "ase",
        }
        label.arrays["REF_forces"] = atoms.get_forces()
        frames.append(label)
    path = tmp_path_factory.mktemp("data") / "morse.extxyz"
    level = LevelOfTheory(functional="Morse", code="ase")
    write_dataset(Dataset(tuple(frames), level), path)
    return path


def config_for(data, **changes):
    held_out = ["p0", "p1"]
    values = {
        "dataset": str(data),
        "level": "Morse",
        "architecture": TINY,
        "split": {"held_out": held_out, "fractions": [0.6, 0.4, 0.0], "salt": "a"},
        "epochs": 30,
        "batch_size": 4,
        "dtype": "float64",
        "num_threads": 1,
        "patience_epochs": 25,
    }
    return TrainingConfig(**{**values, **changes})


@pytest.fixture(scope="module")
def straight(data, tmp_path_factory):
    """Return an undisturbed run."""
    return train(config_for(data), out=tmp_path_factory.mktemp("runs") / "straight")


def _train_in_child(config, out):
    import mlip.mace_training as training  # noqa: PLC0415

    training.CHECKPOINT_EVERY_S = 0.0  # every epoch, to be killed inside a write
    train(config, out=out, resume=True)


def test_ten_kills_lose_nothing(data, straight, tmp_path):
    """Every second kill falls while a checkpoint is being written."""
    out = tmp_path / "killed"
    rng = np.random.default_rng(7)
    inside, epochs = 0, []
    for number in range(10):
        child = get_context("fork").Process(
            target=_train_in_child, args=(config_for(data), out)
        )
        child.start()
        until = time.monotonic() + 60
        partial = out / "checkpoint.partial"
        partial.unlink(missing_ok=True)
        waits = int(rng.integers(1, 4))
        while time.monotonic() < until and child.is_alive():
            if number % 2 == 0 and partial.exists():
                inside += 1
                break
            if number % 2 and (out / "checkpoint.pt").exists():
                time.sleep(0.05 * waits)
                break
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        child.close()
        epochs.append((out / "result.json").exists())
    assert inside >= 3
    result = train(config_for(data), out=out, resume=True)
    assert result.n_epochs == straight.n_epochs
    resumed, expected = load_file(result.model), load_file(straight.model)
    for name, values in expected.items():
        np.testing.assert_array_equal(resumed[name], values, err_msg=name)
    history = json.loads((out / "training_curve.json").read_text())
    assert [entry["epoch"] for entry in history] == list(range(1, 31))


def test_signal_ends_in_order_and_resuming_changes_nothing(data, straight, tmp_path):
    out = tmp_path / "stopped"

    def stop_after_four(done, *_):
        if done == 4:
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(TrainingPreempted, match="SIGTERM") as stopped:
        train(config_for(data), out=out, progress=stop_after_four)
    assert stopped.value.epoch in (4, 5)
    assert signal.getsignal(signal.SIGTERM) == before
    epochs = []
    done = train(
        config_for(data), out=out, resume=True, progress=lambda e, *_: epochs.append(e)
    )
    assert epochs[0] == stopped.value.epoch + 1
    resumed, expected = load_file(done.model), load_file(straight.model)
    for name, values in expected.items():
        np.testing.assert_array_equal(resumed[name], values, err_msg=name)


def test_patience_begins_the_second_stage_and_then_ends_the_run(data, tmp_path):
    """At a rate of nothing no epoch is better than the first."""
    result = train(
        config_for(
            data,
            epochs=40,
            patience_epochs=3,
            learning_rate=1e-300,
            final_learning_rate=1e-300,
        ),
        out=tmp_path / "run",
    )
    history = json.loads((tmp_path / "run" / "training_curve.json").read_text())
    assert [entry["stage"] for entry in history] == [1] * 4 + [2] * 4
    assert result.n_epochs == 8


def test_patience_needs_validation(data, tmp_path):
    split = {"fractions": [1.0, 0.0, 0.0]}
    with pytest.raises(InputError, match="patience_epochs"):
        train(config_for(data, split=split), out=tmp_path / "run")


def test_card_names_the_version_of_the_data(data, straight):
    told = read_card(straight.card).extra["data_versions"][str(data)]
    assert told == dataset_version(data).to_json()
    assert told["groups"] == {"metal": 4, "salt": 12}


def test_committee_is_calibrated_and_loads_as_one(data, tmp_path):
    out = tmp_path / "committee"
    split = {"fractions": [0.4, 0.6, 0.0], "salt": "a"}
    config = config_for(data, committee=2, epochs=4, split=split)
    reports = []
    result = train(config, out=out, progress=lambda *told: reports.append(told[:2]))
    assert [done for done, _ in reports] == list(range(1, 9))
    assert {total for _, total in reports} == {8}
    record = json.loads((out / "committee.json").read_text())
    assert result.to_json()["model"] == f"committee:{out}"
    with pytest.raises(InputError, match=f"Give 'committee:{out}'"):
        load_potential(out)
    assert [member["seed"] for member in record["members"]] == [0, 1]
    assert set(record["calibration"]["spreads"]) == {
        "energy_eV_per_atom",
        "force_eV_per_A",
    }
    assert (out / "reliability.png").stat().st_size > 1000
    card = read_card(out / "member-1" / "model.card.json")
    assert card.extra["committee"]["calibration"] == record["calibration"]
    loaded = load_potential(f"committee:{result.model}")
    assert loaded.n_members == 2
    found = loaded.evaluate(list(read_dataset(data)))
    assert (found.energy_spreads > 0).all()
    again = train(config, out=out, resume=True)
    assert again.to_json() == json.loads(json.dumps(result.to_json()))


def test_going_on_tells_what_is_forgotten(data, straight, tmp_path):
    """Old data, metal and salt, though only the metal is trained on again."""
    metal = read_dataset(data).where(lambda f: f.info["config_type"] == "metal")
    path = tmp_path / "metal.extxyz"
    write_dataset(metal, path)
    result = train(
        config_for(
            path,
            architecture=ArchitectureConfig(),
            start_from=straight.model.parent,
            split={"fractions": [1.0, 0.0, 0.0]},
            patience_epochs=None,
            epochs=15,
            learning_rate=0.05,
        ),
        out=tmp_path / "run",
    )
    groups = result.forgetting["groups"]
    assert set(groups) == {"all", "elements", "compounds", "metal", "salt"}
    assert groups["all"]["n_frames"] == 16
    for when, model in (("before", straight.model), ("after", result.model)):
        found = evaluate_errors(load_potential(model), read_dataset(data))
        for kind, errors in found.groups.items():
            told = groups[kind]["force_rmse_meV_per_A"][when]
            assert told == pytest.approx(errors.force_rmse_meV_per_A, rel=1e-9)
    salt = groups["salt"]["force_rmse_meV_per_A"]
    assert abs(salt["after"] - salt["before"]) > 1e-3 * salt["before"]
    assert read_card(result.card).extra["forgetting"] == result.forgetting
    assert Path(result.model.parent / "forgetting.png").stat().st_size > 1000


def test_missing_old_data_are_told(data, straight, tmp_path):
    result = train(
        config_for(
            data,
            architecture=ArchitectureConfig(),
            start_from=straight.model,
            old_data=(),
            epochs=1,
        ),
        out=tmp_path / "run",
    )
    assert result.forgetting == {"not_judged": "old_data is empty"}
