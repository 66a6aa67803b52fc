"""Same and different structures: disguises, noise, polymorphs, exact decorations."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, make_supercell

from structures import (
    RELAXED,
    MatchCriteria,
    UniqueStructures,
    available_prototypes,
    build_prototype,
    find_duplicates,
    match_structures,
)
from structures.averaged_cell import _composed, averaged_primitive_cell
from training_data import InputError, load_shipped

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "duplicates.py"


def disguised(atoms, *, repeat=(1, 1, 1), noise_A=0.0, seed=0):
    rng = np.random.default_rng(seed)
    copy = Atoms(
        atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True
    ).repeat(repeat)
    copy.positions += rng.normal(scale=noise_A, size=copy.positions.shape)
    copy.rotate(rng.uniform(0, 180), rng.normal(size=3), rotate_cell=True)
    copy = copy[rng.permutation(len(copy))]
    copy.positions += rng.normal(scale=3, size=3)
    copy.wrap()
    return copy


@pytest.fixture(scope="module")
def polymorphs():
    """Shipped relaxed crystals, one of each kind."""
    data = load_shipped("li-zr-cl-pbe").where(
        lambda atoms: atoms.info["sampling"] == "relaxed"
    )
    found = {}
    for atoms in data:
        if not atoms.info["parent"].startswith("pool-"):
            found.setdefault(atoms.info["parent"], atoms)
    return found


@pytest.mark.parametrize("noise_A", [0.0, 0.02, 0.05])
def test_no_polymorph_is_split_or_merged(polymorphs, noise_A):
    structures, truth = [], []
    for k, (name, atoms) in enumerate(polymorphs.items()):
        repeats = [(1, 1, 1), (2, 1, 1)] + [(1, 1, 3)] * (len(atoms) < 12)
        for repeat in repeats:
            seed = 10 * k + sum(repeat)
            structures.append(
                disguised(atoms, repeat=repeat, noise_A=noise_A, seed=seed)
            )
            # the two cells of Zr in Li are the same by symmetry
            truth.append("Zr-in-Li-0" if name == "Zr-in-Li-1" else name)
    found = find_duplicates(structures)
    groups = [{truth[i] for i in group} for group in found.groups]
    assert all(len(names) == 1 for names in groups), "merged"
    assert len(groups) == len(set(truth)), "split"
    assert found.failures == ()


@pytest.mark.parametrize("packing", ["hcp", "ccp"])
def test_decorations_of_a_packing_are_told_apart_exactly(packing):
    """Which of them are the same is known from the symmetry of the packing."""
    measured = runpy.run_path(str(BENCHMARK))["measured"]
    answer = measured(packing, 32, 0.03, 7)
    assert answer["distinct_exact"] >= 8
    assert answer["false_merges"] == 0
    assert answer["false_splits"] == 0


def test_prototypes_are_all_different():
    """Zirconium and hafnium apart, and no form taken for another."""
    small = [
        name for name in available_prototypes() if len(build_prototype(name)) <= 40
    ]
    found = find_duplicates([build_prototype(name) for name in small])
    merged = [[small[i] for i in group] for group in found.groups if len(group) > 1]
    assert merged == []


@pytest.mark.parametrize(
    ("first", "second"),
    [("fcc", "bcc"), ("fcc", "hcp"), ("bcc", "hcp")],
)
def test_packings_of_lithium_differ(first, second):
    cells = {
        "fcc": bulk("Li", "fcc", a=4.2),
        "bcc": bulk("Li", "bcc", a=4.2 / 2 ** (1 / 3)),
        "hcp": bulk("Li", "hcp", a=4.2 / 2**0.5),
    }
    verdict = match_structures(cells[first], cells[second].repeat((2, 2, 1)))
    assert not verdict.same


def test_one_hop_of_lithium_makes_another_structure():
    crystal = build_prototype("Li2ZrCl6").repeat((2, 2, 1))
    hopped = crystal.copy()
    lithium = int(np.flatnonzero(crystal.symbols == "Li")[0])
    hopped.positions[lithium, 2] += 2.935  # into the empty interlayer
    assert not match_structures(crystal, hopped).same


def test_displacements_are_measured():
    """One atom of eight moved by 0.2 Å: others move by 1/8 of it the other way."""
    crystal = build_prototype("LiCl")
    moved = crystal.copy()
    moved.positions[0, 0] += 0.2
    verdict = match_structures(crystal, moved, criteria=MatchCriteria())
    assert verdict.same
    # both are averaged to two atoms, whose distance changes by 0.2 / 4
    assert verdict.max_displacement_A == pytest.approx(0.025, rel=1e-3)


@pytest.mark.parametrize("moved_A", [0.4, 0.6, 1.0])
@pytest.mark.parametrize("name", ["LiCl", "Li2ZrCl6"])
def test_pairs_and_lists_are_judged_alike(name, moved_A):
    """The tolerance is for the largest distance, not for the root mean square."""
    crystal = build_prototype(name).repeat((1, 1, 2))
    moved = crystal.copy()
    moved.positions[0, 0] += moved_A
    same = match_structures(crystal, moved).same
    assert same == (moved_A < MatchCriteria().site_tolerance_A)
    assert same == (len(find_duplicates([crystal, moved]).groups) == 1)


def test_pairs_of_metal_atoms_need_the_criteria_for_relaxed_structures():
    """Zr-Zr of 3.07 Å along the chain, or 2.67 and 3.47 Å in turn."""
    chain = build_prototype("ZrCl3")
    paired = chain.copy()
    zirconium = np.flatnonzero(paired.symbols == "Zr")
    paired.positions[zirconium, 2] += [0.2, -0.2]
    assert paired.get_distance(*zirconium) == pytest.approx(2.6675)
    assert find_duplicates([chain, paired]).groups == ((0, 1),)
    assert find_duplicates([chain, paired], criteria=RELAXED).groups == ((0,), (1,))
    assert not match_structures(chain, paired, criteria=RELAXED).same
    relaxed = disguised(paired, repeat=(1, 2, 2), noise_A=0.01, seed=1)
    assert match_structures(paired, relaxed, criteria=RELAXED).same


def test_volume_counts_unless_it_is_scaled():
    small, large = build_prototype("LiCl", a_A=4.6), build_prototype("LiCl", a_A=5.6)
    assert not match_structures(small, large).same
    assert match_structures(small, large, criteria=MatchCriteria(scale=True)).same


def test_other_formulas_are_told_at_once():
    verdict = match_structures(build_prototype("LiCl"), build_prototype("Li2ZrCl6"))
    assert not verdict.same
    assert verdict.to_json()["fingerprint_distance"] is None


def test_noisy_supercells_without_a_common_multiple():
    """Twofold and threefold cells can be compared only by what they average to."""
    crystal = build_prototype("Li2ZrCl6")
    two = disguised(crystal, repeat=(2, 1, 1), noise_A=0.05, seed=1)
    three = disguised(crystal, repeat=(1, 3, 1), noise_A=0.05, seed=2)
    assert match_structures(two, three).same


def test_averaged_cell_finds_the_lattice_through_noise():
    crystal = build_prototype("ZrCl4")
    wide = make_supercell(crystal, [[2, 1, 0], [0, 1, 0], [1, 0, 2]])
    noisy = disguised(wide, noise_A=0.05, seed=3)
    averaged = averaged_primitive_cell(noisy)
    assert len(averaged) == len(crystal)
    assert averaged.get_volume() == pytest.approx(crystal.get_volume(), rel=1e-9)
    # noise of 0.05 Å averages out over four images
    verdict = match_structures(crystal, averaged)
    assert verdict.rms_displacement_A < 0.06


def test_averaged_cell_keeps_a_true_superstructure():
    crystal = build_prototype("LiCl").repeat((1, 1, 2))
    crystal.numbers[0] = 11
    assert len(averaged_primitive_cell(crystal)) == len(crystal)


def test_sums_of_translations_leave_the_known_ones_alone():
    itself = np.arange(4)
    members = {tuple(itself.tolist()): (np.zeros(3), itself)}
    step = (np.array([0.25, 0, 0]), np.roll(itself, 1))
    new = _composed(members, [step], members, lambda found: found)
    assert list(new) == [(3, 0, 1, 2)]
    assert list(members) == [(0, 1, 2, 3)]


def test_energies_tell_structures_apart_before_sites_are_compared():
    cells = [build_prototype("LiCl")] * 3
    together = find_duplicates(cells, energies_eV_per_atom=[-3.0, -3.001, -2.9])
    assert together.groups == ((0, 1), (2,))
    assert together.n_site_comparisons == 1


def test_one_bad_structure_never_ends_the_batch():
    cells = [build_prototype("LiCl"), Atoms("Li"), build_prototype("LiCl")]
    found = find_duplicates(cells)
    assert found.groups == ((0, 2),)
    assert [failure.id for failure in found.failures] == ["1"]
    assert "periodic in three directions" in found.failures[0].reason


def test_search_adds_one_at_a_time():
    known = UniqueStructures()
    crystal = build_prototype("Li2ZrCl6")
    assert known.add(crystal) == 0
    assert known.add(disguised(crystal, repeat=(2, 1, 1), noise_A=0.02)) == 0
    assert known.add(build_prototype("Li2HfCl6")) == 1
    assert len(known) == 2
    known.structures[0].positions += 1.0
    assert known.structures[0].positions[0] == pytest.approx(crystal.positions[0])


def test_bad_criteria_are_refused():
    with pytest.raises(InputError, match="site_tolerance_A must be positive"):
        MatchCriteria(site_tolerance_A=0)
    with pytest.raises(InputError, match="one a structure"):
        find_duplicates([build_prototype("LiCl")], energies_eV_per_atom=[])
