"""Observable stages: what a trajectory tells, with a figure."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lithophile.console import Progress
from lithophile.curves import new_figure, tidy
from lithophile.provenance import provenance
from lithophile.run_folder import RunFolder
from lithophile.settings import (
    DissolutionOptions,
    DissolutionSettings,
    MsdOptions,
    MsdSettings,
    TrajectorySettings,
)
from lithophile.stages.dissolution_details import with_details
from md.analysis.dissolution import dissolution
from md.analysis.layered_displacement import layered_displacement
from md.analysis.mean_squared_displacement import mean_squared_displacement
from md.trajectory import Trajectory, open_trajectory
from training_data import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


OWN_NAMES = ("trajectory.h5", "trajectory")
"""Trajectory of a run: one file, or a folder of segments."""


class Observable(Protocol):
    """What every result of an analysis can do."""

    def to_json(self) -> dict[str, Any]:
        """Numbers with units in their names."""

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Curve with labelled axes."""


def dissolution_stage(
    settings: DissolutionSettings,
    *,
    out: Path | None,
    overwrite: bool,
    progress: Progress,
) -> dict[str, Any]:
    """Dissolved fraction against time."""
    name = "dissolution"
    folder = analysis_folder(name, settings, out=out, overwrite=overwrite)
    with opened_trajectory(settings) as trajectory:
        found = dissolution(
            trajectory,
            **settings.model_dump(include=set(DissolutionOptions.model_fields)),
            progress=lambda done, total: progress(done, total, {}),
        )
        detailed = with_details(found, trajectory)
    again = overwrite or out is None
    return write_analysis(
        name, detailed, settings=settings, folder=folder, overwrite=again
    )


def msd_stage(
    settings: MsdSettings, *, out: Path | None, overwrite: bool, progress: Progress
) -> dict[str, Any]:
    """Mean squared displacement and diffusivity."""
    name = "-".join(["msd", settings.species, *_what_differs(settings)])
    folder = analysis_folder(name, settings, out=out, overwrite=overwrite)
    layers = None
    with opened_trajectory(settings) as trajectory:
        found = mean_squared_displacement(
            trajectory,
            **settings.model_dump(include=set(MsdOptions.model_fields)),
            progress=lambda done, total: progress(done, total, {}),
        )
        if settings.layers_A is not None:
            layers = layered_displacement(
                trajectory,
                borders_A=settings.layers_A,
                **settings.model_dump(include={"species", "reference", "direction"}),
            )
    again = overwrite or out is None
    return write_analysis(
        name,
        found,
        settings=settings,
        folder=folder,
        overwrite=again,
        more=None if layers is None else ("layers", layers),
    )


def _what_differs(settings: MsdSettings) -> list[str]:
    """Words for the folder, so that one kind of displacement keeps another's."""
    words = [settings.direction] if settings.direction != "all" else []
    return words + (["collective"] if settings.motion == "collective" else [])


def opened_trajectory(settings: TrajectorySettings) -> Trajectory:
    """Trajectory of an analysis."""
    return open_trajectory(
        given_trajectory(settings), frame_time_ps=settings.frame_time_ps
    )


def given_trajectory(settings: TrajectorySettings) -> Path:
    """Path of the trajectory, which has to be named."""
    if settings.trajectory is None:
        raise InputError(
            "trajectory must be given; got nothing. Name a .h5 file or a run folder."
        )
    return settings.trajectory


def analysis_folder(
    name: str, settings: TrajectorySettings, *, out: Path | None, overwrite: bool
) -> RunFolder:
    """Folder of an analysis: `out`, or one beside the trajectory, which is replaced."""
    trajectory = given_trajectory(settings)
    folder = RunFolder(out or folder_beside(trajectory, name), resumable=False)
    again = overwrite or out is None
    folder.check(resume=False, overwrite=again)
    folder.spare([trajectory], overwrite=again)
    return folder


def write_analysis(
    name: str,
    found: Observable,
    *,
    settings: TrajectorySettings,
    folder: RunFolder,
    overwrite: bool,
    more: tuple[str, Observable] | None = None,
) -> dict[str, Any]:
    """Write result and figure, and a second observable under its name."""
    record = provenance(
        command=f"analyze {name.partition('-')[0]}",
        seeds={},
        inputs={"trajectory": settings.trajectory},
    )
    with folder.opened(settings=settings, provenance=record, overwrite=overwrite):
        path = folder.figure(name)
        figure = new_figure(5.2, 3.4)
        axis = figure.subplots()
        found.plot(axis)
        tidy(axis)
        figure.savefig(path, dpi=150)
        result = {**found.to_json(), "figure": path}
        if more is not None:
            key, other = more
            result[key] = other.to_json()[key]
            result[f"{key}_figure"] = folder.figure(f"{name}-{key}")
            figure = new_figure(5.2, 3.4)
            axis = figure.subplots()
            other.plot(axis)
            tidy(axis)
            figure.savefig(result[f"{key}_figure"], dpi=150)
        return folder.finish(result)


def folder_beside(trajectory: Path, name: str) -> Path:
    """Folder of an analysis in the run that the trajectory belongs to.

    A file of any other name has a folder of its own, with its name in it.
    """
    if any((trajectory / own).exists() for own in OWN_NAMES):
        return trajectory / name
    if trajectory.name in OWN_NAMES:
        return trajectory.parent / name
    label = trajectory.stem if trajectory.suffix == ".h5" else trajectory.name
    return trajectory.parent / f"{name}-{label}"
