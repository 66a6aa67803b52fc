"""The thermostat samples the canonical ensemble, in velocities and in positions."""

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk
from ase.constraints import FixAtoms
from scipy import optimize, stats

from md.dynamics import DynamicsConfig, Frame, GuardConfig, simulate

QUIET = GuardConfig(escape_distance_A=None, temperature_steps=10_000)


def energies(atoms, potential, config, folder) -> tuple[np.ndarray, np.ndarray]:
    """Kinetic and potential energy of the saved frames after the first tenth."""
    frames: list[Frame] = []
    simulate(atoms, potential, config, out=folder, observers=[frames.append])
    frames = frames[len(frames) // 10 :]
    return (
        np.array([f.kinetic_energy for f in frames]),
        np.array([f.potential_energy for f in frames]),
    )


def independent(samples: np.ndarray) -> float:
    """Count independent samples, from the autocorrelation up to its first zero."""
    away = samples - samples.mean()
    n = len(away)
    correlation = np.correlate(away, away, "full")[n - 1 :] / np.sum(away**2)
    negative = np.nonzero(correlation < 0)[0]
    until = int(negative[0]) if len(negative) else n
    return n / (1 + 2 * correlation[1:until].sum())


def assert_canonical(samples: np.ndarray, n_free: int, temperature_K: float) -> None:
    """Check energy of n_free quadratic terms: a gamma law of shape n_free / 2.

    Mean n/2 kT and variance n/2 (kT)², each within four of its standard errors for
    the number of independent samples; shape by Kolmogorov–Smirnov.
    """
    kT = units.kB * temperature_K
    shape = n_free / 2
    n = independent(samples)
    assert n > 100
    mean_error = kT * np.sqrt(shape / n)
    assert samples.mean() == pytest.approx(shape * kT, abs=4 * mean_error)
    variance = shape * kT**2
    kurtosis = 3 + 6 / shape
    variance_error = variance * np.sqrt((kurtosis - 1) / n)
    assert samples.var(ddof=1) == pytest.approx(variance, abs=4 * variance_error)
    stride = max(1, round(len(samples) / n))
    law = stats.gamma(shape, scale=kT)
    assert stats.kstest(samples[::stride], law.cdf).pvalue > 1e-4


@pytest.mark.parametrize("fixed", [0, 3])
def test_small_system_is_canonical_in_velocities_and_positions(
    tmp_path, springs, fixed
):
    """Few atoms show a wrong count of degrees of freedom at once.

    With the centre of mass held (or atoms fixed) both energies of a set of equal
    oscillators are gamma-distributed with half of the free coordinates. ASE's own
    Langevin(fixcm=True) heats six atoms by 6/5 in the positions.
    """
    atoms = bulk("Cu", cubic=True) * (2, 1, 1)
    atoms = atoms[:6]
    sites = atoms.positions.copy()
    n_free = 3 * 6 - 3
    if fixed:
        atoms.set_constraint(FixAtoms(range(fixed)))
        n_free = 3 * (6 - fixed)
    # ω = sqrt(k/m) = 17 /ps: (ω dt)² / 4 < 0.2 %, below the statistical error
    config = DynamicsConfig(
        n_steps=16_000, every=16, timestep_fs=5.0, temperature_K=300,
        friction_per_ps=20, seed=1, guards=QUIET,
    )  # fmt: skip
    kinetic, potential = energies(atoms, springs(sites, k=2.0), config, tmp_path)
    assert_canonical(kinetic, n_free, 300)
    assert_canonical(potential, n_free, 300)


def test_two_temperatures_differ_by_the_boltzmann_factor(tmp_path, springs):
    """The log of P(E|T2)/P(E|T1) is a line of slope 1/kT1 - 1/kT2.

    The slope is fitted by maximum likelihood (logistic regression of the temperature
    on the energy); its standard error grows with the correlation between samples.
    """
    atoms = bulk("Cu", cubic=True)
    samples, n_independent = [], []
    for temperature_K in (300.0, 450.0):
        config = DynamicsConfig(
            n_steps=6_000, every=10, timestep_fs=5.0, temperature_K=temperature_K,
            friction_per_ps=20, seed=2, guards=QUIET,
        )  # fmt: skip
        kinetic, potential = energies(
            atoms, springs(atoms.positions, k=2.0), config,
            tmp_path / f"{temperature_K:.0f}",
        )  # fmt: skip
        samples.append(kinetic + potential)
        n_independent.append(independent(samples[-1]))
    energy = np.concatenate(samples)
    hot = np.repeat([0.0, 1.0], [len(s) for s in samples])
    centred = energy - energy.mean()

    def loss(parameters: np.ndarray) -> float:
        z = parameters[0] + parameters[1] * centred
        return float(np.sum(np.logaddexp(0, z) - hot * z))

    fit = optimize.minimize(loss, [0.0, 1.0], method="BFGS")
    p = 1 / (1 + np.exp(-(fit.x[0] + fit.x[1] * centred)))
    design = np.stack([np.ones_like(centred), centred], axis=1)
    information = design.T @ (design * (p * (1 - p))[:, None])
    inflation = len(energy) / sum(n_independent)
    error = np.sqrt(np.linalg.inv(information)[1, 1] * inflation)
    expected = 1 / (units.kB * 300) - 1 / (units.kB * 450)
    assert error < 0.15 * expected
    assert fit.x[1] == pytest.approx(expected, abs=4 * error)


def test_velocities_forget_at_the_rate_of_the_friction(tmp_path, law_potential):
    """Free atoms are Ornstein–Uhlenbeck: <v(0) v(t)> / <v²> = exp(-γ t)."""
    n = 1000
    atoms = Atoms(f"Ar{n}", positions=10.0 * np.indices((10, 10, 10)).reshape(3, n).T)
    frames: list[Frame] = []
    config = DynamicsConfig(
        n_steps=100, every=25, timestep_fs=4.0, temperature_K=300,
        friction_per_ps=5.0, zero_momentum=False, guards=QUIET, seed=4,
    )  # fmt: skip
    free = law_potential(lambda positions: (0.0, np.zeros_like(positions)))
    simulate(atoms, free, config, out=tmp_path, observers=[frames.append])
    start = frames[0].momenta.ravel()
    for frame in frames[1:]:
        expected = np.exp(-5.0 * frame.time_ps)
        measured = np.mean(start * frame.momenta.ravel()) / np.mean(start**2)
        error = np.sqrt((1 - expected**2) / (3 * n))
        assert measured == pytest.approx(expected, abs=4 * error)


def test_centre_of_mass_rests_and_can_be_set_free(tmp_path, springs):
    atoms = bulk("LiCl", "rocksalt", a=5.1, cubic=True)
    centres = {}
    for zero in (True, False):
        frames: list[Frame] = []
        config = DynamicsConfig(
            n_steps=200, every=200, zero_momentum=zero, friction_per_ps=20, seed=3
        )
        simulate(
            atoms, springs(atoms.positions), config, out=tmp_path / str(zero),
            observers=[frames.append],
        )  # fmt: skip
        masses = atoms.get_masses()
        moved = frames[-1].positions - atoms.positions
        centres[zero] = np.linalg.norm(masses @ moved / masses.sum())
    assert centres[True] < 1e-12
    assert centres[False] > 1e-3
