"""Files of a training run: their names, how they are written, and its result."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from mlip.model_card import card_path
from mlip.training_config import TrainingConfig

Progress = Callable[[int, int, dict[str, float]], None]
CHECKPOINT, MODEL, RESULT = "checkpoint.pt", "model.safetensors", "result.json"
CONFIG, PROVENANCE, COMMITTEE = "config.yaml", "provenance.json", "committee.json"


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
    members
        Weights files of a committee; empty for a single potential. `model` is then
        its folder, to be loaded as ``committee:FOLDER``, and `card` its record.
    calibration
        Calibrated uncertainty of a committee (:mod:`mlip.calibration`), or None.
    forgetting
        Errors on the earlier model's data before and after
        (:mod:`mlip.forgetting`), or None.

    """

    model: Path
    card: Path
    n_epochs: int
    minutes: float
    energy_rmse_meV_per_atom: float
    force_rmse_meV_per_A: float
    judged_on: str
    errors: Mapping[str, Any]
    members: tuple[str, ...] = ()
    calibration: Mapping[str, Any] | None = None
    forgetting: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values, paths as strings; a committee as it is loaded."""
        return {
            **asdict(self),
            "model": f"committee:{self.model}" if self.members else str(self.model),
            "card": str(self.card),
            "members": list(self.members),
        }


def write_config(config: TrainingConfig, out: Path) -> None:
    """Write the resolved configuration of a run."""
    text = yaml.safe_dump(
        config.model_dump(mode="json"), sort_keys=False, allow_unicode=True
    )
    (out / CONFIG).write_text(text, encoding="utf-8")


def read_result(out: Path) -> TrainingResult:
    """Read the result of a finished run."""
    values = json.loads((out / RESULT).read_text(encoding="utf-8"))
    values["members"] = tuple(
        str(out / Path(name).parent.name / MODEL) for name in values.get("members", ())
    )
    # not as written: the folder may have been moved since
    several = bool(values["members"])
    values["model"] = out if several else out / MODEL
    values["card"] = out / COMMITTEE if several else card_path(out / MODEL)
    return TrainingResult(**values)


def write_json(values: Any, path: Path) -> None:  # noqa: ANN401
    """Write a JSON file, whole or not at all."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(values, indent=1, ensure_ascii=False), "utf-8")
    partial.replace(path)
