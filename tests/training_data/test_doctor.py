"""The doctor finds every deliberate damage by name, and leaves sound sets alone."""

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.lj import LennardJones
from ase.io import write

from training_data import InputError, examine_dataset, load_shipped
from training_data.doctor_forces import nearest_unit

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
RY = 13.605693
BOHR = 0.52917721
KBAR = 1602.1766
CUTOFF_SHIFT = 0.024  # eV/atom, as measured between 400 and 550 eV


@pytest.fixture
def frames():
    return [frame.copy() for frame in load_shipped().frames]


@pytest.fixture
def examine(tmp_path):
    def run(frames):
        path = tmp_path / "labels.extxyz"
        write(path, frames, format="extxyz")
        return examine_dataset(path)

    return run


def failed(report):
    return {each.check for each in report.findings if each.severity == "fail"}


def the(report, check, severity="fail"):
    (found,) = (each for each in report.of(check) if each.severity == severity)
    return found


def test_shipped_set_has_no_failure(frames, examine):
    report = examine(frames)
    assert failed(report) == set()
    assert report.verdict == "warn"
    assert report.elements == ("Li", "Cl", "Zr")
    assert report.n_frames == len(frames)
    assert report.of("stress_sign")[0].severity == "ok"
    assert report.of("energy_unit")[0].severity == "ok"
    assert report.measured["energy_over_force_work"] == pytest.approx(1, rel=0.15)
    assert report.measured["stress_factor_from_energies"] == pytest.approx(1, rel=0.15)
    assert report.measured["stress_factor_from_forces"] == pytest.approx(1, rel=0.35)
    assert report.to_json()["findings"][0]["severity"] == "warn"


def test_stress_of_the_other_sign(frames, examine):
    for frame in frames:
        frame.info["REF_stress"] = -frame.info["REF_stress"]
    report = examine(frames)
    assert failed(report) == {"stress_sign"}
    assert "-1" in the(report, "stress_sign").message


@pytest.mark.parametrize(("factor", "unit"), [(KBAR, "kbar"), (160.21766, "GPa")])
def test_stress_in_another_unit(frames, examine, factor, unit):
    for frame in frames:
        frame.info["REF_stress"] = factor * frame.info["REF_stress"]
    report = examine(frames)
    assert failed(report) == {"stress_unit"}
    assert unit in the(report, "stress_unit").message


def test_stress_as_vasp_prints_it(frames, examine):
    for frame in frames:
        frame.info["REF_stress"] = -KBAR * frame.info["REF_stress"][[0, 1, 2, 5, 3, 4]]
    assert {"stress_sign", "stress_unit", "stress_order"} <= failed(examine(frames))


def test_energy_in_rydberg(frames, examine):
    for frame in frames:
        frame.info["REF_energy"] /= RY
    report = examine(frames)
    assert failed(report) == {"energy_unit"}
    assert "Ry" in the(report, "energy_unit").message


def test_gradients_in_place_of_forces_leave_the_stress_alone(frames, examine):
    """Only the forces are wrong: no remedy for stresses and energies that are sound."""
    for frame in frames:
        frame.arrays["REF_forces"] = -frame.arrays["REF_forces"]
    report = examine(frames)
    assert failed(report) == {"energy_unit"}
    assert "gradients" in the(report, "energy_unit").message
    for check in ("stress_sign", "stress_unit", "stress_order", "mixed_levels"):
        assert report.of(check)[0].severity == "untested"
        assert "mend them first" in report.of(check)[0].message


def test_atomic_units_beside_a_sound_stress(frames, examine):
    for frame in frames:
        frame.info["REF_energy"] /= 2 * RY
        frame.arrays["REF_forces"] = frame.arrays["REF_forces"] * BOHR / (2 * RY)
    report = examine(frames)
    assert failed(report) == {"energy_unit"}
    assert "atomic units" in the(report, "energy_unit").message


def test_energies_and_forces_in_kilojoule_may_have_a_sound_stress(frames, examine):
    for frame in frames:
        frame.info["REF_energy"] *= 96.485332
        frame.arrays["REF_forces"] = frame.arrays["REF_forces"] * 96.485332
    assert "both in kJ/mol" in the(examine(frames), "stress_unit").message


def test_shuffled_forces(frames, examine):
    rng = np.random.default_rng(1)
    for frame in frames:
        frame.arrays["REF_forces"] = rng.permutation(frame.arrays["REF_forces"])
    report = examine(frames)
    assert "shuffled_forces" in failed(report)
    assert the(report, "shuffled_forces").n_frames > 300
    assert report.of("mixed_levels")[0].severity == "untested"


