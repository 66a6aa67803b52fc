"""Metal | electrolyte interfaces by layer count, from lattice matching."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms

from structures.interface_assembly import (
    ELECTROLYTE,
    METAL,
    Stacking,
    assemble,
    supercells,
)
from structures.interface_contact import check_contact, shortest_contact
from structures.interface_limits import check_choice, check_stacking
from structures.interface_plan import default_layers, matches_of_surfaces, n_atoms_of
from structures.lattice_match import LatticeMatch
from structures.oriented_crystal import orient_crystal
from structures.shared_strain import (
    METAL_SHARES,
    StrainedSide,
    area_strain_percent,
    principal_strains,
    strain_percent,
)
from structures.side_view import draw_side_view
from structures.slab_limits import MOST_ATOMS
from structures.slabs import Slab, build_slab
from structures.terminations import PLANE_TOLERANCE_A
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "ELECTROLYTE",
    "METAL",
    "Interface",
    "build_interface",
]

MISMATCH_FROM = (
    "100 sqrt(e1^2 + e2^2 - e1 e2) of the principal strains e1, e2 that bring the "
    "metal's supercell onto the electrolyte's"
)


@dataclass(frozen=True, kw_only=True)
class Interface:
    """Metal slab on an electrolyte slab in one cell, with what the match cost.

    Parameters
    ----------
    atoms
        Electrolyte below, metal above, z along the normal, cell lower-triangular.
        ``arrays["side"]`` is 0 for the metal and 1 for the electrolyte,
        ``arrays["layer"]`` counts layers from the bottom of each side,
        ``arrays["site"]`` points into ``info["site_names"]``.
    n_atoms
        Number of atoms.
    mismatch_percent
        ``100 sqrt(e1² + e2² - e1 e2)`` of the principal strains that bring the metal
        onto the electrolyte.
    strain_on
        Which side carries the strain.
    strain_metal_percent, strain_electrolyte_percent
        The same measure of the strain that each side carries in the interface: a
        magnitude, without a sign.
    area_strain_metal_percent, area_strain_electrolyte_percent
        ``100 ((1 + e1)(1 + e2) - 1)`` of each side: by how much its area has grown;
        negative where it is compressed.
    principal_strains_metal_percent, principal_strains_electrolyte_percent
        Principal strains of each side, ascending; positive is stretched.
    lattice_metal, lattice_electrolyte
        Lattice constants of the crystals that were given: a, b, c [Å], α, β, γ [°].
    area_A2
        Area of the cell [Å²].
    gap_A
        Distance of the facing atomic planes at the contact [Å].
    shortest_contact_A
        Shortest distance of two atoms of different sides [Å], images included.
    vacuum_A
        Empty height above the metal [Å], or None where it touches the next image of
        the electrolyte across a second gap.
    thickness_metal_A, thickness_electrolyte_A
        Distance between the outermost atomic planes of each side [Å].
    metal_layers, electrolyte_layers
        Number of layers.
    metal_miller, electrolyte_miller
        Planes.
    shift
        Shift of the metal along a and b of the cell, in fractions.
    charge_electrolyte_e
        Sum of the electrolyte's formal charges in this cell [e]; None where none are
        known. In a calculation without counter-charge the metal's electrons make up
        for it.
    metal_slab, electrolyte_slab
        Both slabs before they are strained, with terminations and polarity.
    match
        The lattice match that was built.
    candidates
        All matches within the limits, smallest area first.

    """

    atoms: Atoms = field(repr=False)
    n_atoms: int
    mismatch_percent: float
    strain_on: StrainedSide
    strain_metal_percent: float
    strain_electrolyte_percent: float
    area_strain_metal_percent: float
    area_strain_electrolyte_percent: float
    principal_strains_metal_percent: tuple[float, float]
    principal_strains_electrolyte_percent: tuple[float, float]
    lattice_metal: tuple[float, ...]
    lattice_electrolyte: tuple[float, ...]
    area_A2: float
    gap_A: float
    shortest_contact_A: float
    vacuum_A: float | None
    thickness_metal_A: float
    thickness_electrolyte_A: float
    metal_layers: int
    electrolyte_layers: int
    metal_miller: tuple[int, int, int]
    electrolyte_miller: tuple[int, int, int]
    shift: tuple[float, float]
    charge_electrolyte_e: float | None
    metal_slab: Slab
    electrolyte_slab: Slab
    match: LatticeMatch
    candidates: tuple[LatticeMatch, ...] = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """Numbers of the interface, without its atoms."""
        return {
            "n_atoms": self.n_atoms,
            "formula": self.atoms.get_chemical_formula(mode="metal"),
            "mismatch_percent": self.mismatch_percent,
            "mismatch_from": MISMATCH_FROM,
            "lattice_metal_A_degree": list(self.lattice_metal),
            "lattice_electrolyte_A_degree": list(self.lattice_electrolyte),
            "strain_on": self.strain_on,
            "strain_metal_percent": self.strain_metal_percent,
            "strain_electrolyte_percent": self.strain_electrolyte_percent,
            "area_strain_metal_percent": self.area_strain_metal_percent,
            "area_strain_electrolyte_percent": self.area_strain_electrolyte_percent,
            "principal_strains_metal_percent": list(
                self.principal_strains_metal_percent
            ),
            "principal_strains_electrolyte_percent": list(
                self.principal_strains_electrolyte_percent
            ),
            "area_A2": self.area_A2,
            "gap_A": self.gap_A,
            "shortest_contact_A": self.shortest_contact_A,
            "vacuum_A": self.vacuum_A,
            "thickness_metal_A": self.thickness_metal_A,
            "thickness_electrolyte_A": self.thickness_electrolyte_A,
            "metal_layers": self.metal_layers,
            "electrolyte_layers": self.electrolyte_layers,
            "metal_miller": list(self.metal_miller),
            "electrolyte_miller": list(self.electrolyte_miller),
            "shift": list(self.shift),
            "charge_electrolyte_e": self.charge_electrolyte_e,
            "metal_slab": self.metal_slab.to_json(),
            "electrolyte_slab": self.electrolyte_slab.to_json(),
            "match": self.match.to_json(),
            "candidates": [match.to_json() for match in self.candidates],
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Side view, coloured by element; axes in Å."""
        return draw_side_view(self.atoms, ax=ax)


