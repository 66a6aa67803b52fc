"""Entries read from JSON: pymatgen's, and documents of the Materials Project."""

import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from screening.entries import Entries
from screening.entries_own import MP_2020, entries_of_computed
from training_data.errors import InputError

SCHEME_OF_THERMO_TYPE = {
    "GGA_GGA+U": MP_2020,
    "R2SCAN": "MP-r2SCAN",
    "GGA_GGA+U_R2SCAN": "MP-r2SCAN-mixed",
}
"""Thermo type of a document of the Materials Project → name of the scheme."""

FORMULA_KEYS = ("formula_pretty", "formula", "pretty_formula")
FORMATION_KEYS = ("formation_energy_per_atom", "formation_energy_eV_per_atom")


def read_entries(
    path: str | Path, *, scheme: str | None = None, source: str | None = None
) -> Entries:
    """Entries in a JSON file.

    Parameters
    ----------
    path
        A list, or an object with the list under ``"data"``, of pymatgen's entries (as
        ``monty`` writes them), or of documents of the Materials Project or a table of
        one's own: ``"formula_pretty"`` or ``"formula"`` with
        ``"formation_energy_per_atom"`` [eV].
    scheme
        Name of the correction scheme; by default that which the file states.
    source
        Where the energies come from; by default the name of the file.

    Returns
    -------
    Entries
        Formation energies of one scheme.

    Raises
    ------
    InputError
        If the file cannot be read, holds no entries, states no scheme where none is
        given, or states several.

    Examples
    --------
    >>> text = '[{"formula": "Li2O", "formation_energy_per_atom": -2.07}]'
    >>> _ = Path("own.json").write_text(text)
    >>> read_entries("own.json", scheme="PBE").formation_energy("Li2O")
    -2.07

    """
    where = Path(path)
    try:
        content = json.loads(where.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"path must be a JSON file of entries; got {str(path)!r} ({error}). "
            "Write pymatgen's entries with monty.serialization.dumpfn."
        ) from None
    return entries_of_documents(content, scheme=scheme, source=source or where.name)


def entries_of_documents(
    content: object, *, source: str, scheme: str | None = None
) -> Entries:
    """Entries in what a JSON file or an answer of the Materials Project holds.

    Parameters
    ----------
    content
        As in :func:`read_entries`.
    source
        Where it comes from.
    scheme
        Name of the correction scheme; by default that which the content states.

    Returns
    -------
    Entries
        Formation energies of one scheme.

    Raises
    ------
    InputError
        As in :func:`read_entries`.

    Examples
    --------
    >>> answer = {
    ...     "data": [
    ...         {
    ...             "formula_pretty": "HCNO",
    ...             "formation_energy_per_atom": -0.9689,
    ...             "thermo_type": "GGA_GGA+U",
    ...         }
    ...     ]
    ... }
    >>> entries_of_documents(answer, source="Materials Project").scheme
    'MP2020'

    """
    rows = _rows(content, source)
    nested = [entry for row in rows for entry in _nested(row)]
    if nested:
        return entries_of_computed(
            _decoded(nested, source), source=source, scheme=scheme
        )
    energies: dict[str, float] = {}
    schemes = set() if scheme is None else {scheme}
    for index, row in enumerate(rows):
        formula, energy = _first(row, FORMULA_KEYS), _first(row, FORMATION_KEYS)
        if formula is None or energy is None:
            raise InputError(
                f"entry {index} of {source} must have a formula and a "
                f"formation_energy_per_atom; got the keys {', '.join(row) or 'none'}. "
                "Add them, or leave the entry out."
            )
        if not isinstance(formula, str):
            raise InputError(
                f"formula of entry {index} of {source} must be text; got {formula!r}. "
                "Write it like 'Li2O'."
            )
        if isinstance(energy, bool) or not isinstance(energy, int | float):
            raise InputError(
                f"formation energy of entry {index} of {source}, {formula}, must be a "
                f"number; got {energy!r}. Write it in eV per atom, without quotes."
            )
        if "thermo_type" in row:
            stated = str(row["thermo_type"])
            schemes.add(SCHEME_OF_THERMO_TYPE.get(stated, stated))
        energies[formula] = min(float(energy), energies.get(formula, float("inf")))
    if len(schemes) != 1:
        got = " and ".join(sorted(schemes)) or "none"
        raise InputError(
            f"{source} must hold energies of one correction scheme; got {got}. "
            + (
                "Keep the entries of one of them."
                if schemes
                else "Name it, such as scheme='MP2020'."
            )
        )
    return Entries.of(energies, scheme=schemes.pop(), source=source)


def _rows(content: object, source: str) -> Sequence[Mapping[str, Any]]:
    """List of entries: the content itself, or what an object holds as its data."""
    if isinstance(content, Mapping) and "data" not in content:
        keys = ", ".join(map(str, content)) or "none"
        raise InputError(
            f"{source} must hold a list of entries, or an object with the list under "
            f"'data'; got an object with the keys {keys}. Write [{{\"formula\": "
            '"Li2O", "formation_energy_per_atom": -2.07}].'
        )
    rows = content["data"] if isinstance(content, Mapping) else content
    if not isinstance(rows, list | tuple) or not rows:
        got = "an empty list" if rows == [] else f"{type(rows).__name__}"
        raise InputError(
            f"{source} must hold a list of entries; got {got}. Give pymatgen's "
            "entries, or documents with formula_pretty and formation_energy_per_atom."
        )
    for index, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise InputError(
                f"entry {index} of {source} must be an object with keys; got {row!r}. "
                'Write {"formula": "Li2O", "formation_energy_per_atom": -2.07}.'
            )
    return rows


def _nested(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Entries of pymatgen in one row: the row itself, or several in a document."""
    if str(row.get("@class", "")).endswith("Entry"):
        return [row]
    entries = row.get("entries")
    return list(entries.values()) if isinstance(entries, Mapping) else []


def _decoded(rows: Sequence[Mapping[str, Any]], source: str) -> list[Any]:
    """Entries as objects of pymatgen; structures are not needed and left out."""
    from pymatgen.entries.computed_entries import (  # noqa: PLC0415 (slow to import)
        ComputedEntry,
    )

    decoded = []
    for index, row in enumerate(rows):
        plain = {key: value for key, value in row.items() if key != "structure"}
        try:
            with warnings.catch_warnings():
                # entries of the older scheme are read as such, deprecated or not
                warnings.simplefilter("ignore", DeprecationWarning)
                decoded.append(ComputedEntry.from_dict(plain))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"entry {index} of {source} must be an entry of pymatgen; got one that "
                f"cannot be read ({type(error).__name__}: {error}). Leave it out."
            ) from None
    return decoded


def _first(row: Mapping[str, Any], keys: Sequence[str]) -> object:
    """Value of the first key that is there."""
    return next((row[key] for key in keys if row.get(key) is not None), None)
