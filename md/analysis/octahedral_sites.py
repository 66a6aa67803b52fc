"""Octahedral sites between anions, in the layers of cations and between them."""

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from md.analysis.pairs import complete_cell, neighbour_pairs
from training_data.errors import InputError

IN_LAYER, BETWEEN_LAYERS = "A", "B"
_DIAGONAL_A = (4.3, 6.2)
_RADIUS_A = 3.4
_SAME_A = 0.9
_LAYER_GAP_A = 2.0
_SPREAD = 1.5
_CORNERS = 6


@dataclass(frozen=True, kw_only=True)
class OctahedralSites:
    """Sites that move with their six anions.

    Parameters
    ----------
    anions
        Indices of all anions.
    corners, images
        (s, 6) atoms at the corners, and (s, 6, 3) lattice vectors to add to them.
    kinds
        ``"A"`` in a layer of cations, ``"B"`` between two.
    depths
        (s,) number of the layer from below; k + ½ between k and k + 1.
    sizes_A
        (s,) largest distance of a corner from the centre, Å.

    """

    anions: NDArray[np.int64]
    corners: NDArray[np.int64]
    images: NDArray[np.int64]
    kinds: tuple[str, ...]
    depths: NDArray[np.float64]
    sizes_A: NDArray[np.float64]

    def centres(
        self, positions: NDArray[np.float64], cell: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """(s, 3) centres, Å, and (s,) whether the octahedra are still whole.

        Parameters
        ----------
        positions
            (n, 3) unwrapped, Å.
        cell
            (3, 3) Å.

        """
        corners = positions[self.corners] + self.images.astype(float) @ cell
        centres = corners.mean(axis=1)
        far = np.linalg.norm(corners - centres[:, None], axis=2).max(axis=1)
        return centres, far <= _SPREAD * self.sizes_A


def octahedral_sites(
    atoms: Atoms, *, cation: str = "Zr", anion: str = "Cl"
) -> OctahedralSites:
    """Octahedral sites of a layered halide that hold no cation.

    Parameters
    ----------
    atoms
        The halide, alone or beside a metal; layers in the plane of a and b.
    cation, anion
        Chemical symbols.

    Returns
    -------
    OctahedralSites
        Held by an ion or not.

    Raises
    ------
    InputError
        If there is no octahedron, or no cation.

    Notes
    -----
    The centre of an octahedron is the middle of its three diagonals. All middles of
    pairs of anions 4.3–6.2 Å apart that have six anions within 3.4 Å, none of them
    within 1.9 Å, are candidates; six corners make one site. Layers are groups of
    cations that are less than 2 Å apart in height; a site belongs to one (kind A) when
    it is nearer to its mean height than a quarter of the distance of layers.

    """
    symbols = np.asarray(atoms.get_chemical_symbols())
    anions, cations = (
        np.flatnonzero(symbols == anion),
        np.flatnonzero(symbols == cation),
    )
    if not len(cations) or not len(anions):
        raise InputError(
            f"atoms must hold {cation} and {anion}; got {atoms.symbols}. "
            "Name its cation and its anion."
        )
    cell, pbc = atoms.cell.array, np.asarray(atoms.pbc)
    corners, images = _octahedra(atoms.positions[anions], cell, pbc)
    if not len(corners):
        raise InputError(
            f"atoms must hold octahedra of {anion}; got none among {len(anions)}. "
            "Give the structure at rest."
        )
    corner_positions = atoms.positions[anions[corners]] + images.astype(float) @ cell
    centres = corner_positions.mean(axis=1)
    sizes = np.linalg.norm(corner_positions - centres[:, None], axis=2).max(axis=1)
    filled = neighbour_pairs(
        centres, atoms.positions[cations], cell, pbc, cutoff_A=1.2
    ).first
    free = ~np.isin(np.arange(len(centres)), filled)
    kinds, depths = _layers(
        centres[free], atoms.positions[cations], complete_cell(cell), periodic=pbc[2]
    )
    return OctahedralSites(
        anions=anions,
        corners=anions[corners[free]],
        images=images[free],
        kinds=kinds,
        depths=depths,
        sizes_A=sizes[free],
    )


def _octahedra(
    at: NDArray[np.float64], cell: NDArray[np.float64], pbc: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(s, 6) corners and (s, 6, 3) images, every octahedron of the cell once."""
    pairs = neighbour_pairs(at, at, cell, pbc, cutoff_A=_DIAGONAL_A[1])
    wide = pairs.distances >= _DIAGONAL_A[0]
    ends = at[pairs.second[wide]] + pairs.images[wide].astype(float) @ cell
    middles = (at[pairs.first[wide]] + ends) / 2
    near = neighbour_pairs(middles, at, cell, pbc, cutoff_A=_RADIUS_A)
    number = np.bincount(near.first, minlength=len(middles))
    closest = np.full(len(middles), np.inf)
    np.minimum.at(closest, near.first, near.distances)
    good = np.flatnonzero((number == _CORNERS) & (closest > _SAME_A + 1))
    order = np.lexsort((near.second, near.first))
    starts = np.searchsorted(near.first[order], good)
    rows = order[starts[:, None] + np.arange(_CORNERS)] if len(good) else order[:0]
    found: dict[tuple[int, ...], NDArray[np.int64]] = {}
    for row in rows:
        corner, image = near.second[row], near.images[row]
        # The same octahedron in another cell has the same differences of images.
        by = np.lexsort((*image.T, corner))
        corner, image = corner[by], image[by] - image[by][0]
        found.setdefault((*corner.tolist(), *image.ravel().tolist()), row[by])
    kept = np.array(list(found.values()), dtype=np.int64).reshape(-1, _CORNERS)
    return near.second[kept], near.images[kept]


def _layers(
    centres: NDArray[np.float64],
    cations: NDArray[np.float64],
    box: NDArray[np.float64],
    *,
    periodic: bool,
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    normal = np.cross(box[0], box[1])
    normal = normal / np.linalg.norm(normal)
    period = float(box[2] @ normal)
    heights = np.sort(cations @ normal % period if periodic else cations @ normal)
    if periodic:  # begin after the widest gap, so that no layer is cut
        gaps = np.diff(np.append(heights, heights[0] + period))
        begin = (int(np.argmax(gaps)) + 1) % len(heights)
        heights = (heights - heights[begin]) % period + heights[begin]
        heights = np.sort(heights)
    groups = np.split(heights, np.flatnonzero(np.diff(heights) > _LAYER_GAP_A) + 1)
    layers = np.array([group.mean() for group in groups])
    spacing = float(np.diff(layers).min()) if len(layers) > 1 else period
    own = centres @ normal
    if periodic:
        low = layers[0] - spacing / 2
        own = (own - low) % period + low
    nearest = np.abs(own[:, None] - layers).argmin(axis=1)
    within = np.abs(own - layers[nearest]) <= spacing / 4
    above = np.searchsorted(layers, own) - 0.5
    depths = np.where(within, nearest, above)
    return tuple(np.where(within, IN_LAYER, BETWEEN_LAYERS).tolist()), depths
