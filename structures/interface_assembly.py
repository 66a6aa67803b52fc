"""Two slabs strained onto one cell and stacked."""

from typing import NamedTuple

import numpy as np
from ase import Atoms

from structures.lattice_match import LatticeMatch
from structures.shared_strain import common_plane
from structures.site_labels import label_sites, site_labels
from structures.slabs import Slab
from training_data.errors import InputError

METAL, ELECTROLYTE = 0, 1
SNAP = 1e-9  # fractional coordinates this close below 1 are 0


class Stacking(NamedTuple):
    """How two slabs are put together."""

    gap_A: float
    vacuum_A: float | None
    metal_share: float  # of the strain: 1 metal, 0 electrolyte
    shift: tuple[float, float]  # of the metal, fractions of the common cell


def supercells(
    bottom: Slab, top: Slab, match: LatticeMatch
) -> tuple[np.ndarray, np.ndarray]:
    """Unstrained in-plane supercells of metal and electrolyte, (2, 2) each [Å]."""
    return (
        np.array(match.metal_supercell) @ top.atoms.cell[:2, :2],
        np.array(match.electrolyte_supercell) @ bottom.atoms.cell[:2, :2],
    )


def assemble(
    bottom: Slab, top: Slab, match: LatticeMatch, *, stacking: Stacking
) -> Atoms:
    """Stack the two supercells in the standard orientation.

    Parameters
    ----------
    bottom, top
        Electrolyte and metal.
    match
        Which supercells coincide.
    stacking
        Gap, vacuum, share of the strain and shift.

    Returns
    -------
    Atoms
        Electrolyte first, then metal; labels ``side``, ``layer`` and ``site``.

    """
    metal, electrolyte = supercells(bottom, top, match)
    plane = common_plane(metal, electrolyte, metal_share=stacking.metal_share)
    lengths = np.linalg.norm(plane, axis=1)
    cosine = plane[0] @ plane[1] / lengths.prod()
    standard = np.array(
        [
            [lengths[0], 0.0],
            [lengths[1] * cosine, lengths[1] * np.sqrt(1 - cosine**2)],
        ]
    )
    gap_A = stacking.gap_A
    closing = gap_A if stacking.vacuum_A is None else stacking.vacuum_A
    start = closing / 2
    above = start + bottom.thickness_A + gap_A
    height = above + top.thickness_A + closing / 2
    cell = np.zeros((3, 3))
    cell[:2, :2] = standard
    cell[2, 2] = height
    parts = [
        _supercell(bottom, match.electrolyte_supercell, cell, start, (0.0, 0.0)),
        _supercell(top, match.metal_supercell, cell, above, stacking.shift),
    ]
    for part, side in zip(parts, (ELECTROLYTE, METAL), strict=True):
        part.set_array("side", np.full(len(part), side))
    names = [name for part in parts for name in site_labels(part)]
    joined = parts[0] + parts[1]
    return label_sites(joined, names)


def _supercell(
    slab: Slab,
    transform: tuple[tuple[int, int], tuple[int, int]],
    cell: np.ndarray,
    z_start: float,
    shift: tuple[float, float],
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
    fractions = points.reshape(-1, 2) @ inverse
    if any(shift):
        fractions += shift
    fractions = (fractions + SNAP) % 1.0 - SNAP
    layers = np.tile(slab.atoms.arrays["layer"], n_cells)
    order = np.lexsort((np.arange(len(fractions)), layers))
    heights = np.tile(slab.atoms.positions[:, 2], n_cells)
    xyz = np.column_stack([fractions @ cell[:2, :2], heights + z_start])
    atoms = Atoms(
        np.tile(slab.atoms.numbers, n_cells)[order],
        positions=xyz[order],
        cell=cell,
        pbc=True,
    )
    atoms.set_array("layer", layers[order])
    atoms.set_array("site", np.tile(slab.atoms.arrays["site"], n_cells)[order])
    atoms.info["site_names"] = list(slab.atoms.info["site_names"])
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
