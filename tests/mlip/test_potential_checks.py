"""The public battery finds what is wrong, and nothing where nothing is."""

import numpy as np
import pytest
from ase.calculators.calculator import all_changes
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones

from mlip import AsePotential, check_potential, dimer_curves
from mlip.jumps import largest_jump
from mlip.potential_checks import MEANINGS


def lennard_jones(**settings):
    return AsePotential(
        lambda: LennardJones(
            **{"sigma": 2.2, "epsilon": 0.3, "rc": 5.0, "ro": 4.0, "smooth": True}
            | settings
        ),
        species=("Li", "Cl"),
    )


def failed(potential, **settings):
    found = check_potential(potential, **settings)
    assert {check.name for check in found} <= set(MEANINGS)
    return [check.name for check in found if not check.passed]


@pytest.mark.parametrize(
    "potential",
    [lennard_jones(), AsePotential(EMT, species=("Cu", "Al", "Ag"))],
    ids=["lennard-jones", "emt"],
)
def test_sound_potentials_pass(potential):
    assert failed(potential) == []


class Wrong(LennardJones):
    """Lennard-Jones with one fault."""

    def __init__(self, fault):
        super().__init__(sigma=2.2, epsilon=0.3, rc=5.0, ro=4.0, smooth=True)
        self.fault = fault

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        x = atoms.positions[:, 0]
        if self.fault == "force":
            self.results["forces"] = 1.05 * self.results["forces"]
        elif self.fault == "stress" and "stress" in self.results:
            self.results["stress"] = -self.results["stress"]
        elif self.fault == "origin":
            self.results["energy"] += 0.1 * float(np.sin(x).sum())
            self.results["forces"][:, 0] -= 0.1 * np.cos(x)


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ("force", "forces_are_the_gradient"),
        ("stress", "stress_is_the_strain_derivative"),
        ("origin", "translation"),
    ],
)
def test_each_fault_is_found_by_name(fault, name):
    assert name in failed(AsePotential(lambda: Wrong(fault), species=("Li", "Cl")))


def test_sharp_cutoff_is_found_where_it_is():
    jump = largest_jump(lennard_jones(smooth=False), ("Li", "Cl"))
    assert jump.distance_A == pytest.approx(5.0, abs=1e-3)
    slope = 24 * 0.3 / 5.0 * (2 * (2.2 / 5) ** 12 - (2.2 / 5) ** 6)
    assert jump.force_eV_per_A == pytest.approx(abs(slope), rel=0.05)
    smooth = largest_jump(lennard_jones(), ("Li", "Cl"))
    assert smooth.force_eV_per_A < 1e-3 * jump.force_eV_per_A


class Soft(LennardJones):
    """Lennard-Jones in which a pair falls to an attractive centre below 1 Å."""

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        if len(atoms) != 2:
            return
        vector = atoms.positions[1] - atoms.positions[0]
        r = float(np.linalg.norm(vector))
        self.results["energy"] = 3.0 * float(np.exp(-((r - 1.5) ** 2) / 0.1))
        force = self.results["energy"] * 2 * (r - 1.5) / 0.1 * vector / r
        self.results["forces"] = np.array([-force, force])


def test_pair_that_can_fuse_is_found_with_its_barrier():
    potential = AsePotential(lambda: Soft(sigma=2.2, rc=5.0), species=("Li",))
    curves = dimer_curves(potential, ["Li"])
    assert curves.fusing == ("Li-Li",)
    assert curves.barriers_eV["Li-Li"] == pytest.approx(3.0, abs=0.1)
    assert dimer_curves(lennard_jones(), ["Li", "Cl"]).fusing == ()


def test_curves_of_lennard_jones_are_exact():
    curves = dimer_curves(lennard_jones(smooth=False, rc=50.0), ["Li"], n_points=20)
    r = curves.distances_A["Li-Li"]
    expected = 4 * 0.3 * ((2.2 / r) ** 12 - (2.2 / r) ** 6)
    energies = curves.energies_eV["Li-Li"]
    np.testing.assert_allclose(energies, expected - expected[-1], rtol=1e-9, atol=1e-9)


def test_another_precision_and_another_file_are_compared():
    other = lennard_jones(epsilon=0.300003)
    found = failed(lennard_jones(), in_other_precision=other, reloaded=lennard_jones())
    assert found == []
    spoilt = failed(lennard_jones(), in_other_precision=lennard_jones(epsilon=0.31))
    assert spoilt == ["float32_equals_float64"]
    assert failed(lennard_jones(), reloaded=other) == ["loads_as_saved"]


def test_failure_says_what_it_means():
    check = next(
        c for c in check_potential(lennard_jones()) if c.name == "dimers_repel"
    )
    assert "fuse" in check.meaning
    assert check.to_json()["detail"] == "none of 3 pairs of elements can fuse"
