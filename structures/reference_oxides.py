"""Oxides that fix the chemical potential of a dopant, built by structure type."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers

from structures.dopants import write_ion
from structures.prototypes.oxides import (
    LA2O3_A,
    LA2O3_C,
    LA2O3_SITES,
    LI2O_SITES,
)
from structures.prototypes.wyckoff import Site
from structures.space_group import primitive_cell
from training_data.errors import InputError

PRIMITIVE_A = 1e-5
OXYGEN_RADIUS_A = 1.38  # Shannon, four neighbours
COORDINATIONS = {
    **{name: n for n, name in enumerate(("I", "II", "III", "IV", "V", "VI"), start=1)},
    **{name: n for n, name in enumerate(("VII", "VIII", "IX", "X"), start=7)},
    "IVSQ": 4,
}
"""Shannon's notation → number of neighbours (SQ: square planar)."""


@dataclass(frozen=True, kw_only=True)
class OxideType:
    """Structure type of an oxide, up to its size.

    Parameters
    ----------
    name
        Mineral or compound that gives the type its name.
    space_group
        Number in the International Tables.
    shape
        b/a, c/a and the angles α, β, γ [°].
    sites
        Role ("M", "O" or "Li") and fractional position of each Wyckoff site.
    coordination
        Oxygen neighbours of M, which choose its ionic radius.

    """

    name: str
    space_group: int
    shape: tuple[float, float, float, float, float]
    sites: tuple[tuple[str, tuple[float, float, float]], ...]
    coordination: int


def _roles(
    sites: Sequence[Site],
) -> tuple[tuple[str, tuple[float, float, float]], ...]:
    """Sites of a prototype with the metal's place left open."""
    return tuple(
        ("O" if species == "O" else "M", position) for _, species, position in sites
    )


