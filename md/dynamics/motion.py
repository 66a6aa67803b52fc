"""The moving system: atoms, integrator, random numbers and guards in step."""

from typing import Any

import numpy as np
from ase import Atoms

from md.dynamics.checkpoint import Checkpoint
from md.dynamics.config import DynamicsConfig
from md.dynamics.ensembles import (
    build_moving_atoms,
    degrees_of_freedom,
    draw_momenta,
)
from md.dynamics.events import Event
from md.dynamics.forces import StepForces
from md.dynamics.frame import Frame
from md.dynamics.guards import Guards
from md.dynamics.integrators import build_integrator
from md.dynamics.policies import Detours
from mlip.potential import Potential
from training_data.errors import InputError


class Motion:
    """One structure on its way, one step at a time.

    Parameters
    ----------
    atoms
        Structure at step 0; it is copied.
    potential
        What moves the atoms.
    config
        How.

    Attributes
    ----------
    previous
        Positions and momenta before the latest step.
    previous_cell
        Cell before it.
    detours
        What the policies remember.

    """

    def __init__(
        self, atoms: Atoms, potential: Potential, config: DynamicsConfig
    ) -> None:
        self.config = config
        self.atoms = build_moving_atoms(atoms, config)
        self.n_free = degrees_of_freedom(atoms, zero_momentum=config.zero_momentum)
        self.step = 0
        self.detours = Detours()
        self._spreads_at: int | None = None
        self._spreads: np.ndarray | None = None
        self._rng = np.random.default_rng(config.seed)
        self._model = StepForces(potential, self.atoms)
        self.atoms.calc = self._model
        self._guards = Guards(self.atoms, config, n_free=self.n_free)
        self._integrator = build_integrator(
            self.atoms, config, model=self._model, n_free=self.n_free, rng=self._rng
        )
        self._keep_previous()

    def _keep_previous(self) -> None:
        self.previous = self._phase()
        self.previous_cell = self.atoms.cell.array.copy()

    def _phase(self) -> tuple[np.ndarray, np.ndarray]:
        return self.atoms.get_positions(), self.atoms.get_momenta()

    @property
    def n_calls(self) -> int:
        """Number of model calls so far."""
        return self._model.n_calls

    @property
    def energy(self) -> float:
        """Potential energy (eV)."""
        return self._model.energy

    @property
    def time_ps(self) -> float:
        """Time since step 0."""
        return self.step * self.config.timestep_fs / 1000.0

    @property
    def temperature_K(self) -> float:  # noqa: N802
        """Kinetic temperature over the free degrees of freedom."""
        return self._guards.temperature_K(self.atoms.arrays["momenta"])

    def start(self) -> None:
        """Give the atoms their first velocities and forces.

        Raises
        ------
        InputError
            When a thermostat that scales velocities finds none, or a barostat no
            stress.

        """
        if self.config.velocities == "maxwell":
            self.atoms.set_momenta(draw_momenta(self.atoms, self.config, self._rng))
        self._keep_previous()
        if self.config.scales_velocities and not self.atoms.arrays["momenta"].any():
            raise InputError(
                f"velocities must not all be zero with {self.config.ensemble}, which "
                "scales them; got zero. Use velocities: maxwell, or langevin."
            )
        self._model.evaluate(self.atoms, stress=self._integrator.needs_stress(0))
        if self.config.has_barostat and not np.isfinite(self._model.stress).all():
            raise InputError(
                "potential must give a finite stress under a barostat; got "
                f"{self._model.stress.tolist()!r}. Use another potential, or an "
                "ensemble of constant volume."
            )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Take over a checkpoint."""
        self.step = checkpoint.step
        self.atoms.arrays["positions"][:] = checkpoint.positions
        self.atoms.arrays["momenta"][:] = checkpoint.momenta
        self._rng.bit_generator.state = checkpoint.rng_state
        self._model.energy = checkpoint.energy
        self._model.forces = checkpoint.forces
        if checkpoint.cell:
            self.atoms.set_cell(np.array(checkpoint.cell))
            self._model.stress = np.array(checkpoint.stress)
        self._integrator.restore(checkpoint.integrator)
        self._guards.restore(checkpoint.guards)
        self.detours = Detours(**checkpoint.detours)
        self._spreads_at = None
        self._keep_previous()
        self.renew_session()

    def renew_session(self) -> None:
        """Forget the neighbour list (see :class:`~md.dynamics.forces.StepForces`)."""
        self._model.renew(self.atoms)

    def advance(self) -> None:
        """Make one step, in parts where the policies ask for a shorter time step."""
        self._keep_previous()
        step = self.step + 1
        parts = self.detours.parts(step)
        for part in range(parts):
            self._integrator.advance(step, part=part, parts=parts)
            if not self._model.is_finite:
                break  # a further part would only hide where it began
        self.step = step

    @property
    def has_committee(self) -> bool:
        """Whether several potentials answer."""
        return self._model.has_committee

    def force_spreads(self) -> np.ndarray | None:
        """Disagreement of the committee here, (n,) in eV/Å; None without one."""
        if not self._model.has_committee:
            return None
        if self._spreads_at != self.step:
            self._spreads = self._model.disagreement(self.atoms)
            self._spreads_at = self.step
        return self._spreads

    def note_collected(self) -> None:
        """Give the committee a rest: its disagreement here was collected."""
        self._guards.note_collected(self.step)

    def check(self) -> Event | None:
        """First guard that the present state trips."""
        return self._guards.check(
            step=self.step,
            previous=self.previous[0],
            positions=self.atoms.arrays["positions"],
            momenta=self.atoms.arrays["momenta"],
            energy=self._model.energy,
            forces=self._model.forces,
            cell=self.atoms.cell.array,
            stress=self._model.stress
            if self._integrator.needs_stress(self.step)
            else None,
            force_spreads=self.force_spreads()
            if self._guards.looks_at_committee(
                self.step, n_collected=self.detours.n_collected
            )
            else None,
        )

    def frame(self) -> Frame:
        """Copy of the present state for those who record it."""
        positions, momenta = self._phase()
        return Frame(
            step=self.step,
            time_ps=self.time_ps,
            positions=positions,
            momenta=momenta,
            forces=self._model.forces.copy(),
            cell=self.atoms.cell.array.copy(),
            potential_energy=self._model.energy,
            kinetic_energy=self._guards.kinetic_energy(momenta),
            temperature_K=self._guards.temperature_K(momenta),
            min_distance_A=self._guards.pairs.shortest_A(positions),
            force_spreads=self.force_spreads(),
        )

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint must keep of the motion."""
        positions, momenta = self._phase()
        return {
            "step": self.step,
            "positions": positions,
            "momenta": momenta,
            "forces": self._model.forces.copy(),
            "energy": self._model.energy,
            "rng_state": self._rng.bit_generator.state,
            "guards": self._guards.state(),
            "integrator": self._integrator.state(),
            "detours": self.detours.state(),
            **(self._cell_state() if self.config.has_barostat else {}),
        }

    def _cell_state(self) -> dict[str, Any]:
        return {
            "cell": self.atoms.cell.array.tolist(),
            "stress": self._model.stress.tolist(),
        }
