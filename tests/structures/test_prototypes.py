"""Prototypes: coordination, connectivity, stoichiometry and spacing."""

import re
import warnings
from collections import Counter

import numpy as np
import pytest
import spglib
from ase import Atoms
from ase.neighborlist import neighbor_list

from mlip import load_potential
from structures.crystal_files import check_crystal
from structures.prototypes import available_prototypes, build_prototype
from structures.reference_oxides import build_reference_oxide
from structures.site_labels import site_labels
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


def bonds(
    atoms: Atoms, first: str, second: str, *, cutoff_A: float = 3.0
) -> np.ndarray:
    """Sorted distances of two species below a cutoff, one row per first atom."""
    i, j, d = neighbor_list("ijd", atoms, cutoff_A)
    symbols = np.array(atoms.get_chemical_symbols())
    keep = (symbols[i] == first) & (symbols[j] == second)
    i, d = i[keep], d[keep]
    order = np.lexsort((d, i))
    return d[order].reshape(int((symbols == first).sum()), -1)


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
        ("Hf", "Hf", 194),
        ("HfCl3", "HfCl3", 193),
        ("HfCl4", "HfCl4", 13),
        ("La2O3", "La2O3", 164),
        ("La2Zr2O7", "La2Zr2O7", 227),
        ("LLZO-tetragonal", "Li7La3Zr2O12", 142),
        ("Li-9R", "Li", 166),
        ("Li-hcp", "Li", 194),
        ("Li2HfCl6", "Li2HfCl6", 12),
        ("Li2O", "Li2O", 225),
        ("Li2ZrO3", "Li2ZrO3", 15),
        ("Li6Zr2O7", "Li6Zr2O7", 15),
        ("Li2ZrCl6-P-3m1", "Li2ZrCl6", 164),
        ("Li2ZrCl6-C2m", "Li2ZrCl6", 12),
        ("Li2ZrCl6-P-31c", "Li2ZrCl6", 163),
        ("Li2ZrCl6-P2m", "Li2ZrCl6", 10),
        ("Li2HfCl6-P-3m1", "Li2HfCl6", 164),
        ("Li2HfCl6-C2m", "Li2HfCl6", 12),
        ("Li2HfCl6-P-31c", "Li2HfCl6", 163),
        ("Li2HfCl6-P2m", "Li2HfCl6", 10),
    ],
)
def test_stoichiometry_and_space_group(
    name: str, formula: str, space_group: int
) -> None:
    atoms = build_prototype(name)
    reduced, _ = atoms.symbols.formula.reduce()
    assert reduced.count() == Atoms(formula).symbols.formula.count()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        found = spglib.get_spacegroup(
            (atoms.cell[:], atoms.get_scaled_positions(), atoms.numbers), symprec=1e-4
        )
    assert found.endswith(f"({space_group})")
    assert atoms.pbc.all()
    assert atoms.info["prototype"] == name
    assert np.linalg.det(atoms.cell[:]) > 0


def test_every_name_is_built_tested_and_safe_for_a_shell_and_a_file() -> None:
    marks = test_stoichiometry_and_space_group.pytestmark  # type: ignore[attr-defined]
    tested = {case[0] for case in marks[0].args[1]}
    assert tested == set(available_prototypes())
    for name in available_prototypes():
        assert re.fullmatch(r"[A-Za-z0-9-]+", name)


@pytest.mark.parametrize(
    ("name", "element", "state"), [("Li2O", "Li", 1), ("La2O3", "La", 3)]
)
def test_reference_oxides_have_the_coordinates_of_the_prototypes(name, element, state):
    """Up to size: the same distances in units of the shortest."""
    rows = []
    for atoms in (build_prototype(name), build_reference_oxide(element, state)):
        i, d = neighbor_list("id", atoms, 6.0)
        rows.append([np.sort(d[i == k])[:12] for k in atoms.symbols.indices()[element]])
    ours, theirs = (row[0] / row[0][0] for row in rows)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


@pytest.mark.parametrize("name", available_prototypes())
def test_every_atom_names_its_site_and_none_overlap(name: str) -> None:
    atoms = build_prototype(name)
    labels = site_labels(atoms)
    for label, symbol in zip(labels, atoms.get_chemical_symbols(), strict=True):
        assert label.startswith(symbol) or label.split("_")[0] == "M"
    for label, number in Counter(labels).items():
        wyckoff = re.match(r"[A-Z][a-z]?(\d+)[a-l]", label)
        if wyckoff:  # O48f stands for 48 atoms
            assert number == int(wyckoff[1])
    check_crystal(atoms)


@pytest.mark.parametrize(
    "name",
    [name for name in available_prototypes() if "Cl" in name],
)
def test_every_cation_has_six_chlorines(name: str) -> None:
    counts = {
        len(ligands) for ligands in bonded_chlorines(build_prototype(name)).values()
    }
    assert counts == {6}


@pytest.mark.parametrize("form", ["P-3m1", "C2m", "P-31c", "P2m"])
@pytest.mark.parametrize("metal", ["Zr", "Hf"])
def test_no_two_octahedra_of_a_form_share_an_edge(form: str, metal: str) -> None:
    atoms = build_prototype(f"Li2{metal}Cl6-{form}")
    assert max(shared_chlorines(atoms, (metal, metal))) <= 1
    assert max(shared_chlorines(atoms, (metal, "Li"))) == 2
    assert max(shared_chlorines(atoms, ("Li", "Li"))) == 2


