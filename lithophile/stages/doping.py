"""Doping stage: doped cells of one dopant, or of all of the LLZO screening."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.io import write

from lithophile.console import Progress
from lithophile.curves import new_figure, tidy
from lithophile.doping_settings import CUBIC_GARNET, DopedSettings
from lithophile.provenance import provenance
from lithophile.run_folder import RunFolder
from lithophile.stages.inputs import crystal_path, model_path, read_crystal
from mlip import Potential, load_potential
from structures.defect_energy import DefectEnergy, defect_energies
from structures.disordered_crystal import DisorderedCrystal
from structures.disordered_crystal_files import read_disordered_crystal
from structures.dopants import load_llzo_dopants, read_ion, write_ion
from structures.doping import build_doped, order_host
from structures.doping_host import DopingHost, prepare_host
from structures.doping_result import Doping
from structures.prototypes import available_prototypes
from structures.prototypes.llzo import build_llzo_cubic
from structures.reference_phases import phase_energies, reference_structures
from training_data import Failure, InputError

DEFAULT_CONTENT = 0.25
TABLE = "dopants.csv"
COLUMNS = (
    "dopant",
    "site",
    "source",
    "formula",
    "charge",
    "n_atoms",
    "minimum_distance_A",
    "closest_pair",
    "dopant_distance_A",
    "dopant_sites",
    "electrostatic_energy_eV",
    "potential_energy_eV",
    "n_runs_lowest",
    "defect_energy_eV_per_dopant",
    "passes",
    "structure",
    "failure",
)


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """One dopant that was asked for."""

    element: str
    oxidation_state: int
    site: str
    source: str

    @property
    def name(self) -> str:
        return f"{write_ion(self.element, self.oxidation_state)}-{self.site}"


def doping_stage(
    settings: DopedSettings, *, out: Path, overwrite: bool, progress: Progress
) -> dict[str, Any]:
    """Build the doped cells and write them with a table of their numbers."""
    folder = RunFolder(out)
    folder.check(resume=False, overwrite=overwrite)
    host_path = None if settings.host == CUBIC_GARNET else crystal_path(settings.host)
    weights = model_path(settings.model) if settings.model else None
    folder.spare((host_path, weights), overwrite=overwrite)
    wanted = _wanted(settings)
    host = prepare_host(_read_host(settings.host), counts=settings.counts)
    potential = load_potential(settings.model) if settings.model else None
    dopings: list[Doping | Failure] = []
    for index, each in enumerate(wanted):
        dopings.append(_build(host, each, settings, potential))
        progress(index + 1, len(wanted), {"dopant": each.name})
    _refuse_all_failed(dopings)
    record = provenance(
        command="build doped",
        seeds={"seed": settings.seed},
        inputs={"host": host_path, "model": weights},
    )
    with folder.opened(settings=settings, provenance=record, overwrite=overwrite):
        defects = _defects(host, wanted, dopings, settings, potential)
        rows = [
            _row(folder, each, doping, defect, settings)
            for each, doping, defect in zip(wanted, dopings, defects, strict=True)
        ]
        table = folder.path / TABLE
        with table.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        return folder.finish(
            _result(
                folder,
                wanted=wanted,
                dopings=dopings,
                defects=defects,
                rows=rows,
                table=table,
            )
        )


def _wanted(settings: DopedSettings) -> list[_Wanted]:
    """Dopants that the settings ask for."""
    if settings.every:
        return [
            _Wanted(
                element=row.element,
                oxidation_state=row.oxidation_state,
                site=row.site,
                source=row.source,
            )
            for row in load_llzo_dopants()
        ]
    element, charge = read_ion(settings.dopant or "")
    return [
        _Wanted(
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
    wanted: _Wanted,
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
    wanted: Sequence[_Wanted],
    dopings: Sequence[Doping | Failure],
    settings: DopedSettings,
    potential: Potential | None,
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
            phases = reference_structures(
                undoped, ions={each.element: each.oxidation_state}
            )
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


def _row(
    folder: RunFolder,
    wanted: _Wanted,
    doping: Doping | Failure,
    defect: DefectEnergy | Failure | None,
    settings: DopedSettings,
) -> dict[str, Any]:
    """Line of the table; the cells are written beside it."""
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
        "minimum_distance_A": round(doping.minimum_distance_A, 4),
        "closest_pair": "-".join(best.closest_pair),
        "dopant_distance_A": round(best.dopant_distance_A, 4),
        "dopant_sites": " ".join(best.dopant_sites),
        "electrostatic_energy_eV": round(best.electrostatic_energy_eV, 6),
        "potential_energy_eV": best.potential_energy_eV,
        "n_runs_lowest": best.n_runs_lowest,
        "structure": path.name,
    }
    if isinstance(defect, DefectEnergy):
        row["defect_energy_eV_per_dopant"] = round(defect.energy_per_dopant_eV, 4)
        row["passes"] = defect.below(settings.cutoff_eV)
    elif defect is not None:
        row["failure"] = defect.reason
    return row


def _result(
    folder: RunFolder,
    *,
    wanted: Sequence[_Wanted],
    dopings: Sequence[Doping | Failure],
    defects: Sequence[DefectEnergy | Failure | None],
    rows: Sequence[Mapping[str, Any]],
    table: Path,
) -> dict[str, Any]:
    """Numbers of the stage: in full for one dopant, as a table for many."""
    built = [doping for doping in dopings if isinstance(doping, Doping)]
    if len(wanted) == 1:
        (doping,), (defect,) = built, defects
        return {
            "structure": folder.path / f"{wanted[0].name}.extxyz",
            "n_atoms": len(doping.atoms),
            **doping.to_json(),
            "defect_energy": (
                defect.to_json() if isinstance(defect, DefectEnergy) else None
            ),
            "table": table,
            "figure": _draw(folder, doping),
        }
    shown = ("dopant", "site", "formula", "charge", "minimum_distance_A")
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
