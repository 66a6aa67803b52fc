"""M-defect layers: rule, composition, completeness of the enumeration, labels."""

import itertools
from collections import Counter

import numpy as np
import pytest
from ase import Atoms
from ase.io import read, write
from ase.neighborlist import neighbor_list
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.io.ase import AseAtomsAdaptor

from structures.polyhedra import shared_edges
from structures.prototypes import build_m_defect_layers, build_prototype
from structures.prototypes.close_packing import close_packing
from structures.prototypes.occupied_packing import occupied_packing
from structures.site_labels import label_sites, site_labels
from training_data.errors import InputError

SQRT3 = ((1, 1), (-2, 1))
THREE = ((3, 0), (-3, 3))
FOUR_METALS = ((3, 0), (-2, 4))


def chlorines_in_common(atoms: Atoms, first: str, second: str) -> Counter:
    """Numbers of chlorines shared by pairs of octahedra, from distances alone."""
    i, j, shift = neighbor_list("ijS", atoms, 3.0)
    symbols = np.array(atoms.get_chemical_symbols())
    around: dict[int, list[tuple[int, tuple[int, ...]]]] = {}
    for a, b, s in zip(i, j, shift, strict=True):
        if symbols[a] != "Cl" and symbols[b] == "Cl":
            around.setdefault(int(a), []).append((int(b), tuple(map(int, s))))
    assert {len(ligands) for ligands in around.values()} == {6}
    pairs: Counter = Counter()
    for a, b in itertools.product(around, repeat=2):
        if symbols[a] != first or symbols[b] != second:
            continue
        for (k, s), (m, t) in itertools.product(around[a], around[b]):
            image = tuple(np.subtract(s, t))
            if k == m and (a != b or any(image)):
                pairs[a, b, image] += 1
    return Counter(pairs.values())


FAMILIES = [
    {"supercell": SQRT3, "metal_between": 0},
    {"supercell": SQRT3, "metal_between": 0, "stacking": "h", "n_layers": 2},
    {"supercell": SQRT3, "metal_between": 0, "lithium_between": 1},
    {},
    {"stacking": "h"},
    {"stacking": "h", "lithium_between": 3},
    {"lithium_between": 2, "n_structures": 20},
    {"supercell": FOUR_METALS, "stacking": "h"},
    {"stacking": "hc", "n_layers": 2, "n_structures": 10, "lithium_between": 2},
]


@pytest.mark.parametrize("options", FAMILIES, ids=str)
def test_no_two_metal_octahedra_share_an_edge_and_no_cations_a_face(options):
    for atoms in build_m_defect_layers(**options):
        assert max(chlorines_in_common(atoms, "Zr", "Zr"), default=0) <= 1
        for pair in (("Zr", "Li"), ("Li", "Li")):
            assert max(chlorines_in_common(atoms, *pair), default=0) <= 2


@pytest.mark.parametrize("options", FAMILIES[3:6], ids=str)
def test_the_polyhedra_of_the_analysis_agree_on_the_rule(options):
    for atoms in build_m_defect_layers(**options):
        assert shared_edges(atoms, "Zr") == ()


def test_the_check_of_the_rule_can_fail():
    packing = close_packing(
        stacking="h",
        n_layers=1,
        supercell=THREE,
        nearest_A=3.6,
        layer_spacing_A=5.87,
        layer_height_A=2.82,
    )
    for shared in (2, 3):
        sites = [0, int(np.flatnonzero(packing.shared[0] == shared)[0])]
        atoms = occupied_packing(
            packing,
            metal_sites=np.array(sites),
            lithium_sites=np.array([], dtype=int),
            metal="Zr",
            metal_chlorine_A=2.5,
        )
        assert max(chlorines_in_common(atoms, "Zr", "Zr")) == shared
        assert shared_edges(atoms, "Zr", cutoff_A=3.0)


def test_octahedra_of_the_two_packings_share_what_textbooks_say():
    """Cubic: 12 edges, 6 corners. Hexagonal: 2 faces, 6 edges, 12 corners."""
    for stacking, expected in (("c", {2: 12, 1: 6}), ("h", {3: 2, 2: 6, 1: 12})):
        packing = close_packing(
            stacking=stacking,
            n_layers=2,
            supercell=((5, 0), (0, 5)),
            nearest_A=3.6,
            layer_spacing_A=5.9,
            layer_height_A=2.9,
        )
        found = Counter(packing.shared[0].tolist())
        assert {k: found[k] for k in (1, 2, 3) if found[k]} == expected


