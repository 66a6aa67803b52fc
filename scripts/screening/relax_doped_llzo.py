"""Relax doped cells of LLZO with CHGNet, one file per cell; go on where it ended.

    python scripts/screening/relax_doped_llzo.py FOLDER

Dopants that Liu et al. (2019) name come first, then the others of the list.
"""

import sys
from pathlib import Path

from mlip import load_potential
from screening.doped_cells import relax_doped_cells
from screening.relaxed_cell_files import read_relaxed_cells, write_relaxed_cell
from structures.dopants import load_llzo_dopants
from training_data.errors import Failure

FMAX = 0.1
"""Largest force left [eV/Å]; the first cells were taken to 0.05."""
FIRST = ("Al3+-Li", "Ga3+-Li", "Ta5+-Zr", "Nb5+-Zr")


def main(folder: Path) -> None:
    """Relax what is not in `folder` yet."""
    done = set()
    if folder.is_dir():
        done = {
            each.id if isinstance(each, Failure) else each.name
            for each in read_relaxed_cells(folder)
        }
    rows = sorted(
        load_llzo_dopants(),
        key=lambda row: (row.name not in FIRST, row.outcome == "", row.source),
    )
    wanted = [row for row in rows if row.name not in done]
    if "undoped" not in done:
        wanted = [None, *wanted]
    cells = relax_doped_cells(
        wanted, load_potential("chgnet"), fmax_eV_per_A=FMAX, n_runs=2
    )
    for cell in cells:
        write_relaxed_cell(folder, cell)
        said = cell.reason if isinstance(cell, Failure) else cell.to_json()
        print(said, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
