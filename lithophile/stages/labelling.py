"""Labelling stage: a pool of structures becomes a file of labels."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ase import Atoms

from lithophile.console import Progress, plain
from lithophile.early_signals import StoppedEarly
from lithophile.labelling_settings import LabelSettings
from lithophile.provenance import provenance
from lithophile.settings_file import read_mapping, validate
from training_data import (
    InputError,
    LabellingSettings,
    collect_finished_calculations,
    label_queue,
    read_labelling_settings,
    read_structures,
)
from training_data.frame_hash import as_written, frame_hash
from training_data.label_store import LabelStore, known_hashes, read_json, write_json
from training_data.labelled_frame import refuse_unfit
from training_data.labelling import LabellingStopped, cost, ordered
from training_data.labelling_kpoints import kpoint_grid
from training_data.labelling_process import CalculationProcess
from training_data.labelling_settings import checked_settings


class LabellingInterrupted(Exception):  # noqa: N818  (not an error of the program)
    """End of a queue by a signal, with what there is.

    Parameters
    ----------
    result
        Result so far, as the command prints it.
    early
        Signal that ended it.

    """

    def __init__(self, result: dict[str, Any], early: StoppedEarly) -> None:
        super().__init__(early.sentence)
        self.result = result
        self.early = early


def labelling_stage(
    config: Path | None,
    *,
    options: Mapping[str, Any],
    out: Path,
    resume: bool,
    overwrite: bool,
    dry_run: bool,
    progress: Progress,
) -> dict[str, Any]:
    """Label the structures of the pool, or read labels from finished calculations."""
    _refuse_out(out, resume=resume, overwrite=overwrite or dry_run)
    store = LabelStore(out)
    earlier = read_json(store.notes_path) if resume else {}
    settings = _settings(config, options, earlier.get("command", {}))
    inputs = {path.resolve() for path in (*settings.pool, *settings.skip)}
    if out.resolve() in inputs:
        raise InputError(
            f"--out must be another file than the pool; got '{out}'. Name a new one."
        )
    missing = [path for path in settings.skip if not path.is_file()]
    if missing:
        raise InputError(
            f"--skip must name files of labels; got '{missing[0]}', which does not "
            "exist. Check the name."
        )
    if settings.finished:
        return _finished(settings, store, overwrite=overwrite)
    level = _level(settings, earlier)
    frames = _frames(settings)
    refuse_unfit(frames, settings=level)
    if dry_run:
        return _plan(frames, level, settings, out)
    new = not store.notes_path.exists()
    if overwrite and out.exists():
        with CalculationProcess(level, folder=_trial_folder(out)) as process:
            process.greet()  # a code that cannot be used costs no labels
            process.prepare()
    _prepare(store, settings, overwrite=overwrite)
    n_before = len(known_hashes([out]))

    def run(limit: int | None) -> dict[str, Any]:
        return plain(  # type: ignore[no-any-return]
            label_queue(
                frames,
                level,
                out,
                skip=settings.skip,
                order=settings.order,
                limit=limit,
                minutes=settings.minutes,
                retry_failed=settings.retry_failed,
                progress=progress,
            ).to_json()
        )

    try:
        return _refuse_all_failed(run(settings.limit), store)
    except StoppedEarly as early:
        so_far = run(0)
        so_far["n_new"] = len(known_hashes([out])) - n_before
        early.begun = so_far["n_labelled"] + so_far["n_failed"] > 0
        raise LabellingInterrupted(so_far, early) from early
    except InputError:
        if new:
            store.notes_path.unlink(missing_ok=True)
            store.lock_path.unlink(missing_ok=True)
        raise


def _refuse_all_failed(result: dict[str, Any], store: LabelStore) -> dict[str, Any]:
    """Raise where this run computed, and got no label out of it."""
    n_failed = result["n_new_failed"]
    if n_failed and not result["n_new"]:
        reason = str(result["failures"][-1]["reason"]).rstrip(".")
        raise LabellingStopped(
            f"none of the {n_failed} calculations of this run gave a label; one "
            f"failed with: {reason}. All reasons stand in '{store.failed_path}'. Mend "
            "settings or structures and go on with --resume --retry-failed."
        )
    return result


def _trial_folder(out: Path) -> Path:
    """Name a folder in which the code is started to see whether it can be."""
    return out.with_name(f".{out.stem}.trial-{os.getpid()}")


def _refuse_out(out: Path, *, resume: bool, overwrite: bool) -> None:
    if resume and overwrite:
        raise InputError(
            "--resume must stand alone; got --overwrite too. Resume keeps the labels, "
            "overwrite deletes them."
        )
    if out.is_dir():
        raise InputError(
            f"--out must be a file; got the folder '{out}'. Write for example "
            f"{out / 'labels.extxyz'}."
        )
    store = LabelStore(out)
    there = out.exists() or store.failed_path.exists()
    if there and not (resume or overwrite):
        raise InputError(
            f"--out must not hold labels already; got '{out}'. Name another file, or "
            "add --resume to go on or --overwrite to start again."
        )


def _settings(
    config: Path | None, options: Mapping[str, Any], earlier: Mapping[str, Any]
) -> LabelSettings:
    known = LabelSettings.model_fields
    given = {k: v for k, v in options.items() if v is not None and k in known}
    file = read_mapping(config) if config else {}
    values = {**earlier, **file, **given}
    return validate(LabelSettings, values, source=str(config or "options"))


def _level(settings: LabelSettings, earlier: Mapping[str, Any]) -> LabellingSettings:
    """Find the settings of the code: named, those of the run, or the default."""
    code = settings.code
    if settings.settings is None and code is None and "settings" in earlier:
        level = checked_settings(earlier["settings"], source="the run")
    elif settings.settings is not None:
        level = read_labelling_settings(settings.settings)
    elif code is None or code == "gpaw":
        level = read_labelling_settings()
    elif "." in code:
        level = checked_settings(
            {"code": code, "functional": code.split(".")[-1], "periodic": False},
            source="--code",
        )
    else:
        raise InputError(
            f"--settings must be given for {code}; got nothing. `code`, `arguments` "
            "and `kpoints` of the calculation belong there (docs/labelling.md)."
        )
    if code is not None and code != level.code:
        raise InputError(
            f"--code must be that of the settings, {level.code}; got {code!r}. Leave "
            "it out, or name other settings."
        )
    if settings.python is not None:
        level = level.model_copy(update={"python": settings.python})
    return level


def _frames(settings: LabelSettings) -> list[Atoms]:
    frames = [atoms for path in settings.pool for atoms in read_structures(path)]
    if settings.part is None:
        return frames
    number, parts = map(int, settings.part.split("/"))
    return frames[number - 1 :: parts]


def _prepare(store: LabelStore, settings: LabelSettings, *, overwrite: bool) -> None:
    """Clear away an earlier run where that is wanted, and note what is to be done."""
    with store:
        if overwrite:
            for path in (store.path, store.failed_path, store.notes_path):
                path.unlink(missing_ok=True)
        notes = read_json(store.notes_path)
        command = settings.model_dump(mode="json", exclude={"limit", "minutes"})
        for name in ("pool", "skip"):
            command[name] = [str(Path(path).resolve()) for path in command[name]]
        before = notes.get("command", {})
        if before.get("finished") == command["finished"]:
            # a later --resume without a pool does what is left of all of them
            earlier = [path for path in before.get("pool", ()) if Path(path).is_file()]
            command["pool"] = list(dict.fromkeys([*earlier, *command["pool"]]))
        notes["command"] = command
        record = provenance(
            command="label",
            seeds={},
            inputs={
                **{str(path): path for path in settings.pool},
                "settings": Path(settings.settings) if settings.settings else None,
            },
        )
        notes["runs"] = [*notes.get("runs", []), plain(record)]
        write_json(store.notes_path, notes)


def _plan(
    frames: list[Atoms], level: LabellingSettings, settings: LabelSettings, out: Path
) -> dict[str, Any]:
    """List what would be computed."""
    done = known_hashes([out, *settings.skip])
    waiting = {frame_hash(atoms): atoms for atoms in map(as_written, frames)}
    n_given = len(waiting)
    pairs = [(key, atoms) for key, atoms in waiting.items() if key not in done]
    pairs = ordered(pairs, order=settings.order, settings=level)
    kpoints = level.kpoints
    queue = [
        {
            "frame_hash": key,
            "formula": atoms.get_chemical_formula(),
            "n_atoms": len(atoms),
            "kpts": kpoint_grid(atoms, kpoints=kpoints) if kpoints else None,
            "relative_cost": cost(atoms, settings=level),
        }
        for key, atoms in pairs
    ]
    return {
        "n_labelled": n_given - len(queue),
        "n_failed": 0,
        "seconds_per_label": None,
        "n_waiting": len(queue),
        "queue": queue,
    }


def _finished(
    settings: LabelSettings, store: LabelStore, *, overwrite: bool
) -> dict[str, Any]:
    _prepare(store, settings, overwrite=overwrite)
    result = collect_finished_calculations(
        settings.pool,
        store.path,
        steps=settings.steps,
        functional=settings.functional,
        config_type=settings.config_type,
    )
    if result.n_labelled == 0:
        reasons = "\n".join(f"  {failure.reason}" for failure in result.failures)
        raise InputError(f"pool must hold at least one label; got none:\n{reasons}")
    return plain(result.to_json())  # type: ignore[no-any-return]
