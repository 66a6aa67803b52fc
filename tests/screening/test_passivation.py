"""Passivation: rules, what is not known, volumes, and the published products."""

import time
from collections import Counter

import pytest

from screening import (
    content_dependence,
    doped_formula,
    interphase,
    load_entries,
    read_formula,
    titration,
)
from screening.dopant_screening import screen_dopants
from screening.passivation import STABLE_WITHIN_EV, outcome_of
from screening.product_properties import product
from screening.reaction import Reaction
from structures.dopants import load_llzo_dopants
from training_data.errors import InputError

PUBLISHED_PRODUCTS = {
    "Ca2+-La": "CaO",
    "Ca2+-Zr": "CaO",
    "Yb3+-La": "YbO",
    "Br3+-Li": "LiBr",
    "Te4+-Zr": "La2TeO2",
    "Se4+-Zr": "La2SeO2",
    "S4+-Zr": "La2SO2",
    "Hf4+-Zr": "Li6Hf2O7",
    "Cl5+-Zr": "LiCl",
    "I5+-Zr": "LaIO",
}


@pytest.fixture(scope="module")
def entries():
    return load_entries()


def _reaction(compound, products, electrode_amount=1.0):
    return Reaction(
        compound=compound,
        electrode="Li",
        electrode_per_formula_unit=electrode_amount,
        products=products,
        energy_eV_per_formula_unit=-1.0,
        energy_eV_per_atom=-0.1,
    )


def test_products_of_the_passivating_dopants_are_the_published_ones(entries):
    """Ten entries of the article: same product, insulating, but Zr4O beside it."""
    dopants = {row.name: row for row in load_llzo_dopants()}
    passivating = {n for n, row in dopants.items() if row.outcome == "passivating"}
    assert passivating == set(PUBLISHED_PRODUCTS)
    for name, expected in PUBLISHED_PRODUCTS.items():
        row = dopants[name]
        formula = doped_formula(row.ion, site=row.site)
        found = titration(formula, entries=entries)
        judged = interphase(found.excess, dopant=row.element)
        held = [f for f in found.excess.products if row.element in read_formula(f)]
        assert held == [expected], name
        assert judged.rule_a is True, name
        assert judged.rule_b is False, name
        assert found.excess.products["Zr4O"] > 0.4


def test_classes_of_all_dopants(entries):
    """What docs/passivation.md counts, in less than ten seconds of one core."""
    start = time.process_time()
    found = screen_dopants(load_llzo_dopants(), entries=entries)
    assert time.process_time() - start < 10
    assert found.failures == ()
    assert Counter((row.dopant.outcome, row.outcome) for row in found.dopants) == {
        ("stable", "stable"): 28,
        ("stable", "mixed conducting"): 1,
        ("passivating", "stable"): 3,
        ("passivating", "passivating"): 7,
        ("reduced", "mixed conducting"): 1,
        ("", "stable"): 11,
        ("", "passivating"): 2,
        ("", "mixed conducting"): 64,
    }
    literal = Counter(row.outcome_rule_b for row in found.dopants)
    assert literal == {"stable": 42, "mixed conducting": 75}


def test_metal_among_the_products_decides_even_if_a_gap_is_unknown():
    unknown = "Li25La12Zr8AlO48"
    assert not product(unknown).gap.known
    both = interphase(_reaction("LiZr", {unknown: 0.1, "Zr4O": 1.0}), dopant="Zr")
    assert (both.rule_a, both.rule_b) == (False, False)
    assert both.unknown_gaps == (unknown,)
    only = interphase(_reaction("LiZr", {unknown: 0.1, "Li2O": 1.0}), dopant="Zr")
    assert (only.rule_a, only.rule_b) == (None, None)


def test_threshold_and_kind_of_gap_decide():
    reaction = _reaction("La2TeO4", {"La2TeO2": 1.0, "Li2O": 1.0})
    assert interphase(reaction, dopant="Te").rule_a is True
    assert interphase(reaction, dopant="Te", gap_threshold_eV=2.1).rule_a is False
    assert interphase(reaction).rule_a is None
    lanthana = product("La2O3")
    assert lanthana.gap_eV("PBE") == pytest.approx(3.411)
    assert lanthana.gap_eV("measured") == pytest.approx(5.4)
    assert product("La2TeO2").gap_eV("measured") == product("La2TeO2").gap_eV("PBE")


