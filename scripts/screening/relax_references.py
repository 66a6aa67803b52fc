"""Relax the reference compounds of the doped cells with CHGNet.

    python scripts/screening/relax_references.py TABLE.csv

Each row is appended when it is known; rows that are there are left alone.
"""

import csv
import sys
from pathlib import Path

from mlip import load_potential
from screening.reference_compounds import relax_reference_compounds
from structures.dopants import load_llzo_dopants
from training_data.errors import Failure


def main(table: Path) -> None:
    """Relax the references that are not in `table` yet."""
    known = set()
    if table.is_file():
        with table.open(encoding="utf-8", newline="") as stream:
            known = {row["formula"] for row in csv.DictReader(stream)}
    else:
        table.write_text("formula,energy_eV_per_formula_unit\n", encoding="utf-8")
    for formula, energy in relax_reference_compounds(
        load_llzo_dopants(), load_potential("chgnet"), known=known
    ):
        if isinstance(energy, Failure):
            print(formula, energy.reason, flush=True)
            continue
        with table.open("a", encoding="utf-8") as stream:
            stream.write(f"{formula},{energy:.6f}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
