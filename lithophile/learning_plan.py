"""Plan of active learning: everything that is settled before time is spent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from lithophile.learning_exploration import start_structures
from lithophile.learning_settings import LearnSettings
from lithophile.settings_file import validate
from lithophile.stages.inputs import labels_path, read_labels
from lithophile.stages.training import with_model_path
from mlip.initial_model import find_start
from mlip.training_config import TrainingConfig
from training_data import (
    Dataset,
    InputError,
    read_dataset,
    read_labelling_settings,
    split_by_group,
)
from training_data.labelling_settings import LabellingSettings


@dataclass(frozen=True, kw_only=True)
class LearningPlan:
    """Data, hold-out and level of labels of a run, checked against each other.

    Parameters
    ----------
    data
        Labels that the first round learns from.
    hold_out
        Labels that judge every round.
    labelling
        Code and level of theory of new labels.

    """

    data: Dataset
    hold_out: Dataset
    labelling: LabellingSettings


def plan_learning(settings: LearnSettings) -> LearningPlan:
    """Read the inputs of active learning and check that they fit together.

    Raises
    ------
    InputError
        Labels that cannot be read or are of two levels of theory, a hold-out that
        does not occur or is all there is, structures or random crystals with
        elements that nothing teaches, a model that is none, training settings that
        do not fit, or labels at another functional than the data.

    """
    data = reduce(Dataset.joined, map(read_labels, settings.dataset))
    data, hold_out = _divided(data, settings)
    labelling = labelling_settings(settings)
    if labelling.functional != data.level.functional:
        raise InputError(
            "labelling must be at the functional of the data set, "
            f"{data.level.functional!r}; got {labelling.functional!r}. Energies of two "
            "levels have two zeros."
        )
    for number in (0, 1):
        for member in range(settings.n_members):
            member_config(settings, number=number, member=member, data=("data",))
    data.select([0]).at_level(settings.training.level)
    known = set(data.species) | _species_of_starts(settings)
    _refuse_unknown(known, hold_out.species, "hold_out")
    if settings.exploration is not None:
        for name, atoms in start_structures(settings.exploration).items():
            _refuse_unknown(known, set(atoms.symbols), f"structure {name!r}")
    if settings.random is not None:
        from ase.symbols import string2symbols  # noqa: PLC0415 (slow to import)

        for formula in settings.random.formulas:
            try:
                symbols = set(string2symbols(formula))
            except (KeyError, ValueError, IndexError):
                raise InputError(
                    f"random.formulas must be chemical formulas; got {formula!r}. "
                    "Write Li4Zr2Cl12."
                ) from None
            _refuse_unknown(known, symbols, f"random formula {formula!r}")
    return LearningPlan(data=data, hold_out=hold_out, labelling=labelling)


def labelling_settings(settings: LearnSettings) -> LabellingSettings:
    """Code and level of theory of new labels."""
    if isinstance(settings.labelling, LabellingSettings):
        return settings.labelling
    return read_labelling_settings(settings.labelling)


def member_config(
    settings: LearnSettings,
    *,
    number: int,
    member: int,
    data: Sequence[str],
    start: Path | None = None,
) -> TrainingConfig:
    """Training run of one member in one round.

    Members differ in their seed and in the groups that choose the epoch. From the
    second round on `start` is the member's own model of the round before, and the
    keys of ``retraining`` take the place of those of ``training``.
    """
    values: dict[str, Any] = settings.training.model_dump(mode="json")
    if number > 0:
        values |= settings.retraining
    chosen = settings.start_from
    if start is None and number == 0 and chosen:
        start = Path(chosen[member % len(chosen)])
    if start is not None or number > 0:
        values.pop("architecture")
    split = values.get("split") or {}
    values |= {
        "dataset": list(data),
        "start_from": None if start is None else str(start),
        "name": f"member-{member}",
        "seed": settings.seed + 1000 * number + member,
        "split": {**split, "salt": f"{split.get('salt', '')}member-{member}"},
    }
    source = "training" if number == 0 else "training and retraining"
    return with_model_path(validate(TrainingConfig, values, source=source))


def plan_numbers(settings: LearnSettings, plan: LearningPlan) -> dict[str, Any]:
    """Size of the work, for `--dry-run`."""
    exploration = settings.exploration
    runs, steps = 0, 0
    if exploration is not None:
        temperatures = max(1, len(exploration.temperatures_K))
        runs = len(exploration.structures) * temperatures * exploration.copies
        steps = exploration.dynamics.n_steps
    return {
        "rounds": [],
        "n_train": len(plan.data),
        "n_hold_out": len(plan.hold_out),
        "elements": sorted(plan.data.species | _species_of_starts(settings)),
        "level_of_theory": str(plan.data.level),
        "n_members": settings.n_members,
        "n_trainings": settings.n_members * (settings.rounds + 1),
        "epochs_of_a_training": settings.training.epochs,
        "md_runs_of_a_round": runs,
        "md_steps_of_a_run": steps,
        "random_structures_of_a_round": (
            settings.random.n_structures if settings.random else 0
        ),
        "most_labels": settings.rounds * settings.selection.n_labels,
        "labelling": _words(plan.labelling),
        "planned_rounds": settings.rounds,
    }


def input_files(settings: LearnSettings) -> list[Path]:
    """Files that a run is made from."""
    files = [labels_path(name) for name in settings.dataset]
    if settings.hold_out.file is not None:
        files.append(settings.hold_out.file)
    if settings.exploration is not None:
        files += [Path(name) for name in settings.exploration.structures]
    files += [Path(name) for name in settings.start_from]
    if isinstance(settings.labelling, str):
        files.append(Path(settings.labelling))
    return [path for path in files if path.exists()]


def _words(labelling: LabellingSettings) -> str:
    return f"{labelling.functional} ({labelling.level or labelling.code})"


def _divided(data: Dataset, settings: LearnSettings) -> tuple[Dataset, Dataset]:
    given = settings.hold_out
    if given.file is not None:
        hold_out = read_dataset(given.file)
        data.joined(hold_out)  # refuses another level of theory
        return data, hold_out
    split = split_by_group(
        data, fractions=(1.0, 0.0, 0.0), key="group_id", held_out=given.groups
    )
    if not len(split.train):
        raise InputError(
            "hold_out must leave labels to learn from; got all "
            f"{len(data)} frames of the data set. Name fewer groups."
        )
    return split.train, split.test


def _species_of_starts(settings: LearnSettings) -> set[str]:
    known: set[str] = set()
    for name in settings.start_from:
        path = with_model_path(TrainingConfig(start_from=Path(name))).start_from
        if path is not None:
            known |= set(find_start(path)[1].elements)
    return known


def _refuse_unknown(
    known: set[str], wanted: Mapping[str, Any] | set[str] | frozenset[str], what: str
) -> None:
    unknown = sorted(set(wanted) - known)
    if unknown:
        raise InputError(
            f"{what} must hold elements of the data set or of start_from, "
            f"{sorted(known)!r}; got {unknown!r}. Add labels with them, a few are "
            "enough to begin with."
        )
