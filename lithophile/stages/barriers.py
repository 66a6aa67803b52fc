"""Barrier stage: hops of a crystal, their paths, and the way through."""

from pathlib import Path
from typing import Any

from ase.io import write

from lithophile.barriers_settings import BarriersSettings
from lithophile.console import Progress
from lithophile.curves import new_figure, tidy
from lithophile.provenance import provenance
from lithophile.run_folder import RunFolder
from lithophile.settings import ModelSettings
from lithophile.stages.crystal_analysis import beside
from lithophile.stages.inputs import (
    crystal_path,
    model_path,
    open_potential,
    read_crystal,
)
from structures.migration_barriers import migration_barriers
from training_data import InputError


def barriers_stage(
    settings: BarriersSettings,
    *,
    out: Path | None,
    overwrite: bool,
    progress: Progress,
) -> dict[str, Any]:
    """Barriers of all distinct hops, with a file of images for each."""
    if settings.structure is None:
        raise InputError(
            "structure must be given; got nothing. Name a prototype or a file."
        )
    folder = RunFolder(out or beside(settings.structure, "barriers"))
    again = overwrite or out is None
    folder.check(resume=False, overwrite=again)
    path, weights = crystal_path(settings.structure), model_path(settings.model)
    folder.spare([path, weights], overwrite=again)
    crystal = read_crystal(settings.structure)
    potential = open_potential(settings)
    own = settings.model_dump(exclude={"structure", *ModelSettings.model_fields})
    found = migration_barriers(
        crystal,
        potential,
        **own,
        progress=lambda done, total: progress(done, total, {}),
    )
    record = provenance(
        command="barriers",
        seeds={},
        inputs={"structure": path, "model": weights},
    )
    with folder.opened(settings=settings, provenance=record, overwrite=again):
        result = found.to_json()
        for number, (hop, entry) in enumerate(
            zip(found.hops, result["hops"], strict=True)
        ):
            if hop.path is not None:
                entry["images"] = folder.path / f"hop-{number}.extxyz"
                write(entry["images"], list(hop.path.images), format="extxyz")
        host = folder.path / "crystal.extxyz"
        write(host, found.host, format="extxyz")
        figure = new_figure(5.6, 4.6)
        axis = figure.subplots()
        found.plot(axis)
        tidy(axis)
        picture = folder.figure("barriers")
        figure.savefig(picture, dpi=150)
        return folder.finish(
            {**result, "structure": host, "model": settings.model, "figure": picture}
        )
