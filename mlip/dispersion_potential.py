"""A potential with D3(BJ) dispersion added whenever it is asked."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from ase import Atoms
from ase.units import Bohr

from mlip.batch_session import Answer, BatchSession, Geometry, without_answer
from mlip.cpu import available_cores, one_core_spared
from mlip.evaluation import Prediction
from mlip.potential import Potential, Session
from training_data.dispersion import Dispersion, dispersion
from training_data.errors import InputError
from training_data.level_of_theory import D3

# That of the labels; only the sums behind the coordination numbers are shorter,
# which makes the call 1.6 times as fast for less than 1e-5 eV/atom.
CUTOFF_A = 60 * Bohr


class DispersionPotential(Potential):
    """Sum of a potential and the D3(BJ) dispersion of PBE.

    A network with a cutoff of 5 to 6 Å cannot bind two slabs across a gap; the
    correction reaches 32 Å, as in the labels. In a session it is computed on a
    second thread, while the network is at work.

    Parameters
    ----------
    base
        Potential of a functional without dispersion.

    Raises
    ------
    InputError
        When the base contains dispersion already: it would count twice.

    """

    def __init__(self, base: Potential) -> None:
        if D3 in base.level:
            message = (
                f"potential must lack dispersion for D3(BJ) to be added; got "
                f"{base.name!r} at {base.level}. Use it as it is, without '+d3'."
            )
            raise InputError(message)
        self.base = base
        self.name = f"{base.name}+d3"
        self.species = base.species
        self.level = f"{base.level}-{D3}"
        self.fingerprint = base.fingerprint
        self.n_members = base.n_members

    def _predict(self, structures: Sequence[Atoms]) -> list[Prediction | str]:
        evaluation = self.base.evaluate(structures)
        reasons = {int(f.id): f.reason for f in evaluation.failures}
        outcomes: list[Prediction | str] = []
        for index, atoms in enumerate(structures):
            if index in reasons:
                outcomes.append(reasons[index])
                continue
            try:
                added = _dispersion(atoms)
            except RuntimeError as error:
                outcomes.append(f"D3(BJ) stopped: {error}")
                continue
            outcomes.append(
                Prediction(
                    energy=float(evaluation.energies[index]) + added.energy,
                    forces=evaluation.forces[index] + added.forces,
                    stress=evaluation.stresses[index] + added.stress,
                    # the same is added for each member: the spreads stay
                    energy_spread=None
                    if evaluation.energy_spreads is None
                    else float(evaluation.energy_spreads[index]),
                    force_spreads=None
                    if evaluation.force_spreads is None
                    else evaluation.force_spreads[index],
                )
            )
        return outcomes

    def session(self, atoms: Atoms) -> Session:
        """Session of the base potential, with the dispersion added."""
        return _DispersionSession(self.base.session(atoms), atoms)

    @property
    def prefers_batches(self) -> bool:
        """As the base potential does."""
        return self.base.prefers_batches

    def batch_session(self, *, together: bool) -> BatchSession:
        """Sessions of many structures; see :class:`Potential`."""
        if not together:
            return super().batch_session(together=False)
        return _DispersionBatch(self.base.batch_session(together=True))


class _DispersionSession(Session):
    def __init__(self, base: Session, atoms: Atoms) -> None:
        self._base = base
        self._atoms = Atoms(atoms.numbers, pbc=atoms.pbc)
        self._worker = ThreadPoolExecutor(max_workers=1)

    def evaluate(
        self, positions: np.ndarray, cell: np.ndarray, *, stress: bool = True
    ) -> tuple[float, np.ndarray, np.ndarray]:
        self._atoms.set_cell(cell)
        self._atoms.positions = positions
        pending = self._worker.submit(_dispersion, self._atoms)
        with one_core_spared():
            energy, forces, voigt = self._base.evaluate(positions, cell, stress=stress)
        try:
            added = pending.result()
        except RuntimeError:  # atoms coincide: the guards of dynamics take it from here
            return np.nan, np.full_like(forces, np.nan), np.full(6, np.nan)
        return energy + added.energy, forces + added.forces, voigt + added.stress

    def disagreement(
        self, positions: np.ndarray, cell: np.ndarray
    ) -> np.ndarray | None:
        return self._base.disagreement(positions, cell)


class _DispersionBatch(BatchSession):
    """Batch of the base potential; dispersion on all cores that it leaves idle."""

    def __init__(self, base: BatchSession) -> None:
        self._base = base
        self._atoms: dict[int, Atoms] = {}
        self._workers = ThreadPoolExecutor(max_workers=available_cores())

    def place(self, member: int, atoms: Atoms) -> None:
        """Put a structure in place; see :class:`BatchSession`."""
        self._base.place(member, atoms)
        self._atoms[member] = Atoms(atoms.numbers, pbc=atoms.pbc)

    def remove(self, member: int) -> None:
        """Forget a member; see :class:`BatchSession`."""
        self._base.remove(member)
        self._atoms.pop(member, None)

    def evaluate(self, asked: Mapping[int, Geometry]) -> dict[int, Answer | Exception]:
        """Evaluate all who ask; see :class:`BatchSession`."""
        pending = {}
        for member, where in asked.items():
            atoms = self._atoms[member]
            atoms.set_cell(where.cell)
            atoms.positions = where.positions
            pending[member] = self._workers.submit(_dispersion, atoms)
        with one_core_spared():
            answers = self._base.evaluate(asked)
        for member, work in pending.items():
            answer = answers[member]
            try:
                added = work.result()
            except RuntimeError:  # atoms coincide: for the guards, as in a session
                answers[member] = without_answer(asked[member])
                continue
            except Exception as error:  # noqa: BLE001 (of one member; handed back)
                answers[member] = error
                continue
            if not isinstance(answer, Exception):
                energy, forces, voigt = answer
                answers[member] = (
                    energy + added.energy,
                    forces + added.forces,
                    voigt + added.stress,
                )
        return answers

    def disagreement(self, member: int, geometry: Geometry) -> np.ndarray | None:
        """Spread of the base's forces; see :class:`BatchSession`."""
        return self._base.disagreement(member, geometry)


def _dispersion(atoms: Atoms) -> Dispersion:
    return dispersion(atoms, cutoff_A=CUTOFF_A)
