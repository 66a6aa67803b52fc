"""Cells of the dopant screening: relaxed one by one, kept one by one."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

from lithophile.claim import Claim
from lithophile.console import Progress
from lithophile.dopant_screening_settings import (
    SHIPPED_MODEL,
    DopantScreeningSettings,
)
from lithophile.run_folder import write_json, write_text
from mlip import Potential, load_potential
from screening.bond_valence import bond_valence_barriers
from screening.compound_energies import CompoundEnergy
from screening.doped_cells import (
    CHGNET_A,
    UNDOPED,
    RelaxedCell,
    relax_doped_cells,
    relaxed_lattice_constant,
)
from screening.doped_energies import (
    anchored_doped_energies,
    load_doped_cells,
    load_reference_energies,
)
from screening.entries import Entries
from screening.reference_compounds import relax_reference_compounds
from screening.relaxed_cell_files import read_relaxed_cells, write_relaxed_cell
from structures.dopants import LlzoDopant
from training_data import Failure, InputError

CELLS = "cells"
BARRIERS = "barriers"
REFERENCES = "references.csv"
LATTICE = "lattice.json"
SHIPPED_CONTENT = 0.25

Barriers = dict[str, float | str | None]


def doped_cells(
    settings: DopantScreeningSettings,
    folder: Path,
    *,
    dopants: Sequence[LlzoDopant],
    claim: Claim,
    progress: Progress,
) -> dict[str, RelaxedCell | Failure]:
    """Relaxed cells by name: those of the package, or relaxed here and kept.

    What was relaxed before is read back. The undoped cell is among them.
    """
    names = {UNDOPED, *(dopant.name for dopant in dopants)}
    if not settings.relax:
        if settings.content != SHIPPED_CONTENT:
            return {}
        return {cell.name: cell for cell in load_doped_cells() if cell.name in names}
    found = _kept(folder / CELLS)
    wanted: list[LlzoDopant | None] = [d for d in dopants if d.name not in found]
    if UNDOPED not in found:
        wanted.insert(0, None)
    if wanted:
        potential = load_potential(settings.model)
        a_A = _lattice_constant(settings, folder, potential)
        for cell in relax_doped_cells(
            wanted,
            potential,
            a_A=a_A,
            content=settings.content,
            seed=settings.seed,
            fmax_eV_per_A=settings.fmax_eV_per_A,
            max_steps=settings.max_steps,
        ):
            write_relaxed_cell(folder / CELLS, cell)
            claim.begin()
            name = cell.id if isinstance(cell, Failure) else cell.name
            found[name] = cell
            progress(len(found), len(names), {"relaxed": name})
    return {name: cell for name, cell in found.items() if name in names}


def anchored_energies(
    settings: DopantScreeningSettings,
    folder: Path,
    *,
    cells: dict[str, RelaxedCell | Failure],
    dopants: Sequence[LlzoDopant],
    entries: Entries,
    claim: Claim,
    progress: Progress,
) -> dict[str, CompoundEnergy | Failure]:
    """Anchor the energies of the cells; a cell that failed keeps its reason."""
    relaxed = [cell for cell in cells.values() if isinstance(cell, RelaxedCell)]
    failed = {n: c for n, c in cells.items() if isinstance(c, Failure)}
    if not any(cell.name == UNDOPED for cell in relaxed):
        reason = failed[UNDOPED].reason if UNDOPED in failed else "no undoped cell"
        return {d.name: Failure(d.name, reason) for d in dopants if d.name in cells}
    if settings.model == SHIPPED_MODEL:
        references = dict(load_reference_energies())
    else:
        references = _references(settings, folder, dopants, claim, progress)
    return {
        **anchored_doped_energies(
            relaxed,
            dopants=dopants,
            reference_energies_eV=references,
            entries=entries,
        ),
        **{name: each for name, each in failed.items() if name != UNDOPED},
    }


def barriers(
    settings: DopantScreeningSettings,
    folder: Path,
    *,
    cells: dict[str, RelaxedCell | Failure],
    dopants: Sequence[LlzoDopant],
    claim: Claim,
    progress: Progress,
) -> dict[str, Barriers]:
    """Barriers of lithium in every relaxed cell, each kept as soon as it is known."""
    charges = {d.name: {d.element: float(d.oxidation_state)} for d in dopants}
    relaxed = {n: c for n, c in cells.items() if isinstance(c, RelaxedCell)}
    (folder / BARRIERS).mkdir(exist_ok=True)
    found: dict[str, Barriers] = {}
    for index, (name, cell) in enumerate(relaxed.items()):
        path = folder / BARRIERS / f"{name}.json"
        if path.is_file():
            found[name] = json.loads(path.read_text(encoding="utf-8"))
            continue
        try:
            found[name] = bond_valence_barriers(
                cell.atoms,
                oxidation_states=charges.get(name),
                resolution_A=settings.resolution_A,
            ).to_json()
        except InputError as error:
            found[name] = {"failure": str(error)}
        write_json(path, found[name])
        claim.begin()
        progress(index + 1, len(relaxed), {"barriers": name})
    return found


def _kept(folder: Path) -> dict[str, RelaxedCell | Failure]:
    """Read what was relaxed before."""
    if not folder.is_dir():
        return {}
    return {
        each.id if isinstance(each, Failure) else each.name: each
        for each in read_relaxed_cells(folder)
    }


def _lattice_constant(
    settings: DopantScreeningSettings, folder: Path, potential: Potential
) -> float:
    """Lattice constant of pure LLZO in the potential [Å], found once."""
    if settings.model == SHIPPED_MODEL:
        return CHGNET_A
    path = folder / LATTICE
    if path.is_file():
        return float(json.loads(path.read_text(encoding="utf-8"))["a_A"])
    a_A = relaxed_lattice_constant(
        potential, seed=settings.seed, fmax_eV_per_A=settings.fmax_eV_per_A
    )
    write_json(path, {"a_A": a_A})
    return a_A


def _references(
    settings: DopantScreeningSettings,
    folder: Path,
    dopants: Sequence[LlzoDopant],
    claim: Claim,
    progress: Progress,
) -> dict[str, float]:
    """Energies of the reference compounds, each kept as soon as it is known."""
    path = folder / REFERENCES
    found: dict[str, float] = {}
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        found = {row["formula"]: float(row["energy_eV"]) for row in rows}
    for formula, energy in relax_reference_compounds(
        dopants, load_potential(settings.model), known=tuple(found)
    ):
        if isinstance(energy, Failure):
            continue  # each dopant that needs it says so
        found[formula] = energy
        lines = [f"{name},{value!r}" for name, value in found.items()]
        write_text(path, "\n".join(["formula,energy_eV", *lines]) + "\n")
        claim.begin()
        progress(len(found), len(dopants), {"reference": formula})
    return found
