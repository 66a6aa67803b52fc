"""Training of a potential: from a configuration to a run folder with a model."""

import json
import platform
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from ase.data import atomic_numbers

from mlip.error_report import evaluate_errors
from mlip.initial_model import InitialModel, build_initial_model, find_start
from mlip.model_card import ModelCard, card_path, file_sha256, write_card
from mlip.registry import load_potential
from mlip.training_config import TrainingConfig
from mlip.training_curve import plot_training_curve
from mlip.training_graphs import build_graphs
from mlip.training_setup import TrainingSetup, prepare_training
from training_data import InputError

Progress = Callable[[int, int, dict[str, float]], None]
CHECKPOINT, MODEL, RESULT = "checkpoint.pt", "model.safetensors", "result.json"
CONFIG, PROVENANCE = "config.yaml", "provenance.json"
_MAY_CHANGE = {"epochs", "max_minutes", "num_threads", "device", "name", "description"}


@dataclass(frozen=True, kw_only=True)
class TrainingResult:
    """What a finished training run left behind.

    Parameters
    ----------
    model, card
        Weights file and model card.
    n_epochs
        Passes over the training set.
    minutes
        Wall-clock time of the training itself, minutes.
    energy_rmse_meV_per_atom, force_rmse_meV_per_A
        Errors on the set that `judged_on` names.
    judged_on
        "test"; "validation" where there is no test set, else "train".
    errors
        All errors: {set: {"groups": {...}, "all": {...}}}.

    """

    model: Path
    card: Path
    n_epochs: int
    minutes: float
    energy_rmse_meV_per_atom: float
    force_rmse_meV_per_A: float
    judged_on: str
    errors: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Plain values, paths as strings."""
        return {**asdict(self), "model": str(self.model), "card": str(self.card)}


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
        return _read_result(out)
    if not resume and out.is_dir() and any(out.iterdir()):
        message = (
            f"out must be a new or empty folder; got {str(out)!r}, which holds "
            "files. Choose another, or resume the run."
        )
        raise InputError(message)
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
        initial = build_initial_model(config, setup.split.train)
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
        training.run(progress)
    save_weights(training.model, out / MODEL)
    card = _card(config, setup, initial, training.history, out / MODEL)
    write_card(card, card_path(out / MODEL))
    errors = _judge(out / MODEL, setup)
    write_card(replace(card, errors=errors), card_path(out / MODEL))
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
    )
    _write_json(result.to_json(), out / RESULT)
    return result


def _begin_folder(
    config: TrainingConfig, setup: TrainingSetup, initial: InitialModel, out: Path
) -> None:
    out.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(
        config.model_dump(mode="json"), sort_keys=False, allow_unicode=True
    )
    (out / CONFIG).write_text(text, encoding="utf-8")
    provenance = {
        "versions": _versions(),
        "data_sha256": dict(setup.data_sha256),
        "reference_energies": asdict(initial.references),
        "architecture": dict(initial.architecture),
        "new_elements": dict(initial.new_elements),
        "split": _split_groups(setup),
    }
    _write_json(provenance, out / PROVENANCE)


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
    start = config.start_from
    return ModelCard(
        name=config.name,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        level_of_theory=config.level,
        elements=_elements(config, setup),
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
            "started_from_sha256": None
            if start is None
            else find_start(start)[1].weights_sha256,
            "last_epoch": dict(history[-1]) if history else {},
        },
    )


def _elements(config: TrainingConfig, setup: TrainingSetup) -> tuple[str, ...]:
    start = config.start_from
    known = () if start is None else find_start(start)[1].elements
    return tuple(sorted({*known, *setup.species}, key=lambda s: atomic_numbers[s]))


def _judge(weights: Path, setup: TrainingSetup) -> dict[str, Any]:
    potential = load_potential(weights)
    parts = {
        "train": setup.judged.train,
        "validation": setup.judged.validation,
        "test": setup.judged.test,
    }
    return {
        name: evaluate_errors(potential, part).to_json()
        for name, part in parts.items()
        if len(part) > 0
    }


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
    _write_json(list(history), out / "training_curve.json")
    figure = plot_training_curve(history)
    figure.savefig(out / "training_curve.png", dpi=120)


def _read_result(out: Path) -> TrainingResult:
    values = json.loads((out / RESULT).read_text(encoding="utf-8"))
    values.update(model=out / MODEL, card=card_path(out / MODEL))
    return TrainingResult(**values)


def _versions() -> dict[str, str]:
    return {
        name: version(name) for name in ("mace-torch", "torch", "e3nn", "ase", "numpy")
    } | {"python": platform.python_version()}


def _write_json(values: Any, path: Path) -> None:  # noqa: ANN401
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(values, indent=1, ensure_ascii=False), "utf-8")
    partial.replace(path)
