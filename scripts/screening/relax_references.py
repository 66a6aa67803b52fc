"""Relax the reference compounds of the doped cells with CHGNet.

    python scripts/screening/relax_references.py TABLE.csv

Each row is appended when it is known; rows that are there are left alone.
"""

import csv
import sys
from pathlib import Path

from mlip import load_potential
from screening.formulas import reduced_formula
from screening.reference_compounds import build_reference_compound
from structures import build_prototype
from structures.dopants import load_llzo_dopants
from structures.reference_oxides import build_reference_oxide
from structures.reference_phases import relaxed_phases
from training_data.errors import Failure, InputError

HOST_OXIDES = (("Li", 1), ("La", 3), ("Zr", 4))


def main(table: Path) -> None:
    """Relax the references that are not in `table` yet."""
    wanted = {"Li": build_prototype("Li-bcc")}
    for element, charge in HOST_OXIDES:
        atoms = build_reference_oxide(element, charge)
        wanted[reduced_formula(atoms.get_chemical_formula())] = atoms
    for dopant in load_llzo_dopants():
        try:
            atoms = build_reference_compound(dopant)
        except InputError as error:
            print(dopant.name, error, flush=True)
            continue
        wanted.setdefault(reduced_formula(atoms.get_chemical_formula()), atoms)
    known = set()
    if table.is_file():
        with table.open(encoding="utf-8", newline="") as stream:
            known = {row["formula"] for row in csv.DictReader(stream)}
    else:
        table.write_text("formula,energy_eV_per_formula_unit\n", encoding="utf-8")
    potential = load_potential("chgnet")
    for formula, atoms in wanted.items():
        if formula in known:
            continue
        energy = relaxed_phases({formula: atoms}, potential, max_steps=150)[formula]
        if isinstance(energy, Failure):
            print(formula, energy.reason, flush=True)
            continue
        with table.open("a", encoding="utf-8") as stream:
            stream.write(f"{formula},{energy:.6f}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
