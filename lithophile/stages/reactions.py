"""Screening stages: reactions, electrochemical windows, stability map."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from lithophile.console import plain
from lithophile.provenance import provenance
from lithophile.run_folder import RunFolder
from lithophile.screening_settings import (
    EntriesSettings,
    ReactionsSettings,
    StabilitySettings,
    WindowSettings,
)
from lithophile.stages.entries import open_entries
from screening import (
    Entries,
    competing_reactions,
    content_dependence,
    doped_formula,
    electrochemical_window,
    interphase,
    read_formula,
    stability_map,
    titration,
)
from screening.doped_formula import LLZO
from screening.oxyanions import doubtful_phases, oxyanion_notes
from screening.product_properties import product
from training_data import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CONTENT = 0.25
"""Dopants per formula unit where none are named."""


def reactions_stage(
    settings: ReactionsSettings, *, out: Path | None, overwrite: bool
) -> dict[str, Any]:
    """Titrate a compound, rank what competes, judge the products."""
    folder = _folder(out, settings, overwrite=overwrite)
    compound, contents = _compound(settings)
    read_formula(settings.electrode)
    entries = open_entries(settings)
    energy_eV = _energy(settings, compound, entries)
    found = titration(
        compound,
        entries=entries,
        electrode=settings.electrode,
        energy_eV_per_formula_unit=energy_eV,
    )
    weighed = LLZO if settings.dopant else compound
    volume_A3 = product(weighed).volume_A3
    judged = interphase(
        found.excess,
        dopant=settings.dopant and settings.dopant.rstrip("0123456789+-"),
        gaps=settings.gaps,
        gap_threshold_eV=settings.gap_threshold_eV,
        compound_volume_A3=volume_A3,
    )
    result: dict[str, Any] = {
        **found.to_json(),
        "interphase": {
            **judged.to_json(),
            "compound_volume_A3": volume_A3,
            "compound_volume_of": weighed,
        },
    }
    pictures: dict[str, Axes] = {"titration": found.plot()}
    if settings.competing:
        ranked = competing_reactions(
            compound,
            entries=entries,
            electrode=settings.electrode,
            energy_eV_per_formula_unit=energy_eV,
            n_reactions=settings.competing,
        )
        result["competing"] = [one.to_json() for one in ranked]
        phases = [*found.doubtful, *(p for one in ranked for p in one.products)]
        result["notes"] = oxyanion_notes(doubtful_phases(phases, scheme=entries.scheme))
    if len(contents) > 1 and settings.dopant and settings.site:
        trend = content_dependence(
            settings.dopant,
            site=settings.site,
            entries=entries,
            contents=contents,
            electrode=settings.electrode,
        )
        result["contents"] = trend.to_json()["contents"]
        pictures["content"] = trend.plot()
    return _finished(
        "screen reactions", folder, settings, result, pictures, overwrite=overwrite
    )


def window_stage(
    settings: WindowSettings, *, out: Path | None, overwrite: bool
) -> dict[str, Any]:
    """Find the windows of all compounds; the first one's numbers stand on top."""
    folder = _folder(out, settings, overwrite=overwrite)
    _check_formulas("compound", settings.compound)
    entries = open_entries(settings)
    windows = [
        electrochemical_window(compound, entries=entries, ion=settings.ion)
        for compound in settings.compound
    ]
    result = windows[0].to_json()
    if len(windows) > 1:
        result = {
            **{key: result[key] for key in ("compound", "reduction_V", "oxidation_V")},
            "windows": [each.to_json() for each in windows],
        }
    formed = [
        phase
        for each in windows
        for reaction in (each.reduction, each.oxidation)
        if reaction is not None
        for phase in (each.compound, *reaction.products)
    ]
    result["notes"] = oxyanion_notes(doubtful_phases(formed, scheme=entries.scheme))
    from screening.window_view import draw_windows  # noqa: PLC0415 (matplotlib)

    return _finished(
        "screen window",
        folder,
        settings,
        result,
        {"windows": draw_windows(windows)},
        overwrite=overwrite,
    )