_CUBIC = (1.0, 1.0, 90.0, 90.0, 90.0)
_HEXAGONAL = (90.0, 90.0, 120.0)
_TYPES = (
    OxideType(
        name="antifluorite",
        space_group=225,
        shape=_CUBIC,
        sites=_roles(LI2O_SITES),
        coordination=4,
    ),
    OxideType(
        name="cuprite",
        space_group=224,
        shape=_CUBIC,
        sites=(("M", (0.25, 0.25, 0.25)), ("O", (0, 0, 0))),
        coordination=2,
    ),
    OxideType(
        name="rock salt",
        space_group=225,
        shape=_CUBIC,
        sites=(("M", (0, 0, 0)), ("O", (0.5, 0.5, 0.5))),
        coordination=6,
    ),
    OxideType(
        name="wurtzite",
        space_group=186,
        shape=(1.0, 1.602, *_HEXAGONAL),
        sites=(("M", (1 / 3, 2 / 3, 0)), ("O", (1 / 3, 2 / 3, 0.382))),
        coordination=4,
    ),
    OxideType(
        name="tenorite",
        space_group=15,
        shape=(0.731, 1.095, 90.0, 99.54, 90.0),
        sites=(("M", (0.25, 0.25, 0)), ("O", (0, 0.4184, 0.25))),
        coordination=4,
    ),
    OxideType(
        name="cooperite",
        space_group=131,
        shape=(1.0, 1.754, 90.0, 90.0, 90.0),
        sites=(("M", (0, 0.5, 0)), ("O", (0, 0, 0.25))),
        coordination=4,
    ),
    OxideType(
        name="litharge",
        space_group=129,
        shape=(1.0, 1.264, 90.0, 90.0, 90.0),
        sites=(("M", (0, 0.5, 0.2385)), ("O", (0, 0, 0))),
        coordination=4,
    ),
    OxideType(
        name="corundum",
        space_group=167,
        shape=(1.0, 2.730, *_HEXAGONAL),
        sites=(("M", (0, 0, 0.3522)), ("O", (0.3062, 0, 0.25))),
        coordination=6,
    ),
    OxideType(
        name="bixbyite",
        space_group=206,
        shape=_CUBIC,
        sites=(
            ("M", (0.25, 0.25, 0.25)),
            ("M", (-0.0327, 0, 0.25)),
            ("O", (0.3907, 0.1526, 0.3801)),
        ),
        coordination=6,
    ),
    OxideType(
        name="A-La2O3",
        space_group=164,
        shape=(1.0, LA2O3_C / LA2O3_A, *_HEXAGONAL),
        sites=_roles(LA2O3_SITES),
        coordination=7,
    ),
    OxideType(
        name="fluorite",
        space_group=225,
        shape=_CUBIC,
        sites=(("M", (0, 0, 0)), ("O", (0.25, 0.25, 0.25))),
        coordination=8,
    ),
    OxideType(
        name="rutile",
        space_group=136,
        shape=(1.0, 0.644, 90.0, 90.0, 90.0),
        sites=(("M", (0, 0, 0)), ("O", (0.305, 0.305, 0))),
        coordination=6,
    ),
    OxideType(
        name="baddeleyite",
        space_group=14,
        shape=(1.012, 1.032, 90.0, 99.23, 90.0),
        sites=(
            ("M", (0.2754, 0.0395, 0.2083)),
            ("O", (0.0700, 0.3317, 0.3447)),
            ("O", (0.4496, 0.7569, 0.4792)),
        ),
        coordination=7,
    ),
    OxideType(
        name="paratellurite",
        space_group=92,
        shape=(1.0, 1.583, 90.0, 90.0, 90.0),
        sites=(("M", (0.0268, 0.0268, 0)), ("O", (0.1386, 0.2576, 0.1862))),
        coordination=4,
    ),
    OxideType(
        name="LiNbO3",
        space_group=161,
        shape=(1.0, 2.693, *_HEXAGONAL),
        sites=(
            ("M", (0, 0, 0)),
            ("Li", (0, 0, 0.2787)),
            ("O", (0.0492, 0.3446, 0.0647)),
        ),
        coordination=6,
    ),
    OxideType(
        name="alpha-MoO3",
        space_group=62,
        shape=(0.2667, 0.2859, 90.0, 90.0, 90.0),
        sites=(
            ("M", (0.10164, 0.25, 0.08669)),
            ("O", (0.4351, 0.25, 0.4994)),
            ("O", (0.0866, 0.25, 0.5212)),
            ("O", (0.2214, 0.25, 0.0373)),
        ),
        coordination=6,
    ),
)
_TYPE_OF = {
    ion: entry
    for entry, ions in zip(
        _TYPES,
        (
            "Li+ Na+ K+ Rb+",
            "Ag+",
            "Mg2+ Ca2+ Sr2+ Ba2+ Mn2+ Fe2+ Co2+ Ni2+ Cd2+ Eu2+",
            "Zn2+ Be2+",
            "Cu2+",
            "Pd2+ Pt2+",
            "Pb2+ Sn2+",
            "Al3+ Ga3+ Cr3+ Fe3+ Rh3+ Ti3+ V3+",
            "Sc3+ Y3+ In3+ Tl3+ Sm3+ Eu3+ Gd3+ Tb3+ Dy3+ Ho3+ Er3+ Tm3+ Yb3+ Lu3+",
            "La3+ Ce3+ Pr3+ Nd3+ Pm3+ Ac3+",
            "Ce4+ Th4+ U4+ Pr4+",
            "Ti4+ Sn4+ Ge4+ Mn4+ Ru4+ Os4+ Ir4+ Pb4+ Mo4+ W4+ Re4+ Tc4+ Pt4+ Pd4+",
            "Hf4+ Zr4+",
            "Te4+",
            "Nb5+ Ta5+ V5+ Sb5+",
            "Mo6+ W6+",
        ),
        strict=True,
    )
    for ion in ions.split()
}


def oxide_ions() -> tuple[str, ...]:
    """Ions with a reference oxide, sorted.

    Examples
    --------
    >>> "Al3+" in oxide_ions(), "Cl5+" in oxide_ions()
    (True, False)

    """
    return tuple(sorted(_TYPE_OF))


