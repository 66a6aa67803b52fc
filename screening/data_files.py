"""Tables that come with the package, and what to say when one is not as shipped."""

from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from training_data.errors import InputError

FOLDER = Path(__file__).parent / "data"
CHECKSUMS = "SHA256SUMS"
"""Checksums of the tables, as ``sha256sum`` writes and checks them."""


def data_file(name: str) -> Path:
    """Path of a table of the package, once its checksum has been found right.

    Parameters
    ----------
    name
        File in ``screening/data``.

    Returns
    -------
    Path
        Where it is.

    Raises
    ------
    InputError
        If it is missing from the installation, or not what was shipped: a table that
        has been cut would otherwise be read as one that holds less.

    Examples
    --------
    >>> data_file("ground_states.npz").name
    'ground_states.npz'

    """
    path = FOLDER / name
    if not path.is_file():
        raise InputError(
            f"the table {name!r} must be in {FOLDER}; got no such file. "
            "Install the package again."
        )
    about = path.stat()
    found = _checksum(path, about.st_mtime_ns, about.st_size)
    if found != _checksums().get(name):
        raise InputError(
            f"the table {name!r} must be as it was shipped; got a file of "
            f"{about.st_size} bytes that is damaged or was changed ('{path}'). "
            "Install the package again."
        )
    return path


def write_checksums() -> None:
    """Checksums of the tables as they are now, after one of them was built anew."""
    lines = [
        f"{sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(FOLDER.iterdir())
        if path.suffix in {".csv", ".extxyz", ".json", ".npz"}
    ]
    (FOLDER / CHECKSUMS).write_text("".join(lines), encoding="utf-8")


def _checksums() -> dict[str, str]:
    """File name → checksum; empty where the list itself is missing or damaged."""
    try:
        text = (FOLDER / CHECKSUMS).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    pairs = [line.split() for line in text.splitlines()]
    return {pair[1]: pair[0] for pair in pairs if len(pair) == len(("sum", "name"))}


@lru_cache(maxsize=64)
def _checksum(path: Path, _changed_ns: int, _size: int) -> str:
    """Checksum of a file, calculated once as long as it stays the same."""
    return sha256(path.read_bytes()).hexdigest()
