"""The dopant list: what the article names, and the rule that completes it."""

import warnings
from collections import Counter
from fractions import Fraction

import pytest

from structures.charge_balance import balance_charge, dopants_of_content
from structures.dopants import load_llzo_dopants, read_ion, write_ion
from training_data.errors import InputError

LLZO = {"Li": 56, "La": 24, "Zr": 16, "O": 96}
SITE = {"Li": ("IV", 0.59, 1), "La": ("VIII", 1.16, 3), "Zr": ("VI", 0.72, 4)}
STABLE = (
    "Sc3+-Zr Ce3+-La Ce3+-Zr Ac3+-La Y3+-La Y3+-Zr Tm3+-La Tm3+-Zr Er3+-La Er3+-Zr "
    "Ho3+-La Ho3+-Zr Dy3+-La Dy3+-Zr Nd3+-La Nd3+-Zr Tb3+-La Tb3+-Zr Pr3+-La Pm3+-La "
    "Pm3+-Zr Sm3+-La Sm3+-Zr Gd3+-La Gd3+-Zr Lu3+-La Ce4+-Zr Th4+-Zr Pa5+-Zr"
)
PASSIVATING = (
    "Ca2+-La Ca2+-Zr Yb3+-La Br3+-Li Te4+-Zr Se4+-Zr S4+-Zr Hf4+-Zr Cl5+-Zr I5+-Zr"
)
ROWS = load_llzo_dopants()


def _shannon(symbol, charge, coordination):
    from pymatgen.core import Element  # noqa: PLC0415

    table = Element(symbol).data.get("Shannon radii") or {}
    spins = table.get(str(charge), {}).get(coordination, {})
    return max((spin["ionic_radius"] for spin in spins.values()), default=None)


def test_article_is_transcribed_in_full():
    by_outcome = {
        outcome: {row.name for row in ROWS if row.outcome == outcome}
        for outcome in ("stable", "passivating")
    }
    assert by_outcome["stable"] == set(STABLE.split())
    assert by_outcome["passivating"] == set(PASSIVATING.split())
    assert Counter(row.source for row in ROWS) == {
        "abstract": 39,
        "text": 10,
        "completed": 68,
    }


def test_no_row_twice():
    assert len({row.name for row in ROWS}) == len(ROWS) == 117


def test_completed_rows_follow_the_stated_rule():
    """Recomputed from Shannon's radii; whatever else the rule allows is named."""
    from pymatgen.core import Element  # noqa: PLC0415

    left_out = {"O", "F", "N", "C", "La", "Zr", "Po", "At", "Fr", "Ra"}
    allowed = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(4, 93):
            element = Element.from_Z(number)
            if element.is_noble_gas or element.symbol in left_out:
                continue
            for charge in element.common_oxidation_states:
                for site, (coordination, radius, host_charge) in SITE.items():
                    own = _shannon(element.symbol, charge, coordination)
                    if own is None or charge < 1 or abs(charge - host_charge) > 2:
                        continue
                    if abs(own / radius - 1) <= 0.25:
                        allowed.add(f"{write_ion(element.symbol, charge)}-{site}")
    completed = {row.name for row in ROWS if row.source == "completed"}
    named = {row.name for row in ROWS} - completed
    assert allowed - named == completed
    assert len(allowed & named) == 30


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize("content", [Fraction(1, 8), Fraction(1, 4)])
def test_every_dopant_is_neutral_at_the_formula_of_the_article(row, content):
    """Li7-vxMx…, Li7+(3-v)xLa3-xMx…, Li7+(4-v)x…Zr2-xMx…, in exact fractions."""
    balance = balance_charge(
        LLZO,
        dopant=row.element,
        oxidation_state=row.oxidation_state,
        replaced=row.site,
        n_dopants=dopants_of_content(float(content), n_formula_units=8),
    )
    v, x = row.oxidation_state, content
    lithium = {"Li": 7 - v * x, "La": 7 + (3 - v) * x, "Zr": 7 + (4 - v) * x}
    expected = {
        "Li": lithium[row.site],
        "La": 3 - (x if row.site == "La" else 0),
        "Zr": 2 - (x if row.site == "Zr" else 0),
        "O": 12,
        row.element: x,
    }
    found = {e: Fraction(n, 8) for e, n in balance.counts.items()}
    assert found == expected
    charge = {"Li": 1, "La": 3, "Zr": 4, "O": -2, row.element: v}
    assert sum(amount * charge[e] for e, amount in found.items()) == 0
    assert balance.charge == 0


@pytest.mark.parametrize("text", ["Al", "3+", "al3+", "Xx2+", "Al0+", "Al3", "X2+"])
def test_ion_that_cannot_be_read(text):
    with pytest.raises(InputError, match=r"Al3\+"):
        read_ion(text)


@pytest.mark.parametrize("text", ["Al13+", "Al4+", "O3-", "He+", "La5+"])
def test_charge_that_the_element_never_has(text):
    with pytest.raises(InputError, match="a charge that"):
        read_ion(text)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_ion_is_read_as_it_is_written(row):
    assert read_ion(row.ion) == (row.element, row.oxidation_state)
