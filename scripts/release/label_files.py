"""Files of a labelling queue: labels, and what did not become one.

Nothing is ever half written: a kill leaves either the old file or the new one.
"""

from __future__ import annotations

import io
import json
import os
from typing import TYPE_CHECKING

from ase.io import read, write
from gpaw_single_point import frame_hash

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ase import Atoms

#: Keys that every frame of a pool carries.
REQUIRED = ("config_type", "parent", "sampling")


def replace_file(path: Path, text: str) -> None:
    """Write a file so that it is either the old or the new one, never a part.

    Parameters
    ----------
    path : Path
        The file.
    text : str
        Its new content.
    """
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def append_label(path: Path, labelled: Atoms) -> None:
    """Append one frame to an extended XYZ file, whole or not at all.

    Parameters
    ----------
    path : Path
        The file; made if it is not there.
    labelled : Atoms
        The frame.
    """
    buffer = io.StringIO()
    write(buffer, labelled, format="extxyz")
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    replace_file(path, old + buffer.getvalue())


def known_hashes(paths: Iterable[Path]) -> set[str]:
    """Return the hashes of the frames in label files.

    Parameters
    ----------
    paths : iterable of Path
        Extended XYZ files; those that are not there count as empty.

    Returns
    -------
    set of str
        Stored ``frame_hash``, or the hash of the structure where it lacks.
    """
    found = set()
    for path in paths:
        if path.exists() and path.stat().st_size:
            for atoms in read(path, index=":"):
                found.add(str(atoms.info.get("frame_hash", frame_hash(atoms))))
    return found


class Failures:
    """Frames that did not become labels, kept in a JSON file.

    Parameters
    ----------
    path : Path
        The file; read if it is there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: dict[str, dict[str, str]] = {}
        if path.exists():
            self.entries = json.loads(path.read_text(encoding="utf-8"))

    def __contains__(self, key: str) -> bool:
        """Tell whether the frame with this hash failed before."""
        return key in self.entries

    def add(self, atoms: Atoms, error: Exception) -> str:
        """Note a failed frame.

        Parameters
        ----------
        atoms : Atoms
            The frame.
        error : Exception
            Why it failed.

        Returns
        -------
        str
            The reason as noted.
        """
        message = str(error).strip() or "no message (SCF steps used up?)"
        reason = " ".join(f"{type(error).__name__}: {message}".split())[:500]
        entry = {key: str(atoms.info[key]) for key in REQUIRED}
        entry |= {"formula": atoms.get_chemical_formula(), "reason": reason}
        self.entries[frame_hash(atoms)] = entry
        self.write()
        return reason

    def discard(self, key: str) -> None:
        """Forget a frame that has been labelled after all.

        Parameters
        ----------
        key : str
            Its hash.
        """
        if self.entries.pop(key, None) is not None:
            self.write()

    def write(self) -> None:
        """Write the file."""
        replace_file(self.path, json.dumps(self.entries, indent=1) + "\n")
