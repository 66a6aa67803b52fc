"""Export stage: a trajectory as a file of another program."""

from pathlib import Path
from types import MappingProxyType
from typing import Any

from lithophile.console import Progress
from lithophile.export_settings import ExportSettings
from md.trajectory import export_trajectory, open_trajectory
from md.trajectory.export_request import ExportFormat
from training_data import InputError

NAMES: MappingProxyType[ExportFormat, str] = MappingProxyType(
    {
        "extxyz": "{stem}.extxyz",
        "dump": "{stem}.lammpstrj",
        "xdatcar": "{stem}.XDATCAR",
        "h5md": "{stem}-packed.h5md",
    }
)
"""Name of the file beside the trajectory, where --out names none."""


def export_stage(
    settings: ExportSettings,
    *,
    file_format: ExportFormat,
    overwrite: bool,
    progress: Progress,
) -> dict[str, Any]:
    """Write the chosen frames and say what is in the file."""
    if settings.trajectory is None:
        raise InputError(
            "trajectory must be given; got nothing. Name a .h5 file or a run folder."
        )
    request = settings.model_dump(exclude={"trajectory", "frame_time_ps", "out"})
    with open_trajectory(
        settings.trajectory, frame_time_ps=settings.frame_time_ps
    ) as trajectory:
        done = export_trajectory(
            trajectory,
            settings.out or _beside(settings.trajectory, file_format),
            file_format=file_format,
            overwrite=overwrite,
            progress=lambda frames, total: progress(frames, total, {}),
            **request,
        )
    return done.to_json()


def _beside(trajectory: Path, file_format: ExportFormat) -> Path:
    """File in the run's folder, or beside a trajectory that stands alone.

    Examples
    --------
    >>> _beside(Path("runs/400K/trajectory.h5"), "dump").as_posix()
    'runs/400K/trajectory.lammpstrj'

    """
    if trajectory.is_dir():
        inside = trajectory.parent if trajectory.name == "trajectory" else trajectory
        return inside / NAMES[file_format].format(stem="trajectory")
    return trajectory.with_name(NAMES[file_format].format(stem=trajectory.stem))
