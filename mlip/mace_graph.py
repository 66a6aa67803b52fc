"""Structures as the tensors on which a MACE network works."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch  # noqa: TID253 (imported only once a network is wanted)
from ase import Atoms

from mlip.neighbour_list import Pairs


@dataclass(frozen=True)
class Layout:
    """Where every directed edge sits in a table with one row per receiving atom.

    A pair gives two edges, one into each of its atoms. The table has as many
    columns as the atom with most neighbours needs; empty slots point at pair 0
    and are masked by zero spherical harmonics.

    Parameters
    ----------
    width
        Columns of the table, K.
    pair
        Pair of each slot, shape (n_atoms * K,).
    sender
        Sending atom of each slot, shape (n_atoms * K,); of an empty slot atom 0.
    harmonics
        Row of the stacked harmonics of a slot: its pair when the edge runs from
        first to second, n_pairs + pair when it runs back, 2 n_pairs when empty.
    forward, backward
        Slots of the two edges of each pair, shape (n_pairs,).
    reverse
        Slot of the opposite edge, shape (n_atoms * K,); an empty slot's is itself.

    """

    width: int
    pair: torch.Tensor
    sender: torch.Tensor
    harmonics: torch.Tensor
    forward: torch.Tensor
    backward: torch.Tensor
    reverse: torch.Tensor


@dataclass(frozen=True)
class Nodes:
    """Atoms of a batch, sorted by element.

    Parameters
    ----------
    counts
        Number of atoms of each element of the network.
    species
        Index of each atom's element, shape (n_atoms,), ascending.
    one_hot
        The same as rows of zeros and a one, shape (n_atoms, n_species).
    structure
        Structure of each atom, shape (n_atoms,).
    n_structures
        Number of structures.
    order
        Atom of the batch that each sorted atom was, shape (n_atoms,).

    """

    counts: tuple[int, ...]
    species: torch.Tensor
    one_hot: torch.Tensor
    structure: torch.Tensor
    n_structures: int
    order: np.ndarray

    def __len__(self) -> int:
        return len(self.species)


def build_nodes(
    structures: Sequence[Atoms],
    *,
    atomic_numbers: Sequence[int],
    dtype: torch.dtype,
    device: str,
) -> Nodes:
    """Atoms of a batch of structures, sorted by element.

    Parameters
    ----------
    structures
        The batch; all elements must be known.
    atomic_numbers
        The network's elements, in its order.
    dtype, device
        Of the tensors.

    """
    numbers = np.concatenate([a.numbers for a in structures])
    lookup = np.full(max(atomic_numbers) + 1, -1)
    lookup[list(atomic_numbers)] = np.arange(len(atomic_numbers))
    species = lookup[numbers]
    order = np.argsort(species, kind="stable")
    sizes = [len(a) for a in structures]
    structure = np.repeat(np.arange(len(structures)), sizes)[order]
    index = torch.as_tensor(species[order], device=device)
    return Nodes(
        counts=tuple(np.bincount(species, minlength=len(atomic_numbers)).tolist()),
        species=index,
        one_hot=torch.nn.functional.one_hot(index, len(atomic_numbers)).to(dtype),
        structure=torch.as_tensor(structure, device=device),
        n_structures=len(structures),
        order=order,
    )


class EdgeTable:
    """Directed edges of a list of pairs, sorted by receiver.

    From it the :class:`Layout` of any subset of the pairs follows without
    sorting again.

    Parameters
    ----------
    first, second
        Atoms of each pair, shape (n_pairs,).
    n_atoms
        Number of atoms.

    """

    def __init__(
        self, first: torch.Tensor, second: torch.Tensor, *, n_atoms: int
    ) -> None:
        n_pairs = len(first)
        receiver = torch.cat([second, first])
        order = torch.argsort(receiver, stable=True)
        self._receiver = receiver[order]
        self._sender = torch.cat([first, second])[order]
        self._pair = order % max(n_pairs, 1)
        self._back = (order >= n_pairs).long()
        self._n_atoms = n_atoms

    def layout(self, keep: torch.Tensor | None = None) -> Layout:
        """Layout of the pairs for which `keep` is true, numbered in their order."""
        receiver, sender, pair, back = (
            self._receiver,
            self._sender,
            self._pair,
            self._back,
        )
        if keep is not None:
            kept = keep[pair].nonzero().squeeze(1)
            receiver, sender, back = receiver[kept], sender[kept], back[kept]
            pair = (torch.cumsum(keep, 0) - 1)[pair[kept]]
        n, n_edges = self._n_atoms, len(receiver)
        n_pairs = n_edges // 2
        device = receiver.device
        counts = torch.bincount(receiver, minlength=n)
        width = max(int(counts.max()), 1)
        start = torch.cumsum(counts, 0) - counts
        column = torch.arange(n_edges, device=device) - start[receiver]
        slot = receiver * width + column
        slots = n * width
        pair_of = torch.zeros(slots, dtype=torch.long, device=device)
        pair_of[slot] = pair
        sender_of = torch.zeros(slots, dtype=torch.long, device=device)
        sender_of[slot] = sender
        harmonics = torch.full((slots,), 2 * n_pairs, dtype=torch.long, device=device)
        harmonics[slot] = pair + back * n_pairs
        of_pair = torch.empty(2 * n_pairs, dtype=torch.long, device=device)
        of_pair[pair + back * n_pairs] = slot
        reverse = torch.arange(slots, device=device)
        reverse[slot] = of_pair[pair + (1 - back) * n_pairs]
        return Layout(
            width=width,
            pair=pair_of,
            sender=sender_of,
            harmonics=harmonics,
            forward=of_pair[:n_pairs],
            backward=of_pair[n_pairs:],
            reverse=reverse,
        )


def pair_tensors(
    pairs: Sequence[Pairs], nodes: Nodes, *, n_atoms: Sequence[int], device: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """First and second atoms of the pairs of a batch, as indices of sorted atoms."""
    offsets = np.concatenate([[0], np.cumsum(n_atoms)[:-1]])
    rank = np.empty(len(nodes), dtype=np.int64)
    rank[nodes.order] = np.arange(len(nodes))
    first = np.concatenate([p.first + o for p, o in zip(pairs, offsets, strict=True)])
    second = np.concatenate([p.second + o for p, o in zip(pairs, offsets, strict=True)])
    return (
        torch.as_tensor(rank[first], device=device),
        torch.as_tensor(rank[second], device=device),
    )
