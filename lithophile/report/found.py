"""What a run folder holds: its stages by name, each with settings and result."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lithophile.run_folder import (
    FIGURES,
    PROVENANCE,
    RESULT,
    SETTINGS,
    STOPPED,
    RunFolder,
)
from training_data import InputError

NAMES = {
    "build interface": "interface",
    "build slab": "interface",
    "analyze dissolution": "dissolution",
    "analyze msd": "msd",
}
"""Command → name of its stage, where the two differ."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Files of one stage.

    Parameters
    ----------
    path
        Folder of the stage.
    settings, provenance, result
        Contents of ``config.yaml``, ``provenance.json`` and ``result.json``; empty
        where there is no such file.
    stopped
        What there was when a guard or a signal ended the stage; empty otherwise.

    """

    path: Path
    settings: Mapping[str, Any]
    provenance: Mapping[str, Any]
    result: Mapping[str, Any]
    stopped: Mapping[str, Any]

    def figure(self, name: str) -> str | None:
        """PNG figure as a data URI; ``None`` where it was not made."""
        return data_uri(self.path / FIGURES / f"{name}.png")


def data_uri(path: Path) -> str | None:
    """PNG file as text that stands inside a page; ``None`` for no file."""
    if not path.is_file():
        return None
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def read_stage(path: Path) -> Stage:
    """Read the files of one stage."""
    folder = RunFolder(path)
    settings, provenance, result, stopped = (
        folder.read(name) or {} for name in (SETTINGS, PROVENANCE, RESULT, STOPPED)
    )
    return Stage(
        path=path,
        settings=settings,
        provenance=provenance,
        result=result,
        stopped={} if result else stopped,
    )


def find_stages(path: Path) -> dict[str, Stage]:
    """Find the stages of a run, or a lone stage and what was made beside it.

    Returns
    -------
    dict
        Name → stage, the run itself as ``run``: ``evaluate``, ``train``,
        ``interface``, ``relax``, ``md``, ``dissolution``, ``msd-Li``, and the same
        after ``control/``.

    Raises
    ------
    InputError
        When there is no run in the folder.

    """
    if not path.is_dir():
        raise InputError(f"DIR must be the folder of a run; got '{path}'.")
    stages = {}
    if RunFolder(path).holds_run:
        stages[_own_name(path)] = read_stage(path)
    for child in sorted(path.iterdir()):
        if child.name == "control" and child.is_dir():
            stages |= {
                f"control/{grandchild.name}": read_stage(grandchild)
                for grandchild in sorted(child.iterdir())
                if grandchild.is_dir() and RunFolder(grandchild).holds_run
            }
        elif child.is_dir() and child.name[0] != "." and RunFolder(child).holds_run:
            stages[child.name] = read_stage(child)
    if not stages:
        raise InputError(
            f"DIR must hold a run; got '{path}' without {SETTINGS}, {RESULT} or a "
            "trajectory. Name the folder that stood after --out."
        )
    return stages


def _own_name(path: Path) -> str:
    """Name of the stage that a folder itself is; ``run`` for the whole line."""
    stage = read_stage(path)
    command = str(stage.provenance.get("command", "md"))
    if command in {"run", "demo"}:
        return "run"
    name = NAMES.get(command, command)
    if name == "msd":
        name += f"-{stage.result.get('species', 'Li')}"
    return name
