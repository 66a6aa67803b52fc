"""MDAnalysis reads our trajectories: same positions, box, times."""

from pathlib import Path

import MDAnalysis
import numpy as np
import pytest
from ase import Atoms, units
from ase.calculators.singlepoint import SinglePointCalculator
from MDAnalysis.lib.mdamath import triclinic_vectors
from numpy.typing import NDArray

from md.trajectory import TrajectoryWriter, open_trajectory

ORTHORHOMBIC = np.diag([5.0, 6.0, 20.0])
TRICLINIC = np.array([[6.0, 0.0, 0.0], [-3.0, 5.2, 0.0], [1.0, 0.7, 11.0]])
# The same lattice as TRICLINIC, turned: b along -y and the like.
TURNED = TRICLINIC @ np.array([[0.0, 0.6, 0.8], [-1.0, 0.0, 0.0], [0.0, -0.8, 0.6]])
LEFT_HANDED = TURNED[[1, 0, 2]]


def frames(cell: NDArray[np.float64]) -> list[Atoms]:
    """Five frames of a fluctuating cell with forces and velocities."""
    rng = np.random.default_rng(3)
    start = Atoms("LiZrCl2", rng.uniform(0, 5, (4, 3)), cell=cell, pbc=True)
    out = []
    for i in range(5):
        atoms = start.copy()
        atoms.set_cell(cell * (1 + 0.01 * i), scale_atoms=True)
        atoms.positions += 4.0 * i  # far outside the cell: unwrapped
        atoms.set_momenta(rng.normal(size=(4, 3)))
        atoms.calc = SinglePointCalculator(atoms, forces=rng.normal(size=(4, 3)))
        out.append(atoms)
    return out


@pytest.mark.parametrize("cell", [ORTHORHOMBIC, TRICLINIC, TURNED, LEFT_HANDED])
def test_mdanalysis_reads_the_same_frames(
    tmp_path: Path, cell: NDArray[np.float64]
) -> None:
    path = tmp_path / "trajectory.h5"
    written = frames(cell)
    with TrajectoryWriter(path, written[0], velocities=True, forces=True) as writer:
        for i, atoms in enumerate(written):
            writer.append(atoms, step=10 * i, time_ps=0.02 * i)
    universe = MDAnalysis.Universe.empty(4)
    universe.load_new(str(path), format="H5MD")
    with open_trajectory(path) as trajectory:
        for i, (step, atoms) in enumerate(
            zip(universe.trajectory, written, strict=True)
        ):
            ours = trajectory.atoms(i)
            box = triclinic_vectors(step.dimensions, dtype=np.float64)
            # MDAnalysis keeps lengths and angles (degrees) in float32.
            np.testing.assert_allclose(box, ours.cell.array, rtol=1e-6, atol=3e-6)
            np.testing.assert_allclose(step.positions, ours.positions, rtol=1e-6)
            assert step.time == pytest.approx(0.02 * i, rel=1e-12)
            assert step.data["step"] == 10 * i
            # The same geometry as what was written, seen in its own frame.
            np.testing.assert_allclose(
                ours.cell.cellpar(), atoms.cell.cellpar(), rtol=1e-12
            )
            np.testing.assert_allclose(
                ours.get_all_distances(mic=True),
                atoms.get_all_distances(mic=True),
                rtol=1e-9,
                atol=1e-9,
            )
            np.testing.assert_allclose(
                np.linalg.norm(ours.positions, axis=1),
                np.linalg.norm(atoms.positions, axis=1),
                rtol=1e-12,
            )
            work = np.sum(atoms.get_forces() * atoms.positions, axis=1)
            kj_per_mol = units.kJ / units.mol
            np.testing.assert_allclose(
                np.sum(step.forces * step.positions, axis=1) * kj_per_mol,
                work,
                rtol=1e-4,
            )
            speed = np.linalg.norm(atoms.get_velocities(), axis=1) * 1000 * units.fs
            np.testing.assert_allclose(
                np.linalg.norm(step.velocities, axis=1), speed, rtol=1e-6
            )
            np.testing.assert_allclose(
                np.sum(step.velocities * step.positions, axis=1),
                np.sum(atoms.get_velocities() * atoms.positions, axis=1)
                * 1000
                * units.fs,
                rtol=1e-4,
            )
    universe.trajectory.close()


def test_slab_and_molecule_open_in_mdanalysis(tmp_path: Path) -> None:
    for name, pbc, cell in (("slab", [1, 1, 0], [5, 5, 20]), ("molecule", False, None)):
        atoms = Atoms("Li2", [[0, 0, 0], [0, 0, 3]], cell=cell, pbc=pbc)
        path = tmp_path / f"{name}.h5"
        with TrajectoryWriter(path, atoms) as writer:
            writer.append(atoms, step=0, time_ps=0.0)
        universe = MDAnalysis.Universe.empty(2)
        universe.load_new(str(path), format="H5MD")
        np.testing.assert_allclose(universe.trajectory.ts.positions, atoms.positions)
        universe.trajectory.close()
        with open_trajectory(path) as trajectory:
            np.testing.assert_array_equal(trajectory.pbc, atoms.pbc)
            np.testing.assert_array_equal(trajectory.initial.cell, atoms.cell)


def test_orthorhombic_positions_keep_every_bit(tmp_path: Path) -> None:
    path = tmp_path / "trajectory.h5"
    written = frames(ORTHORHOMBIC)
    with TrajectoryWriter(path, written[0]) as writer:
        for i, atoms in enumerate(written):
            writer.append(atoms, step=i, time_ps=float(i))
    with open_trajectory(path) as trajectory:
        for i, atoms in enumerate(written):
            np.testing.assert_array_equal(
                trajectory.atoms(i).positions, atoms.positions
            )
