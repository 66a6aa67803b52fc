"""Training stage: a potential and its card."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lithophile.console import Progress
from lithophile.interrupted import Interrupted
from lithophile.provenance import provenance
from lithophile.run_folder import PROVENANCE, RESULT, SETTINGS, RunFolder, write_json
from lithophile.settings_file import read_settings
from lithophile.stages.inputs import labels_path
from mlip import available_models
from mlip.training import train
from mlip.training_config import TrainingConfig
from mlip.training_stop import TrainingPreempted

CURVE = "training_curve.png"


def training(
    config: Path | None,
    *,
    options: Mapping[str, Any],
    out: Path,
    resume: bool,
    overwrite: bool,
    progress: Progress,
) -> dict[str, Any]:
    """Train, or go on with, the potential that file and options describe."""
    folder = RunFolder(out)
    folder.check(resume=resume, overwrite=overwrite)
    stored = out / SETTINGS
    file = stored if resume and config is None and stored.is_file() else config
    settings = read_settings(TrainingConfig, file=file, options=options)
    return run_training(
        settings, folder, resume=resume, overwrite=overwrite, progress=progress
    )


def run_training(
    settings: TrainingConfig,
    folder: RunFolder,
    *,
    resume: bool,
    overwrite: bool,
    progress: Progress,
) -> dict[str, Any]:
    """Train in `folder`, which `mlip.train` fills, and add provenance and figure."""
    settings = with_model_path(settings)
    inputs = (*map(labels_path, settings.dataset), settings.start_from)
    folder.spare(inputs, overwrite=overwrite)
    with folder.cleared(resume=resume, overwrite=overwrite) as claim:
        watched = claim.watching(progress)
        try:
            done = train(settings, out=folder.path, resume=resume, progress=watched)
        except TrainingPreempted as reason:
            claim.begin()
            result = {"stopped": str(reason), "n_epochs": reason.epoch}
            raise Interrupted(result, reason) from None
        record = provenance(
            command="train",
            seeds={"train": settings.seed},
            inputs={"model": done.model},
        )
        write_json(
            folder.path / PROVENANCE, {**record, **(folder.read(PROVENANCE) or {})}
        )
        curve = folder.path / CURVE
        if curve.is_file():
            curve.replace(folder.figure("training_curve"))
        return folder.read(RESULT) or dict(done.to_json())


def with_model_path(settings: TrainingConfig) -> TrainingConfig:
    """Replace the name of a released model to start from by its file."""
    paths = {
        entry.name: entry.path for entry in available_models() if entry.path is not None
    }
    path = paths.get(str(settings.start_from))
    return settings.model_copy(update={"start_from": path}) if path else settings
