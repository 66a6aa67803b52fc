"""Every thermostat samples the canonical ensemble, with and without fixed layers.

The systems are tiny and hot: four moving atoms that collide all the time, so that a
wrong number of degrees of freedom is a wrong temperature by a quarter or more, and
that a few thousand steps hold hundreds of independent samples. The same checks are
shown to fail for a thermostat that counts three per atom.
"""

import numpy as np
import pytest
from ase import Atoms, units
from ase.constraints import FixAtoms
from scipy import stats

from md.dynamics import DynamicsConfig
from md.dynamics.integrators import build_integrator
from md.dynamics.motion import Motion

THERMOSTATS = ("langevin", "bussi", "nose_hoover")
COLD_K, HOT_K = 2000.0, 3600.0
FREE, FIXED = (4, 0), (6, 3)  # atoms, of which fixed: nine degrees of freedom each
WIDTH_A = 6.9
STEPS = 8_000


def gas(n_atoms: int, n_fixed: int) -> Atoms:
    corners = np.indices((2, 2, 2)).reshape(3, 8).T[[0, 3, 5, 6, 1, 2, 4, 7]]
    away = 0.3 * np.random.default_rng(0).standard_normal((n_atoms, 3))
    atoms = Atoms(
        f"Ar{n_atoms}",
        positions=WIDTH_A / 2 * corners[:n_atoms] + away,
        cell=[WIDTH_A] * 3,
        pbc=True,
    )
    if n_fixed:
        atoms.set_constraint(FixAtoms(range(n_fixed)))
    return atoms


