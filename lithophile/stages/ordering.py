"""Ordering stage: ranked structures as extended XYZ, a table and pictures."""

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.io import write

from lithophile.console import Progress
from lithophile.curves import new_figure, tidy
from lithophile.option_words import in_options
from lithophile.ordering_settings import OrderingSettings
from lithophile.provenance import provenance
from lithophile.run_folder import RunFolder
from lithophile.settings import ModelSettings
from lithophile.stages.inputs import model_path, open_potential
from structures.disordered_crystal import DisorderedCrystal
from structures.disordered_crystal_files import read_disordered_crystal
from structures.ordering import Ordering
from structures.ordering_problem import COUNT_TOLERANCE
from structures.prototypes import build_prototype
from structures.prototypes.llzo import build_llzo_cubic
from structures.site_ordering import order_sites
from training_data import InputError

TABLE = "ranking.csv"
MOST_SITES = 2500
"""Largest cell that is ordered; time and memory go with the square of its sites."""
MOST_ATOMS = 100_000
"""Largest cell that is written where nothing has to be ordered."""


def ordering_stage(
    settings: OrderingSettings, *, out: Path, overwrite: bool, progress: Progress
) -> dict[str, Any]:
    """Order the crystal and write what came of it."""
    folder = RunFolder(out, resumable=False)
    folder.check(resume=False, overwrite=overwrite)
    weights = model_path(settings.model) if settings.model else None
    folder.spare((settings.structure, weights), overwrite=overwrite)
    if settings.phase == "tetragonal":
        cell = build_prototype("LLZO-tetragonal")
        _refuse_large(len(cell), settings.supercell, most=MOST_ATOMS)
        built: Atoms | Ordering = cell.repeat(settings.supercell)
    else:
        one = _crystal(settings)
        _refuse_large(one.n_sites, settings.supercell, most=MOST_SITES)
        try:
            built = _order(settings, one, progress)
        except InputError as error:
            raise InputError(in_options(str(error))) from error
    with folder.opened(
        settings=settings,
        provenance=provenance(
            command="build llzo",
            seeds={"seed": settings.seed},
            inputs={"structure": settings.structure, "model": weights},
        ),
        overwrite=overwrite,
    ):
        structures = (built,) if isinstance(built, Atoms) else built.structures
        paths = _write_structures(folder.path, structures)
        result: dict[str, Any] = {
            "structure": paths[0],
            "n_atoms": len(structures[0]),
            "formula": structures[0].get_chemical_formula(mode="metal"),
            "mismatch_percent": None,
            "strain_metal_percent": None,
            "strain_electrolyte_percent": None,
            "area_A2": None,
            "thickness_metal_A": None,
            "thickness_electrolyte_A": None,
        }
        if isinstance(built, Ordering):
            _draw(built, folder.figure("energies"))
            rows = _rows(built, paths)
            _write_table(folder.path / TABLE, rows)
            numbers = built.to_json()
            result |= {
                "table": folder.path / TABLE,
                **numbers,
                "site_counts": numbers["structures"][0]["site_counts"],
                "excluded_pairs": sum(built.excluded_pairs),
                "structures": rows,
            }
        return folder.finish(result)


def _crystal(settings: OrderingSettings) -> DisorderedCrystal:
    """One cell of the crystal with partial occupancies that the settings name."""
    if settings.structure is None:
        return build_llzo_cubic()
    return read_disordered_crystal(settings.structure)


def _refuse_large(n_sites: int, supercell: tuple[int, int, int], *, most: int) -> None:
    """Refuse a supercell that is none, or too large, before it is made."""
    if min(supercell) < 1:
        raise InputError(
            f"supercell must be at least 1 along each vector; got {supercell!r}. "
            "1 keeps the cell."
        )
    n_cells = math.prod(supercell)
    if n_cells * n_sites > most:
        raise InputError(
            f"supercell must keep the cell within {most} sites; got {supercell!r}, "
            f"{n_cells * n_sites} sites. Take at most {max(most // n_sites, 1)} cells."
        )


def _counts(settings: OrderingSettings, one: DisorderedCrystal) -> dict[str, int]:
    """Atoms in the supercell of the species that are whole in one cell, or given.

    Occupancies are rounded: 56.06 lithium atoms are 56 in one cell and must not
    become 449 in eight.
    """
    n_cells = math.prod(settings.supercell)
    whole = {
        species: n_cells * round(number)
        for species, number in one.content.items()
        if abs(number - round(number)) <= COUNT_TOLERANCE
    }
    return {**whole, **(settings.counts or {})}


def _order(
    settings: OrderingSettings, one: DisorderedCrystal, progress: Progress
) -> Ordering:
    """Ordered structures of the supercell of a crystal."""
    potential = (
        None
        if settings.model is None
        else open_potential(ModelSettings(model=settings.model))
    )
    return order_sites(
        one.repeat(settings.supercell),
        counts=_counts(settings, one),
        oxidation_states=settings.oxidation_states,
        min_distance_A=settings.min_distance_A,
        method=settings.method,
        n_runs=settings.n_runs,
        n_sweeps=settings.n_sweeps,
        n_keep=settings.n_keep,
        potential=potential,
        progress=lambda done, total: progress(done, total, {}),
        rng=np.random.default_rng(settings.seed),
    )


def _write_structures(folder: Path, structures: tuple[Atoms, ...]) -> list[Path]:
    """One file per structure, named by rank."""
    paths = []
    for rank, atoms in enumerate(structures, start=1):
        path = folder / f"rank-{rank:02d}.extxyz"
        write(path, atoms, format="extxyz")
        paths.append(path)
    return paths


def _rows(ordering: Ordering, paths: list[Path]) -> list[dict[str, Any]]:
    """Ranking, one row per structure."""
    charges = ordering.electrostatic_energies_eV
    potential = ordering.potential_energies_eV
    return [
        {
            "path": path,
            "electrostatic_energy_eV": charges[index],
            "above_lowest_eV": charges[index] - min(charges),
            "potential_energy_eV": None if potential is None else potential[index],
            "n_equivalent": ordering.n_equivalent[index],
            "space_group": ordering.space_groups[index],
        }
        for index, path in enumerate(paths)
    ]


def _write_table(path: Path, rows: list[dict[str, Any]]) -> None:
    """Ranking as a table, one line per structure."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, ["rank", *rows[0]])
        table.writeheader()
        for rank, row in enumerate(rows, start=1):
            table.writerow({"rank": rank, **row, "path": row["path"].name})


def _draw(ordering: Ordering, path: Path) -> None:
    """Energies of the ranked structures, and what every run found."""
    figure = new_figure(8.4, 3.6)
    ranked, runs = figure.subplots(1, 2)
    ordering.plot(ranked)
    ordering.plot_runs(runs)
    for axes in (ranked, runs):
        tidy(axes)
    figure.savefig(path, dpi=140)
