"""Interfaces: gap, thickness, strain on the metal alone, registry, pictures."""

import json

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.neighborlist import neighbor_list

from structures.interface import (
    ELECTROLYTE,
    METAL,
    Interface,
    build_interface,
)
from structures.interface_plan import plan_interfaces
from structures.metal_free_control import build_metal_free_control
from structures.prototypes import build_prototype
from training_data.errors import InputError


@pytest.fixture(scope="module")
def paper() -> Interface:
    return build_interface(build_prototype("Li2ZrCl6"), build_prototype("Li-fcc"))


@pytest.fixture(scope="module")
def demo() -> Interface:
    return build_interface(
        build_prototype("Li2ZrCl6"),
        build_prototype("Li-fcc"),
        electrolyte_layers=2,
        min_area_A2=150.0,
    )


def side(atoms: Atoms, which: int) -> Atoms:
    return atoms[atoms.arrays["side"] == which]


def test_published_interface(paper: Interface) -> None:
    np.testing.assert_allclose(paper.thickness_electrolyte_A, 20.5, rtol=0.01)
    np.testing.assert_allclose(paper.thickness_metal_A, 9.7, rtol=1e-3)
    np.testing.assert_allclose(paper.mismatch_percent, 1.08, atol=0.03)
    assert paper.n_atoms == len(paper.atoms) == 4 * 9 * 3 + 5 * 13
    assert sorted(set(side(paper.atoms, ELECTROLYTE).arrays["layer"])) == [0, 1, 2, 3]
    assert sorted(set(side(paper.atoms, METAL).arrays["layer"])) == [0, 1, 2, 3, 4]


def test_demo_interface_is_small_enough(demo: Interface) -> None:
    assert 150 <= demo.n_atoms <= 300
    assert demo.mismatch_percent <= 2.0
    assert min(demo.atoms.cell.lengths()[:2]) > 10.0


def test_gap_is_exact_at_both_contacts(paper: Interface) -> None:
    metal, electrolyte = side(paper.atoms, METAL), side(paper.atoms, ELECTROLYTE)
    lower, upper = electrolyte.positions[:, 2], metal.positions[:, 2]
    np.testing.assert_allclose(upper.min() - lower.max(), 2.5, rtol=1e-9)
    second = lower.min() + paper.atoms.cell[2, 2] - upper.max()
    np.testing.assert_allclose(second, 2.5, rtol=1e-9)


def test_vacuum_replaces_the_second_contact() -> None:
    built = build_interface(
        build_prototype("Li2ZrCl6"),
        build_prototype("Li-fcc"),
        electrolyte_layers=1,
        metal_layers=3,
        gap_A=2.2,
        vacuum_A=14.0,
    )
    z = built.atoms.positions[:, 2]
    np.testing.assert_allclose(built.atoms.cell[2, 2] - np.ptp(z), 14.0, rtol=1e-9)
    np.testing.assert_allclose(
        np.ptp(z), built.thickness_electrolyte_A + 2.2 + built.thickness_metal_A
    )


def test_electrolyte_is_not_strained(paper: Interface) -> None:
    # every Zr-Cl and Li-Cl bond of the slab has the length it has in the crystal
    crystal = build_prototype("Li2ZrCl6")
    slab = side(paper.atoms, ELECTROLYTE)
    lengths = []
    for atoms in (crystal, slab):
        i, j, d = neighbor_list("ijd", atoms, 3.0)
        pairs = np.char.add(atoms.symbols[i], atoms.symbols[j])
        lengths.append({str(p): np.unique(d[pairs == p].round(6)) for p in set(pairs)})
    assert lengths[0].keys() == lengths[1].keys() == {"ZrCl", "ClZr", "LiCl", "ClLi"}
    for pair, expected in lengths[0].items():
        assert lengths[1][pair].tolist() == expected.tolist()
    assert paper.strain_electrolyte_percent == 0.0


