"""Degrees of freedom, first velocities and what can be moved at all."""

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk
from ase.constraints import FixAtoms, FixedPlane
from scipy import stats

from md.dynamics import DynamicsConfig
from md.dynamics.ensembles import (
    build_moving_atoms,
    degrees_of_freedom,
    draw_momenta,
)
from training_data.errors import InputError

LITHIUM = bulk("Li", cubic=True) * (10, 10, 10)


def kinetic_temperature(momenta, masses, n_free):
    return np.sum(momenta**2 / masses[:, None]) / (n_free * units.kB)


def test_fixed_atoms_and_resting_centre_of_mass_carry_no_heat():
    atoms = bulk("Li", cubic=True) * 2
    assert degrees_of_freedom(atoms, zero_momentum=False) == 48
    assert degrees_of_freedom(atoms, zero_momentum=True) == 45
    atoms.set_constraint([FixAtoms([0, 1, 2]), FixAtoms([2, 3])])
    assert degrees_of_freedom(atoms, zero_momentum=True) == 36


def test_drawn_velocities_are_maxwell_boltzmann_for_each_mass():
    atoms = Atoms("LiCl" * 3000, positions=np.zeros((6000, 3)))
    config = DynamicsConfig(temperature_K=400, zero_momentum=False)
    momenta = draw_momenta(atoms, config, np.random.default_rng(3))
    for element in ("Li", "Cl"):
        chosen = atoms.symbols == element
        width = np.sqrt(atoms.get_masses()[chosen][0] * units.kB * 400)
        drawn = momenta[chosen].ravel() / width
        assert stats.kstest(drawn, "norm").pvalue > 1e-3


def test_drawn_centre_of_mass_rests_and_nve_starts_at_twice_the_temperature():
    config = DynamicsConfig(temperature_K=300, ensemble="nve")
    momenta = draw_momenta(LITHIUM, config, np.random.default_rng(0))
    masses = LITHIUM.get_masses()
    typical = np.sqrt(np.sum(momenta**2))
    assert np.abs(momenta.sum(axis=0)).max() < 1e-12 * typical
    n_free = 3 * len(LITHIUM) - 3
    measured = kinetic_temperature(momenta, masses, n_free)
    assert measured == pytest.approx(600, rel=1e-12)


def test_thermostatted_start_is_a_draw_not_a_rescaled_one():
    config = DynamicsConfig(temperature_K=300)
    n_free = 3 * len(LITHIUM) - 3
    measured = [
        kinetic_temperature(
            draw_momenta(LITHIUM, config, np.random.default_rng(seed)),
            LITHIUM.get_masses(),
            n_free,
        )
        for seed in range(40)
    ]
    # a chi-square with n_free degrees of freedom has this spread; 40 samples know
    # their standard deviation to 1/sqrt(80) = 11 %, so 4 sigma is 45 %
    expected = 300 * np.sqrt(2 / n_free)
    assert np.std(measured, ddof=1) == pytest.approx(expected, rel=0.45)
    assert np.mean(measured) == pytest.approx(300, abs=4 * expected / np.sqrt(40))


def test_fixed_atoms_get_no_velocity():
    atoms = bulk("Li", cubic=True) * 2
    atoms.set_constraint(FixAtoms([3, 5]))
    momenta = draw_momenta(atoms, DynamicsConfig(), np.random.default_rng(0))
    assert (momenta[[3, 5]] == 0).all()
    assert (momenta[[0, 1, 2, 4]] != 0).all()


def test_given_velocities_are_kept_and_the_structure_is_left_alone():
    atoms = Atoms("Li2", positions=[[0, 0, 0], [3, 0, 0]])
    atoms.set_momenta([[1, 0, 0], [1, 2, 0]])
    before = atoms.copy()
    drifting = build_moving_atoms(
        atoms, DynamicsConfig(velocities="given", zero_momentum=False)
    )
    np.testing.assert_array_equal(drifting.get_momenta(), before.get_momenta())
    resting = build_moving_atoms(atoms, DynamicsConfig(velocities="given"))
    np.testing.assert_allclose(
        resting.get_momenta(), [[0, -1, 0], [0, 1, 0]], rtol=0, atol=1e-15
    )
    assert atoms == before
    assert not atoms.constraints


@pytest.mark.parametrize(
    ("element", "timestep_fs", "allowed"),
    [("Li", 3.0, True), ("Li", 3.1, False), ("H", 1.1, True), ("H", 1.2, False)],
)
def test_timestep_must_resolve_the_lightest_atom(element, timestep_fs, allowed):
    atoms = Atoms([element, "Zr"], positions=[[0, 0, 0], [3, 0, 0]])
    config = DynamicsConfig(timestep_fs=timestep_fs)
    if allowed:
        build_moving_atoms(atoms, config)
    else:
        with pytest.raises(InputError, match=rf"timestep_fs must .* with {element} "):
            build_moving_atoms(atoms, config)


def test_fixed_light_atoms_do_not_limit_the_timestep():
    atoms = Atoms("HZrZr", positions=[[0, 0, 0], [3, 0, 0], [6, 0, 0]])
    atoms.set_constraint(FixAtoms([0]))
    build_moving_atoms(atoms, DynamicsConfig(timestep_fs=5.0))


def test_what_cannot_be_run_is_refused_by_name():
    one = Atoms("Li")
    with pytest.raises(InputError, match="zero_momentum to false"):
        build_moving_atoms(one, DynamicsConfig())
    held = Atoms("Li2", positions=[[0, 0, 0], [3, 0, 0]], constraint=FixAtoms([0, 1]))
    with pytest.raises(InputError, match="2 of them, 2 fixed"):
        build_moving_atoms(held, DynamicsConfig())
    plane = Atoms("Li2", positions=[[0, 0, 0], [3, 0, 0]])
    plane.set_constraint(FixedPlane(0, (0, 0, 1)))
    with pytest.raises(InputError, match="got 'FixedPlane'"):
        build_moving_atoms(plane, DynamicsConfig())
    broken = Atoms("Li2", positions=[[0, 0, 0], [np.nan, 0, 0]])
    with pytest.raises(InputError, match="positions must be finite"):
        build_moving_atoms(broken, DynamicsConfig())
    with pytest.raises(InputError, match="velocities must be in the structure"):
        build_moving_atoms(Atoms("Li2"), DynamicsConfig(velocities="given"))
