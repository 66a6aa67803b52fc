"""Pairs of near atoms against ASE's neighbour list, in skewed and open cells."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.neighborlist import neighbor_list

import training_data.near_pairs as module
from training_data.near_pairs import near_pairs


@pytest.mark.parametrize("limit", [0, 600_000])
@pytest.mark.parametrize(
    "pbc", [(True, True, True), (True, True, False), (False, False, False)]
)
def test_each_pair_once(pbc, limit, monkeypatch):
    monkeypatch.setattr(module, "MOST_DISTANCES", limit)
    rng = np.random.default_rng(4)
    for _ in range(10):
        cell = np.eye(3) * rng.uniform(2.5, 9) + rng.normal(scale=1.2, size=(3, 3))
        atoms = Atoms("Li7", rng.uniform(-9, 9, (7, 3)), cell=cell, pbc=pbc)
        i, j, vectors, r = near_pairs(
            atoms.positions, atoms.cell.array, atoms.pbc, cutoff_A=5.0
        )
        expected = neighbor_list("d", atoms, 5.0)
        np.testing.assert_allclose(np.sort(np.r_[r, r]), np.sort(expected), rtol=1e-9)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), r, rtol=1e-9)
        shift = vectors - (atoms.positions[j] - atoms.positions[i])
        whole = shift @ np.linalg.inv(cell)
        np.testing.assert_allclose(whole, np.round(whole), atol=1e-9)


def test_one_atom_and_its_images():
    atoms = bulk("Cu", "sc", a=3.0)
    _, _, _, r = near_pairs(atoms.positions, atoms.cell.array, atoms.pbc, cutoff_A=4.3)
    assert len(r) == 9  # 3 of 6 neighbours at a, 6 of 12 at a sqrt 2
