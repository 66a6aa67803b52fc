"""Label file: frames are appended whole, and a torn last one is cut off."""

import fcntl
import io
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Self

from ase import Atoms
from ase.io import read, write
from ase.io.extxyz import key_val_str_to_dict

from training_data.dataset import ENERGY, FORCES
from training_data.errors import InputError
from training_data.frame_hash import frame_hash

HASH = "frame_hash"


class LabelStore:
    """Labels of one queue, and what did not become one.

    Only one process writes (a lock on ``LABELS.lock``). A label is appended in one
    piece and is on the disk before the next calculation starts; a kill leaves at most
    a torn last frame, which is cut off when the file is opened again. Failures stand
    beside it in ``LABELS.failed.json``, notes on the run in ``LABELS.queue.json``.

    Parameters
    ----------
    path
        Extended XYZ file; made if it is not there.

    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.failed_path = self.path.with_name(self.path.stem + ".failed.json")
        self.notes_path = self.path.with_name(self.path.stem + ".queue.json")
        self.lock_path = self.path.with_name(self.path.name + ".lock")
        self.hashes: set[str] = set()
        self.failures: dict[str, dict[str, Any]] = {}
        self._lock: IO[str] | None = None

    def __enter__(self) -> Self:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = self.lock_path.open("w", encoding="utf-8")
        except OSError as error:
            raise InputError(
                f"out must be a file that can be written; got '{self.path}' "
                f"({error.strerror or error}). Name another one."
            ) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise InputError(
                f"out must have one writer; got '{self.path}', which another process "
                "is writing. Wait for it, or name another file."
            ) from None
        try:
            self._open()
        except BaseException:
            self._lock.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            self._lock.close()

    def _open(self) -> None:
        cut_torn_frame(self.path)
        refuse_unlabelled(self.path)
        self.hashes = known_hashes([self.path])
        self.failures = read_json(self.failed_path)

    def append(self, labelled: Atoms) -> None:
        """Append one label, whole or not at all.

        Parameters
        ----------
        labelled
            Frame with its labels and ``frame_hash``.

        """
        buffer = io.StringIO()
        write(buffer, labelled, format="extxyz")
        content = memoryview(buffer.getvalue().encode("utf-8"))
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        before = os.fstat(handle).st_size
        try:
            while content:
                content = content[os.write(handle, content) :]
            os.fsync(handle)
        except OSError:
            with suppress(OSError):
                os.ftruncate(handle, before)
            raise
        finally:
            os.close(handle)
        key = str(labelled.info[HASH])
        self.hashes.add(key)
        if self.failures.pop(key, None) is not None:
            write_json(self.failed_path, self.failures)

    def fail(self, atoms: Atoms, *, key: str, reason: str) -> None:
        """Note a structure that did not become a label.

        Parameters
        ----------
        atoms
            The structure.
        key
            Its hash.
        reason
            Why not.

        """
        told = {
            name: str(atoms.info[name])
            for name in ("config_type", "parent", "sampling")
            if name in atoms.info
        }
        formula = atoms.get_chemical_formula()
        self.failures[key] = {**told, "formula": formula, "reason": reason}
        write_json(self.failed_path, self.failures)

    def levels(self) -> set[tuple[str, str]]:
        """Functional and code that the labels in the file name."""
        return {
            (str(info.get("functional")), str(info.get("code")))
            for info in comments(self.path)
        }


def cut_torn_frame(path: Path) -> int:
    """Cut off what a kill left of a last frame that was being written.

    Parameters
    ----------
    path
        Extended XYZ file, which may not exist.

    Returns
    -------
    int
        Bytes cut off.

    """
    if not path.is_file():
        return 0
    whole = 0
    with path.open("rb") as handle:
        for _, end in _frames(handle, path):
            whole = end
    torn = path.stat().st_size - whole
    if torn:
        os.truncate(path, whole)
    return torn


def refuse_unlabelled(path: Path) -> None:
    """Raise where a frame of a label file has no energy or no forces.

    Parameters
    ----------
    path
        Extended XYZ file, which may not exist.

    Raises
    ------
    InputError
        With the first frame that lacks one.

    """
    for number, info in enumerate(comments(path)):
        columns = str(info.get("Properties", "")).split(":")
        for key, there in ((ENERGY, ENERGY in info), (FORCES, FORCES in columns)):
            if not there:
                raise InputError(
                    f"labels in '{path}' must hold {ENERGY} and {FORCES}; got frame "
                    f"{number} without {key}. Was a key renamed? Give it its name "
                    "back, or name another file."
                )


def comments(path: Path) -> Iterator[dict[str, Any]]:
    """Info of every whole frame of an extended XYZ file, without its atoms.

    Parameters
    ----------
    path
        File; one that does not exist holds no frames.

    """
    if path.is_file():
        with path.open("rb") as handle:
            for comment, _ in _frames(handle, path):
                yield key_val_str_to_dict(comment.decode("utf-8"))


def known_hashes(paths: Iterable[str | Path]) -> set[str]:
    """Hashes of the frames in label files.

    Parameters
    ----------
    paths
        Extended XYZ files; those that are not there count as empty.

    Returns
    -------
    set of str
        Stored ``frame_hash``, or the hash of the structure where it has none.

    """
    found: set[str] = set()
    for path in map(Path, paths):
        infos = list(comments(path))
        if all(HASH in info for info in infos):
            found |= {str(info[HASH]) for info in infos}
        else:
            frames = read(path, index=":", format="extxyz")
            found |= {str(a.info.get(HASH, frame_hash(a))) for a in frames}
    return found


def read_json(path: Path) -> dict[str, Any]:
    """Content of a JSON file; empty where there is none.

    Parameters
    ----------
    path
        The file.

    """
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise InputError(
            f"'{path}' must be JSON; got something else ({error}). Move it away."
        ) from None
    return content if isinstance(content, dict) else {}


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file so that it is the old or the new one, never a part.

    Parameters
    ----------
    path
        The file.
    content
        What it will hold.

    """
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("w", encoding="utf-8") as handle:
        handle.write(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        handle.flush()
        os.fsync(handle.fileno())
    partial.replace(path)


def _frames(handle: IO[bytes], path: Path) -> Iterator[tuple[bytes, int]]:
    """Comment line and end of every whole frame; stops at a torn one."""
    number = 0
    while head := handle.readline():
        if not head.strip() and head.endswith(b"\n"):
            continue
        lines = _lines(handle, head, path, number)
        if lines is None:
            return
        yield lines, handle.tell()
        number += 1


def _lines(handle: IO[bytes], head: bytes, path: Path, number: int) -> bytes | None:
    """Comment line of a frame whose first line is known; None where it is torn."""
    if not head.endswith(b"\n"):
        return None
    if not head.strip().isdigit():
        raise InputError(
            f"'{path}' must be extended XYZ; got {head[:40]!r} where the number of "
            f"atoms of frame {number} should stand. Name another file."
        )
    comment = handle.readline()
    last = comment
    for _ in range(int(head)):
        last = handle.readline()
    return comment if comment.endswith(b"\n") and last.endswith(b"\n") else None