def build_reference_oxide(element: str, oxidation_state: int) -> Atoms:
    """Oxide in which an element has a given charge, to be relaxed before use.

    Parameters
    ----------
    element
        Chemical symbol.
    oxidation_state
        Its charge [e].

    Returns
    -------
    Atoms
        Primitive cell; ``info["prototype"]`` names the structure type.

    Raises
    ------
    InputError
        If no oxide is known here for the ion.

    Notes
    -----
    Constructed: shape and internal positions are those of the compound that gives the
    type its name [1]_; the size makes the mean length of the bonds of M the sum of
    Shannon's radii. The energy has a meaning only after a relaxation of cell and
    positions with the potential in use. The types are those stable at room
    temperature where these are simple; Mo4+, W4+, Tc4+ and Re4+ are put into
    undistorted rutile, W6+ into the type of MoO3, Sm3+ and Eu3+ into bixbyite, and
    Nb5+, Ta5+, V5+ and Sb5+ into LiMO3, which their oxides form with Li2O.

    References
    ----------
    .. [1] M. J. Mehl et al., Comput. Mater. Sci. 136, S1 (2017),
       doi:10.1016/j.commatsci.2017.01.017.

    Examples
    --------
    >>> build_reference_oxide("Al", 3).get_chemical_formula()
    'Al4O6'

    """
    ion = write_ion(element, oxidation_state)
    if ion not in _TYPE_OF:
        raise InputError(
            f"dopant must have a reference oxide; got {ion!r}, for which none is known "
            "here. Give a reference phase that holds it (--reference FILE, phases=)."
        )
    kind = _TYPE_OF[ion]
    atoms = _cell(kind, element)
    wanted = _radius(element, oxidation_state, kind.coordination) + OXYGEN_RADIUS_A
    size = wanted / _bond_length(atoms, element, kind.coordination)
    atoms.set_cell(atoms.cell * size, scale_atoms=True)
    atoms.info["prototype"] = kind.name
    return atoms


def _cell(kind: OxideType, element: str) -> Atoms:
    """Primitive cell of a structure type, of no particular size."""
    from ase.spacegroup import crystal  # noqa: PLC0415 (slow to import)

    species = {"M": element, "O": "O", "Li": "Li"}
    b, c, *angles = kind.shape
    size = 10.0
    conventional = crystal(
        [species[role] for role, _ in kind.sites],
        [position for _, position in kind.sites],
        spacegroup=kind.space_group,
        cellpar=[size, b * size, c * size, *angles],
    )
    found = primitive_cell(
        conventional.cell[:],
        conventional.get_scaled_positions(),
        conventional.numbers,
        tolerance_A=PRIMITIVE_A,
    )
    if found is None:
        return conventional
    cell, scaled, numbers = found
    return Atoms(numbers, scaled_positions=scaled, cell=cell, pbc=True)


def _bond_length(atoms: Atoms, element: str, coordination: int) -> float:
    """Mean length of the bonds of the first M atom [Å]."""
    from ase.neighborlist import neighbor_list  # noqa: PLC0415 (slow to import)

    reach = 1.5 * float(atoms.cell.lengths().max())
    first, other, lengths = neighbor_list("ijd", atoms, reach)
    centre = atoms.symbols.indices()[element][0]
    to_oxygen = (first == centre) & (atoms.numbers[other] == atomic_numbers["O"])
    return float(np.sort(lengths[to_oxygen])[:coordination].mean())


def _radius(element: str, oxidation_state: int, coordination: int) -> float:
    """Shannon radius at the nearest tabulated coordination [Å]."""
    from pymatgen.core import Element  # noqa: PLC0415

    table = Element(element).data.get("Shannon radii") or {}
    known: dict[int, float] = {}
    for name, spins in table.get(str(oxidation_state), {}).items():
        if name in COORDINATIONS:
            largest = max(spin["ionic_radius"] for spin in spins.values())
            neighbours = COORDINATIONS[name]
            known[neighbours] = max(largest, known.get(neighbours, 0.0))
    if not known:
        return float(Element(element).average_ionic_radius)
    return known[min(known, key=lambda n: (abs(n - coordination), n))]
