"""Report of a dopant screening: maps, the article beside it, energies, models."""

import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from jinja2 import Environment, StrictUndefined

from lithophile.curves import new_figure, tidy
from lithophile.report.found import data_uri
from lithophile.report.periodic_table import draw_class_maps, draw_energy_maps
from lithophile.report.words import number
from lithophile.run_folder import PROVENANCE, SETTINGS, RunFolder, write_text
from screening.content_dependence import content_dependence
from screening.dopant_screening import DopantScreening
from screening.dopant_screening_view import CLASS_COLOURS
from screening.screened_dopant import ScreenedDopant
from screening.shipped_entries import load_entries

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from screening.doped_cells import RelaxedCell

PAGE = "report.html"
SITES = ("Li", "La", "Zr")
SHOWN = (
    "dopant",
    "formula",
    "outcome",
    "reaction_energy_eV_per_formula_unit",
    "relative_energy_eV_per_formula_unit",
    "anchored_relative_energy_eV_per_formula_unit",
    "products",
    "failure",
)
EXAMPLE = "Al3+-Li"
SCALE_EV = (-2.0, -0.3)
"""Ends of the colour scale of reaction energies [eV per formula unit]."""
FIGURES = (
    "classes",
    "energies",
    "titration",
    "contents",
    "compared",
    "barriers",
    "importance",
    "correlations",
    "map_enthalpy",
    "map_bond",
    "energy_enthalpy",
    "energy_bond",
    "regression_random",
    "regression_grouped",
    "learning_curve",
    "reliability",
)