def build_interface(
    electrolyte: Atoms,
    metal: Atoms,
    *,
    electrolyte_miller: tuple[int, int, int] = (0, 0, 1),
    metal_miller: tuple[int, int, int] = (1, 1, 1),
    electrolyte_layers: int | None = None,
    metal_layers: int | None = None,
    electrolyte_thickness_A: float | None = None,
    metal_thickness_A: float | None = None,
    electrolyte_termination: int | tuple[int, int] | None = None,
    metal_termination: int | tuple[int, int] | None = None,
    gap_A: float = 2.5,
    vacuum_A: float | None = None,
    max_mismatch_percent: float = 2.0,
    max_area_A2: float = 400.0,
    min_area_A2: float = 0.0,
    match: int = 0,
    strain_on: StrainedSide = "metal",
    shift: tuple[float, float] = (0.0, 0.0),
    max_atoms: int = MOST_ATOMS,
    plane_tolerance_A: float = PLANE_TOLERANCE_A,
    oxidation_states: Mapping[str, float] | None = None,
) -> Interface:
    """Coherent interface of complete layers; the soft metal carries the strain.

    By default the metal is strained in its plane onto the electrolyte and keeps its
    interlayer spacing, the electrolyte keeps its lattice, and an atom of each side
    starts at the origin: relax the result, or search the registry first
    (``search_registry``).

    Parameters
    ----------
    electrolyte, metal
        Bulk crystals, not slabs.
    electrolyte_miller, metal_miller
        Contact planes, in indices of the cells that are given.
    electrolyte_layers, metal_layers
        Number of complete layers of each side; None: four and five, or what the
        thickness asks for.
    electrolyte_thickness_A, metal_thickness_A
        In place of the layers: as many as make the side at least this thick [Å].
    electrolyte_termination, metal_termination
        Number of the cut (``surface_terminations``) at both ends of a side, or of the
        lower and the upper one, which adds a part of a layer. None: the widest gap, or
        the first non-polar cut where that is polar (``build_slab``).
    gap_A
        Distance of the facing atomic planes [Å], at both contacts; at most 1000.
    vacuum_A
        None: periodic along the normal with a second contact, as published. A height
        [Å], between the gap and 1000: that much empty space instead of the second
        contact.
    max_mismatch_percent, max_area_A2, min_area_A2
        Limits of the lattice match, at most 10 %; a minimum area makes a wider cell.
    match
        Which of the ranked matches to build; 0 is the smallest.
    strain_on
        Which side is strained: ``"metal"``, ``"electrolyte"`` or ``"shared"``, half
        of every principal strain on each.
    shift
        Shift of the metal along a and b of the common cell, in fractions.
    max_atoms
        Largest number of atoms that is built.
    plane_tolerance_A
        Atoms closer than this along the normal are one plane [Å].
    oxidation_states
        Charges that are not in the table of undisputed ones [e].

    Returns
    -------
    Interface
        Atoms and what the match cost.

    Raises
    ------
    InputError
        If nothing matches within the limits (the message tells the best mismatch), the
        interface has too many atoms, atoms overlap in a crystal or across the contact
        (closer than 0.5 Å or 0.6 times the sum of their covalent radii), or a number
        is out of range.

    Notes
    -----
    With the in-plane supercells M (metal) and S (electrolyte) as rows, ``M F = S``;
    the singular values of F are 1 + e1 and 1 + e2. Cell height:
    ``t_electrolyte + t_metal + 2 gap`` or ``t_electrolyte + gap + t_metal + vacuum``.
    A shared strain gives both sides the square roots of 1 + e1 and 1 + e2.

    ================  ================================================
    symbol            variable
    ================  ================================================
    e1, e2            ``match.principal_strains``
    t_electrolyte     ``thickness_electrolyte_A``
    t_metal           ``thickness_metal_A``
    ================  ================================================

    References
    ----------
    F. Li et al., Nano Lett. 22, 2461 (2022), doi:10.1021/acs.nanolett.2c00187 (four
    layers of 20.5 Å, five layers of 9.7 Å, mismatch 1.08 %).

    Examples
    --------
    >>> from structures.prototypes import build_prototype
    >>> interface = build_interface(
    ...     build_prototype("Li2ZrCl6"), build_prototype("Li-fcc")
    ... )
    >>> interface.n_atoms, round(interface.thickness_metal_A, 2)
    (173, 9.7)

    """
    check_stacking(gap_A, vacuum_A, shift)
    check_choice(match, strain_on)
    layers = default_layers(
        (electrolyte_layers, electrolyte_thickness_A),
        (metal_layers, metal_thickness_A),
    )
    shared: dict[str, Any] = {
        "vacuum_A": 0.0,  # the slabs' own height is not used
        "plane_tolerance_A": plane_tolerance_A,
        "oxidation_states": oxidation_states,
        "max_atoms": max_atoms,
    }
    bottom = build_slab(
        electrolyte,
        miller=electrolyte_miller,
        layers=layers[0],
        thickness_A=electrolyte_thickness_A,
        **_ends(electrolyte_termination),
        **shared,
    )
    top = build_slab(
        metal,
        miller=metal_miller,
        layers=layers[1],
        thickness_A=metal_thickness_A,
        **_ends(metal_termination),
        **shared,
    )
    candidates = matches_of_surfaces(
        orient_crystal(metal, miller=metal_miller),
        orient_crystal(electrolyte, miller=electrolyte_miller),
        max_area_A2=max_area_A2,
        max_mismatch_percent=max_mismatch_percent,
        min_area_A2=min_area_A2,
    )
    if match >= len(candidates):
        raise InputError(
            f"match must be below the number of matches, {len(candidates)}; got "
            f"{match!r}. Choose a smaller one or raise max_area_A2."
        )
    chosen = candidates[match]
    n_atoms = n_atoms_of(bottom, top, chosen)
    if n_atoms > max_atoms:
        raise InputError(
            f"max_atoms must be at least {n_atoms}, the size of match {match} "
            f"({chosen.area_A2:.0f} Å²); got {max_atoms!r}. Take fewer layers, another "
            "match, or raise it."
        )
    stacking = Stacking(gap_A, vacuum_A, METAL_SHARES[strain_on], shift)
    atoms = assemble(bottom, top, chosen, stacking=stacking)
    check_contact(atoms, gap_A=gap_A, vacuum_A=vacuum_A)
    plane = atoms.cell[:2, :2]
    cells = supercells(bottom, top, chosen)
    strains = [principal_strains(cell, plane) for cell in cells]
    if strain_on == "metal":  # exact, without the rounding of a rotated cell
        strains = [chosen.principal_strains, (0.0, 0.0)]
    return Interface(
        atoms=atoms,
        n_atoms=len(atoms),
        mismatch_percent=chosen.mismatch_percent,
        strain_on=strain_on,
        strain_metal_percent=strain_percent(strains[0]),
        strain_electrolyte_percent=strain_percent(strains[1]),
        area_strain_metal_percent=area_strain_percent(strains[0]),
        area_strain_electrolyte_percent=area_strain_percent(strains[1]),
        principal_strains_metal_percent=_in_percent(strains[0]),
        principal_strains_electrolyte_percent=_in_percent(strains[1]),
        lattice_metal=_constants(metal),
        lattice_electrolyte=_constants(electrolyte),
        area_A2=float(np.linalg.det(plane)),
        gap_A=gap_A,
        shortest_contact_A=shortest_contact(atoms),
        vacuum_A=vacuum_A,
        thickness_metal_A=top.thickness_A,
        thickness_electrolyte_A=bottom.thickness_A,
        metal_layers=top.n_layers,
        electrolyte_layers=bottom.n_layers,
        metal_miller=metal_miller,
        electrolyte_miller=electrolyte_miller,
        shift=shift,
        charge_electrolyte_e=None
        if bottom.charge_e is None
        else chosen.electrolyte_multiple * bottom.charge_e,
        metal_slab=top,
        electrolyte_slab=bottom,
        match=chosen,
        candidates=candidates,
    )


def _ends(termination: int | tuple[int, int] | None) -> dict[str, Any]:
    """Cuts at the two ends of a slab, as ``build_slab`` takes them."""
    if isinstance(termination, tuple):
        return {"termination": termination[0], "top_termination": termination[1]}
    return {"termination": termination}


def _constants(crystal: Atoms) -> tuple[float, ...]:
    """Lengths [Å] and angles [°] of a cell, six numbers."""
    return tuple(np.round(crystal.cell.cellpar(), 10).tolist())


def _in_percent(strains: tuple[float, float]) -> tuple[float, float]:
    """Two strains in percent."""
    return 100 * strains[0], 100 * strains[1]
