"""Structures that cannot be evaluated are refused before anything is written."""

import pytest
from ase import Atoms
from ase.calculators.emt import EMT

from md.dynamics import DynamicsConfig, simulate
from mlip import AsePotential
from training_data import InputError


def test_a_periodic_structure_without_volume_is_refused(tmp_path):
    atoms = Atoms("Cu2", positions=[[0, 0, 0], [0, 0, 2.5]], pbc=True)
    out = tmp_path / "run"
    with pytest.raises(InputError, match="span no volume"):
        simulate(atoms, AsePotential(EMT()), DynamicsConfig(), out=out)
    assert not out.exists()