def test_metal_carries_the_reported_strain(paper: Interface) -> None:
    metal = side(paper.atoms, METAL)
    i, d = neighbor_list("id", metal[metal.arrays["layer"] == 2], 3.5)
    ideal = 4.20 / np.sqrt(2)
    assert np.bincount(i).tolist() == [6] * 13  # in-plane neighbours of a (111) plane
    strain = paper.strain_metal_percent / 100
    np.testing.assert_allclose(d, ideal * (1 + strain), rtol=1e-9)
    heights = np.unique(metal.positions[:, 2].round(6))
    np.testing.assert_allclose(np.diff(heights), 4.20 / np.sqrt(3), rtol=1e-5)


def test_anisotropic_strain_is_put_on_the_metal() -> None:
    electrolyte = bulk("NaCl", "rocksalt", a=5.6, cubic=True)
    electrolyte.set_cell(electrolyte.cell[:] * (1.012, 0.993, 1.0), scale_atoms=True)
    metal = bulk("Ag", "fcc", a=5.6, cubic=True)
    built = build_interface(
        electrolyte, metal, metal_miller=(0, 0, 1), electrolyte_layers=2, metal_layers=2
    )
    np.testing.assert_allclose(
        built.principal_strains_metal_percent, (-0.7, 1.2), rtol=1e-9
    )
    expected = 100 * np.sqrt(0.007**2 + 0.012**2 + 0.007 * 0.012)
    np.testing.assert_allclose(built.mismatch_percent, expected, rtol=1e-9)


def test_no_two_atoms_are_too_close(paper: Interface, demo: Interface) -> None:
    for built in (paper, demo):
        distances = neighbor_list("d", built.atoms, 3.0)
        np.testing.assert_allclose(distances.min(), 2.487, rtol=1e-6)


def test_minimum_image_distances_in_the_skewed_cell(paper: Interface) -> None:
    # the same crystal repeated has the same nearest distances as the wrapped cell
    atoms = paper.atoms
    alone = np.sort(neighbor_list("d", atoms, 4.0))
    repeated = np.sort(neighbor_list("d", atoms.repeat((2, 2, 1)), 4.0))
    np.testing.assert_allclose(np.repeat(alone, 4), repeated, rtol=1e-9)


def test_standard_cell_and_labels(paper: Interface, demo: Interface) -> None:
    for built in (paper, demo):
        cell = built.atoms.cell[:]
        assert cell[0, 1] == cell[0, 2] == cell[1, 2] == 0.0
        assert cell[2, 0] == cell[2, 1] == 0.0
        assert np.linalg.det(cell) > 0
        assert built.atoms.pbc.all()
        z = built.atoms.positions[:, 2]
        assert z.min() > 0.0
        assert z.max() < cell[2, 2]
        area = float(np.linalg.det(cell[:2, :2]))
        np.testing.assert_allclose(area, built.area_A2, rtol=1e-9)
        np.testing.assert_allclose(built.match.area_A2, built.area_A2, rtol=1e-9)


def test_stoichiometry_of_every_layer(paper: Interface) -> None:
    electrolyte = side(paper.atoms, ELECTROLYTE)
    for layer in range(4):
        part = electrolyte[electrolyte.arrays["layer"] == layer]
        assert part.get_chemical_formula(mode="metal") == "Li6Zr3Cl18"
    metal = side(paper.atoms, METAL)
    assert np.bincount(metal.arrays["layer"]).tolist() == [13] * 5


def test_result_is_deterministic(paper: Interface) -> None:
    again = build_interface(build_prototype("Li2ZrCl6"), build_prototype("Li-fcc"))
    assert again.atoms == paper.atoms
    assert json.dumps(again.to_json()) == json.dumps(paper.to_json())


def test_candidates_can_be_chosen(paper: Interface) -> None:
    assert paper.candidates[0] == paper.match
    other = build_interface(
        build_prototype("Li2ZrCl6"),
        build_prototype("Li-fcc"),
        electrolyte_layers=1,
        match=2,
    )
    assert other.match == paper.candidates[2]
    assert other.area_A2 > paper.area_A2


def test_control_has_the_same_cell_and_no_metal(paper: Interface) -> None:
    control = build_metal_free_control(paper)
    np.testing.assert_array_equal(control.cell[:], paper.atoms.cell[:])
    expected = side(paper.atoms, ELECTROLYTE)
    np.testing.assert_array_equal(control.positions, expected.positions)
    assert control.get_chemical_formula(mode="metal") == "Li24Zr12Cl72"


