"""Nearest site of every ion, fast, in any cell."""

from dataclasses import dataclass

import numpy as np
from ase.geometry import minkowski_reduce
from numpy.typing import NDArray
from scipy.spatial import cKDTree


@dataclass(kw_only=True)
class NearestSite:
    """Nearest of a set of sites over periodic images.

    Parameters
    ----------
    fractional
        (n, 3) sites as fractions of the cell.
    cell_A
        (3, 3) lattice vectors (rows), Å.

    Notes
    -----
    Sites and their images around the cell stand in a k-d tree, which is asked only
    for ions that have left the sphere of half the shortest distance around the site
    that they were at: inside it no other site is nearer. Positions are taken as
    fractions of the cell of shortest vectors, so that a strongly sheared cell needs no
    more images than a cube.

    """

    fractional: NDArray[np.float64]
    cell_A: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Build the tree."""
        self._cell, _ = minkowski_reduce(self.cell_A)
        self._to_reduced = self.cell_A @ np.linalg.inv(self._cell)
        self._sites = (self.fractional @ self._to_reduced) % 1.0
        heights = 1.0 / np.linalg.norm(np.linalg.inv(self._cell), axis=0)
        reach = 0.5 * np.linalg.norm(self._cell, axis=1).sum()
        # No point is further from a site than half the longest diagonal; usually it
        # is much nearer, which is found out by asking.
        margin = min(reach, self._hole_A() + 1e-6) / heights
        counts = np.ceil(margin).astype(int)
        ranges = [np.arange(-n, n + 1) for n in counts]
        shifts = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3)
        images = (self._sites[:, None] + shifts).reshape(-1, 3)
        owner = np.repeat(np.arange(len(self._sites)), len(shifts))
        near = np.all(
            (images >= -margin - 1e-9) & (images <= 1 + margin + 1e-9), axis=1
        )
        self._owner = owner[near]
        self._tree = cKDTree(images[near] @ self._cell)
        distances = self._tree.query(self._sites @ self._cell, k=2)[0]
        shortest = distances[:, 1].min() if len(self._owner) > 1 else np.inf
        lengths = np.linalg.norm(self._cell, axis=1)
        self.safe_A: float = 0.5 * float(min(shortest, lengths.min()))

    def of(
        self, points: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Nearest site and distance (Å) of (k, 3) points, fractions of the cell."""
        inside = (points @ self._to_reduced) % 1.0
        distances, nearest = self._tree.query(inside @ self._cell)
        return self._owner[nearest], distances

    def follow(
        self, points: NDArray[np.float64], start: NDArray[np.int64] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Nearest site and distance (Å) of ions over consecutive frames.

        Parameters
        ----------
        points
            (m, k, 3) positions of k ions in m frames, fractions of the cell.
        start
            (k,) sites that they were at before; None if not known.

        """
        m, k, _ = points.shape
        sites = np.empty((m, k), dtype=np.int64)
        distances = np.empty((m, k))
        if start is None:
            start, _ = self.of(points[0])
        reduced = points @ self._to_reduced
        sites[:] = start
        distances[:] = self._from(reduced, start[None])
        away = distances >= self.safe_A
        if away.any():
            sites[away], distances[away] = self._ask(reduced[away])
        return sites, distances

    def _ask(
        self, reduced: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        distances, nearest = self._tree.query((reduced % 1.0) @ self._cell)
        return self._owner[nearest], distances

    def _from(
        self, reduced: NDArray[np.float64], sites: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Distance to one image of a site: an upper bound, exact when short."""
        apart = reduced - self._sites[sites]
        apart -= np.rint(apart)
        moved = apart @ self._cell
        squares = np.einsum("...i,...i->...", moved, moved)
        return np.asarray(np.sqrt(squares), dtype=float)

    def _hole_A(self) -> float:  # noqa: N802
        """Bound of the distance from any point to the nearest site, Å."""
        every = np.stack(np.meshgrid(*[[-1, 0, 1]] * 3, indexing="ij"), -1)
        images = (self._sites[:, None] + every.reshape(-1, 3)).reshape(-1, 3)
        lengths = np.linalg.norm(self._cell, axis=1)
        n = np.clip(np.ceil(lengths).astype(int), 4, 40)
        mesh = np.stack(np.meshgrid(*[np.arange(i) / i for i in n], indexing="ij"), -1)
        far = cKDTree(images @ self._cell).query(mesh.reshape(-1, 3) @ self._cell)[0]
        # Between points of the mesh it cannot be further than by half a voxel.
        return float(far.max() + 0.5 * np.sum(lengths / n))
