"""Pairs against a direct count over images."""

import itertools

import numpy as np
import pytest

from mlip.neighbour_list import find_pairs


def count_directly(
    positions: np.ndarray, cell: np.ndarray, pbc: np.ndarray, cutoff: float
) -> list[tuple[int, int, int, int, int]]:
    """Return every directed edge below the cutoff, by trying images one by one."""
    reach = [range(-9, 10) if p else range(1) for p in pbc]
    edges = []
    for shift in itertools.product(*reach):
        difference = positions[None] + np.array(shift) @ cell - positions[:, None]
        distance = np.linalg.norm(difference, axis=2)
        for i, j in zip(*np.nonzero(distance < cutoff), strict=True):
            if i != j or any(shift):
                edges.append((int(i), int(j), *shift))
    return sorted(edges)


@pytest.mark.parametrize("pbc", list(itertools.product([True, False], repeat=3)))
@pytest.mark.parametrize(
    "cell",
    [
        np.diag([4.0, 5.0, 6.0]),
        np.array([[3.0, 0, 0], [2.6, 1.9, 0], [-1.3, 0.8, 2.2]]),
        np.array([[0, 2.1, 2.1], [2.1, 0, 2.1], [2.1, 2.1, 0]]),
    ],
    ids=["box", "skewed", "primitive fcc"],
)
def test_every_pair_is_found_once(cell: np.ndarray, pbc: tuple[bool, ...]) -> None:
    """Several images per pair, self-images, and atoms far outside the cell."""
    rng = np.random.default_rng(0)
    positions = rng.uniform(size=(5, 3)) @ cell
    positions += rng.integers(-3, 4, size=(5, 3)) @ cell * np.array(pbc).any()
    periodic = np.array(pbc)
    found = find_pairs(positions, cell, periodic, cutoff=4.6)
    edges = []
    for i, j, shift in zip(found.first, found.second, found.shifts, strict=True):
        edges += [(int(i), int(j), *map(int, shift))]
        edges += [(int(j), int(i), *map(int, -shift))]
    wide = np.array([range(-9, 10) if p else range(1) for p in pbc], dtype=object)
    assert len(wide) == 3
    assert sorted(edges) == count_directly(positions, cell, periodic, 4.6)


def test_lone_atom_without_cell_has_no_pairs() -> None:
    found = find_pairs(np.zeros((1, 3)), np.zeros((3, 3)), np.zeros(3, bool), cutoff=5)
    assert len(found) == 0