def test_any_cell_of_the_crystals_gives_the_same_interface(paper: Interface) -> None:
    electrolyte = build_prototype("Li2ZrCl6").repeat((1, 2, 2))
    metal = bulk("Li", "fcc", a=4.20)
    built = build_interface(electrolyte, metal, metal_miller=(1, 1, 1))
    assert built.n_atoms == paper.n_atoms
    np.testing.assert_allclose(
        built.mismatch_percent, paper.mismatch_percent, rtol=1e-6
    )


@pytest.mark.parametrize("strain_on", ["metal", "electrolyte", "shared"])
def test_strain_is_put_where_the_user_says(strain_on: str) -> None:
    electrolyte = bulk("NaCl", "rocksalt", a=5.6, cubic=True)
    electrolyte.set_cell(electrolyte.cell[:] * (1.03, 0.99, 1.0), scale_atoms=True)
    metal = bulk("Ag", "fcc", a=5.6, cubic=True)
    built = build_interface(
        electrolyte,
        metal,
        metal_miller=(0, 0, 1),
        electrolyte_layers=2,
        metal_layers=2,
        max_mismatch_percent=5.0,
        max_area_A2=40.0,
        strain_on=strain_on,
    )
    share = {"metal": 1.0, "electrolyte": 0.0, "shared": 0.5}[strain_on]
    stretches = np.array([0.99, 1.03])
    np.testing.assert_allclose(
        built.principal_strains_metal_percent,
        100 * (stretches**share - 1),
        rtol=1e-9,
        atol=1e-12,
    )
    np.testing.assert_allclose(
        built.principal_strains_electrolyte_percent,
        np.sort(100 * (stretches ** (share - 1) - 1)),
        rtol=1e-9,
        atol=1e-12,
    )
    np.testing.assert_allclose(
        built.area_A2,
        built.match.metal_multiple
        * built.metal_slab.area_A2
        * np.prod(stretches**share),
        rtol=1e-9,
    )
    # the mismatch does not depend on who carries it
    e1, e2 = -0.01, 0.03
    np.testing.assert_allclose(
        built.mismatch_percent, 100 * np.sqrt(e1**2 + e2**2 - e1 * e2), rtol=1e-9
    )


def test_strained_electrolyte_leaves_the_metal_as_it_was() -> None:
    built = build_interface(
        build_prototype("Li2ZrCl6"),
        build_prototype("Li-fcc"),
        electrolyte_layers=1,
        strain_on="electrolyte",
    )
    metal = side(built.atoms, METAL)
    i, d = neighbor_list("id", metal[metal.arrays["layer"] == 2], 3.5)
    assert np.bincount(i).tolist() == [6] * 13
    np.testing.assert_allclose(d, 4.20 / np.sqrt(2), rtol=1e-9)
    assert built.strain_metal_percent == pytest.approx(0.0, abs=1e-9)


def test_shift_moves_the_metal_alone(paper: Interface) -> None:
    moved = build_interface(
        build_prototype("Li2ZrCl6"), build_prototype("Li-fcc"), shift=(0.25, 0.1)
    )
    before, after = side(paper.atoms, METAL), side(moved.atoms, METAL)
    step = after.get_scaled_positions() - before.get_scaled_positions()
    step[:, :2] -= (0.25, 0.1)
    np.testing.assert_allclose(step - np.round(step), 0.0, atol=1e-9)
    np.testing.assert_array_equal(
        side(moved.atoms, ELECTROLYTE).positions,
        side(paper.atoms, ELECTROLYTE).positions,
    )


def test_terminations_of_both_sides() -> None:
    built = build_interface(
        build_prototype("LiCl"),
        build_prototype("Li-fcc"),
        electrolyte_miller=(1, 1, 1),
        electrolyte_layers=2,
        metal_layers=3,
        electrolyte_termination=1,
        max_mismatch_percent=4.0,
        max_area_A2=200.0,
    )
    electrolyte = side(built.atoms, ELECTROLYTE)
    top = electrolyte.positions[:, 2] > electrolyte.positions[:, 2].max() - 0.1
    assert set(electrolyte.symbols[top]) == {"Cl"}
    even = build_interface(
        build_prototype("LiCl"),
        build_prototype("Li-fcc"),
        electrolyte_miller=(1, 1, 1),
        electrolyte_layers=2,
        metal_layers=3,
        electrolyte_termination=(1, 0),
        max_mismatch_percent=4.0,
        max_area_A2=200.0,
    )
    assert even.electrolyte_slab.symmetric
    assert even.n_atoms == built.n_atoms + built.match.electrolyte_multiple
    assert built.electrolyte_slab.tasker_type == 3


