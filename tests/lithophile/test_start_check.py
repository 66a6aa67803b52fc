"""What ``lithophile md`` checks before its first step, and that it refuses."""

import json

import pytest
import torch  # noqa: TID253 (writes a network to be refused)
from ase.build import bulk
from ase.io import write

from mlip.mace_model import build_mace, describe_architecture
from mlip.training_config import ArchitectureConfig
from mlip.weights import default_dtype


@pytest.fixture
def structure(tmp_path):
    atoms = bulk("LiCl", "rocksalt", a=5.13, cubic=True) * (2, 2, 1)
    atoms.rattle(0.03, seed=0)
    write(tmp_path / "salt.extxyz", atoms)
    return "salt.extxyz"


@pytest.fixture
def all_electron_network(tmp_path):
    """Write a network whose energies single precision holds to some meV only."""
    torch.manual_seed(0)
    with default_dtype(torch.float64):
        network = build_mace(
            describe_architecture(
                ArchitectureConfig(channels=4, r_max_A=4.0, radial_layers=(8, 8)),
                reference_energies_eV={"Li": -2e4, "Cl": -1.3e4},
                average_neighbours=9.0,
                force_scale_eV_per_A=0.1,
            )
        )
    with pytest.warns(DeprecationWarning, match="torch.jit"):  # from e3nn
        torch.save(network, tmp_path / "network.model")
    return "network.model"


def test_single_precision_that_changes_the_energy_is_refused(
    lithophile, structure, all_electron_network, tmp_path
):
    """Exit 2, the numbers in one message, nothing written."""
    options = ["md", "--structure", structure, "--model", all_electron_network]
    options += ["--trust-model", "--steps", 2, "--every", 1, "--out", "run"]
    refused = lithophile(*options, "--dtype", "float32", code=2)
    assert "plain double path" in refused.message
    assert "meV/atom (limit 0.1)" in refused.message
    assert "--dtype float64" in refused.message
    assert not (tmp_path / "run").exists()


def test_check_stands_in_result_and_events(lithophile, structure, tmp_path):
    options = ["md", "--structure", structure, "--dtype", "float32", "--every", 1]
    options += ["--engine", "cueq", "--out", "run", "--json"]
    done = lithophile(*options, "--steps", 2)
    start = done.json["start"]
    assert start["engine"]["asked"] == "cueq"
    assert start["engine"]["used"] == "fast"
    assert "NVIDIA" in done.stderr
    assert start["gate"]["passed"]
    assert 0 < start["gate"]["force_difference_meV_per_A"] < 2.0
    assert 0 < start["memory"]["needed_GiB"] < start["memory"]["free_GiB"]
    assert json.loads((tmp_path / "run/result.json").read_text())["start"] == start
    kinds = [event["kind"] for event in done.json["events"]]
    assert kinds == ["started", "checked", "finished"]
    again = lithophile(*options, "--steps", 2, "--resume").json
    assert again["start"] == start
    assert [event["kind"] for event in again["events"]] == kinds
    longer = lithophile(*options, "--steps", 4, "--resume").json
    assert [event["kind"] for event in longer["events"]].count("checked") == 2


def test_check_can_be_left_out(lithophile, structure, tmp_path):
    (tmp_path / "md.yaml").write_text("start_check: false\n")
    done = lithophile(
        *("md", "--structure", structure, "--config", "md.yaml", "--steps", 1),
        *("--every", 1, "--out", "run", "--json"),
    ).json
    assert done["start"]["gate"] is None
    assert "off" in done["start"]["note"]
