"""The potential as one of many replicas sees it, and how the wishes of all are met."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from ase import Atoms

from mlip.batch_session import BatchSession, Geometry
from mlip.evaluation import Evaluation, Prediction
from mlip.potential import Potential, Session


@dataclass(frozen=True)
class Wish:
    """What a replica asks of the driver.

    Parameters
    ----------
    where
        Its atoms.
    place
        Structure for a new session; None goes on with the present one.
    spreads
        Whether a committee's disagreement is wanted instead of energy and forces.

    """

    where: Geometry
    place: Atoms | None
    spreads: bool


Ask: TypeAlias = Callable[[Wish], Any]


class ReplicaPotential(Potential):
    """The potential as one replica sees it: it asks the driver, who asks for all.

    Parameters
    ----------
    base
        The potential of all replicas.
    ask
        Hands a wish to the driver and returns the answer.

    """

    def __init__(self, base: Potential, ask: Ask) -> None:
        self._base = base
        self._ask = ask
        self.name, self.species, self.level = base.name, base.species, base.level
        self.fingerprint, self.n_members = base.fingerprint, base.n_members

    @property
    def identity(self) -> str:
        """That of the potential itself, so that a replica resumes as a single run."""
        return self._base.identity

    def evaluate(self, structures: Sequence[Atoms]) -> Evaluation:
        """As the potential itself; see :class:`Potential`."""
        return self._base.evaluate(structures)

    def _predict(self, structures: Sequence[Atoms]) -> list[Prediction | str]:
        return self._base._predict(structures)  # noqa: SLF001 (a thin shell)

    def session(self, atoms: Atoms) -> Session:
        """Session whose requests go to the driver."""
        return _ReplicaSession(self._ask, atoms)


class _ReplicaSession(Session):
    def __init__(self, ask: Ask, atoms: Atoms) -> None:
        self._ask = ask
        self._place: Atoms | None = atoms

    def _asked(self, where: Geometry, *, spreads: bool) -> Any:  # noqa: ANN401
        wish = Wish(where, self._place, spreads)
        self._place = None
        return self._ask(wish)

    def evaluate(
        self, positions: np.ndarray, cell: np.ndarray, *, stress: bool = True
    ) -> tuple[float, np.ndarray, np.ndarray]:
        where = Geometry(positions=positions, cell=cell, stress=stress)
        answer: tuple[float, np.ndarray, np.ndarray]
        answer = self._asked(where, spreads=False)
        return answer

    def disagreement(
        self, positions: np.ndarray, cell: np.ndarray
    ) -> np.ndarray | None:
        where = Geometry(positions=positions, cell=cell, stress=False)
        spreads: np.ndarray | None = self._asked(where, spreads=True)
        return spreads


def answer_wishes(shared: BatchSession, asked: Mapping[int, Wish]) -> dict[int, object]:
    """Answers to one round of wishes, or the exception that one of them met."""
    answers: dict[int, object] = {}
    for number, wish in asked.items():
        try:
            if wish.place is not None:
                shared.place(number, wish.place)
            if wish.spreads:
                answers[number] = shared.disagreement(number, wish.where)
        except Exception as error:  # noqa: BLE001 (raised again in its replica)
            answers[number] = error
    waiting = {n: wish.where for n, wish in asked.items() if n not in answers}
    return answers | (shared.evaluate(waiting) if waiting else {})
