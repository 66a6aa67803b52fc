"""Stage record of active learning: what is done, so that a killed run goes on."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lithophile.console import plain
from lithophile.run_folder import write_json
from mlip.model_card import file_sha256
from training_data import InputError

RECORD = "learning.json"
STAGES = ("train", "evaluate", "explore", "select", "label")


class LearningRecord:
    """Finished stages of every round, on disk after each of them.

    A stage is written down when all its files are whole, with their hashes. Whatever
    a kill leaves half-made belongs to a stage that is not in the record and is made
    again, or gone on with where the stage itself can (training, dynamics, labels).

    Parameters
    ----------
    folder
        Folder of the run.

    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / RECORD
        self.done: dict[str, dict[str, Any]] = _read(self.path)

    def get(self, number: int, stage: str) -> dict[str, Any] | None:
        """Give what a finished stage told; None where it has still to be done."""
        entry = self.done.get(f"{number:02d}/{stage}")
        return None if entry is None else dict(entry["told"])

    def stage(
        self,
        number: int,
        name: str,
        work: Callable[[], Mapping[str, Any]],
        *,
        files: Callable[[], list[Path]] = list,
    ) -> dict[str, Any]:
        """Do a stage, or give what it told when it was done before.

        Parameters
        ----------
        number, name
            Round and stage.
        work
            Does it and returns what is to be kept, in JSON's types.
        files
            Names the files that later stages read, once the work is done.

        Raises
        ------
        InputError
            One of the files of a finished stage is gone or was changed.

        """
        told = self.get(number, name)
        key = f"{number:02d}/{name}"
        if told is not None:
            self._check(key)
            return told
        told = dict(plain(work()))
        hashes = {
            str(path.relative_to(self.folder)): file_sha256(path) for path in files()
        }
        self.done[key] = {"told": told, "sha256": hashes}
        write_json(self.path, self.done)
        return told

    def _check(self, key: str) -> None:
        for name, sha256 in self.done[key]["sha256"].items():
            path = self.folder / name
            if not path.is_file() or file_sha256(path) != sha256:
                raise InputError(
                    f"'{path}' must be as stage {key} left it; it is gone or was "
                    "changed. Restore it, or start again with --overwrite."
                )


def _read(path: Path) -> dict[str, dict[str, Any]]:
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise InputError(
            f"{RECORD} must be readable; got '{path}' ({error}). Start again with "
            "--overwrite."
        ) from None
    return dict(content)
