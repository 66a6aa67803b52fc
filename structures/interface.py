"""Metal | electrolyte interfaces by layer count, from lattice matching."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms

from structures.lattice_match import LatticeMatch, lattice_matches
from structures.side_view import draw_side_view
from structures.slabs import Slab, build_slab, slab_thickness
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

METAL, ELECTROLYTE = 0, 1
SNAP = 1e-9  # fractional coordinates this close below 1 are 0


@dataclass(frozen=True, kw_only=True)
class Interface:
    """Metal slab on an electrolyte slab in one cell, with what the match cost.

    Parameters
    ----------
    atoms
        Electrolyte below, metal above, z along the normal, cell lower-triangular.
        ``arrays["side"]`` is 0 for the metal and 1 for the electrolyte,
        ``arrays["layer"]`` counts layers from the bottom of each side.
    n_atoms
        Number of atoms.
    mismatch_percent
        ``100 sqrt(e1² + e2² - e1 e2)`` of the principal strains of the metal.
    strain_metal_percent, strain_electrolyte_percent
        The same measure of the strain that each side carries in the interface.
    principal_strains_metal_percent
        Principal strains of the metal, ascending; positive is stretched.
    area_A2
        Area of the cell [Å²].
    gap_A
        Distance of the facing atomic planes at the contact [Å].
    vacuum_A
        Empty height above the metal [Å], or None where it touches the next image of
        the electrolyte across a second gap.
    thickness_metal_A, thickness_electrolyte_A
        Distance between the outermost atomic planes of each side [Å].
    metal_layers, electrolyte_layers
        Number of layers.
    metal_miller, electrolyte_miller
        Planes.
    match
        The lattice match that was built.
    candidates
        All matches within the limits, smallest area first.

    """

    atoms: Atoms
    n_atoms: int
    mismatch_percent: float
    strain_metal_percent: float
    strain_electrolyte_percent: float
    principal_strains_metal_percent: tuple[float, float]
    area_A2: float
    gap_A: float
    vacuum_A: float | None
    thickness_metal_A: float
    thickness_electrolyte_A: float
    metal_layers: int
    electrolyte_layers: int
    metal_miller: tuple[int, int, int]
    electrolyte_miller: tuple[int, int, int]
    match: LatticeMatch
    candidates: tuple[LatticeMatch, ...]

    def to_json(self) -> dict[str, Any]:
        """Numbers of the interface, without its atoms."""
        return {
            "n_atoms": self.n_atoms,
            "formula": self.atoms.get_chemical_formula(mode="metal"),
            "mismatch_percent": self.mismatch_percent,
            "strain_metal_percent": self.strain_metal_percent,
            "strain_electrolyte_percent": self.strain_electrolyte_percent,
            "principal_strains_metal_percent": list(
                self.principal_strains_metal_percent
            ),
            "area_A2": self.area_A2,
            "gap_A": self.gap_A,
            "vacuum_A": self.vacuum_A,
            "thickness_metal_A": self.thickness_metal_A,
            "thickness_electrolyte_A": self.thickness_electrolyte_A,
            "metal_layers": self.metal_layers,
            "electrolyte_layers": self.electrolyte_layers,
            "metal_miller": list(self.metal_miller),
            "electrolyte_miller": list(self.electrolyte_miller),
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
    electrolyte_layers: int = 4,
    metal_layers: int = 5,
    gap_A: float = 2.5,
    vacuum_A: float | None = None,
    max_mismatch_percent: float = 2.0,
    max_area_A2: float = 400.0,
    min_area_A2: float = 0.0,
    match: int = 0,
) -> Interface:
    """Coherent interface of complete layers; the soft metal carries the strain.

    The metal is strained in its plane onto the electrolyte and keeps its interlayer
    spacing; the electrolyte keeps its lattice. The lateral registry is not optimised
    (an atom of each side starts at the origin): relax the result.

    Parameters
    ----------
    electrolyte, metal
        Bulk crystals, not slabs.
    electrolyte_miller, metal_miller
        Contact planes, in indices of the cells that are given.
    electrolyte_layers, metal_layers
        Number of complete layers of each side.
    gap_A
        Distance of the facing atomic planes [Å], at both contacts.
    vacuum_A
        None: periodic along the normal with a second contact, as published. A height
        [Å]: that much empty space instead of the second contact.
    max_mismatch_percent, max_area_A2, min_area_A2
        Limits of the lattice match; a minimum area makes a wider cell.
    match
        Which of the ranked matches to build; 0 is the smallest.

    Returns
    -------
    Interface
        Atoms and what the match cost.

    Raises
    ------
    InputError
        If nothing matches within the limits (the message tells the best mismatch), or
        a number is out of range.

    Notes
    -----
    With the in-plane supercells M (metal) and S (electrolyte) as rows, ``M F = S``;
    the singular values of F are 1 + e1 and 1 + e2. Cell height:
    ``t_electrolyte + t_metal + 2 gap`` or ``t_electrolyte + gap + t_metal + vacuum``.

    ================  ================================================
    symbol            variable
    ================  ================================================
    e1, e2            ``principal_strains_metal_percent`` / 100
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
    _check(gap_A, vacuum_A, match)
    bottom = build_slab(
        electrolyte, miller=electrolyte_miller, layers=electrolyte_layers
    )
    top = build_slab(metal, miller=metal_miller, layers=metal_layers)
    candidates = lattice_matches(
        top.atoms.cell[:2, :2],
        bottom.atoms.cell[:2, :2],
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
    atoms = _assemble(bottom, top, chosen, gap_A, vacuum_A)
    side = atoms.arrays["side"]
    return Interface(
        atoms=atoms,
        n_atoms=len(atoms),
        mismatch_percent=chosen.mismatch_percent,
        strain_metal_percent=chosen.mismatch_percent,
        strain_electrolyte_percent=0.0,
        principal_strains_metal_percent=(
            100 * chosen.principal_strains[0],
            100 * chosen.principal_strains[1],
        ),
        area_A2=chosen.area_A2,
        gap_A=gap_A,
        vacuum_A=vacuum_A,
        thickness_metal_A=slab_thickness(atoms[side == METAL]),
        thickness_electrolyte_A=slab_thickness(atoms[side == ELECTROLYTE]),
        metal_layers=metal_layers,
        electrolyte_layers=electrolyte_layers,
        metal_miller=metal_miller,
        electrolyte_miller=electrolyte_miller,
        match=chosen,
        candidates=candidates,
    )


def build_metal_free_control(interface: Interface) -> Atoms:
    """Electrolyte slab of an interface in the same cell, the metal taken out.

    What the electrolyte does in the same cell, at the same temperature and for the
    same time without lithium is the control of every dissolution result.

    Parameters
    ----------
    interface
        Interface as built.

    Returns
    -------
    Atoms
        Electrolyte atoms, unmoved, with vacuum where the metal was.

    Examples
    --------
    >>> from structures.prototypes import build_prototype
    >>> interface = build_interface(
    ...     build_prototype("Li2ZrCl6"), build_prototype("Li-fcc"), electrolyte_layers=1
    ... )
    >>> build_metal_free_control(interface).get_chemical_formula(mode="metal")
    'Li6Zr3Cl18'

    """
    return interface.atoms[interface.atoms.arrays["side"] == ELECTROLYTE]


def _check(gap_A: float, vacuum_A: float | None, match: int) -> None:
    """Refuse numbers that make no interface."""
    if not gap_A > 0:
        raise InputError(
            f"gap_A must be positive; got {gap_A!r}. Give 2 to 3 Å for Li on chlorine."
        )
    if vacuum_A is not None and not vacuum_A > 0:
        raise InputError(
            f"vacuum_A must be positive or None; got {vacuum_A!r}. "
            "None makes the second contact."
        )
    if match < 0:
        raise InputError(
            f"match must not be negative; got {match!r}. 0 is the smallest."
        )


def _assemble(
    bottom: Slab, top: Slab, match: LatticeMatch, gap_A: float, vacuum_A: float | None
) -> Atoms:
    """Stack the two supercells in the standard orientation."""
    plane = np.array(match.electrolyte_supercell) @ bottom.atoms.cell[:2, :2]
    lengths = np.linalg.norm(plane, axis=1)
    cosine = plane[0] @ plane[1] / lengths.prod()
    standard = np.array(
        [
            [lengths[0], 0.0],
            [lengths[1] * cosine, lengths[1] * np.sqrt(1 - cosine**2)],
        ]
    )
    closing = gap_A if vacuum_A is None else vacuum_A
    start = closing / 2
    above = start + bottom.thickness_A + gap_A
    height = above + top.thickness_A + closing / 2
    cell = np.zeros((3, 3))
    cell[:2, :2] = standard
    cell[2, 2] = height
    parts = [
        _supercell(bottom, match.electrolyte_supercell, cell, start, ELECTROLYTE),
        _supercell(top, match.metal_supercell, cell, above, METAL),
    ]
    return parts[0] + parts[1]


def _supercell(
    slab: Slab,
    transform: tuple[tuple[int, int], tuple[int, int]],
    cell: np.ndarray,
    z_start: float,
    side: int,
) -> Atoms:
    """Slab repeated to a supercell and mapped onto the common cell.

    Fractional in-plane coordinates are kept (that is the strain), heights too.
    """
    matrix = np.array(transform)
    n_cells = round(abs(float(np.linalg.det(matrix))))
    plane = slab.atoms.cell[:2, :2]
    inverse = np.linalg.inv(matrix @ plane)
    shifts = _shifts_inside(matrix, n_cells)
    lateral = slab.atoms.positions[:, :2]
    points = (shifts @ plane)[:, None, :] + lateral[None, :, :]
    fractions = (points.reshape(-1, 2) @ inverse + SNAP) % 1.0 - SNAP
    order = np.lexsort(
        (np.arange(len(fractions)), np.tile(slab.atoms.arrays["layer"], n_cells))
    )
    heights = np.tile(slab.atoms.positions[:, 2], n_cells)
    xyz = np.column_stack([fractions @ cell[:2, :2], heights + z_start])
    atoms = Atoms(
        np.tile(slab.atoms.numbers, n_cells)[order],
        positions=xyz[order],
        cell=cell,
        pbc=True,
    )
    atoms.set_array("layer", np.tile(slab.atoms.arrays["layer"], n_cells)[order])
    atoms.set_array("side", np.full(len(atoms), side))
    return atoms


def _shifts_inside(matrix: np.ndarray, n_cells: int) -> np.ndarray:
    """Lattice points of the unit lattice inside a supercell, integers (n_cells, 2)."""
    reach = int(np.abs(matrix).sum())
    grid = np.arange(-reach, reach + 1)
    points = np.array(np.meshgrid(grid, grid, indexing="ij")).reshape(2, -1).T
    inside = points @ np.linalg.inv(matrix)
    half_open = np.all((inside + SNAP >= 0) & (inside + SNAP < 1), axis=1)
    inside = inside[half_open]
    shifts: np.ndarray = np.round(inside @ matrix).astype(int)
    if len(shifts) != n_cells:
        raise InputError(
            f"match must be an integer supercell; got {matrix.tolist()!r}. "
            "Use a match that lattice_matches returned."
        )
    return shifts
