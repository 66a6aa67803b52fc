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
from md.analysis.dissolution import dissolution
from md.analysis.mean_squared_displacement import mean_squared_displacement
from md.trajectory import Trajectory, open_trajectory
from training_data import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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
    with _opened(settings) as trajectory:
        found = dissolution(
            trajectory,
            **settings.model_dump(include=set(DissolutionOptions.model_fields)),
            progress=lambda done, total: progress(done, total, {}),
        )
    name = "dissolution"
    return _written(name, found, settings=settings, out=out, overwrite=overwrite)


def msd_stage(
    settings: MsdSettings, *, out: Path | None, overwrite: bool, progress: Progress
) -> dict[str, Any]:
    """Mean squared displacement and diffusivity."""
    with _opened(settings) as trajectory:
        found = mean_squared_displacement(
            trajectory,
            **settings.model_dump(include=set(MsdOptions.model_fields)),
            progress=lambda done, total: progress(done, total, {}),
        )
    name = f"msd-{settings.species}"
    return _written(name, found, settings=settings, out=out, overwrite=overwrite)


def _opened(settings: TrajectorySettings) -> Trajectory:
    if settings.trajectory is None:
        raise InputError(
            "trajectory must be given; got nothing. Name a .h5 file or a run folder."
        )
    return open_trajectory(settings.trajectory, frame_time_ps=settings.frame_time_ps)


def _written(
    name: str,
    found: Observable,
    *,
    settings: TrajectorySettings,
    out: Path | None,
    overwrite: bool,
) -> dict[str, Any]:
    """Write result and figure to `out`, or beside the trajectory."""
    folder = RunFolder(out or _home(Path(str(settings.trajectory))) / name)
    record = provenance(
        command=f"analyze {name.partition('-')[0]}",
        seeds={},
        inputs={"trajectory": settings.trajectory},
    )
    with folder.opened(
        settings=settings, provenance=record, overwrite=overwrite or out is None
    ):
        path = folder.figure(name)
        figure = new_figure(5.2, 3.4)
        axis = figure.subplots()
        found.plot(axis)
        tidy(axis)
        figure.savefig(path, dpi=150)
        return folder.finish({**found.to_json(), "figure": path})


def _home(trajectory: Path) -> Path:
    """Folder of the run that a trajectory belongs to."""
    if (trajectory / "trajectory.h5").exists() or (trajectory / "trajectory").exists():
        return trajectory
    return trajectory.parent
