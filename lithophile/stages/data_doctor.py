"""Doctor stage: findings about a data set, written with a picture where asked."""

from pathlib import Path
from typing import Any

from lithophile.console import Progress
from lithophile.curves import new_figure, tidy
from lithophile.data_settings import DoctorSettings
from lithophile.provenance import provenance
from lithophile.run_folder import RunFolder
from lithophile.stages.inputs import labels_path
from training_data import InputError, examine_dataset


def doctor_stage(
    settings: DoctorSettings, *, out: Path | None, overwrite: bool, progress: Progress
) -> dict[str, Any]:
    """Examine files; with `out`, write the findings and the map of distances."""
    if not settings.files:
        raise InputError(
            "files must name at least one; got none. Give a labelled extxyz file."
        )
    paths = [labels_path(name) for name in settings.files]
    folder = None if out is None else RunFolder(out, resumable=False)
    if folder is not None:
        folder.check(resume=False, overwrite=overwrite)
        folder.spare(paths, overwrite=overwrite)
    report = examine_dataset(
        *paths,
        max_atoms=settings.max_atoms,
        progress=lambda n_frames: progress(n_frames, n_frames, {"frames": n_frames}),
    )
    result = report.to_json()
    if folder is None:
        return result
    record = provenance(
        command="data doctor",
        seeds={},
        inputs=dict(zip(settings.files, paths, strict=True)),
    )
    with folder.opened(settings=settings, provenance=record, overwrite=overwrite):
        figure = new_figure(5.6, 1.2 + 0.34 * max(len(report.pairs), 2))
        axis = figure.subplots()
        report.plot(axis)
        tidy(axis)
        path = folder.figure("distances")
        figure.savefig(path, dpi=150)
        return folder.finish({**result, "figure": path})
