"""Description of a crystal: formula, space group, lattice and density."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms

from structures.crystal_files import check_crystal
from structures.periodicity import require_periodic
from structures.space_group import symmetry_dataset
from training_data.errors import InputError

AMU_PER_A3_IN_G_PER_CM3 = 1.66053906892
"""CODATA 2022."""

TOLERANCES_A = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
DIRECTIONS = 3


@dataclass(frozen=True, kw_only=True)
class SpaceGroup:
    """Space group found at one tolerance.

    Parameters
    ----------
    tolerance_A
        Distance within which sites count as equivalent [Å].
    symbol
        Hermann-Mauguin symbol of the standard setting; "none" where spglib gave up.
    number
        Number in the International Tables; 0 where spglib gave up.
    n_primitive
        Atoms in the primitive cell.

    """

    tolerance_A: float
    symbol: str
    number: int
    n_primitive: int

    def to_json(self) -> dict[str, Any]:
        """Return all fields."""
        return dict(vars(self))


@dataclass(frozen=True, kw_only=True)
class CrystalDescription:
    """What a crystal is.

    Parameters
    ----------
    formula
        Chemical formula of the cell.
    reduced_formula
        Formula unit.
    n_atoms, n_formula_units
        In the cell that was given.
    space_group
        At the tolerance asked for.
    space_groups
        Where the answer changes with the tolerance: the first tolerance of each.
    wyckoff_sites
        Occupied sites of the standard cell, such as ``("Zr", "2b", 2)``: element,
        multiplicity with letter, number in the standard cell. Where a group allows
        several origins, letters depend on the one that spglib chose.
    lengths_A, angles_deg
        a, b, c [Å] and α, β, γ [°] of the cell that was given.
    standard_lengths_A, standard_angles_deg
        The same of the standard conventional cell.
    volume_per_formula_unit_A3
        Volume [Å³].
    density_g_per_cm3
        Mass of the natural isotopes over the volume [g/cm³].
    shortest_distance_A
        Smallest distance of two atoms, images counted [Å].

    """

    formula: str
    reduced_formula: str
    n_atoms: int
    n_formula_units: int
    space_group: SpaceGroup
    space_groups: tuple[SpaceGroup, ...]
    wyckoff_sites: tuple[tuple[str, str, int], ...]
    lengths_A: tuple[float, float, float]
    angles_deg: tuple[float, float, float]
    standard_lengths_A: tuple[float, float, float]
    standard_angles_deg: tuple[float, float, float]
    volume_per_formula_unit_A3: float
    density_g_per_cm3: float
    shortest_distance_A: float

    def to_json(self) -> dict[str, Any]:
        """Return plain types; the space group's symbol and number stand on top."""
        return {
            "formula": self.formula,
            "reduced_formula": self.reduced_formula,
            "n_atoms": self.n_atoms,
            "n_formula_units": self.n_formula_units,
            "space_group": self.space_group.symbol,
            "space_group_number": self.space_group.number,
            "tolerance_A": self.space_group.tolerance_A,
            "n_primitive": self.space_group.n_primitive,
            "space_groups": [found.to_json() for found in self.space_groups],
            "wyckoff_sites": [list(site) for site in self.wyckoff_sites],
            "lengths_A": list(self.lengths_A),
            "angles_deg": list(self.angles_deg),
            "standard_lengths_A": list(self.standard_lengths_A),
            "standard_angles_deg": list(self.standard_angles_deg),
            "volume_per_formula_unit_A3": self.volume_per_formula_unit_A3,
            "density_g_per_cm3": self.density_g_per_cm3,
            "shortest_distance_A": self.shortest_distance_A,
        }


