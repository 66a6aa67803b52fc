"""Coordination and polyhedra: structures whose connectivity is in every textbook."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.spacegroup import crystal
from pymatgen.analysis.local_env import CutOffDictNN
from pymatgen.io.ase import AseAtomsAdaptor

from structures import build_prototype, coordination, polyhedra, shared_edges
from structures.bonds import choose_species
from structures.coordination import switch
from structures.polyhedron_shape import hull_volume
from structures.prototypes.llzo import build_llzo_tetragonal
from training_data.errors import InputError


def rutile() -> Atoms:
    return crystal(
        ["Ti", "O"],
        [(0, 0, 0), (0.305, 0.305, 0)],
        spacegroup=136,
        cellpar=[4.594, 4.594, 2.959, 90, 90, 90],
    )


def nickel_arsenide() -> Atoms:
    return crystal(
        ["Ni", "S"],
        [(0, 0, 0), (1 / 3, 2 / 3, 0.25)],
        spacegroup=194,
        cellpar=[3.44, 3.44, 5.35, 90, 90, 120],
    )


def perovskite() -> Atoms:
    return crystal(
        ["Sr", "Ti", "O"],
        [(0.5, 0.5, 0.5), (0, 0, 0), (0.5, 0, 0)],
        spacegroup=221,
        cellpar=[3.905] * 3 + [90] * 3,
    )


# neighbours across a corner, an edge and a face
TEXTBOOK = {
    "rock salt": (bulk("LiCl", "rocksalt", a=5.14), "Li", 6, (6, 12, 0), 3),
    "zinc blende": (bulk("ZnS", "zincblende", a=5.41), "Zn", 4, (12, 0, 0), 0),
    "caesium chloride": (
        bulk("CsCl", "cesiumchloride", a=4.12),
        "Cs",
        8,
        (8, 12, 6),
        3,
    ),
    "rutile": (rutile(), "Ti", 6, (8, 2, 0), 1),
    "nickel arsenide": (nickel_arsenide(), "Ni", 6, (12, 6, 2), 3),
    "perovskite": (perovskite(), "Ti", 6, (6, 0, 0), 0),
}


@pytest.mark.parametrize("repeats", [(1, 1, 1), (2, 1, 3)])
@pytest.mark.parametrize("name", TEXTBOOK)
def test_textbook_structure(name: str, repeats: tuple[int, int, int]) -> None:
    atoms, centre, number, neighbours, rank = TEXTBOOK[name]
    found = polyhedra(atoms.repeat(repeats), centre=centre)
    assert set(found.numbers.tolist()) == {number}
    assert {tuple(row) for row in found.neighbours(centre, centre).tolist()} == {
        neighbours
    }
    sharing = found.between(centre, centre)
    per_cell = np.array([sharing.corner, sharing.edge, sharing.face])
    np.testing.assert_array_equal(
        2 * per_cell, len(found.centres) * np.array(neighbours)
    )
    assert found.dimensionality(centre, shared=2) == rank


def test_layered_halide_has_no_zirconium_edges() -> None:
    halide = build_prototype("Li2ZrCl6")
    assert shared_edges(halide, "Zr") == ()
    found = polyhedra(halide)
    np.testing.assert_array_equal(found.neighbours("Zr", "Li"), [[0, 6, 0]])
    np.testing.assert_array_equal(found.neighbours("Li", "Li"), [[0, 3, 0]] * 2)
    np.testing.assert_array_equal(found.neighbours("Li", "Zr"), [[0, 3, 0]] * 2)
    assert found.dimensionality(shared=2) == 2  # layers
    assert found.dimensionality("Zr") == 0  # islands
    # Zr on a Li site beside it: edges appear, and are found
    broken = halide.repeat((2, 2, 1))
    zr, li = 0, int(np.flatnonzero(broken.numbers == 3)[0])
    broken.numbers[[zr, li]] = broken.numbers[[li, zr]]
    assert shared_edges(broken, "Zr")


@pytest.mark.parametrize(
    ("name", "edges", "faces", "rank"),
    [("ZrCl4", 2, 0, 1), ("ZrCl3", 0, 2, 1), ("ZrCl2", 3, 0, 2)],
)
def test_chains_and_layers_of_the_chlorides(
    name: str, edges: int, faces: int, rank: int
) -> None:
    found = polyhedra(build_prototype(name))
    sharing = found.between("Zr", "Zr")
    assert (sharing.edge, sharing.face) == (edges, faces)
    assert found.dimensionality("Zr") == rank
    assert len(shared_edges(build_prototype(name), "Zr")) == edges + faces


def test_tetragonal_llzo() -> None:
    llzo = build_llzo_tetragonal()
    found = polyhedra(llzo, cutoff_A={"Li-O": 3.1})
    species = np.array(found.species)
    lithium = found.numbers[species == "Li"]
    # 8a tetrahedra, 16f and 32g octahedra (Awaka 2009)
    np.testing.assert_array_equal(np.bincount(lithium)[[4, 6]], [8, 48])
    assert set(found.numbers[species == "La"].tolist()) == {8}
    assert set(found.numbers[species == "Zr"].tolist()) == {6}
    zirconium = found.between("Zr", "Zr")
    assert (zirconium.corner, zirconium.edge, zirconium.face) == (0, 0, 0)
    # of the 32g site two bonds of six are 2.8 and 2.9 Å long
    near = coordination(llzo, centre="Li")
    np.testing.assert_array_equal(np.bincount(near.numbers)[[4, 6]], [40, 16])


def test_against_pymatgen() -> None:
    rng = np.random.default_rng(2)
    atoms = build_prototype("ZrCl4").repeat((1, 2, 1))
    atoms.positions += rng.normal(scale=0.15, size=atoms.positions.shape)
    atoms.set_cell(atoms.cell.array @ (np.eye(3) + rng.normal(scale=0.04, size=(3, 3))))
    ours = coordination(atoms, centre="Zr", cutoff_A=3.0)
    finder = CutOffDictNN({("Zr", "Cl"): 3.0})
    structure = AseAtomsAdaptor.get_structure(atoms)
    theirs = [
        sum(n["site"].specie.symbol == "Cl" for n in finder.get_nn_info(structure, i))
        for i in ours.centres
    ]
    np.testing.assert_array_equal(ours.numbers, theirs)


def test_smooth_number_is_smooth_and_whole_at_rest() -> None:
    atoms = bulk("LiCl", "rocksalt", a=5.14).repeat(2)
    assert coordination(atoms).smooth_numbers == pytest.approx([6.0] * 8, rel=1e-12)
    # one Cl is drawn away along a bond: sampled finely, nothing jumps
    atoms = Atoms("LiCl", [(0, 0, 0), (0, 0, 2.5)])
    values = []
    for length in np.linspace(2.5, 4.0, 301):
        atoms.positions[1, 2] = length
        values.append(float(coordination(atoms).smooth_numbers[0]))
    values = np.array(values)
    assert values[0] == 1.0
    assert values[-1] == 0.0
    assert (np.diff(values) <= 0).all()
    # steepest slope of the switch: 15/8 over its width 2 · 0.08 · cutoff
    steepest = 15 / 8 / (2 * 0.08 * coordination(atoms).cutoffs_A["Li-Cl"])
    assert np.abs(np.diff(values)).max() <= 1.01 * steepest * 0.005
    assert np.abs(np.diff(values)).max() > 0.95 * steepest * 0.005


def test_switch_ends() -> None:
    np.testing.assert_array_equal(switch(np.array([0.92, 1.08]), share=0.08), [1, 0])
    np.testing.assert_array_equal(switch(np.array([1.0, 1.001]), share=0), [1, 0])
    assert switch(np.array([1.0]), share=0.3)[0] == pytest.approx(0.5, rel=1e-12)


def test_effective_number_tells_four_and_two_from_six() -> None:
    octahedron = 2.0 * np.vstack([np.eye(3), -np.eye(3)])
    regular = Atoms("LiO6", np.vstack([np.zeros(3), octahedron]))
    assert coordination(regular).effective_numbers[0] == pytest.approx(6, rel=1e-12)
    octahedron[[2, 5]] *= 1.3
    stretched = Atoms("LiO6", np.vstack([np.zeros(3), octahedron]))
    found = coordination(stretched)
    assert found.numbers[0] == 6
    assert 4.0 < found.effective_numbers[0] < 4.2


def test_connectivity_is_invariant() -> None:
    rng = np.random.default_rng(4)
    start = build_prototype("ZrCl4")
    expected = polyhedra(start).to_json()["links"]
    turned = start.copy()
    turned.rotate(31, (1, 2, 3), rotate_cell=True)
    turned.positions += (3.0, -7.0, 11.0)  # not wrapped
    shuffled = turned[rng.permutation(len(turned))]
    skewed = shuffled.copy()
    skewed.set_cell(np.array([[1, 0, 0], [2, 1, 0], [0, -1, 1]]) @ shuffled.cell.array)
    for atoms in (turned, shuffled, skewed):
        assert polyhedra(atoms).to_json()["links"] == expected


def test_shapes() -> None:
    halite = polyhedra(bulk("LiCl", "rocksalt", a=5.14))
    assert halite.volumes_A3[0] == pytest.approx(4 / 3 * 2.57**3, rel=1e-12)
    assert halite.length_distortions[0] == pytest.approx(0, abs=1e-12)
    assert np.isnan(
        hull_volume(np.array([[1.0, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 0]]))
    )
    # tetragonal cell, c/a = 1.2: two bonds of 1.2, four of 1
    tall = bulk("LiCl", "rocksalt", a=5.0, cubic=True)
    tall.set_cell(tall.cell.array * (1, 1, 1.2), scale_atoms=True)
    mean = (4 + 2 * 1.2) / 6
    expected = (4 * (mean - 1) + 2 * (1.2 - mean)) / 6 / mean
    found = polyhedra(tall).length_distortions
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_molecule_and_lone_atoms() -> None:
    pair = Atoms(
        "ZrCl5Li",
        [(0, 0, 0), *(2.4 * np.eye(3)), (-2.4, 0, 0), (0, -2.4, 0), (0, 0, 30)],
    )
    found = polyhedra(pair)
    assert found.numbers.tolist() == [5, 0]
    assert found.to_json()["links"]["Zr-Li"] == {"corner": 0, "edge": 0, "face": 0}
    assert found.dimensionality() == 0
    numbers = coordination(pair)
    assert numbers.effective_numbers[1] == 0.0
    assert numbers.to_json()["centres"]["Li"]["mean_bond_A"] is None


def test_two_ligands_and_their_cutoffs() -> None:
    atoms = Atoms("LiOCl", [(0, 0, 0), (2.0, 0, 0), (0, 2.9, 0)])
    assert coordination(atoms, ligand=("O", "Cl")).numbers[0] == 2
    assert coordination(atoms, ligand=("O", "Cl"), cutoff_A=2.5).numbers[0] == 1
    assert choose_species(atoms, centre="Li", ligand=None) == (("Li",), ("O",))


def test_nothing_is_changed_and_pictures_are_drawn() -> None:
    atoms = build_prototype("Li2ZrCl6")
    before = atoms.copy()
    found = polyhedra(atoms)
    assert atoms == before
    for along in "xyz":
        axes = found.plot(along=along)
        assert "(Å)" in axes.get_xlabel()
        assert axes.collections
    axes = coordination(atoms).plot()
    assert "Å" in axes.get_xlabel()
    with pytest.raises(InputError, match="along must be"):
        found.plot(along="w")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"centre": "Hf"}, "centre must be an element of the structure"),
        ({"ligand": "O"}, "ligand must be an element of the structure"),
        ({"centre": "Cl"}, "another element than ligand"),
        ({"cutoff_A": -1.0}, "cutoff_A must be positive"),
        ({"cutoff_A": {"Zr-O": 2.0}}, "cutoff_A must name bonds among"),
    ],
)
def test_bad_input(options: dict[str, object], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        polyhedra(build_prototype("Li2ZrCl6"), **options)


def test_input_without_answer() -> None:
    with pytest.raises(InputError, match="two elements"):
        polyhedra(bulk("Li"))
    with pytest.raises(InputError, match="no ionic radius"):
        polyhedra(Atoms("LiZr", [(0, 0, 0), (0, 0, 3)]), ligand="Zr")
    with pytest.raises(InputError, match="switch_share"):
        coordination(build_prototype("LiCl"), switch_share=1.0)


def test_unsound_geometry_is_refused() -> None:
    atoms = build_prototype("LiCl")
    twins = atoms.copy()
    twins.positions[4:] = twins.positions[0]
    with pytest.raises(InputError, match="must not coincide; got atoms 0 and"):
        polyhedra(twins)
    atoms.positions[3, 1] = np.nan
    with pytest.raises(InputError, match="position of atom 3 is not finite"):
        coordination(atoms)
