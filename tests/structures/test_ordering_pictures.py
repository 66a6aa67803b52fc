"""Pictures of an ordering: scales that mean something."""

import dataclasses

import numpy as np
import pytest

from structures.disordered_crystal import DisorderedCrystal
from structures.site_ordering import order_sites


@pytest.fixture(scope="module")
def ordering():
    net = DisorderedCrystal(
        cell_A=np.diag([6.0, 6.0, 9.0]),
        scaled_positions=np.array(
            [[0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0.5, 0.5, 0], [0, 0, 0.5]]
        ),
        occupancies=({"Li": 0.5},) * 4 + ({"O": 1.0},),
        site_names=("Li",) * 4 + ("O",),
    )
    return order_sites(
        net, n_runs=3, n_sweeps=20, n_keep=1, rng=np.random.default_rng(1)
    )


@pytest.fixture
def axes():
    from matplotlib.figure import Figure

    return Figure().subplots()


def test_runs_that_agree_have_no_scale(ordering, axes):
    """Energies that differ by rounding are drawn level, at the only tick, 0."""
    runs = (-5.0, -5.0 + 4e-10, -5.0)
    same = dataclasses.replace(ordering, run_lowest_eV=runs)
    same.plot_runs(axes)
    assert axes.get_yticks().tolist() == [0.0]
    low, high = axes.get_ylim()
    assert low == -high


def test_runs_that_differ_have_one(ordering, axes):
    differing = dataclasses.replace(ordering, run_lowest_eV=(-5.0, -4.97, np.inf))
    differing.plot_runs(axes)
    assert len(axes.get_yticks()) > 2
    assert axes.get_ylim()[1] >= 30.0


def test_one_structure_has_no_scale(ordering, axes):
    """Rank 1 stands alone, not between 0.945 and 1.05 or 0.04 eV around itself."""
    assert len(ordering.structures) == 1
    ordering.plot(axes)
    assert axes.get_yticks().tolist() == [0.0]
    assert axes.get_xlim() == (0.5, 1.5)
