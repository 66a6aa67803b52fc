"""Decomposition enthalpies: against the published ones, and against pymatgen."""

import numpy as np
import pytest
from pymatgen.analysis.phase_diagram import PhaseDiagram
from pymatgen.core import Composition

from screening import Entries, decomposition_enthalpy, load_entries, read_formula
from screening.shipped_entries import published_decomposition_enthalpies
from training_data.errors import InputError

ENTRIES = load_entries()


def _sample(number, seed):
    rows = np.random.default_rng(seed).choice(len(ENTRIES), number, replace=False)
    return [
        (int(row), "".join(f"{s}{n}" for s, n in _amounts(row).items())) for row in rows
    ]


def _amounts(row):
    return ENTRIES.compositions.composition(row)


def test_two_hundred_random_compounds_against_the_published_enthalpies():
    published = published_decomposition_enthalpies()
    sample = _sample(200, seed=2020)
    ours = np.array(
        [
            decomposition_enthalpy(f, entries=ENTRIES).enthalpy_eV_per_atom
            for _, f in sample
        ]
    )
    theirs = published[[row for row, _ in sample]]
    assert theirs.std() > 0.05
    assert np.sqrt(np.mean((ours - theirs) ** 2)) < 0.5e-3
    assert np.abs(ours - theirs).max() < 5e-3


def test_random_compounds_against_pymatgens_hull_of_the_others():
    for _, formula in _sample(12, seed=7):
        found = decomposition_enthalpy(formula, entries=ENTRIES)
        others = [
            entry
            for entry in ENTRIES.chemical_system(read_formula(formula))
            if entry.composition.reduced_formula != found.formula
        ]
        hull = PhaseDiagram(others).get_hull_energy_per_atom(Composition(formula))
        expected = ENTRIES.formation_energy(formula) - hull
        assert found.enthalpy_eV_per_atom == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_unstable_compound_decomposes_as_the_phase_diagram_says():
    found = decomposition_enthalpy("Li7La3Zr2O12", entries=ENTRIES)
    assert found.enthalpy_eV_per_atom == pytest.approx(
        ENTRIES.energy_above_hull("Li7La3Zr2O12"), rel=1e-9
    )
    expected = {f: n / 24 for f, n in ENTRIES.decomposition("Li7La3Zr2O12").items()}
    assert found.products == pytest.approx(expected, rel=1e-6)


def test_products_hold_the_atoms_of_the_compound():
    for _, formula in _sample(20, seed=3):
        amounts = read_formula(formula)
        n_atoms = sum(amounts.values())
        balance = dict.fromkeys(amounts, 0.0)
        products = decomposition_enthalpy(formula, entries=ENTRIES).products
        for product, units in products.items():
            for symbol, amount in read_formula(product).items():
                balance[symbol] += units * amount * n_atoms
        assert balance == pytest.approx(amounts, rel=1e-6)


def test_given_energy_shifts_the_enthalpy():
    plain = decomposition_enthalpy("ZrO2", entries=ENTRIES).enthalpy_eV_per_atom
    energy = ENTRIES.formation_energy("ZrO2") + 0.1
    shifted = decomposition_enthalpy(
        "ZrO2", entries=ENTRIES, formation_energy_eV_per_atom=energy
    )
    assert shifted.enthalpy_eV_per_atom == pytest.approx(plain + 0.1, rel=1e-9)
    assert shifted.to_json()["formula"] == "ZrO2"


def test_element_and_unknown_compound_are_refused():
    with pytest.raises(InputError, match="competitors"):
        decomposition_enthalpy("Zr", entries=ENTRIES)
    with pytest.raises(InputError, match="Li3YCl6"):
        decomposition_enthalpy("Li3YCl6", entries=ENTRIES)
    with pytest.raises(InputError, match="finite"):
        decomposition_enthalpy(
            "ZrO2", entries=ENTRIES, formation_energy_eV_per_atom=np.inf
        )


def test_known_hull():
    own = Entries.of({"AlNi": -0.6}, scheme="x", source="y")
    found = decomposition_enthalpy("AlNi", entries=own)
    assert found.enthalpy_eV_per_atom == pytest.approx(-0.6, rel=1e-12)
    assert found.products == pytest.approx({"Al": 0.5, "Ni": 0.5})
