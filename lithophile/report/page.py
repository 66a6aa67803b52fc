"""The page itself: one HTML file that needs no other."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined

from lithophile.pictures import Panel, draw_panels
from lithophile.report.found import Stage, data_uri, find_stages
from lithophile.report.words import limits, number, summary
from lithophile.run_folder import PROVENANCE, RunFolder, write_text
from lithophile.stages.inputs import model_card
from md.trajectory import open_trajectory
from training_data import InputError, read_structures

PAGE = "report.html"
INTERFACE_ROWS = {
    "n_atoms": "atoms",
    "formula": "formula",
    "area_A2": "area [Å²]",
    "mismatch_percent": "lattice mismatch [%]",
    "strain_metal_percent": "strain of the metal, magnitude [%]",
    "strain_electrolyte_percent": "strain of the electrolyte, magnitude [%]",
    "area_strain_metal_percent": "change of the metal's area [%]",
    "area_strain_electrolyte_percent": "change of the electrolyte's area [%]",
    "thickness_metal_A": "thickness of the metal [Å]",
    "thickness_electrolyte_A": "thickness of the electrolyte [Å]",
    "gap_A": "gap [Å]",
    "shortest_contact_A": "shortest distance across the contact [Å]",
}


def write_report(path: Path) -> Path:
    """Write ``report.html`` from the files of a run, or of a lone stage.

    Parameters
    ----------
    path
        Folder of the run.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InputError
        When the folder holds no run.

    """
    if _has_its_own(path):
        return path / PAGE
    stages = find_stages(path)
    template = _environment().from_string(
        (files("lithophile") / "report" / "template.html").read_text("utf-8")
    )
    page = path / PAGE
    write_text(page, template.render(_content(path, stages)))
    return page


def _has_its_own(path: Path) -> bool:
    """Whether the run is of a kind that writes its page itself, and has."""
    if not path.is_dir() or not (path / PAGE).is_file():
        return False
    made = RunFolder(path).read(PROVENANCE) or {}
    return made.get("command") == "screen dopants"


def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    environment.filters["name"] = lambda path: Path(str(path)).name
    environment.filters["date"] = lambda text: str(text)[:16].replace("T", " ") + " UTC"
    return environment


def _content(path: Path, stages: Mapping[str, Stage]) -> dict[str, Any]:
    whole = stages.get("run") or next(iter(stages.values()))
    model = str(whole.settings.get("model", ""))
    return {
        "title": whole.settings.get("title") or f"{path.resolve().name}",
        "stages": stages,
        "summary": summary(stages),
        "interface_rows": INTERFACE_ROWS,
        "before_after": _before_after(path, stages),
        "any_dissolved": bool(_dissolved(stages)),
        "msd": _displacements(stages),
        "limits": limits(stages, _domain(model)),
        "timings": whole.result.get("stages", []),
        "minutes": whole.result.get("minutes"),
        "provenance": whole.provenance,
        "inputs": _inputs(stages),
        "settings": yaml.safe_dump(
            dict(whole.settings), sort_keys=False, allow_unicode=True
        ),
    }


def _displacements(stages: Mapping[str, Stage]) -> dict[str, Stage]:
    """Species → stage, in the order in which they were asked for."""
    whole = stages["run"].settings if "run" in stages else {}
    asked = [f"msd-{options['species']}" for options in whole.get("msd") or ()]
    names = [*asked, *(n for n in stages if n.startswith("msd-") and n not in asked)]
    return {
        name.removeprefix("msd-"): stages[name]
        for name in names
        if name in stages and stages[name].result
    }


def _inputs(stages: Mapping[str, Stage]) -> list[dict[str, str]]:
    """Every input file once, with the stages that read it."""
    readers: dict[tuple[str, str], list[str]] = {}
    for name, stage in stages.items():
        for file in stage.provenance.get("inputs", {}).values():
            key = (Path(file["path"]).name, file["sha256"])
            readers.setdefault(key, []).append(name)
    return [
        {"file": file, "sha256": sha256, "stages": ", ".join(names)}
        for (file, sha256), names in readers.items()
    ]


def _domain(model: str) -> str:
    try:
        card = model_card(model)
    except InputError:
        return ""
    return "" if card is None else card.domain


def _before_after(path: Path, stages: Mapping[str, Stage]) -> str | None:
    """Interface as built, relaxed and at the end, on one scale."""
    panels: list[Panel] = []
    given = path / "structure.extxyz"
    if given.is_file():
        panels.append(("as given", read_structures(given)[-1], ()))
    for name, title in (("interface", "as built"), ("relax", "relaxed")):
        if name in stages:
            found = sorted(stages[name].path.glob("*.extxyz"))
            panels += [(title, read_structures(file)[-1], ()) for file in found[:1]]
    if "md" in stages:
        with open_trajectory(stages["md"].path) as trajectory:
            if trajectory.n_frames:
                dissolved = _dissolved(stages)
                times = trajectory.times_ps
                if not panels:
                    panels.append(("start", trajectory.atoms(0), ()))
                last = trajectory.atoms(trajectory.n_frames - 1)
                panels.append((f"after {times[-1]:.2f} ps", last, dissolved))
    if not panels:
        return None
    return data_uri(draw_panels(panels, RunFolder(path).figure("before_after")))


def _dissolved(stages: Mapping[str, Stage]) -> list[int]:
    if "dissolution" not in stages:
        return []
    atoms = stages["dissolution"].result.get("atoms", [])
    return [int(atom["index"]) for atom in atoms if atom["dissolved_at_end"]]
