"""Several structures evaluated side by side, again and again while their atoms move."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from ase import Atoms

if TYPE_CHECKING:
    from mlip.potential import Potential, Session

#: Most pairs in one call of a network: arrays of a larger call leave the processor's
#: cache, a smaller one does not fill a GPU.
PAIRS_PER_CALL: Mapping[str, int] = MappingProxyType({"cpu": 10_000, "cuda": 400_000})

Answer: TypeAlias = tuple[float, np.ndarray, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """Where the atoms of one member are, and what is asked about them.

    Parameters
    ----------
    positions
        Cartesian positions in Å, shape (n_atoms, 3); they need not be wrapped.
    cell
        Lattice vectors as rows in Å, shape (3, 3).
    stress
        Whether the stress is wanted; without it the third value may be NaN.

    """

    positions: np.ndarray
    cell: np.ndarray
    stress: bool = True


class BatchSession(ABC):
    """Sessions of several structures whose requests are answered together.

    Members come and go; what one of them does to itself (a position that is not
    finite, atoms that coincide) reaches no other.
    """

    @abstractmethod
    def place(self, member: int, atoms: Atoms) -> None:
        """Put a structure in place of a member, with an empty neighbour list.

        Parameters
        ----------
        member
            Any number that tells it from the others.
        atoms
            Gives elements and periodic directions, as :meth:`Potential.session`.

        """

    @abstractmethod
    def remove(self, member: int) -> None:
        """Forget a member; nothing happens when there is none of this number."""

    @abstractmethod
    def evaluate(
        self, asked: Mapping[int, Geometry]
    ) -> dict[int, "Answer | Exception"]:
        """Energy (eV), forces (eV/Å) and stress (eV/Å³) of each member that asks.

        Parameters
        ----------
        asked
            Geometries by member, any selection of those in place.

        Returns
        -------
        dict
            By member, what :meth:`Session.evaluate` returns, or what it raises: an
            exception of one member is handed back, not raised.

        """

    def disagreement(self, member: int, geometry: Geometry) -> np.ndarray | None:  # noqa: ARG002
        """Spread of a committee's forces on one member; see :class:`Session`."""
        return None


class SessionsInTurn(BatchSession):
    """One ordinary session for each member, asked one after another.

    The numbers are those of the same structure alone, bit for bit.

    Parameters
    ----------
    potential
        Where the sessions come from.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from ase.calculators.emt import EMT
    >>> from mlip.ase_potential import AsePotential
    >>> copper = bulk("Cu")
    >>> batch = SessionsInTurn(AsePotential(lambda: EMT()))
    >>> batch.place(7, copper)
    >>> where = Geometry(positions=copper.positions, cell=copper.cell.array)
    >>> energy, forces, stress = batch.evaluate({7: where})[7]
    >>> round(energy, 3)
    -0.006

    """

    def __init__(self, potential: "Potential") -> None:
        self._potential = potential
        self._sessions: dict[int, Session] = {}

    def place(self, member: int, atoms: Atoms) -> None:
        """Begin a new session; see :class:`BatchSession`."""
        self._sessions[member] = self._potential.session(atoms)

    def remove(self, member: int) -> None:
        """Forget a member; see :class:`BatchSession`."""
        self._sessions.pop(member, None)

    def evaluate(self, asked: Mapping[int, Geometry]) -> dict[int, Answer | Exception]:
        """Ask each session; see :class:`BatchSession`."""
        answers: dict[int, Answer | Exception] = {}
        for member, where in asked.items():
            try:
                answers[member] = self._sessions[member].evaluate(
                    where.positions, where.cell, stress=where.stress
                )
            except Exception as error:  # noqa: BLE001 (of any calculator; handed back)
                answers[member] = error
        return answers

    def disagreement(self, member: int, geometry: Geometry) -> np.ndarray | None:
        """Ask the member's session; see :class:`BatchSession`."""
        session = self._sessions[member]
        return session.disagreement(geometry.positions, geometry.cell)


def without_answer(geometry: Geometry) -> Answer:
    """Answer of a geometry that has none: NaN throughout, for the guards to see."""
    return np.nan, np.full(geometry.positions.shape, np.nan), np.full(6, np.nan)


def is_finite(answer: Answer) -> bool:
    """Whether energy and all forces are numbers."""
    return bool(np.isfinite(answer[0]) and np.isfinite(answer[1]).all())