def test_plan_knows_the_atoms_of_everything_that_can_be_built() -> None:
    limits = {"max_area_A2": 210.0, "electrolyte_layers": 1, "metal_layers": 2}
    crystals = build_prototype("Li2ZrCl6"), build_prototype("Li-fcc")
    plan = plan_interfaces(*crystals, **limits)
    assert len(plan.interfaces) == 3 * 1 * len(plan.matches)
    assert len(plan.matches) == 4
    sizes = [row.n_atoms for row in plan.interfaces]
    assert sizes == sorted(sizes)
    for row in plan.interfaces:
        built = build_interface(
            *crystals,
            electrolyte_termination=row.electrolyte_termination,
            metal_termination=row.metal_termination,
            match=row.match,
            **limits,
        )
        assert built.n_atoms == row.n_atoms
        np.testing.assert_allclose(built.area_A2, row.area_A2, rtol=1e-9)
        np.testing.assert_allclose(
            (built.thickness_electrolyte_A, built.thickness_metal_A),
            (row.thickness_electrolyte_A, row.thickness_metal_A),
        )
    json.dumps(plan.to_json())


def test_turned_matches_are_different_interfaces() -> None:
    # one on one cell of diamond (111): the stacking goes on, or turns into its twin
    silicon, germanium = (
        bulk(x, "diamond", a=a) for x, a in (("Si", 5.43), ("Ge", 5.66))
    )
    far = []
    for match in (0, 1):
        built = build_interface(
            silicon,
            germanium,
            electrolyte_miller=(1, 1, 1),
            electrolyte_layers=2,
            metal_layers=2,
            max_mismatch_percent=5.0,
            max_area_A2=13.0,
            vacuum_A=10.0,
            match=match,
        )
        assert len(built.candidates) == 2
        far.append(np.sort(neighbor_list("d", built.atoms, 6.0)))
    assert len(far[0]) != len(far[1]) or np.abs(far[0] - far[1]).max() > 0.1


@pytest.mark.parametrize(
    ("plane", "metal_plane", "n_atoms"),
    [((0, 0, 1), (0, 0, 1), 192), ((1, 1, 0), (0, 0, 1), 480)],
)
def test_lithium_on_garnet(
    plane: tuple[int, int, int], metal_plane: tuple[int, int, int], n_atoms: int
) -> None:
    built = build_interface(
        build_prototype("LLZO-tetragonal"),
        build_prototype("Li-bcc"),
        electrolyte_miller=plane,
        metal_miller=metal_plane,
        electrolyte_layers=2,
        metal_layers=6,
    )
    assert built.n_atoms == n_atoms
    electrolyte = side(built.atoms, ELECTROLYTE)
    counts = electrolyte.symbols.formula.reduce()[0].count()
    assert counts == {"Li": 7, "La": 3, "Zr": 2, "O": 12}
    # the bonds are those of the garnet, across the cell boundary too
    distances = neighbor_list("d", built.atoms, 2.5)
    assert distances.min() > 1.8
    # strain of bcc lithium: a of the garnet over four cells
    a = build_prototype("LLZO-tetragonal").cell.lengths()[0]
    assert any(
        abs(strain - 100 * (a / (4 * 3.335) - 1)) < 1e-6
        for strain in built.principal_strains_metal_percent
    )


def test_polar_widest_gap_of_garnet_is_not_the_contact() -> None:
    built = build_interface(
        build_prototype("LLZO-tetragonal"),
        build_prototype("Li-bcc"),
        electrolyte_miller=(1, 0, 0),
        metal_miller=(0, 0, 1),
        electrolyte_layers=1,
        metal_layers=2,
        max_mismatch_percent=4.0,
    )
    slab = built.electrolyte_slab
    assert (slab.bottom_termination, slab.tasker_type, slab.stoichiometric) == (
        0,
        2,
        True,
    )
    assert (built.charge_electrolyte_e, slab.neutrality) == (0.0, "neutral")
    assert (
        "termination 2, the widest gap"
        in built.to_json()["electrolyte_slab"]["termination_from"]
    )


