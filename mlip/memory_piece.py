"""A part of a structure that takes the memory of its share of the whole."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch  # noqa: TID253 (imported only once a network is wanted)
from ase import Atoms

from mlip.mace_graph import EdgeTable, build_nodes, pair_tensors
from mlip.mace_session import differentiate
from mlip.neighbour_list import Pairs, find_pairs
from mlip.pair_list import SKIN_A

if TYPE_CHECKING:
    from mlip.mace_potential import MacePotential


@dataclass(frozen=True, kw_only=True)
class Piece:
    """What a part of a structure took, scaled to the whole.

    Parameters
    ----------
    n_pairs, n_listed
        Pairs of the whole within the cutoff, and within cutoff and skin.
    scaled_bytes
        Bytes that energy and gradient of the whole take.

    """

    n_pairs: int
    n_listed: int
    scaled_bytes: float


def measure_piece(
    potential: "MacePotential",
    atoms: Atoms,
    *,
    peak: Callable[[Callable[[], object], str], float],
    n_most: int,
) -> Piece:
    """Memory of energy and gradient, measured on at most `n_most` atoms.

    Parameters
    ----------
    potential
        The network.
    atoms
        The whole structure.
    peak
        Measures a call on a device, in bytes.
    n_most
        Atoms of the piece.

    """
    positions, cell = atoms.positions, atoms.cell.array
    listed = find_pairs(positions, cell, atoms.pbc, cutoff=potential.cutoff_A + SKIN_A)
    vectors = positions[listed.second] - positions[listed.first]
    vectors += listed.shifts @ cell
    near = (vectors**2).sum(axis=1) < potential.cutoff_A**2
    pairs = Pairs(listed.first[near], listed.second[near], listed.shifts[near])
    chosen = np.unique(
        np.linspace(0, len(atoms) - 1, min(n_most, len(atoms))).astype(int)
    )
    part, inside = _cut(pairs, chosen, n_atoms=len(atoms))
    took = peak(
        _call(potential, atoms[chosen], part, vectors[near][inside]), potential.device
    )
    whole = _sizes(pairs, len(atoms))
    of_part = _sizes(part, len(chosen))
    return Piece(
        n_pairs=len(pairs),
        n_listed=len(listed),
        scaled_bytes=took * max(a / b for a, b in zip(whole, of_part, strict=True)),
    )


def _cut(pairs: Pairs, chosen: np.ndarray, *, n_atoms: int) -> tuple[Pairs, np.ndarray]:
    """Pairs of the chosen atoms, their partners outside replaced by chosen ones.

    Only how many pairs an atom has decides about memory, not which. Of the two
    ends of a pair one is taken at random as its owner: the piece gets all pairs
    that its atoms own, so that it has as many per atom as the whole.
    """
    rng = np.random.default_rng(0)
    swap = rng.random(len(pairs)) < 0.5  # noqa: PLR2004 (either end)
    owner = np.where(swap, pairs.second, pairs.first)
    other = np.where(swap, pairs.first, pairs.second)
    rank = np.full(n_atoms, -1)
    rank[chosen] = np.arange(len(chosen))
    inside = np.flatnonzero(rank[owner] >= 0)
    # owners come round and round in turn, so that no atom gets more than its share
    partner = rank[other[inside]]
    outside = partner < 0
    partner[outside] = np.arange(outside.sum()) % len(chosen)
    return Pairs(rank[owner[inside]], partner, pairs.shifts[inside]), inside


def _sizes(pairs: Pairs, n_atoms: int) -> tuple[int, int, int]:
    """Atoms, pairs, and rows of the table with as many slots for every atom."""
    ends = np.concatenate([pairs.first, pairs.second])
    most = int(np.bincount(ends, minlength=n_atoms).max()) if len(ends) else 0
    return n_atoms, max(len(pairs), 1), n_atoms * max(most, 1)


def _call(
    potential: "MacePotential", atoms: Atoms, pairs: Pairs, vectors: np.ndarray
) -> Callable[[], object]:
    device, dtype = potential.device, potential.dtype
    nodes = build_nodes(
        [atoms], atomic_numbers=potential.atomic_numbers, dtype=dtype, device=device
    )
    first, second = pair_tensors([pairs], nodes, n_atoms=[len(atoms)], device=device)
    layout = EdgeTable(first, second, n_atoms=len(atoms)).layout()
    tensor = torch.as_tensor(vectors, dtype=dtype, device=device)
    return lambda: differentiate(
        potential.function, tensor, first, second, nodes, layout
    )
