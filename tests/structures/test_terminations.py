"""Terminations: known numbers of cuts, their faces, dipoles and symmetry."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.spacegroup import crystal

from structures.oriented_crystal import formal_charges, orient_crystal
from structures.prototypes import build_prototype
from structures.terminations import surface_terminations, tasker_type
from training_data.errors import InputError

SI_A = 5.431


@pytest.fixture(scope="module")
def corundum() -> Atoms:
    return crystal(
        ["Al", "O"],
        [(0, 0, 0.35216), (0.30624, 0, 0.25)],
        spacegroup=167,
        cellpar=[4.7589, 4.7589, 12.9919, 90, 90, 120],
    )


def test_rock_salt_111_has_two_polar_faces() -> None:
    found = surface_terminations(build_prototype("LiCl"), miller=(1, 1, 1))
    assert [(t.plane_below, t.plane_above) for t in found] == [
        ("Li", "Cl"),
        ("Cl", "Li"),
    ]
    # one unit charge over d = a/(2 sqrt 3), on the area sqrt(3)/4 a² of the plane
    dipole = 5.06 / np.sqrt(12) / (np.sqrt(3) / 4 * 5.06**2)
    np.testing.assert_allclose([t.dipole_e_per_A for t in found], [dipole, -dipole])
    assert [t.tasker_type for t in found] == [3, 3]
    assert not any(t.symmetric for t in found)
    assert found[0].top_face == found[1].bottom_face  # both end with lithium


def test_rock_salt_001_has_one_neutral_face() -> None:
    (only,) = surface_terminations(build_prototype("LiCl"), miller=(0, 0, 1))
    assert (only.tasker_type, only.symmetric, only.dipole_e_per_A) == (1, True, 0.0)
    np.testing.assert_allclose(only.gap_A, 5.06 / 2)


def test_silicon_111_has_a_wide_and_a_narrow_cut() -> None:
    found = surface_terminations(
        bulk("Si", "diamond", a=SI_A, cubic=True), miller=(1, 1, 1)
    )
    np.testing.assert_allclose(
        [t.gap_A for t in found], [SI_A * np.sqrt(3) / 4, SI_A * np.sqrt(3) / 12]
    )
    assert all(t.symmetric for t in found)  # inversion centres in both


def test_corundum_0001_has_one_non_polar_cut(corundum: Atoms) -> None:
    # Al | O3 | Al along the axis: only the cut between two Al planes has no dipole
    found = surface_terminations(corundum, miller=(0, 0, 1))
    assert [(t.plane_below, t.plane_above, t.tasker_type) for t in found] == [
        ("Al", "Al", 2),
        ("Al", "O3", 3),
        ("O3", "Al", 3),
    ]
    assert found[0].dipole_e_per_A == 0.0
    assert [t.symmetric for t in found] == [True, False, False]
    assert [t.n_equivalent for t in found] == [2, 2, 2]  # R-3c: glide along the axis
    assert found[1].top_face == found[2].bottom_face


def test_screw_axis_makes_both_planes_of_hcp_equivalent() -> None:
    (only,) = surface_terminations(build_prototype("Zr"), miller=(0, 0, 1))
    assert only.n_equivalent == 2
    prism = surface_terminations(build_prototype("Zr"), miller=(1, 0, 0))
    a = 3.232
    np.testing.assert_allclose(
        [t.gap_A for t in prism], [a / np.sqrt(3), a / np.sqrt(12)], rtol=1e-6
    )


def test_layered_halide_is_cut_between_its_layers_first() -> None:
    found = surface_terminations(build_prototype("Li2ZrCl6"), miller=(0, 0, 1))
    assert (found[0].plane_below, found[0].plane_above) == ("Cl3", "Cl3")
    np.testing.assert_allclose(found[0].gap_A, 5.87 - 2.82)
    assert (found[0].tasker_type, found[0].symmetric) == (2, True)
    assert [t.tasker_type for t in found] == [2, 3, 3]


def test_terminations_do_not_depend_on_cell_origin_or_direction(
    corundum: Atoms,
) -> None:
    moved = corundum.repeat((1, 2, 1))
    moved.positions += (0.3, -1.1, 2.2)
    moved.wrap()
    moved.rotate(40, (1, 1, 2), rotate_cell=True)
    one = surface_terminations(corundum, miller=(0, 0, 1))
    other = surface_terminations(moved, miller=(0, 0, 1))
    for a, b in zip(one, other, strict=True):
        assert (a.plane_below, a.plane_above) == (b.plane_below, b.plane_above)
        np.testing.assert_allclose(a.gap_A, b.gap_A, rtol=1e-6)
        np.testing.assert_allclose(a.dipole_e_per_A, b.dipole_e_per_A, rtol=1e-6)


def test_polar_axis_has_two_sides() -> None:
    zincblende = bulk("ZnS", "zincblende", a=5.41, cubic=True)
    assert not orient_crystal(zincblende, miller=(1, 1, 1)).sides_alike()
    assert orient_crystal(zincblende, miller=(1, 1, 0)).sides_alike()
    up = surface_terminations(zincblende, miller=(1, 1, 1))
    down = surface_terminations(zincblende, miller=(-1, -1, -1))
    assert {(t.plane_below, round(t.gap_A, 3)) for t in up} == {
        ("Zn", 2.343),
        ("S", 0.781),
    }
    assert {(t.plane_below, round(t.gap_A, 3)) for t in down} == {
        ("S", 2.343),
        ("Zn", 0.781),
    }
    faces = {t.top_face for t in up} & {t.bottom_face for t in up}
    assert faces == set()


@pytest.mark.parametrize(
    ("name", "miller", "order"),
    [
        ("Li-fcc", (1, 1, 1), 6),
        ("Li-bcc", (0, 0, 1), 8),
        ("Li-bcc", (1, 1, 0), 4),
        ("Zr", (0, 0, 1), 6),  # the sixfold screw moves planes, so 3m is left
        ("LiCl", (0, 0, 1), 8),
    ],
)
def test_plane_group_of_a_surface(
    name: str, miller: tuple[int, int, int], order: int
) -> None:
    oriented = orient_crystal(build_prototype(name), miller=miller)
    assert len(oriented.surface_symmetry()) == order


def test_surface_symmetry_leaves_the_lattice_as_it_is() -> None:
    for name in ("Li2ZrCl6", "ZrCl4", "Zr"):
        oriented = orient_crystal(build_prototype(name), miller=(0, 0, 1))
        plane = oriented.repeat.cell[:2, :2]
        for g in oriented.surface_symmetry():
            turned = g @ plane
            np.testing.assert_allclose(
                turned @ turned.T, plane @ plane.T, rtol=1e-5, atol=1e-4
            )


def test_charges_that_are_not_known_are_not_invented() -> None:
    trichloride = build_prototype("ZrCl3")
    assert formal_charges(trichloride) is None
    assert surface_terminations(trichloride, miller=(0, 0, 1))[0].tasker_type is None
    found = surface_terminations(
        trichloride, miller=(0, 0, 1), oxidation_states={"Zr": 3}
    )
    assert all(t.tasker_type in {1, 2, 3} for t in found)


@pytest.mark.parametrize(
    ("dipole", "charges", "expected"),
    [
        (0.0, [0.0, 0.0], 1),
        (0.0, [2.0, -4.0, 2.0], 2),
        (0.0, [5e-4, -5e-4], 2),  # e, not e/Å: another limit than the dipole's
        (5e-4, [0.0, 0.0], 1),
        (0.2, [1.0, -1.0], 3),
    ],
)
def test_tasker_types(dipole: float, charges: list[float], expected: int) -> None:
    assert tasker_type(dipole, np.array(charges)) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"miller": (0, 0, 0)}, "miller must be three integers"),
        ({"plane_tolerance_A": 0.0}, "plane_tolerance_A must be positive"),
        ({"oxidation_states": {"Li": 2}}, "oxidation_states must make .* neutral"),
    ],
)
def test_bad_input(options: dict[str, object], expected: str) -> None:
    given = {"miller": (0, 0, 1), **options}
    with pytest.raises(InputError, match=expected):
        surface_terminations(build_prototype("LiCl"), **given)


def test_species_without_a_charge_is_named() -> None:
    with pytest.raises(InputError, match="none for Fe"):
        surface_terminations(
            bulk("FeO", "rocksalt", a=4.3), miller=(1, 1, 1), oxidation_states={"O": -2}
        )
