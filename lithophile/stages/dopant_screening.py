"""Dopant screening stage: reactions, classes, energies, barriers, models, report."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lithophile.console import Progress, plain
from lithophile.dopant_screening_settings import FEWEST, DopantScreeningSettings
from lithophile.provenance import provenance
from lithophile.run_folder import SETTINGS, RunFolder, write_json
from lithophile.stages.dopant_cells import (
    BARRIERS,
    CELLS,
    Barriers,
    anchored_energies,
    barriers,
    doped_cells,
)
from lithophile.stages.inputs import model_path
from screening.compound_energies import CompoundEnergy
from screening.dopant_screening import DopantScreening, screen_dopants
from screening.doped_cells import UNDOPED, RelaxedCell
from screening.doped_formula import doped_formula
from screening.formulas import read_formula
from screening.screened_dopant import ScreenedDopant
from screening.shipped_entries import load_entries
from structures.dopants import LlzoDopant, load_llzo_dopants
from training_data import Failure, InputError

TABLE = "dopants.csv"
ALL = "dopants.json"
MODELS = "models.json"
FIXED = (
    "dopants",
    "stable_within_eV_per_formula_unit",
    "gap_threshold_eV",
    "content",
    "relax",
    "anchored_models",
    "model",
    "fmax_eV_per_A",
    "resolution_A",
    "seed",
)
"""Settings that a run which goes on must share with the one before."""
COLUMNS = (
    "dopant",
    "element",
    "oxidation_state",
    "site",
    "source",
    "formula",
    "reaction_energy_eV_per_formula_unit",
    "relative_energy_eV_per_formula_unit",
    "outcome",
    "outcome_rule_b",
    "article_outcome",
    "agrees_with_article",
    "products",
    "smallest_gap_eV",
    "volume_change_percent",
    "anchored_reaction_energy_eV_per_formula_unit",
    "anchored_relative_energy_eV_per_formula_unit",
    "anchored_outcome",
    "energy_above_hull_eV_per_formula_unit",
    "spread_eV_per_formula_unit",
    "barrier_1d_eV",
    "barrier_2d_eV",
    "barrier_3d_eV",
    "diffusivity_300K_cm2_per_s",
    "failure",
)


def dopant_screening_stage(
    settings: DopantScreeningSettings,
    *,
    out: Path,
    resume: bool,
    overwrite: bool,
    progress: Progress,
) -> dict[str, Any]:
    """Screen the dopants and write table, figures and report.

    Raises
    ------
    InputError
        If a dopant is not on the list, its charge cannot be balanced at this content,
        or the run in the folder was made with other settings.

    """
    folder = RunFolder(out)
    folder.check(resume=resume, overwrite=overwrite)
    dopants = chosen_dopants(settings.dopants)
    if settings.dopants:
        for dopant in dopants:
            doped_formula(  # refused before any work
                dopant.ion, site=dopant.site, content=settings.content
            )
    if not settings.no_models and len(dopants) < FEWEST:
        raise InputError(
            f"dopants must be at least {FEWEST} for the models; got {len(dopants)}. "
            "Screen all of them, or leave the models out (--no-models)."
        )
    weights = model_path(settings.model) if settings.relax else None
    folder.spare((weights,), overwrite=overwrite)
    if resume and (done := _finished(folder, settings)) is not None:
        return done
    record = provenance(
        command="screen dopants",
        seeds={"seed": settings.seed},
        inputs={"model": weights},
    )
    from lithophile.report.dopants import write_dopant_report  # noqa: PLC0415

    entries = load_entries(with_halides=True)
    with folder.opened(
        settings=settings, provenance=record, resume=resume, overwrite=overwrite
    ) as claim:
        cells = doped_cells(
            settings, out, dopants=dopants, claim=claim, progress=progress
        )
        energies = (
            anchored_energies(
                settings,
                out,
                cells=cells,
                dopants=dopants,
                entries=entries,
                claim=claim,
                progress=progress,
            )
            if cells
            else {}
        )
        found = screen_dopants(
            dopants,
            entries=entries,
            content=settings.content,
            energies=energies,
            stable_within_eV_per_formula_unit=settings.stable_within_eV_per_formula_unit,
            gap_threshold_eV=settings.gap_threshold_eV,
            progress=lambda done, total: progress(done, total, {"reactions": done}),
        )
        migration: dict[str, Barriers] = {}
        if settings.bond_valence:
            migration = barriers(
                settings,
                out,
                cells=cells,
                dopants=dopants,
                claim=claim,
                progress=progress,
            )
        rows = table_rows(dopants, found, energies=energies, barriers=migration)
        _write_table(out / TABLE, rows)

        def written(models: dict[str, Any] | None) -> Path:
            write_json(
                out / ALL,
                {**found.to_json(), "barriers": migration, "models": models},
            )
            return write_dopant_report(
                folder,
                found,
                rows=rows,
                cells=_relaxed(cells),
                models=models,
                undoped_barriers=migration.get(UNDOPED, {}),
            )

        report = written(None)  # is there whatever becomes of the models
        claim.begin()
        models = _models(settings, folder, found, _relaxed(cells), progress)
        if models is not None:
            report = written(models)
        same, said = found.agreement()
        return folder.finish(
            {
                "n": len(found.dopants),
                "table": out / TABLE,
                "report": report,
                "classes": found.counts,
                "undoped_reaction_energy_eV_per_formula_unit": (
                    found.undoped.excess.energy_eV_per_formula_unit
                ),
                "article_same_class": same,
                "article_compared": said,
                "n_relaxed": len(_relaxed(cells)),
                "n_anchored": sum(d.energy is not None for d in found.dopants),
                "n_barriers": sum("failure" not in b for b in migration.values()),
                "all": out / ALL,
                "failures": [
                    *(
                        {"id": row["dopant"], "reason": row["failure"]}
                        for row in rows
                        if row.get("failure")
                    ),
                    *_failed_models(models),
                ],
            }
        )


def so_far(out: Path) -> dict[str, Any]:
    """Files that a run which was stopped has left; None for those not yet written."""
    from lithophile.report.dopants import PAGE  # noqa: PLC0415

    return {
        "table": out / TABLE if (out / TABLE).is_file() else None,
        "report": out / PAGE if (out / PAGE).is_file() else None,
        "n_cells_kept": len(list((out / CELLS).glob("*.extxyz"))),
        "n_barriers_kept": len(list((out / BARRIERS).glob("*.json"))),
    }


def chosen_dopants(names: Sequence[str]) -> tuple[LlzoDopant, ...]:
    """Rows of the dopant list by name, or all of them.

    Raises
    ------
    InputError
        If a name is not on the list.

    Examples
    --------
    >>> [row.name for row in chosen_dopants(["Al3+-Li"])]
    ['Al3+-Li']

    """
    rows = {row.name: row for row in load_llzo_dopants()}
    unknown = [name for name in names if name not in rows]
    if unknown:
        element = "".join(c for c in unknown[0].split("-")[0] if c.isalpha())
        near = [name for name, row in rows.items() if row.element == element]
        there = f" Of {element} there are {', '.join(near)}." if near else ""
        raise InputError(
            "dopants must be ions with their sites, from the list of the screening; "
            f"got {', '.join(map(repr, unknown))}. Write for example Al3+-Li.{there}"
        )
    return tuple(rows[name] for name in names) if names else tuple(rows.values())


def table_rows(
    dopants: Sequence[LlzoDopant],
    found: DopantScreening,
    *,
    energies: Mapping[str, CompoundEnergy | Failure],
    barriers: Mapping[str, Barriers],
) -> list[dict[str, Any]]:
    """One line per dopant, also for those that failed."""
    screened = {each.name: each for each in found.dopants}
    failed = {each.id: each.reason for each in found.failures}
    rows = []
    for dopant in dopants:
        row: dict[str, Any] = {
            "dopant": dopant.name,
            "element": dopant.element,
            "oxidation_state": dopant.oxidation_state,
            "site": dopant.site,
            "source": dopant.source,
            "article_outcome": dopant.outcome,
        }
        each = screened.get(dopant.name)
        if each is None:
            rows.append(row | {"failure": failed.get(dopant.name, "not screened")})
            continue
        row |= _hull_part(each) | _anchored_part(each)
        row |= barriers.get(dopant.name, {})
        energy = energies.get(dopant.name)
        if isinstance(energy, Failure):
            row["failure"] = energy.reason
        rows.append(row)
    return rows


def _hull_part(each: ScreenedDopant) -> dict[str, Any]:
    """Columns that need no relaxed cell."""
    return {
        "formula": each.formula,
        "reaction_energy_eV_per_formula_unit": each.reaction_energy_eV_per_formula_unit,
        "relative_energy_eV_per_formula_unit": each.relative_energy_eV_per_formula_unit,
        "outcome": each.outcome,
        "outcome_rule_b": each.outcome_rule_b,
        "agrees_with_article": each.agrees,
        "products": " ".join(each.titration.excess.products),
        "smallest_gap_eV": each.interphase.smallest_gap_eV,
        "volume_change_percent": each.interphase.volume_change_percent,
    }


def _anchored_part(each: ScreenedDopant) -> dict[str, Any]:
    """Columns of a dopant with a relaxed cell."""
    if each.anchored is None:
        return {}
    above = each.anchored.energy_above_hull_eV_per_atom
    n_atoms = sum(read_formula(each.formula).values())
    return {
        "anchored_reaction_energy_eV_per_formula_unit": (
            each.anchored_reaction_energy_eV_per_formula_unit
        ),
        "anchored_relative_energy_eV_per_formula_unit": (
            each.anchored_relative_energy_eV_per_formula_unit
        ),
        "anchored_outcome": each.anchored_outcome,
        "energy_above_hull_eV_per_formula_unit": above * n_atoms,
        "spread_eV_per_formula_unit": each.spread_eV_per_formula_unit,
    }


def _relaxed(cells: Mapping[str, RelaxedCell | Failure]) -> list[RelaxedCell]:
    return [cell for cell in cells.values() if isinstance(cell, RelaxedCell)]


def _write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the rows as CSV, numbers in six digits."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(
            stream, COLUMNS, lineterminator="\n", extrasaction="ignore"
        )
        writer.writeheader()
        for row in rows:
            writer.writerow(
                {
                    key: f"{value:.6g}" if isinstance(value, float) else value
                    for key, value in row.items()
                }
            )


def _finished(
    folder: RunFolder, settings: DopantScreeningSettings
) -> dict[str, Any] | None:
    """Read what a run that has ended found; refuse to go on with other settings."""
    before = folder.read(SETTINGS)
    if before is None:
        return None
    now = plain(settings.model_dump(mode="json"))
    differing = [key for key in FIXED if before.get(key) != now[key]]
    if differing:
        told = ", ".join(
            f"{key}: {now[key]} for {before.get(key)}" for key in differing
        )
        raise InputError(
            f"settings must be those of the run in '{folder.path}'; got {told}. Name "
            "another folder, or use --overwrite."
        )
    return folder.read() if before == now else None


def _models(
    settings: DopantScreeningSettings,
    folder: RunFolder,
    found: DopantScreening,
    cells: Sequence[RelaxedCell],
    progress: Progress,
) -> dict[str, Any] | None:
    """Validate the models, or read what an earlier run found on the same table.

    Models that cannot be trained are a reason in words: the screening stands without.
    """
    if settings.no_models:
        return None
    from lithophile.stages.dopant_models import (  # noqa: PLC0415 (sklearn)
        dopant_models,
        model_table,
        table_hash,
    )

    try:
        table = model_table(found, cells=cells, anchored=settings.anchored_models)
        made_of = table_hash(table)
        kept = folder.read(MODELS)
        if kept is not None and kept.get("made_of") == made_of:
            return kept
        made = dopant_models(
            folder,
            table,
            anchored=settings.anchored_models,
            content=settings.content,
            seed=settings.seed,
            progress=progress,
        )
    except InputError as error:
        return {"failure": str(error)}
    made = {"made_of": made_of, **made}
    write_json(folder.path / MODELS, made)
    return made


def _failed_models(models: Mapping[str, Any] | None) -> list[dict[str, str]]:
    """Line that says why there are no models, where they were asked for."""
    if models is None or "failure" not in models:
        return []
    return [{"id": "models", "reason": models["failure"]}]
