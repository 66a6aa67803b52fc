"""Evaluation stage: errors per group, with parity plots."""

from pathlib import Path
from typing import Any

import numpy as np

from lithophile.console import Progress
from lithophile.curves import draw_parity
from lithophile.provenance import provenance
from lithophile.run_folder import RunFolder
from lithophile.settings import EvaluateSettings
from lithophile.stages.inputs import (
    labels_path,
    model_card,
    model_path,
    open_potential,
    read_labels,
)
from mlip.error_report import evaluate_errors
from training_data import Dataset, InputError
from training_data.level_of_theory import D3


def evaluation(
    settings: EvaluateSettings,
    *,
    out: Path | None,
    overwrite: bool,
    progress: Progress,
) -> dict[str, Any]:
    """Errors of a potential on labels, at the level of theory of its card."""
    folder = None if out is None else RunFolder(out, resumable=False)
    if folder is not None:
        folder.check(resume=False, overwrite=overwrite)
        inputs = (model_path(settings.model), labels_path(settings.dataset))
        folder.spare(inputs, overwrite=overwrite)
    labels = read_labels(settings.dataset)
    potential = open_potential(settings)
    universal = model_card(settings.model) is None
    labels = labels.at_level(
        _comparable_level(potential.level, labels) if universal else potential.level
    )
    groups: list[str] = []
    if settings.held_out is not False:
        labels, groups = _held_out(labels, settings)
    progress(0, len(labels), {"frames": len(labels)})
    errors = evaluate_errors(potential, labels, remove_energy_offset=universal)
    result = {
        "model": settings.model,
        "dataset": settings.dataset,
        "level_of_theory": labels.level.name,
        "level_of_theory_of_model": potential.level,
        "held_out": groups or None,
        "n_frames": len(labels),
        **errors.to_json(),
    }
    if folder is None:
        return result
    record = provenance(
        command="evaluate",
        seeds={},
        inputs={
            "model": model_path(settings.model),
            "dataset": labels_path(settings.dataset),
        },
    )
    with folder.opened(settings=settings, provenance=record, overwrite=overwrite):
        points = {name: np.asarray(pairs) for name, pairs in errors.points.items()}
        np.savez_compressed(folder.path / "parity.npz", allow_pickle=False, **points)
        draw_parity(errors, folder.figure("parity"))
        return folder.finish(result)


def _comparable_level(level: str, labels: Dataset) -> str:
    """Level of labels that a potential without a card of ours comes nearest to.

    Its energies count from another zero, so only their differences within a group
    are compared.
    """
    functional = labels.level.functional
    return f"{functional}-{D3}" if level.endswith(f"-{D3}") else functional


def _held_out(labels: Dataset, settings: EvaluateSettings) -> tuple[Dataset, list[str]]:
    """Frames whose parent or group the model card lists as held out."""
    card = model_card(settings.model)
    wanted = set() if card is None else set(card.held_out)
    names = list(zip(labels.parents, labels.group_ids, strict=True))
    chosen = np.array([not wanted.isdisjoint(pair) for pair in names], dtype=bool)
    if chosen.any():
        found = {name for pair in names for name in pair} & wanted
        return labels.select(chosen), sorted(found)
    if settings.held_out is None:
        return labels, []
    raise InputError(
        f"--held-out needs a dataset with groups that {settings.model!r} has held out "
        f"({', '.join(sorted(wanted)) or 'it has no card that lists any'}); got "
        f"{settings.dataset!r} without. Leave it out to evaluate all frames."
    )
