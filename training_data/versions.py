"""Versions of a data set: what it held when a model was trained on it."""

import fcntl
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from training_data.dataset import Dataset
from training_data.errors import InputError
from training_data.frame_hash import frame_hash
from training_data.reading import read_dataset, write_dataset


@dataclass(frozen=True, kw_only=True)
class DatasetVersion:
    """State of a data set.

    Parameters
    ----------
    number
        1, 2, … in the order of the additions; 0 for a file without a history.
    sha256
        Hash of the file.
    n_frames, n_atoms
        Size.
    level
        Level of theory.
    groups
        Frames per config_type.
    elements
        Frames that hold each element.
    created
        Date and time of the addition, ISO 8601, UTC; empty without a history.

    """

    number: int
    sha256: str
    n_frames: int
    n_atoms: int
    level: str
    groups: Mapping[str, int]
    elements: Mapping[str, int]
    created: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def dataset_version(
    path: str | Path, *, dataset: Dataset | None = None
) -> DatasetVersion:
    """Version of a data set as it lies on the disk.

    Parameters
    ----------
    path
        File of labelled frames.
    dataset
        Its content, where it has been read already.

    Returns
    -------
    DatasetVersion
        With the number of the history beside the file (``NAME.versions.json``) whose
        hash is the file's.

    Raises
    ------
    InputError
        The file cannot be read.

    """
    path = Path(path)
    found = read_dataset(path) if dataset is None else dataset
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    known = {version.sha256: version for version in read_versions(path)}
    earlier = known.get(digest)
    return DatasetVersion(
        number=0 if earlier is None else earlier.number,
        sha256=digest,
        n_frames=len(found),
        n_atoms=found.n_atoms,
        level=str(found.level),
        groups=dict(sorted(Counter(found.config_types).items())),
        elements=dict(
            sorted(Counter(s for f in found.frames for s in set(f.symbols)).items())
        ),
        created="" if earlier is None else earlier.created,
    )


def read_versions(path: str | Path) -> tuple[DatasetVersion, ...]:
    """History of a data set, oldest first; empty where there is none."""
    history = history_path(Path(path))
    if not history.is_file():
        return ()
    entries = json.loads(history.read_text(encoding="utf-8"))
    return tuple(DatasetVersion(**entry) for entry in entries)


def history_path(path: Path) -> Path:
    """File of the history: NAME.versions.json beside NAME.extxyz."""
    return path.with_name(path.stem + ".versions.json")


def append_frames(path: str | Path, new: Dataset) -> DatasetVersion:
    """Add frames to a data set, one writer at a time, whole or not at all.

    Parameters
    ----------
    path
        Extended XYZ file; made if it is not there.
    new
        Frames of the same level of theory. Those that the file holds already (same
        elements, positions and cell) are passed over.

    Returns
    -------
    DatasetVersion
        The new version; the present one when nothing was new.

    Raises
    ------
    InputError
        Another level of theory, or another process is writing.

    """
    path = Path(path)
    with only_writer(path):
        old = read_dataset(path) if path.is_file() else None
        there = set() if old is None else {frame_hash(f) for f in old.frames}
        fresh = new.where(lambda frame: frame_hash(frame) not in there)
        if old is not None and len(fresh) == 0:
            return dataset_version(path, dataset=old)
        history = list(read_versions(path))
        if old is not None and not history:
            history.append(_numbered(dataset_version(path, dataset=old), 1))
        joined = fresh if old is None else old.joined(fresh)
        partial = path.with_name(f".{path.stem}.partial.extxyz")
        write_dataset(joined, partial)
        version = _numbered(dataset_version(partial, dataset=joined), len(history) + 1)
        # the history first: a version whose hash no file has harms nobody
        _write_history(path, [*history, version])
        partial.replace(path)
    return version


@contextmanager
def only_writer(path: str | Path) -> Iterator[None]:
    """Lock of a data set: ``NAME.extxyz.lock``, given back when the process ends.

    Raises
    ------
    InputError
        Another process holds it, or the folder cannot be written.

    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.with_name(path.name + ".lock").open("w", encoding="utf-8")
    except OSError as error:
        message = (
            f"data set must be a file that can be written; got '{path}' "
            f"({error.strerror or error}). Name another one."
        )
        raise InputError(message) from None
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            message = (
                f"data set must have one writer; got '{path}', to which another "
                "process is writing. Wait for its end."
            )
            raise InputError(message) from None
        yield


def _numbered(version: DatasetVersion, number: int) -> DatasetVersion:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return DatasetVersion(**{**asdict(version), "number": number, "created": now})


def _write_history(path: Path, history: list[DatasetVersion]) -> None:
    partial = path.with_name(f".{path.stem}.versions.partial")
    entries = [version.to_json() for version in history]
    partial.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
    partial.replace(history_path(path))
