"""Relax doped cells of LLZO with CHGNet, one file per cell; go on where it ended.

    python scripts/screening/relax_doped_llzo.py FOLDER

Cells that are there with larger forces than asked go on from where they are. Dopants
that Liu et al. (2019) name come first, then the others of the list.
"""

import sys
from pathlib import Path

from mlip import load_potential
from screening.doped_cells import RelaxedCell, continue_relaxation, relax_doped_cells
from screening.relaxed_cell_files import read_relaxed_cells, write_relaxed_cell
from structures.dopants import load_llzo_dopants
from training_data.errors import Failure

FMAX = 0.05
"""Largest force left [eV/Å], the same for every cell."""
MAX_STEPS = 200
FIRST = ("Al3+-Li", "Ga3+-Li", "Ta5+-Zr", "Nb5+-Zr")


def main(folder: Path) -> None:
    """Relax what is not in `folder` yet, and what is not at rest there."""
    potential = load_potential("chgnet")
    done = set()
    for each in read_relaxed_cells(folder) if folder.is_dir() else ():
        if isinstance(each, Failure):
            done.add(each.id)
            continue
        done.add(each.name)
        if each.fmax_eV_per_A > FMAX:
            keep(
                folder,
                continue_relaxation(
                    each, potential, fmax_eV_per_A=FMAX, max_steps=MAX_STEPS
                ),
            )
    rows = sorted(
        load_llzo_dopants(),
        key=lambda row: (row.name not in FIRST, row.outcome == "", row.source),
    )
    wanted = [row for row in rows if row.name not in done]
    if "undoped" not in done:
        wanted = [None, *wanted]
    for cell in relax_doped_cells(
        wanted, potential, fmax_eV_per_A=FMAX, max_steps=MAX_STEPS, n_runs=2
    ):
        keep(folder, cell)


def keep(folder: Path, cell: RelaxedCell | Failure) -> None:
    """Write a cell and say so."""
    write_relaxed_cell(folder, cell)
    print(cell.reason if isinstance(cell, Failure) else cell.to_json(), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
