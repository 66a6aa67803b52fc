"""Pairs of atoms close enough to be watched, kept between steps."""

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers, covalent_radii

from md.dynamics.guard_config import GuardConfig
from mlip.neighbour_list import find_pairs

_SKIN_A = 1.5
_NEAR_A = 4.0


def least_distances(numbers: np.ndarray, config: GuardConfig) -> np.ndarray:
    """Least distance (Å) for each pair of atomic numbers, shape (Z+1, Z+1)."""
    size = int(numbers.max()) + 1
    radii = covalent_radii[:size]
    limits: np.ndarray = config.min_distance_fraction * (
        radii[:, None] + radii[None, :]
    )
    for pair, distance in config.min_distances_A.items():
        a, b = (atomic_numbers[symbol] for symbol in pair.split("-"))
        if max(a, b) < size:
            limits[a, b] = limits[b, a] = distance
    return limits


class WatchedPairs:
    """Distances of all pairs that could be too short, without a search at each step.

    A list of pairs up to the largest limit plus a skin stays complete until an atom
    has moved half the skin; only then it is built again. Under a barostat the skin
    also pays for the strain of the cell.

    Parameters
    ----------
    atoms
        Fixes elements and periodicity, and the cell until another is given.
    config
        The limits.

    """

    def __init__(self, atoms: Atoms, config: GuardConfig) -> None:
        self._numbers = atoms.numbers.copy()
        self._cell = np.array(atoms.cell.array)
        self._pbc = np.array(atoms.pbc)
        self._limits = least_distances(atoms.numbers, config)
        numbers = np.unique(atoms.numbers)
        self._cutoff = float(self._limits[np.ix_(numbers, numbers)].max()) + _SKIN_A
        self._reference = np.full((len(atoms), 3), np.inf)
        self._reference_cell = self._cell
        self.update(atoms.positions)

    def update(self, positions: np.ndarray, cell: np.ndarray | None = None) -> None:
        """Measure all watched pairs at these positions, (n, 3) in Å.

        Parameters
        ----------
        positions
            Unwrapped, (n, 3) in Å.
        cell
            Rows are vectors, (3, 3) in Å; None: that of the call before.

        """
        reference, skin = self._reference, _SKIN_A
        if cell is not None and not np.array_equal(cell, self._cell):
            self._cell = np.array(cell)
        if not np.array_equal(self._cell, self._reference_cell):
            # atoms that move with the cell change a distance by a factor of 1 ± strain
            stretch = np.linalg.solve(self._reference_cell, self._cell)
            reference = reference @ stretch
            strain = float(np.linalg.norm(stretch - np.eye(3)))
            skin = max(0.0, _SKIN_A - strain * self._cutoff)
            self._shifts = self._images @ self._cell
        moved = positions - reference
        if not np.einsum("ij,ij->i", moved, moved).max() < (skin / 2) ** 2:
            self._search(positions)
        vectors = positions[self._second] - positions[self._first] + self._shifts
        self.distances = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))

    def _search(self, positions: np.ndarray) -> None:
        pairs = find_pairs(positions, self._cell, self._pbc, cutoff=self._cutoff)
        self._first, self._second = pairs.first, pairs.second
        self._images = pairs.shifts
        self._shifts = pairs.shifts @ self._cell
        self._least = self._limits[
            self._numbers[self._first], self._numbers[self._second]
        ]
        self._reference = positions.copy()
        self._reference_cell = self._cell

    def shortest_A(self, positions: np.ndarray) -> float:  # noqa: N802
        """Shortest distance (Å), searched anew; nan when none is below 4 Å.

        The list that is kept would do as well, but what lies near its edge depends
        on when it was made, and so on whether the run was interrupted.
        """
        pairs = find_pairs(positions, self._cell, self._pbc, cutoff=_NEAR_A)
        if not len(pairs):
            return float("nan")
        vectors = positions[pairs.second] - positions[pairs.first]
        vectors += pairs.shifts @ self._cell
        return float(np.sqrt(np.einsum("ij,ij->i", vectors, vectors).min()))

    def worst(self) -> tuple[int, int, float, float] | None:
        """Pair furthest below its limit: both atoms, distance and limit (Å)."""
        if not (self.distances < self._least).any():
            return None
        k = int(np.argmin(self.distances - self._least))
        return (
            int(self._first[k]),
            int(self._second[k]),
            float(self.distances[k]),
            float(self._least[k]),
        )

    def isolated(self, positions: np.ndarray, distance_A: float) -> np.ndarray:
        """Mask (n,) of the atoms with no other atom, or image, within a distance."""
        alone = np.ones(len(positions), dtype=bool)
        near = self.distances < distance_A
        alone[self._first[near]] = False
        alone[self._second[near]] = False
        if alone.any():
            pairs = find_pairs(positions, self._cell, self._pbc, cutoff=distance_A)
            alone[pairs.first] = False
            alone[pairs.second] = False
        return alone
