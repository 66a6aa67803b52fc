"""Distances between two kinds of atoms, exact in skewed and in small cells."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from md.trajectory import Trajectory

_SKIN_A = 2.0
_LOOKAHEAD = 64


class Pairs(NamedTuple):
    """Pairs within a cutoff: (p,) first and second atom, (p, 3) image, (p,) Å."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    images: NDArray[np.int64]
    distances: NDArray[np.float64]


def neighbour_pairs(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    cell: NDArray[np.float64],
    pbc: NDArray[np.bool_],
    *,
    cutoff_A: float,
) -> Pairs:
    """All pairs within a cutoff, every periodic image counted.

    Parameters
    ----------
    first, second
        (n, 3), (m, 3) positions in Å, in the cell or not.
    cell, pbc
        (3, 3) Å and (3,); vectors along which it is not periodic may be zero.
    cutoff_A
        Largest distance, Å; may exceed the cell.

    Returns
    -------
    Pairs
        ``second[j] + image @ cell - first[i]`` is the vector of a pair.

    Notes
    -----
    Images of `second` that can lie within the cutoff of the cell are made explicit
    (along vector k, up to cutoff over the distance between lattice planes) and
    searched with a k-d tree: exact however skewed the cell is.

    Examples
    --------
    >>> origin = np.zeros((1, 3))
    >>> pairs = neighbour_pairs(
    ...     origin, origin, 3.0 * np.eye(3), np.array([True] * 3), cutoff_A=3.1
    ... )
    >>> len(pairs.distances)  # itself and six images
    7

    """
    box = complete_cell(cell)
    inverse = np.linalg.inv(box)
    shift_1 = np.floor(first @ inverse).astype(np.int64) * pbc
    shift_2 = np.floor(second @ inverse).astype(np.int64) * pbc
    fractional = second @ inverse - shift_2
    reach = cutoff_A * np.linalg.norm(inverse, axis=0)
    owner = np.arange(len(second))
    images = np.zeros((len(second), 3), dtype=np.int64)
    for axis in np.flatnonzero(pbc):
        counts = np.arange(-int(reach[axis]) - 1, int(reach[axis]) + 2)
        where = fractional[owner, axis][:, None] + counts
        rows, columns = np.nonzero((where >= -reach[axis]) & (where <= 1 + reach[axis]))
        owner, images = owner[rows], images[rows]
        images[:, axis] = counts[columns]
    ghosts = (fractional[owner] + images) @ box
    inside = first - shift_1 @ box
    near = cKDTree(inside).sparse_distance_matrix(
        cKDTree(ghosts), cutoff_A, output_type="ndarray"
    )
    near = near[np.lexsort((near["j"], near["i"]))]
    i, ghost, distances = near["i"], near["j"], near["v"]
    j = owner[ghost]
    return Pairs(i, j, images[ghost] - shift_2[j] + shift_1[i], distances)


def complete_cell(cell: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cell whose missing (zero) vectors are replaced by perpendicular unit vectors."""
    present = np.abs(cell).any(axis=1)
    if present.all():
        return cell
    box = np.array(cell, dtype=float)
    _, _, rows = np.linalg.svd(cell)
    box[~present] = rows[int(present.sum()) :]
    return box


@dataclass(frozen=True)
class PairBlock:
    """Distances of the same pairs over consecutive frames.

    Parameters
    ----------
    frames
        (m,) indices of frames.
    keys
        (p,) sorted; pair (i, j) has the key ``i * n_second + j``.
    distances
        (m, p) Å to the nearest image; pairs that are not listed are further apart
        than the cutoff in every one of these frames.

    """

    frames: NDArray[np.int64]
    keys: NDArray[np.int64]
    distances: NDArray[np.float64]


def pair_blocks(
    trajectory: Trajectory,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    *,
    cutoff_A: float,
) -> Iterator[PairBlock]:
    """Minimum-image distances along a trajectory.

    Parameters
    ----------
    trajectory
        Read once, in blocks.
    first, second
        Indices of atoms.
    cutoff_A
        Distances up to this one are complete, Å.

    Yields
    ------
    PairBlock
        In order; together they cover every frame.

    Notes
    -----
    Pairs are searched within the cutoff and a skin of 2 Å, and searched again before
    the largest displacements since then could have brought another pair in.

    """
    for chunk in trajectory.frames():
        start = 0
        while start < len(chunk.indices):
            part = slice(start, start + _LOOKAHEAD)
            block = _block(
                chunk.positions[part][:, first],
                chunk.positions[part][:, second],
                chunk.cells[part],
                trajectory.pbc,
                cutoff_A,
            )
            stop = start + len(block[1])
            yield PairBlock(chunk.indices[start:stop], *block)
            start = stop


def _block(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    cells: NDArray[np.float64],
    pbc: NDArray[np.bool_],
    cutoff_A: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Keys and distances of as many frames as one search serves."""
    inverse = np.linalg.inv(complete_cell(cells[0]))
    first = first - (np.floor(first[0] @ inverse) * pbc) @ cells
    second = second - (np.floor(second[0] @ inverse) * pbc) @ cells
    pairs = neighbour_pairs(
        first[0], second[0], cells[0], pbc, cutoff_A=cutoff_A + _SKIN_A
    )
    moved = _farthest(first) + _farthest(second)
    most = np.abs(pairs.images).sum(axis=1).max(initial=0)
    stretch = np.linalg.norm(cells - cells[0], axis=2).max(axis=1)
    too_far = np.flatnonzero(moved + most * stretch > _SKIN_A)
    stop = int(too_far[0]) if len(too_far) else len(first)
    vectors = second[:stop, pairs.second] - first[:stop, pairs.first]
    vectors += pairs.images.astype(float) @ cells[:stop]
    distances = np.linalg.norm(vectors, axis=2)
    keys = pairs.first * second.shape[1] + pairs.second
    order = np.argsort(keys, kind="stable")
    unique, begins = np.unique(keys[order], return_index=True)
    if not len(unique):
        return unique, np.empty((stop, 0))
    return unique, np.minimum.reduceat(distances[:, order], begins, axis=1)


def _farthest(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m,) largest displacement since the first frame, Å."""
    moved = np.linalg.norm(positions - positions[0], axis=2)
    return np.asarray(moved.max(axis=1, initial=0.0))
