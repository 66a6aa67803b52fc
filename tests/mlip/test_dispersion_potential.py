"""Dispersion at run time: counted once, and no crash when atoms coincide."""

import subprocess
import sys

import numpy as np
import pytest

from mlip import DispersionPotential, load_potential
from structures import build_prototype
from training_data import InputError


def test_dispersion_is_never_counted_twice():
    with pytest.raises(InputError, match="must lack dispersion"):
        load_potential("li-zr-cl+d3")
    released = load_potential("li-zr-cl")
    assert isinstance(released, DispersionPotential)
    assert released.level == "PBE-D3(BJ)"
    assert released.base.level == "PBE"


def test_precision_and_weights_tell_two_potentials_apart():
    double, single = (load_potential(dtype=t) for t in ("float64", "float32"))
    assert double.identity != single.identity
    assert double.identity == load_potential().identity


def test_coinciding_atoms_give_a_result_that_guards_can_see():
    atoms = build_prototype("LiCl")
    session = load_potential("li-zr-cl").session(atoms)
    atoms.positions[1] = atoms.positions[0]
    energy, forces, _ = session.evaluate(atoms.positions, atoms.cell.array)
    assert not (np.isfinite(energy) and np.isfinite(forces).all())


FIRST_CALL = """
import numpy as np
from mlip import load_potential
from structures import build_prototype
atoms = build_prototype("Li2ZrCl6").repeat((3, 3, 2))
atoms.rattle(0.05, seed=1)
potential = load_potential("li-zr-cl", dtype="float32").base
answers = [
    potential.session(atoms).evaluate(atoms.positions, atoms.cell.array)[1]
    for _ in range(3)
]
print(max(abs(answers[0] - other).max() for other in answers))
"""


def test_the_first_answer_of_a_process_is_that_of_all_later_ones():
    """What an exact restart needs: a resumed run begins with a first answer."""
    done = subprocess.run(
        [sys.executable, "-c", FIRST_CALL], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) == 0.0
