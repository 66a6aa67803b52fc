"""Claim of a run on its folder: what goes back when nothing comes of the run."""

import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from lithophile.console import Progress


def set_aside(path: Path) -> list[Path]:
    """Folders in which earlier runs in `path` wait for the end of later ones.

    There is one only while an overwriting run works, or after it was killed or
    crashed half-way.
    """
    found: list[Path] = []
    for number in count():
        candidate = _aside(path, number)
        if not candidate.exists():
            return found
        found.append(candidate)
    return found


def _aside(path: Path, number: int) -> Path:
    folder = path.absolute()
    suffix = f"-{number}" if number else ""
    return folder.with_name(f".{folder.name}.replaced{suffix}")


class Claim:
    """Room made for one run in a folder.

    Parameters
    ----------
    path
        The folder.
    overwrite
        Move the run that is there aside.
    notes
        Files that a resumed run writes anew.

    """

    def __init__(self, path: Path, *, overwrite: bool, notes: Iterable[Path]) -> None:
        self.begun = False
        self._path = path
        self._aside: Path | None = None
        if overwrite:
            self._aside = _aside(path, len(set_aside(path)))
            path.rename(self._aside)
        self._new = [folder for folder in (path, *path.parents) if not folder.exists()]
        self._before = _children(path)
        self._notes = {note: note.read_bytes() for note in notes if note.is_file()}

    @property
    def overwrites(self) -> bool:
        """Whether an earlier run waits aside."""
        return self._aside is not None

    def begin(self) -> None:
        """Say that the run has made something worth keeping."""
        self.begun = True

    def watching(self, progress: Progress) -> Progress:
        """Progress that begins the run as soon as a part of the work is done."""

        def update(done: int, total: int, numbers: Mapping[str, Any]) -> None:
            if done > 0:
                self.begin()
            progress(done, total, numbers)

        return update

    def give_back(self) -> None:
        """Leave everything as it was before the claim."""
        for child in _children(self._path) - self._before:
            _remove(child)
        self.give_notes_back()
        for folder in self._new:
            with suppress(OSError):
                folder.rmdir()
        if self._aside is not None:
            self._aside.rename(self._path)

    def give_notes_back(self) -> None:
        """Leave the notes as they were; what was made beside them stays."""
        for note, content in self._notes.items():
            partial = note.with_name(f".{note.name}.partial")
            with suppress(OSError):  # a full disk: the note stays whole
                partial.write_bytes(content)
                partial.replace(note)

    def settle(self) -> None:
        """Delete what the run replaces: it has come to its end."""
        for folder in set_aside(self._path):
            with suppress(OSError):
                _remove(folder)


def _children(path: Path) -> set[Path]:
    return set(path.iterdir()) if path.is_dir() else set()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
