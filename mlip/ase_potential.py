"""Any ASE calculator as a potential."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, PropertyNotImplementedError

from mlip.evaluation import Prediction
from mlip.potential import Potential, Session


class AsePotential(Potential):
    """Potential whose numbers come from an ASE calculator, one structure at a time.

    Parameters
    ----------
    calculator
        A calculator, or a function without arguments that makes one. With a
        function every session has its own, so that sessions cannot disturb
        each other.
    name
        Name for reports; by default the calculator's class.
    species
        Elements that it accepts; None for any.
    level
        Level of theory that its energies stand for.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from ase.calculators.lj import LennardJones
    >>> argon = AsePotential(lambda: LennardJones(sigma=3.4, epsilon=0.01, rc=10.0))
    >>> bool(argon.evaluate([bulk("Ar", cubic=True)]).energies[0] < 0)
    True

    """

    def __init__(
        self,
        calculator: Calculator | Callable[[], Calculator],
        *,
        name: str = "",
        species: Iterable[str] | None = None,
        level: str = "empirical",
    ) -> None:
        if hasattr(calculator, "get_property") and not isinstance(calculator, type):
            self._make: Callable[[], Calculator] = lambda: calculator
        else:
            self._make = calculator
        self._own = self._make()
        self.name = name or type(self._own).__name__
        self.species = None if species is None else frozenset(species)
        self.level = level

    def _predict(self, structures: Sequence[Atoms]) -> list[Prediction | str]:
        outcomes: list[Prediction | str] = []
        for atoms in structures:
            try:
                outcomes.append(_ask(self._own, atoms, stress=True))
            except (ArithmeticError, ValueError, RuntimeError, IndexError) as error:
                outcomes.append(f"{self.name} stopped: {error}")
        return outcomes

    def session(self, atoms: Atoms) -> Session:
        """Session that moves a copy of `atoms` under the calculator."""
        self.check_species(atoms)
        return _AseSession(self._make(), atoms)


class _AseSession(Session):
    def __init__(self, calculator: Calculator, atoms: Atoms) -> None:
        self._calculator = calculator
        self._atoms = Atoms(
            atoms.numbers, atoms.positions, cell=atoms.cell, pbc=atoms.pbc
        )

    def evaluate(
        self, positions: np.ndarray, cell: np.ndarray, *, stress: bool = True
    ) -> tuple[float, np.ndarray, np.ndarray]:
        self._atoms.set_cell(cell)
        self._atoms.positions = positions
        answer = _ask(self._calculator, self._atoms, stress=stress)
        return answer.energy, answer.forces, answer.stress


def _ask(calculator: Calculator, atoms: Atoms, *, stress: bool) -> Prediction:
    bare = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
    with np.errstate(all="ignore"):
        energy = calculator.get_property("energy", bare)
        forces = np.array(calculator.get_property("forces", bare), dtype=float)
        voigt = np.full(6, np.nan)
        if stress and bare.pbc.all():
            try:
                voigt = np.array(calculator.get_property("stress", bare), dtype=float)
            except PropertyNotImplementedError:
                voigt = np.full(6, np.nan)
    return Prediction(energy=float(energy), forces=forces, stress=voigt)
