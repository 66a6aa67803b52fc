"""What a crystal is: space group, sites, density, and how far they can be trusted."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from structures import build_prototype, describe_crystal
from training_data import InputError


@pytest.mark.parametrize(
    ("name", "number", "sites"),
    [
        ("LiCl", 225, {("Li", "4"), ("Cl", "4")}),
        ("Li-bcc", 229, {("Li", "2")}),
        ("Zr", 194, {("Zr", "2")}),
        ("ZrCl3", 193, {("Zr", "2"), ("Cl", "6")}),
        ("ZrCl4", 13, {("Zr", "2"), ("Cl", "4")}),
        ("Li2ZrCl6", 12, {("Zr", "2"), ("Li", "4"), ("Cl", "4"), ("Cl", "8")}),
    ],
)
def test_space_groups_and_sites(name, number, sites):
    found = describe_crystal(build_prototype(name))
    assert found.space_group.number == number
    assert {(s, letter[:-1]) for s, letter, _ in found.wyckoff_sites} == sites
    # multiplicities add up to the standard cell
    volume = np.prod(found.standard_lengths_A)
    alpha, beta, gamma = np.radians(found.standard_angles_deg)
    cosines = np.cos([alpha, beta, gamma])
    volume *= np.sqrt(1 + 2 * np.prod(cosines) - (cosines**2).sum())
    per_atom = build_prototype(name).get_volume() / found.n_atoms
    n_standard = sum(n for *_, n in found.wyckoff_sites)
    assert n_standard == pytest.approx(volume / per_atom)


def test_densities_of_the_handbook():
    """Measured lattices: LiCl 2.07, Li 0.53 (bcc, 3.51 Å), Zr 6.5 g/cm³."""
    salt = describe_crystal(bulk("LiCl", "rocksalt", a=5.1296))
    assert salt.density_g_per_cm3 == pytest.approx(2.07, rel=0.01)
    lithium = describe_crystal(bulk("Li", "bcc", a=3.51))
    assert lithium.density_g_per_cm3 == pytest.approx(0.534, rel=0.01)
    zirconium = describe_crystal(build_prototype("Zr"))
    assert zirconium.density_g_per_cm3 == pytest.approx(6.51, rel=0.01)


def test_a_supercell_is_the_same_crystal():
    crystal = build_prototype("Li2ZrCl6")
    one, six = describe_crystal(crystal), describe_crystal(crystal.repeat((3, 2, 1)))
    assert six.n_formula_units == 6
    assert six.space_group.n_primitive == one.n_atoms
    for name in ("space_group_number", "density_g_per_cm3", "reduced_formula"):
        first, second = one.to_json()[name], six.to_json()[name]
        assert first == second or first == pytest.approx(second)
    # letters depend on the origin that was chosen, elements and numbers do not
    assert [(s, n) for s, _, n in six.wyckoff_sites] == [
        (s, n) for s, _, n in one.wyckoff_sites
    ]
    assert six.shortest_distance_A == pytest.approx(one.shortest_distance_A)
    assert six.volume_per_formula_unit_A3 == pytest.approx(crystal.get_volume())


def test_noise_shows_in_the_tolerances():
    crystal = build_prototype("LiCl")
    crystal.rattle(0.01, seed=1)
    found = describe_crystal(crystal, tolerance_A=0.1)
    assert found.space_group.symbol == "Fm-3m"
    assert found.space_groups[0].symbol == "P1"
    assert found.space_groups[-1].symbol == "Fm-3m"
    assert len(found.space_groups) < 6
    strict = describe_crystal(crystal, tolerance_A=0.001)
    assert strict.space_group.symbol == "P1"


def test_shortest_distance_sees_images():
    assert describe_crystal(bulk("Li", "fcc", a=4.2)).shortest_distance_A == (
        pytest.approx(4.2 / 2**0.5)
    )
    chain = Atoms("LiCl", positions=[(0, 0, 0), (0, 0, 6)], cell=[9, 9, 8], pbc=True)
    assert describe_crystal(chain).shortest_distance_A == pytest.approx(2.0)
    assert describe_crystal(
        Atoms("Li", cell=[9, 9, 9], pbc=True)
    ).shortest_distance_A == (pytest.approx(9.0))


def test_what_is_no_crystal_is_refused():
    with pytest.raises(InputError, match="periodic in three directions"):
        describe_crystal(Atoms("Li"))
    with pytest.raises(InputError, match="tolerance_A must be positive"):
        describe_crystal(bulk("Li"), tolerance_A=0)
