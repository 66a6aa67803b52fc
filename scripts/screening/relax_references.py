"""Relax the reference compounds of the doped cells with CHGNet.

    python scripts/screening/relax_references.py TABLE.csv

Each row is written when it is known; rows that are there are left alone.
"""

import sys
from dataclasses import replace
from pathlib import Path

from mlip import load_potential
from screening.reference_compounds import relax_reference_compounds
from screening.reference_energies import ReferenceEnergies, read_reference_energies
from structures.dopants import load_llzo_dopants
from training_data.errors import Failure


def main(table: Path) -> None:
    """Relax the references that are not in `table` yet."""
    potential = load_potential("chgnet")
    found = (
        read_reference_energies(table)
        if table.is_file()
        else ReferenceEnergies(
            potential=potential.identity, energies_eV_per_formula_unit={}
        )
    )
    for formula, energy in relax_reference_compounds(
        load_llzo_dopants(), potential, known=found.energies_eV_per_formula_unit
    ):
        if isinstance(energy, Failure):
            print(formula, energy.reason, flush=True)
            continue
        energies = {**found.energies_eV_per_formula_unit, formula: round(energy, 6)}
        found = replace(found, energies_eV_per_formula_unit=energies)
        table.write_text(found.csv(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
