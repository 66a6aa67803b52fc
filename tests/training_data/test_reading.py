"""Files of labelled configurations: what is read, and how bad ones are refused."""

import numpy as np
import pytest
from ase import Atoms
from ase.io import write

from training_data import InputError, read_dataset, read_structures, write_dataset


def labelled(**info):
    atoms = Atoms("LiCl", positions=[[0, 0, 0], [0, 0, 2.5]], cell=[5, 5, 5], pbc=True)
    atoms.info |= {"REF_energy": -7.5, "functional": "PBE", "code": "X"} | info
    atoms.arrays["REF_forces"] = np.array([[0.0, 0, 0.25], [0, 0, -0.25]])
    return atoms


def written(tmp_path, *frames):
    path = tmp_path / "data.extxyz"
    write(path, list(frames), format="extxyz")
    return path


def test_labels_survive_a_round_trip_exactly(tmp_path):
    stress = [1e-3, -2e-3, 3e-3, 4e-4, -5e-4, 6e-4]
    dataset = read_dataset(written(tmp_path, labelled(REF_stress=stress)))
    write_dataset(dataset, tmp_path / "again.extxyz")
    again = read_dataset(tmp_path / "again.extxyz")
    assert again.energies[0] == -7.5
    np.testing.assert_array_equal(again.forces[0], dataset.forces[0])
    np.testing.assert_array_equal(again.stresses[0], stress)
    assert again.level == dataset.level
    assert not list(tmp_path.glob("*.part"))


def test_virials_become_stress_with_the_opposite_sign_over_the_volume(tmp_path):
    virial = np.diag([125.0, 250.0, 375.0])
    dataset = read_dataset(written(tmp_path, labelled(REF_virials=virial)))
    np.testing.assert_allclose(dataset.stresses[0], [-1, -2, -3, 0, 0, 0], rtol=1e-12)


def without(atoms, *keys):
    for key in keys:
        atoms.info.pop(key, None)
        atoms.arrays.pop(key, None)
    return atoms


def test_labels_under_plain_names_are_named_with_the_remedy(tmp_path):
    bad = without(labelled(energy=-7.5), "REF_energy")
    path = written(tmp_path, labelled(), bad)
    with pytest.raises(InputError, match=r"frame 1 of .*REF_energy.*got keys energy"):
        read_dataset(path)


def test_energy_without_forces_is_refused(tmp_path):
    path = written(tmp_path, without(labelled(), "REF_forces"))
    with pytest.raises(InputError, match=r"frame 0 of .* must hold REF_forces"):
        read_dataset(path)


@pytest.mark.parametrize("key", ["REF_energy", "REF_stress", "D3_energy"])
def test_numbers_that_are_not_finite_are_refused(tmp_path, key):
    value = np.nan if key != "REF_stress" else [np.nan] * 6
    path = written(tmp_path, labelled(), labelled(**{key: value}))
    with pytest.raises(InputError, match=rf"{key} in frame 1 of .* must be finite"):
        read_dataset(path)


def test_the_atom_with_a_bad_force_is_named(tmp_path):
    bad = labelled()
    bad.arrays["REF_forces"][1, 2] = np.inf
    with pytest.raises(InputError, match="REF_forces of atom 1 in frame 0"):
        read_dataset(written(tmp_path, bad))


@pytest.mark.parametrize("other", [{"functional": "PBEsol"}, {"code": "Y"}])
def test_two_levels_of_theory_are_never_mixed(tmp_path, other):
    path = written(tmp_path, labelled(), labelled(), labelled(**other))
    with pytest.raises(InputError, match=r"frame 2 of .*level of theory of frame 0"):
        read_dataset(path)


def test_a_truncated_file_says_how_far_it_was_good(tmp_path):
    path = written(tmp_path, labelled(), labelled())
    text = path.read_text()
    path.write_text(text[: text.rindex("Cl")])
    with pytest.raises(InputError, match="after 1 good frame"):
        read_dataset(path)


def test_missing_empty_and_pointer_files(tmp_path):
    with pytest.raises(InputError, match="must exist"):
        read_dataset(tmp_path / "nothing.extxyz")
    (tmp_path / "empty.extxyz").touch()
    with pytest.raises(InputError, match="empty file"):
        read_dataset(tmp_path / "empty.extxyz")
    with pytest.raises(InputError, match="empty file"):
        read_structures(tmp_path / "empty.extxyz")
    pointer = tmp_path / "pointer.extxyz"
    pointer.write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    )
    with pytest.raises(InputError, match="git lfs pull"):
        read_structures(pointer)


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = written(tmp_path, labelled())
    before = path.read_bytes()
    dataset = read_dataset(path)
    dataset.frames[0].arrays["broken"] = np.array([1j, 2j])
    with pytest.raises(KeyError):
        write_dataset(dataset, path)
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.part"))
