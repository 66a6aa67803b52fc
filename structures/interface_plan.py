"""Interfaces that can be built, with their sizes, before anything is built."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ase import Atoms

from structures.lattice_match import LatticeMatch, lattice_matches
from structures.oriented_crystal import OrientedCrystal, orient_crystal
from structures.slab_limits import layers_or_default
from structures.slabs import Slab, build_slab
from structures.terminations import (
    PLANE_TOLERANCE_A,
    Termination,
    surface_terminations,
)

ELECTROLYTE_LAYERS, METAL_LAYERS = 4, 5


@dataclass(frozen=True, kw_only=True)
class PlannedInterface:
    """One combination of terminations and match.

    Parameters
    ----------
    electrolyte_termination, metal_termination
        Numbers of the cuts, as ``build_interface`` takes them.
    match
        Number of the lattice match, as ``build_interface`` takes it.
    n_atoms
        Number of atoms of the interface.
    area_A2
        Area of the common cell with the electrolyte unstrained [Å²].
    mismatch_percent
        Mismatch of the lattices.
    thickness_electrolyte_A, thickness_metal_A
        Distance between the outermost atomic planes of each side [Å].

    """

    electrolyte_termination: int
    metal_termination: int
    match: int
    n_atoms: int
    area_A2: float
    mismatch_percent: float
    thickness_electrolyte_A: float
    thickness_metal_A: float

    def to_json(self) -> dict[str, Any]:
        """All numbers of the combination."""
        return dict(vars(self))


@dataclass(frozen=True, kw_only=True)
class InterfacePlan:
    """All terminations of both sides, all matches, and what each combination costs.

    Parameters
    ----------
    electrolyte_terminations, metal_terminations
        Cuts of each side; the electrolyte touches the metal with the plane below its
        cut, the metal with the plane above its own.
    matches
        Lattice matches that no symmetry of the two surfaces makes equal.
    interfaces
        All combinations, few atoms first.
    electrolyte_sides_alike, metal_sides_alike
        Whether the crystal turned upside down is the same; where it is not, plan
        (-h -k -l) as well.

    """

    electrolyte_terminations: tuple[Termination, ...]
    metal_terminations: tuple[Termination, ...]
    matches: tuple[LatticeMatch, ...]
    interfaces: tuple[PlannedInterface, ...]
    electrolyte_sides_alike: bool
    metal_sides_alike: bool

    def to_json(self) -> dict[str, Any]:
        """All numbers of the plan."""
        return {
            "electrolyte_terminations": [
                t.to_json() for t in self.electrolyte_terminations
            ],
            "metal_terminations": [t.to_json() for t in self.metal_terminations],
            "matches": [match.to_json() for match in self.matches],
            "interfaces": [row.to_json() for row in self.interfaces],
            "electrolyte_sides_alike": self.electrolyte_sides_alike,
            "metal_sides_alike": self.metal_sides_alike,
        }


def plan_interfaces(
    electrolyte: Atoms,
    metal: Atoms,
    *,
    electrolyte_miller: tuple[int, int, int] = (0, 0, 1),
    metal_miller: tuple[int, int, int] = (1, 1, 1),
    electrolyte_layers: int | None = None,
    metal_layers: int | None = None,
    electrolyte_thickness_A: float | None = None,
    metal_thickness_A: float | None = None,
    max_mismatch_percent: float = 2.0,
    max_area_A2: float = 400.0,
    min_area_A2: float = 0.0,
    plane_tolerance_A: float = PLANE_TOLERANCE_A,
    oxidation_states: Mapping[str, float] | None = None,
) -> InterfacePlan:
    """All coherent interfaces of two planes, with their numbers of atoms.

    Parameters
    ----------
    electrolyte, metal
        Bulk crystals, not slabs.
    electrolyte_miller, metal_miller
        Contact planes, in indices of the cells that are given.
    electrolyte_layers, metal_layers
        Number of complete layers of each side; a layer reaches from a cut to the next
        equivalent one. None: four and five, or what the thickness asks for.
    electrolyte_thickness_A, metal_thickness_A
        In place of the layers: as many as make the side at least this thick [Å].
    max_mismatch_percent, max_area_A2, min_area_A2
        Limits of the lattice match.
    plane_tolerance_A
        Atoms closer than this along the normal are one plane [Å].
    oxidation_states
        Charges that are not in the table of undisputed ones [e].

    Returns
    -------
    InterfacePlan
        Terminations, matches and combinations.

    Raises
    ------
    InputError
        If nothing matches within the limits, or a number is out of range.

    Examples
    --------
    >>> from structures.prototypes import build_prototype
    >>> plan = plan_interfaces(build_prototype("Li2ZrCl6"), build_prototype("Li-fcc"))
    >>> plan.interfaces[0].n_atoms, len(plan.electrolyte_terminations)
    (173, 3)

    """
    bottom_layers, top_layers = default_layers(
        (electrolyte_layers, electrolyte_thickness_A),
        (metal_layers, metal_thickness_A),
    )
    sides = []
    for crystal, miller, layers, thickness_A in (
        (electrolyte, electrolyte_miller, bottom_layers, electrolyte_thickness_A),
        (metal, metal_miller, top_layers, metal_thickness_A),
    ):
        found = surface_terminations(
            crystal,
            miller=miller,
            plane_tolerance_A=plane_tolerance_A,
            oxidation_states=oxidation_states,
        )
        slabs = [
            build_slab(
                crystal,
                miller=miller,
                layers=layers,
                thickness_A=thickness_A,
                vacuum_A=0.0,
                termination=termination.index,
                plane_tolerance_A=plane_tolerance_A,
                oxidation_states=oxidation_states,
            )
            for termination in found
        ]
        sides.append((orient_crystal(crystal, miller=miller), found, slabs))
    below, above = sides
    matches = matches_of_surfaces(
        above[0],
        below[0],
        max_area_A2=max_area_A2,
        max_mismatch_percent=max_mismatch_percent,
        min_area_A2=min_area_A2,
    )
    rows = [
        _row((i, bottom), (j, top), (k, match))
        for i, bottom in enumerate(below[2])
        for j, top in enumerate(above[2])
        for k, match in enumerate(matches)
    ]
    return InterfacePlan(
        electrolyte_terminations=below[1],
        metal_terminations=above[1],
        matches=matches,
        interfaces=tuple(sorted(rows, key=lambda row: row.n_atoms)),
        electrolyte_sides_alike=below[0].sides_alike(),
        metal_sides_alike=above[0].sides_alike(),
    )


def default_layers(
    electrolyte: tuple[int | None, float | None],
    metal: tuple[int | None, float | None],
) -> tuple[int | None, int | None]:
    """Layers of both sides; None where a thickness is given in their place.

    Parameters
    ----------
    electrolyte, metal
        Layers and thickness [Å] of each side, as given.

    Raises
    ------
    InputError
        If both are given for a side, or one of them makes no slab.

    Examples
    --------
    >>> default_layers((None, None), (None, 20.0))
    (4, None)

    """
    bottom, top = (
        layers_or_default(*given, default=default, side=side)
        for given, default, side in (
            (electrolyte, ELECTROLYTE_LAYERS, "electrolyte_"),
            (metal, METAL_LAYERS, "metal_"),
        )
    )
    return (
        None if electrolyte[1] is not None else bottom,
        None if metal[1] is not None else top,
    )


def matches_of_surfaces(
    metal: OrientedCrystal,
    electrolyte: OrientedCrystal,
    *,
    max_area_A2: float,
    max_mismatch_percent: float,
    min_area_A2: float,
) -> tuple[LatticeMatch, ...]:
    """Lattice matches of two surfaces, told apart by what symmetry they have.

    Parameters
    ----------
    metal, electrolyte
        Crystals in the frames of their planes.
    max_area_A2, max_mismatch_percent, min_area_A2
        As for ``lattice_matches``.

    """
    return lattice_matches(
        metal.repeat.cell[:2, :2],
        electrolyte.repeat.cell[:2, :2],
        max_area_A2=max_area_A2,
        max_mismatch_percent=max_mismatch_percent,
        min_area_A2=min_area_A2,
        metal_symmetry=metal.surface_symmetry(),
        electrolyte_symmetry=electrolyte.surface_symmetry(),
    )


def n_atoms_of(bottom: Slab, top: Slab, match: LatticeMatch) -> int:
    """Count the atoms of an interface that is not built yet.

    Parameters
    ----------
    bottom, top
        Electrolyte and metal.
    match
        Which supercells coincide.

    """
    return match.electrolyte_multiple * len(bottom.atoms) + match.metal_multiple * len(
        top.atoms
    )


def _row(
    bottom: tuple[int, Slab], top: tuple[int, Slab], match: tuple[int, LatticeMatch]
) -> PlannedInterface:
    """One combination."""
    return PlannedInterface(
        electrolyte_termination=bottom[0],
        metal_termination=top[0],
        match=match[0],
        n_atoms=n_atoms_of(bottom[1], top[1], match[1]),
        area_A2=match[1].area_A2,
        mismatch_percent=match[1].mismatch_percent,
        thickness_electrolyte_A=bottom[1].thickness_A,
        thickness_metal_A=top[1].thickness_A,
    )
