"""Doping stage: doped cells of one dopant, or of all of the LLZO screening."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from lithophile.console import Progress
from lithophile.doping_settings import CUBIC_GARNET, DopedSettings
from lithophile.provenance import provenance
from lithophile.run_folder import RunFolder
from lithophile.stages.doping_energies import (
    DopantEnergies,
    dopant_energies,
    phases_of,
)
from lithophile.stages.doping_tables import stage_result, write_cells, write_table
from lithophile.stages.doping_wanted import WantedDopant
from lithophile.stages.inputs import crystal_path, model_path, read_crystal
from mlip import Potential, load_potential
from structures.disordered_crystal import DisorderedCrystal
from structures.disordered_crystal_files import read_disordered_crystal
from structures.dopants import load_llzo_dopants, read_ion
from structures.doping import build_doped
from structures.doping_host import DopingHost, prepare_host
from structures.doping_result import Doping
from structures.prototypes import available_prototypes
from structures.prototypes.llzo import build_llzo_cubic
from training_data import Failure, InputError

DEFAULT_CONTENT = 0.25


def doping_stage(
    settings: DopedSettings, *, out: Path, overwrite: bool, progress: Progress
) -> dict[str, Any]:
    """Build the doped cells and write them with a table of their numbers."""
    folder = RunFolder(out, resumable=False)
    folder.check(resume=False, overwrite=overwrite)
    host_path = None if settings.host == CUBIC_GARNET else crystal_path(settings.host)
    weights = model_path(settings.model) if settings.model else None
    folder.spare(
        (host_path, weights, *(settings.references or ())), overwrite=overwrite
    )
    wanted = _wanted(settings)
    given = settings.references or ()
    references = [read_crystal(str(path)) for path in given]
    host = prepare_host(_read_host(settings.host), counts=settings.counts)
    if settings.defect_energy and not settings.every:
        phases_of(host.atoms, wanted[0], references)  # refused before time is spent
    potential = load_potential(settings.model) if settings.model else None
    dopings: list[Doping | Failure] = []
    for index, each in enumerate(wanted):
        dopings.append(_build(host, each, settings, potential))
        progress(index + 1, len(wanted), {"dopant": each.name})
    _refuse_all_failed(dopings)
    record = provenance(
        command="build doped",
        seeds={"seed": settings.seed},
        inputs={
            "host": host_path,
            "model": weights,
            **{str(path): path for path in given},
        },
    )
    with folder.opened(settings=settings, provenance=record, overwrite=overwrite):
        energies: list[DopantEnergies | Failure | None] = [None] * len(wanted)
        if potential is not None and settings.defect_energy:
            energies = dopant_energies(
                host,
                wanted=wanted,
                dopings=dopings,
                settings=settings,
                potential=potential,
                references=references,
                progress=progress,
            )
        rows = [
            write_cells(folder, each, doping, found, settings)
            for each, doping, found in zip(wanted, dopings, energies, strict=True)
        ]
        table = write_table(folder, rows)
        return folder.finish(
            stage_result(
                folder,
                wanted=wanted,
                dopings=dopings,
                energies=energies,
                rows=rows,
                table=table,
            )
        )


def _wanted(settings: DopedSettings) -> list[WantedDopant]:
    """Dopants that the settings ask for."""
    if settings.every:
        return [
            WantedDopant(
                element=row.element,
                oxidation_state=row.oxidation_state,
                site=row.site,
                source=row.source,
            )
            for row in load_llzo_dopants()
        ]
    element, charge = read_ion(settings.dopant or "")
    return [
        WantedDopant(
            element=element,
            oxidation_state=charge,
            site=settings.site or "",
            source="given",
        )
    ]


def _read_host(name: str) -> Atoms | DisorderedCrystal:
    """Cubic garnet, prototype, or file; a file may hold partial occupancies."""
    if name == CUBIC_GARNET:
        return build_llzo_cubic()
    if name in available_prototypes():
        return read_crystal(name)
    if Path(name).suffix.lower() in {".cif", ".mcif", ".json"}:
        crystal = read_disordered_crystal(name)
        if crystal.disordered.any():
            return crystal
    return read_crystal(name)


def _build(
    host: DopingHost,
    wanted: WantedDopant,
    settings: DopedSettings,
    potential: Potential | None,
) -> Doping | Failure:
    """Cells of one dopant; of many, one that cannot be built is only noted."""
    content = settings.content
    if content is None and settings.n_dopants is None:
        content = DEFAULT_CONTENT
    try:
        return build_doped(
            host,
            dopant=wanted.element,
            oxidation_state=wanted.oxidation_state,
            site=wanted.site,
            content=content,
            n_dopants=settings.n_dopants,
            placement=settings.placement,
            n_candidates=settings.n_candidates,
            compensating=settings.compensation or settings.compensating,
            oxidation_states=settings.oxidation_states,
            min_distance_A=settings.min_distance_A,
            n_runs=settings.n_runs,
            n_sweeps=settings.n_sweeps,
            potential=potential,
            rng=np.random.default_rng(settings.seed),
        )
    except InputError as error:
        if not settings.every:
            raise
        return Failure(wanted.name, str(error))


def _refuse_all_failed(dopings: Sequence[Doping | Failure]) -> None:
    failures = [found for found in dopings if isinstance(found, Failure)]
    if len(failures) == len(dopings):
        raise InputError(f"No dopant could be built. The first: {failures[0].reason}")
