"""Write reaction energies of doped LLZO with excess lithium: hull energies alone.

    python scripts/screening/dopant_reactions.py --out screening/data

ΔG = E(products in equilibrium with Li) − E(hull at the compound's composition), per
formula unit, two dopants in eight formula units (x = 0.25).
"""

import argparse
import csv
from pathlib import Path

from screening.doped_formula import LLZO, doped_formula
from screening.entries import Entries
from screening.shipped_entries import load_entries
from screening.titration import titration
from structures.dopants import load_llzo_dopants, write_ion

# Not among the 117: other elements, and other charges of elements that are. No model
# has learnt from any of them.
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


def reaction(compound: str, entries: Entries) -> tuple[float, str]:
    """Energy per formula unit [eV] and products of the reaction with excess Li."""
    excess = titration(compound, entries=entries).excess
    formed = sorted(set(excess.products) - {"Li"})
    return excess.energy_eV_per_formula_unit, " ".join(formed)


def main() -> None:
    """Write one row per dopant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    entries = load_entries()
    known = load_llzo_dopants()
    coordination = {d.site: d.coordination_number for d in known}
    dopants = [(d.element, d.oxidation_state, d.site) for d in known]
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
        energy, products = reaction(LLZO, entries)
        written.writerow(["", "", "", "", LLZO, f"{energy:.4f}", products, "pure"])
        for name, rows in (("screened", dopants), ("unseen", list(UNSEEN))):
            for element, charge, site in rows:
                formula = doped_formula(write_ion(element, charge), site=site)
                energy, products = reaction(formula, entries)
                written.writerow(
                    [
                        element,
                        charge,
                        site,
                        coordination[site],
                        formula,
                        f"{energy:.4f}",
                        products,
                        name,
                    ]
                )


if __name__ == "__main__":
    main()