def stability_stage(
    settings: StabilitySettings, *, out: Path | None, overwrite: bool
) -> dict[str, Any]:
    """Find the strongest reaction of every compound with every electrode."""
    folder = _folder(out, settings, overwrite=overwrite)
    _check_formulas("compound", settings.compound)
    _check_formulas("electrode", settings.electrode)
    found = stability_map(
        settings.compound,
        electrodes=settings.electrode,
        entries=open_entries(settings),
    )
    return _finished(
        "screen stability",
        folder,
        settings,
        found.to_json(),
        {"stability": found.plot()},
        overwrite=overwrite,
    )


def _compound(settings: ReactionsSettings) -> tuple[str, tuple[float, ...]]:
    """Compound that is titrated, and the contents that are compared."""
    if (settings.compound is None) == (settings.dopant is None):
        raise InputError(
            "compound or dopant must be given, one of the two; got "
            f"{settings.compound!r} and {settings.dopant!r}. Write --compound "
            "Li6.25La3Zr2Al0.25O12, or --dopant Al3+ --site Li."
        )
    if settings.compound is not None:
        read_formula(settings.compound)
        if settings.site is not None:
            raise InputError(
                f"site must come with a dopant; got {settings.site!r} with the "
                f"compound {settings.compound}. Leave it out."
            )
        if settings.content is not None:
            raise InputError(
                f"content must come with a dopant; got {settings.content!r} with the "
                f"compound {settings.compound}. Leave it out, or write the content "
                "into the formula."
            )
        return settings.compound, ()
    contents = (CONTENT,) if settings.content is None else settings.content
    if settings.site is None or not contents:
        raise InputError(
            f"dopant must come with a site and a content; got {settings.dopant!r} "
            "alone. Add for example --site Zr --content 0.25."
        )
    formulas = [
        doped_formula(settings.dopant or "", site=settings.site, content=content)
        for content in contents
    ]
    return formulas[-1], contents


def _energy(
    settings: ReactionsSettings, compound: str, entries: Entries
) -> float | None:
    """Energy of the compound [eV per formula unit]; None for that of the hull."""
    if settings.energy == "hull":
        return None
    if settings.energy == "table":
        n_atoms = sum(read_formula(compound).values())
        return entries.formation_energy(compound) * n_atoms
    return float(settings.energy)


def _check_formulas(name: str, formulas: tuple[str, ...]) -> None:
    """Refuse none at all, and what is no formula."""
    if not formulas:
        raise InputError(
            f"{name} must be given; got none. Add --{name} FORMULA, once or more."
        )
    for formula in formulas:
        read_formula(formula)


def _folder(
    out: Path | None, settings: EntriesSettings, *, overwrite: bool
) -> RunFolder | None:
    """Folder to write to, checked before any work; None where nothing is written."""
    if out is None:
        return None
    folder = RunFolder(out, resumable=False)
    folder.check(resume=False, overwrite=overwrite)
    folder.spare([settings.entries], overwrite=overwrite)
    return folder


def _finished(
    command: str,
    folder: RunFolder | None,
    settings: BaseModel,
    result: Mapping[str, Any],
    pictures: "Mapping[str, Axes]",
    *,
    overwrite: bool,
) -> dict[str, Any]:
    """Write the result with its figures, where a folder was named."""
    if folder is None:
        content: dict[str, Any] = plain(result)
        return content
    own = getattr(settings, "entries", None)
    record = provenance(
        command=command, seeds={}, inputs={"entries": Path(own) if own else None}
    )
    with folder.opened(settings=settings, provenance=record, overwrite=overwrite):
        figures = {}
        for name, ax in pictures.items():
            path = folder.figure(name)
            figure: Any = ax.figure
            figure.savefig(path, dpi=150)
            figures[name] = path
        return folder.finish({**result, "figures": figures})
