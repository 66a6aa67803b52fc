"""Crystals with partial occupancies: what they hold, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from structures.disordered_crystal import DisorderedCrystal
from structures.disordered_crystal_files import read_disordered_crystal
from structures.prototypes import build_prototype
from structures.prototypes.llzo import build_llzo_cubic
from structures.site_symmetry import site_permutations
from structures.space_group import symmetry_dataset
from training_data.errors import InputError

CIF = """data_test
_cell_length_a 4
_cell_length_b 4
_cell_length_c 4
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'P 1'
_symmetry_Int_Tables_number 1
loop_
_symmetry_equiv_pos_as_xyz
'x, y, z'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
"""


def crystal(**changes) -> DisorderedCrystal:
    given = {
        "cell_A": 4.0 * np.eye(3),
        "scaled_positions": np.array([[0, 0, 0], [0.5, 0.5, 0.5]]),
        "occupancies": ({"Li": 0.5}, {"Cl": 1.0}),
        "site_names": ("Li1a", "Cl1b"),
    }
    return DisorderedCrystal(**{**given, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"occupancies": ({"Li": 0.7, "Na": 0.4}, {"Cl": 1.0})},
            r"sum to at most 1; got 1.1 on Li1a \(site 0\)",
        ),
        ({"occupancies": ({"Li": -0.1}, {"Cl": 1.0})}, "between 0 and 1; got -0.1"),
        (
            {"occupancies": ({"Li+": 0.1}, {"Cl": 1.0})},
            "chemical elements; got 'Li\\+'",
        ),
        ({"occupancies": ({}, {"Cl": 1.0})}, "must hold a species"),
        ({"site_names": ("Li1a",)}, "one entry per site"),
        ({"cell_A": np.zeros((3, 3))}, "three independent vectors"),
    ],
)
def test_what_is_refused(changes: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        crystal(**changes)


def test_thirds_are_whole() -> None:
    shared = crystal(occupancies=({"Li": 0.667, "Na": 0.334}, {"Cl": 1.0}))
    np.testing.assert_allclose(sum(shared.occupancies[0].values()), 1, rtol=1e-12)


def test_arrays_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        crystal().cell_A[0, 0] = 1.0


def test_repeat_keeps_content_per_volume_and_names() -> None:
    one, many = crystal(), crystal().repeat((2, 1, 3))
    assert many.content == {"Li": 3.0, "Cl": 6.0}
    np.testing.assert_allclose(many.cell_A, np.diag([8.0, 4.0, 12.0]), rtol=1e-12)
    assert set(many.site_names) == set(one.site_names)
    # every site of the supercell stands on a site of the cell
    back = (many.scaled_positions @ many.cell_A) @ np.linalg.inv(one.cell_A) % 1.0
    for index, name in enumerate(many.site_names):
        home = one.scaled_positions[one.site_names.index(name)]
        np.testing.assert_allclose(back[index], home, atol=1e-12)


def test_occupancies_of_a_cif_are_read_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "a.cif"
    path.write_text(CIF + "Li1 Li 0 0 0 0.3\nNa1 Na 0 0 0 0.2\nCl1 Cl 0.5 0.5 0.5 1\n")
    read = read_disordered_crystal(path)
    assert read.content == {"Li": 0.3, "Na": 0.2, "Cl": 1.0}
    assert read.n_sites == 2


def test_sum_above_one_in_a_cif_is_refused_and_not_scaled_down(tmp_path: Path) -> None:
    path = tmp_path / "a.cif"
    path.write_text(CIF + "Li1 Li 0 0 0 0.8\nNa1 Na 0 0 0 0.5\nCl1 Cl 0.5 0.5 0.5 1\n")
    with pytest.raises(InputError, match=r"sum to at most 1; got 1\.3"):
        read_disordered_crystal(path)


def test_missing_and_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="existing file"):
        read_disordered_crystal(tmp_path / "none.cif")
    (tmp_path / "b.cif").write_text("no crystal")
    with pytest.raises(InputError, match=r"could not be read"):
        read_disordered_crystal(tmp_path / "b.cif")


def test_cubic_llzo_survives_a_cif(tmp_path: Path) -> None:
    llzo = build_llzo_cubic()
    llzo.to_pymatgen().to(filename=str(tmp_path / "llzo.cif"))
    read = read_disordered_crystal(tmp_path / "llzo.cif")
    assert sorted(read.site_names) == sorted(llzo.site_names)
    for name, number in llzo.content.items():
        np.testing.assert_allclose(read.content[name], number, rtol=1e-6)


def test_symmetry_of_cubic_llzo_is_that_of_ia3d() -> None:
    permutations = site_permutations(build_llzo_cubic())
    assert len(permutations) == 96  # 48 point operations, body centring
    names = np.array(build_llzo_cubic().site_names)
    assert (names[permutations] == names).all()


def distances(first: np.ndarray, second: np.ndarray, cell_A: np.ndarray) -> np.ndarray:
    delta = first[:, None] - second[None]
    return np.linalg.norm((delta - np.round(delta)) @ cell_A, axis=2)


def test_bonds_of_cubic_llzo() -> None:
    llzo = build_llzo_cubic()
    names = np.array(llzo.site_names)

    def sorted_bonds(one: str, other: str) -> np.ndarray:
        s = llzo.scaled_positions
        return np.sort(distances(s[names == one], s[names == other], llzo.cell_A))

    np.testing.assert_allclose(sorted_bonds("Zr16a", "O96h")[:, :6], 2.11, atol=0.01)
    assert sorted_bonds("Zr16a", "O96h")[:, 6].min() > 3.5
    np.testing.assert_allclose(sorted_bonds("La24c", "O96h")[:, :4], 2.52, atol=0.01)
    np.testing.assert_allclose(sorted_bonds("La24c", "O96h")[:, 4:8], 2.59, atol=0.01)
    np.testing.assert_allclose(sorted_bonds("Li24d", "O96h")[:, :4], 1.914, atol=0.01)
    np.testing.assert_allclose(sorted_bonds("Li24d", "Li96h")[:, :4], 1.637, atol=0.01)
    assert sorted_bonds("Li24d", "Li96h")[:, 4].min() > 2.3
    pairs = sorted_bonds("Li96h", "Li96h")
    np.testing.assert_allclose(pairs[:, 1], 0.761, atol=0.01)
    assert pairs[:, 2].min() > 2.4


def test_cubic_sites_are_those_of_the_tetragonal_form() -> None:
    """Two independent refinements: the framework agrees within 0.06 Å."""
    cubic, tetragonal = build_llzo_cubic(), build_prototype("LLZO-tetragonal")
    # I4_1/acd in origin choice 1 against Ia-3d: c along x, and a shift
    turn = np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]], dtype=float)
    names = np.array(cubic.site_names)
    scaled = tetragonal.get_scaled_positions() @ turn.T
    zirconium = scaled[tetragonal.numbers == 40]
    best = np.inf
    lithium = np.inf
    for origin in cubic.scaled_positions[names == "Zr16a"]:
        moved = scaled + origin - zirconium[0]
        worst = 0.0
        for symbol, label in (("La", "La24c"), ("O", "O96h")):
            own = moved[tetragonal.symbols == symbol]
            there = cubic.scaled_positions[names == label]
            worst = max(worst, distances(own, there, cubic.cell_A).min(axis=1).max())
        if worst < best:
            best = worst
            own = moved[tetragonal.symbols == "Li"]
            there = cubic.scaled_positions[np.char.startswith(names, "Li")]
            lithium = distances(own, there, cubic.cell_A).min(axis=1).max()
    assert best < 0.06
    assert lithium < 0.5


def test_tetragonal_llzo() -> None:
    atoms = build_prototype("LLZO-tetragonal")
    found = symmetry_dataset(
        atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers
    )
    assert found.international == "I4_1/acd"
    labels = [atoms.info["site_names"][site] for site in atoms.arrays["site"]]
    assert {name: labels.count(name) for name in set(labels)} == {
        "Li8a": 8,
        "Li16f": 16,
        "Li32g": 32,
        "La8b": 8,
        "La16e": 16,
        "Zr16c": 16,
        **{f"O32g_{number}": 32 for number in (1, 2, 3)},
    }
    bonds = np.sort(atoms.get_all_distances(mic=True)[:, atoms.numbers == 8], axis=1)
    zirconium = bonds[atoms.numbers == 40]
    np.testing.assert_allclose(zirconium[:, :6], 2.107, atol=0.005)
    assert zirconium[:, 6].min() > 3.5
    tetrahedral = bonds[np.array(labels) == "Li8a"]
    np.testing.assert_allclose(tetrahedral[:, :4], 1.914, atol=0.005)