def test_forces_of_a_tenth_shuffled(frames, examine):
    rng = np.random.default_rng(1)
    spoilt = set(range(0, len(frames), 10))
    for index in spoilt:
        forces = frames[index].arrays["REF_forces"]
        frames[index].arrays["REF_forces"] = rng.permutation(forces)
    report = examine(frames)
    assert failed(report) == {"shuffled_forces"}
    assert "mend the forces first" in report.of("mixed_levels")[0].message
    found = the(report, "shuffled_forces")
    assert len(spoilt.intersection(found.frames)) >= 12
    assert len(set(found.frames) - spoilt) <= 1


def test_copies_across_splits(frames, examine):
    copies = [frame.copy() for frame in frames[::15]]
    for frame in frames:
        frame.info["split"] = "train"
    for frame in copies:
        frame.info["split"] = "test"
    found = the(examine([*frames, *copies]), "leakage")
    assert {0, 15, 30, len(frames), len(frames) + 1} <= set(found.frames)
    assert "test" in found.message


def test_copies_in_disguise_across_files(frames, tmp_path):
    """Another order of atoms, orientation and origin does not hide a copy."""
    rng = np.random.default_rng(0)
    copies = []
    for frame in frames[5:40:7]:
        copy = frame[rng.permutation(len(frame))]
        copy.rotate(37, (1, 2, 3), rotate_cell=True)
        copy.translate((1.0, 0.4, -2.0))
        copy.wrap()
        copy.info = dict(frame.info)
        copies.append(copy)
    write(tmp_path / "train.extxyz", frames, format="extxyz")
    write(tmp_path / "held-out.extxyz", copies, format="extxyz")
    report = examine_dataset(tmp_path / "train.extxyz", tmp_path / "held-out.extxyz")
    found = next(each for each in report.of("leakage") if each.severity == "fail")
    assert set(range(len(frames), len(frames) + len(copies))) <= set(found.frames)


def test_copies_under_another_parent(frames, examine):
    copies = [frame.copy() for frame in frames[::15]]
    for frame in copies:
        frame.info["parent"] = "a new name"
    assert "leakage" in failed(examine([*frames, *copies]))


@pytest.mark.parametrize("index", [5, 100, 250])
def test_one_frame_of_another_level(frames, examine, index):
    frames[index].info["REF_energy"] -= 0.22 * len(frames[index])
    found = the(examine(frames), "mixed_levels")
    assert found.frames == (index,)


def test_one_frame_that_names_another_level(frames, examine):
    frames[7].info["functional"] = "PBEsol"
    assert the(examine(frames), "mixed_levels").frames == (7,)


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_energies_of_another_cutoff_mixed_in(frames, examine, share):
    rng = np.random.default_rng(2)
    for frame in frames:
        if rng.random() < share:
            frame.info["REF_energy"] += CUTOFF_SHIFT * len(frame)
    report = examine(frames)
    assert failed(report) == {"mixed_levels"}
    found = the(report, "mixed_levels")
    assert found.n_frames >= 8
    assert "cutoff" in found.message


def test_labels_that_are_missing_or_spoilt(frames, examine):
    del frames[3].info["REF_energy"]
    frames[4].arrays["REF_forces"][0, 0] = np.nan
    report = examine(frames)
    found = {index for each in report.of("missing_labels") for index in each.frames}
    assert {3, 4} <= found
    assert "missing_labels" in failed(report)


def test_atoms_on_top_of_each_other(frames, examine):
    frame = frames[11]
    frame.positions[1] = frame.positions[0] + 0.3
    found = the(examine(frames), "close_atoms")
    assert 11 in found.frames
    assert "frame 11" in found.message


def test_force_outlier_is_shown(frames, examine):
    frames[8].arrays["REF_forces"][2] = (500.0, 0.0, 0.0)
    found = the(examine(frames), "force_outliers")
    assert found.frames == (8,)
    assert "atom 2 of frame 8" in found.message


def test_file_that_is_cut_off_is_judged_as_far_as_it_goes(frames, tmp_path):
    path = tmp_path / "cut.extxyz"
    write(path, frames[:20], format="extxyz")
    text = path.read_text("utf-8")
    path.write_text(text[: int(0.87 * len(text))], encoding="utf-8")
    report = examine_dataset(path)
    assert "readable" in failed(report)
    assert 15 <= report.n_frames < 20


