"""A committee: one training per seed, then its common errors and its calibration."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlip.calibration import LEAST_FRAMES, QUANTITIES, Calibration, calibrate
from mlip.committee import build_committee
from mlip.error_report import evaluate_errors
from mlip.forgetting import forgetting_report
from mlip.model_card import file_sha256, read_card, write_card
from mlip.potential import Potential
from mlip.registry import load_potential
from mlip.training_config import TrainingConfig
from mlip.training_files import (
    COMMITTEE,
    MODEL,
    Progress,
    TrainingResult,
    write_config,
    write_json,
)
from mlip.training_setup import TrainingSetup, prepare_training

if TYPE_CHECKING:
    from collections.abc import Callable


def train_committee(
    config: TrainingConfig,
    *,
    out: Path,
    progress: Progress | None,
    train: "Callable[..., TrainingResult]",
) -> TrainingResult:
    """Train the members one after the other, in folders of their own.

    Parameters
    ----------
    config
        The run; member k has the seed ``seed + k``, and all share one split.
    out
        Folder of the committee. Members that are there are resumed.
    progress
        Called with (epochs done, epochs of all members, errors).
    train
        Trains one potential (:func:`mlip.training.train`).

    Returns
    -------
    TrainingResult
        Errors of the mean of all members.

    """
    setup = prepare_training(config)
    out.mkdir(parents=True, exist_ok=True)
    write_config(config, out)
    members = []
    for number in range(config.committee):
        member = config.model_copy(
            update={
                "committee": 1,
                "seed": config.seed + number,
                "name": f"{config.name}-{number}",
            }
        )
        done = train(
            member,
            out=out / f"member-{number}",
            resume=True,
            progress=_telling(progress, number, config),
        )
        members.append(done)
    committee = build_committee([load_potential(done.model) for done in members])
    errors = judge(committee, setup)
    calibration = _calibrate(committee, setup, out)
    record = {
        "members": [
            {
                "model": f"member-{number}/{MODEL}",
                "seed": config.seed + number,
                "weights_sha256": file_sha256(done.model),
            }
            for number, done in enumerate(members)
        ],
        "calibration": calibration,
        "errors": errors,
    }
    write_json(record, out / COMMITTEE)
    for done in members:
        _add_to_card(done.card, {"committee": record})
    judged_on = next(name for name in ("test", "validation", "train") if name in errors)
    total = errors[judged_on]["all"]
    return TrainingResult(
        model=out,
        card=out / COMMITTEE,
        n_epochs=max(done.n_epochs for done in members),
        minutes=sum(done.minutes for done in members),
        energy_rmse_meV_per_atom=total["energy_rmse_meV_per_atom"],
        force_rmse_meV_per_A=total["force_rmse_meV_per_A"],
        judged_on=judged_on,
        errors=errors,
        members=tuple(str(done.model) for done in members),
        calibration=calibration,
        forgetting=members[0].forgetting,
    )


def judge(potential: Potential, setup: TrainingSetup) -> dict[str, Any]:
    """Errors on every part of the split that holds frames."""
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


def judge_forgetting(after: Potential, setup: TrainingSetup, out: Path) -> Any:  # noqa: ANN401
    """Forgetting report with its picture; the reason where there can be none."""
    start = setup.start
    if start is None:
        return None
    if setup.old_data is None:
        return {"not_judged": setup.no_old_data}
    from matplotlib.figure import Figure

    before = load_potential(start.weights)
    report = forgetting_report(before, after, setup.old_data)
    names = len(report.groups)
    figure = Figure(figsize=(6, 1 + 0.3 * names), layout="constrained")
    report.plot(figure.add_subplot())
    figure.savefig(out / "forgetting.png", dpi=120)
    return report.to_json()


def _calibrate(
    committee: Potential, setup: TrainingSetup, out: Path
) -> dict[str, Any] | None:
    if len(setup.judged.validation) < LEAST_FRAMES:
        return None
    found = calibrate(committee, setup.judged.validation, judged=setup.judged.test)
    plot_reliability(found, out / "reliability.png")
    return found.to_json()


def plot_reliability(calibration: Calibration, path: Path) -> None:
    """Draw energies and forces side by side into a PNG file."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.5, 4.2), layout="constrained")
    for ax, quantity in zip(figure.subplots(1, 2), QUANTITIES, strict=True):
        calibration.plot(ax, quantity=quantity)
    figure.savefig(path, dpi=120)


def _telling(
    progress: Progress | None, number: int, config: TrainingConfig
) -> Progress | None:
    if progress is None:
        return None
    earlier, total = number * config.epochs, config.committee * config.epochs

    def told(done: int, _epochs: int, errors: dict[str, float]) -> None:
        progress(earlier + done, total, {"member": number, **errors})

    return told


def _add_to_card(path: Path, more: dict[str, Any]) -> None:
    card = read_card(path)
    write_card(card.with_extra(more), path)
