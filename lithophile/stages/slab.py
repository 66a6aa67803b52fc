"""Slab stage: one material with vacuum, written as extended XYZ."""

from pathlib import Path
from typing import Any

from ase.io import write

from lithophile.pictures import draw_panels
from lithophile.provenance import provenance
from lithophile.run_folder import RunFolder
from lithophile.settings import SlabSettings
from lithophile.stages.inputs import crystal_path, read_crystal
from structures.slabs import build_slab

STRUCTURE = "slab.extxyz"


def slab_stage(settings: SlabSettings, *, out: Path, overwrite: bool) -> dict[str, Any]:
    """Build the slab and write it with its numbers and its picture."""
    folder = RunFolder(out)
    folder.check(resume=False, overwrite=overwrite)
    folder.spare([crystal_path(settings.structure)], overwrite=overwrite)
    slab = build_slab(
        read_crystal(settings.structure),
        miller=settings.miller,
        layers=settings.layers,
        vacuum_A=settings.vacuum_A,
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
            "thickness_metal_A": None,
            "thickness_electrolyte_A": slab.thickness_A,
        }
        return folder.finish({**own, **numbers})
