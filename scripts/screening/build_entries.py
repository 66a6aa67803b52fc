"""Write the shipped table of ground states in compact form.

The source is the table of the Materials Project's ground states that Bartel et al.
used, as published with CrabNet; see screening/data/SOURCE.md.

    python scripts/screening/build_entries.py mp_ground_states.csv \
        screening/data/ground_states.npz
"""

import csv
import sys
from pathlib import Path

import numpy as np

from screening.composition_table import CompositionTable
from screening.formulas import read_formula


def main() -> None:
    """Read the table, check that nothing is lost, write the arrays."""
    source, target = map(Path, sys.argv[1:])
    with source.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    table = CompositionTable.of([read_formula(row["formula"]) for row in rows])
    energies = {
        name: np.array([round(float(row[column]) * 1e6) for row in rows], np.int32)
        for name, column in (
            ("formation_energy_ueV_per_atom", "formation_energy_eV_per_atom"),
            (
                "decomposition_enthalpy_ueV_per_atom",
                "decomposition_enthalpy_eV_per_atom",
            ),
        )
    }
    np.savez_compressed(
        target,
        n_elements=table.n_elements,
        numbers=table.numbers,
        amounts=table.amounts.astype(np.uint8),
        **energies,
    )
    print(f"{len(table)} compounds, {target.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
