"""Holes between anions and the sites of layered halides."""

import numpy as np
import pytest
from ase.build import bulk

from structures import build_prototype
from structures.anion_holes import anion_holes
from structures.layered_sites import layered_sites
from training_data.errors import InputError


def _apart(one, other, cell):
    apart = one[:, None] - other
    apart -= np.rint(apart)
    return np.linalg.norm(apart @ np.asarray(cell), axis=2).min(axis=1)


def test_holes_of_rock_salt_are_where_geometry_puts_them():
    salt = bulk("LiCl", "rocksalt", a=5.13, cubic=True)
    octahedra = anion_holes(salt)
    lithium = salt.get_scaled_positions()[salt.numbers == 3]
    assert len(octahedra.radii_A) == 4
    assert _apart(lithium, octahedra.fractional, salt.cell).max() < 1e-6
    np.testing.assert_allclose(octahedra.radii_A, 5.13 / 2, rtol=1e-6)
    tetrahedra = anion_holes(salt, n_anions=(4,))
    np.testing.assert_allclose(tetrahedra.radii_A, 5.13 * 3**0.5 / 4, rtol=1e-6)


@pytest.mark.parametrize(
    "name", ["Li2ZrCl6", "Li2ZrCl6-P-31c", "Li2ZrCl6-P2m", "Li2ZrCl6-C2m"]
)
def test_close_packing_has_one_octahedron_and_two_tetrahedra_per_anion(name):
    crystal = build_prototype(name)
    n = int((crystal.numbers == 17).sum())
    octahedra = anion_holes(crystal)
    assert len(octahedra.radii_A) == n
    assert len(anion_holes(crystal, n_anions=(4,)).radii_A) == 2 * n
    cations = crystal.get_scaled_positions()[crystal.numbers != 17]
    assert _apart(cations, octahedra.fractional, crystal.cell).max() < 0.3


def test_holes_do_not_depend_on_the_choice_of_cell():
    rng = np.random.default_rng(3)
    crystal = build_prototype("Li2ZrCl6-P-31c")
    crystal.positions += rng.normal(0, 0.05, crystal.positions.shape)
    sheared = crystal.copy()
    cell = crystal.cell[:].copy()
    cell[2] += 2 * cell[0] - cell[1]  # the same lattice, strongly triclinic
    sheared.set_cell(cell)
    sheared.wrap()
    one, other = anion_holes(crystal), anion_holes(sheared)
    assert len(one.radii_A) == len(other.radii_A) == 12
    places = other.fractional @ cell @ np.linalg.inv(crystal.cell[:])
    assert _apart(places, one.fractional, crystal.cell).max() < 1e-6


def test_labels_of_the_prototype_come_back():
    crystal = build_prototype("Li2ZrCl6-P2m")
    names = np.array(crystal.info["site_names"])[crystal.arrays["site"]]
    sites = layered_sites(crystal)
    labels = np.array(sites.labels)
    for name in ("Li_A", "Li_B"):
        atoms = crystal.get_scaled_positions()[names == name]
        if len(atoms):
            chosen = sites.fractional[labels == name]
            assert _apart(atoms, chosen, crystal.cell).max() < 0.3
    metals = crystal.get_scaled_positions()[crystal.numbers == 40]
    assert _apart(metals, sites.fractional, crystal.cell).min() > 1.2


def test_unsuitable_input_is_told():
    with pytest.raises(InputError, match="anions must be"):
        anion_holes(build_prototype("Li-bcc"))
    with pytest.raises(InputError, match="n_anions must be 4, 6"):
        anion_holes(build_prototype("LiCl"), n_anions=(8,))
    with pytest.raises(InputError, match="metal must be"):
        layered_sites(build_prototype("LiCl"))
    with pytest.raises(InputError, match="must differ"):
        layered_sites(build_prototype("LiCl"), metal="Li")
