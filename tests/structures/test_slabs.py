"""Slabs: complete layers, thickness, orientation, any cell of the same crystal."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from structures.prototypes import build_prototype
from structures.slabs import build_slab, slab_choices, slab_thickness
from structures.terminations import surface_terminations
from training_data.errors import InputError


def test_five_li_111_planes_are_4a_over_sqrt3_thick() -> None:
    slab = build_slab(build_prototype("Li-fcc"), miller=(1, 1, 1), layers=5)
    np.testing.assert_allclose(slab.thickness_A, 4 * 4.20 / np.sqrt(3), rtol=1e-9)
    np.testing.assert_allclose(slab.thickness_A, 9.7, rtol=1e-3)
    np.testing.assert_allclose(slab.area_A2, 4.20**2 * np.sqrt(3) / 4, rtol=1e-9)
    assert slab.atoms.arrays["layer"].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("name", "miller", "spacing_A"),
    [
        ("Li-bcc", (1, 1, 0), 3.335 / np.sqrt(2)),
        ("Li-bcc", (0, 0, 1), 3.335 / 2),
        ("Li-bcc", (1, 1, 1), 3.335 / np.sqrt(12)),
        ("Li-fcc", (0, 0, 1), 4.20 / 2),
        ("LiCl", (0, 0, 1), 5.06 / 2),
        ("LiCl", (1, 1, 0), 5.06 / np.sqrt(8)),
        ("Zr", (0, 0, 1), 5.147 / 2),
        ("ZrCl2", (0, 0, 1), 19.378 / 3),
        ("Li2ZrCl6", (0, 0, 1), 5.87),
    ],
)
def test_layer_spacing(
    name: str, miller: tuple[int, int, int], spacing_A: float
) -> None:
    slab = build_slab(build_prototype(name), miller=miller, layers=3)
    np.testing.assert_allclose(slab.layer_spacing_A, spacing_A, rtol=1e-6)
    bottoms = [
        slab.atoms.positions[slab.atoms.arrays["layer"] == k, 2].min() for k in range(3)
    ]
    np.testing.assert_allclose(np.diff(bottoms), spacing_A, rtol=1e-6)


@pytest.mark.parametrize("layers", [1, 2, 4, 7])
def test_layers_of_li2zrcl6_are_whole(layers: int) -> None:
    slab = build_slab(build_prototype("Li2ZrCl6"), layers=layers)
    for layer in range(layers):
        part = slab.atoms[slab.atoms.arrays["layer"] == layer]
        assert part.get_chemical_formula(mode="metal") == "Li2ZrCl6"
        by_height = part[np.argsort(part.positions[:, 2])].get_chemical_symbols()
        assert by_height[:3] == by_height[-3:] == ["Cl"] * 3
        np.testing.assert_allclose(slab_thickness(part), 2.82, rtol=1e-9)


def test_cut_does_not_depend_on_origin_or_cell() -> None:
    crystal = build_prototype("Li2ZrCl6")
    reference = build_slab(crystal, layers=3)
    for shift in (0.3, 1.7, 4.4):
        moved = crystal.repeat((2, 1, 2))
        moved.positions += (0.4, 0.1, shift)
        moved.wrap()
        moved.rotate(35, (1, 2, 3), rotate_cell=True)
        slab = build_slab(moved, layers=3)
        assert slab.to_json()["formula"] == reference.to_json()["formula"]
        np.testing.assert_allclose(slab.thickness_A, reference.thickness_A, rtol=1e-6)
        np.testing.assert_allclose(slab.area_A2, reference.area_A2, rtol=1e-6)


def test_distances_are_those_of_the_crystal() -> None:
    crystal = build_prototype("Li2ZrCl6")
    slab = build_slab(crystal, layers=3)
    wide = slab.atoms.repeat((3, 3, 1))
    middle = wide.arrays["layer"] == 1
    inner = np.linalg.norm(
        wide.positions[:, :2] - wide.cell[:2, :2].sum(axis=0) / 2, axis=1
    )
    for symbol in ("Zr", "Li", "Cl"):
        chosen = np.flatnonzero(middle & (wide.symbols == symbol))
        atom = int(chosen[inner[chosen].argmin()])
        found = np.sort(np.linalg.norm(wide.positions - wide.positions[atom], axis=1))
        origin = int(np.flatnonzero(crystal.symbols == symbol)[0])
        big = crystal.repeat((7, 7, 7))
        first = big.positions[3 * 49 * 9 + 3 * 7 * 9 + 3 * 9 + origin]
        expected = np.sort(np.linalg.norm(big.positions - first, axis=1))
        np.testing.assert_allclose(found[1:20], expected[1:20], rtol=1e-6)


def test_standard_orientation_and_vacuum() -> None:
    slab = build_slab(bulk("Cu", cubic=True), miller=(2, 1, 1), layers=4, vacuum_A=12.0)
    cell = slab.atoms.cell[:]
    assert cell[0, 1] == cell[0, 2] == cell[1, 2] == 0.0
    assert np.linalg.det(cell) > 0
    np.testing.assert_allclose(
        cell[2, 2] - slab.thickness_A, 12.0 + slab.layer_spacing_A, rtol=1e-9
    )


def test_polar_planes_that_are_not_alike_stay_together() -> None:
    slab = build_slab(build_prototype("LiCl"), miller=(1, 1, 1), layers=3)
    for layer in range(3):
        part = slab.atoms[slab.atoms.arrays["layer"] == layer]
        assert sorted(part.get_chemical_symbols()) == ["Cl", "Li"]


@pytest.mark.parametrize("miller", [(0, 0, 1), (1, 0, 0), (1, 1, 0), (1, 1, 1)])
@pytest.mark.parametrize(
    "name", ["LiCl", "Li2ZrCl6", "ZrCl4", "ZrCl2", "ZrCl3", "LLZO-tetragonal"]
)
def test_a_layer_never_loses_its_composition(
    name: str, miller: tuple[int, int, int]
) -> None:
    # ZrCl4(111) has several nearly equal gaps of 0.75 Å within a repeat
    slab = build_slab(build_prototype(name), miller=miller, layers=1)
    assert slab.stoichiometric


def test_input_is_not_changed() -> None:
    crystal = build_prototype("Li2ZrCl6")
    before = crystal.copy()
    build_slab(crystal, layers=2)
    assert crystal == before


@pytest.mark.parametrize(
    ("thickness_A", "layers"), [(2.82, 1), (2.9, 2), (8.69, 2), (20.4, 4), (20.5, 5)]
)
def test_thickness_decides_the_number_of_layers(
    thickness_A: float, layers: int
) -> None:
    slab = build_slab(build_prototype("Li2ZrCl6"), thickness_A=thickness_A)
    assert slab.n_layers == layers
    assert slab.thickness_A >= thickness_A - 1e-9


def test_slab_thinner_than_a_layer_is_refused() -> None:
    with pytest.raises(InputError, match=r"that of one layer, 2\.82 Å; got 2\.0"):
        build_slab(build_prototype("Li2ZrCl6"), thickness_A=2.0)


def test_slab_between_chosen_cuts() -> None:
    licl = build_prototype("LiCl")
    polar = build_slab(licl, miller=(1, 1, 1), layers=3, termination=0)
    assert (polar.bottom_plane, polar.top_plane) == ("Cl", "Li")
    assert (polar.stoichiometric, polar.symmetric, polar.tasker_type) == (
        True,
        False,
        3,
    )
    # three double layers of d = a/sqrt(12) and area sqrt(3)/4 a²
    dipole = 3 * 5.06 / np.sqrt(12) / (np.sqrt(3) / 4 * 5.06**2)
    np.testing.assert_allclose(polar.dipole_e_per_A, dipole)
    even = build_slab(
        licl, miller=(1, 1, 1), layers=3, termination=0, top_termination=1
    )
    assert even.atoms.get_chemical_formula("metal") == "Li3Cl4"
    assert (even.bottom_plane, even.top_plane) == ("Cl", "Cl")
    assert (even.stoichiometric, even.symmetric, even.tasker_type) == (False, True, 3)
    assert (even.charge_e, even.neutrality, even.dipole_e_per_A) == (
        -1.0,
        "charged",
        None,
    )
    assert sorted(set(even.atoms.arrays["layer"])) == [0, 1, 2, 3]


def test_top_cut_equal_to_the_bottom_one_adds_nothing() -> None:
    licl = build_prototype("LiCl")
    one = build_slab(licl, miller=(1, 1, 1), layers=2, termination=1)
    other = build_slab(
        licl, miller=(1, 1, 1), layers=2, termination=1, top_termination=1
    )
    assert one.atoms == other.atoms


def test_layers_of_a_chosen_cut_are_congruent() -> None:
    # every layer between equivalent cuts has the same planes at the same distances
    slab = build_slab(
        build_prototype("LLZO-tetragonal"), miller=(0, 0, 1), layers=4, termination=4
    )
    layers = [slab.atoms[slab.atoms.arrays["layer"] == k] for k in range(4)]
    first = np.sort(layers[0].positions[:, 2]) - layers[0].positions[:, 2].min()
    for layer in layers[1:]:
        z = np.sort(layer.positions[:, 2])
        np.testing.assert_allclose(z - z.min(), first, atol=2e-3)
        assert layer.get_chemical_formula() == layers[0].get_chemical_formula()


@pytest.mark.parametrize(
    ("name", "miller"),
    [("Li2ZrCl6", (0, 0, 1)), ("LiCl", (1, 1, 1)), ("LLZO-tetragonal", (1, 0, 0))],
)
def test_choices_are_ranked_neutral_non_polar_symmetric(
    name: str, miller: tuple[int, int, int]
) -> None:
    found = slab_choices(build_prototype(name), miller=miller)
    ranks = [
        (
            abs(slab.charge_e) > 0.5,
            slab.tasker_type == 3,
            not slab.symmetric,
            not slab.stoichiometric,
        )
        for slab in found
    ]
    assert ranks == sorted(ranks)
    assert [slab.neutrality == "charged" for slab in found] == [r[0] for r in ranks]
    assert (ranks[0][0], ranks[-1][0]) == (False, True)


def test_best_choice_of_a_layered_halide_is_two_layers() -> None:
    found = slab_choices(build_prototype("Li2ZrCl6"), layers=2)
    best = found[0]
    assert (best.stoichiometric, best.symmetric, best.tasker_type) == (True, True, 2)
    assert best.atoms.get_chemical_formula("metal") == "Li4Zr2Cl12"
    np.testing.assert_allclose(best.thickness_A, 5.87 + 2.82)


def test_every_choice_can_be_built() -> None:
    llzo = build_prototype("LLZO-tetragonal")
    for slab in slab_choices(llzo, miller=(0, 0, 1))[:8]:
        again = build_slab(
            llzo,
            layers=1,
            termination=slab.bottom_termination,
            top_termination=slab.top_termination,
        )
        assert again.atoms == slab.atoms
        # a charged slab has no dipole to speak of, a neutral symmetric one has none
        if slab.neutrality == "charged":
            assert slab.dipole_e_per_A is None
        elif slab.symmetric:
            assert slab.dipole_e_per_A == 0.0


def test_sites_keep_their_names() -> None:
    crystal = build_prototype("LLZO-tetragonal")
    names = np.array(crystal.info["site_names"])[crystal.arrays["site"]]
    slab = build_slab(crystal, layers=4).atoms
    found = np.array(slab.info["site_names"])[slab.arrays["site"]]
    assert sorted(found) == sorted(names)  # both are one conventional cell
    assert all(
        name.startswith(symbol)
        for name, symbol in zip(found, slab.symbols, strict=True)
    )


@pytest.mark.parametrize(
    ("name", "miller", "widest"),
    [
        ("LLZO-tetragonal", (1, 0, 0), (2, 0.44, 0.63)),
        ("Li2ZrCl6", (1, 0, 0), (1, None, None)),
        ("Li2ZrCl6-P-31c", (1, 1, 0), (1, None, None)),
        ("La2O3", (1, 0, 0), (1, None, None)),
        ("ZrCl4", (1, 1, 1), (2, None, None)),
    ],
)
def test_a_polar_widest_gap_gives_way_to_a_cut_without_dipole(
    name: str, miller: tuple[int, int, int], widest: tuple[int, float, float]
) -> None:
    crystal, (number, gap_A, dipole) = build_prototype(name), widest
    slab = build_slab(crystal, miller=miller, layers=1)
    assert (slab.tasker_type, slab.stoichiometric, slab.dipole_e_per_A) == (2, True, 0)
    assert (slab.neutrality, slab.charge_e) == ("neutral", 0.0)
    assert f"termination {number}, the widest gap" in slab.termination_from
    cuts = surface_terminations(crystal, miller=miller)
    assert cuts[number].gap_A == pytest.approx(max(cut.gap_A for cut in cuts), abs=0.05)
    assert cuts[number].tasker_type == 3
    if gap_A is not None:
        assert f"{gap_A:.2f} Å, has a dipole of {dipole:.2f}" in slab.termination_from
    # whoever wants the widest gap gets it
    wide = build_slab(crystal, miller=miller, layers=1, termination=number)
    assert (wide.tasker_type, wide.termination_from) == (3, "given")


@pytest.mark.parametrize(
    ("name", "miller", "reason"),
    [
        ("LiCl", (1, 1, 1), "widest gap, 1.46 Å; every cut is polar"),
        ("Li2ZrCl6", (0, 0, 1), "widest gap, 3.05 Å"),
        ("Li-fcc", (1, 1, 1), "widest gap, 2.42 Å"),
    ],
)
def test_widest_gap_stays_where_nothing_is_better(
    name: str, miller: tuple[int, int, int], reason: str
) -> None:
    slab = build_slab(build_prototype(name), miller=miller, layers=1)
    assert slab.termination_from == reason


def test_layers_that_are_charged_are_not_split() -> None:
    # K+ between [MgCl3]- : the gaps are open, but what lies between is not neutral
    heights = [0.0, 2.5, 3.7, 3.7, 4.9]
    laterals = [(0, 0), (2, 2), (0, 0), (2, 0), (0, 2)]
    crystal = Atoms(
        ["K", "Cl", "Mg", "Cl", "Cl"],
        positions=[(*xy, z) for xy, z in zip(laterals, heights, strict=True)],
        cell=[4.0, 4.0, 7.4],
        pbc=True,
    )
    slab = build_slab(crystal, layers=1, oxidation_states={"K": 1, "Mg": 2})
    assert (slab.stoichiometric, slab.charge_e, slab.neutrality) == (
        True,
        0.0,
        "neutral",
    )


@pytest.mark.parametrize(
    ("name", "miller", "layers", "cuts", "charge_e"),
    [
        ("LiCl", (1, 1, 1), 4, (0, 1), -1.0),
        ("LLZO-tetragonal", (1, 0, 0), 1, (3, 2), 32.0),
        ("LLZO-tetragonal", (0, 0, 1), 2, (0, 1), 4.0),
    ],
)
def test_type_belongs_to_the_repeat_and_charge_to_the_slab(
    name: str,
    miller: tuple[int, int, int],
    layers: int,
    cuts: tuple[int, int],
    charge_e: float,
) -> None:
    slab = build_slab(
        build_prototype(name),
        miller=miller,
        layers=layers,
        termination=cuts[0],
        top_termination=cuts[1],
    )
    assert slab.symmetric
    assert not slab.stoichiometric
    assert (slab.charge_e, slab.neutrality) == (pytest.approx(charge_e), "charged")
    assert (slab.tasker_type, slab.dipole_e_per_A) == (3, None)
    states = {"Li": 1, "La": 3, "Zr": 4, "Cl": -1, "O": -2}
    assert sum(states[symbol] for symbol in slab.atoms.symbols) == charge_e


def test_neutrality_without_known_charges() -> None:
    found = slab_choices(build_prototype("ZrCl3"), miller=(1, 0, 0))
    for slab in found:
        assert (slab.charge_e, slab.tasker_type) == (None, None)
        assert slab.neutrality == ("neutral" if slab.stoichiometric else "unknown")
    assert {slab.neutrality for slab in found} == {"neutral", "unknown"}


def test_overlapping_atoms_are_refused() -> None:
    crystal = build_prototype("LiCl")
    crystal.positions[crystal.symbols == "Li"] = crystal.positions[
        crystal.symbols == "Cl"
    ] + (0.3, 0.0, 0.0)
    with pytest.raises(InputError, match=r"no overlapping atoms; got .* 0\.300 Å"):
        build_slab(crystal)
    with pytest.raises(InputError, match=r"no overlapping atoms; got .* 0\.300 Å"):
        surface_terminations(crystal, miller=(0, 0, 1))


@pytest.mark.parametrize(
    ("crystal", "options", "expected"),
    [
        (bulk("Cu"), {"miller": (0, 0, 0)}, "miller must be three integers"),
        (bulk("Cu"), {"layers": 0}, "layers must be at least 1"),
        (bulk("Cu"), {"layers": 2.0}, "layers must be at least 1, an integer"),
        (bulk("Cu"), {"layers": 10**8}, "max_atoms must be at least 100000000"),
        (bulk("Cu"), {"layers": 4, "max_atoms": 3}, "max_atoms must be at least 4"),
        (bulk("Cu"), {"layers": 4, "thickness_A": 9.0}, "must not both be given"),
        (bulk("Cu"), {"miller": "001"}, "miller must be three integers"),
        (bulk("Cu"), {"miller": (0.5, 0, 1)}, "miller must be three integers"),
        (bulk("Cu"), {"miller": (0, 1)}, "miller must be three integers"),
        (bulk("Cu"), {"thickness_A": 0.0}, "thickness_A must be positive"),
        (bulk("Cu"), {"thickness_A": np.nan}, "thickness_A must be positive"),
        (bulk("Cu"), {"thickness_A": np.inf}, "thickness_A must be positive"),
        (bulk("Cu"), {"vacuum_A": np.nan}, "vacuum_A must not be negative"),
        (bulk("Cu"), {"vacuum_A": np.inf}, "vacuum_A must not be negative"),
        (bulk("Cu"), {"thickness_A": 1e6}, "thickness_A must be below"),
        (bulk("Cu"), {"termination": 1}, "termination must be one of 0 to 0"),
        (bulk("Cu"), {"top_termination": -1}, "top_termination must be one of"),
        (bulk("Cu"), {"vacuum_A": -1.0}, "vacuum_A must not be negative"),
        (Atoms("Cu"), {}, "periodic in three directions"),
    ],
)
def test_bad_input(crystal: Atoms, options: dict[str, object], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        build_slab(crystal, **options)
