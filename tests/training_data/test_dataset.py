"""Data sets: immutability, groups, level of theory, dispersion, the shipped set."""

import json
from collections import Counter

import numpy as np
import pytest
from ase import Atoms

from training_data import (
    Dataset,
    InputError,
    LevelOfTheory,
    dispersion,
    load_shipped,
    shipped_path,
    split_by_group,
)

PBE = LevelOfTheory(functional="PBE", code="X")


@pytest.fixture(scope="module")
def shipped():
    return load_shipped()


def synthetic(names):
    frames = []
    for name in names:
        atoms = Atoms("Li", cell=[3, 3, 3], pbc=True)
        atoms.info |= {"REF_energy": -1.0, "parent": name}
        atoms.arrays["REF_forces"] = np.zeros((1, 3))
        frames.append(atoms)
    return Dataset(tuple(frames), PBE, "synthetic")


def test_the_shipped_set_is_the_one_its_card_counts(shipped):
    folder = shipped_path().parent
    card = json.loads((folder / "cards.json").read_text())["li-zr-cl-pbe"]
    assert len(shipped) == card["n_frames"] >= 274
    assert shipped.n_atoms == card["n_atoms"] >= 3343
    assert dict(sorted(Counter(shipped.config_types).items())) == card["config_types"]
    assert card["sha256"] in (folder / "li-zr-cl-pbe.md").read_text()
    assert shipped.level.name == "PBE"


def test_changing_a_frame_that_was_handed_out_changes_nothing(shipped):
    before = shipped.forces[0].copy()
    frame = shipped[0]
    frame.arrays["REF_forces"] += 1.0
    frame.info["REF_energy"] = 0.0
    np.testing.assert_array_equal(shipped.forces[0], before)
    assert shipped.energies[0] != 0.0


def test_stored_dispersion_is_what_the_reference_implementation_gives(shipped):
    for i in range(0, len(shipped), 40):
        frame = shipped[i]
        part = dispersion(frame)
        np.testing.assert_allclose(part.energy, frame.info["D3_energy"], rtol=1e-9)
        # the file keeps eight decimals of a force
        np.testing.assert_allclose(part.forces, frame.arrays["D3_forces"], atol=6e-9)
        np.testing.assert_allclose(part.stress, frame.info["D3_stress"], rtol=1e-9)


def test_a_short_cutoff_costs_what_its_page_says(shipped):
    atoms = shipped[30].repeat((2, 2, 2))
    full, short = dispersion(atoms), dispersion(atoms, cutoff_A=21.2)
    assert 0 < 1000 * (short.energy - full.energy) / len(atoms) < 0.5
    assert 0 < 1000 * abs(short.forces - full.forces).max() < 0.01


def test_dispersion_forces_and_stress_are_derivatives_of_its_energy(shipped):
    atoms = shipped[30]
    atoms.rattle(0.05, seed=1)
    # pairs are cut off sharply at 60 bohr: the energy has tiny steps
    part, h = dispersion(atoms), 1e-3
    atom, axis = np.unravel_index(np.argmax(abs(part.forces)), part.forces.shape)
    moved = [atoms.copy(), atoms.copy()]
    moved[0].positions[atom, axis] += h
    moved[1].positions[atom, axis] -= h
    slope = (dispersion(moved[0]).energy - dispersion(moved[1]).energy) / (2 * h)
    np.testing.assert_allclose(part.forces[atom, axis], -slope, rtol=2e-3)
    for index, (row, column) in {2: (2, 2), 4: (0, 2)}.items():
        energies = []
        for sign in (1, -1):
            strain = np.eye(3)
            strain[row, column] += sign * h / 2
            strain[column, row] += sign * h / 2
            strained = atoms.copy()
            strained.set_cell(atoms.cell.array @ strain, scale_atoms=True)
            energies.append(dispersion(strained).energy)
        slope = (energies[0] - energies[1]) / (2 * h) / atoms.get_volume()
        error = abs(part.stress[index] - slope)
        assert error < 1e-3 * abs(part.stress).max()


def test_the_sum_is_the_same_whether_dispersion_is_stored_or_computed(shipped):
    part = shipped.select(range(5))
    bare = []
    for frame in part:
        for key in ("D3_energy", "D3_stress"):
            del frame.info[key]
        del frame.arrays["D3_forces"]
        bare.append(frame)
    computed = Dataset(tuple(bare), part.level).at_level("PBE-D3(BJ)")
    stored = part.at_level("PBE-D3(BJ)")
    np.testing.assert_allclose(computed.energies, stored.energies, rtol=1e-12)
    np.testing.assert_allclose(computed.stresses, stored.stresses, rtol=1e-9)
    assert stored.level.name == "PBE-D3(BJ)"
    assert stored.at_level("PBE-D3(BJ)") is stored
    assert (stored.energies < part.energies).all()


def test_levels_that_cannot_be_reached_are_refused(shipped):
    with pytest.raises(InputError, match="'PBEsol'"):
        shipped.at_level("PBEsol")
    summed = shipped.select([0]).at_level("PBE-D3(BJ)")
    with pytest.raises(InputError, match="taken out"):
        summed.at_level("PBE")
    with pytest.raises(InputError, match="two zeros"):
        shipped.joined(summed)


def test_no_group_lies_on_both_sides():
    dataset = synthetic([f"group-{i % 200}" for i in range(1000)])
    split = split_by_group(dataset)
    parts = [set(p.parents) for p in (split.train, split.validation, split.test)]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 200
    # binomial: 160 ± 4 × 5.7 groups
    assert 137 < len(parts[0]) < 183


def test_appending_data_never_moves_an_old_group():
    names = [f"group-{i}" for i in range(100)]
    old = split_by_group(synthetic(names))
    new = split_by_group(synthetic(["new-a", *names, "new-b"]))
    for part in ("train", "validation", "test"):
        kept = set(getattr(new, part).parents) - {"new-a", "new-b"}
        assert kept == set(getattr(old, part).parents)


def test_held_out_groups_are_in_the_test_set_alone(shipped):
    split = split_by_group(
        shipped, fractions=(0.9, 0.1, 0), held_out=["Li2ZrCl6-hcp-a"]
    )
    assert set(split.test.parents) == {"Li2ZrCl6-hcp-a"}
    assert "Li2ZrCl6-hcp-a" not in split.train.parents + split.validation.parents
    split = split_by_group(
        shipped, fractions=(1, 0, 0), held_out=["ZrCl4/md500", "LiCl-vacancy-1"]
    )
    assert set(split.test.group_ids) == {"ZrCl4/md500", "LiCl-vacancy-1/md600"}
    assert "ZrCl4/rattle" in split.train.group_ids
    with pytest.raises(InputError, match="Its groups by 'parent' are"):
        split_by_group(shipped, held_out=["nonsense"])


def test_frames_without_a_group_go_by_composition():
    a, b = Atoms("Li2Cl2"), Atoms("LiCl")
    for atoms in (a, b):
        atoms.info["REF_energy"] = 0.0
        atoms.arrays["REF_forces"] = np.zeros((len(atoms), 3))
    groups = Dataset((a, b), PBE).parents
    assert groups[0] == groups[1] == "composition:ClLi"
