"""Catalogue of public data sets that are fetched, not shipped."""

import hashlib
import json
import os
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from training_data.errors import InputError

FOLDER_VARIABLE = "LITHOPHILE_DATA_DIR"
CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class CatalogueEntry:
    """One public data set: where it comes from and how to know it.

    Parameters
    ----------
    name
        Short name.
    file
        Name of the file.
    sha256
        Checksum of that file.
    url
        Address that gives exactly this file; ``None`` when there is none upstream.
    origin
        Where the data come from, with the commit or version.
    how
        How the file is made from what is there, where `url` is ``None``.
    citation
        What to cite.
    licence
        Licence in the words of its source.
    level_of_theory
        Method of the labels, and how that is known.
    n_frames
        Configurations.
    elements
        Chemical symbols.
    notes
        What to know before training on it.

    """

    name: str
    file: str
    sha256: str
    url: str | None
    origin: str
    how: str
    citation: str
    licence: str
    level_of_theory: str
    n_frames: int
    elements: tuple[str, ...]
    notes: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the entry as plain values."""
        return {**vars(self), "elements": list(self.elements)}


def load_catalogue(path: str | Path | None = None) -> dict[str, CatalogueEntry]:
    """Public data sets by name.

    Parameters
    ----------
    path
        JSON file of the same form with further entries, such as a group's own.

    Returns
    -------
    dict
        Entries by name.

    Raises
    ------
    InputError
        When the file is missing or an entry is not complete.

    Examples
    --------
    >>> load_catalogue()["llzo"].n_frames
    332

    """
    own = json.loads(
        (files("training_data") / "data" / "catalogue.json").read_text("utf-8")
    )
    entries = {name: _entry(name, values) for name, values in own.items()}
    if path is not None:
        try:
            given = json.loads(Path(path).read_text("utf-8"))
            entries |= {name: _entry(name, values) for name, values in given.items()}
        except (OSError, json.JSONDecodeError, AttributeError) as error:
            raise InputError(
                f"catalogue must be a JSON file of data sets by name; got '{path}' "
                f"({error}). See docs/fetching.md."
            ) from None
    return entries


def _entry(name: str, values: dict[str, Any]) -> CatalogueEntry:
    try:
        known = {**values, "name": name, "elements": tuple(values["elements"])}
        return CatalogueEntry(**known)
    except (KeyError, TypeError) as error:
        raise InputError(
            f"catalogue entry {name!r} must have the keys of CatalogueEntry; got "
            f"{error}. See docs/fetching.md."
        ) from None


def fetch_dataset(
    name: str,
    *,
    folder: str | Path | None = None,
    catalogue: str | Path | None = None,
    out: str | Path | None = None,
) -> Path:
    """File of a public data set, whose checksum has been verified.

    A copy in `folder`, or in the folder that the environment variable
    ``LITHOPHILE_DATA_DIR`` names, is used where there is one, also in a folder below;
    otherwise the file is downloaded once, by pooch, into the cache.

    Parameters
    ----------
    name
        Name in the catalogue.
    folder
        Folder with local copies.
    catalogue
        JSON file with further entries.
    out
        Folder to download into; by default pooch's cache for lithophile.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InputError
        For an unknown name, a file with another checksum, a download that fails, or a
        data set of which no single file exists upstream.

    """
    entries = load_catalogue(catalogue)
    if name not in entries:
        raise InputError(
            f"data set must be one of {', '.join(sorted(entries))}; got {name!r}. Add "
            "your own with a catalogue file."
        )
    entry = entries[name]
    local = folder or os.environ.get(FOLDER_VARIABLE)
    if local is not None:
        found = _local(Path(local).expanduser(), entry)
        if found is not None:
            return found
        if folder is not None:
            raise InputError(
                f"folder must hold {entry.file}; got {str(folder)!r}, which does not. "
                "Name the folder that it is in."
            )
    if entry.url is None:
        raise InputError(
            f"{name} must be given as a local copy, because no single file with its "
            f"checksum exists upstream; got none. Origin: {entry.origin}. {entry.how} "
            f"Then name its folder with --from or {FOLDER_VARIABLE}."
        )
    return _downloaded(entry, out)


def _local(folder: Path, entry: CatalogueEntry) -> Path | None:
    if not folder.is_dir():
        raise InputError(
            f"folder must exist; got {str(folder)!r}. Check the name of the folder "
            "with local copies."
        )
    candidates = [folder / entry.file, *sorted(folder.glob(f"*/{entry.file}"))]
    there = [path for path in candidates if path.is_file()]
    if not there:
        return None
    for path in there:
        if file_checksum(path) == entry.sha256:
            return path
    raise InputError(
        f"{there[0]} must have sha256 {entry.sha256}; got {file_checksum(there[0])}. "
        "The file was changed, cut or made in another way."
    )


def file_checksum(path: Path) -> str:
    """Return the sha256 of a file, read in pieces.

    Parameters
    ----------
    path
        File of any size.

    """
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(CHUNK):
            digest.update(block)
    return digest.hexdigest()


def _downloaded(entry: CatalogueEntry, out: str | Path | None) -> Path:
    import pooch  # noqa: PLC0415 (slow, and rarely needed)
    from requests.exceptions import RequestException  # noqa: PLC0415

    try:
        path = pooch.retrieve(
            url=entry.url,
            known_hash=f"sha256:{entry.sha256}",
            fname=entry.file,
            path=Path(out) if out is not None else pooch.os_cache("lithophile"),
            progressbar=False,
        )
    except ValueError as error:
        raise InputError(
            f"{entry.url} must give a file of sha256 {entry.sha256}; got another one "
            f"({str(error).splitlines()[0]}). Nothing was kept: the file there has "
            "changed."
        ) from None
    except (RequestException, OSError) as error:
        raise InputError(
            f"{entry.name} must be reachable at {entry.url}; got "
            f"{type(error).__name__}: {error}. Download it elsewhere and name its "
            f"folder with --from or {FOLDER_VARIABLE}."
        ) from None
    return Path(path)
