"""Distinct hops and empty places of crystals whose geometry is known."""

import numpy as np
import pytest
from ase.build import bulk, make_supercell
from ase.spacegroup import crystal

from structures.hop_ends import hop_ends, supercell_repeats
from structures.hops import distinct_hops
from structures.prototypes import build_prototype
from structures.voids import find_voids
from training_data.errors import InputError


def _sites(atoms, symbol):
    return atoms.get_scaled_positions()[
        np.array(atoms.get_chemical_symbols()) == symbol
    ]


@pytest.mark.parametrize(
    ("lattice", "per_atom", "length"),
    [("sc", 3, 3.0), ("bcc", 4, 3.0 * np.sqrt(3) / 2), ("fcc", 6, 3.0 / np.sqrt(2))],
)
def test_lattices_have_one_hop_each(lattice, per_atom, length):
    atoms = bulk("Po", lattice, a=3.0)
    (hop,) = distinct_hops(atoms, atoms.get_scaled_positions())
    assert hop.multiplicity == per_atom
    assert hop.distance_A == pytest.approx(length, rel=1e-9)


@pytest.mark.parametrize(
    "matrix", [np.diag([2, 1, 1]), [[1, 1, 0], [0, 1, 0], [3, 2, 1]]]
)
def test_another_cell_has_the_same_hops(matrix):
    atoms = crystal(
        ["Li", "Cl"], [(0.11, 0.2, 0.05), (0.5, 0.45, 0.6)],
        spacegroup=14, cellpar=[5.0, 6.0, 7.0, 90, 105, 90],
    )  # fmt: skip
    larger = make_supercell(atoms, matrix)
    small = distinct_hops(atoms, _sites(atoms, "Li"), cutoff_A=5.0)
    large = distinct_hops(larger, _sites(larger, "Li"), cutoff_A=5.0)
    times = round(len(larger) / len(atoms))
    assert [round(h.distance_A, 6) for h in small] == [
        round(h.distance_A, 6) for h in large
    ]
    assert [times * h.multiplicity for h in small] == [h.multiplicity for h in large]


def test_hops_are_all_pairs_once():
    """Without symmetry every pair within the cutoff is a hop of its own."""
    rng = np.random.default_rng(3)
    atoms = bulk("Po", "sc", a=4.0) * 2
    atoms.rattle(0.3, rng=rng)
    atoms.set_cell(atoms.cell.array + rng.normal(0, 0.2, (3, 3)), scale_atoms=True)
    hops = distinct_hops(atoms, atoms.get_scaled_positions(), cutoff_A=4.6)
    assert {hop.multiplicity for hop in hops} == {1}
    # A hop is left out only where another site lies on the way.
    i = atoms.get_all_distances(mic=True)
    assert len(hops) >= (np.triu(i < 4.0, 1) & (i > 0)).sum()


def test_equivalents_have_one_length_and_direction_counts():
    atoms = build_prototype("Li2ZrCl6")
    sites = _sites(atoms, "Li")
    cell = atoms.cell.array
    for hop in distinct_hops(atoms, sites):
        for start, end, image, _ in hop.equivalents:
            vector = (sites[end] + np.array(image) - sites[start]) @ cell
            assert np.linalg.norm(vector) == pytest.approx(hop.distance_A, rel=1e-6)


def test_a_hop_through_a_site_is_two():
    atoms = bulk("Po", "sc", a=3.0)
    hops = distinct_hops(atoms, atoms.get_scaled_positions(), cutoff_A=6.1)
    assert 6.0 not in [round(hop.distance_A, 3) for hop in hops]


def test_voids_of_rock_salt_are_tetrahedral():
    atoms = bulk("LiCl", "rocksalt", a=5.13, cubic=True)
    voids = find_voids(atoms, smallest_A=1.9)
    assert len(voids.radii_A) == 8
    np.testing.assert_allclose(voids.radii_A, 5.13 * np.sqrt(3) / 4, rtol=1e-9)
    np.testing.assert_allclose(
        np.unique(voids.scaled_positions.round(9)), [0.25, 0.75], rtol=1e-9
    )


def test_largest_voids_of_the_layered_halide_are_octahedral():
    """Two empty places per cell, 2.57 Å from six chlorides."""
    atoms = build_prototype("Li2ZrCl6")
    voids = find_voids(atoms, most_orbits=1)
    assert len(voids.radii_A) == 2
    place = voids.scaled_positions[0] @ atoms.cell.array
    images = (atoms * (3, 3, 3)).positions - atoms.cell.array.sum(axis=0)
    apart = np.linalg.norm(images - place, axis=1)
    assert ((apart > 2.5) & (apart < 2.75)).sum() == 6


@pytest.mark.parametrize("mechanism", ["vacancy", "interstitial"])
def test_ends_differ_by_one_ion(mechanism):
    atoms = bulk("LiCl", "rocksalt", a=5.13, cubic=True)
    sites = _sites(atoms, "Li")
    if mechanism == "interstitial":
        sites = find_voids(atoms).scaled_positions
    hop = distinct_hops(atoms, sites)[0]
    repeats = supercell_repeats(atoms, smallest_height_A=8.0)
    first, last = hop_ends(
        atoms, hop, species="Li", scaled_sites=sites, repeats=repeats,
        mechanism=mechanism,
    )  # fmt: skip
    assert repeats == (2, 2, 2)
    assert len(first) == 8 * 8 + (1 if mechanism == "interstitial" else -1)
    np.testing.assert_array_equal(first.positions[:-1], last.positions[:-1])
    moved = last.positions[-1] - first.positions[-1]
    assert np.linalg.norm(moved) == pytest.approx(hop.distance_A, rel=1e-9)
    if mechanism == "vacancy":  # what is missing is the site that the ion goes to
        whole = atoms * repeats
        apart = whole.positions - last.positions[-1]
        apart -= np.round(apart @ np.linalg.inv(whole.cell)) @ whole.cell.array
        (site,) = np.flatnonzero(np.linalg.norm(apart, axis=1) < 0.01)
        assert whole.symbols[site] == "Li"


def test_too_small_a_cell_is_refused():
    atoms = bulk("Po", "sc", a=3.0)
    (hop,) = distinct_hops(atoms, atoms.get_scaled_positions())
    with pytest.raises(InputError, match="coincide"):
        hop_ends(
            atoms, hop, species="Po", scaled_sites=atoms.get_scaled_positions(),
            repeats=(1, 1, 1), mechanism="vacancy",
        )  # fmt: skip


def test_no_sites_and_no_neighbours_are_refused():
    atoms = bulk("Po", "sc", a=3.0)
    with pytest.raises(InputError, match="at least one site"):
        distinct_hops(atoms, np.zeros((0, 3)))
    with pytest.raises(InputError, match="reach the next site"):
        distinct_hops(atoms, atoms.get_scaled_positions(), cutoff_A=1.0)
    with pytest.raises(InputError, match="largest void"):
        find_voids(atoms, smallest_A=4.0)
