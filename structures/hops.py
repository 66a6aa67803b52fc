"""Hops between sites of a crystal, told apart by its symmetry."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from structures.percolation import percolation
from structures.periodicity import require_periodic
from structures.space_group import SYMMETRY_TOLERANCE_A, symmetry_operations
from training_data.errors import InputError

MISFIT_A = 0.1
WIDEST_A = 8.0
MARGIN = 1.05
THROUGH_A = 0.8
SAME_A = 0.02

Edge = tuple[int, int, int, int, int]


@dataclass(frozen=True, kw_only=True)
class Hop:
    """A hop from one site to a neighbouring one, and all hops like it.

    Parameters
    ----------
    start, end
        Indices of the two sites.
    image
        Cell of the second site as seen from the first.
    distance_A
        Straight distance [Å].
    vector_A
        From the first to the second site [Å], shape (3,).
    equivalents
        Every hop of the cell that a symmetry operation makes of this one, forwards
        (``reverse`` False) or backwards: (start, end, image, reverse); this one is
        the first.

    """

    start: int
    end: int
    image: tuple[int, int, int]
    distance_A: float
    vector_A: NDArray[np.float64]
    equivalents: tuple[tuple[int, int, tuple[int, int, int], bool], ...]

    @property
    def multiplicity(self) -> int:
        """Number of such hops in the cell, each counted once for both directions."""
        return len(self.equivalents)

    def to_json(self) -> dict[str, Any]:
        """Plain types, without the equivalent hops."""
        return {
            "from_index": self.start,
            "to_index": self.end,
            "image": list(self.image),
            "distance_A": self.distance_A,
            "multiplicity": self.multiplicity,
        }


def distinct_hops(
    atoms: Atoms,
    scaled_sites: NDArray[np.float64],
    *,
    cutoff_A: float | None = None,
    tolerance_A: float = SYMMETRY_TOLERANCE_A,
) -> tuple[Hop, ...]:
    """Symmetry-distinct hops between given sites.

    Parameters
    ----------
    atoms
        Crystal whose symmetry counts.
    scaled_sites
        Fractional coordinates of the sites, shape (n_sites, 3): those of its atoms of
        one species (vacancy hops), or empty places (interstitial hops). Whole orbits.
    cutoff_A
        Longest hop [Å]; by default 5 % longer than the hop with which the network
        first leads through the crystal in all directions in which any hop of up to
        8 Å does.
    tolerance_A
        Distance within which spglib takes sites for equivalent [Å].

    Returns
    -------
    tuple of Hop
        Shortest first. Hops that pass another site within 0.8 Å are left out: they
        are two hops.

    Raises
    ------
    InputError
        If the structure is no crystal, there are no sites, or no two are within the
        cutoff.

    Examples
    --------
    In an fcc crystal all hops to nearest neighbours are one; an atom has twelve, each
    shared by two.

    >>> from ase.build import bulk
    >>> copper = bulk("Cu", a=3.6)
    >>> (hop,) = distinct_hops(copper, copper.get_scaled_positions())
    >>> round(hop.distance_A, 3), hop.multiplicity
    (2.546, 6)

    """
    require_periodic(atoms)
    sites = np.asarray(scaled_sites, dtype=float)
    if sites.ndim != 2 or not len(sites):  # noqa: PLR2004 (sites and coordinates)
        raise InputError(
            "scaled_sites must hold at least one site; got none. Name a species that "
            "the structure has, or give positions."
        )
    if cutoff_A is not None and not cutoff_A > 0:
        raise InputError(
            f"cutoff_A must be positive; got {cutoff_A!r}. Give e.g. 4, or leave it."
        )
    edges, lengths = _edges(atoms, sites, cutoff_A or WIDEST_A)
    if not edges:
        raise InputError(
            f"cutoff_A must reach the next site; got {cutoff_A or WIDEST_A:g} Å with "
            "no two sites within it. Give a longer one."
        )
    if cutoff_A is None:
        reach = _percolating_length(len(sites), edges, lengths)
        near = lengths <= MARGIN * reach
        edges = [edge for edge, kept in zip(edges, near, strict=True) if kept]
        lengths = lengths[near]
    maps = _site_maps(atoms, sites, tolerance_A)
    hops = []
    left = dict(zip(edges, lengths.tolist(), strict=True))
    while left:
        edge = next(iter(left))
        length = left[edge]
        images = _images(edge, maps)
        for image in images:
            left.pop(image, None)
        hops.append(_hop(atoms, sites, edge, length, images))
    return tuple(sorted(hops, key=lambda hop: (round(hop.distance_A, 3), hop.start)))


def _edges(
    atoms: Atoms, sites: NDArray[np.float64], cutoff: float
) -> tuple[list[Edge], NDArray[np.float64]]:
    """Hops within the cutoff, each once for both directions, shortest first."""
    cell = atoms.cell.array
    heights = 1 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    spread = np.ptp(sites, axis=0)
    counts = [
        int(np.ceil(cutoff / h + s)) for h, s in zip(heights, spread, strict=True)
    ]
    grid = np.stack(
        np.meshgrid(*[np.arange(-n, n + 1) for n in counts], indexing="ij"), axis=-1
    ).reshape(-1, 3)
    ghosts = (sites[None] + grid[:, None]).reshape(-1, 3) @ cell
    tree = cKDTree(ghosts)
    origin = sites @ cell
    found: dict[Edge, float] = {}
    for start, near in enumerate(tree.query_ball_point(origin, cutoff)):
        for ghost in near:
            image, end = grid[ghost // len(sites)], ghost % len(sites)
            vector = ghosts[ghost] - origin[start]
            length = float(np.linalg.norm(vector))
            if length < SAME_A or _passes_a_site(tree, origin[start], vector, length):
                continue
            edge = (start, end, int(image[0]), int(image[1]), int(image[2]))
            if _reversed(edge) not in found:
                found[edge] = length
    ordered = sorted(found.items(), key=lambda item: (round(item[1], 4), item[0]))
    return [edge for edge, _ in ordered], np.array([length for _, length in ordered])


def _passes_a_site(
    tree: cKDTree,
    start: NDArray[np.float64],
    vector: NDArray[np.float64],
    length: float,
) -> bool:
    """Whether a third site lies within 0.8 Å of the straight way, between its ends."""
    middle = start + vector / 2
    near = tree.data[tree.query_ball_point(middle, length / 2 + SAME_A)] - start
    along = near @ vector / length
    across = np.linalg.norm(near - along[:, None] * vector / length, axis=1)
    between = (along > SAME_A) & (along < length - SAME_A)
    return bool((between & (across < THROUGH_A)).any())


def _percolating_length(
    n_sites: int, edges: list[Edge], lengths: NDArray[np.float64]
) -> float:
    """Length at which the network leads through in as many directions as it can."""
    hops = [(i, j, (a, b, c)) for i, j, a, b, c in edges]
    found = percolation(np.zeros(n_sites), hops, lengths)
    reached = [b for b in found.dimension_barriers_eV if b is not None]
    return max(reached, default=float(lengths[0]))


def _site_maps(
    atoms: Atoms, sites: NDArray[np.float64], tolerance: float
) -> list[tuple[NDArray[np.int64], NDArray[np.int_], NDArray[np.int_]]]:
    """Where each operation takes each site: rotation, site, and cell of its image."""
    operations = symmetry_operations(
        atoms.cell.array,
        atoms.get_scaled_positions(),
        atoms.numbers,
        tolerance_A=tolerance,
    )
    cell = atoms.cell.array
    maps = []
    for rotation, shift in zip(*operations, strict=True):
        moved = sites @ rotation.T + shift
        apart = moved[:, None] - sites[None]
        rest = apart - np.round(apart)
        target = np.linalg.norm(rest @ cell, axis=2).argmin(axis=1)
        rows = np.arange(len(sites))
        misfit = np.linalg.norm(rest[rows, target] @ cell, axis=1).max()
        if misfit < MISFIT_A and len(np.unique(target)) == len(sites):
            cells = np.round(apart[rows, target]).astype(int)
            maps.append((np.asarray(rotation, dtype=np.int64), target, cells))
    identity = (
        np.eye(3, dtype=np.int64),
        np.arange(len(sites)),
        np.zeros_like(sites, int),
    )
    return maps or [identity]


def _images(
    edge: Edge,
    maps: list[tuple[NDArray[np.int64], NDArray[np.int_], NDArray[np.int_]]],
) -> dict[Edge, bool]:
    """All images of a hop, both ways around, with whether it is turned around."""
    found: dict[Edge, bool] = {}
    start, end, *cell = edge
    for rotation, target, cells in maps:
        image = rotation @ np.array(cell) + cells[end] - cells[start]
        moved = (
            int(target[start]), int(target[end]),
            int(image[0]), int(image[1]), int(image[2]),
        )  # fmt: skip
        found.setdefault(moved, False)
    for moved in list(found):
        found.setdefault(_reversed(moved), True)
    return found


def _hop(
    atoms: Atoms,
    sites: NDArray[np.float64],
    edge: Edge,
    length: float,
    images: dict[Edge, bool],
) -> Hop:
    once: dict[Edge, bool] = {edge: False}
    for image, turned in images.items():
        if image not in once and _reversed(image) not in once:
            once[image] = turned
    start, end, *cell = edge
    vector = (sites[end] + np.array(cell) - sites[start]) @ atoms.cell.array
    return Hop(
        start=start,
        end=end,
        image=(edge[2], edge[3], edge[4]),
        distance_A=length,
        vector_A=vector,
        equivalents=tuple(
            (i, j, (a, b, c), turned) for (i, j, a, b, c), turned in once.items()
        ),
    )


def _reversed(edge: Edge) -> Edge:
    start, end, a, b, c = edge
    return end, start, -a, -b, -c
