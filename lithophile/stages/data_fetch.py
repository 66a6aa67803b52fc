"""Fetch stage: public data sets from a local folder or the net."""

from pathlib import Path
from typing import Any

from lithophile.data_settings import FetchSettings
from training_data import InputError, fetch_dataset, load_catalogue


def fetch_stage(settings: FetchSettings, *, out: Path | None) -> dict[str, Any]:
    """Get one data set; say what to cite."""
    if settings.name is None:
        known = ", ".join(sorted(load_catalogue(settings.catalogue)))
        raise InputError(f"name must be given; got nothing. Choose one of {known}.")
    path = fetch_dataset(
        settings.name, folder=settings.folder, catalogue=settings.catalogue, out=out
    )
    entry = load_catalogue(settings.catalogue)[settings.name]
    return {
        "path": path,
        "sha256": entry.sha256,
        "n_frames": entry.n_frames,
        "elements": entry.elements,
        "level_of_theory": entry.level_of_theory,
        "licence": entry.licence,
        "citation": entry.citation,
        "origin": entry.origin,
        "notes": entry.notes,
    }


def list_stage(settings: FetchSettings, *, brief: bool) -> dict[str, Any]:
    """List what can be fetched; in brief, texts end at their first semicolon."""

    def short(text: str) -> str:
        return text.split(";", maxsplit=1)[0] if brief else text

    return {
        "datasets": [
            {
                "name": entry.name,
                "n_frames": entry.n_frames,
                "elements": entry.elements,
                "level_of_theory": short(entry.level_of_theory),
                "licence": short(entry.licence),
                "download": entry.url is not None,
            }
            for entry in load_catalogue(settings.catalogue).values()
        ]
    }
