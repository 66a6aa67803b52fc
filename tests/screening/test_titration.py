"""Titration: known kinks, balanced to the atom, the same as pymatgen's."""

import numpy as np
import pytest
from pymatgen.analysis.interface_reactions import InterfacialReactivity
from pymatgen.analysis.phase_diagram import GrandPotentialPhaseDiagram
from pymatgen.core import Composition, Element

from screening import (
    Entries,
    competing_reactions,
    electrochemical_window,
    load_entries,
    read_formula,
    titration,
)
from screening.mixing_line import below_origin
from training_data.errors import InputError

GARNET = "Li7La3Zr2O12"
TOY = Entries.of(
    {"Li2O": -2.0, "ZrO2": -3.6, "Zr3O": -1.2}, scheme="toy", source="by hand"
)


@pytest.fixture(scope="module")
def entries():
    return load_entries()


def _atoms(amounts):
    total = {}
    for formula, n in amounts.items():
        for element, k in read_formula(formula).items():
            total[element] = total.get(element, 0.0) + n * k
    return total


def _assert_balanced(reaction):
    before = _atoms(reaction.reactants)
    given_off = max(-reaction.electrode_per_formula_unit, 0.0)
    after = _atoms(reaction.products | {reaction.electrode: given_off})
    for element in {*before, *after}:
        assert after.get(element, 0.0) == pytest.approx(
            before.get(element, 0.0), rel=1e-5, abs=2e-5
        ), f"{element} in {reaction.equation}"


def test_kinks_of_a_hull_drawn_by_hand():
    """ZrO2 with Li: Zr3O would give −0.8 eV at 10/3 Li, above the line to Zr."""
    found = titration("ZrO2", entries=TOY)
    assert [kink.equation for kink in found.kinks] == [
        "ZrO2 → ZrO2",
        "ZrO2 + 4 Li → 2 Li2O + Zr",
    ]
    assert found.excess.energy_eV_per_formula_unit == pytest.approx(-1.2)
    assert found.excess.energy_eV_per_atom == pytest.approx(-1.2 / 7)
    assert found.plateaus_V == pytest.approx((0.3,))


@pytest.mark.parametrize(
    ("formula", "energy_eV"),
    [
        (GARNET, -0.338),
        ("Li6.625La3Zr2Al0.125O12", -0.460),
        ("Li6.25La3Zr2Al0.25O12", -0.646),
    ],
)
def test_garnet_against_lithium(entries, formula, energy_eV):
    found = titration(formula, entries=entries)
    assert found.excess.energy_eV_per_formula_unit == pytest.approx(energy_eV, abs=1e-3)
    products = {"La2O3", "Li2O", "Zr4O"} | ({"Zr3Al"} if "Al" in formula else set())
    assert set(found.excess.products) == products


def test_path_of_aluminium_doped_garnet(entries):
    """Every step of the published path but the alloy: ZrAl2 where it has ZrAl3."""
    found = titration("Li6.25La3Zr2Al0.25O12", entries=entries)
    alloys = [
        next((f for f in kink.products if "Zr" in f and "Al" in f), None)
        for kink in found.kinks
    ]
    assert alloys == [
        *(None, "ZrAl2", "ZrAl2", "Zr2Al3", "Zr4Al3", "Zr3Al", "Zr3Al", "Zr3Al")
    ]
    second = found.kinks[1]
    assert set(second.products) == {"La2O3", "Li5AlO4", "Li6Zr2O7", "ZrAl2"}
    assert second.electrode_per_formula_unit == pytest.approx(10 / 23)
    assert found.excess.electrode_per_formula_unit == pytest.approx(8.125)