@pytest.mark.parametrize(
    ("formula", "cell_A3"),
    [
        ("Li2O", 4.619**3 / 4),
        ("LiCl", 5.140**3 / 4),
        ("CaO", 4.811**3 / 4),
        ("LiBr", 5.501**3 / 4),
        ("Zr3Al", 4.372**3),
        ("Zr", 23.28),
        ("Li7La3Zr2O12", 12.97**3 / 8),
    ],
)
def test_volumes_are_those_of_the_crystals(formula, cell_A3):
    assert product(formula).volume_A3 == pytest.approx(cell_A3, rel=0.04)


def test_volumes_are_not_guessed():
    for formula in ("CeO", "Li3Bi", "La2SO2", "LiZr2Os"):
        assert product(formula).volume_A3 is None
    assert product("Zr3Al").volume_source.startswith("estimated")
    assert product("Zr4O").volume_source.startswith("estimated")


def test_volume_change_counts_amounts_and_lithium():
    found = interphase(_reaction("LiYO2", {"Li2O": 2.0, "Y": 1.0}, 3.0))
    before, after = product("LiYO2").volume_A3, 2 * 24.649 + product("Y").volume_A3
    assert found.volume_change_percent == pytest.approx(100 * (after / before - 1))
    with_lithium = before + 3 * product("Li").volume_A3
    assert found.volume_change_with_electrode_percent == pytest.approx(
        100 * (after / with_lithium - 1)
    )
    half = interphase(_reaction("Li0.5Y0.5O", {"Li2O": 1.0, "Y": 0.5}, 1.5))
    assert half.volume_change_percent == pytest.approx(found.volume_change_percent)
    unknown = interphase(_reaction("LiYO2", {"CeO": 1.0}))
    assert unknown.volume_change_percent is None
    assert unknown.unknown_volumes == ("CeO",)


def test_conductivity_has_its_source():
    lithium_phosphide = product("Li3P")
    assert lithium_phosphide.conductivity_S_per_cm == pytest.approx(7e-4, rel=0.05)
    assert "10.1016/0167-2738(89)90438-4" in lithium_phosphide.conductivity_source
    assert product("LiScO2").conductivity_is_limit
    assert product("Zr4O").conductivity_S_per_cm is None


def test_outcome_of_energy_and_rule():
    assert STABLE_WITHIN_EV == 0.1
    assert outcome_of(-0.1, insulating=False) == "stable"
    assert outcome_of(-0.1001, insulating=True) == "passivating"
    assert outcome_of(-0.5, insulating=False) == "mixed conducting"
    assert outcome_of(-0.5, insulating=None) == "not known"


def test_content_bends_nothing_but_the_energy(entries):
    found = content_dependence(
        "Al3+", site="Li", entries=entries, contents=(0.25, 0.125)
    )
    assert found.contents == (0.0, 0.125, 0.25)
    assert found.energies_eV_per_formula_unit == pytest.approx(
        (-0.338, -0.460, -0.646), abs=1e-3
    )
    assert [t.compound for t in found.titrations][2] == "Li6.25Al0.25La3Zr2O12"
    heights = found.plot().lines[1].get_ydata()
    assert list(heights) == pytest.approx(list(found.energies_eV_per_formula_unit))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"dopant": "Al", "site": "Li"}, "element with its charge"),
        ({"dopant": "Qq3+", "site": "Li"}, "element with its charge"),
        ({"dopant": "Al3+", "site": "Hf"}, "site must be an element"),
        ({"dopant": "Al3+", "site": "Li", "content": 3.0}, "enough Li"),
        ({"dopant": "Al3+", "site": "Li", "content": -1.0}, "whole number"),
        ({"dopant": "F-", "site": "Zr"}, "sign of the ion"),
        (
            {"dopant": "Ca2+", "site": "Fe", "host": "LiFeO2", "content": 0.1},
            "oxidation_states",
        ),
    ],
)
def test_charge_that_cannot_balance_is_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        doped_formula(arguments.pop("dopant"), **arguments)


def test_bad_threshold_and_foreign_dopant_are_refused():
    reaction = _reaction("LiYO2", {"Li2O": 2.0, "Y": 1.0})
    with pytest.raises(InputError, match="gap_threshold_eV"):
        interphase(reaction, gap_threshold_eV=-1.0)
    with pytest.raises(InputError, match="dopant"):
        interphase(reaction, dopant="Ce")
