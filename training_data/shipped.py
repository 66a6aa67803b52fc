"""Data sets that come with lithophile."""

import hashlib
import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from training_data.dataset import Dataset
from training_data.errors import InputError
from training_data.reading import read_dataset

DEFAULT = "li-zr-cl-pbe"


def shipped_names() -> tuple[str, ...]:
    """Names of the data sets that `load_shipped` knows."""
    return tuple(sorted(_cards()))


def shipped_path(name: str = DEFAULT) -> Path:
    """File of a shipped data set, whose checksum has been verified.

    Parameters
    ----------
    name
        One of `shipped_names`.

    Raises
    ------
    InputError
        For an unknown name, or a file that is not the one of the data card.

    """
    cards = _cards()
    if name not in cards:
        message = (
            f"data set must be one of {', '.join(sorted(cards))}; got {name!r}. "
            "Give the path of a file to read your own data."
        )
        raise InputError(message)
    path = Path(str(files("training_data") / "data" / cards[name]["file"]))
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != cards[name]["sha256"]:
        message = (
            f"{path} must have sha256 {cards[name]['sha256']}; got {found}. "
            "The file was changed or cut: restore it from the repository."
        )
        raise InputError(message)
    return path


def load_shipped(name: str = DEFAULT, *, level: str | None = None) -> Dataset:
    """Labelled configurations of a data set that comes with lithophile.

    Parameters
    ----------
    name
        One of `shipped_names`; the default is the Li–Zr–Cl set, PBE.
    level
        Level of theory to convert to, for instance ``"PBE-D3(BJ)"``.

    Raises
    ------
    InputError
        For an unknown name or a damaged file.

    """
    return read_dataset(shipped_path(name), level=level)


@cache
def _cards() -> dict[str, dict[str, Any]]:
    text = (files("training_data") / "data" / "cards.json").read_text("utf-8")
    cards: dict[str, dict[str, Any]] = json.loads(text)
    return cards
