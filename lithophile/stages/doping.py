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
from lithophile.stages.doping_tables import (
    WantedDopant,
    stage_result,
    write_cells,
    write_table,
)
from lithophile.stages.inputs import crystal_path, model_path, read_crystal
from mlip import Potential, load_potential
from structures.defect_energy import DefectEnergy, defect_energies
from structures.disordered_crystal import DisorderedCrystal
from structures.disordered_crystal_files import read_disordered_crystal
from structures.dopants import load_llzo_dopants, read_ion
from structures.doping import build_doped, order_host
from structures.doping_host import DopingHost, prepare_host
from structures.doping_result import Doping
from structures.prototypes import available_prototypes
from structures.prototypes.llzo import build_llzo_cubic
from structures.reference_phases import phase_energies, reference_structures
from training_data import Failure, InputError

DEFAULT_CONTENT = 0.25


def doping_stage(
    settings: DopedSettings, *, out: Path, overwrite: bool, progress: Progress
) -> dict[str, Any]:
    """Build the doped cells and write them with a table of their numbers."""
    folder = RunFolder(out)
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
        _phases(host.atoms, wanted[0], references)  # refused before time is spent
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
        defects = _defects(
            host,
            wanted=wanted,
            dopings=dopings,
            settings=settings,
            potential=potential,
            references=references,
        )
        rows = [
            write_cells(folder, each, doping, defect, settings)
            for each, doping, defect in zip(wanted, dopings, defects, strict=True)
        ]
        table = write_table(folder, rows)
        return folder.finish(
            stage_result(
                folder,
                wanted=wanted,
                dopings=dopings,
                defects=defects,
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
            compensating=settings.compensating,
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


def _defects(
    host: DopingHost,
    *,
    wanted: Sequence[WantedDopant],
    dopings: Sequence[Doping | Failure],
    settings: DopedSettings,
    potential: Potential | None,
    references: Sequence[Atoms],
) -> list[DefectEnergy | Failure | None]:
    """Defect energy of the lowest cell of each dopant, where it was asked for."""
    if potential is None or not settings.defect_energy:
        return [None] * len(wanted)
    undoped = order_host(
        host,
        rng=np.random.default_rng(settings.seed),
        oxidation_states=settings.oxidation_states,
        min_distance_A=settings.min_distance_A,
        n_runs=settings.n_runs,
        n_sweeps=settings.n_sweeps,
    )
    known: dict[str, float] = {}
    found: list[DefectEnergy | Failure | None] = []
    for each, doping in zip(wanted, dopings, strict=True):
        if isinstance(doping, Failure):
            found.append(None)
            continue
        try:
            phases = _phases(undoped, each, references)
            new = {name: atoms for name, atoms in phases.items() if name not in known}
            known |= phase_energies(new, potential)
            found += defect_energies(
                [doping.atoms],
                undoped,
                potential,
                dopant=each.element,
                phases={name: known[name] for name in phases},
                max_steps=settings.max_steps,
                fmax_eV_per_A=settings.fmax_eV_per_A,
            )
        except InputError as error:
            if not settings.every:
                raise
            found.append(Failure(each.name, str(error)))
    return found


def _phases(
    host: Atoms, wanted: WantedDopant, references: Sequence[Atoms]
) -> dict[str, Atoms]:
    """Phases that one dopant refers to; a given one replaces its built-in oxide."""
    given = [a for a in references if wanted.element in a.get_chemical_symbols()]
    if len(given) > 1:
        raise InputError(
            f"references must hold {wanted.element} once; got it in "
            f"{', '.join(a.get_chemical_formula() for a in given)}. Leave one out."
        )
    if not given:
        ions = {wanted.element: wanted.oxidation_state}
        return reference_structures(host, ions=ions)
    return {**reference_structures(host, ions={}), _formula(given[0]): given[0]}


def _formula(atoms: Atoms) -> str:
    """Reduced formula, by which phases are named."""
    from pymatgen.core import Composition  # noqa: PLC0415 (slow to import)

    formula: str = Composition(atoms.get_chemical_formula()).reduced_formula
    return formula