def test_missing_and_empty_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="must exist"):
        examine_dataset(tmp_path / "none.extxyz")
    (tmp_path / "empty.extxyz").touch()
    with pytest.raises(InputError, match="at least one configuration"):
        examine_dataset(tmp_path / "empty.extxyz")


def test_little_data_is_untested_rather_than_wrong(tmp_path):
    atoms = bulk("Cu")
    atoms.info["REF_energy"] = -3.7
    atoms.arrays["REF_forces"] = np.zeros((1, 3))
    write(tmp_path / "one.extxyz", atoms, format="extxyz")
    report = examine_dataset(tmp_path / "one.extxyz")
    assert failed(report) == set()
    for check in ("shuffled_forces", "energy_unit", "mixed_levels", "stress_sign"):
        assert report.of(check)[0].severity == "untested"


def test_analytic_labels_give_exactly_one(tmp_path):
    """Lennard-Jones labels: both slopes are 1, without any stress offset."""
    rng = np.random.default_rng(0)
    frames = []
    for _ in range(30):
        atoms = bulk("Ar", "fcc", a=1.56, cubic=True)
        atoms.set_cell(
            atoms.cell.array @ (np.eye(3) + rng.normal(scale=0.004, size=(3, 3))),
            scale_atoms=True,
        )
        atoms.positions += rng.normal(scale=0.004, size=(4, 3))
        atoms.set_cell(atoms.cell.array * 2.4, scale_atoms=True)
        atoms.calc = LennardJones(sigma=2.4, epsilon=0.1, rc=7.0, smooth=True)
        atoms.info["REF_energy"] = atoms.get_potential_energy()
        atoms.arrays["REF_forces"] = atoms.get_forces()
        atoms.info["REF_stress"] = atoms.get_stress()
        atoms.calc = None
        frames.append(atoms)
    write(tmp_path / "lj.extxyz", frames, format="extxyz")
    report = examine_dataset(tmp_path / "lj.extxyz")
    assert report.measured["energy_over_force_work"] == pytest.approx(1, rel=0.02)
    assert report.measured["stress_factor_from_energies"] == pytest.approx(1, rel=0.02)
    assert failed(report) == set()


def test_clusters_without_a_cell_are_no_trouble(tmp_path):
    frames = []
    for length in (1.9, 2.0, 2.1):
        atoms = Atoms("LiCl", [(0, 0, 0), (0, 0, length)])
        atoms.info["REF_energy"] = length
        atoms.arrays["REF_forces"] = np.array([(0, 0, 1.0), (0, 0, -1.0)])
        frames.append(atoms)
    frames.append(Atoms("Li", info={"REF_energy": -0.2}))
    frames[-1].arrays["REF_forces"] = np.zeros((1, 3))
    write(tmp_path / "clusters.extxyz", frames, format="extxyz")
    report = examine_dataset(tmp_path / "clusters.extxyz")
    assert report.n_frames == 4
    assert "Li -0.200 eV" in report.of("isolated_atoms")[0].message


def test_memory_limit_is_kept_and_said(frames, tmp_path):
    write(tmp_path / "labels.extxyz", frames[:60], format="extxyz")
    report = examine_dataset(tmp_path / "labels.extxyz", max_atoms=300)
    assert "of 60" in report.of("memory")[0].message


def test_nearest_unit_respects_the_tolerance():
    units = {"Ry": 1 / RY, "hartree": 0.5 / RY}
    assert nearest_unit(0.0735, units, tolerance=1.2) == "Ry"
    assert nearest_unit(0.05, units, tolerance=1.2) is None
    assert nearest_unit(-0.0735, units, tolerance=1.2) is None


@pytest.mark.skipif(not SHARED.is_dir(), reason="the public data sets are not here")
@pytest.mark.parametrize(
    "name", ["li-metal-dft/Li_training.extxyz", "llzo-dft/llzo_dft_union.extxyz"]
)
def test_public_sets_have_no_failure(name):
    report = examine_dataset(SHARED / name)
    assert failed(report) == set()
    assert report.of("keys")[0].severity == "warn"
    assert "rename energy → REF_energy" in report.of("keys")[0].message


@pytest.mark.skipif(not SHARED.is_dir(), reason="the public data sets are not here")
def test_unlabelled_stress_of_the_lithium_set_is_recognised():
    report = examine_dataset(SHARED / "li-metal-dft" / "Li_training.extxyz")
    message = report.of("stress_sign")[0].message
    assert "kbar with compression positive" in message
    assert "xy yz zx" in message
