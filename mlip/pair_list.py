"""Pairs of one structure that outlive many steps, on the device of the network."""

from dataclasses import dataclass

import numpy as np
import torch  # noqa: TID253 (imported only once a network is wanted)

from mlip.mace_graph import EdgeTable, Layout, Nodes, pair_tensors
from mlip.neighbour_list import find_pairs

SKIN_A = 0.6


@dataclass(frozen=True)
class NearPairs:
    """Pairs within the cutoff, at one set of positions.

    Parameters
    ----------
    vectors
        From first to second atom in Å, double precision, shape (n_pairs, 3).
    first, second
        Atoms of each pair, as indices of the sorted atoms, shape (n_pairs,).
    keep
        Which of the listed pairs these are, shape (n_listed,).

    """

    vectors: torch.Tensor
    first: torch.Tensor
    second: torch.Tensor
    keep: torch.Tensor


class PairList:
    """Pairs of one structure up to a cutoff and a skin, kept while its atoms move.

    The list is made on the processor, and made anew when an atom has moved by
    more than half of the skin or the cell has changed. What happens at every
    step, vectors of the pairs and choice of those within the cutoff, happens
    where the network is: only positions travel to the device.

    Parameters
    ----------
    nodes
        Atoms of the structure as the network's nodes.
    pbc
        Periodic directions, shape (3,).
    cutoff
        Cutoff of the network in Å.
    device
        Where the tensors live.
    skin
        Å; a larger one means fewer lists and more pairs to drop.

    Attributes
    ----------
    n_lists
        How often the pairs were listed.

    """

    def __init__(
        self,
        nodes: Nodes,
        pbc: np.ndarray,
        *,
        cutoff: float,
        device: str,
        skin: float = SKIN_A,
    ) -> None:
        self._nodes = nodes
        self._pbc = np.array(pbc, dtype=bool)
        self._cutoff = cutoff
        self._device = device
        self._skin = skin
        self._listed: np.ndarray | None = None
        self._cell = np.zeros((3, 3))
        self.n_lists = 0

    def near(self, positions: np.ndarray, cell: np.ndarray) -> NearPairs:
        """Pairs within the cutoff.

        Vectors are taken in double precision, whatever that of the network is.

        Parameters
        ----------
        positions
            Cartesian positions in Å, in the order of the structure,
            shape (n_atoms, 3).
        cell
            Lattice vectors as rows in Å, shape (3, 3).

        """
        if self._listed is None or self._outdated(positions, cell):
            self._list(positions, cell)
        there = torch.as_tensor(
            positions[self._nodes.order], dtype=torch.float64, device=self._device
        )
        vectors = there.index_select(0, self._second)
        vectors -= there.index_select(0, self._first)
        vectors += self._shifts
        keep = vectors.square().sum(dim=1) < self._cutoff**2
        kept = keep.nonzero().squeeze(1)
        return NearPairs(
            vectors=vectors.index_select(0, kept),
            first=self._first.index_select(0, kept),
            second=self._second.index_select(0, kept),
            keep=keep,
        )

    def layout(self, near: NearPairs) -> Layout:
        """Where the edges of the pairs sit."""
        return self._table.layout(near.keep)

    def _outdated(self, positions: np.ndarray, cell: np.ndarray) -> bool:
        if not np.array_equal(cell, self._cell):
            return True
        moved = positions - self._listed
        return bool((moved**2).sum(axis=1).max() > (0.5 * self._skin) ** 2)

    def _list(self, positions: np.ndarray, cell: np.ndarray) -> None:
        pairs = find_pairs(positions, cell, self._pbc, cutoff=self._cutoff + self._skin)
        self._shifts = torch.as_tensor(
            pairs.shifts @ np.asarray(cell, dtype=float), device=self._device
        )
        self._first, self._second = pair_tensors(
            [pairs], self._nodes, n_atoms=[len(self._nodes)], device=self._device
        )
        self._table = EdgeTable(self._first, self._second, n_atoms=len(self._nodes))
        self._listed = np.array(positions)
        self._cell = np.array(cell, dtype=float)
        self.n_lists += 1
