"""Cells of the dopant screening: relaxed one by one, kept one by one."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from lithophile.claim import Claim
from lithophile.console import Progress
from lithophile.dopant_screening_settings import (
    SHIPPED_CONTENT,
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
    continue_relaxation,
    relax_doped_cells,
    relaxed_lattice_constant,
)
from screening.doped_energies import anchored_doped_energies, load_doped_cells
from screening.entries import Entries
from screening.reference_compounds import relax_reference_compounds
from screening.reference_energies import (
    ReferenceEnergies,
    load_reference_energies,
    read_reference_energies,
)
from screening.relaxed_cell_files import read_relaxed_cells, write_relaxed_cell
from structures.dopants import LlzoDopant
from training_data import Failure, InputError

CELLS = "cells"
BARRIERS = "barriers"
REFERENCES = "references.csv"
LATTICE = "lattice.json"

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

    What was relaxed before is read back: what ran out of steps goes on where more are
    allowed now, what failed is tried again. The undoped cell is among them.
    """
    names = {UNDOPED, *(dopant.name for dopant in dopants)}
    if not settings.relax:
        if settings.content != SHIPPED_CONTENT:
            return {}
        return {cell.name: cell for cell in load_doped_cells() if cell.name in names}
    found = _kept(folder / CELLS)
    unfinished = [
        cell
        for cell in found.values()
        if isinstance(cell, RelaxedCell)
        and cell.name in names
        and not cell.converged
        and cell.n_steps < settings.max_steps
    ]
    wanted: list[LlzoDopant | None] = [d for d in dopants if d.name not in found]
    if UNDOPED not in found:
        wanted.insert(0, None)
    if not (wanted or unfinished):
        return {name: cell for name, cell in found.items() if name in names}
    potential = load_potential(settings.model)

    def keep(cell: RelaxedCell | Failure) -> None:
        write_relaxed_cell(folder / CELLS, cell)
        name = cell.id if isinstance(cell, Failure) else cell.name
        # a barrier of the cell as it was before would be kept else
        (folder / BARRIERS / f"{name}.json").unlink(missing_ok=True)
        claim.begin()
        found[name] = cell
        progress(len(found), len(names), {"relaxed": name})

    for cell in unfinished:
        again = continue_relaxation(
            cell,
            potential,
            fmax_eV_per_A=settings.fmax_eV_per_A,
            max_steps=settings.max_steps - cell.n_steps,
        )
        if isinstance(again, RelaxedCell):
            keep(again)
    if wanted:
        a_A = _lattice_constant(settings, folder, potential)
        for made in relax_doped_cells(
            wanted,
            potential,
            a_A=a_A,
            content=settings.content,
            seed=settings.seed,
            fmax_eV_per_A=settings.fmax_eV_per_A,
            max_steps=settings.max_steps,
        ):
            keep(made)
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
    if (reason := _no_host(cells.get(UNDOPED))) is not None:
        return {d.name: Failure(d.name, reason) for d in dopants if d.name in cells}
    if settings.relax and settings.model != SHIPPED_MODEL:
        references = _references(settings, folder, dopants, claim, progress)
    else:
        references = load_reference_energies()
    return {
        **anchored_doped_energies(
            relaxed,
            dopants=dopants,
            references=references,
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
        if (kept := _kept_barriers(path)) is not None:
            found[name] = kept
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


def _no_host(undoped: RelaxedCell | Failure | None) -> str | None:
    """Why no energy can be anchored on the undoped cell; None where it can."""
    if undoped is None:
        return "no undoped cell"
    if isinstance(undoped, Failure):
        return f"undoped cell: {undoped.reason}"
    if undoped.converged:
        return None
    return (
        f"undoped cell not at rest: forces to {undoped.fmax_eV_per_A:.2g} eV/Å after "
        f"{undoped.n_steps} steps. Raise max_steps and resume."
    )


def _kept(folder: Path) -> dict[str, RelaxedCell | Failure]:
    """Read the cells that were relaxed before; not those that failed."""
    if not folder.is_dir():
        return {}
    return {
        each.name: each
        for each in read_relaxed_cells(folder)
        if isinstance(each, RelaxedCell)
    }


def _kept_barriers(path: Path) -> Barriers | None:
    """Barriers that were found before; None where there are none that can be read."""
    if not path.is_file():
        return None
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:  # cut off or damaged: found again in seconds
        return None
    if not isinstance(kept, dict) or not {"failure", "barrier_3d_eV"} & kept.keys():
        return None
    return kept


def _lattice_constant(
    settings: DopantScreeningSettings, folder: Path, potential: Potential
) -> float:
    """Lattice constant of pure LLZO in the potential [Å], found once."""
    if settings.model == SHIPPED_MODEL:
        return CHGNET_A
    path = folder / LATTICE
    if path.is_file():
        with suppress(ValueError, KeyError, TypeError):  # damaged: found again
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
) -> ReferenceEnergies:
    """Energies of the reference compounds, each kept as soon as it is known."""
    path = folder / REFERENCES
    potential = load_potential(settings.model)
    found = ReferenceEnergies(
        potential=potential.identity, energies_eV_per_formula_unit={}
    )
    if path.is_file():
        found = read_reference_energies(path)
    for formula, energy in relax_reference_compounds(
        dopants, potential, known=tuple(found.energies_eV_per_formula_unit)
    ):
        if isinstance(energy, Failure):
            continue  # each dopant that needs it says so
        energies = {**found.energies_eV_per_formula_unit, formula: energy}
        found = replace(found, energies_eV_per_formula_unit=energies)
        write_text(path, found.csv())
        claim.begin()
        progress(len(energies), len(dopants), {"reference": formula})
    return found