def describe_crystal(
    atoms: Atoms,
    *,
    tolerance_A: float = 0.01,
    tolerances_A: Sequence[float] = TOLERANCES_A,
) -> CrystalDescription:
    """Describe a crystal: formula, space group, sites, lattice and density.

    Parameters
    ----------
    atoms
        Periodic crystal.
    tolerance_A
        Distance within which sites count as equivalent [Å]. A structure relaxed to
        0.01 eV/Å needs 0.01 to 0.05; one from MD has no symmetry at any of them.
    tolerances_A
        Tolerances at which the space group is looked up too, to see how far the answer
        hangs on the first one.

    Returns
    -------
    CrystalDescription
        All of it.

    Raises
    ------
    InputError
        If it is no crystal, its atoms overlap (``check_crystal``), or a tolerance is
        not positive.

    References
    ----------
    A. Togo, K. Shinohara, I. Tanaka, Sci. Technol. Adv. Mater. Methods 4, 2384822
    (2024), doi:10.1080/27660400.2024.2384822 (spglib).

    Examples
    --------
    >>> from ase.build import bulk
    >>> halite = describe_crystal(bulk("LiCl", "rocksalt", a=5.14))
    >>> halite.space_group.symbol, round(halite.density_g_per_cm3, 3)
    ('Fm-3m', 2.073)
    >>> halite.wyckoff_sites
    (('Li', '4a', 4), ('Cl', '4b', 4))

    """
    require_periodic(atoms)
    check_crystal(atoms, name="atoms")
    for value in (tolerance_A, *tolerances_A):
        if not 0 < value < math.inf:
            raise InputError(
                f"tolerance_A must be positive; got {value!r}. Give about 0.01."
            )
    counts = atoms.symbols.formula.count()
    n_units = math.gcd(*counts.values())
    data = _dataset(atoms, tolerance_A)
    seen: list[SpaceGroup] = []
    for tolerance in sorted(tolerances_A):
        found = _space_group(atoms, _dataset(atoms, tolerance), tolerance)
        if not seen or (found.number, found.n_primitive) != (
            seen[-1].number,
            seen[-1].n_primitive,
        ):
            seen.append(found)
    standard = atoms.cell if data is None else _cell_of(data)
    volume = float(atoms.get_volume())
    return CrystalDescription(
        formula=atoms.get_chemical_formula(mode="metal"),
        reduced_formula=atoms.get_chemical_formula(mode="metal", empirical=True),
        n_atoms=len(atoms),
        n_formula_units=n_units,
        space_group=_space_group(atoms, data, tolerance_A),
        space_groups=tuple(seen),
        wyckoff_sites=_wyckoff_sites(data),
        lengths_A=_triple(atoms.cell.lengths()),
        angles_deg=_triple(atoms.cell.angles()),
        standard_lengths_A=_triple(standard.lengths()),
        standard_angles_deg=_triple(standard.angles()),
        volume_per_formula_unit_A3=volume / n_units,
        density_g_per_cm3=AMU_PER_A3_IN_G_PER_CM3
        * float(atoms.get_masses().sum())
        / volume,
        shortest_distance_A=_shortest_distance(atoms),
    )


def _triple(values: Sequence[float]) -> tuple[float, float, float]:
    first, second, third = (float(value) for value in values)
    return first, second, third


def _dataset(atoms: Atoms, tolerance_A: float) -> Any:  # noqa: ANN401  (spglib's)
    """Return what spglib finds, or None."""
    return symmetry_dataset(
        atoms.cell[:],
        atoms.get_scaled_positions(),
        atoms.numbers,
        tolerance_A=tolerance_A,
    )


def _space_group(atoms: Atoms, data: Any, tolerance_A: float) -> SpaceGroup:  # noqa: ANN401
    if data is None:
        return SpaceGroup(
            tolerance_A=tolerance_A, symbol="none", number=0, n_primitive=len(atoms)
        )
    return SpaceGroup(
        tolerance_A=tolerance_A,
        symbol=str(data.international),
        number=int(data.number),
        n_primitive=len(set(data.mapping_to_primitive.tolist())),
    )


def _cell_of(data: Any) -> Any:  # noqa: ANN401
    return Atoms(cell=data.std_lattice).cell


def _wyckoff_sites(data: Any) -> tuple[tuple[str, str, int], ...]:  # noqa: ANN401
    """Occupied sites of the standard cell, by element and letter."""
    if data is None:
        return ()
    symbols = np.array(Atoms(data.std_types).get_chemical_symbols())
    # the standard cell is idealised, so its own orbits are exact
    standard = symmetry_dataset(
        data.std_lattice, data.std_positions, data.std_types, tolerance_A=1e-4
    )
    if standard is None:
        return ()
    sites = []
    for orbit in dict.fromkeys(standard.crystallographic_orbits.tolist()):
        members = np.flatnonzero(standard.crystallographic_orbits == orbit)
        n = len(members)
        sites.append((str(symbols[members[0]]), f"{n}{standard.wyckoffs[orbit]}", n))
    return tuple(sites)


def _shortest_distance(atoms: Atoms) -> float:
    """Smallest distance of two atoms or of an atom and its image [Å]."""
    from ase.geometry import minkowski_reduce  # noqa: PLC0415
    from ase.neighborlist import primitive_neighbor_list  # noqa: PLC0415  (slow import)

    reduced, _ = minkowski_reduce(atoms.cell)
    reach = min(float(np.linalg.norm(reduced, axis=1).min()), 4.0) + 1e-6
    while True:
        distances = primitive_neighbor_list(
            "d", atoms.pbc, atoms.cell[:], atoms.positions, reach
        )
        distances = np.asarray(distances)
        if len(distances):
            return float(distances.min())
        reach *= 1.5
