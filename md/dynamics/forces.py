"""Forces of a potential for ASE's integrators: one model call per step, no caching."""

import numpy as np
from ase import Atoms

from mlip.potential import Potential


class StepForces:
    """The part of ASE's calculator interface that an integrator calls.

    ASE's calculators compare all atoms with a stored copy at each property that is
    asked for. An integrator moves the atoms before every call, so this one evaluates
    each time and keeps what came back.

    Parameters
    ----------
    potential
        Evaluated through :meth:`mlip.potential.Potential.session`.
    atoms
        Fixes elements and periodicity; the cell may change between calls.

    Attributes
    ----------
    energy, forces, stress
        Of the latest call: eV, (n, 3) in eV/Å, and (6,) Voigt in eV/Å³, tensile
        positive, NaN where it was not asked for.
    has_committee
        Whether several potentials answer, whose disagreement can be asked for.

    """

    def __init__(self, potential: Potential, atoms: Atoms) -> None:
        self._potential = potential
        self.has_committee = potential.n_members > 1
        self.n_calls = 0
        self.energy = float("nan")
        self.forces = np.full((len(atoms), 3), np.nan)
        self.stress = np.full(6, np.nan)
        self.renew(atoms)

    def renew(self, atoms: Atoms) -> None:
        """Begin a new session, so that its neighbour list depends on these positions.

        Lists are kept between steps and their order decides the last bits of a sum. A
        session begun at each checkpoint makes a resumed run repeat them.
        """
        bare = Atoms(
            numbers=atoms.numbers,
            positions=atoms.positions,
            cell=atoms.cell.array,
            pbc=atoms.pbc,
        )
        self._session = self._potential.session(bare)

    def get_forces(self, atoms: Atoms) -> np.ndarray:
        """Evaluate the forces at the current positions anew, (n, 3) in eV/Å."""
        self.evaluate(atoms, stress=False)
        return self.forces

    def evaluate(self, atoms: Atoms, *, stress: bool) -> None:
        """Evaluate energy, forces and, where it is wanted, stress anew."""
        energy, forces, voigt = self._session.evaluate(
            atoms.positions, atoms.cell.array, stress=stress
        )
        self.energy = float(energy)
        self.forces = np.asarray(forces, dtype=np.float64)
        self.stress = np.array(voigt, dtype=float) if stress else np.full(6, np.nan)
        self.n_calls += 1

    @property
    def is_finite(self) -> bool:
        """Whether the latest energy and forces are numbers."""
        return bool(np.isfinite(self.energy) and np.isfinite(self.forces).all())

    def disagreement(self, atoms: Atoms) -> np.ndarray | None:
        """Spread of the forces between a committee's members, (n,) in eV/Å."""
        return self._session.disagreement(atoms.positions, atoms.cell.array)
