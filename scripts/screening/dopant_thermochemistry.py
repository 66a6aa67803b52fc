"""Write the oxide enthalpies and M-O bond energies that the dopant features use.

Experimental enthalpies come with pymatgen; computed ones from the table of ground
states; bond energies from table 1 of Barklem and Collet (CDS J/A+A/588/A96, column
of Luo 2007), CRC enthalpies of gaseous monoxides, and the articles below.

    python scripts/screening/dopant_thermochemistry.py \
        --ground-states mp_ground_states.csv --bonds barklem_collet_2016_table1.dat \
        --gases derived_mo_features.csv --out screening/data
"""

import argparse
import csv
import gzip
import json
import re
import warnings
from pathlib import Path

import pymatgen.analysis.compatibility
from pymatgen.core import Composition

KCAL_eV = 0.0433641
KJ_eV = 0.0103643
EXPERIMENT = "experiment (pymatgen exp_compounds)"
COMPUTED = "Materials Project ground states 2019-20"
# Cations whose Luo entry is missing in the CDS table, from the abstracts of the
# articles: D0 [eV].
ARTICLES = {
    "Eu": (4.922, "Merriles et al. 2021"),
    "Tm": (5.242, "Merriles et al. 2021"),
    "Yb": (4.083, "Merriles et al. 2021"),
    "Ru": (4.863, "Sorensen et al. 2020"),
    "Rh": (4.121, "Sorensen et al. 2020"),
    "Mo": (5.414, "Sorensen et al. 2020"),
    "Gd": (169.5 * KCAL_eV, "Murad and Hildenbrand 1980"),
    "Ho": (144.1 * KCAL_eV, "Murad and Hildenbrand 1980"),
    "Er": (143.9 * KCAL_eV, "Murad and Hildenbrand 1980"),
}
# Monoxides whose tabulated gas enthalpy was checked to be that of MO (name read by
# eye). HgO is left out: theory finds it hardly bound, JANAF 269 kJ/mol.
GASES = {"Pd": "D298_MO_CRC_kJ", "U": "D298_MO_CRC_kJ"}


def elements(formula: str) -> set[str]:
    """Symbols in a formula."""
    return set(re.findall(r"[A-Z][a-z]?", formula))


def is_binary_oxide(formula: str) -> bool:
    """Whether oxygen and one other element make up the formula."""
    found = elements(formula)
    return len(found) == 2 and "O" in found


def oxides(ground_states: Path) -> list[tuple[str, float, str]]:
    """Binary oxides: formula, enthalpy of formation per atom [eV] and source."""
    rows = []
    listed = Path(pymatgen.analysis.compatibility.__file__).parent
    with gzip.open(listed / "exp_compounds.json.gz") as stream:
        for entry in json.load(stream):
            if is_binary_oxide(entry["formula"]):
                composition = Composition(entry["formula"])
                per_atom = entry["exp energy"] / composition.num_atoms
                rows.append((composition.reduced_formula, per_atom, EXPERIMENT))
    with ground_states.open(encoding="utf-8", newline="") as stream:
        for entry in csv.DictReader(stream):
            if is_binary_oxide(entry["formula"]):
                formula = Composition(entry["formula"]).reduced_formula
                energy = float(entry["formation_energy_eV_per_atom"])
                rows.append((formula, energy, COMPUTED))
    return sorted(rows, key=lambda row: (row[0], row[2] == COMPUTED))


def bonds(luo: Path, gases: Path) -> list[tuple[str, float, str]]:
    """Element, dissociation energy of the monoxide [eV] and source."""
    rows = {}
    for line in luo.read_text(encoding="utf-8").splitlines():
        fields = line.split()
        if line.startswith("#") or len(fields) < 7:
            continue
        name, one, other = fields[:3]
        if name.endswith("+") or "O" not in (one, other) or fields[5] == "---":
            continue
        element = other if one == "O" else one
        if element != "O":
            rows[element] = (float(fields[5]), "Luo 2007, D0")
    for element, (energy, source) in ARTICLES.items():
        rows.setdefault(element, (energy, f"{source}, D0"))
    with gases.open(encoding="utf-8", newline="") as stream:
        for entry in csv.DictReader(stream):
            column = GASES.get(entry["element"])
            if column and entry["element"] not in rows:
                energy = float(entry[column]) * KJ_eV
                rows[entry["element"]] = (energy, "CRC enthalpies of gases, D298")
    return [(element, *rows[element]) for element in sorted(rows)]


def write(path: Path, header: list[str], rows: list[tuple[str, float, str]]) -> None:
    """Rows with four decimals."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(header)
        table.writerows((name, f"{value:.4f}", source) for name, value, source in rows)


def main() -> None:
    """Write both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("ground-states", "bonds", "gases", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    given = parser.parse_args()
    write(
        given.out / "oxide_enthalpies.csv",
        ["formula", "formation_enthalpy_eV_per_atom", "source"],
        oxides(given.ground_states),
    )
    write(
        given.out / "bond_energies.csv",
        ["element", "dissociation_energy_eV", "source"],
        bonds(given.bonds, given.gases),
    )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
