"""What the doping stage writes: cells, a table, a figure, and its result."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ase.io import write

from lithophile.curves import new_figure, tidy
from lithophile.doping_settings import DopedSettings
from lithophile.run_folder import RunFolder
from lithophile.stages.doping_energies import DopantEnergies
from lithophile.stages.doping_wanted import WantedDopant
from structures.defect_energy import DefectEnergy
from structures.dopants import write_ion
from structures.doping_energies import CellEnergy
from structures.doping_result import Doping
from training_data import Failure

TABLE = "dopants.csv"
COLUMNS = (
    "dopant",
    "site",
    "source",
    "formula",
    "charge",
    "n_atoms",
    "dopant_neighbour_A",
    "minimum_distance_A",
    "closest_pair",
    "dopant_distance_A",
    "dopant_sites",
    "electrostatic_energy_eV",
    "potential_energy_eV",
    "n_runs_lowest",
    "defect_energy_eV_per_dopant",
    "relaxed",
    "converged",
    "passes",
    "structure",
    "relaxed_structure",
    "failure",
)


def write_table(folder: RunFolder, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write the numbers of all dopants as CSV."""
    table = folder.path / TABLE
    with table.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return table


def write_cells(
    folder: RunFolder,
    wanted: WantedDopant,
    doping: Doping | Failure,
    energies: DopantEnergies | Failure | None,
    settings: DopedSettings,
) -> dict[str, Any]:
    """Write the cells of one dopant; return its line of the table."""
    row: dict[str, Any] = {
        "dopant": write_ion(wanted.element, wanted.oxidation_state),
        "site": wanted.site,
        "source": wanted.source,
    }
    if isinstance(doping, Failure):
        return row | {"failure": doping.reason}
    path = folder.path / f"{wanted.name}.extxyz"
    write(path, [cell.atoms for cell in doping.cells], format="extxyz")
    best = doping.cells[0]
    row |= {
        "formula": doping.formula,
        "charge": doping.charge,
        "n_atoms": len(best.atoms),
        "dopant_neighbour_A": round(best.dopant_neighbour_A, 4),
        "minimum_distance_A": round(doping.minimum_distance_A, 4),
        "closest_pair": "-".join(best.closest_pair),
        "dopant_distance_A": round(best.dopant_distance_A, 4),
        "dopant_sites": " ".join(best.dopant_sites),
        "electrostatic_energy_eV": round(best.electrostatic_energy_eV, 6),
        "potential_energy_eV": best.potential_energy_eV,
        "n_runs_lowest": best.n_runs_lowest,
        "structure": path.name,
    }
    if isinstance(energies, Failure):
        return row | {"failure": energies.reason}
    if energies is None:
        return row
    lowest = energies.lowest
    if isinstance(lowest, Failure):
        return row | {"failure": lowest.reason}
    return row | {
        "defect_energy_eV_per_dopant": round(lowest.energy_per_dopant_eV, 4),
        "relaxed": lowest.relaxed,
        "converged": lowest.converged,
        "passes": energies.passes(settings.cutoff_eV),
        "relaxed_structure": _write_relaxed(folder, wanted, energies),
    }


def _write_relaxed(
    folder: RunFolder, wanted: WantedDopant, energies: DopantEnergies
) -> str | None:
    """Write the relaxed cells with their numbers; None where none was relaxed."""
    frames = []
    for cell, defect in zip(energies.cells, energies.defects, strict=True):
        if isinstance(cell, CellEnergy) and cell.relaxed:
            atoms = cell.atoms.copy()
            atoms.info |= {"relaxed_energy_eV": cell.energy_eV}
            atoms.info |= {"converged": cell.converged}
            if isinstance(defect, DefectEnergy):
                value = defect.energy_per_dopant_eV
                atoms.info |= {"defect_energy_eV_per_dopant": value}
            frames.append(atoms)
    if not frames:
        return None
    path = folder.path / f"{wanted.name}-relaxed.extxyz"
    write(path, frames, format="extxyz")
    return path.name


def stage_result(
    folder: RunFolder,
    *,
    wanted: Sequence[WantedDopant],
    dopings: Sequence[Doping | Failure],
    energies: Sequence[DopantEnergies | Failure | None],
    rows: Sequence[Mapping[str, Any]],
    table: Path,
) -> dict[str, Any]:
    """Gather the numbers: in full for one dopant, as a table for many."""
    built = [doping for doping in dopings if isinstance(doping, Doping)]
    if len(wanted) == 1:
        (doping,), (found,), (row,) = built, energies, rows
        defects = found.defects if isinstance(found, DopantEnergies) else ()
        lowest = found.lowest if isinstance(found, DopantEnergies) else None
        return {
            "structure": folder.path / f"{wanted[0].name}.extxyz",
            "n_atoms": len(doping.atoms),
            **doping.to_json(),
            "defect_energy": (
                lowest.to_json() if isinstance(lowest, DefectEnergy) else None
            ),
            "passes": row.get("passes"),
            "defect_energies_eV_per_dopant": [
                each.energy_per_dopant_eV if isinstance(each, DefectEnergy) else None
                for each in defects
            ],
            "table": table,
            "figure": _draw(folder, doping),
        }
    shown = (
        "dopant",
        "site",
        "formula",
        "charge",
        "dopant_neighbour_A",
        "minimum_distance_A",
    )
    return {
        "n": len(wanted),
        "n_built": len(built),
        "n_failed": len(wanted) - len(built),
        "all_neutral": all(doping.charge == 0 for doping in built),
        "minimum_distance_A": min(doping.minimum_distance_A for doping in built),
        "table": table,
        "dopants": [{key: row.get(key) for key in shown} for row in rows],
        "failures": [
            {"id": each.name, "reason": row["failure"]}
            for each, row in zip(wanted, rows, strict=True)
            if row.get("failure")
        ],
    }


def _draw(folder: RunFolder, doping: Doping) -> Path:
    """Figure of the energies of the cells."""
    figure = new_figure(6.0, 4.0)
    axes = figure.subplots()
    doping.plot(axes)
    tidy(axes)
    path = folder.figure("energies")
    figure.savefig(path, dpi=140, bbox_inches="tight")
    return path
