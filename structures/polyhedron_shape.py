"""Volume of a polyhedron, and the extent of a periodic network."""

import numpy as np

FLAT = 1e-6  # smallest singular value over the largest of corners in one plane
CORNERS = 4


def hull_volume(vertices_A: np.ndarray) -> float:
    """Volume of the convex hull of corners [Å³].

    Parameters
    ----------
    vertices_A
        Corners [Å], shape (n, 3).

    Returns
    -------
    float
        NaN with fewer than four corners or with all in one plane.

    Examples
    --------
    A regular octahedron with corners at distance 1 has the volume 4/3.

    >>> round(hull_volume(np.vstack([np.eye(3), -np.eye(3)])), 6)
    1.333333

    """
    from scipy.spatial import ConvexHull  # noqa: PLC0415 (heavy)

    if len(vertices_A) < CORNERS:
        return float("nan")
    spread = np.linalg.svd(vertices_A - vertices_A.mean(axis=0), compute_uv=False)
    if spread[2] <= FLAT * spread[0]:
        return float("nan")
    return float(ConvexHull(vertices_A).volume)


def network_rank(first: np.ndarray, second: np.ndarray, shifts: np.ndarray) -> int:
    """Directions, independent ones, in which a periodic network is endless.

    Parameters
    ----------
    first, second
        Ends of each link, shape (n_links,).
    shifts
        Lattice translation of the second end, shape (n_links, 3).

    Returns
    -------
    int
        Largest rank, over the components, of the translations that lead from a
        member back to itself.

    Examples
    --------
    >>> network_rank(np.array([0]), np.array([0]), np.array([[0, 0, 1]]))
    1

    """
    neighbours: dict[int, list[tuple[int, np.ndarray]]] = {}
    for a, b, shift in zip(first.tolist(), second.tolist(), shifts, strict=True):
        neighbours.setdefault(a, []).append((b, shift))
        neighbours.setdefault(b, []).append((a, -shift))
    cell_of: dict[int, np.ndarray] = {}
    largest = 0
    for root in neighbours:
        if root in cell_of:
            continue
        cell_of[root] = np.zeros(3, dtype=int)
        waiting, loops = [root], {(0, 0, 0)}
        while waiting:
            here = waiting.pop()
            for there, shift in neighbours[here]:
                reached = cell_of[here] + shift
                if there not in cell_of:
                    cell_of[there] = reached
                    waiting.append(there)
                else:
                    x, y, z = (reached - cell_of[there]).tolist()
                    loops.add((x, y, z))
        largest = max(largest, int(np.linalg.matrix_rank(np.array(sorted(loops)))))
    return largest
