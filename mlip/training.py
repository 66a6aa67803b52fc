"""Training of a potential: from a configuration to a run folder with a model."""

import json
import platform
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from ase.data import atomic_numbers

from mlip.initial_model import InitialModel, build_initial_model
from mlip.model_card import ModelCard, card_path, file_sha256, write_card
from mlip.registry import load_potential
from mlip.training_committee import judge, judge_forgetting, train_committee
from mlip.training_config import TrainingConfig
from mlip.training_curve import plot_training_curve
from mlip.training_files import (
    CHECKPOINT,
    CONFIG,
    MODEL,
    PROVENANCE,
    RESULT,
    Progress,
    TrainingResult,
    read_result,
    write_config,
    write_json,
)
from mlip.training_graphs import build_graphs
from mlip.training_setup import TrainingSetup, prepare_training
from training_data import InputError

CURVE_EVERY_S = 60.0
if TYPE_CHECKING:
    from mlip.mace_training import MaceTraining

_MAY_CHANGE = {"epochs", "max_minutes", "num_threads", "device", "name", "description"}


def train(
    config: TrainingConfig,
    *,
    out: Path,
    resume: bool = False,
    progress: Progress | None = None,
) -> TrainingResult:
    """Train a potential and leave model, card, curve and errors in a folder.

    Data, level and starting model are checked before the folder is made.  A run that
    was killed continues with ``resume=True`` at the epoch after its last checkpoint;
    one that had finished gives its result again.

    Parameters
    ----------
    config
        What to train, on what, and how.
    out
        Folder of the run.
    resume
        Continue the run in `out`; a folder without a checkpoint starts one.
    progress
        Called after every epoch with (epochs done, epochs, errors).

    Returns
    -------
    TrainingResult

    Raises
    ------
    InputError
        Wrong data, or `out` holds a run and `resume` is false, or it holds another.

    """
    out = Path(out)
    if resume and (out / RESULT).is_file():
        return read_result(out)
    if not resume and out.is_dir() and any(out.iterdir()):
        message = (
            f"out must be a new or empty folder; got {str(out)!r}, which holds "
            "files. Choose another, or resume the run."
        )
        raise InputError(message)
    if config.committee > 1:
        result = train_committee(config, out=out, progress=progress, train=train)
        write_json(result.to_json(), out / RESULT)
        return result
    setup = prepare_training(config)
    resuming = resume and (out / CHECKPOINT).is_file()
    if resuming:
        _check_same_run(config, setup, out)
    return _train(config, setup, out, resuming=resuming, progress=progress)


def _train(
    config: TrainingConfig,
    setup: TrainingSetup,
    out: Path,
    *,
    resuming: bool,
    progress: Progress | None,
) -> TrainingResult:
    from mlip.cpu import keep_freed_memory, use_threads  # noqa: PLC0415
    from mlip.mace_training import MaceTraining  # noqa: PLC0415
    from mlip.weights import DTYPES, default_dtype, save_weights  # noqa: PLC0415

    keep_freed_memory()
    if config.num_threads is not None:
        use_threads(config.num_threads)
    # torch, e3nn and mace deprecate what they use of each other, on every call
    with default_dtype(DTYPES[config.dtype]), warnings.catch_warnings(action="ignore"):
        initial = build_initial_model(config, setup.split.train, setup.start)
        validation_graphs = build_graphs(
            setup.split.validation,
            numbers=initial.architecture["atomic_numbers"],
            r_max_A=initial.architecture["r_max"],
            config_type_weights=config.config_type_weights,
        )
        _begin_folder(config, setup, initial, out)
        training = MaceTraining(
            initial.network,
            config,
            train_graphs=initial.graphs,
            validation_graphs=validation_graphs,
            checkpoint=out / CHECKPOINT,
        )
        if resuming:
            training.load()
        training.run(_drawing(training, out, progress))
    save_weights(training.model, out / MODEL)
    card = _card(config, setup, initial, training.history, out / MODEL)
    write_card(card, card_path(out / MODEL))
    potential = load_potential(out / MODEL)
    errors = judge(potential, setup)
    forgetting = judge_forgetting(potential, setup, out)
    told = {} if forgetting is None else {"forgetting": forgetting}
    write_card(replace(card, errors=errors).with_extra(told), card_path(out / MODEL))
    _write_curve(training.history, out)
    judged_on = next(name for name in ("test", "validation", "train") if name in errors)
    total = errors[judged_on]["all"]
    result = TrainingResult(
        model=out / MODEL,
        card=card_path(out / MODEL),
        n_epochs=training.epoch,
        minutes=training.elapsed_s / 60,
        energy_rmse_meV_per_atom=total["energy_rmse_meV_per_atom"],
        force_rmse_meV_per_A=total["force_rmse_meV_per_A"],
        judged_on=judged_on,
        errors=errors,
        forgetting=forgetting,
    )
    write_json(result.to_json(), out / RESULT)
    return result


