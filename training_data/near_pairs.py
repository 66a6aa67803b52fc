"""Pairs of near atoms, quickly for the many small cells of a training set."""

import numpy as np
from matscipy.neighbours import neighbour_list
from numpy.typing import NDArray

MOST_DISTANCES = 600_000
"""Above so many candidate distances a cell list is quicker."""

Pairs = tuple[
    NDArray[np.int_], NDArray[np.int_], NDArray[np.float64], NDArray[np.float64]
]


def near_pairs(
    positions: NDArray[np.float64],
    cell: NDArray[np.float64],
    pbc: NDArray[np.bool_],
    *,
    cutoff_A: float,
) -> Pairs:
    """Pairs of atoms within a cutoff, each of them once.

    Parameters
    ----------
    positions
        (n_atoms, 3) positions [Å], wrapped or not.
    cell
        (3, 3) cell, rows are vectors [Å]; zero where the atoms are a cluster.
    pbc
        (3,) periodic directions.
    cutoff_A
        Largest distance [Å].

    Returns
    -------
    tuple
        First and second atom (n_pairs,), vector from the first to the second
        (n_pairs, 3) and distance (n_pairs,) [Å]. An atom and its own image are a pair
        too.

    Notes
    -----
    A pair within the cutoff r has fractional coordinates of at most r/h along a cell
    vector whose planes are h apart, so whole cells up to r/h + 1/2 around the rounded
    image hold all of them, in skewed cells too.

    Examples
    --------
    >>> import numpy as np
    >>> once = near_pairs(
    ...     np.zeros((1, 3)), np.eye(3) * 3.0, np.array([True] * 3), cutoff_A=3.1
    ... )
    >>> len(once[0]), once[3].tolist()
    (3, [3.0, 3.0, 3.0])

    """
    box = full_cell(cell, positions, pbc, margin_A=3 * cutoff_A)
    inverse = np.linalg.inv(box)
    heights = 1 / np.linalg.norm(inverse, axis=0)
    reach = np.where(pbc, np.floor(cutoff_A / heights + 0.5), 0).astype(int)
    n_images = int(np.prod(2 * reach + 1))
    n = len(positions)
    if n * (n + 1) // 2 * n_images > MOST_DISTANCES:
        i, j, vectors, r = neighbour_list(
            "ijDd", positions=positions, cell=box, pbc=pbc, cutoff=float(cutoff_A)
        )
        first = (i < j) | ((i == j) & _forward(vectors))
        return i[first], j[first], vectors[first], r[first]
    i, j = np.triu_indices(n)
    steps = (positions[j] - positions[i]) @ inverse
    steps -= np.where(pbc, np.round(steps), 0.0)
    between = steps @ box
    if n_images == 1:
        r = np.sqrt(np.einsum("pi,pi->p", between, between))
        keep = (r < cutoff_A) & (i != j)
        return i[keep], j[keep], between[keep], r[keep]
    grid = np.indices(tuple(2 * reach + 1)).reshape(3, -1).T - reach
    shifts = (grid @ box).astype(float)
    vectors = between[None, :, :] + shifts[:, None, :]
    squared = np.einsum("spi,spi->sp", vectors, vectors)
    image, pair = np.nonzero(squared < cutoff_A**2)
    own = i[pair] == j[pair]
    keep = ~own | _forward(grid[image])
    image, pair = image[keep], pair[keep]
    return i[pair], j[pair], vectors[image, pair], np.sqrt(squared[image, pair])


def full_cell(
    cell: NDArray[np.float64],
    positions: NDArray[np.float64],
    pbc: NDArray[np.bool_],
    *,
    margin_A: float,
) -> NDArray[np.float64]:
    """Cell of three independent vectors, also for clusters and slabs.

    Parameters
    ----------
    cell
        (3, 3) cell [Å], rows are vectors.
    positions
        (n_atoms, 3) positions [Å].
    pbc
        (3,) periodic directions, whose vectors stay.
    margin_A
        What is added to the size of the atoms along the others [Å].

    """
    if abs(np.linalg.det(cell)) > 0:
        return cell
    size = float(np.ptp(positions, axis=0).max()) + margin_A
    box = np.where(pbc[:, None], cell, 0.0)
    beyond = np.linalg.svd(box)[2][np.count_nonzero(pbc) :]
    box[~pbc] = beyond * size
    return box


def _forward(vectors: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of a vector and its opposite is taken; neither for the zero vector."""
    x, y, z = np.round(vectors, 6).T
    forward: NDArray[np.bool_] = (
        (x > 0) | ((x == 0) & (y > 0)) | ((x == 0) & (y == 0) & (z > 0))
    )
    return forward
