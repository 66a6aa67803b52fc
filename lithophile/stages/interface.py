"""Interface stage: a metal on an electrolyte, written as extended XYZ."""

from pathlib import Path
from typing import Any

from ase.io import write

from lithophile.pictures import draw_panels
from lithophile.provenance import provenance
from lithophile.run_folder import RunFolder
from lithophile.settings import InterfaceSettings
from lithophile.stages.inputs import crystal_path, read_crystal
from structures.interface import build_interface

STRUCTURE = "interface.extxyz"


def interface_stage(
    settings: InterfaceSettings, *, out: Path, overwrite: bool
) -> dict[str, Any]:
    """Build the interface and write it with its numbers and its picture."""
    folder = RunFolder(out)
    folder.check(resume=False, overwrite=overwrite)
    inputs = (crystal_path(settings.electrolyte), crystal_path(settings.metal))
    folder.spare(inputs, overwrite=overwrite)
    built = build_interface(
        read_crystal(settings.electrolyte),
        read_crystal(settings.metal),
        **settings.model_dump(exclude={"electrolyte", "metal"}),
    )
    with folder.opened(
        settings=settings,
        provenance=provenance(
            command="build interface",
            seeds={},
            inputs={
                "electrolyte": crystal_path(settings.electrolyte),
                "metal": crystal_path(settings.metal),
            },
        ),
        overwrite=overwrite,
    ):
        path = folder.path / STRUCTURE
        write(path, built.atoms, format="extxyz")
        draw_panels([("as built", built.atoms, ())], folder.figure("interface"))
        return folder.finish({"structure": path, **built.to_json()})
