"""Octahedral and tetrahedral holes between the anions of a periodic crystal."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Delaunay, cKDTree

from structures.periodicity import require_finite
from training_data.errors import InputError

SHAPES = {4: "tetrahedral", 6: "octahedral"}
_PAD_A = 8.0
_SAME_A = 1.2
_SHELL = 1.35
_LEAST_ANIONS = 4


@dataclass(frozen=True, kw_only=True)
class AnionHoles:
    """Holes between anions.

    Parameters
    ----------
    fractional
        (n, 3) positions in the cell, each in [0, 1).
    n_anions
        (n,) anions around each: 4 or 6.
    radii_A
        (n,) mean distance to them, Å.

    """

    fractional: NDArray[np.float64]
    n_anions: NDArray[np.int64]
    radii_A: NDArray[np.float64]


def anion_holes(
    atoms: Atoms,
    *,
    anions: Sequence[str] = ("Cl",),
    n_anions: Sequence[int] = (6,),
    nearest_A: float = 1.7,
) -> AnionHoles:
    """Holes with four or six anions around them, whatever sits in them.

    Parameters
    ----------
    atoms
        Crystal or slab with three lattice vectors; cations do not matter.
    anions
        Species of the anions.
    n_anions
        Which holes: 6 octahedral, 4 tetrahedral.
    nearest_A
        A hole is at least so far from every anion, Å.

    Returns
    -------
    AnionHoles
        Sorted by height along the third lattice vector.

    Raises
    ------
    InputError
        If there are fewer than four such anions, or a number other than 4 and 6.

    Notes
    -----
    Centres of the circumscribed spheres of the Delaunay tetrahedra of the anions and
    their periodic images, the vertices of the Voronoi cells; those closer than 1.2 Å
    are one hole (an octahedron is cut into four tetrahedra with one centre), placed
    at the centroid of its anions. Anions within 1.35 of the shortest distance are
    counted. Holes at a surface have fewer than six and are left out.

    Examples
    --------
    >>> from ase.build import bulk
    >>> salt = bulk("LiCl", "rocksalt", a=5.13, cubic=True)
    >>> [len(anion_holes(salt, n_anions=(n,)).radii_A) for n in (6, 4)]
    [4, 8]

    """
    require_finite(atoms)
    if not set(n_anions) <= set(SHAPES) or not n_anions:
        raise InputError(
            f"n_anions must be 4, 6 or both; got {tuple(n_anions)!r}. Other holes are "
            "not looked for."
        )
    symbols = np.asarray(atoms.get_chemical_symbols())
    chosen = np.isin(symbols, list(anions))
    if chosen.sum() < _LEAST_ANIONS or abs(np.linalg.det(atoms.cell[:])) == 0:
        raise InputError(
            f"anions must be species of a crystal with four of them or more; got "
            f"{tuple(anions)!r} in {atoms.symbols!s}. Name its anions."
        )
    cell = np.asarray(atoms.cell[:], dtype=float)
    images = _images(atoms.get_scaled_positions(wrap=True)[chosen], cell)
    tree = cKDTree(images)
    centres = _circumcentres(images, Delaunay(images).simplices)
    inside = centres @ np.linalg.inv(cell)
    inside = inside[np.all((inside > -0.5) & (inside < 1.5), axis=1)]  # noqa: PLR2004
    near = tree.query(inside @ cell, k=1)[0]
    inside = inside[(near >= nearest_A) & (near < _PAD_A / 2)]
    merged = _merged(inside, cell)
    fractional, numbers, radii = [], [], []
    for place in merged @ cell:
        centre = place
        for _ in range(3):
            distances, members = tree.query(centre, k=8)
            shell = members[distances <= _SHELL * distances[0]]
            centre = images[shell].mean(axis=0)
        distances, _ = tree.query(centre, k=8)
        within = distances[distances <= _SHELL * distances[0]]
        if len(within) in n_anions and within[0] >= nearest_A:
            fractional.append(centre @ np.linalg.inv(cell))
            numbers.append(len(within))
            radii.append(float(within.mean()))
    if not fractional:
        return AnionHoles(
            fractional=np.empty((0, 3)),
            n_anions=np.empty(0, dtype=np.int64),
            radii_A=np.empty(0),
        )
    places = np.array(fractional) % 1.0
    places[places > 1 - 1e-9] = 0.0
    kept = _first_of_each(places, cell)
    kept = kept[np.lexsort(np.round(places[kept], 3).T)]
    return AnionHoles(
        fractional=places[kept],
        n_anions=np.array(numbers)[kept],
        radii_A=np.array(radii)[kept],
    )


def _images(
    fractional: NDArray[np.float64], cell: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Atoms and their images, well beyond the cell on every side, Å."""
    heights = 1.0 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    margin = _PAD_A / heights + 0.5
    counts = np.ceil(margin).astype(int)
    ranges = [np.arange(-n, n + 1) for n in counts]
    shifts = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3)
    every = (fractional[:, None] + shifts).reshape(-1, 3)
    near = np.all((every > -margin) & (every < 1 + margin), axis=1)
    return np.asarray(every[near] @ cell, dtype=float)


def _circumcentres(
    points: NDArray[np.float64], tetrahedra: NDArray[np.int64]
) -> NDArray[np.float64]:
    corner = points[tetrahedra]
    edges = corner[:, 1:] - corner[:, :1]
    sizes = np.linalg.norm(edges, axis=2).prod(axis=1)
    solid = np.abs(np.linalg.det(edges)) > 1e-3 * sizes  # flat ones have no centre
    edges, corner = edges[solid], corner[solid]
    halves = (edges**2).sum(axis=2, keepdims=True) / 2
    return np.asarray(corner[:, 0] + np.linalg.solve(edges, halves)[:, :, 0])


def _merged(
    fractional: NDArray[np.float64], cell: NDArray[np.float64]
) -> NDArray[np.float64]:
    """One place for centres that are close, links from centre to centre."""
    places = fractional @ cell
    pairs = cKDTree(places).query_pairs(_SAME_A / 2, output_type="ndarray")
    n = len(places)
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    n_groups, group = connected_components(links, directed=False)
    sums = np.zeros((n_groups, 3))
    np.add.at(sums, group, fractional)
    means = sums / np.bincount(group, minlength=n_groups)[:, None]
    margin = 0.05
    return np.asarray(means[np.all((means > -margin) & (means < 1 + margin), axis=1)])


def _first_of_each(
    fractional: NDArray[np.float64], cell: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Select indices without periodic duplicates."""
    kept: list[int] = []
    for index, place in enumerate(fractional):
        apart = fractional[kept] - place
        apart -= np.rint(apart)
        if not kept or np.linalg.norm(apart @ cell, axis=1).min() > _SAME_A:
            kept.append(index)
    return np.array(kept, dtype=np.int64)
