"""Charge arithmetic: exact, whole, and refused where it cannot be."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from structures.charge_balance import balance_charge, dopants_of_content
from training_data.errors import InputError

LLZO = {"Li": 56, "La": 24, "Zr": 16, "O": 96}


def _balance(counts=LLZO, **changed):
    given = {"dopant": "Al", "oxidation_state": 3, "replaced": "Li", "n_dopants": 2}
    return balance_charge(counts, **(given | changed))


def test_aluminium_on_lithium_is_the_published_garnet():
    """Li6.25Al0.25La3Zr2O12: two of 56 lithium replaced, four more leave."""
    balance = _balance()
    assert balance.counts == {"Li": 50, "La": 24, "Zr": 16, "O": 96, "Al": 2}
    assert balance.formula == "Li6.25Al0.25La3Zr2O12"
    assert balance.compensation == {"Li": -4}
    assert balance.content == 0.25


def test_tantalum_on_zirconium_is_the_published_garnet():
    balance = _balance(dopant="Ta", oxidation_state=5, replaced="Zr", n_dopants=8)
    assert balance.formula == "Li6La3ZrTaO12"


def test_oxygen_leaves_where_the_user_says_so():
    balance = _balance(
        {"Zr": 4, "O": 8},
        dopant="Y",
        replaced="Zr",
        n_dopants=2,
        compensating="O",
    )
    assert balance.counts == {"Zr": 2, "O": 7, "Y": 2}
    assert balance.charge == 0


@given(
    charge=st.integers(1, 7),
    site=st.sampled_from(["Li", "La", "Zr"]),
    n=st.integers(1, 8),
)
def test_whatever_is_not_refused_is_neutral(charge, site, n):
    states = {"Li": 1, "La": 3, "Zr": 4, "O": -2, "V": charge}
    balance = _balance(dopant="V", oxidation_state=charge, replaced=site, n_dopants=n)
    assert sum(states[e] * k for e, k in balance.counts.items()) == 0
    assert sum(balance.counts.values()) == sum(LLZO.values()) + sum(
        balance.compensation.values()
    )


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"counts": {"Li": 55, "La": 24, "Zr": 16, "O": 96}}, "neutral"),
        ({"counts": {"Li": 2, "Fe": 1, "O": 2}}, "oxidation_states"),
        ({"replaced": "Hf"}, "site"),
        ({"oxidation_state": 0}, "oxidation_state"),
        ({"oxidation_state": -1}, "sign"),
        ({"n_dopants": 0}, "n_dopants"),
        ({"n_dopants": 57}, "n_dopants"),
        ({"n_dopants": 30}, "enough Li"),
        ({"dopant": "La", "oxidation_state": 2}, "another species"),
        ({"dopant": "Li", "oxidation_state": 1}, "another species"),
        ({"compensating": "Na"}, "compensating"),
        (
            {"compensating": "O", "replaced": "Zr", "n_dopants": 1},
            "multiple of 2",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_impossible_balance_is_refused(changed, words):
    with pytest.raises(InputError, match=words):
        _balance(**changed)


def test_half_charges_are_refused():
    with pytest.raises(InputError, match="whole"):
        _balance({"Fe": 3, "O": 4}, oxidation_states={"Fe": 8 / 3})


@pytest.mark.parametrize(
    ("content", "number"), [(0.125, 1), (0.25, 2), ("1/8", 1), (Fraction(3, 8), 3)]
)
def test_content_is_a_number_of_dopants(content, number):
    assert dopants_of_content(content, n_formula_units=8) == number


@pytest.mark.parametrize("content", [0.2, 0.0625, 0.0, -0.25, float("nan"), 1e-9])
def test_content_that_needs_another_cell_is_refused(content):
    with pytest.raises(InputError, match=r"0\.125"):
        dopants_of_content(content, n_formula_units=8)


def test_several_elements_compensate_as_the_user_counts():
    """Four Y3+ on Zr4+ lack four charges: two Li come in and one O leaves."""
    balance = _balance(
        dopant="Y", replaced="Zr", n_dopants=4, compensating={"Li": 2, "O": -1}
    )
    assert balance.counts == {"Li": 58, "La": 24, "Zr": 12, "O": 95, "Y": 4}
    assert balance.charge == 0
    assert balance.compensation == {"Li": 2, "O": -1}


@pytest.mark.parametrize(
    ("compensating", "words"),
    [
        ({"Li": 2, "O": -2}, r"neutral; got Li=\+2 O=-2 .* charge of \+2 e"),
        ({}, r"got nothing for 4 Y3\+ on Zr, which leaves a charge of -4 e"),
        ({"Li": 2, "F": -2}, "elements of the host"),
        ({"Li": 4.5, "O": -0.25}, "whole ions"),
        ({"Li": -200, "O": -102}, "enough Li to remove"),
    ],
)
def test_counts_that_do_not_balance_are_refused(compensating, words):
    with pytest.raises(InputError, match=words):
        _balance(dopant="Y", replaced="Zr", n_dopants=4, compensating=compensating)