def test_charge_of_an_even_garnet_slab_is_told() -> None:
    built = build_interface(
        build_prototype("LLZO-tetragonal"),
        build_prototype("Li-bcc"),
        metal_miller=(0, 0, 1),
        electrolyte_layers=1,
        metal_layers=2,
        electrolyte_termination=(0, 1),
        min_area_A2=200.0,
    )
    assert built.match.electrolyte_multiple == 2
    assert built.electrolyte_slab.charge_e == pytest.approx(4.0)
    assert built.charge_electrolyte_e == pytest.approx(8.0)
    assert built.to_json()["charge_electrolyte_e"] == built.charge_electrolyte_e


CONTACT = {"electrolyte_layers": 1, "metal_layers": 2, "max_area_A2": 110.0}


@pytest.mark.parametrize("gap_A", [0.2, 0.6])
def test_atoms_that_overlap_across_the_contact_are_refused(gap_A: float) -> None:
    crystals = build_prototype("Li2ZrCl6"), build_prototype("Li-fcc")
    wide = build_interface(*crystals, **CONTACT).atoms
    wide.cell[2, 2] += 20.0  # the second contact is out of reach
    metal = wide.arrays["side"] == METAL
    wide.positions[metal, 2] -= 2.5 - gap_A
    nearest = wide.get_all_distances(mic=True)[metal][:, ~metal].min()
    with pytest.raises(InputError, match="another shift") as refusal:
        build_interface(*crystals, gap_A=gap_A, vacuum_A=20.0, **CONTACT)
    message = str(refusal.value)
    assert f"got {gap_A}, which leaves" in message
    assert f"{nearest:.3f} Å apart" in message
    assert "Cl " in message
    assert "Li " in message


def test_images_that_overlap_across_the_vacuum_are_refused() -> None:
    crystals = build_prototype("Li2ZrCl6"), build_prototype("Li-fcc")
    with pytest.raises(InputError, match="vacuum_A must keep the periodic images"):
        build_interface(*crystals, vacuum_A=0.3, **CONTACT)


@pytest.mark.parametrize("side_name", ["electrolyte", "metal"])
def test_crystals_with_overlapping_atoms_are_refused(side_name: str) -> None:
    crystals = {
        "electrolyte": build_prototype("Li2ZrCl6"),
        "metal": build_prototype("Li-fcc"),
    }
    crystals[side_name].positions[1] = crystals[side_name].positions[0] + (0.3, 0, 0)
    with pytest.raises(InputError, match=r"no overlapping atoms; got .* 0\.300 Å"):
        build_interface(**crystals)
    with pytest.raises(InputError, match=r"no overlapping atoms; got .* 0\.300 Å"):
        plan_interfaces(**crystals)


def test_sites_of_both_sides_keep_their_names(paper: Interface) -> None:
    names = np.array(paper.atoms.info["site_names"])[paper.atoms.arrays["site"]]
    assert len(names) == paper.n_atoms
    metal = paper.atoms.arrays["side"] == METAL
    assert set(names[metal]) == {"Li"}
    zirconium = set(names[(paper.atoms.symbols == "Zr")])
    assert len(zirconium) == 1


