"""What a potential answers: energies, forces and stresses of many structures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training_data.errors import Failure


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """Energy of one structure and its derivatives.

    Parameters
    ----------
    energy
        Potential energy in eV.
    forces
        Forces in eV/Å, shape (n_atoms, 3).
    stress
        Stress in eV/Å³, tensile positive, Voigt order xx yy zz yz xz xy,
        shape (6,); NaN where the structure is not periodic in three directions.
    energy_spread
        Standard deviation between the members of a committee, in eV; None for a
        single potential.
    force_spreads
        The same of the force on each atom, in eV/Å, shape (n_atoms,).

    """

    energy: float
    forces: np.ndarray
    stress: np.ndarray
    energy_spread: float | None = None
    force_spreads: np.ndarray | None = None


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Energies, forces and stresses of a batch of structures.

    Parameters
    ----------
    energies
        Potential energies in eV, shape (n,); NaN for a structure that failed.
    forces
        One array (n_atoms, 3) per structure, in eV/Å; NaN where it failed.
    stresses
        Stresses in eV/Å³, tensile positive, Voigt order xx yy zz yz xz xy,
        shape (n, 6); NaN for a structure that failed and for one that is not
        periodic in three directions.
    energy_spreads
        Standard deviation between the members of a committee, in eV, shape
        (n,); None for a single potential.
    force_spreads
        Root mean squared deviation of the members' forces on each atom, in eV/Å,
        one array (n_atoms,) per structure; None for a single potential.
    failures
        One :class:`~training_data.errors.Failure` per failed structure, whose
        ``id`` is its index in the batch.

    """

    energies: np.ndarray
    forces: tuple[np.ndarray, ...]
    stresses: np.ndarray
    energy_spreads: np.ndarray | None = None
    force_spreads: tuple[np.ndarray, ...] | None = None
    failures: tuple[Failure, ...] = ()

    def __len__(self) -> int:
        return len(self.energies)

    @classmethod
    def from_outcomes(
        cls, outcomes: Sequence[Prediction | Failure], *, n_atoms: Sequence[int]
    ) -> "Evaluation":
        """Gather what became of each structure of a batch.

        Parameters
        ----------
        outcomes
            A prediction, or the failure that stands for it, per structure.
        n_atoms
            Number of atoms per structure, which gives a failed one its shape.

        """
        energies = np.full(len(outcomes), np.nan)
        stresses = np.full((len(outcomes), 6), np.nan)
        spreads = np.full(len(outcomes), np.nan)
        forces, of_atoms = [], [np.full(n, np.nan) for n in n_atoms]
        has_spreads = False
        for index, (outcome, n) in enumerate(zip(outcomes, n_atoms, strict=True)):
            if isinstance(outcome, Failure):
                forces.append(np.full((n, 3), np.nan))
                continue
            energies[index] = outcome.energy
            stresses[index] = outcome.stress
            forces.append(outcome.forces)
            if outcome.energy_spread is not None and outcome.force_spreads is not None:
                has_spreads = True
                spreads[index] = outcome.energy_spread
                of_atoms[index] = outcome.force_spreads
        return cls(
            energies=energies,
            forces=tuple(forces),
            stresses=stresses,
            energy_spreads=spreads if has_spreads else None,
            force_spreads=tuple(of_atoms) if has_spreads else None,
            failures=tuple(o for o in outcomes if isinstance(o, Failure)),
        )
