"""Lowest level at which a periodic map lets something through, and the way it takes."""

from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

Mask = NDArray[np.bool_]


class Threshold(NamedTuple):
    """Saddle of a map: level, where it is, and the voxels open at that level."""

    level: float
    saddle: tuple[int, int, int]
    network: Mask


def percolating(mask: Mask, axis: int) -> Mask:
    """Voxels of a periodic mask that belong to a way through along an axis.

    Parameters
    ----------
    mask
        Open voxels; neighbours share a face.
    axis
        Lattice direction.

    Notes
    -----
    Pieces of the open cell are joined over its faces. A walk over the joined pieces
    keeps the lattice translation to each; a piece that is met again with another
    translation is connected to its own image, and the difference says along which
    axes (Newman and Ziff).

    References
    ----------
    Newman, Ziff, Phys. Rev. E 64, 016706 (2001), doi:10.1103/PhysRevE.64.016706

    Examples
    --------
    >>> mask = np.zeros((3, 3, 3), dtype=bool)
    >>> mask[:, 1, 1] = True
    >>> [bool(percolating(mask, axis).any()) for axis in range(3)]
    [True, False, False]

    """
    labels, n_pieces = ndimage.label(mask)
    if not n_pieces:
        return np.zeros_like(mask)
    links: list[list[tuple[int, int, int]]] = [[] for _ in range(n_pieces + 1)]
    for along in range(3):
        first, last = np.take(labels, 0, axis=along), np.take(labels, -1, axis=along)
        both = (first > 0) & (last > 0)
        pairs = np.unique(np.stack([last[both], first[both]]), axis=1)
        for one, other in pairs.T.tolist():
            links[one].append((other, along, 1))
            links[other].append((one, along, -1))
    through = np.zeros(n_pieces + 1, dtype=bool)
    offset: dict[int, tuple[int, ...]] = {}
    for seed in range(1, n_pieces + 1):
        if seed in offset:
            continue
        offset[seed] = (0, 0, 0)
        members, winds = [seed], False
        queue = deque(members)
        while queue:
            piece = queue.popleft()
            for other, along, step in links[piece]:
                reached = list(offset[piece])
                reached[along] += step
                if other not in offset:
                    offset[other] = tuple(reached)
                    members.append(other)
                    queue.append(other)
                elif offset[other][axis] != reached[axis]:
                    winds = True
        through[members] = winds
    found: Mask = through[labels]
    return found


def percolation_threshold(values: NDArray[np.float64], axis: int) -> Threshold | None:
    """Lowest level whose voxels at or below it lead through along an axis.

    Parameters
    ----------
    values
        (i, j, k) periodic map, such as a free energy; infinite where closed.
    axis
        Lattice direction.

    Returns
    -------
    Threshold or None
        None where no way leads through.

    Notes
    -----
    The level is min over ways of max over voxels of a way: bisection over the values
    that occur, which is exact.

    Examples
    --------
    >>> values = np.full((4, 4, 4), 9.0)
    >>> values[:, 0, 0] = [0.0, 1.0, 5.0, 1.0]
    >>> percolation_threshold(values, 0)[:2]
    (5.0, (2, 0, 0))

    """
    levels = np.unique(values[np.isfinite(values)])
    if not len(levels) or not percolating(np.isfinite(values), axis).any():
        return None
    low, high = 0, len(levels) - 1
    while low < high:
        middle = (low + high) // 2
        if percolating(values <= levels[middle], axis).any():
            high = middle
        else:
            low = middle + 1
    level = float(levels[low])
    network = percolating(values <= level, axis)
    at = np.argwhere(network & (values == level))[0]
    return Threshold(level, (int(at[0]), int(at[1]), int(at[2])), network)


def easiest_way(
    values: NDArray[np.float64],
    threshold: Threshold,
    *,
    axis: int,
    cell: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Way through along an axis from the saddle to its own image.

    Parameters
    ----------
    values
        (i, j, k) periodic map in units of kT.
    threshold
        Its saddle.
    axis
        Lattice direction.
    cell
        (3, 3) lattice vectors (rows), Å.

    Returns
    -------
    numpy.ndarray
        (n, 3) voxels from saddle to image; the last may lie outside the cell. Empty
        for a way that comes back to itself only after more than three cells.

    Notes
    -----
    Of the ways below the level the one of least resistance is taken: the smallest
    sum of length times exp(F / kT).

    """
    shape = np.array(values.shape)
    index = np.full(values.shape, -1)
    voxels = np.argwhere(threshold.network)
    index[tuple(voxels.T)] = np.arange(len(voxels))
    resistance = np.exp(values[tuple(voxels.T)] - threshold.level)
    steps = np.linalg.norm(cell / shape[:, None], axis=1)
    saddle = int(index[threshold.saddle])
    for n_images in (1, 2, 3):
        copies = n_images + 3  # one more on either side, for ways that turn back
        rows, columns, costs = [], [], []
        for along in range(3):
            moved = voxels.copy()
            moved[:, along] += 1
            crosses = moved[:, along] == shape[along]
            moved[:, along] %= shape[along]
            other = index[tuple(moved.T)]
            valid = np.flatnonzero(other >= 0)
            cost = steps[along] * (resistance[valid] + resistance[other[valid]]) / 2
            jump = crosses[valid] & (along == axis)
            for copy in range(copies):
                into = copy + jump
                inside = into < copies
                rows.append(copy * len(voxels) + valid[inside])
                columns.append((into * len(voxels) + other[valid])[inside])
                costs.append(cost[inside])
        size = copies * len(voxels)
        graph = coo_array(
            (np.concatenate(costs), (np.concatenate(rows), np.concatenate(columns))),
            shape=(size, size),
        ).tocsr()
        source, target = len(voxels) + saddle, (1 + n_images) * len(voxels) + saddle
        distance, before = dijkstra(
            graph, directed=False, indices=source, return_predecessors=True
        )
        if np.isfinite(distance[target]):
            break
    else:
        return np.empty((0, 3), dtype=np.int64)
    nodes = [target]
    while nodes[-1] != source:
        nodes.append(int(before[nodes[-1]]))
    nodes.reverse()
    return _unwrapped(voxels[np.array(nodes) % len(voxels)], shape)


def _unwrapped(way: NDArray[np.int64], shape: NDArray[np.int64]) -> NDArray[np.int64]:
    """Way whose steps never jump over the cell."""
    steps = np.diff(way, axis=0)
    steps -= shape * np.rint(steps / shape).astype(np.int64)
    return np.concatenate([way[:1], way[:1] + np.cumsum(steps, axis=0)])
