"""Relaxation of the cell: chosen strains, vectors, volume, pressure."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.units import GPa

from mlip.ase_potential import AsePotential
from structures.relaxation import relax


def strained() -> Atoms:
    """Copper in a cell that is wrong in all six strains."""
    atoms = bulk("Cu", a=3.6, cubic=True)
    strain = np.array([[0.02, 0.015, -0.01], [0, -0.02, 0.02], [0, 0, 0.03]])
    atoms.set_cell(atoms.cell.array @ (np.eye(3) + strain), scale_atoms=True)
    return atoms


@pytest.mark.parametrize(
    ("cell", "free"),
    [("xx,yy", (0, 1)), ("zz", (2,)), ("yz,xz", (3, 4)), ("full", tuple(range(6)))],
)
def test_chosen_strains_relax_and_the_others_stay(
    cell: str, free: tuple[int, ...]
) -> None:
    potential = AsePotential(EMT())
    relaxed = relax(strained(), potential, cell=cell, stress_max_eV_per_A3=1e-5)
    assert relaxed.converged
    stress = np.abs(potential.evaluate([relaxed.atoms]).stresses[0])
    assert stress[list(free)].max() <= 1e-5
    held = [i for i in range(6) if i not in free]
    if not held:
        return
    assert stress[held].max(initial=0) > 1e-4
    moved = np.linalg.inv(strained().cell.array) @ relaxed.atoms.cell.array
    change = 0.5 * (moved + moved.T) - np.eye(3)
    voigt = np.abs(change[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]])
    assert voigt[list(free)].max() > 5e-3
    # normal strains multiply exactly; a shear of several steps is about its
    # exponential, whose second order, half the square, reaches held components
    sheared = any(i > 2 for i in free)
    bound = voigt[list(free)].max() ** 2 if sheared else 1e-12
    assert voigt[held].max() < bound


def test_isotropic_keeps_angles_and_shape_keeps_the_volume() -> None:
    potential = AsePotential(EMT())
    start = strained()
    volume = start.get_volume()
    isotropic = relax(start, potential, cell="isotropic", stress_max_eV_per_A3=1e-5)
    ratio = isotropic.atoms.cell.array[2, 2] / start.cell.array[2, 2]
    np.testing.assert_allclose(
        isotropic.atoms.cell.array, ratio * start.cell.array, rtol=1e-9, atol=1e-12
    )
    stress = potential.evaluate([isotropic.atoms]).stresses[0]
    assert abs(stress[:3].mean()) <= 1e-5
    shape = relax(start, potential, cell="shape", stress_max_eV_per_A3=1e-5)
    np.testing.assert_allclose(shape.atoms.get_volume(), volume, rtol=1e-12)
    stress = potential.evaluate([shape.atoms]).stresses[0]
    assert np.ptp(stress[:3]) <= 2e-5
    assert abs(stress[0]) > 1e-3  # volume is not that of the minimum
    assert shape.energy_eV > relax(start, potential, cell="full").energy_eV


def test_fixed_lattice_vectors_stay() -> None:
    potential = AsePotential(EMT())
    start = strained()
    start.rotate(40, (1, 2, 0), rotate_cell=True)  # any orientation
    relaxed = relax(start, potential, cell="full", fixed_vectors="ab")
    assert relaxed.converged
    np.testing.assert_allclose(
        relaxed.atoms.cell.array[:2], start.cell.array[:2], rtol=0, atol=1e-9
    )
    moved = np.linalg.norm(relaxed.atoms.cell.array[2] - start.cell.array[2])
    assert moved > 0.02
    # c is at its minimum: no small change of it lowers the energy
    for direction in np.eye(3):
        for sign in (-1, 1):
            other = relaxed.atoms.copy()
            cell = other.cell.array.copy()
            cell[2] += sign * 0.01 * direction
            other.set_cell(cell, scale_atoms=True)
            assert potential.evaluate([other]).energies[0] > relaxed.energy_eV - 1e-6
    one = relax(start, potential, cell="full", fixed_vectors="c")
    np.testing.assert_allclose(
        one.atoms.cell.array[2], start.cell.array[2], rtol=0, atol=1e-9
    )
    full = relax(start, potential, cell="full")
    assert full.energy_eV < min(one.energy_eV, relaxed.energy_eV) - 1e-3


def test_pressure_is_balanced_by_stress() -> None:
    potential = AsePotential(EMT())
    free = relax(bulk("Cu", a=3.6), potential, cell="full")
    pressed = relax(
        bulk("Cu", a=3.6),
        potential,
        cell="full",
        pressure_GPa=20.0,
        stress_max_eV_per_A3=1e-5,
    )
    stress = potential.evaluate([pressed.atoms]).stresses[0] / GPa
    np.testing.assert_allclose(stress[:3], -20.0, rtol=1e-3)
    assert pressed.atoms.get_volume() < free.atoms.get_volume()
    assert pressed.energy_eV > free.energy_eV