def write_dopant_report(
    folder: RunFolder,
    found: DopantScreening,
    *,
    rows: Sequence[Mapping[str, Any]],
    cells: Sequence["RelaxedCell"],
    models: Mapping[str, Any] | None,
    undoped_barriers: Mapping[str, Any] | None = None,
) -> Path:
    """Draw the figures and write ``report.html``, which needs no other file.

    Parameters
    ----------
    folder
        Where the run is.
    found
        Reactions and classes.
    rows
        Lines of the table.
    cells
        Relaxed cells that were used.
    models
        Numbers of the models, or why there are none (``failure``); None without.
    undoped_barriers
        Barriers of lithium in the undoped cell, a line in the figure.

    """
    _draw(folder, found, rows, (undoped_barriers or {}).get("barrier_3d_eV"))
    text = (files("lithophile") / "report" / "dopants.html").read_text("utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["number"] = number
    environment.filters["signed"] = signed
    same, said = found.agreement()
    anchored_same, anchored_said = found.agreement(anchored=True)
    hull_same, _ = found.agreement(with_cell=True)
    page = folder.path / PAGE
    settings = folder.read(SETTINGS) or {}
    write_text(
        page,
        environment.from_string(text).render(
            title=folder.path.resolve().name,
            style=_style(),
            found=found,
            same=same,
            said=said,
            anchored_same=anchored_same,
            anchored_said=anchored_said,
            hull_same=hull_same,
            area=found.area_under_curve(),
            article=[each for each in found.dopants if each.dopant.outcome],
            rows=[{key: row.get(key) for key in SHOWN} for row in rows],
            relaxed=_of_cells(cells, timed=bool(settings.get("relax"))),
            barriers=any(row.get("barrier_3d_eV") for row in rows),
            figures={
                name: data_uri(folder.path / "figures" / f"{name}.png")
                for name in FIGURES
            },
            models=models,
            predictions=(models or {}).get("predictions", []),
            tables=_tables(str(models["tables"]))
            if models and "tables" in models
            else [],
            settings=yaml.safe_dump(settings, sort_keys=False, allow_unicode=True),
            provenance=folder.read(PROVENANCE) or {},
        ),
    )
    return page


def signed(value: float | None, digits: int = 2) -> str:
    """Write a difference with its sign; a dash for none.

    Examples
    --------
    >>> signed(0.0421), signed(-2.3), signed(-0.0001), signed(None)
    ('+0.04', '−2.30', '0.00', '–')

    """
    if value is None:
        return "–"
    text = f"{value:+.{digits}f}"
    if float(text) == 0:
        return text[1:]
    return text.replace("-", "−")


def _draw(
    folder: RunFolder,
    found: DopantScreening,
    rows: Sequence[Mapping[str, Any]],
    undoped_barrier_eV: float | None,
) -> None:
    """Write the figures of the screening itself."""
    sites = [s for s in SITES if any(d.dopant.site == s for d in found.dopants)]
    by_site = {
        f"Dopants on {site} sites": _by_element(
            [each for each in found.dopants if each.dopant.site == site]
        )
        for site in sites
    }
    if by_site:
        classes = draw_class_maps(
            {
                title: {
                    symbol: [
                        (CLASS_COLOURS[each.outcome], _charge(each)) for each in several
                    ]
                    for symbol, several in elements.items()
                }
                for title, elements in by_site.items()
            },
            CLASS_COLOURS,
        )
        _save(folder, "classes", classes)
        energies = draw_energy_maps(
            {
                title: {
                    symbol: [
                        (each.reaction_energy_eV_per_formula_unit, _charge(each))
                        for each in several
                    ]
                    for symbol, several in elements.items()
                }
                for title, elements in by_site.items()
            },
            lowest=SCALE_EV[0],
            highest=SCALE_EV[1],
            label="reaction energy with excess lithium (eV per formula unit)",
        )
        _save(folder, "energies", energies)
    shown = {each.name: each for each in found.dopants}
    example = shown.get(EXAMPLE) or next(iter(found.dopants), None)
    if example is not None:
        figure = new_figure(7.2, 4.6)
        example.titration.plot(figure.subplots())
        _save(folder, "titration", figure)
        figure = new_figure(5.4, 3.6)
        axes = content_dependence(
            example.dopant.ion,
            site=example.dopant.site,
            entries=load_entries(with_halides=True),
        ).plot(figure.subplots())
        axes.set_xlim(left=0)
        for line in axes.lines:
            line.set_clip_on(False)  # the mark of the undoped compound, on the edge
        _save(folder, "contents", figure)
    if any(each.anchored is not None for each in found.dopants):
        figure = new_figure(6.0, 6.0)
        axes = figure.subplots()
        found.plot(axes)
        tidy(axes)
        _save(folder, "compared", figure)
    if any(row.get("barrier_3d_eV") for row in rows):
        _save(folder, "barriers", _barriers(rows, undoped_barrier_eV))


def _barriers(rows: Sequence[Mapping[str, Any]], undoped_eV: float | None) -> "Figure":
    """Barrier against the charge of the dopant, one mark per dopant."""
    figure = new_figure(6.4, 4.0)
    axes = figure.subplots()
    for site, mark, shift in zip(SITES, ("o", "s", "^"), (-0.12, 0, 0.12), strict=True):
        chosen = [r for r in rows if r["site"] == site and r.get("barrier_3d_eV")]
        if chosen:
            axes.plot(
                [row["oxidation_state"] + shift for row in chosen],
                [row["barrier_3d_eV"] for row in chosen],
                mark,
                ms=5,
                alpha=0.75,
                label=f"on {site}",
            )
    if undoped_eV is not None:
        axes.axhline(undoped_eV, color="0.5", lw=0.8, ls="--", label="undoped")
    axes.set_xlabel("charge of the dopant (e)")
    axes.set_ylabel("barrier of lithium in 3D\nfrom bond valence (eV)")
    axes.legend(fontsize=8)
    tidy(axes)
    return figure


def _save(folder: RunFolder, name: str, figure: "Figure") -> None:
    figure.savefig(folder.figure(name), dpi=130)


def _by_element(
    dopants: Sequence[ScreenedDopant],
) -> dict[str, list[ScreenedDopant]]:
    """Charges of each element, lowest first."""
    found: dict[str, list[ScreenedDopant]] = {}
    for each in sorted(dopants, key=lambda d: d.dopant.oxidation_state):
        found.setdefault(each.dopant.element, []).append(each)
    return found


def _charge(each: ScreenedDopant) -> str:
    return f"{each.dopant.oxidation_state}+"


def _of_cells(cells: Sequence["RelaxedCell"], *, timed: bool) -> dict[str, Any]:
    """How many cells there are, by which potential, and what one took here."""
    seconds = sorted(cell.seconds for cell in cells)
    return {
        "n": len(cells),
        "at_rest": sum(cell.converged for cell in cells),
        "potential": ", ".join(sorted({cell.potential for cell in cells})),
        "median_seconds": seconds[len(seconds) // 2] if seconds and timed else None,
    }


def _style() -> str:
    """Style of the other reports."""
    text = (files("lithophile") / "report" / "template.html").read_text("utf-8")
    found = re.search(r"<style>(.*?)</style>", text, flags=re.DOTALL)
    return found[1] if found else ""


def _tables(markdown: str) -> list[list[list[str]]]:
    """Cells of Markdown tables, heads first."""
    tables = []
    for block in markdown.split("\n\n"):
        lines = [line for line in block.splitlines() if not line.startswith("|---")]
        tables.append(
            [[c.strip() for c in line.strip("|").split("|")] for line in lines if line]
        )
    return tables
