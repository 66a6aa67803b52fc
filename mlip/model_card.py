"""Model card: what a trained potential is, and the hash that ties it to its file."""

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training_data.errors import InputError

CARD_VERSION = 1
UNITS: Mapping[str, str] = {
    "energy": "eV",
    "forces": "eV/Å",
    "stress": "eV/Å³, tensile positive, Voigt xx yy zz yz xz xy",
    "length": "Å",
}


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """Everything that is needed to rebuild, judge and repeat a trained potential.

    Parameters
    ----------
    name
        Name of the model.
    created
        Date and time, ISO 8601, UTC.
    level_of_theory
        Short name of the labels' level, for instance ``"PBE-D3(BJ)"``.
    elements
        Chemical symbols that it was trained on, by atomic number.
    reference_energies_eV
        Energy of the reference atom of each element, in eV.
    architecture
        Arguments from which the network is rebuilt (``mlip.weights``).
    weights_sha256
        SHA-256 of the weights file beside the card.
    training
        Resolved configuration of the training run.
    data_sha256
        SHA-256 of each data file that was used, by name.
    held_out
        Groups that no training or validation set has seen.
    errors
        Errors per split ("train", "validation", "test", "held_out") and group.
    versions
        Versions of the programs that trained it.
    runtime_dispersion
        Dispersion correction that is added to the network's answer whenever it
        is used, ``"D3(BJ)"``, or empty when the network has learnt it or lacks
        it. `level_of_theory` is that of the sum.
    dtype
        Precision of the stored weights, "float32" or "float64".
    units
        Units of what the model predicts.
    domain
        Where the model can be trusted, in words.
    notes
        Anything else worth knowing.
    extra
        Entries of a later card version that this one does not know; they are
        kept when the card is written again.
    card_version
        Version of this format.

    """

    name: str
    created: str
    level_of_theory: str
    elements: tuple[str, ...]
    reference_energies_eV: Mapping[str, float]
    architecture: Mapping[str, Any]
    weights_sha256: str
    training: Mapping[str, Any] = field(default_factory=dict)
    data_sha256: Mapping[str, str] = field(default_factory=dict)
    held_out: tuple[str, ...] = ()
    errors: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    runtime_dispersion: str = ""
    dtype: str = "float32"
    units: Mapping[str, str] = field(default_factory=lambda: dict(UNITS))
    domain: str = ""
    notes: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    card_version: int = CARD_VERSION

    def to_json(self) -> dict[str, Any]:
        """Card as JSON-able values."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        extra = values.pop("extra")
        values["elements"] = list(self.elements)
        values["held_out"] = list(self.held_out)
        return {**extra, **values}

    def with_extra(self, more: Mapping[str, Any]) -> "ModelCard":
        """Card with further entries."""
        return dataclasses.replace(self, extra={**self.extra, **more})

    @classmethod
    def from_json(
        cls, values: Mapping[str, Any], *, source: str = "card"
    ) -> "ModelCard":
        """Card from JSON values; entries it does not know are kept in `extra`.

        Raises
        ------
        InputError
            When a required entry is missing.

        """
        fields = {f.name: f for f in dataclasses.fields(cls) if f.name != "extra"}
        required = [
            name
            for name, f in fields.items()
            if f.default is dataclasses.MISSING
            and f.default_factory is dataclasses.MISSING
        ]
        missing = [name for name in required if name not in values]
        if missing:
            message = (
                f"model card {source} must have the entries {', '.join(required)}; "
                f"got none for {', '.join(missing)!r}. "
                "Take the card that was written with the model."
            )
            raise InputError(message)
        known = {name: values[name] for name in fields if name in values}
        known["elements"] = tuple(known["elements"])
        known["held_out"] = tuple(known.get("held_out", ()))
        extra = {name: value for name, value in values.items() if name not in fields}
        return cls(**known, extra=extra)


def card_path(weights: Path) -> Path:
    """Path of the card that belongs to a weights file: NAME.card.json beside it."""
    return weights.with_name(weights.stem + ".card.json")


def write_card(card: ModelCard, path: str | Path) -> Path:
    """Write a card as JSON, whole or not at all.

    Parameters
    ----------
    card
        The card.
    path
        Where; see :func:`card_path`.

    """
    path = Path(path)
    text = json.dumps(card.to_json(), indent=1, ensure_ascii=False, sort_keys=False)
    scratch = path.with_name(path.name + ".part")
    scratch.write_text(text + "\n", encoding="utf-8")
    os.replace(scratch, path)  # noqa: PTH105 (atomic on every system)
    return path


def read_card(path: str | Path) -> ModelCard:
    """Read a model card.

    Raises
    ------
    InputError
        When the file is missing, is not JSON, or lacks an entry.

    """
    path = Path(path)
    if not path.is_file():
        message = (
            f"model card must lie beside its weights; got no file {str(path)!r}. "
            "A model without its card is not loaded: copy both files together."
        )
        raise InputError(message)
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        message = (
            f"model card {str(path)!r} must be JSON; got {str(error)!r}. "
            "Take the card that was written with the model."
        )
        raise InputError(message) from error
    if not isinstance(values, dict):
        message = (
            f"model card {str(path)!r} must be a JSON object; got "
            f"{type(values).__name__!r}. Take the card that was written with the model."
        )
        raise InputError(message)
    return ModelCard.from_json(values, source=repr(str(path)))


def file_sha256(path: str | Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def check_weights(card: ModelCard, weights: str | Path) -> None:
    """Refuse a weights file whose hash is not its card's.

    Raises
    ------
    InputError
        As :func:`read_checked_weights`.

    """
    read_checked_weights(card, weights)


def read_checked_weights(card: ModelCard, weights: str | Path) -> bytes:
    """Content of a weights file, once its hash is found to be the card's.

    The bytes that were hashed are returned, so that the file cannot change
    between the check and the use.

    Raises
    ------
    InputError
        When the file is missing, is a git-lfs pointer, or has another hash.

    """
    weights = Path(weights)
    if not weights.is_file():
        message = (
            f"weights must lie beside their card; got no file {str(weights)!r}. "
            "Copy both files together."
        )
        raise InputError(message)
    content = weights.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found == card.weights_sha256:
        return content
    if content.startswith(b"version https://git-lfs"):
        message = (
            f"weights {str(weights)!r} must be safetensors; got a git-lfs pointer. "
            "Fetch the file with 'git lfs pull'."
        )
        raise InputError(message)
    message = (
        f"sha256 of {str(weights)!r} must be {card.weights_sha256!r}, as its card "
        f"says; got {found!r}. The file was changed or belongs to another card: "
        "copy model and card again from where they were made."
    )
    raise InputError(message)
