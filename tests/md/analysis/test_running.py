"""Numbers shown during a run are those of the analyses that come after it."""

import numpy as np
import pytest
from ase import Atoms

from md.analysis.bonds import BondCriterion
from md.analysis.dissolution import dissolution
from md.analysis.running import (
    RunningDisplacement,
    RunningDissolution,
    rough_diffusivity_cm2_per_s,
)
from md.trajectory import TrajectoryWriter, open_trajectory
from training_data import InputError


def wandering(n_frames: int = 120) -> list[Atoms]:
    """Zirconium atoms that leave their chlorine and come back, in a skewed cell."""
    rng = np.random.default_rng(7)
    cell = np.array([[12.0, 0, 0], [4.0, 11.0, 0], [1.0, 2.0, 13.0]])
    homes = rng.random((4, 3)) @ cell
    chlorine = (homes[:, None] + [[2.4, 0, 0], [0, 2.4, 0]]).reshape(-1, 3)
    frames = []
    for k in range(n_frames):
        swing = 1.2 * (1 - np.cos(2 * np.pi * k / 60 + np.arange(4)))
        away = homes - swing[:, None] * np.ones(3) / np.sqrt(3)
        jitter = 0.05 * rng.standard_normal((12, 3))
        places = np.concatenate([away, chlorine]) + jitter
        frames.append(Atoms("Zr4Cl8", positions=places, cell=cell, pbc=True))
    return frames


@pytest.mark.parametrize("hold_ps", [0.0, 0.5])
def test_running_dissolution_ends_where_the_analysis_does(tmp_path, hold_ps):
    frames = wandering()
    times = 0.1 * np.arange(len(frames))
    with TrajectoryWriter(tmp_path / "t.h5", frames[0]) as writer:
        for k, atoms in enumerate(frames):
            writer.append(atoms, step=k, time_ps=float(times[k]))
    rule = BondCriterion(form_A=2.68, break_A=3.4, hold_ps=hold_ps)
    running = RunningDissolution(
        frames[0], times, species="Zr", ligand="Cl", criterion=rule
    )
    told = [running.advance(a.positions, a.cell.array) for a in frames]
    assert max(told) > 0
    for n in (40, 80, len(frames)):
        with TrajectoryWriter(tmp_path / f"{n}.h5", frames[0]) as writer:
            for k in range(n):
                writer.append(frames[k], step=k, time_ps=float(times[k]))
        with open_trajectory(tmp_path / f"{n}.h5") as trajectory:
            found = dissolution(trajectory, form_A=2.68, break_A=3.4, hold_ps=hold_ps)
        assert told[n - 1] == found.final_fraction


def test_running_displacement_forgets_the_drift():
    rng = np.random.default_rng(8)
    atoms = Atoms("Li3Cl5", positions=10 * rng.random((8, 3)))
    running = RunningDisplacement(atoms, species="Li")
    running.advance(atoms.positions)
    moved = atoms.positions + np.array([5.0, -3.0, 2.0])
    moved[:3] += [[1.0, 0, 0], [0, 2.0, 0], [0, 0, 2.0]]
    assert running.advance(moved) == pytest.approx(3.0, rel=1e-12)


def test_rough_diffusivity_of_a_random_walk():
    rng = np.random.default_rng(9)
    d_A2_per_ps, dt = 0.5, 0.1
    steps = rng.normal(scale=np.sqrt(2 * d_A2_per_ps * dt), size=(400, 3000, 3))
    atoms = Atoms("Li3000", positions=np.zeros((3000, 3)))
    running = RunningDisplacement(atoms, species="Li")
    places = np.cumsum(steps, axis=0)
    msd = np.array([running.advance(p) for p in places])
    found = rough_diffusivity_cm2_per_s(dt * np.arange(400), msd)
    assert found == pytest.approx(d_A2_per_ps * 1e-4, rel=0.06)


def test_missing_species_are_named():
    atoms = Atoms("LiCl", positions=[[0, 0, 0], [2.5, 0, 0]])
    rule = BondCriterion(form_A=2.68, break_A=3.4, hold_ps=0.0)
    with pytest.raises(InputError, match="'Zr'"):
        RunningDissolution(
            atoms, np.zeros(1), species="Zr", ligand="Cl", criterion=rule
        )
    with pytest.raises(InputError, match="'Na'"):
        RunningDisplacement(atoms, species="Na")