@pytest.mark.parametrize(
    ("stacking", "lithium_between"), [("c", 0), ("h", 0), ("h", 1), ("h", 6), ("c", 1)]
)
def test_multiplicities_add_up_to_every_arrangement(stacking, lithium_between):
    """Brute force over all choices of sites, with the rule taken from distances."""
    family = build_m_defect_layers(
        stacking=stacking, lithium_between=lithium_between, supercell=THREE
    )
    packing = close_packing(
        stacking=stacking,
        n_layers=1,
        supercell=THREE,
        nearest_A=6.25 / np.sqrt(3),
        layer_spacing_A=5.87,
        layer_height_A=2.82,
    )
    everywhere = Atoms("H18", positions=packing.octahedra_A, cell=packing.cell_A)
    everywhere.pbc = True
    i, j, d = neighbor_list("ijd", everywhere, 3.8)
    near = np.zeros((18, 18), dtype=bool)  # an edge or a face in common
    near[i, j] = True
    above = np.zeros((18, 18), dtype=bool)  # a face in common
    above[i[d < 3.2], j[d < 3.2]] = True
    assert above.any() == (stacking == "h")
    n_A, n_B = 6 - lithium_between, lithium_between
    total = 0
    for metal in itertools.product(
        itertools.combinations(range(9), 2), itertools.combinations(range(9, 18), 1)
    ):
        m = [s for sheet in metal for s in sheet]
        if near[np.ix_(m, m)].any():
            continue
        free = [s for s in range(18) if s not in m and not above[s, m].any()]
        for lithium_A in itertools.combinations([s for s in free if s < 9], n_A):
            left = [s for s in free if s > 8 and not above[s, list(lithium_A)].any()]
            total += sum(1 for _ in itertools.combinations(left, n_B))
    assert sum(atoms.info["multiplicity"] for atoms in family) == total


@pytest.mark.parametrize("stacking", ["c", "h"])
def test_an_independent_matcher_finds_no_two_alike(stacking):
    family = build_m_defect_layers(stacking=stacking)
    matcher = StructureMatcher(primitive_cell=False, scale=False)
    groups = matcher.group_structures(
        [AseAtomsAdaptor.get_structure(a) for a in family]
    )
    assert len(groups) == len(family)


def test_nothing_between_is_the_ideal_layered_prototype():
    (atoms,) = build_m_defect_layers(supercell=SQRT3, metal_between=0)
    ideal = build_prototype("Li2ZrCl6")
    np.testing.assert_allclose(atoms.get_volume(), ideal.get_volume(), rtol=1e-12)
    for reach in (3.0, 7.0):
        ours, theirs = (np.sort(neighbor_list("d", a, reach)) for a in (atoms, ideal))
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)


@pytest.mark.parametrize("options", FAMILIES, ids=str)
def test_composition_sites_and_layers(options):
    for atoms in build_m_defect_layers(**options, metal="Hf"):
        n = atoms.symbols.count("Hf")
        assert atoms.symbols.count("Li") == 2 * n
        assert atoms.symbols.count("Cl") == 6 * n
        names = Counter(site_labels(atoms))
        layers = options.get("n_layers", 1)
        assert names["M_B"] == layers * options.get("metal_between", 1)
        assert names["Li_B"] == layers * options.get("lithium_between", 0)
        assert names["M"] + names["M_B"] == n
        chlorine = atoms.arrays["layer"][atoms.symbols == "Cl"]
        assert Counter(chlorine.tolist()) == dict.fromkeys(
            range(layers), len(chlorine) // layers
        )


@pytest.mark.parametrize("stacking", ["c", "h"])
def test_octahedra_without_common_corners_are_those_of_the_whole_family(stacking):
    """The stricter rule selects; in cubic packing a 3 x 3 cell leaves nothing."""
    everything = build_m_defect_layers(stacking=stacking)
    lonely = [a for a in everything if not chlorines_in_common(a, "Zr", "Zr")]
    if not lonely:
        with pytest.raises(InputError, match="obeys"):
            build_m_defect_layers(stacking=stacking, share_corners=False)
        return
    strict = build_m_defect_layers(stacking=stacking, share_corners=False)
    assert [a.info["multiplicity"] for a in strict] == [
        a.info["multiplicity"] for a in lonely
    ]


