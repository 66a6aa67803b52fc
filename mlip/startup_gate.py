"""Start-up gate: the numbers of a run against those of the plain double path."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from ase import Atoms
from ase.units import GPa

from mlip.potential import Potential
from training_data.errors import InputError

_MPA_PER_EV_PER_A3 = 1e3 / GPa


@dataclass(frozen=True, kw_only=True)
class GateTolerances:
    """How far the numbers of a run may be from those of the plain double path.

    Far above what single precision does to a sound network (1e-4 meV/atom,
    0.1 meV/Å) and far below the errors of the network itself (about 1 meV/atom,
    50 meV/Å).

    Parameters
    ----------
    energy_meV_per_atom
        Of the energy.
    force_meV_per_A
        Of each component of a force.
    force_fraction
        Of the largest component of a force; the larger of the two limits holds,
        since rounding grows with the force.
    stress_MPa
        Of each component of the stress.

    """

    energy_meV_per_atom: float = 0.1
    force_meV_per_A: float = 2.0
    force_fraction: float = 1e-4
    stress_MPa: float = 10.0


@dataclass(frozen=True, kw_only=True)
class GateReport:
    """Largest differences between a potential and its plain double path.

    Parameters
    ----------
    potential, reference
        Identities of the two.
    n_structures
        Structures that both could evaluate: the given one and rattled copies.
    energy_difference_meV_per_atom, force_difference_meV_per_A, stress_difference_MPa
        Largest absolute differences; the stress is NaN where there is none.
    worst_atom
        Atom with the largest difference of a force.
    force_limit_meV_per_A
        Limit of the forces, from the tolerances and the largest force.
    tolerances
        The limits.
    note
        Why nothing was compared; empty when something was.

    """

    potential: str
    reference: str
    n_structures: int
    energy_difference_meV_per_atom: float
    force_difference_meV_per_A: float
    stress_difference_MPa: float
    worst_atom: int
    force_limit_meV_per_A: float
    tolerances: GateTolerances = GateTolerances()
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether every difference is a number within its limit."""
        stress = self.stress_difference_MPa
        return bool(
            self.n_structures == 0
            or (
                self.energy_difference_meV_per_atom
                <= self.tolerances.energy_meV_per_atom
                and self.force_difference_meV_per_A <= self.force_limit_meV_per_A
                and (np.isnan(stress) or stress <= self.tolerances.stress_MPa)
            )
        )

    @property
    def summary(self) -> str:
        """One sentence with the numbers."""
        if self.n_structures == 0:
            return f"Not compared with the plain double path: {self.note}."
        stress = ""
        if not np.isnan(self.stress_difference_MPa):
            stress = (
                f", {self.stress_difference_MPa:.2g} MPa "
                f"(limit {self.tolerances.stress_MPa:g})"
            )
        return (
            f"Differs from the plain double path by "
            f"{self.energy_difference_meV_per_atom:.2g} meV/atom "
            f"(limit {self.tolerances.energy_meV_per_atom:g}), "
            f"{self.force_difference_meV_per_A:.2g} meV/Å on atom {self.worst_atom} "
            f"(limit {self.force_limit_meV_per_A:.3g}){stress}, over "
            f"{self.n_structures} structures."
        )

    def require_passed(self) -> Self:
        """Give the report back, or refuse the potential.

        Raises
        ------
        InputError
            With the numbers, when a difference is beyond its limit.

        """
        if self.passed:
            return self
        raise InputError(
            "potential must agree with its plain double path before a run; got "
            f"{self.potential!r}. {self.summary} Use --dtype float64, --engine plain, "
            "or relax the structure first."
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values; a stress that does not exist is null."""
        plain = asdict(self)
        for key, value in plain.items():
            if isinstance(value, float) and not np.isfinite(value):
                plain[key] = None
        return {**plain, "passed": self.passed}


def check_against_reference(
    potential: Potential,
    atoms: Atoms,
    *,
    reference: Potential,
    n_rattled: int = 2,
    rattle_A: float = 0.05,
    tolerances: GateTolerances | None = None,
    rng: np.random.Generator | None = None,
) -> GateReport:
    """Energy, forces and stress of the session that a run would use, checked.

    The potential is asked through one session, as dynamics does, so that its
    neighbour list is the kept one from the second structure on; the reference
    evaluates each structure anew.

    Parameters
    ----------
    potential
        As the run will use it: precision, device and engine.
    atoms
        The structure of the run.
    reference
        The same network in double precision through mace-torch's own code on the
        processor: ``with_engine(load_potential(name), engine="plain")``.
    n_rattled
        Copies whose atoms are displaced at random, beside the structure itself.
    rattle_A
        Standard deviation of each displacement in Å.
    tolerances
        The limits.
    rng
        Draws the displacements; by default one with a fixed seed, so that a
        run that starts again sees the same structures.

    Returns
    -------
    GateReport
        Call its ``require_passed`` to refuse.

    Notes
    -----
    A structure that the reference cannot evaluate (atoms that coincide) is left
    out: the guards of dynamics take care of it.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from ase.calculators.emt import EMT
    >>> from mlip.ase_potential import AsePotential
    >>> copper = AsePotential(EMT)
    >>> report = check_against_reference(
    ...     copper, bulk("Cu", cubic=True), reference=copper
    ... )
    >>> report.passed, report.n_structures, report.force_difference_meV_per_A
    (True, 3, 0.0)

    """
    limits = tolerances or GateTolerances()
    rng = rng or np.random.default_rng(0)
    structures = [_bare(atoms)]
    for _ in range(n_rattled):
        moved = _bare(atoms)
        moved.positions += rng.normal(scale=rattle_A, size=moved.positions.shape)
        structures.append(moved)
    exact = reference.evaluate(structures)
    lost = {int(failure.id) for failure in exact.failures}
    kept = [index for index in range(len(structures)) if index not in lost]
    if not kept:
        return _not_compared(potential, reference, exact.failures[0].reason, limits)
    session = potential.session(structures[0])
    energies, forces, stresses = [], [], []
    for index in kept:
        energy, force, stress = session.evaluate(
            structures[index].positions, structures[index].cell.array
        )
        energies.append(abs(energy - exact.energies[index]) / len(atoms))
        forces.append(np.abs(force - exact.forces[index]).max(axis=1))
        stresses.append(np.abs(stress - exact.stresses[index]))
    largest = max(float(np.abs(exact.forces[index]).max()) for index in kept)
    by_atom = np.max(forces, axis=0)
    return GateReport(
        potential=potential.identity,
        reference=reference.identity,
        n_structures=len(kept),
        energy_difference_meV_per_atom=1e3 * float(np.max(energies)),
        force_difference_meV_per_A=1e3 * float(by_atom.max()),
        stress_difference_MPa=_MPA_PER_EV_PER_A3 * _largest(stresses, atoms),
        worst_atom=int(by_atom.argmax()),
        force_limit_meV_per_A=max(
            limits.force_meV_per_A, 1e3 * limits.force_fraction * largest
        ),
        tolerances=limits,
    )


def _largest(stresses: Sequence[np.ndarray], atoms: Atoms) -> float:
    """Largest difference of a stress; infinite where one of the two is missing."""
    found = float(np.max(stresses))
    return float("inf") if atoms.pbc.all() and np.isnan(found) else found


def _not_compared(
    potential: Potential, reference: Potential, reason: str, limits: GateTolerances
) -> GateReport:
    return GateReport(
        potential=potential.identity,
        reference=reference.identity,
        n_structures=0,
        energy_difference_meV_per_atom=float("nan"),
        force_difference_meV_per_A=float("nan"),
        stress_difference_MPa=float("nan"),
        worst_atom=0,
        force_limit_meV_per_A=limits.force_meV_per_A,
        tolerances=limits,
        note=reason,
    )


def _bare(atoms: Atoms) -> Atoms:
    return Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
