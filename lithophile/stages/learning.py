"""Active learning stage: rounds of training, exploration and labelling."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lithophile.console import Progress, plain
from lithophile.curves import new_figure, tidy
from lithophile.early_signals import StoppedEarly
from lithophile.interrupted import Interrupted
from lithophile.learning import LearningLoop
from lithophile.learning_plan import (
    LearningPlan,
    input_files,
    labelling_settings,
    plan_learning,
    plan_numbers,
)
from lithophile.learning_record import LearningRecord
from lithophile.learning_result import LearningResult
from lithophile.learning_settings import LearnSettings
from lithophile.provenance import provenance
from lithophile.run_folder import SETTINGS, STOPPED, RunFolder, write_json
from lithophile.settings_file import read_mapping, read_settings, validate
from md.dynamics import Preempted
from mlip import available_models
from mlip.selection import SelectionResult
from mlip.training_stop import TrainingPreempted
from structures.prototypes import available_prototypes
from training_data import InputError, shipped_names

MAY_CHANGE = ("rounds", "labelling")
"""Settings that may be others when a run is resumed."""


def learning(
    config: Path | None,
    *,
    options: Mapping[str, Any],
    out: Path,
    resume: bool,
    overwrite: bool,
    progress: Progress,
) -> dict[str, Any]:
    """Run, or go on with, the active learning that file and options describe.

    Raises
    ------
    Interrupted
        When a signal ended the dynamics of a round.
    StoppedEarly
        When it ended a training; whatever is done is kept.

    """
    folder = RunFolder(out.resolve())
    folder.check(resume=resume, overwrite=overwrite)
    settings = _settings(config, options, folder, resume=resume)
    before = folder.read() if resume else None
    if before is not None and len(before["rounds"]) > settings.rounds:
        return before
    plan = plan_learning(settings)
    folder.spare(input_files(settings), overwrite=overwrite)
    record = provenance(
        command="learn",
        seeds={"learn": settings.seed},
        inputs={path.name: path for path in input_files(settings)},
    )
    with folder.opened(
        settings=settings, provenance=record, resume=resume, overwrite=overwrite
    ) as claim:
        claim.begin()
        loop = LearningLoop(
            settings=settings, plan=plan, folder=folder.path, progress=progress
        )
        try:
            done = loop.run()
        except Preempted as reason:
            result = {
                "rounds": [],
                "stopped_by": type(reason).__name__,
                "message": str(reason),
                "stages": sorted(LearningRecord(folder.path).done),
            }
            write_json(folder.path / STOPPED, result)
            raise Interrupted(result, reason) from None
        except TrainingPreempted as reason:
            raise StoppedEarly(reason.signal_name) from None
        figures = _draw(folder, done)
        return folder.finish({**done.to_json(), **figures})


def learning_plan(config: Path | None, *, options: Mapping[str, Any]) -> dict[str, Any]:
    """Check everything and tell the size of the work, without writing anything."""
    settings = read_settings(LearnSettings, file=config, options=options)
    plan: LearningPlan = plan_learning(settings)
    return plain(plan_numbers(settings, plan))  # type: ignore[no-any-return]


def _settings(
    config: Path | None, options: Mapping[str, Any], folder: RunFolder, *, resume: bool
) -> LearnSettings:
    stored = folder.path / SETTINGS
    if not (resume and stored.is_file()):
        return _settled(read_settings(LearnSettings, file=config, options=options))
    before = validate(LearnSettings, read_mapping(stored), source=str(stored))
    if config is None:
        return read_settings(LearnSettings, file=stored, options=options)
    now = _settled(read_settings(LearnSettings, file=config, options=options))
    kept, wanted = before.model_dump(mode="json"), now.model_dump(mode="json")
    changed = sorted(
        key for key in wanted if key not in MAY_CHANGE and wanted[key] != kept[key]
    )
    if changed:
        raise InputError(
            f"settings must be those of the run in '{folder.path}' to resume it; got "
            f"others for {', '.join(changed)}. Restore them, or name another folder."
        )
    return now


def _settled(settings: LearnSettings) -> LearnSettings:
    """Give settings that mean the same tomorrow: whole paths, the level in full."""
    hold_out, exploration = settings.hold_out, settings.exploration
    if hold_out.file is not None:
        hold_out = hold_out.model_copy(update={"file": hold_out.file.resolve()})
    if exploration is not None:
        structures = tuple(map(_whole, exploration.structures))
        exploration = exploration.model_copy(update={"structures": structures})
    return settings.model_copy(
        update={
            "labelling": labelling_settings(settings),
            "dataset": tuple(map(_whole, settings.dataset)),
            "start_from": tuple(map(_whole, settings.start_from)),
            "hold_out": hold_out,
            "exploration": exploration,
        }
    )


def _whole(name: str) -> str:
    """Give the absolute path of what exists; the name of something shipped stays."""
    shipped = {*shipped_names(), *available_prototypes()}
    shipped |= {entry.name for entry in available_models()}
    path = Path(name)
    return str(path.resolve()) if name not in shipped and path.exists() else name


def _draw(folder: RunFolder, done: LearningResult) -> dict[str, Any]:
    figure = new_figure(8.4, 3.4)
    left, right = figure.subplots(1, 2)
    tidy(done.plot(left))
    tidy(done.plot_uncertain(right))
    path = folder.figure("learning")
    figure.savefig(path, dpi=150)
    for each in done.rounds:
        chosen = folder.read(f"round-{each.round:02d}/selection.json")
        if chosen is None:
            continue
        most = chosen["most_eV_per_A"]
        values = [
            float("nan") if value is None else value
            for value in chosen["disagreements_eV_per_A"]
        ]
        result = SelectionResult(
            **{
                **chosen,
                "chosen": tuple(chosen["chosen"]),
                "distances": tuple(chosen["distances"]),
                "disagreements_eV_per_A": tuple(values),
                "most_eV_per_A": float("inf") if most is None else most,
            }
        )
        picture = new_figure(4.8, 3.4)
        axis = picture.subplots()
        tidy(result.plot(axis))
        picture.savefig(folder.figure(f"selection-{each.round:02d}"), dpi=150)
    return {"figure": path}
