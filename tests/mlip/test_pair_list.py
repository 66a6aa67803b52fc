"""The kept list of pairs gives what a fresh list would, and is renewed when it must."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from mlip.mace_graph import build_nodes
from mlip.neighbour_list import find_pairs
from mlip.pair_list import PairList

CUTOFF_A, SKIN_A = 4.0, 0.6


def build_list(atoms: Atoms) -> PairList:
    import torch

    nodes = build_nodes(
        [atoms], atomic_numbers=[3, 17, 40], dtype=torch.float32, device="cpu"
    )
    return PairList(nodes, atoms.pbc, cutoff=CUTOFF_A, device="cpu", skin=SKIN_A)


def crystal() -> Atoms:
    """Return a skewed cell smaller than the cutoff, its elements mixed."""
    rng = np.random.default_rng(0)
    cell = [[5.1, 0.0, 0.0], [1.4, 4.8, 0.0], [-0.7, 0.6, 5.3]]
    return Atoms("ZrLiClLiCl2", scaled_positions=rng.random((6, 3)), cell=cell, pbc=1)


def lengths_per_atom(first: np.ndarray, lengths: np.ndarray, n: int) -> list[list]:
    return [sorted(lengths[first == i].round(9).tolist()) for i in range(n)]


@pytest.mark.parametrize("pbc", [(1, 1, 1), (1, 1, 0), (0, 0, 0)])
def test_pairs_of_a_walk_are_those_of_a_fresh_list(pbc: tuple[int, int, int]) -> None:
    """Atoms walk further than the skin and out of the cell."""
    atoms = crystal()
    atoms.pbc = pbc
    kept = build_list(atoms)
    rng = np.random.default_rng(1)
    positions, cell = atoms.positions.copy(), atoms.cell.array
    sorted_atoms = np.argsort(atoms.numbers, kind="stable")
    for _ in range(12):
        positions += rng.normal(scale=0.15, size=positions.shape)
        near = kept.near(positions, cell)
        fresh = find_pairs(positions, cell, atoms.pbc, cutoff=CUTOFF_A)
        vectors = positions[fresh.second] - positions[fresh.first]
        vectors += fresh.shifts @ cell
        exact = np.linalg.norm(vectors, axis=1)
        found = np.linalg.norm(near.vectors.numpy(), axis=1)
        ends = np.concatenate([near.first.numpy(), near.second.numpy()])
        expected = np.concatenate([fresh.first, fresh.second])
        assert lengths_per_atom(
            sorted_atoms[ends], np.tile(found, 2), len(atoms)
        ) == lengths_per_atom(expected, np.tile(exact, 2), len(atoms))
    assert 2 < kept.n_lists < 13


def test_vectors_are_in_double_precision_for_a_network_in_single() -> None:
    import torch

    atoms = crystal()
    near = build_list(atoms).near(atoms.positions + 1e4, atoms.cell.array)
    centred = build_list(atoms).near(atoms.positions, atoms.cell.array)
    assert near.vectors.dtype == torch.float64
    far, close = (np.sort(n.vectors.norm(dim=1).numpy()) for n in (near, centred))
    np.testing.assert_allclose(far, close, rtol=0, atol=1e-11)


def test_list_is_renewed_at_half_the_skin_and_with_the_cell() -> None:
    atoms = bulk("Zr", "fcc", a=4.6, cubic=True) * 2
    kept = build_list(atoms)
    positions, cell = atoms.positions.copy(), atoms.cell.array
    kept.near(positions, cell)
    positions[3, 0] += 0.299
    kept.near(positions, cell)
    assert kept.n_lists == 1
    positions[3, 0] += 0.002
    kept.near(positions, cell)
    assert kept.n_lists == 2
    kept.near(positions, cell * 1.0001)
    assert kept.n_lists == 3


def test_arguments_are_not_changed() -> None:
    atoms = crystal()
    positions, cell = atoms.positions.copy(), atoms.cell.array.copy()
    kept = build_list(atoms)
    kept.near(positions, cell)
    positions += 0.1
    before = positions.copy()
    kept.near(positions, cell)
    np.testing.assert_array_equal(positions, before)