def test_side_view(paper: Interface) -> None:
    from matplotlib import pyplot as plt

    ax = paper.plot()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x (Å)", "z (Å)")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "Li",
        "Cl",
        "Zr",
    ]
    low, high = ax.get_ylim()
    assert low < 0
    assert high > paper.atoms.cell[2, 2]
    assert len(ax.collections[0].get_offsets()) >= 2 * paper.n_atoms
    plt.close(ax.figure)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"gap_A": 0.0}, "gap_A must be positive"),
        ({"gap_A": float("nan")}, "gap_A must be positive"),
        ({"gap_A": float("inf")}, "gap_A must be positive and at most 1000 Å"),
        ({"vacuum_A": -3.0}, "vacuum_A must be positive or None"),
        ({"vacuum_A": float("inf")}, "vacuum_A must be positive or None, at most"),
        ({"vacuum_A": float("nan")}, "vacuum_A must be positive or None"),
        ({"vacuum_A": 1.5}, "further apart than gap_A, 2.5; got 1.5"),
        ({"shift": (float("nan"), 0.0)}, "shift must be two finite fractions"),
        ({"shift": (0.0, float("inf"))}, "shift must be two finite fractions"),
        ({"shift": (0.5,)}, "shift must be two finite fractions"),
        ({"max_mismatch_percent": 10.5}, "max_mismatch_percent must be at most 10"),
        ({"min_area_A2": 500.0}, "min_area_A2 must not be negative nor above max_area"),
        ({"min_area_A2": float("nan")}, "min_area_A2 must not be negative"),
        (
            {"metal_layers": 5, "metal_thickness_A": 9.0},
            "metal_layers and metal_thickness_A must not both be given",
        ),
        (
            {"electrolyte_layers": 4, "electrolyte_thickness_A": 9.0},
            "electrolyte_layers and electrolyte_thickness_A must not both",
        ),
        ({"electrolyte_layers": 10**8}, "max_atoms must be at least 900000000"),
        ({"match": -1}, "match must not be negative"),
        ({"match": 50}, "match must be below the number of matches"),
        ({"metal_layers": 0}, "layers must be at least 1"),
        ({"metal_miller": (0, 0, 0)}, "miller must be three integers"),
        ({"max_area_A2": 40.0}, "best within 40 Å² is"),
        ({"max_area_A2": 20.0}, "Raise max_area_A2"),
        ({"max_area_A2": 1e5}, "max_area_A2 must be at most 5074"),
        ({"max_atoms": 172}, "max_atoms must be at least 173, the size of match 0"),
        ({"strain_on": "lithium"}, "strain_on must be metal, electrolyte or shared"),
        ({"electrolyte_thickness_A": 1.0}, "that of one layer, 2.82"),
        ({"metal_termination": 3}, "termination must be one of 0 to 0"),
    ],
)
def test_bad_input(options: dict[str, object], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        build_interface(
            build_prototype("Li2ZrCl6"), build_prototype("Li-fcc"), **options
        )


@pytest.mark.parametrize("vacuum_A", [None, 3.0])
@pytest.mark.parametrize("gap_A", [2.0, 2.5, 60.0])
def test_shortest_contact_is_that_of_all_pairs(
    gap_A: float, vacuum_A: float | None
) -> None:
    vacuum_A = vacuum_A and max(vacuum_A, gap_A)
    built = build_interface(
        build_prototype("Li2ZrCl6"),
        build_prototype("Li-fcc"),
        gap_A=gap_A,
        vacuum_A=vacuum_A,
        shift=(0.13, 0.21),
        **CONTACT,
    )
    metal = built.atoms.arrays["side"] == METAL
    nearest = built.atoms.get_all_distances(mic=True)[metal][:, ~metal].min()
    np.testing.assert_allclose(built.shortest_contact_A, nearest, rtol=1e-12)
    assert built.to_json()["shortest_contact_A"] == built.shortest_contact_A


def test_sign_of_the_strain_is_told(paper: Interface) -> None:
    e1, e2 = np.array(paper.principal_strains_metal_percent) / 100
    before = paper.metal_slab.area_A2 * paper.match.metal_multiple
    grown = 100 * (paper.area_A2 / before - 1)
    np.testing.assert_allclose(paper.area_strain_metal_percent, grown, rtol=1e-9)
    assert np.sign(grown) == np.sign(e1 + e2)
    assert paper.strain_metal_percent > 0
    assert paper.area_strain_electrolyte_percent == 0.0


def test_short_text_of_an_interface(paper: Interface) -> None:
    assert len(repr(paper)) < 3000
    assert "candidates" not in repr(paper)


def test_tiny_mismatch_is_not_called_zero() -> None:
    with pytest.raises(InputError, match=r"\d e?|%") as refusal:
        build_interface(
            build_prototype("Li2ZrCl6"),
            build_prototype("Li-fcc"),
            max_mismatch_percent=1e-9,
        )
    assert " 0.00 %" not in str(refusal.value)
