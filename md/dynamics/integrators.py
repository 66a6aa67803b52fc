"""One step of each ensemble: ASE's integrators where they are right, else our own."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from ase import Atoms, units
from ase.constraints import FixAtoms
from ase.md.langevin import Langevin
from ase.md.verlet import VelocityVerlet

from md.dynamics.barostats import CellRescaling
from md.dynamics.config import DynamicsConfig
from md.dynamics.forces import StepForces
from md.dynamics.thermostats import NoseHooverChain, Thermostat, VelocityRescaling


class Integrator(ABC):
    """What moves the atoms, with the memory of thermostat and barostat."""

    @abstractmethod
    def advance(self, step: int, *, part: int = 0, parts: int = 1) -> None:
        """Make the step of this number, the first being 1, or a part of it.

        Parameters
        ----------
        step
            Its number.
        part, parts
            The step may be made in equal parts, numbered from 0, one after another.

        """

    def needs_stress(self, step: int) -> bool:  # noqa: ARG002
        """Whether the state after this step must come with its stress."""
        return False

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint must keep beside the random numbers."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:  # noqa: B027 (few remember)
        """Go on from a checkpoint."""


class ConstantEnergy(Integrator):
    """Velocity Verlet as ASE implements it."""

    def __init__(self, atoms: Atoms, config: DynamicsConfig, model: StepForces) -> None:
        self._model = model
        self._dt = config.timestep_fs * units.fs
        self._ase = VelocityVerlet(atoms, self._dt)

    def advance(self, step: int, *, part: int = 0, parts: int = 1) -> None:  # noqa: ARG002
        """Make one step, or a part of it; see :class:`Integrator`."""
        self._ase.dt = self._dt / parts
        self._ase.step(self._model.forces)


class LangevinDynamics(Integrator):
    """Langevin dynamics as ASE implements it, without its own ``fixcm``.

    Eq. 23 of Vanden-Eijnden and Ciccotti (Eq. 39 with constraints), second order in
    the time step.

    References
    ----------
    E. Vanden-Eijnden and G. Ciccotti, Chem. Phys. Lett. 429, 310 (2006),
    doi:10.1016/j.cplett.2006.07.086.

    """

    def __init__(
        self,
        atoms: Atoms,
        config: DynamicsConfig,
        model: StepForces,
        rng: np.random.Generator,
    ) -> None:
        self._model = model
        self._schedule = config.temperatures
        self._temperature_K = config.temperature_K
        self._dt = config.timestep_fs * units.fs
        self._parts = 1
        self._ase = Langevin(
            atoms,
            self._dt,
            temperature_K=config.temperature_K,
            friction=config.friction_per_ps / (1000.0 * units.fs),
            fixcm=False,
            rng=rng,
        )

    def advance(self, step: int, *, part: int = 0, parts: int = 1) -> None:  # noqa: ARG002
        """Make one step, or a part of it, at the temperature of the schedule."""
        if parts != self._parts:
            self._parts = parts
            self._ase.set_timestep(self._dt / parts)
        wanted = self._schedule.temperature_K(step)
        if wanted != self._temperature_K:
            self._temperature_K = wanted
            self._ase.set_temperature(temperature_K=wanted)
        self._ase.step(self._model.forces)


class ScaledDynamics(Integrator):
    """Velocity Verlet between two halves of a thermostat, with a barostat or without.

    One step is, in this order: thermostat for dt/2; kick with dt/2; drift with dt/2;
    barostat; drift with dt/2; new forces; kick with dt/2; thermostat for dt/2. The
    barostat acts in steps 1, 1 + k, 1 + 2k ... for k steps at a time, with the
    pressure at their beginning (in the first part of a step that is made in parts).
    Positions are scaled about the centre of mass, so
    that it stays where it is.

    Fixed atoms take no kick. Where the centre of mass is held at rest, its momentum
    is taken out after each kick, so that neither an outer force nor the rounding of a
    float32 model sets the whole structure in motion.

    Parameters
    ----------
    atoms
        Moved in place.
    config
        Time step, temperatures, what is held.
    model
        Forces and stress.
    thermostat
        Scales all momenta.
    barostat
        Scales the cell; None keeps it.

    """

    def __init__(
        self,
        atoms: Atoms,
        config: DynamicsConfig,
        model: StepForces,
        *,
        thermostat: Thermostat,
        barostat: CellRescaling | None = None,
    ) -> None:
        self._atoms = atoms
        self._model = model
        self._thermostat = thermostat
        self._barostat = barostat
        self._every = config.barostat_every
        self._dt = config.timestep_fs * units.fs
        self._schedule = config.temperatures
        self._masses = atoms.get_masses()[:, None]
        self._weights = self._masses / self._masses.sum()
        self._moves = np.ones((len(atoms), 1))
        for constraint in atoms.constraints:
            if isinstance(constraint, FixAtoms):
                self._moves[constraint.get_indices()] = 0.0
        self._held = config.zero_momentum and bool(self._moves.all())
        if not atoms.has("momenta"):
            atoms.set_momenta(np.zeros((len(atoms), 3)))

    def advance(self, step: int, *, part: int = 0, parts: int = 1) -> None:
        """Make one step, or a part of it, at the temperature of the schedule."""
        positions, momenta = (self._atoms.arrays[k] for k in ("positions", "momenta"))
        kT = units.kB * self._schedule.temperature_K(step)
        dt = self._dt / parts
        half = 0.5 * dt
        self._exchange_heat(momenta, kT, half)
        due = part == 0 and self._is_due(step - 1)
        strain = self._strain(momenta, kT) if due else None
        self._kick(momenta, half)
        if strain is None:
            positions += dt * momenta / self._masses
        else:
            positions += half * momenta / self._masses
            self._deform(positions, momenta, *strain)
            positions += half * momenta / self._masses
        last = part == parts - 1
        self._model.evaluate(self._atoms, stress=last and self.needs_stress(step))
        self._kick(momenta, half)
        self._exchange_heat(momenta, kT, half)

    def needs_stress(self, step: int) -> bool:
        """Whether the barostat acts right after this step."""
        return self._is_due(step)

    def state(self) -> dict[str, Any]:
        """Return the memory of the thermostat."""
        return self._thermostat.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self._thermostat.restore(state)

    def _is_due(self, step: int) -> bool:
        return self._barostat is not None and step % self._every == 0

    def _exchange_heat(self, momenta: np.ndarray, kT: float, dt: float) -> None:
        kinetic = 0.5 * float(np.vdot(momenta, momenta / self._masses))
        momenta *= self._thermostat.factor(kinetic, kT=kT, dt=dt)

    def _kick(self, momenta: np.ndarray, dt: float) -> None:
        momenta += dt * (self._model.forces * self._moves)
        if self._held:
            momenta -= self._weights * momenta.sum(axis=0)

    def _strain(self, momenta: np.ndarray, kT: float) -> tuple[np.ndarray, np.ndarray]:
        if self._barostat is None:  # pragma: no cover (asked for only where there is)
            return np.eye(3), np.eye(3)
        return self._barostat.strain(
            cell=self._atoms.cell.array,
            momenta=momenta,
            masses=self._masses,
            stress=self._model.stress,
            kT=kT,
            dt=self._every * self._dt,
        )

    def _deform(
        self,
        positions: np.ndarray,
        momenta: np.ndarray,
        stretch: np.ndarray,
        inverse: np.ndarray,
    ) -> None:
        centre = (self._weights * positions).sum(axis=0)
        positions[:] = centre + (positions - centre) @ stretch
        momenta[:] = momenta @ inverse
        self._atoms.set_cell(self._atoms.cell.array @ stretch)


def build_integrator(
    atoms: Atoms,
    config: DynamicsConfig,
    *,
    model: StepForces,
    n_free: int,
    rng: np.random.Generator,
) -> Integrator:
    """Integrator of the configured ensemble, bound to these atoms.

    Parameters
    ----------
    atoms
        Moved in place.
    config
        Ensemble and its settings.
    model
        Forces and stress.
    n_free
        Degrees of freedom that carry heat.
    rng
        Noise of thermostat and barostat.

    """
    if config.ensemble == "nve":
        return ConstantEnergy(atoms, config, model)
    if config.ensemble == "langevin":
        return LangevinDynamics(atoms, config, model, rng)
    relaxation_time = config.thermostat_time_ps * 1000.0 * units.fs
    if config.ensemble == "nose_hoover":
        chain = NoseHooverChain(relaxation_time=relaxation_time, n_free=n_free)
        return ScaledDynamics(atoms, config, model, thermostat=chain)
    rescaling = VelocityRescaling(
        relaxation_time=relaxation_time, n_free=n_free, rng=rng
    )
    barostat = None
    if config.has_barostat:
        barostat = CellRescaling(
            pressure=config.pressure_GPa * units.GPa,
            relaxation_time=config.barostat_time_ps * 1000.0 * units.fs,
            compressibility=config.compressibility_per_GPa / units.GPa,
            normal_only=config.ensemble == "npt_normal",
            rng=rng,
        )
    return ScaledDynamics(atoms, config, model, thermostat=rescaling, barostat=barostat)
