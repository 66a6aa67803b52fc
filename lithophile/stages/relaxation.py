"""Relaxation stage: structures at rest, one extended XYZ file each."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.io import write

from lithophile.console import Progress
from lithophile.provenance import provenance
from lithophile.run_folder import RunFolder
from lithophile.settings import RelaxationSettings, RelaxSettings
from lithophile.stages.inputs import model_path, open_potential
from mlip.potential import Potential
from structures.relaxation import Relaxation, relax
from training_data import InputError, read_structures


def relaxation(
    settings: RelaxSettings, *, out: Path, overwrite: bool, progress: Progress
) -> dict[str, Any]:
    """Relax all structures of the files and write what came of each."""
    folder = RunFolder(out, resumable=False)
    folder.check(resume=False, overwrite=overwrite)
    if not settings.structures:
        raise InputError("structures must name at least one file; got none.")
    inputs = (*settings.structures, model_path(settings.model))
    folder.spare(inputs, overwrite=overwrite)
    named = _read(settings.structures)
    potential = open_potential(settings)
    _refuse_unknown_elements(named, potential)
    with folder.opened(
        settings=settings,
        provenance=provenance(
            command="relax",
            seeds={},
            inputs={
                "model": model_path(settings.model),
                **{str(path): path for path in settings.structures},
            },
        ),
        overwrite=overwrite,
    ):
        relaxed = relax(
            [atoms for _, atoms in named],
            potential,
            **settings.model_dump(include=set(RelaxationSettings.model_fields)),
            progress=lambda done, total: progress(done, total, {}),
        )
        _refuse_all_failed(named, relaxed)
        entries = []
        for (name, _), found in zip(named, relaxed, strict=True):
            path = out / f"{name}.extxyz"
            write(path, found.atoms, format="extxyz")
            entries.append({"path": path, **found.to_json()})
        return folder.finish({"structures": entries, "model": settings.model})


def _refuse_unknown_elements(
    named: Sequence[tuple[str, Atoms]], potential: Potential
) -> None:
    """Refuse structures none of which the potential knows, before anything runs."""
    known = potential.species
    if known is not None and not any(
        known.issuperset(atoms.get_chemical_symbols()) for _, atoms in named
    ):
        for index, (_, atoms) in enumerate(named):
            potential.check_species(atoms, frame=index)


def _refuse_all_failed(
    named: Sequence[tuple[str, Atoms]], relaxed: Sequence[Relaxation]
) -> None:
    """Refuse structures none of which could be started from."""
    reasons = [
        f"{name}: {found.failure.reason.rstrip('.')}"
        for (name, _), found in zip(named, relaxed, strict=True)
        if found.failure is not None and not np.isfinite(found.energy_eV)
    ]
    if len(reasons) == len(relaxed):
        more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
        raise InputError(
            f"structures must hold one that can be relaxed; got {reasons[0]}{more}."
        )


def _read(paths: tuple[Path, ...]) -> list[tuple[str, Atoms]]:
    named: dict[str, Atoms] = {}
    for path in paths:
        frames = read_structures(path)
        for i, atoms in enumerate(frames):
            name = path.stem + (f"-{i}" if len(frames) > 1 else "")
            while name in named:
                name += "+"
            named[name] = atoms
    return list(named.items())
