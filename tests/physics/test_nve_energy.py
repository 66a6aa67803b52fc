"""Constant energy: an error of second order in the time step, and no drift."""

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.lj import LennardJones

from md.dynamics import DynamicsConfig, Frame, simulate
from mlip.ase_potential import AsePotential

TEMPERATURE_K = 40.0


def lennard_jones() -> AsePotential:
    """Argon whose energy and forces go smoothly to zero at the cutoff."""
    return AsePotential(
        lambda: LennardJones(sigma=3.4, epsilon=0.0104, rc=7.0, ro=5.0, smooth=True),
        name="lj-argon",
    )


def argon():
    atoms = bulk("Ar", a=5.3, cubic=True) * 2
    atoms.rattle(0.05, seed=1)
    return atoms


def total_energies(folder, *, timestep_fs, every, n_steps) -> np.ndarray:
    frames: list[Frame] = []
    config = DynamicsConfig(
        ensemble="nve", temperature_K=TEMPERATURE_K, timestep_fs=timestep_fs,
        n_steps=n_steps, every=every, seed=7,
    )  # fmt: skip
    simulate(argon(), lennard_jones(), config, out=folder, observers=[frames.append])
    momenta = np.array([f.momenta.sum(axis=0) for f in frames])
    scale = np.linalg.norm(frames[0].momenta)
    assert np.abs(momenta).max() < 1e-11 * scale, "total momentum is conserved"
    return np.array([f.total_energy for f in frames])


def test_energy_error_falls_with_the_square_of_the_timestep(tmp_path):
    """Same instants, half the step: a quarter of the deviation.

    Verlet conserves E + dt² G(q, p) + O(dt⁴) exactly, so E(t) - E(0) at a given
    instant is -dt² ΔG + O(dt⁴). With ω dt = 0.1 at 8 fs (ω of argon about
    12 /ps) the next order is below (ω dt)² / 4 = 0.3 % of it, and trajectories that
    have not yet diverged differ by O(dt²) too: 5 % is generous and 2 or 8 is far off.
    """
    deviations = []
    for timestep_fs, every in ((6.0, 4), (3.0, 8), (1.5, 16)):
        energies = total_energies(
            tmp_path / str(timestep_fs),
            timestep_fs=timestep_fs, every=every, n_steps=12 * every,
        )  # fmt: skip
        deviations.append(np.sqrt(np.mean((energies - energies[0])[1:] ** 2)))
    assert deviations[0] / deviations[1] == pytest.approx(4.0, rel=0.05)
    assert deviations[1] / deviations[2] == pytest.approx(4.0, rel=0.05)


def test_energy_does_not_drift(tmp_path):
    """A line through the energy of 4 ps: its rise is within the scatter around it."""
    energies = total_energies(tmp_path, timestep_fs=7.0, every=5, n_steps=600)
    times = np.linspace(0.0, 1.0, len(energies))
    slope, offset = np.polyfit(times, energies, 1)
    scatter = np.std(energies - slope * times - offset, ddof=2)
    uncertainty = scatter * np.sqrt(12 / len(energies))  # of the rise, white noise
    assert abs(slope) < 4 * uncertainty
    kinetic = 1.5 * 32 * 8.617e-5 * TEMPERATURE_K
    assert scatter < 1e-3 * kinetic
