"""Neighbour search: exact in skewed, small and partly periodic cells."""

import ase.neighborlist
import numpy as np
import pytest
from ase import Atoms
from numpy.typing import NDArray

from md.analysis.pairs import neighbour_pairs, pair_blocks

ORTHORHOMBIC = np.diag([7.0, 9.0, 11.0])
# Minimum image by rounding fractional coordinates fails here.
SKEWED = np.array([[6.0, 0.0, 0.0], [5.7, 4.0, 0.0], [-4.5, 3.7, 5.0]])
SMALL = np.array([[2.5, 0.0, 0.0], [1.2, 2.2, 0.0], [0.4, 0.5, 2.1]])


@pytest.mark.parametrize("cell", [ORTHORHOMBIC, SKEWED, SMALL])
@pytest.mark.parametrize("pbc", [[1, 1, 1], [1, 1, 0], [0, 0, 0]])
def test_same_pairs_as_ase(cell: NDArray[np.float64], pbc: list[int]) -> None:
    rng = np.random.default_rng(5)
    # Atoms far outside the cell as well: positions are unwrapped.
    positions = rng.uniform(-20, 30, (14, 3))
    atoms = Atoms("Zr4Cl10", positions, cell=cell, pbc=pbc)
    i, j, d, shift = ase.neighborlist.neighbor_list("ijdS", atoms, 4.3)
    ours = neighbour_pairs(
        positions[:4], positions[4:], cell, np.array(pbc, dtype=bool), cutoff_A=4.3
    )
    between = (i < 4) & (j >= 4)
    key = np.lexsort((*shift[between].T, j[between], i[between]))
    our_key = np.lexsort((*ours.images.T, ours.second, ours.first))
    np.testing.assert_array_equal(ours.first[our_key], i[between][key])
    np.testing.assert_array_equal(ours.second[our_key] + 4, j[between][key])
    np.testing.assert_array_equal(ours.images[our_key], shift[between][key])
    np.testing.assert_allclose(ours.distances[our_key], d[between][key], rtol=1e-10)
    if pbc == [1, 1, 1]:
        assert len(d[between]) > 15


def test_missing_cell_vectors_are_no_obstacle() -> None:
    cell = np.array([[4.0, 0, 0], [0, 0, 0], [0, 0, 0]])
    pairs = neighbour_pairs(
        np.zeros((1, 3)),
        np.array([[3.0, 0.0, 0.0]]),
        cell,
        np.array([True, False, False]),
        cutoff_A=2.0,
    )
    np.testing.assert_allclose(pairs.distances, [1.0], rtol=1e-12)


@pytest.mark.parametrize("cell", [ORTHORHOMBIC, SKEWED])
def test_blocks_give_minimum_image_distances_in_every_frame(
    make_trajectory, cell: NDArray[np.float64]
) -> None:
    """Fast atoms, so that the list of near pairs must be renewed often."""
    rng = np.random.default_rng(6)
    steps = rng.normal(0, 0.5, (90, 8, 3))
    positions = rng.uniform(0, 9, (8, 3)) + np.cumsum(steps, axis=0)
    trajectory = make_trajectory("Zr3Cl5", positions, cell=cell)
    zr, cl = np.arange(3), np.arange(3, 8)
    seen = []
    for block in pair_blocks(trajectory, zr, cl, cutoff_A=3.4):
        for frame, row in zip(block.frames, block.distances, strict=True):
            seen.append(frame)
            atoms = trajectory.atoms(int(frame))
            expected = atoms.get_all_distances(mic=True)[:3, 3:].ravel()
            got = np.full(15, np.inf)
            got[block.keys] = row
            near = expected <= 3.4
            np.testing.assert_allclose(got[near], expected[near], rtol=1e-9)
            assert (got[~near] > 3.4).all()
    assert seen == list(range(90))
