"""Limits checked after every step, so that a broken run ends where it broke."""

from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms, units

from md.dynamics.config import DynamicsConfig
from md.dynamics.distances import WatchedPairs
from md.dynamics.events import Event

if TYPE_CHECKING:
    from collections.abc import Callable

_ESCAPE_EVERY = 100  # steps; the search for lonely atoms is the only costly guard
_AT_ONCE = 10.0  # times the temperature limit
_NAMED = 5  # atoms listed in a message


class Guards:
    """The state of all guards of one run.

    Parameters
    ----------
    atoms
        Structure at step 0: elements, masses, cell, and who is alone from the start.
        Under a barostat its volume is what later ones are compared with.
    config
        Ensemble, target temperature and limits.
    n_free
        Degrees of freedom of the temperature.

    """

    def __init__(self, atoms: Atoms, config: DynamicsConfig, *, n_free: int) -> None:
        self._limits = config.guards
        self._config = config
        self._schedule = config.temperatures
        self._first_volume = _volume(atoms.cell.array)
        self._symbols = atoms.get_chemical_symbols()
        self._masses = atoms.get_masses()[:, None]
        self._n_free = n_free
        self._reference_energy = float("nan")
        self._hot_steps = 0
        self._collected_at: int | None = None
        self.pairs = WatchedPairs(atoms, self._limits)
        self._alone_at_start = self._alone(atoms.positions)

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint must keep."""
        return {
            "reference_energy": self._reference_energy,
            "hot_steps": self._hot_steps,
            "collected_at": self._collected_at,
            "alone_at_start": np.nonzero(self._alone_at_start)[0].tolist(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self._reference_energy = float(state["reference_energy"])
        self._hot_steps = int(state["hot_steps"])
        self._collected_at = state.get("collected_at")
        self._alone_at_start[:] = False
        self._alone_at_start[state["alone_at_start"]] = True

    def looks_at_committee(self, step: int, *, n_collected: int) -> bool:
        """Whether the disagreement of a committee is wanted after this step.

        Parameters
        ----------
        step
            Its number.
        n_collected
            Structures put aside so far. They and the latest of them give the committee
            a rest by the present settings, which may differ from those at the time.

        """
        limits, latest = self._limits, self._collected_at
        off = limits.max_force_spread_eV_per_A is None
        if off or step % limits.committee_every:
            return False
        if limits.policy_of("committee_disagreement") != "collect":
            return True
        rested = latest is None or step >= latest + limits.collect_spacing
        return rested and n_collected < limits.max_collected

    def note_collected(self, step: int) -> None:
        """Give the committee a rest: its disagreement at this step was collected."""
        self._collected_at = step

    def kinetic_energy(self, momenta: np.ndarray) -> float:
        """Kinetic energy (eV)."""
        return float(0.5 * np.vdot(momenta, momenta / self._masses))

    def temperature_K(self, momenta: np.ndarray) -> float:  # noqa: N802
        """Kinetic temperature over the free degrees of freedom."""
        return 2.0 * self.kinetic_energy(momenta) / (self._n_free * float(units.kB))

    def check(
        self,
        *,
        step: int,
        previous: np.ndarray,
        positions: np.ndarray,
        momenta: np.ndarray,
        energy: float,
        forces: np.ndarray,
        cell: np.ndarray,
        stress: np.ndarray | None = None,
        force_spreads: np.ndarray | None = None,
    ) -> Event | None:
        """First guard that this step trips, causes before consequences.

        Parameters
        ----------
        step
            Its number.
        previous, positions
            Before and after the step, (n, 3) in Å.
        momenta
            After the step, (n, 3) in ASE units.
        energy, forces
            Potential energy (eV) and forces (n, 3) (eV/Å) after the step.
        cell
            After the step, rows are vectors, (3, 3) in Å.
        stress
            (6,) in eV/Å³ where a barostat is going to use it.
        force_spreads
            (n,) in eV/Å where a committee was asked.

        """
        checks: tuple[Callable[[], dict[str, Any] | None], ...] = (
            lambda: self._displacement(previous, positions),
            lambda: self._distance(positions, cell),
            lambda: self._finite(energy, forces, momenta),
            lambda: self._finite_stress(stress),
            lambda: self._temperature(step, momenta),
            lambda: self._runaway_volume(cell),
            lambda: self._escape(step, positions),
            lambda: self._drift(energy, momenta),
            lambda: self._disagreement(force_spreads),
        )
        with np.errstate(over="ignore", invalid="ignore"):
            for check in checks:
                found = check()
                if found is not None:
                    return self._event(step, **found)
        return None

    def _event(self, step: int, *, message: str, **fields: Any) -> Event:  # noqa: ANN401
        time_ps = step * self._config.timestep_fs / 1000.0
        when = f"at step {step} ({time_ps:.4f} ps)"
        return Event(
            step=step, time_ps=time_ps, message=message.format(when=when), **fields
        )

    def _name(self, *indices: int) -> str:
        named = [f"{i} ({self._symbols[i]})" for i in indices[:_NAMED]]
        more = len(indices) - len(named)
        return " and ".join(named) + (f" and {more} more" if more else "")

    def _displacement(
        self, previous: np.ndarray, positions: np.ndarray
    ) -> dict[str, Any] | None:
        moved = positions - previous
        squared = np.einsum("ij,ij->i", moved, moved)
        limit = self._limits.max_displacement_A
        if squared.max() <= limit * limit:
            return None
        i = int(np.argmax(squared))  # nan counts as the largest
        value = float(np.sqrt(squared[i]))
        return {
            "kind": "impossible_displacement",
            "atoms": (i,),
            "value": value,
            "threshold": limit,
            "unit": "Å",
            "message": f"Atom {self._name(i)} moved {value:.3g} Å in one step "
            f"{{when}}; at most {limit:g} Å is possible. Use a shorter timestep_fs, "
            "relax the structure first, or train the potential on such structures "
            "(guards.max_displacement_A sets the limit).",
        }

    def _distance(
        self, positions: np.ndarray, cell: np.ndarray
    ) -> dict[str, Any] | None:
        self.pairs.update(positions, cell)
        worst = self.pairs.worst()
        if worst is None:
            return None
        i, j, value, limit = worst
        return {
            "kind": "impossible_distance",
            "atoms": (i, j),
            "value": value,
            "threshold": limit,
            "unit": "Å",
            "message": f"Atoms {self._name(i, j)} were {value:.3f} Å apart {{when}}; "
            f"at least {limit:.3f} Å is possible. Relax the structure first, use a "
            "shorter timestep_fs, or train the potential on such structures "
            "(guards.min_distances_A sets the limit of a pair of elements).",
        }

    def _finite(
        self, energy: float, forces: np.ndarray, momenta: np.ndarray
    ) -> dict[str, Any] | None:
        if np.isfinite(energy + float(forces.sum()) + float(momenta.sum())):
            return None
        sound = np.isfinite(forces).all(axis=1) & np.isfinite(momenta).all(axis=1)
        bad = tuple(int(i) for i in np.nonzero(~sound)[0])
        if not bad and np.isfinite(energy):
            return None  # only the sums overflowed
        what = f"the force on atom {self._name(*bad)}" if bad else "the energy"
        return {
            "kind": "not_finite",
            "atoms": bad,
            "message": f"The potential returned nan or inf for {what} {{when}}; "
            "every energy and force must be finite. Look at the structure there, and "
            "check the model with `lithophile evaluate` or float64.",
        }

    def _finite_stress(self, stress: np.ndarray | None) -> dict[str, Any] | None:
        if stress is None or np.isfinite(stress).all():
            return None
        return {
            "kind": "not_finite",
            "message": "The potential returned nan or inf for the stress {when}; a "
            "barostat needs it. Use a potential that gives stresses, or an ensemble "
            "of constant volume.",
        }

    def _runaway_volume(self, cell: np.ndarray) -> dict[str, Any] | None:
        limit = self._limits.max_volume_ratio
        if not self._config.has_barostat or limit is None:
            return None
        ratio = _volume(cell) / self._first_volume
        if 1.0 / limit <= ratio <= limit:
            return None
        return {
            "kind": "runaway_volume",
            "value": ratio,
            "threshold": limit,
            "message": f"The volume stood at {ratio:.3f} times its first value "
            f"{{when}}; at most {limit:g} times more or less is allowed. Relax the "
            "cell first, check pressure_GPa and the stress of the potential, or use "
            "an ensemble of constant volume (guards.max_volume_ratio sets the limit; "
            "null turns it off).",
        }

    def _temperature(self, step: int, momenta: np.ndarray) -> dict[str, Any] | None:
        target = self._schedule.recent_highest_K(
            step, first_K=self._config.starting_temperature_K
        )
        limits = self._limits
        limit = limits.temperature_factor * target + limits.temperature_margin_K
        value = self.temperature_K(momenta)
        self._hot_steps = self._hot_steps + 1 if value > limit else 0
        if self._hot_steps < limits.temperature_steps and value <= _AT_ONCE * limit:
            return None
        kinetic = np.einsum("ij,ij->i", momenta, momenta / self._masses)
        i = int(np.argmax(kinetic))
        return {
            "kind": "runaway_temperature",
            "atoms": (i,),
            "value": value,
            "threshold": limit,
            "unit": "K",
            "message": f"The temperature had been above {limit:.0f} K for "
            f"{self._hot_steps} steps {{when}} and stood at {value:.4g} K with a "
            f"target of {self._schedule.temperature_K(step):g} K; the fastest atom was "
            f"{self._name(i)}. Relax the structure first, use a shorter timestep_fs "
            "or a larger friction_per_ps, or train the potential on such structures "
            "(guards.temperature_factor and temperature_margin_K set the limit).",
        }

    def _alone(self, positions: np.ndarray) -> np.ndarray:
        if self._limits.escape_distance_A is None:
            return np.zeros(len(positions), dtype=bool)
        return self.pairs.isolated(positions, self._limits.escape_distance_A)

    def _escape(self, step: int, positions: np.ndarray) -> dict[str, Any] | None:
        if step % _ESCAPE_EVERY:
            return None
        escaped = np.nonzero(self._alone(positions) & ~self._alone_at_start)[0]
        if not len(escaped):
            return None
        limit = self._limits.escape_distance_A
        who = tuple(int(i) for i in escaped)
        return {
            "kind": "escaped_atom",
            "atoms": who,
            "threshold": limit,
            "unit": "Å",
            "message": f"Atom {self._name(*who)} had no neighbour within {limit:g} Å "
            "{when} and has left the structure. Lower the temperature, close the "
            "vacuum, or train the potential on surfaces "
            "(guards.escape_distance_A sets the limit; null turns it off).",
        }

    def _drift(self, energy: float, momenta: np.ndarray) -> dict[str, Any] | None:
        total = energy + self.kinetic_energy(momenta)
        if np.isnan(self._reference_energy):
            self._reference_energy = total
        limit = self._limits.energy_drift_meV_per_atom
        if self._config.ensemble != "nve" or limit is None:
            return None
        value = 1000.0 * (total - self._reference_energy) / len(self._symbols)
        if abs(value) <= limit:
            return None
        return {
            "kind": "energy_drift",
            "value": value,
            "threshold": limit,
            "unit": "meV/atom",
            "message": f"The total energy had changed by {value:+.3g} meV/atom "
            f"{{when}}; at most {limit:g} is allowed in the nve ensemble. Use a "
            "shorter timestep_fs, float64, or a smoother potential "
            "(guards.energy_drift_meV_per_atom sets the limit).",
        }

    def _disagreement(self, force_spreads: np.ndarray | None) -> dict[str, Any] | None:
        limit = self._limits.max_force_spread_eV_per_A
        if force_spreads is None or limit is None:
            return None
        i = int(np.argmax(force_spreads))  # nan counts as the largest
        value = float(force_spreads[i])
        if value <= limit:
            return None
        above = tuple(int(k) for k in np.nonzero(~(force_spreads <= limit))[0])
        ordered = (i, *(k for k in above if k != i))
        return {
            "kind": "committee_disagreement",
            "atoms": ordered,
            "value": value,
            "threshold": limit,
            "unit": "eV/Å",
            "message": f"The committee disagreed by {value:.3g} eV/Å on the force on "
            f"atom {self._name(*ordered)} {{when}}; at most {limit:g} is allowed. "
            "Label such structures and train on them "
            "(guards.max_force_spread_eV_per_A sets the limit; null turns it off).",
        }


def _volume(cell: np.ndarray) -> float:
    return abs(float(np.linalg.det(cell)))
