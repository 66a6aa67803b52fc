"""Empty places of a crystal in which another ion could sit."""

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from numpy.typing import NDArray
from scipy.spatial import Voronoi, cKDTree

from structures.periodicity import require_periodic
from structures.space_group import SYMMETRY_TOLERANCE_A, symmetry_operations
from training_data.errors import InputError

REACH_A = 8.0
MERGE_A = 0.7
EDGE = 1e-6  # of a lattice vector


@dataclass(frozen=True, kw_only=True)
class Voids:
    """Empty places, largest first.

    Parameters
    ----------
    scaled_positions
        Fractional coordinates, shape (n, 3).
    radii_A
        Distance to the nearest atom [Å], shape (n,).
    orbits
        Number of the set of equivalent places that each belongs to, shape (n,).

    """

    scaled_positions: NDArray[np.float64]
    radii_A: NDArray[np.float64]
    orbits: NDArray[np.int_]


def find_voids(atoms: Atoms, *, smallest_A: float = 1.9, most_orbits: int = 4) -> Voids:
    """Corners of the Voronoi cells of all atoms, the centres of empty spheres.

    Parameters
    ----------
    atoms
        Crystal.
    smallest_A
        Smallest distance to the nearest atom [Å].
    most_orbits
        So many sets of equivalent places at most, the largest ones.

    Returns
    -------
    Voids
        Places at least 0.7 Å apart; where corners crowd, the largest sphere stays.

    Raises
    ------
    InputError
        If the structure is no crystal or has no such place.

    Examples
    --------
    The octahedral places of an fcc crystal are its largest voids, the tetrahedral ones
    follow.

    >>> from ase.build import bulk
    >>> voids = find_voids(bulk("Cu", a=4.0, cubic=True), smallest_A=1.5)
    >>> [int((voids.orbits == k).sum()) for k in (0, 1)]
    [4, 8]
    >>> voids.radii_A[[0, 4]].round(3).tolist()
    [2.0, 1.732]

    """
    require_periodic(atoms)
    cell = atoms.cell.array
    scaled = atoms.get_scaled_positions()
    heights = 1 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    counts = np.ceil(REACH_A / heights).astype(int)
    grid = np.stack(
        np.meshgrid(*[np.arange(-n, n + 1) for n in counts], indexing="ij"), axis=-1
    ).reshape(-1, 3)
    ghosts = (scaled[None] + grid[:, None]).reshape(-1, 3)
    near = ((ghosts > -REACH_A / heights) & (ghosts < 1 + REACH_A / heights)).all(
        axis=1
    )
    points = ghosts[near] @ cell
    corners = Voronoi(points).vertices
    places = corners @ np.linalg.inv(cell)
    inside = ((places > -EDGE) & (places < 1 - EDGE)).all(axis=1)
    radii, _ = cKDTree(points).query(corners[inside])
    large = radii >= smallest_A
    places, radii = places[inside][large], radii[large]
    if not len(radii):
        raise InputError(
            f"smallest_A must leave empty places; got {smallest_A:g} Å, beyond the "
            "largest void. Give a smaller one."
        )
    return _orbits(atoms, places, radii, most_orbits)


def _orbits(
    atoms: Atoms,
    places: NDArray[np.float64],
    radii: NDArray[np.float64],
    most: int,
) -> Voids:
    """Whole sets of equivalent places, the largest first, none too near another."""
    rotations, shifts = symmetry_operations(
        atoms.cell.array,
        atoms.get_scaled_positions(),
        atoms.numbers,
        tolerance_A=SYMMETRY_TOLERANCE_A,
    )
    kept: list[NDArray[np.float64]] = []
    sizes: list[float] = []
    orbits: list[int] = []
    number = 0
    for k in np.lexsort((*places.round(3).T, -radii.round(3))):
        if number == most:
            break
        images = _distinct(
            (rotations @ places[k] + shifts) % 1.0 % 1.0, atoms.cell.array, 1e-2
        )
        # An orbit whose members crowd lies around a place of higher symmetry.
        crowded = _distinct(images, atoms.cell.array, MERGE_A)
        if len(crowded) < len(images):
            continue
        if (
            kept
            and (_nearest(images, np.array(kept), atoms.cell.array) < MERGE_A).any()
        ):
            continue
        kept += list(images)
        sizes += [float(radii[k])] * len(images)
        orbits += [number] * len(images)
        number += 1
    return Voids(
        scaled_positions=np.array(kept).reshape(-1, 3),
        radii_A=np.array(sizes),
        orbits=np.array(orbits, dtype=int),
    )


def _nearest(
    places: NDArray[np.float64], others: NDArray[np.float64], cell: NDArray[np.float64]
) -> NDArray[np.float64]:
    apart = places[:, None] - others[None]
    apart -= np.round(apart)
    found: NDArray[np.float64] = np.linalg.norm(apart @ cell, axis=2).min(axis=1)
    return found


def _distinct(
    places: NDArray[np.float64], cell: NDArray[np.float64], tolerance: float
) -> NDArray[np.float64]:
    """Places without those that repeat an earlier one."""
    kept = places[:1]
    for place in places[1:]:
        if _nearest(place[None], kept, cell)[0] > tolerance:
            kept = np.vstack([kept, place])
    return kept
