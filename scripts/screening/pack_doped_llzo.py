"""Pack relaxed doped cells and reference energies into the data of the package.

python scripts/screening/pack_doped_llzo.py FOLDER REFERENCES.csv
"""

import shutil
import sys
from pathlib import Path

from ase.io import write

from screening.data_files import FOLDER, write_checksums
from screening.doped_energies import CELLS
from screening.reference_energies import REFERENCES
from screening.relaxed_cell_files import read_relaxed_cells
from training_data.errors import Failure


def main(cells: Path, references: Path) -> None:
    """Write one file of all cells at rest, positions to 1e-4 Å."""
    frames = []
    for cell in read_relaxed_cells(cells):
        if isinstance(cell, Failure) or not cell.converged:
            print("left out:", cell)
            continue
        atoms = cell.atoms.copy()
        atoms.info = {
            "name": cell.name,
            "potential_energy_eV": round(cell.energy_eV, 5),
            "fmax_eV_per_A": round(cell.fmax_eV_per_A, 4),
            "converged": cell.converged,
            "n_steps": cell.n_steps,
            "seconds": round(cell.seconds, 1),
            "potential": cell.potential,
        }
        atoms.positions = atoms.positions.round(4)
        frames.append(atoms)
    write(FOLDER / CELLS, frames, format="extxyz")
    shutil.copy(references, FOLDER / REFERENCES)
    write_checksums()
    print(f"{len(frames)} cells")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