def _drawing(
    training: "MaceTraining", out: Path, progress: Progress | None
) -> Progress:
    """Report that also draws the curve, at most once a minute."""
    drawn = time.monotonic()

    def report(done: int, epochs: int, errors: dict[str, float]) -> None:
        nonlocal drawn
        if time.monotonic() - drawn > CURVE_EVERY_S:
            _write_curve(training.history, out)
            drawn = time.monotonic()
        if progress is not None:
            progress(done, epochs, errors)

    return report


def _begin_folder(
    config: TrainingConfig, setup: TrainingSetup, initial: InitialModel, out: Path
) -> None:
    out.mkdir(parents=True, exist_ok=True)
    write_config(config, out)
    provenance = {
        "versions": _versions(),
        "data_sha256": dict(setup.data_sha256),
        "data_versions": dict(setup.data_versions),
        "reference_energies": asdict(initial.references),
        "architecture": dict(initial.architecture),
        "new_elements": dict(initial.new_elements),
        "split": _split_groups(setup),
    }
    write_json(provenance, out / PROVENANCE)


def _check_same_run(config: TrainingConfig, setup: TrainingSetup, out: Path) -> None:
    before = yaml.safe_load((out / CONFIG).read_text(encoding="utf-8"))
    now = config.model_dump(mode="json")
    changed = sorted(
        key
        for key in now
        if key not in _MAY_CHANGE and now[key] != before.get(key, now[key])
    )
    if changed:
        message = (
            f"configuration must be that of the run in {str(out)!r} to resume it; "
            f"got other values for {changed!r}. Restore them or choose a new folder."
        )
        raise InputError(message)
    provenance = json.loads((out / PROVENANCE).read_text(encoding="utf-8"))
    if provenance["data_sha256"] != dict(setup.data_sha256):
        message = (
            f"dataset must be the one that the run in {str(out)!r} began with; its "
            "files have changed since. Restore them or choose a new folder."
        )
        raise InputError(message)


def _card(
    config: TrainingConfig,
    setup: TrainingSetup,
    initial: InitialModel,
    history: Sequence[Mapping[str, float]],
    weights: Path,
) -> ModelCard:
    start = setup.start
    return ModelCard(
        name=config.name,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        level_of_theory=config.level,
        elements=_elements(setup),
        reference_energies_eV=dict(initial.references.energies_eV),
        architecture=dict(initial.architecture),
        weights_sha256=file_sha256(weights),
        training=config.model_dump(mode="json"),
        data_sha256=dict(setup.data_sha256),
        held_out=_held_out(setup),
        runtime_dispersion=setup.runtime_dispersion,
        versions=_versions(),
        dtype=config.dtype,
        notes=config.description,
        extra={
            "code": setup.split.train.level.code,
            "reference_energies": asdict(initial.references),
            "new_elements": dict(initial.new_elements),
            "split": _split_groups(setup),
            "started_from_sha256": None if start is None else start.card.weights_sha256,
            "data_versions": dict(setup.data_versions),
            "last_epoch": dict(history[-1]) if history else {},
        },
    )


def _elements(setup: TrainingSetup) -> tuple[str, ...]:
    start = setup.start
    known = start.card.elements if start is not None and start.keeps_elements else ()
    return tuple(sorted({*known, *setup.species}, key=lambda s: atomic_numbers[s]))


def _held_out(setup: TrainingSetup) -> tuple[str, ...]:
    """Name whole parents that only the test set holds, else their groups."""
    split = setup.split
    seen = {*split.train.parents, *split.validation.parents}
    pairs = zip(split.test.parents, split.test.group_ids, strict=True)
    return tuple(
        sorted({group if parent in seen else parent for parent, group in pairs})
    )


def _split_groups(setup: TrainingSetup) -> dict[str, list[str]]:
    split = setup.split
    return {
        "train": sorted(set(split.train.group_ids)),
        "validation": sorted(set(split.validation.group_ids)),
        "test": sorted(set(split.test.group_ids)),
    }


def _write_curve(history: Sequence[Mapping[str, float]], out: Path) -> None:
    write_json(list(history), out / "training_curve.json")
    figure = plot_training_curve(history)
    figure.savefig(out / "training_curve.png", dpi=120)


def _versions() -> dict[str, str]:
    return {
        name: version(name) for name in ("mace-torch", "torch", "e3nn", "ase", "numpy")
    } | {"python": platform.python_version()}
