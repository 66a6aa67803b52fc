"""Competing reactions: the equilibrium first, none missing, each balanced."""

from itertools import chain, combinations

import numpy as np
import pytest
from scipy.optimize import linprog

from screening import (
    Entries,
    competing_reactions,
    load_entries,
    read_formula,
    titration,
)
from training_data.errors import InputError

TOY = Entries.of(
    {"Li2O": -2.0, "ZrO2": -3.6, "Zr3O": -1.5, "ZrO": -2.5, "Li2ZrO3": -2.95},
    scheme="toy",
    source="by hand",
)


@pytest.fixture(scope="module")
def entries():
    return load_entries()


def _balance(reaction):
    net = {}
    sides = ((reaction.reactants, -1.0), (reaction.products, 1.0))
    for amounts, sign in sides:
        for formula, n in amounts.items():
            for element, k in read_formula(formula).items():
                net[element] = net.get(element, 0.0) + sign * n * k
    if reaction.electrode_per_formula_unit < 0:
        for element, k in read_formula(reaction.electrode).items():
            net[element] -= reaction.electrode_per_formula_unit * k
    return max(abs(value) for value in net.values())


@pytest.mark.parametrize("electrode", ["Li", "LiCoO2"])
def test_first_is_the_equilibrium_and_energies_rise(entries, electrode):
    formula = "Li6.25La3Zr2Al0.25O12"
    ranked = competing_reactions(
        formula, entries=entries, electrode=electrode, n_reactions=6
    )
    best = titration(formula, entries=entries, electrode=electrode)
    lowest = min(best.kinks, key=lambda kink: kink.energy_eV_per_formula_unit)
    assert ranked[0].energy_eV_per_formula_unit == pytest.approx(
        lowest.energy_eV_per_formula_unit, abs=1e-6
    )
    energies = [one.energy_eV_per_formula_unit for one in ranked]
    assert energies == sorted(energies)
    assert len({frozenset(one.products) for one in ranked}) == len(ranked) == 6
    assert max(map(_balance, ranked)) < 2e-5


def test_fixed_amount_of_lithium_gives_the_point_of_the_titration(entries):
    formula = "Li6.25La3Zr2Al0.25O12"
    kink = titration(formula, entries=entries).kinks[4]
    ranked = competing_reactions(
        formula,
        entries=entries,
        electrode_per_formula_unit=kink.electrode_per_formula_unit,
        n_reactions=1,
    )
    assert ranked[0].energy_eV_per_formula_unit == pytest.approx(
        kink.energy_eV_per_formula_unit, abs=1e-6
    )
    assert set(ranked[0].products) == set(kink.products)


def test_none_is_missing():
    """Against every way to forbid phases of a small system, one by one."""
    phases = {"Li2O": -6.0, "Zr3O": -6.0, "ZrO": -5.0, "Li2ZrO3": -17.7}
    phases |= {"Zr": 0.0, "O2": 0.0}
    symbols = ("Li", "O", "Zr")
    columns = [[read_formula(f).get(e, 0.0) for e in symbols] for f in phases]
    matrix = np.array([*columns, [-1.0, 0.0, 0.0]]).T
    found = {}
    for forbidden in chain.from_iterable(combinations(range(6), k) for k in range(6)):
        bounds = [(0, 0 if i in forbidden else None) for i in range(6)]
        solved = linprog(
            [*phases.values(), 0.0],
            A_eq=matrix,
            b_eq=[0.0, 2.0, 1.0],
            bounds=[*bounds, (None, None)],
        )
        if solved.success:
            formed = [f for f, n in zip(phases, solved.x, strict=False) if n > 1e-6]
            found[frozenset(formed)] = solved.fun + 3 * 3.6
    ranked = competing_reactions("ZrO2", entries=TOY, n_reactions=50)
    ours = {frozenset(r.products): r.energy_eV_per_formula_unit for r in ranked}
    assert ours == pytest.approx(found, abs=1e-9)
    assert len(ours) >= 4


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"n_reactions": 0}, "n_reactions"),
        ({"electrode_per_formula_unit": -1.0}, "electrode_per_formula_unit"),
        ({"electrode_per_formula_unit": float("nan")}, "electrode_per_formula_unit"),
        ({"electrode": "ZrO2"}, "another compound"),
    ],
)
def test_bad_input_is_refused(changed, words):
    with pytest.raises(InputError, match=words):
        competing_reactions("ZrO2", entries=TOY, **changed)