@pytest.mark.parametrize(
    ("compound", "electrode"),
    [
        (GARNET, "Li"),
        ("Li6PS5Cl", "Li"),
        ("Li3PS4", "LiCoO2"),
        ("Li6.75La3Zr1.75Nb0.25O12", "CoO2"),
    ],
)
def test_kinks_are_those_of_pymatgen(entries, compound, electrode):
    found = titration(compound, entries=entries, electrode=electrode)
    system = {*read_formula(compound), *read_formula(electrode)}
    reference = InterfacialReactivity(
        Composition(compound),
        Composition(electrode),
        entries.phase_diagram(system),
        norm=False,
        use_hull_energy=True,
    )
    n_atoms = sum(read_formula(compound).values())
    per_electrode = sum(read_formula(electrode).values())
    theirs = sorted(
        (share, energy)
        for _, share, energy, _, _ in reference.get_kinks()
        if share > 1e-6
    )
    ours = sorted(
        (1 / (1 + kink.electrode_per_formula_unit), kink) for kink in found.kinks
    )
    assert len(ours) == len(theirs)
    for (share, kink), (their_share, their_energy) in zip(ours, theirs, strict=True):
        assert share == pytest.approx(their_share, rel=1e-5)
        atoms = share * n_atoms + (1 - share) * per_electrode
        per_mixture = kink.energy_eV_per_atom * atoms  # as pymatgen gives it
        assert per_mixture == pytest.approx(their_energy, abs=1e-6)


def test_excess_is_the_hull_open_to_lithium(entries):
    """At μ(Li) = 0 the grand potential of the products is the titration's end."""
    formula = "Li6.25La3Zr2Al0.25O12"
    found = titration(formula, entries=entries)
    system = entries.chemical_system(read_formula(formula))
    open_hull = GrandPotentialPhaseDiagram(system, {Element("Li"): 0.0})
    without = Composition(formula) - Composition({"Li": 6.25})
    n_atoms = sum(read_formula(formula).values())
    expected = open_hull.get_hull_energy(without) - n_atoms * entries.hull_energy(
        formula
    )
    assert found.excess.energy_eV_per_formula_unit == pytest.approx(expected, rel=1e-6)


def test_every_reaction_of_random_compounds_is_balanced(entries):
    rng = np.random.default_rng(7)
    tried = 0
    for row in rng.permutation(len(entries))[:60]:
        amounts = entries.compositions.composition(int(row))
        if "Li" in amounts and len(amounts) == 1:
            continue
        formula = "".join(f"{e}{n}" for e, n in amounts.items())
        found = titration(formula, entries=entries)
        energies = [kink.energy_eV_per_formula_unit for kink in found.kinks]
        slopes = [-voltage for voltage in found.plateaus_V]
        assert energies[0] == pytest.approx(0.0, abs=1e-6)
        assert all(np.diff(energies) < 1e-6), formula
        assert all(np.diff(slopes) > -1e-4), formula
        for kink in found.kinks:
            _assert_balanced(kink)
        tried += 1
    assert tried >= 50


def test_two_compounds_meet_either_way_round(entries):
    one = titration("Li3PS4", entries=entries, electrode="LiCoO2").strongest
    other = titration("LiCoO2", entries=entries, electrode="Li3PS4").strongest
    assert one.energy_eV_per_atom == pytest.approx(other.energy_eV_per_atom, rel=1e-6)
    assert set(one.products) == set(other.products)


def test_energy_above_the_hull_shifts_everything(entries):
    hull = titration(GARNET, entries=entries)
    n_atoms = 24
    own_eV = n_atoms * entries.formation_energy(GARNET)
    own = titration(GARNET, entries=entries, energy_eV_per_formula_unit=own_eV)
    above = own.energy_above_hull_eV_per_atom
    assert above == pytest.approx(0.0066, abs=2e-4)
    for kink, reference in zip(own.kinks, hull.kinks, strict=True):
        assert kink.energy_eV_per_formula_unit == pytest.approx(
            reference.energy_eV_per_formula_unit - n_atoms * above, rel=1e-9
        )
    assert own.kinks[0].takes_place


