"""A potential as an ASE calculator."""

from typing import ClassVar

import numpy as np
from ase import Atoms
from ase.calculators.calculator import (
    Calculator,
    PropertyNotImplementedError,
    all_changes,
)

from mlip.potential import Potential, Session


class SessionCalculator(Calculator):  # type: ignore[misc]
    """ASE calculator that asks a potential's session.

    A new session is begun when the elements or the periodic directions change;
    otherwise neighbour list and arrays are kept. The stress is computed only
    when it is asked for.

    Parameters
    ----------
    potential
        Where the energies come from.

    """

    implemented_properties: ClassVar[list[str]] = [
        "energy",
        "free_energy",
        "forces",
        "stress",
    ]

    def __init__(self, potential: Potential) -> None:
        super().__init__()
        self.potential = potential
        self._session: Session | None = None
        self._key: tuple[bytes, bytes] | None = None

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Energy and forces of `atoms`, and the stress when it is asked for."""
        super().calculate(atoms, properties, system_changes)
        structure: Atoms = self.atoms
        wanted = "stress" in (properties or [])
        if wanted and not structure.pbc.all():
            message = "stress needs a structure that is periodic in three directions"
            raise PropertyNotImplementedError(message)
        energy, forces, stress = self._session_of(structure).evaluate(
            structure.positions, structure.cell.array, stress=wanted
        )
        self.results = {"energy": energy, "free_energy": energy, "forces": forces}
        if np.isfinite(stress).all():
            self.results["stress"] = stress

    def _session_of(self, atoms: Atoms) -> Session:
        key = (atoms.numbers.tobytes(), atoms.pbc.tobytes())
        if self._session is None or key != self._key:
            self._session, self._key = self.potential.session(atoms), key
        return self._session
