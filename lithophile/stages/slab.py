"""Slab stage: one material with vacuum, written as extended XYZ."""

from pathlib import Path
from typing import Any

from ase.io import write

from lithophile.build_settings import SlabSettings
from lithophile.pictures import draw_panels
from lithophile.provenance import provenance
from lithophile.run_folder import RunFolder
from lithophile.stages.inputs import crystal_path, read_crystal
from structures.slab_limits import SLAB_LAYERS
from structures.slabs import build_slab, slab_choices
from structures.terminations import surface_terminations
from training_data.errors import InputError

STRUCTURE = "slab.extxyz"


def slab_stage(settings: SlabSettings, *, out: Path, overwrite: bool) -> dict[str, Any]:
    """Build the slab and write it with its numbers and its picture."""
    folder = RunFolder(out, resumable=False)
    folder.check(resume=False, overwrite=overwrite)
    folder.spare([crystal_path(settings.structure)], overwrite=overwrite)
    slab = build_slab(
        read_crystal(settings.structure), **settings.model_dump(exclude={"structure"})
    )
    with folder.opened(
        settings=settings,
        provenance=provenance(
            command="build slab",
            seeds={},
            inputs={"structure": crystal_path(settings.structure)},
        ),
        overwrite=overwrite,
    ):
        path = folder.path / STRUCTURE
        write(path, slab.atoms, format="extxyz")
        draw_panels([("as built", slab.atoms, ())], folder.figure("slab"))
        numbers = slab.to_json()
        own = {
            "structure": path,
            "mismatch_percent": 0.0,
            "strain_metal_percent": None,
            "strain_electrolyte_percent": 0.0,
            "area_strain_metal_percent": None,
            "area_strain_electrolyte_percent": 0.0,
            "thickness_metal_A": None,
            "thickness_electrolyte_A": slab.thickness_A,
        }
        return folder.finish({**own, **numbers})


def slab_list(settings: SlabSettings) -> dict[str, Any]:
    """List terminations and the slabs between them, best choices first."""
    if settings.thickness_A is not None:
        raise InputError(
            f"thickness_A must not be given with --list; got {settings.thickness_A!r}. "
            "Give layers: the slabs of a list have equally many."
        )
    crystal = read_crystal(settings.structure)
    how: dict[str, Any] = {
        "miller": settings.miller,
        "plane_tolerance_A": settings.plane_tolerance_A,
        "oxidation_states": settings.oxidation_states,
    }
    return {
        "terminations": [t.to_json() for t in surface_terminations(crystal, **how)],
        "slabs": [
            slab.to_json()
            for slab in slab_choices(
                crystal,
                layers=settings.layers or SLAB_LAYERS,
                max_atoms=settings.max_atoms,
                **how,
            )
        ],
    }
