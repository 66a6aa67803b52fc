"""The shipped table of reaction energies against the code that made it."""

import csv

import pytest

from screening import doped_formula, load_entries
from screening.data_files import data_file
from screening.doped_formula import LLZO
from screening.titration import titration
from structures.dopants import write_ion

with data_file("llzo_dopant_reactions.csv").open(encoding="utf-8") as stream:
    ROWS = list(csv.DictReader(stream))


def test_all_energies_and_products_come_out_again():
    entries = load_entries()
    assert len(ROWS) == 1 + 117 + 18
    for row in ROWS:
        ion = write_ion(row["element"], int(row["oxidation_state"] or 0))
        formula = doped_formula(ion, site=row["site"]) if row["element"] else LLZO
        assert formula == row["formula"]
        excess = titration(formula, entries=entries).excess
        assert excess.energy_eV_per_formula_unit == pytest.approx(
            float(row["reaction_energy_eV_per_formula_unit"]), abs=5.1e-5
        ), formula
        assert sorted(set(excess.products) - {"Li"}) == row["products"].split()