def test_layers_and_sites_lie_where_their_labels_say():
    atoms = build_m_defect_layers(stacking="h", n_layers=2, n_structures=1)[0]
    names = np.array(site_labels(atoms))
    z, layer = atoms.positions[:, 2], atoms.arrays["layer"]
    np.testing.assert_allclose(
        z[names == "M"], 5.87 * layer[names == "M"] + 1.41, rtol=1e-9
    )
    np.testing.assert_allclose(
        z[names == "M_B"], 5.87 * layer[names == "M_B"] + (2.82 + 5.87) / 2, rtol=1e-9
    )


def test_bond_lengths_are_those_asked_for():
    atoms = build_m_defect_layers(
        supercell=SQRT3, metal_between=0, metal_chlorine_A=2.46
    )[0]
    i, d = neighbor_list("id", atoms, 3.0)
    metal = atoms.symbols == "Zr"
    np.testing.assert_allclose(d[metal[i]], 2.46, rtol=1e-9)
    assert len(d[metal[i]]) == 6


@pytest.mark.parametrize("stacking", ["c", "h"])
def test_drawing_long_enough_finds_the_whole_family_and_nothing_else(stacking):
    every = build_m_defect_layers(stacking=stacking)
    drawn = build_m_defect_layers(
        stacking=stacking, rng=np.random.default_rng(3), n_structures=40
    )
    assert sorted(a.info["multiplicity"] for a in drawn) == sorted(
        a.info["multiplicity"] for a in every
    )


def test_drawing_is_reproducible_and_stops_at_the_number_asked_for():
    options = {
        "supercell": ((6, 0), (0, 6)),
        "n_layers": 2,
        "metal_between": (3, 3),
        "lithium_between": 4,
        "n_structures": 3,
    }
    one, two, other = (
        build_m_defect_layers(**options, rng=np.random.default_rng(seed))
        for seed in (1, 1, 2)
    )
    assert len(one) == 3
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a.positions, b.positions)
    assert np.abs(one[0].positions - other[0].positions).max() > 1
    for atoms in one:
        assert max(chlorines_in_common(atoms, "Zr", "Zr")) == 1
        assert Counter(site_labels(atoms))["M_B"] == 6


def test_giving_up_is_not_taken_for_a_proof_that_there_is_none():
    with pytest.raises(InputError, match=r"gave up \(there may be some\)"):
        build_m_defect_layers(
            supercell=((9, 0), (0, 9)),
            metal_between=9,
            share_corners=False,
            rng=np.random.default_rng(0),
        )
    with pytest.raises(InputError, match="found none"):
        build_m_defect_layers(share_corners=False, rng=np.random.default_rng(0))


def test_labels_survive_a_file(tmp_path):
    atoms = build_m_defect_layers(n_structures=1)[0]
    write(tmp_path / "a.extxyz", atoms)
    back = read(tmp_path / "a.extxyz")
    assert site_labels(back) == site_labels(atoms)
    np.testing.assert_array_equal(back.arrays["layer"], atoms.arrays["layer"])


def test_labelling_changes_a_copy():
    atoms = Atoms("LiCl")
    label_sites(atoms, ["Li_A", "Cl"])
    assert "site" not in atoms.arrays
    with pytest.raises(InputError, match="must carry site labels"):
        site_labels(atoms)
    with pytest.raises(InputError, match="one per atom"):
        label_sites(atoms, ["Li_A"])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"stacking": "x"}, "letters h and c"),
        ({"stacking": "hc"}, "turn an even number of times"),
        ({"stacking": "hch"}, "divides the 2 anion planes"),
        ({"n_layers": 0}, "n_layers must be at least 1"),
        ({"supercell": ((1, 0), (1, 0))}, "positive determinant"),
        ({"supercell": ((2, 0), (0, 2))}, "multiple of three"),
        ({"metal_between": 2}, "M-rich"),
        ({"metal_between": (1, 1)}, "each of 1 layers"),
        ({"lithium_between": 7}, "lithium_between must be between 0 and 6"),
        ({"n_structures": 0}, "n_structures must be at least 1"),
        ({"chlorine_height_A": 6.0}, "between 0 and layer_spacing_A"),
        ({"chlorine_height_A": 1.0}, "leave an octahedron"),
        ({"metal_chlorine_A": 1.2}, "more than half"),
        (
            {"stacking": "h", "n_layers": 2, "metal_between": (1, 0)},
            "obeys",
        ),
        (
            {"supercell": ((6, 0), (0, 6)), "metal_between": 3},
            "Pass rng and n_structures",
        ),
    ],
    ids=str,
)
def test_bad_input(options, expected):
    with pytest.raises(InputError, match=expected):
        build_m_defect_layers(**options)
