"""Write reaction energies of doped LLZO with excess lithium: hull energies alone.

    python scripts/screening/dopant_reactions.py \
        --ground-states mp_ground_states.csv --out screening/data

ΔG = E(products in equilibrium with Li) − E(hull at the compound's composition), per
formula unit, two dopants in eight formula units (x = 0.25).
"""

import argparse
import csv
import re
from pathlib import Path

from pymatgen.analysis.phase_diagram import (
    GrandPotentialPhaseDiagram,
    PDEntry,
    PhaseDiagram,
)
from pymatgen.core import Composition, Element

from structures.charge_balance import balance_charge
from structures.dopants import load_llzo_dopants

LLZO = {"Li": 56, "La": 24, "Zr": 16, "O": 96}
COORDINATION = {"Li": 4, "La": 8, "Zr": 6}
# Not among the 117: other elements, and other charges of elements that are. Written
# down before any of them was computed.
UNSEEN = (
    ("Be", 2, "Li"),
    ("B", 3, "Li"),
    ("Si", 4, "Li"),
    ("Ge", 4, "Li"),
    ("P", 5, "Li"),
    ("K", 1, "La"),
    ("Rb", 1, "La"),
    ("Cs", 1, "La"),
    ("U", 4, "La"),
    ("Np", 4, "Zr"),
    ("Pu", 4, "Zr"),
    ("U", 4, "Zr"),
    ("Si", 4, "Zr"),
    ("Ge", 4, "Zr"),
    ("P", 5, "Zr"),
    ("V", 3, "Zr"),
    ("Ti", 3, "Zr"),
    ("Mn", 4, "Zr"),
)


def read(path: Path) -> list[tuple[frozenset[str], str, float]]:
    """Elements, formula and formation energy per atom [eV] of every ground state."""
    rows = []
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            formula = row["formula"]
            rows.append(
                (
                    frozenset(re.findall(r"[A-Z][a-z]?", formula)),
                    formula,
                    float(row["formation_energy_eV_per_atom"]),
                )
            )
    return rows


def reaction(
    formula: str, table: list[tuple[frozenset[str], str, float]]
) -> tuple[float, str]:
    """Energy per formula unit [eV] and products of the reaction with excess Li."""
    composition = Composition(formula)
    symbols = {element.symbol for element in composition}
    entries = [PDEntry(Composition(symbol), 0.0) for symbol in sorted(symbols)]
    for elements, name, per_atom in table:
        if elements <= symbols:
            compound = Composition(name)
            entries.append(PDEntry(compound, per_atom * compound.num_atoms))
    hull = PhaseDiagram(entries).get_hull_energy(composition)
    open_to_li = GrandPotentialPhaseDiagram(entries, {Element("Li"): 0.0})
    rest = Composition({e: n for e, n in composition.items() if e.symbol != "Li"})
    products = [
        entry.original_comp.reduced_formula
        for entry in open_to_li.get_decomposition(rest)
    ]
    return open_to_li.get_hull_energy(rest) - hull, " ".join(sorted(products))


def main() -> None:
    """Write one row per dopant."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("ground-states", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    given = parser.parse_args()
    table = read(given.ground_states)
    dopants = [(d.element, d.oxidation_state, d.site) for d in load_llzo_dopants()]
    path = given.out / "llzo_dopant_reactions.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        written = csv.writer(stream, lineterminator="\n")
        written.writerow(
            [
                "element",
                "oxidation_state",
                "site",
                "coordination_number",
                "formula",
                "reaction_energy_eV_per_formula_unit",
                "products",
                "set",
            ]
        )
        energy, products = reaction("Li7La3Zr2O12", table)
        pure = ["", "", "", "", "Li7La3Zr2O12", f"{energy:.4f}", products, "pure"]
        written.writerow(pure)
        for name, rows in (("screened", dopants), ("unseen", list(UNSEEN))):
            for element, charge, site in rows:
                formula = balance_charge(
                    LLZO,
                    dopant=element,
                    oxidation_state=charge,
                    replaced=site,
                    n_dopants=2,
                ).formula
                energy, products = reaction(formula, table)
                written.writerow(
                    [
                        element,
                        charge,
                        site,
                        COORDINATION[site],
                        formula,
                        f"{energy:.4f}",
                        products,
                        name,
                    ]
                )


if __name__ == "__main__":
    main()
