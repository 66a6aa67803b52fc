"""Positions and cells that are not finite, and atoms inside each other, are refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from structures.crystal_files import check_crystal
from structures.description import describe_crystal
from structures.diffraction import xray_pattern
from structures.interface import build_interface
from structures.interface_plan import plan_interfaces
from structures.prototypes import build_prototype
from structures.slabs import build_slab, slab_choices
from structures.terminations import surface_terminations
from training_data.errors import InputError

LITHIUM = build_prototype("Li-fcc")
ENTRANCES: dict[str, Callable[[Atoms], Any]] = {
    "check_crystal": check_crystal,
    "describe_crystal": describe_crystal,
    "xray_pattern": xray_pattern,
    "build_slab": build_slab,
    "slab_choices": slab_choices,
    "surface_terminations": lambda atoms: surface_terminations(atoms, miller=(0, 0, 1)),
    "build_interface electrolyte": lambda atoms: build_interface(atoms, LITHIUM),
    "build_interface metal": lambda atoms: build_interface(
        build_prototype("LiCl"), atoms
    ),
    "plan_interfaces": lambda atoms: plan_interfaces(atoms, LITHIUM),
}


@pytest.mark.parametrize("entrance", ENTRANCES)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("where", ["position", "cell"])
def test_not_finite_is_refused(entrance: str, bad: float, where: str) -> None:
    atoms = build_prototype("LiCl")
    if where == "position":
        atoms.positions[1, 2] = bad
    else:
        atoms.cell.array[2, 2] = bad
    with pytest.raises(InputError, match="finite positions and cell"):
        ENTRANCES[entrance](atoms)


@pytest.mark.parametrize("entrance", ENTRANCES)
def test_atoms_inside_each_other_are_refused(entrance: str) -> None:
    atoms = build_prototype("LiCl")
    atoms.positions[1] = atoms.positions[0] + (0.0, 0.0, 0.3)
    with pytest.raises(InputError, match="overlapping atoms"):
        ENTRANCES[entrance](atoms)
