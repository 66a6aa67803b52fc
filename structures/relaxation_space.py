"""Displacements and strain of a structure as one vector of lengths."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.constraints import FixAtoms
from ase.stress import voigt_6_to_full_3x3_stress
from ase.units import GPa

from mlip.evaluation import Prediction
from structures.cell_freedom import StrainSpace, strain_space
from training_data.errors import InputError

LARGEST_STEP_A = 0.2
LARGEST_STRAIN = 0.03
#: Strains of ionic crystals are softer than displacements by its square, so that both
#: have about one curvature; it saves a quarter of the steps over 1.
STRAIN_SCALE = 0.45
SMALLEST_VOLUME_A3_per_atom = 0.05  # a cell given in other units
COLLAPSED, BURST = 0.2, 5.0  # volume over that of the start


@dataclass(frozen=True)
class Point:
    """Objective and its gradient at one structure.

    Parameters
    ----------
    energy
        Potential energy [eV].
    objective
        What is minimised: the enthalpy [eV].
    gradient
        Minus the forces [eV/Å], then ``V (σ + p) / J``, shape (n_atoms + 3, 3).
    fmax
        Largest force on a free atom [eV/Å].
    stress_max
        Largest free component of the stress [eV/Å³].
    length_A
        J, which turns strains into lengths [Å].

    """

    energy: float
    objective: float
    gradient: np.ndarray
    fmax: float
    stress_max: float
    length_A: float


@dataclass(frozen=True, kw_only=True)
class RelaxationSpace:
    """What may move, and how it is measured.

    Parameters
    ----------
    movable
        1 for free atoms and 0 for fixed ones, shape (n_atoms, 1).
    strains
        Strains that are free.
    pressure_eV_per_A3
        External pressure.
    volume_A3
        Volume of the start, 0 for a fixed cell.

    """

    movable: np.ndarray
    strains: StrainSpace
    pressure_eV_per_A3: float
    volume_A3: float

    def point(self, atoms: Atoms, answer: Prediction) -> Point:
        """Objective and gradient from a prediction.

        Parameters
        ----------
        atoms
            Structure that was evaluated.
        answer
            What the potential said.

        """
        forces = answer.forces * self.movable
        fmax = float(np.sqrt(np.einsum("ix,ix->i", forces, forces).max(initial=0.0)))
        gradient = np.zeros((len(forces) + 3, 3))
        gradient[:-3] = -forces
        if self.strains.is_fixed:
            return Point(answer.energy, answer.energy, gradient, fmax, 0.0, 1.0)
        volume = float(atoms.get_volume())
        length = STRAIN_SCALE * volume ** (1 / 3) * len(atoms) ** (1 / 6)
        pressure = self.pressure_eV_per_A3
        stress = self.strains.project(
            voigt_6_to_full_3x3_stress(answer.stress) + pressure * np.eye(3)
        )
        gradient[-3:] = volume * stress / length
        return Point(
            energy=answer.energy,
            objective=answer.energy + pressure * volume,
            gradient=gradient,
            fmax=fmax,
            stress_max=float(np.abs(stress).max()),
            length_A=length,
        )

    def moved(self, atoms: Atoms, step: np.ndarray, length_A: float) -> Atoms:
        """Structure after a step.

        Parameters
        ----------
        atoms
            Structure before it.
        step
            Displacements, then strain times J [Å], shape (n_atoms + 3, 3).
        length_A
            J [Å].

        """
        trial = atoms.copy()
        if self.strains.is_fixed:
            trial.positions = atoms.positions + step[:-3]
        else:
            deformation = self.strains.deformation(step[-3:] / length_A)
            trial.cell[:] = atoms.cell.array @ deformation
            trial.positions = (atoms.positions + step[:-3]) @ deformation
        return trial

    def fault(self, atoms: Atoms) -> str:
        """Reason why a structure is out of bounds, empty where it is not."""
        if not self.volume_A3:
            return ""
        ratio = float(atoms.get_volume()) / self.volume_A3
        if COLLAPSED <= ratio <= BURST:
            return ""
        return (
            f"its volume became {ratio:.2g} times that of the start: the potential has "
            "no minimum near it"
        )


def relaxation_space(
    atoms: Atoms,
    *,
    fixed: Sequence[int] | np.ndarray = (),
    cell: str = "fixed",
    fixed_vectors: str = "",
    pressure_GPa: float = 0.0,
) -> RelaxationSpace:
    """Space of one structure: its constraints, chosen atoms and free strains.

    Parameters
    ----------
    atoms
        Structure; its ``FixAtoms`` constraints count.
    fixed
        Further atoms that stay.
    cell, fixed_vectors, pressure_GPa
        As for ``relax``.

    Returns
    -------
    RelaxationSpace

    Raises
    ------
    InputError
        If the structure cannot be relaxed so.

    """
    movable = np.ones((len(atoms), 1))
    movable[np.asarray(fixed, dtype=int)] = 0.0
    for constraint in atoms.constraints:
        if not isinstance(constraint, FixAtoms):
            raise InputError(
                "constraints of the structure must be FixAtoms; got "
                f"{type(constraint).__name__!r}. Remove it or express it as FixAtoms."
            )
        movable[constraint.index] = 0.0
    strains = strain_space(atoms, cell=cell, fixed_vectors=fixed_vectors)
    if strains.is_fixed and len(atoms) and not movable.any():
        raise InputError(
            "structure must have a free atom or a free cell; got "
            f"{len(atoms)} atoms, all of them fixed. Fix fewer layers, or free the "
            "cell. In a prototype all atoms carry layer 0; build_slab numbers layers."
        )
    volume = 0.0 if atoms.cell.rank < 3 else float(atoms.get_volume())  # noqa: PLR2004
    if atoms.pbc.all() and 0 < volume < SMALLEST_VOLUME_A3_per_atom * len(atoms):
        raise InputError(
            f"volume of the structure must be at least {SMALLEST_VOLUME_A3_per_atom} "
            f"Å³ per atom; got {volume / len(atoms):.2g}. Check the unit of the cell."
        )
    return RelaxationSpace(
        movable=movable,
        strains=strains,
        pressure_eV_per_A3=pressure_GPa * GPa,
        volume_A3=0.0 if strains.is_fixed else volume,
    )


def capped(step: np.ndarray, length_A: float, *, trust_A: float) -> np.ndarray:
    """Step shortened to a trust radius, with strains capped in proportion.

    Parameters
    ----------
    step
        Displacements, then strain times J [Å], shape (n_atoms + 3, 3).
    length_A
        J [Å].
    trust_A
        Largest displacement [Å]; 0.2 Å goes with a strain of 3 %.

    Examples
    --------
    >>> capped(np.array([[0.4, 0, 0], *np.zeros((3, 3))]), 1.0, trust_A=0.2)[0]
    array([0.2, 0. , 0. ])

    """
    displacement = np.linalg.norm(step[:-3], axis=1).max(initial=0.0)
    strain = np.abs(step[-3:]).max() / length_A
    largest_strain = trust_A / LARGEST_STEP_A * LARGEST_STRAIN
    shortened: np.ndarray = step / max(
        displacement / trust_A, strain / largest_strain, 1.0
    )
    return shortened
