"""Labels as mace-torch reads them: none may be lost on the way."""

import numpy as np
import pytest
from ase.build import bulk

from mlip.training_graphs import build_graphs
from training_data import Dataset, LevelOfTheory

STRESS = np.array([0.01, 0.02, 0.03, 0.04, 0.05, 0.06])


@pytest.fixture(scope="module")
def frames():
    made = []
    for index, kind in enumerate(("metal", "salt")):
        atoms = bulk("LiCl", "rocksalt", a=5.1)
        atoms.info |= {"REF_energy": -7.25 - index, "config_type": kind}
        atoms.arrays["REF_forces"] = np.array([[0.1, -0.2, 0.3], [-0.1, 0.2, -0.3]])
        made.append(atoms)
    made[0].info["REF_stress"] = STRESS
    return Dataset(frames=tuple(made), level=LevelOfTheory(functional="PBE"))


def test_labels_and_weights_arrive(frames):
    first, second = build_graphs(
        frames, numbers=[3, 17], r_max_A=3.0, config_type_weights={"salt": 2.5}
    )
    assert float(first.energy) == pytest.approx(-7.25, rel=1e-7)
    np.testing.assert_allclose(
        first.forces.numpy(), frames.forces[0], rtol=1e-6, atol=0
    )
    xx, yy, zz, yz, xz, xy = STRESS
    np.testing.assert_allclose(
        first.stress[0].numpy(),
        [[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]],
        rtol=1e-6,
    )
    assert [float(g.energy_weight) for g in (first, second)] == [1.0, 2.5]
    assert [float(g.forces_weight) for g in (first, second)] == [1.0, 2.5]
    # a frame without a stress label must not pull the stress to zero
    assert [float(g.stress_weight) for g in (first, second)] == [1.0, 0.0]


def test_neighbours_are_those_within_the_cutoff(frames):
    # rock salt, a = 5.1 Å: 6 neighbours at 2.55 Å, 12 more at 3.606 Å
    for cutoff, expected in ((3.0, 6), (3.7, 18)):
        graph = build_graphs(frames, numbers=[3, 17], r_max_A=cutoff)[0]
        assert graph.edge_index.shape[1] == 2 * expected


def test_labels_of_the_data_set_are_not_touched(frames):
    build_graphs(frames, numbers=[3, 17], r_max_A=3.0, config_type_weights={"salt": 2})
    assert not any("weight" in key for f in frames.frames for key in f.info)