def sample(atoms, potential, config, *, counted: int | None = None):
    """Kinetic and potential energy after each step but the first tenth.

    With `counted` the thermostat is told a wrong number of degrees of freedom.
    """
    motion = Motion(atoms, potential, config)
    if counted is not None:
        motion._integrator = build_integrator(
            motion.atoms, config, model=motion._model, n_free=counted, rng=motion._rng
        )
    motion.start()
    masses = motion.atoms.get_masses()[:, None]
    energies = []
    for _ in range(config.n_steps):
        motion.advance()
        momenta = motion.atoms.arrays["momenta"]
        energies.append((0.5 * np.vdot(momenta, momenta / masses), motion.energy))
    return np.array(energies[config.n_steps // 10 :]).T


def settings(ensemble: str, temperature_K: float, **changed) -> DynamicsConfig:
    chosen = {
        "ensemble": ensemble,
        "temperature_K": temperature_K,
        "timestep_fs": 5.0,
        "n_steps": STEPS,
        "friction_per_ps": 10.0,
        "thermostat_time_ps": 0.05,
        "seed": 3,
    }
    return DynamicsConfig(**{**chosen, **changed})


def assert_kinetic_law(kinetic, n_free: int, temperature_K: float, *, n: float) -> None:
    """Kinetic energy is gamma-distributed with half of the degrees of freedom."""
    kT = units.kB * temperature_K
    assert n > 150
    error = kT * np.sqrt(n_free / 2 / n)
    assert kinetic.mean() == pytest.approx(n_free / 2 * kT, abs=4 * error)
    thinned = kinetic[:: max(1, round(len(kinetic) / n))]
    law = stats.gamma(n_free / 2, scale=kT)
    assert stats.kstest(thinned, law.cdf).pvalue > 1e-4


@pytest.mark.parametrize("system", [FREE, FIXED], ids=["free", "fixed layers"])
@pytest.mark.parametrize("ensemble", THERMOSTATS)
def test_two_temperatures_differ_by_the_boltzmann_factor(
    soft_spheres, independent, slope_between, ensemble, system
):
    potential = soft_spheres(epsilon_eV=3.0, diameter_A=3.4)
    totals = []
    for temperature_K in (COLD_K, HOT_K):
        config = settings(ensemble, temperature_K)
        kinetic, stored = sample(gas(*system), potential, config)
        assert_kinetic_law(kinetic, 9, temperature_K, n=independent(kinetic))
        totals.append(kinetic + stored)
    slope, error = slope_between(*totals)
    expected = 1 / (units.kB * COLD_K) - 1 / (units.kB * HOT_K)
    assert error < 0.15 * expected
    assert slope == pytest.approx(expected, abs=4 * error)


@pytest.mark.parametrize("system", [FREE, FIXED], ids=["free", "fixed layers"])
@pytest.mark.parametrize("ensemble", ["bussi", "nose_hoover"])
def test_a_bath_that_counts_three_per_atom_is_found_out(
    soft_spheres, independent, ensemble, system
):
    potential = soft_spheres(epsilon_eV=3.0, diameter_A=3.4)
    config = settings(ensemble, COLD_K)
    kinetic, _ = sample(gas(*system), potential, config, counted=3 * system[0])
    with pytest.raises(AssertionError):
        assert_kinetic_law(kinetic, 9, COLD_K, n=independent(kinetic))


def test_a_centre_of_mass_that_is_not_held_is_found_out(soft_spheres, independent):
    potential = soft_spheres(epsilon_eV=3.0, diameter_A=3.4)
    config = settings("langevin", COLD_K, zero_momentum=False)
    kinetic, _ = sample(gas(*FREE), potential, config)
    assert_kinetic_law(kinetic, 12, COLD_K, n=independent(kinetic))
    with pytest.raises(AssertionError):
        assert_kinetic_law(kinetic, 9, COLD_K, n=independent(kinetic))


@pytest.mark.parametrize("ensemble", ["bussi", "nose_hoover"])
def test_without_held_centre_all_components_carry_heat(soft_spheres, ensemble):
    """The momentum of the whole is conserved: it may only be scaled with the rest."""
    potential = soft_spheres(epsilon_eV=3.0, diameter_A=3.4)
    config = settings(ensemble, COLD_K, zero_momentum=False, n_steps=2_000)
    motion = Motion(gas(*FREE), potential, config)
    motion.start()
    first = motion.atoms.get_momenta().sum(axis=0)
    for _ in range(500):
        motion.advance()
    last = motion.atoms.get_momenta().sum(axis=0)
    along = first @ last / np.linalg.norm(first) / np.linalg.norm(last)
    assert abs(along) == pytest.approx(1.0, rel=1e-9)
    assert motion.n_free == 12


@pytest.mark.parametrize("ensemble", THERMOSTATS)
def test_centre_of_mass_and_fixed_atoms_stay_where_they_are(soft_spheres, ensemble):
    potential = soft_spheres(epsilon_eV=3.0, diameter_A=3.4)
    for system in (FREE, FIXED):
        atoms = gas(*system)
        motion = Motion(atoms, potential, settings(ensemble, COLD_K))
        motion.start()
        for _ in range(500):
            motion.advance()
        moved = motion.atoms.positions - atoms.positions
        assert np.linalg.norm(moved[system[1] :], axis=1).min() > 0.1
        if system[1]:
            assert (moved[: system[1]] == 0).all()
            assert (motion.atoms.arrays["momenta"][: system[1]] == 0).all()
        else:
            assert np.abs(moved.mean(axis=0)).max() < 1e-12


@pytest.mark.parametrize("ensemble", ["nve", "nose_hoover"])
def test_error_of_the_conserved_energy_is_of_second_order(soft_spheres, ensemble):
    """Half the time step, a quarter of the error: 4 within 10 %.

    What is conserved is the energy of the atoms; with a Nosé–Hoover chain, the sum
    of theirs and the chain's.
    """
    potential = soft_spheres(epsilon_eV=3.0, diameter_A=3.4)
    spreads = []
    for timestep_fs in (0.5, 1.0, 2.0):
        config = settings(
            ensemble, COLD_K, timestep_fs=timestep_fs, initial_temperature_K=COLD_K
        )
        motion = Motion(gas(*FREE), potential, config)
        motion.start()
        masses = motion.atoms.get_masses()[:, None]
        conserved = []
        for _ in range(round(400 / timestep_fs)):
            motion.advance()
            momenta = motion.atoms.arrays["momenta"]
            total = 0.5 * np.vdot(momenta, momenta / masses) + motion.energy
            if ensemble == "nose_hoover":
                chain = motion._integrator._thermostat
                total += chain.bath_energy(kT=units.kB * COLD_K)
            conserved.append(total)
        spreads.append(np.std(conserved))
    assert spreads[0] > 1e-9  # far above rounding
    assert spreads[1] / spreads[0] == pytest.approx(4, rel=0.1)
    assert spreads[2] / spreads[1] == pytest.approx(4, rel=0.1)


@pytest.mark.parametrize("ensemble", ["bussi", "nose_hoover"])
def test_a_step_asks_the_potential_once(soft_spheres, ensemble):
    potential = soft_spheres(epsilon_eV=3.0, diameter_A=3.4)
    motion = Motion(gas(*FREE), potential, settings(ensemble, COLD_K))
    motion.start()
    for _ in range(20):
        motion.advance()
    assert potential.n_calls == 21


def test_bussi_relaxes_at_its_time_constant(soft_spheres):
    """Without forces <K(t)> - K̄ decays as exp(-t/τ), whatever the time step."""
    free = soft_spheres(epsilon_eV=0.0, diameter_A=3.4)
    for timestep_fs in (2.0, 5.0):
        kinetic = []
        for seed in range(100):
            config = settings(
                "bussi", 300.0, seed=seed, timestep_fs=timestep_fs,
                initial_temperature_K=3000.0, thermostat_time_ps=0.05,
            )  # fmt: skip
            motion = Motion(gas(*FREE), free, config)
            motion.start()
            start = motion.temperature_K
            for _ in range(round(50 / timestep_fs)):
                motion.advance()
            kinetic.append((motion.temperature_K - 300.0) / (start - 300.0))
        error = np.std(kinetic, ddof=1) / np.sqrt(len(kinetic))
        assert error < 0.05
        assert np.mean(kinetic) == pytest.approx(np.exp(-1), abs=4 * error)
