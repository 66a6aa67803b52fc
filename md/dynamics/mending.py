"""Check, before a run is resumed, that its files still hold what they should."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from md.dynamics.log import logged_steps
from md.trajectory.layout import GROUP, PARAMETERS
from training_data.errors import InputError

_Key = tuple[Any, ...]


def mend_files(*, trajectory: Path, log: Path, events: Path, step: int) -> None:
    """Check that trajectory and log hold all up to a step, and restore lost events.

    The event log is made whole from the trajectory, which keeps its events as well
    (long messages and lists of atoms cut short).

    Parameters
    ----------
    trajectory, log, events
        Files of the run.
    step
        Of the checkpoint: what lies beyond is made again.

    Raises
    ------
    InputError
        When the trajectory cannot be read, or the log lacks steps that it holds.

    """
    try:
        with h5py.File(trajectory, "r") as file:
            steps = file[f"{GROUP}/step"][()]
            told = [json.loads(event) for event in file[f"{PARAMETERS}/events"][()]]
    except (OSError, KeyError, ValueError) as error:
        raise InputError(
            f"trajectory must be the one that the run wrote; got {str(trajectory)!r}, "
            f"which is missing or damaged ({type(error).__name__}). Put back a copy of "
            "it, or start the run in a new folder."
        ) from error
    wanted = steps[steps <= step]
    found = [at for at in logged_steps(log) if at <= step]
    if not np.array_equal(wanted, found):
        raise InputError(
            f"log must hold the {len(wanted)} saved steps up to {step}; got "
            f"{str(log)!r} with {len(found)}. Put back a copy of it, or start the run "
            "in a new folder; the trajectory is whole and can be analysed."
        )
    _restore_events(events, told)


def _restore_events(path: Path, told: list[dict[str, Any]]) -> None:
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    there = [line for line in map(_parsed, text.splitlines()) if line]
    missing = Counter(map(_key, told)) - Counter(map(_key, there))
    if not missing:
        return
    whole = []
    for event in told:
        same = next((line for line in there if _key(line) == _key(event)), event)
        whole.append(same)
        if same is not event:
            there.remove(same)
    partial = path.with_name(path.name + ".partial")
    lines = [json.dumps(event, ensure_ascii=False) + "\n" for event in whole + there]
    partial.write_text("".join(lines), encoding="utf-8")
    partial.replace(path)


def _parsed(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except json.JSONDecodeError:  # cut short by a kill
        return {}
    return found if isinstance(found, dict) else {}


def _key(event: dict[str, Any]) -> _Key:
    return event.get("kind"), event.get("step"), event.get("returned_to")
