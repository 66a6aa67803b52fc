"""Percolation of periodic networks against known answers and brute force."""

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from structures.percolation import AXES, percolation


def _brute(site_energies, hops, saddles, size=7):
    """Lowest saddle at which a site in the middle reaches its own image along an axis.

    The network is laid out over size³ cells without periodicity.
    """
    n = len(site_energies)
    grid = np.stack(np.meshgrid(*[np.arange(size)] * 3, indexing="ij"), -1)
    grid = grid.reshape(-1, 3)
    middle = np.full(3, size // 2)

    def number(cells, site):
        return (cells @ [size * size, size, 1]) * n + site

    found = {}
    for axis, name in enumerate(AXES):
        found[name] = None
        for limit in np.sort(saddles):
            rows, columns = [], []
            for (i, j, image), saddle in zip(hops, saddles, strict=True):
                if saddle <= limit:
                    there = grid + np.array(image)
                    inside = ((there >= 0) & (there < size)).all(axis=1)
                    rows.append(number(grid[inside], i))
                    columns.append(number(there[inside], j))
            rows, columns = np.concatenate(rows), np.concatenate(columns)
            shape = (n * size**3,) * 2
            network = coo_array((np.ones(len(rows)), (rows, columns)), shape=shape)
            _, labels = connected_components(network, directed=False)
            reached = False
            for site in range(n):
                start = labels[number(middle, site)]
                same = labels[number(grid, site)] == start
                reached |= bool((grid[same][:, axis] != middle[axis]).any())
            if reached:
                found[name] = limit - min(site_energies)
                break
    return found


@pytest.mark.parametrize("seed", range(8))
def test_random_networks_as_by_brute_force(seed):
    rng = np.random.default_rng(seed)
    n_sites, n_hops = 3, 6
    energies = rng.uniform(0, 0.2, n_sites)
    hops = [
        (
            int(rng.integers(n_sites)),
            int(rng.integers(n_sites)),
            tuple(rng.integers(-1, 2, 3).tolist()),
        )
        for _ in range(n_hops)
    ]
    saddles = rng.uniform(0.2, 1, n_hops)
    assert percolation(energies, hops, saddles).barriers_eV == _brute(
        energies, hops, saddles
    )


def test_layers_conduct_within_before_across():
    """A square lattice with 0.2 along a, 0.3 along b and 0.7 along c."""
    hops = [(0, 0, (1, 0, 0)), (0, 0, (0, 1, 0)), (0, 0, (0, 0, 1))]
    found = percolation(np.zeros(1), hops, np.array([0.2, 0.3, 0.7]))
    assert found.barriers_eV == {"a": 0.2, "b": 0.3, "c": 0.7}
    assert found.dimension_barriers_eV == (0.2, 0.3, 0.7)
    assert found.bottlenecks == {"a": 0, "b": 1, "c": 2}
    assert found.to_json()["percolation_eV"] == 0.2


def test_diagonal_way_crosses_two_axes_and_is_one_dimension():
    found = percolation(np.zeros(1), [(0, 0, (1, 1, 0))], np.array([0.4]))
    assert found.barriers_eV == {"a": 0.4, "b": 0.4, "c": None}
    assert found.dimension_barriers_eV == (0.4, None, None)


def test_a_ring_within_a_cell_leads_nowhere():
    ring = [(0, 1, (0, 0, 0)), (1, 2, (0, 0, 0)), (2, 0, (0, 0, 0))]
    assert percolation(np.zeros(3), ring, np.full(3, 0.1)).lowest_eV is None


def test_barrier_counts_from_the_lowest_site_and_skips_unknown_hops():
    hops = [(0, 1, (0, 0, 0)), (1, 0, (1, 0, 0)), (0, 0, (1, 0, 0))]
    saddles = np.array([0.5, 0.6, np.nan])
    found = percolation(np.array([0.1, 0.3]), hops, saddles)
    assert found.barriers_eV["a"] == pytest.approx(0.5, rel=1e-12)
