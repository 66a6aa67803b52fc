"""All dopants of LLZO against lithium, beside what the article says."""

import pytest
from sklearn.metrics import roc_auc_score

from screening.dopant_screening import screen_dopants
from screening.shipped_entries import load_entries
from structures.dopants import load_llzo_dopants
from training_data.errors import InputError

ROWS = {row.name: row for row in load_llzo_dopants()}


@pytest.fixture(scope="module")
def screening():
    rows = [row for row in ROWS.values() if row.outcome]
    return screen_dopants(rows, entries=load_entries())


def test_undoped_llzo_has_the_energy_that_was_checked_by_hand(screening):
    undoped = screening.undoped.excess
    assert undoped.energy_eV_per_formula_unit == pytest.approx(-0.338, abs=1e-3)


def test_nine_in_ten_of_the_article_are_in_its_class(screening):
    assert screening.agreement() == (36, 40)
    differing = {each.name for each in screening.dopants if not each.agrees}
    assert differing == {"Ca2+-La", "Ca2+-Zr", "Hf4+-Zr", "Ce4+-Zr"}


def test_passivating_dopants_form_the_products_of_the_article(screening):
    stated = {
        "Yb3+-La": "YbO",
        "Ca2+-La": "CaO",
        "Br3+-Li": "LiBr",
        "Te4+-Zr": "La2TeO2",
        "Se4+-Zr": "La2SeO2",
        "S4+-Zr": "La2SO2",
        "Hf4+-Zr": "Li6Hf2O7",
        "Cl5+-Zr": "LiCl",
        "I5+-Zr": "LaIO",
    }
    for each in screening.dopants:
        if each.name in stated:
            assert stated[each.name] in each.titration.excess.products
            assert each.interphase.rule_a is True


def test_no_dopant_passes_rule_b(screening):
    assert {each.interphase.rule_b for each in screening.dopants} == {False}


def test_threshold_moves_the_classes(screening):
    rows = [each.dopant for each in screening.dopants]
    wide = screen_dopants(
        rows, entries=load_entries(), stable_within_eV_per_formula_unit=10.0
    )
    assert wide.counts["stable"] == len(rows)


def test_area_under_the_curve_is_that_of_scikit_learn(screening):
    """Counted there from the ranks, ties included; here from all pairs."""
    stable = [each.dopant.outcome == "stable" for each in screening.dopants]
    energies = [e.relative_energy_eV_per_formula_unit for e in screening.dopants]
    expected = roc_auc_score(stable, energies)
    assert screening.area_under_curve() == pytest.approx(expected, rel=1e-12)
    assert expected == pytest.approx(0.796, abs=1e-3)


def test_half_the_content_of_aluminium():
    found = screen_dopants([ROWS["Al3+-Li"]], entries=load_entries(), content=0.125)
    assert found.dopants[0].reaction_energy_eV_per_formula_unit == pytest.approx(
        -0.460, abs=1e-3
    )


def test_failures_are_listed_and_the_last_one_is_told():
    rows = [ROWS["Al3+-Li"], ROWS["Cl5+-Zr"]]
    found = screen_dopants(rows, entries=load_entries(), content=2.25)
    assert [each.id for each in found.failures] == ["Cl5+-Zr"]
    with pytest.raises(InputError, match="No dopant could be screened"):
        screen_dopants([ROWS["Cl5+-Zr"]], entries=load_entries(), content=3.0)
    with pytest.raises(InputError, match="stable_within_eV_per_formula_unit"):
        screen_dopants(
            rows, entries=load_entries(), stable_within_eV_per_formula_unit=-0.1
        )


def test_result_is_complete_in_json(screening):
    found = screening.to_json()
    assert found["article"]["same_class"] == 36
    assert {"outcome", "equation", "interphase", "spread_eV_per_formula_unit"} <= set(
        found["dopants"][0]
    )
