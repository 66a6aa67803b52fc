"""Relaxation with layers or sides held by their labels."""

from collections.abc import Callable

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms

from mlip.ase_potential import AsePotential
from structures.relaxation import relax
from training_data.errors import InputError


def layered() -> Atoms:
    slab = bulk("Cu", cubic=True).repeat((2, 2, 1))
    slab.rattle(0.15, rng=np.random.default_rng(24))
    slab.set_array("layer", np.clip(slab.positions[:, 0] // 1.6, 0, 3).astype(int))
    slab.set_array("side", (slab.positions[:, 1] > 3.0).astype(int))
    return slab


@pytest.mark.parametrize(
    ("options", "held"),
    [
        ({"fixed_layers": (0,)}, lambda a: a.arrays["layer"] == 0),
        (
            {"fixed_layers": (-1,)},
            lambda a: a.arrays["layer"] == a.arrays["layer"].max(),
        ),
        ({"fixed_side": 1}, lambda a: a.arrays["side"] == 1),
        (
            {"fixed_layers": (0, 1), "fixed_side": 0},
            lambda a: (a.arrays["layer"] <= 1) & (a.arrays["side"] == 0),
        ),
    ],
)
def test_fixed_layers_stay(
    options: dict[str, object], held: Callable[[Atoms], np.ndarray]
) -> None:
    start = layered()
    start.set_constraint(FixAtoms([5]))
    relaxed = relax(start, AsePotential(EMT()), **options)
    assert relaxed.converged
    fixed = held(start)
    fixed[5] = True
    assert 1 < fixed.sum() < len(start)
    moved = np.linalg.norm(relaxed.atoms.positions - start.positions, axis=1)
    assert moved[fixed].max() == 0.0
    assert moved[~fixed].min() > 1e-4
    assert [list(c.index) for c in relaxed.atoms.constraints] == [[5]]


def test_layer_that_is_not_there() -> None:
    with pytest.raises(InputError, match="fixed_layers must be among the labels"):
        relax(layered(), AsePotential(EMT()), fixed_layers=(9,))
    with pytest.raises(InputError, match="fixed_side must be among the labels"):
        relax(layered(), AsePotential(EMT()), fixed_side=2)


def test_no_free_atom_is_refused() -> None:
    """A prototype carries layer 0 on all its atoms."""
    crystal = bulk("Cu", cubic=True)
    crystal.rattle(0.1, rng=np.random.default_rng(3))
    crystal.set_array("layer", np.zeros(4, dtype=int))
    with pytest.raises(InputError, match="a free atom or a free cell; got 4 atoms"):
        relax(crystal, AsePotential(EMT()), fixed_layers=(0,))
    held = relax(crystal, AsePotential(EMT()), fixed_layers=(0,), cell="isotropic")
    assert held.n_steps > 0
    assert held.converged
