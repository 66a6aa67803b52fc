"""Prototypes: coordination, connectivity, stoichiometry and spacing."""

import warnings

import numpy as np
import pytest
import spglib
from ase import Atoms
from ase.neighborlist import neighbor_list

from structures.prototypes import available_prototypes, build_prototype
from training_data.errors import InputError


def bonded_chlorines(
    atoms: Atoms, *, symbol: str = "Cl", cutoff_A: float = 3.0
) -> dict[int, set[tuple[int, ...]]]:
    """Ligands of every other atom as (index, image shift)."""
    i, j, shifts = neighbor_list("ijS", atoms, cutoff_A)
    symbols = np.array(atoms.get_chemical_symbols())
    keep = (symbols[i] != symbol) & (symbols[j] == symbol)
    ligands: dict[int, set[tuple[int, ...]]] = {}
    for a, b, shift in zip(i[keep], j[keep], shifts[keep], strict=True):
        ligands.setdefault(int(a), set()).add((int(b), *(int(s) for s in shift)))
    return ligands


def shared_chlorines(atoms: Atoms, pair: tuple[str, str]) -> set[int]:
    """Numbers of chlorines that neighbouring polyhedra of a pair share."""
    ligands = bonded_chlorines(atoms)
    symbols = np.array(atoms.get_chemical_symbols())
    i, j, shifts = neighbor_list("ijS", atoms, 7.0)
    found = set()
    for a, b, shift in zip(i, j, shifts, strict=True):
        if (symbols[a], symbols[b]) == pair:
            other = {(k, *(np.array(s) + shift)) for k, *s in ligands[int(b)]}
            found.add(len(ligands[int(a)] & other))
    return found


@pytest.mark.parametrize(
    ("name", "formula", "space_group"),
    [
        ("Li-bcc", "Li", 229),
        ("Li-fcc", "Li", 225),
        ("Li2ZrCl6", "Li2ZrCl6", 12),
        ("LiCl", "LiCl", 225),
        ("Zr", "Zr", 194),
        ("ZrCl2", "ZrCl2", 160),
        ("ZrCl3", "ZrCl3", 193),
        ("ZrCl4", "ZrCl4", 13),
    ],
)
def test_stoichiometry_and_space_group(
    name: str, formula: str, space_group: int
) -> None:
    atoms = build_prototype(name)
    assert atoms.symbols.formula.reduce()[0] == Atoms(formula).symbols.formula
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        found = spglib.get_spacegroup(
            (atoms.cell[:], atoms.get_scaled_positions(), atoms.numbers), symprec=1e-4
        )
    assert found.endswith(f"({space_group})")
    assert atoms.pbc.all()
    assert atoms.info["prototype"] == name
    assert np.linalg.det(atoms.cell[:]) > 0


def test_every_listed_name_is_built() -> None:
    assert set(available_prototypes()) >= {
        "Li2ZrCl6",
        "LiCl",
        "ZrCl4",
        "ZrCl3",
        "ZrCl2",
        "Li-bcc",
        "Li-fcc",
        "Zr",
    }


@pytest.mark.parametrize("name", ["Li2ZrCl6", "LiCl", "ZrCl2", "ZrCl3", "ZrCl4"])
def test_every_cation_has_six_chlorines(name: str) -> None:
    counts = {
        len(ligands) for ligands in bonded_chlorines(build_prototype(name)).values()
    }
    assert counts == {6}


def test_no_two_zirconium_octahedra_of_li2zrcl6_share_an_edge() -> None:
    atoms = build_prototype("Li2ZrCl6")
    assert shared_chlorines(atoms, ("Zr", "Zr")) == {0}
    assert 2 in shared_chlorines(atoms, ("Zr", "Li"))  # two shared chlorines: an edge
    assert 2 in shared_chlorines(atoms, ("Li", "Li"))
    assert max(shared_chlorines(atoms, ("Zr", "Li"))) == 2


def test_each_zirconium_octahedron_shares_edges_with_six_lithium_ones() -> None:
    atoms = build_prototype("Li2ZrCl6")
    i, j, d = neighbor_list("ijd", atoms, 4.0)
    symbols = np.array(atoms.get_chemical_symbols())
    near = d[(symbols[i] == "Zr") & (symbols[j] == "Li")]
    assert len(near) == 6
    np.testing.assert_allclose(near, 6.25 / np.sqrt(3), rtol=1e-9)


def test_zrcl4_chains_share_two_edges_and_zrcl3_chains_two_faces() -> None:
    assert shared_chlorines(build_prototype("ZrCl4"), ("Zr", "Zr")) == {0, 2}
    assert shared_chlorines(build_prototype("ZrCl3"), ("Zr", "Zr")) == {0, 3}


def test_layer_geometry_follows_the_parameters() -> None:
    atoms = build_prototype(
        "Li2ZrCl6", a_A=6.4, layer_spacing_A=6.0, chlorine_height_A=2.8, zr_cl_A=2.5
    )
    symbols = np.array(atoms.get_chemical_symbols())
    z = atoms.positions[:, 2]
    np.testing.assert_allclose(np.ptp(z[symbols == "Cl"]), 2.8, rtol=1e-12)
    np.testing.assert_allclose(z[symbols != "Cl"], 1.4, rtol=1e-12)
    np.testing.assert_allclose(atoms.cell[2, 2], 6.0, rtol=1e-12)
    i, j, d = neighbor_list("ijd", atoms, 3.0)
    zr_cl = d[(symbols[i] == "Zr") & (symbols[j] == "Cl")]
    np.testing.assert_allclose(zr_cl, 2.5, rtol=1e-12)


def test_published_thickness_of_four_layers() -> None:
    atoms = build_prototype("Li2ZrCl6")
    thickness = 3 * atoms.cell[2, 2] + np.ptp(atoms.positions[:, 2])
    np.testing.assert_allclose(thickness, 20.5, rtol=0.01)


def test_bond_lengths_are_those_of_the_level() -> None:
    atoms = build_prototype("Li2ZrCl6")
    symbols = np.array(atoms.get_chemical_symbols())
    i, j, d = neighbor_list("ijd", atoms, 3.0)
    li_cl = d[(symbols[i] == "Li") & (symbols[j] == "Cl")]
    np.testing.assert_allclose(li_cl, 2.54, rtol=0.01)


@pytest.mark.parametrize(
    ("name", "lattice", "expected"),
    [
        ("Li2ZrCl5", {}, "Choose one of"),
        ("LiCl", {"b_A": 5.0}, "parameters of LiCl"),
        ("Li2ZrCl6", {"a_A": -1.0}, "a_A must be positive"),
        ("Li2ZrCl6", {"zr_cl_A": 1.0}, "zr_cl_A must be more than half"),
        ("Li2ZrCl6", {"layer_spacing_A": 2.0}, "interpenetrate"),
        ("Li-fcc", {"a_A": float("nan")}, "a_A must be positive"),
    ],
)
def test_bad_input(name: str, lattice: dict[str, float], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        build_prototype(name, **lattice)
