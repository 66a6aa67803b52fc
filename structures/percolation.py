"""Lowest energy at which a periodic network of hops leads through the crystal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

AXES = ("a", "b", "c")


@dataclass(frozen=True, kw_only=True)
class Percolation:
    """Barriers of migration through a crystal.

    Parameters
    ----------
    barriers_eV
        Barrier for each lattice vector, ``{"a": …, "b": …, "c": …}`` [eV]: None where
        no path crosses the cell along it.
    dimension_barriers_eV
        Barrier at which paths lead through the crystal in one, two and three
        independent directions [eV]; None where they never do.
    bottlenecks
        For each lattice vector the index of the hop whose saddle is the highest of
        the best path, None without one.

    """

    barriers_eV: dict[str, float | None]
    dimension_barriers_eV: tuple[float | None, float | None, float | None]
    bottlenecks: dict[str, int | None]

    @property
    def lowest_eV(self) -> float | None:  # noqa: N802
        """Barrier of the easiest way through, whatever its direction [eV]."""
        return self.dimension_barriers_eV[0]

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        return {
            "percolation_eV": self.lowest_eV,
            "percolation_by_direction_eV": dict(self.barriers_eV),
            "percolation_by_dimension_eV": list(self.dimension_barriers_eV),
            "bottlenecks": dict(self.bottlenecks),
        }


def percolation(
    site_energies_eV: NDArray[np.float64],
    hops: Sequence[tuple[int, int, tuple[int, int, int]]],
    saddle_energies_eV: NDArray[np.float64],
) -> Percolation:
    """Percolation barriers of a periodic network of sites and hops.

    Parameters
    ----------
    site_energies_eV
        Energy of the carrier on every site of the cell [eV], shape (n_sites,).
    hops
        First site, second site, and the cell in which the second lies as seen from
        the first.
    saddle_energies_eV
        Energy of the saddle of every hop on the same scale [eV], shape (n_hops,);
        NaN for a hop that is not known.

    Returns
    -------
    Percolation
        Barriers over the lowest site of all, on which carriers spend their time.

    Notes
    -----
    Hops are admitted in the order of their saddles (Kruskal). Each site knows its
    representative and the lattice vector to it; a hop between two sites of one
    cluster closes a loop, whose lattice vector, where it is not zero, is a way through
    the crystal. The vectors found span as many dimensions as their rank; the lattice
    vector a is crossed once one of them has a component along a. The barrier is the
    saddle at which this happens minus the lowest site of all.

    Examples
    --------
    A chain along a with two sites and barriers of 0.2 and 0.5 eV:

    >>> chain = [(0, 1, (0, 0, 0)), (1, 0, (1, 0, 0))]
    >>> found = percolation(np.zeros(2), chain, np.array([0.2, 0.5]))
    >>> found.barriers_eV
    {'a': 0.5, 'b': None, 'c': None}
    >>> found.bottlenecks["a"]
    1

    """
    energies = np.asarray(site_energies_eV, dtype=float)
    lowest = float(np.nanmin(energies)) if np.isfinite(energies).any() else np.nan
    network = _Network(len(energies))
    along: dict[str, float | None] = dict.fromkeys(AXES)
    bottlenecks: dict[str, int | None] = dict.fromkeys(AXES)
    dimensions: list[float | None] = [None, None, None]
    saddles = np.asarray(saddle_energies_eV, dtype=float)
    known = np.flatnonzero(np.isfinite(saddles))
    for index in known[np.argsort(saddles[known], kind="stable")].tolist():
        first, second, image = hops[index]
        root = network.join(first, second, np.array(image))
        barrier = float(saddles[index]) - lowest
        loops = network.loops[root]
        for axis, name in enumerate(AXES):
            if along[name] is None and (loops[:, axis] != 0).any():
                along[name], bottlenecks[name] = barrier, index
        for rank in range(len(loops)):
            if dimensions[rank] is None:
                dimensions[rank] = barrier
    return Percolation(
        barriers_eV=along,
        dimension_barriers_eV=(dimensions[0], dimensions[1], dimensions[2]),
        bottlenecks=bottlenecks,
    )


class _Network:
    """Clusters of sites with the lattice vectors of the loops in them."""

    def __init__(self, n: int) -> None:
        self._parent = list(range(n))
        self._offset = np.zeros((n, 3), dtype=int)
        self.loops = {k: np.zeros((0, 3), dtype=int) for k in range(n)}

    def _root(self, site: int) -> tuple[int, NDArray[np.int_]]:
        """Find a site's representative and the site's cell as seen from it."""
        offset = np.zeros(3, dtype=int)
        while self._parent[site] != site:
            offset = offset + self._offset[site]
            site = self._parent[site]
        return site, offset

    def join(self, first: int, second: int, image: NDArray[np.int_]) -> int:
        """Admit a hop and return the representative of its cluster."""
        root, offset = self._root(first)
        other, other_offset = self._root(second)
        shift = offset + image - other_offset
        if root == other:
            if shift.any():
                self.loops[root] = _independent(np.vstack([self.loops[root], shift]))
            return root
        self._parent[other] = root
        self._offset[other] = shift
        both = np.vstack([self.loops[root], self.loops.pop(other)])
        self.loops[root] = _independent(both)
        return root


def _independent(vectors: NDArray[np.int_]) -> NDArray[np.int_]:
    """Rows that are not combinations of the rows before them."""
    kept = vectors[:0]
    for vector in vectors:
        longer = np.vstack([kept, vector])
        if np.linalg.matrix_rank(longer) == len(longer):
            kept = longer
    return kept
