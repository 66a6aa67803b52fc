"""Interface stage: a metal on an electrolyte, written as extended XYZ."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ase import Atoms
from ase.io import write

from lithophile.build_settings import InterfaceSettings, RegistryOptions
from lithophile.curves import new_figure, tidy
from lithophile.pictures import draw_panels
from lithophile.provenance import provenance
from lithophile.run_folder import RunFolder
from lithophile.stages.inputs import crystal_path, open_potential, read_crystal
from structures.interface import Interface, build_interface
from structures.interface_contact import shortest_contact
from structures.interface_plan import plan_interfaces
from structures.registry import search_registry

STRUCTURE = "interface.extxyz"
OWN = {"electrolyte", "metal", "registry"}
NOT_PLANNED = OWN | {
    *("electrolyte_termination", "metal_termination", "gap_A", "vacuum_A", "match"),
    *("strain_on", "shift", "max_atoms"),
}
PUBLISHED: Mapping[str, float] = {
    "mismatch_percent": 1.08,
    "thickness_electrolyte_A": 20.5,
    "thickness_metal_A": 9.7,
}
"""F. Li et al., Nano Lett. 22, 2461 (2022), doi:10.1021/acs.nanolett.2c00187."""


def interface_stage(
    settings: InterfaceSettings, *, out: Path, overwrite: bool
) -> dict[str, Any]:
    """Build the interface and write it with its numbers and its picture."""
    folder = RunFolder(out, resumable=False)
    folder.check(resume=False, overwrite=overwrite)
    inputs = (crystal_path(settings.electrolyte), crystal_path(settings.metal))
    folder.spare(inputs, overwrite=overwrite)
    built = build_interface(
        read_crystal(settings.electrolyte),
        read_crystal(settings.metal),
        **settings.model_dump(exclude=OWN),
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
        atoms, found = _best_registry(built, settings.registry, folder)
        write(path, atoms, format="extxyz")
        draw_panels([("as built", atoms, ())], folder.figure("interface"))
        numbers = {**built.to_json(), **_published(settings), **found}
        return folder.finish({"structure": path, **numbers})


def interface_plan(settings: InterfaceSettings) -> dict[str, Any]:
    """List what can be built within the limits, without building it."""
    plan = plan_interfaces(
        read_crystal(settings.electrolyte),
        read_crystal(settings.metal),
        **settings.model_dump(exclude=NOT_PLANNED),
    )
    return plan.to_json()


def _best_registry(
    built: Interface, options: RegistryOptions | None, folder: RunFolder
) -> tuple[Atoms, dict[str, Any]]:
    """Atoms at the best gap and shift, and the numbers of the search."""
    if options is None:
        return built.atoms, {}
    found = search_registry(
        built,
        open_potential(options),
        gaps_A=options.gaps_A,
        n_shifts=options.n_shifts,
    )
    figure = new_figure(4.6, 3.4)
    axis = figure.subplots()
    found.plot(axis)
    tidy(axis)
    figure.savefig(folder.figure("registry"), dpi=140)
    numbers = found.to_json()
    return found.atoms, {
        "gap_A": numbers["gap_A"],
        "shortest_contact_A": shortest_contact(found.atoms),
        "shift": numbers["shift"],
        "registry": numbers,
    }


def _published(settings: InterfaceSettings) -> dict[str, Any]:
    """Look up the published numbers, where the interface is the published one."""
    same = InterfaceSettings()
    keys = (
        *("electrolyte", "metal", "electrolyte_miller", "metal_miller"),
        *("electrolyte_thickness_A", "metal_thickness_A"),
        *("electrolyte_termination", "metal_termination"),
    )
    layers = settings.electrolyte_layers or 4, settings.metal_layers or 5
    if layers != (4, 5) or any(
        getattr(settings, key) != getattr(same, key) for key in keys
    ):
        return {}
    return {"published": dict(PUBLISHED)}
