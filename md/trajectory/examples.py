"""Trajectories that come with lithophile, for trying out an analysis."""

import hashlib
import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from training_data.errors import InputError


def example_names() -> tuple[str, ...]:
    """Names that `example_trajectory` knows, sorted.

    Examples
    --------
    >>> "li-li2zrcl6-400K" in example_names()
    True

    """
    return tuple(sorted(_cards()))


def example_trajectory(name: str) -> Path:
    """File of an example, whose checksum has been verified.

    What each holds (potential, ensemble, length, disagreement of a committee) stands
    in docs/examples.md.

    Parameters
    ----------
    name
        One of `example_names`.

    Returns
    -------
    Path
        H5MD file for :func:`md.trajectory.open_trajectory`.

    Raises
    ------
    InputError
        For an unknown name, or a file that is not the one of the list.

    Examples
    --------
    >>> example_trajectory("li-li2zrcl6-400K").name
    'li-li2zrcl6-400K.h5'

    """
    cards = _cards()
    if name not in cards:
        raise InputError(
            f"name must be one of {', '.join(example_names())}; got {name!r}. "
            "Give the path of a file to open_trajectory for your own."
        )
    path = Path(str(files("md") / "data" / cards[name]["file"]))
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != cards[name]["sha256"]:
        raise InputError(
            f"{path} must have sha256 {cards[name]['sha256']}; got {found}. "
            "The file was changed or cut: restore it from the repository."
        )
    return path


@cache
def _cards() -> dict[str, dict[str, Any]]:
    text = (files("md") / "data" / "examples.json").read_text("utf-8")
    cards: dict[str, dict[str, Any]] = json.loads(text)
    return cards