def test_energy_below_the_hull_skips_kinks_and_then_stops_the_reaction(entries):
    hull_eV = 24 * entries.hull_energy(GARNET)
    some = titration(GARNET, entries=entries, energy_eV_per_formula_unit=hull_eV - 0.33)
    assert [kink.electrode_per_formula_unit for kink in some.kinks] == [
        0.0,
        pytest.approx(7.0),
    ]
    assert not some.kinks[0].takes_place
    none = titration(GARNET, entries=entries, energy_eV_per_formula_unit=hull_eV - 0.4)
    assert len(none.kinks) == 1
    assert none.excess.energy_eV_per_formula_unit == 0.0
    assert not none.excess.takes_place
    assert none.conversion.energy_eV_per_formula_unit == pytest.approx(
        0.4 - 0.3382, abs=1e-4
    )


def test_stable_compound_does_not_react(entries):
    found = titration("Li2O", entries=entries)
    assert len(found.kinks) == 1
    assert not found.excess.takes_place
    assert found.plateaus_V == ()


def test_hull_with_the_origin():
    assert below_origin([(0.0, 0.0), (1.0, -1.0), (3.0, -1.5)]) == [0, 1, 2]
    assert below_origin([(-2.0, 6.0), (-1.0, 2.9), (0.0, 0.4), (1.0, 0.1)]) == [
        *(0, 1, -1, 3)
    ]


@pytest.mark.parametrize(
    ("compound", "electrode", "words"),
    [
        ("Li7La3Zr2O12)", "Li", "formula"),
        ("Li7La3Qq2O12", "Li", "Qq"),
        ("Li7La3Zr2O12", "Lithium", "Lithium"),
        ("", "Li", "formula"),
        ("Li2O", "Li4O2", "another compound"),
    ],
)
def test_what_cannot_react_is_refused(entries, compound, electrode, words):
    with pytest.raises(InputError, match=words):
        titration(compound, entries=entries, electrode=electrode)


def test_json_and_picture(entries):
    found = titration("Li6.25La3Zr2Al0.25O12", entries=entries)
    content = found.to_json()
    assert {"li_per_formula_unit", "products", "energy_eV_per_formula_unit"} <= set(
        content["kinks"][0]
    )
    assert set(content["excess_li"]["products"]) == {"La2O3", "Li2O", "Zr4O", "Zr3Al"}
    ax = found.plot()
    curve = ax.lines[1].get_xydata()
    assert curve[-1] == pytest.approx([8.125, -0.6458], abs=1e-4)
    assert "eV" in ax.get_ylabel()


@pytest.mark.parametrize("formula", ["Og2O", "Po2O3", "LiHe", "He2", "Am2O3"])
def test_elements_without_any_compound_are_refused(formula):
    """Nothing can form from an element of which the table holds no compound."""
    element = next(e for e in ("Og", "Po", "He", "Am") if e in formula)
    for function in (titration, competing_reactions, electrochemical_window):
        with pytest.raises(InputError, match=f"compound among .*{element}"):
            function(formula, entries=load_entries())


def test_too_many_elements_are_refused_at_once():
    many = "LiNaKMgCaSrAlGaSiPSClFeCoNiMnO4"
    with pytest.raises(InputError, match="at most 9"):
        competing_reactions(many, entries=load_entries(), n_reactions=1)
    with pytest.raises(InputError, match="at most 9"):
        load_entries().hull_energy(many)


def test_hydroxides_are_written_as_chemists_do():
    found = titration("LiOH", entries=load_entries())
    assert found.kinks[0].equation == "LiOH → LiOH"
    assert found.kinks[0].products == {"LiOH": 1.0}
    assert not found.kinks[0].takes_place
    hydroxides = titration("LaH3O3", electrode="Na", entries=load_entries())
    assert set(hydroxides.kinks[0].products) == {"La(OH)3"}


@pytest.mark.parametrize("energy_eV", [np.nan, np.inf, -np.inf])
def test_energies_that_are_no_numbers_are_refused(energy_eV):
    for function in (titration, competing_reactions, electrochemical_window):
        with pytest.raises(InputError, match="must be finite"):
            function("ZrO2", entries=TOY, energy_eV_per_formula_unit=energy_eV)
