"""Versions of a data set: additions, history, one writer."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from training_data import (
    Dataset,
    InputError,
    LevelOfTheory,
    append_frames,
    dataset_version,
    read_dataset,
)
from training_data.versions import only_writer, read_versions

REPOSITORY = Path(__file__).parents[2]
LEVEL = LevelOfTheory(functional="PBE", code="GPAW")


def frames(*distances, level=LEVEL):
    made = []
    for distance in distances:
        atoms = Atoms("LiCl", [[0, 0, 0], [distance, 0, 0]], cell=[8, 8, 8], pbc=True)
        atoms.info |= {
            "REF_energy": -distance,
            "config_type": "pair",
            "functional": level.functional,
            "code": level.code,
        }
        atoms.arrays["REF_forces"] = np.zeros((2, 3))
        made.append(atoms)
    return Dataset(tuple(made), level)


def test_every_addition_is_a_version_and_repeats_are_none(tmp_path):
    path = tmp_path / "set.extxyz"
    first = append_frames(path, frames(2.0, 2.1))
    second = append_frames(path, frames(2.1, 2.2))
    assert (first.number, first.n_frames) == (1, 2)
    assert (second.number, second.n_frames) == (2, 3)
    assert append_frames(path, frames(2.0)) == second
    assert dataset_version(path) == second
    assert [v.sha256 for v in read_versions(path)] == [first.sha256, second.sha256]
    assert second.groups == {"pair": 3}
    assert second.elements == {"Cl": 3, "Li": 3}
    assert [f.info["REF_energy"] for f in read_dataset(path)] == [-2.0, -2.1, -2.2]


def test_file_without_history_begins_one(tmp_path):
    path = tmp_path / "set.extxyz"
    append_frames(path, frames(2.0))
    (tmp_path / "set.versions.json").unlink()
    assert dataset_version(path).number == 0
    assert append_frames(path, frames(2.3)).number == 2


def test_another_level_leaves_everything_as_it_was(tmp_path):
    path = tmp_path / "set.extxyz"
    before = append_frames(path, frames(2.0))
    other = LevelOfTheory(functional="PBEsol", code="GPAW")
    with pytest.raises(InputError, match="level"):
        append_frames(path, frames(2.5, level=other))
    assert dataset_version(path) == before
    assert len(read_versions(path)) == 1


def test_second_writer_is_refused(tmp_path):
    path = tmp_path / "set.extxyz"
    script = (
        "import sys\nfrom training_data.versions import only_writer\n"
        "from training_data import InputError\n"
        "try:\n    with only_writer(sys.argv[1]):\n        print('wrote')\n"
        "except InputError as error:\n    print(error)\n"
    )
    command = [sys.executable, "-c", script, str(path)]

    def ask():
        return subprocess.run(
            command, cwd=REPOSITORY, capture_output=True, text=True, check=True
        ).stdout

    with only_writer(path):
        assert "one writer" in ask()
    assert ask() == "wrote\n"
