"""The one way to ask for energies: batched, in a session, or through ASE."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator

from mlip.evaluation import Evaluation, Prediction
from training_data.errors import Failure, InputError

if TYPE_CHECKING:
    from mlip.batch_session import BatchSession


class Session(ABC):
    """One structure that is evaluated again and again while its atoms move.

    Its elements and periodic directions are fixed; neighbour list and arrays
    are kept between the calls. The numbers are those of
    :meth:`Potential.evaluate`.
    """

    @abstractmethod
    def evaluate(
        self, positions: np.ndarray, cell: np.ndarray, *, stress: bool = True
    ) -> tuple[float, np.ndarray, np.ndarray]:
        """Energy, forces and stress at new positions.

        Parameters
        ----------
        positions
            Cartesian positions in Å, shape (n_atoms, 3); they need not be wrapped.
        cell
            Lattice vectors as rows in Å, shape (3, 3).
        stress
            Whether the stress is wanted; without it the third value may be NaN.

        Returns
        -------
        tuple
            Energy in eV, forces in eV/Å with shape (n_atoms, 3), and stress in
            eV/Å³ (tensile positive, Voigt xx yy zz yz xz xy), NaN where the
            structure is not periodic in three directions.

        """

    def disagreement(
        self,
        positions: np.ndarray,  # noqa: ARG002 (a committee's members are asked there)
        cell: np.ndarray,  # noqa: ARG002
    ) -> np.ndarray | None:
        """Spread of the force on each atom between the members of a committee.

        Parameters
        ----------
        positions, cell
            As in :meth:`evaluate`.

        Returns
        -------
        numpy.ndarray or None
            Root mean squared deviation in eV/Å, shape (n_atoms,); None where a
            single potential answers.

        """
        return None


class Potential(ABC):
    """Energy of an atomic structure as a function of its positions and cell.

    Attributes
    ----------
    name
        Name for reports and run folders.
    species
        Elements that the potential knows; None when it accepts any.
    level
        Level of theory that its energies stand for.
    fingerprint
        Hash of its weights and the precision, where it has any: what tells two
        potentials of one name apart.
    n_members
        Potentials that answer together; more than one in a committee.

    """

    name: str
    species: frozenset[str] | None
    level: str
    fingerprint: str = ""
    n_members: int = 1

    @property
    def identity(self) -> str:
        """Name, level and fingerprint, for provenance and exact restarts."""
        return (
            f"{self.name} ({', '.join(filter(None, (self.level, self.fingerprint)))})"
        )

    def evaluate(self, structures: Sequence[Atoms]) -> Evaluation:
        """Energies, forces and stresses of many structures in one call.

        Parameters
        ----------
        structures
            Structures of any size and periodicity. Their calculators and
            labels are not looked at, and nothing in them is changed.

        Returns
        -------
        Evaluation
            In the order of `structures`. A structure that cannot be evaluated
            gives NaN and a ``Failure``; the others are not affected.

        Raises
        ------
        InputError
            When a structure holds an element that the potential does not know.

        """
        for index, atoms in enumerate(structures):
            self.check_species(atoms, frame=index)
        outcomes: list[Prediction | Failure] = [
            Failure(str(index), reason)
            for index, reason in enumerate(map(geometry_fault, structures))
        ]
        sound = [i for i, fault in enumerate(outcomes) if not fault.reason]  # type: ignore[union-attr]
        computed = self._predict([structures[i] for i in sound])
        for index, outcome in zip(sound, computed, strict=True):
            outcomes[index] = _finite(index, outcome)
        return Evaluation.from_outcomes(outcomes, n_atoms=[len(a) for a in structures])

    @abstractmethod
    def _predict(self, structures: Sequence[Atoms]) -> list[Prediction | str]:
        """Predictions, or the reason why there is none, of checked structures."""

    @abstractmethod
    def session(self, atoms: Atoms) -> Session:
        """Session for the elements and periodic directions of `atoms`."""

    @property
    def prefers_batches(self) -> bool:
        """Whether one call for many structures is faster than a call for each."""
        return False

    def batch_session(self, *, together: bool) -> "BatchSession":  # noqa: ARG002
        """Sessions of many structures that ask at the same time.

        Parameters
        ----------
        together
            Whether one call of the potential should answer all of them, where it
            can: equal to the numbers of each alone within round-off. Otherwise, and
            for potentials that have no such call, each has a session of its own and
            its numbers bit for bit.

        """
        from mlip.batch_session import SessionsInTurn  # noqa: PLC0415 (cycle)

        return SessionsInTurn(self)

    def calculator(self) -> Calculator:
        """ASE calculator (energy, free_energy, forces, stress) of this potential."""
        from mlip.session_calculator import SessionCalculator  # noqa: PLC0415 (cycle)

        return SessionCalculator(self)

    def check_species(self, atoms: Atoms, *, frame: int | None = None) -> None:
        """Refusal of elements that the potential does not know.

        Raises
        ------
        InputError
            Naming the element, the frame and the elements that are known.

        """
        if self.species is None:
            return
        unknown = sorted(set(atoms.get_chemical_symbols()) - self.species)
        if not unknown:
            return
        where = "" if frame is None else f"frame {frame}, "
        message = (
            f"elements must be among {', '.join(sorted(self.species))}, which the "
            f"potential {self.name!r} knows; got {', '.join(unknown)!r} in "
            f"{where}{atoms.get_chemical_formula()}. "
            "Use a potential that was trained on these elements (lithophile models "
            "list), or train one."
        )
        raise InputError(message)


class OneShotSession(Session):
    """Session of a potential that has nothing to keep between calls.

    Parameters
    ----------
    potential
        Where the energies come from.
    atoms
        Gives elements and periodic directions.

    """

    def __init__(self, potential: Potential, atoms: Atoms) -> None:
        potential.check_species(atoms)
        self._potential = potential
        self._atoms = Atoms(atoms.numbers, pbc=atoms.pbc)

    def evaluate(
        self,
        positions: np.ndarray,
        cell: np.ndarray,
        *,
        stress: bool = True,  # noqa: ARG002 (comes with the forces)
    ) -> tuple[float, np.ndarray, np.ndarray]:
        """Energy (eV), forces (eV/Å) and stress (eV/Å³); see :class:`Session`."""
        self._atoms.set_cell(cell)
        self._atoms.positions = positions
        answer = self._potential.evaluate([self._atoms])
        if answer.failures:
            return np.nan, answer.forces[0], answer.stresses[0]
        return float(answer.energies[0]), answer.forces[0], answer.stresses[0]


def geometry_fault(atoms: Atoms) -> str:
    """Reason why a structure cannot be evaluated, empty when it can."""
    if len(atoms) == 0:
        return "it has no atoms"
    if not np.isfinite(atoms.positions).all():
        first = int(np.flatnonzero(~np.isfinite(atoms.positions).all(axis=1))[0])
        return f"the position of atom {first} is not finite"
    periodic = atoms.cell.array[atoms.pbc]
    if not np.isfinite(atoms.cell.array).all():
        return "the cell is not finite"
    gram = periodic @ periodic.T
    if len(periodic) and not np.linalg.det(gram) > 0:
        return "the lattice vectors of its periodic directions span no volume"
    return ""


def _finite(index: int, outcome: Prediction | str) -> Prediction | Failure:
    if isinstance(outcome, str):
        return Failure(str(index), outcome)
    if np.isfinite(outcome.energy) and np.isfinite(outcome.forces).all():
        return outcome
    return Failure(
        str(index), "its energy or a force is not finite: atoms may coincide"
    )
