"""Coverage stage: map of a data set or trajectory, and distances from it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ase import Atoms

from lithophile.console import Progress
from lithophile.curves import new_figure, tidy
from lithophile.data_settings import CoverageSettings
from lithophile.provenance import provenance
from lithophile.run_folder import RunFolder
from lithophile.stages.inputs import labels_path
from md.trajectory import open_trajectory
from training_data import (
    CoverageResult,
    InputError,
    coverage,
    read_structures,
    shipped_names,
    training_distance,
)

MOST_REFERENCES = 1500


def coverage_stage(
    settings: CoverageSettings,
    *,
    out: Path | None,
    overwrite: bool,
    progress: Progress,
) -> dict[str, Any]:
    """Map a data set, and compare structures with it."""
    if settings.dataset is None:
        raise InputError(
            "dataset must be given; got nothing. Name a labelled file, a trajectory or "
            "a shipped data set."
        )
    path = labels_path(settings.dataset)
    folder = RunFolder(out or _beside(settings.dataset, path), resumable=False)
    again = overwrite or out is None
    folder.check(resume=False, overwrite=again)
    folder.spare([path, *settings.structures], overwrite=again)
    frames = _frames(path)[:: settings.every]
    asked = [(str(p), atoms) for p in settings.structures for atoms in _read(p)]
    found = coverage(
        frames,
        degree=settings.degree,
        progress=lambda done, total: progress(done, total, {}),
    )
    record = provenance(
        command="data coverage",
        seeds={},
        inputs={settings.dataset: path if path.is_file() else None}
        | {str(p): p for p in settings.structures},
    )
    with folder.opened(settings=settings, provenance=record, overwrite=again):
        result = {**found.to_json(), "figure": _draw(found, folder)}
        if asked:
            result |= _distances(asked, frames, folder)
        return folder.finish(result)


def _distances(
    asked: Sequence[tuple[str, Atoms]], frames: Sequence[Atoms], folder: RunFolder
) -> dict[str, Any]:
    """Distances of the structures from the frames, with their curve."""
    apart = training_distance(
        [atoms for _, atoms in asked], frames, max_references=MOST_REFERENCES
    )
    numbers = apart.to_json()
    rows = [
        {"path": name, **row}
        for (name, _), row in zip(asked, numbers["structures"], strict=True)
    ]
    figure = new_figure(5.2, 3.0)
    axis = figure.subplots()
    apart.plot(axis)
    tidy(axis)
    path = folder.figure("distance")
    figure.savefig(path, dpi=150)
    return {
        "structures": rows,
        "n_outside": numbers["n_outside"],
        "distance_figure": path,
    }


def _draw(found: CoverageResult, folder: RunFolder) -> Path:
    """Draw order against density and, where there are energies, against energy."""
    panels = ["density"]
    if found.to_json()["energy_range_eV_per_atom"] is not None:
        panels.append("energy")
    figure = new_figure(3.4 * len(panels) + 2.0, 3.4)
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axis, name in zip(axes, panels, strict=True):
        found.plot(axis, against="energy" if name == "energy" else "density")
        tidy(axis)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside right center", frameon=False, fontsize=8
    )
    path = folder.figure("coverage")
    figure.savefig(path, dpi=150)
    return path


def _frames(path: Path) -> list[Atoms]:
    """Frames of a trajectory of ours, or of any file that ASE reads."""
    if path.suffix == ".h5" or path.is_dir():
        with open_trajectory(path) as trajectory:
            return [trajectory.atoms(index) for index in range(trajectory.n_frames)]
    return read_structures(path)


def _read(path: Path) -> list[Atoms]:
    return _frames(path)


def _beside(name: str, path: Path) -> Path:
    """Folder beside the file; that of a shipped set is in the working folder."""
    if name in shipped_names():
        return Path(f"coverage-{name}")
    return path.parent / f"coverage-{path.name}"