def test_bond_lengths_of_the_forms_are_those_asked_for() -> None:
    for form in ("P-3m1", "C2m", "P-31c"):
        for metal, length in (("Zr", 2.487), ("Hf", 2.477)):
            atoms = build_prototype(f"Li2{metal}Cl6-{form}")
            np.testing.assert_allclose(bonds(atoms, metal, "Cl"), length, rtol=1e-9)
    mixed = bonds(build_prototype("Li2ZrCl6-P2m"), "Zr", "Cl")
    np.testing.assert_allclose(mixed, 2.487, rtol=1e-9)


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


def test_lanthanum_oxide_has_the_seven_published_distances() -> None:
    """Aldebert and Traverse 1979: 3 x 2.365, 2.456, 3 x 2.731 Å."""
    found = bonds(build_prototype("La2O3"), "La", "O", cutoff_A=2.9)
    np.testing.assert_allclose(
        found, [[2.365] * 3 + [2.456] + [2.731] * 3] * 2, rtol=3e-4
    )


def test_lithium_oxide_is_tetrahedral() -> None:
    found = bonds(build_prototype("Li2O"), "Li", "O", cutoff_A=2.5)
    np.testing.assert_allclose(found, np.full((8, 4), 4.619 * np.sqrt(3) / 4))


@pytest.mark.parametrize(
    ("name", "lithium", "shortest_A", "longest_A"),
    [("Li2ZrO3", 6, 2.05, 2.15), ("Li6Zr2O7", 5, 2.03, 2.20)],
)
def test_coordination_of_the_lithium_zirconates(
    name: str, lithium: int, shortest_A: float, longest_A: float
) -> None:
    """Octahedra throughout in Li2ZrO3; square pyramids of Li in Li6Zr2O7."""
    atoms = build_prototype(name)
    zirconium = bonds(atoms, "Zr", "O", cutoff_A=2.6)
    assert zirconium.shape[1] == 6
    assert zirconium.min() > shortest_A
    assert zirconium.max() < longest_A
    around_lithium = bonds(atoms, "Li", "O", cutoff_A=2.6)
    assert around_lithium.shape[1] == lithium
    assert around_lithium.min() > 1.9


def test_pyrochlore_has_zirconium_octahedra_and_lanthanum_cubes() -> None:
    atoms = build_prototype("La2Zr2O7")
    np.testing.assert_allclose(bonds(atoms, "Zr", "O", cutoff_A=2.6), 2.114, rtol=5e-4)
    lanthanum = bonds(atoms, "La", "O", cutoff_A=2.9)
    np.testing.assert_allclose(lanthanum[:, :2], 10.80 * np.sqrt(3) / 8, rtol=1e-9)
    np.testing.assert_allclose(lanthanum[:, 2:], 2.618, rtol=5e-4)


@pytest.mark.parametrize("name", ["Li2O", "La2O3", "Li2ZrO3", "Li6Zr2O7", "La2Zr2O7"])
def test_bond_valences_of_the_oxides_are_their_charges(name: str) -> None:
    """Brese and O'Keeffe 1991: sums within 0.5 of the charge show sane coordinates."""
    parameters_A = {"Li": 1.466, "La": 2.172, "Zr": 1.928}
    charges = {"Li": 1.0, "La": 3.0, "Zr": 4.0}
    atoms = build_prototype(name)
    for symbol in set(atoms.get_chemical_symbols()) - {"O"}:
        d = bonds_of_each(atoms, symbol)
        for distances in d:
            total = np.exp((parameters_A[symbol] - distances) / 0.37).sum()
            assert abs(total - charges[symbol]) < 0.5, (symbol, total)


def bonds_of_each(atoms: Atoms, symbol: str) -> list[np.ndarray]:
    """Distances to oxygen below 3.2 Å of every atom of a species."""
    i, j, d = neighbor_list("ijd", atoms, 3.2)
    oxygen = atoms.symbols == "O"
    return [d[(i == k) & oxygen[j]] for k in np.flatnonzero(atoms.symbols == symbol)]


def test_oxide_coordinates_are_at_rest_for_a_potential_of_others() -> None:
    """A coordinate that is off by 0.1 Å gives forces of 0.3 eV/Å and more."""
    names = ["La2O3", "Li2ZrO3", "Li6Zr2O7"]  # those with several free coordinates
    evaluation = load_potential("chgnet").evaluate([build_prototype(n) for n in names])
    for name, forces in zip(names, evaluation.forces, strict=True):
        assert np.linalg.norm(forces, axis=1).max() < 0.06, name


def test_close_packings_of_lithium_have_one_distance_and_one_density() -> None:
    nearest = 4.20 / np.sqrt(2)
    volume = 4.20**3 / 4
    for name in ("Li-fcc", "Li-hcp", "Li-9R"):
        atoms = build_prototype(name)
        d = neighbor_list("d", atoms, 1.2 * nearest)
        np.testing.assert_allclose(d, nearest, rtol=1e-9)
        assert len(d) == 12 * len(atoms)
        np.testing.assert_allclose(atoms.get_volume() / len(atoms), volume, rtol=1e-9)


def test_9r_has_two_hexagonal_planes_for_each_cubic_one() -> None:
    """ABCBCACAB is (hhc)3: two thirds of its planes are hexagonal."""
    atoms = build_prototype("Li-9R")
    xy = np.round(atoms.get_scaled_positions()[:, 0] * 3).astype(int) % 3
    hexagonal = np.roll(xy, 1) == np.roll(xy, -1)
    assert hexagonal.sum() == 6


def test_hafnium_chlorides_are_the_scaled_ones_of_zirconium() -> None:
    for n in (3, 4):
        hafnium, zirconium = (build_prototype(f"{m}Cl{n}") for m in ("Hf", "Zr"))
        np.testing.assert_allclose(
            hafnium.get_volume() / zirconium.get_volume(), 0.995**3, rtol=1e-9
        )


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
