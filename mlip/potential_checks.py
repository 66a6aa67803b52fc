"""What every potential must obey, checked on a distorted crystal."""

from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.data import atomic_numbers, covalent_radii

from mlip.dimers import dimer_curves
from mlip.jumps import largest_jump
from mlip.potential import Potential
from training_data.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

PREFERRED = ("Li", "Cl", "Zr", "O")
STEP_A = 5e-3
DOUBLE_TOLERANCE, SINGLE_TOLERANCE = 1e-6, 2e-4
DOUBLE_SLOPE_TOLERANCE, SINGLE_SLOPE_TOLERANCE = 1e-3, 2e-2
JUMP_TOLERANCE = 2e-3
MOST_ELEMENTS = 12
MEANINGS = MappingProxyType(
    {
        "forces_are_the_gradient": "dynamics does not conserve energy, and "
        "relaxations end beside the minimum",
        "stress_is_the_strain_derivative": "cells relax to a wrong volume, and "
        "constant-pressure runs mean nothing; always where there is no stress",
        "translation": "the energy knows where the origin is, and momentum drifts",
        "rotation": "the energy knows where x is: a network that is not equivariant",
        "permutation": "forces go to the wrong atoms",
        "wrapping": "an atom that diffuses out of the cell loses its neighbours",
        "supercell": "images are counted wrongly in cells smaller than the cutoff",
        "distant_parts_add_up": "the energy is not extensive: parts far apart see "
        "each other",
        "batch_equals_single": "structures of one batch disturb each other",
        "session_equals_evaluation": "dynamics runs on other numbers than those that "
        "were validated",
        "smooth_at_the_cutoff": "energy or force jumps when a neighbour comes or "
        "goes, and dynamics heats up",
        "dimers_repel": "two atoms can fuse: hot dynamics and searches fall into a "
        "hole",
        "float32_equals_float64": "single precision is no mere rounding: sums cancel, "
        "and runs in it are not those that were validated",
        "loads_as_saved": "the file holds another potential than the one in memory",
    }
)


@dataclass(frozen=True, kw_only=True)
class PotentialCheck:
    """Outcome of one check.

    Parameters
    ----------
    name
        What was checked.
    deviation
        Largest deviation, as a fraction of the scale of what was compared.
    tolerance
        Largest fraction that passes.
    detail
        What was found, in words, where a number does not say it.

    """

    name: str
    deviation: float
    tolerance: float
    detail: str = ""

    @property
    def passed(self) -> bool:
        """Whether the deviation is a number within the tolerance."""
        return bool(self.deviation <= self.tolerance)

    @property
    def meaning(self) -> str:
        """What a failure of this check means for the user."""
        return MEANINGS[self.name]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**vars(self), "passed": self.passed, "meaning": self.meaning}


def check_potential(
    potential: Potential,
    *,
    single_precision: bool = False,
    in_other_precision: Potential | None = None,
    reloaded: Potential | None = None,
) -> tuple[PotentialCheck, ...]:
    """Check gradients, invariances, smoothness and short distances of a potential.

    Parameters
    ----------
    potential
        Any potential; it is evaluated about thirty times on 16 to 32 atoms, and on
        some hundred pairs of atoms.
    single_precision
        Whether it computes in single precision, which loosens the tolerances.
    in_other_precision
        The same potential in the other precision; not compared when missing.
    reloaded
        The same potential read from its file once more; not compared when missing.

    Returns
    -------
    tuple of PotentialCheck
        In a fixed order.

    Raises
    ------
    InputError
        When the potential cannot evaluate the crystal at all.

    Notes
    -----
    Energies are compared relative to the rms force times 1 Å, forces to the rms force,
    stresses to the largest stress component. The gradient checks take central
    differences with a step of 5e-3 Å (strain 1e-3) along one random direction. Pairs
    of all elements are tried (of the crystal's alone where a potential knows more than
    12): see :func:`mlip.dimers.dimer_curves` and :func:`mlip.jumps.largest_jump`.

    Examples
    --------
    A Lennard-Jones potential that is cut off sharply fails where it is cut.

    >>> from ase.calculators.lj import LennardJones
    >>> from mlip import AsePotential
    >>> sharp = AsePotential(LennardJones(sigma=2.2, epsilon=0.3, rc=5.0))
    >>> [check.name for check in check_potential(sharp) if not check.passed]
    ['smooth_at_the_cutoff']

    """
    crystal = _distorted_crystal(potential)
    first = potential.evaluate([crystal])
    if first.failures:
        raise InputError(
            f"model must evaluate {crystal.get_chemical_formula()}; got the failure "
            f"{first.failures[0].reason!r}. Is it meant for these elements?"
        )
    probe = _Probe(potential, crystal)
    exact = SINGLE_TOLERANCE if single_precision else DOUBLE_TOLERANCE
    slope = SINGLE_SLOPE_TOLERANCE if single_precision else DOUBLE_SLOPE_TOLERANCE
    checks: dict[str, tuple[Callable[[], float], float]] = {
        "forces_are_the_gradient": (probe.gradient, slope),
        "stress_is_the_strain_derivative": (probe.strain_derivative, slope),
        "translation": (probe.translation, exact),
        "rotation": (probe.rotation, exact),
        "permutation": (probe.permutation, exact),
        "wrapping": (probe.wrapping, exact),
        "supercell": (probe.supercell, exact),
        "distant_parts_add_up": (probe.distant_parts, exact),
        "batch_equals_single": (probe.batch, exact),
        "session_equals_evaluation": (probe.session, exact),
    }
    for name, twin, tolerance in (
        ("float32_equals_float64", in_other_precision, SINGLE_TOLERANCE),
        ("loads_as_saved", reloaded, 0.0),
    ):
        if twin is not None:
            checks[name] = (partial(probe.twin, twin), tolerance)
    return (
        *(
            PotentialCheck(name=name, deviation=float(measure()), tolerance=tolerance)
            for name, (measure, tolerance) in checks.items()
        ),
        _smoothness(potential, crystal, scale=probe.force_scale),
        _dimers(potential, crystal),
    )


def _smoothness(
    potential: Potential, crystal: Atoms, *, scale: float
) -> PotentialCheck:
    first, second = (list(dict.fromkeys(crystal.get_chemical_symbols())) * 2)[:2]
    jump = largest_jump(potential, (first, second))
    return PotentialCheck(
        name="smooth_at_the_cutoff",
        deviation=max(jump.force_eV_per_A, jump.energy_eV) / scale,
        tolerance=JUMP_TOLERANCE,
        detail=f"largest jump of {first}-{second} at {jump.distance_A:.2f} Å: "
        f"{jump.force_eV_per_A:.2g} eV/Å, {jump.energy_eV:.2g} eV",
    )


def _dimers(potential: Potential, crystal: Atoms) -> PotentialCheck:
    """Deviation: the number of pairs of elements that can fuse."""
    symbols = potential.species
    if symbols is None or len(symbols) > MOST_ELEMENTS:
        symbols = frozenset(crystal.get_chemical_symbols())
    curves = dimer_curves(potential, sorted(symbols))
    barriers = curves.barriers_eV
    fusing = ", ".join(f"{pair} over {barriers[pair]:.1f} eV" for pair in curves.fusing)
    return PotentialCheck(
        name="dimers_repel",
        deviation=float(len(curves.fusing)),
        tolerance=0.0,
        detail=f"{fusing or 'none'} of {len(barriers)} pairs of elements can fuse",
    )


def _distorted_crystal(potential: Potential) -> Atoms:
    """Rock salt of two elements that the potential knows, every atom displaced."""
    known = set(PREFERRED) if potential.species is None else set(potential.species)
    symbols = [s for s in PREFERRED if s in known] + sorted(known - set(PREFERRED))
    pair = (symbols * 2)[:2]
    radii = [covalent_radii[atomic_numbers[symbol]] for symbol in pair]
    crystal = bulk("NaCl", "rocksalt", a=2.15 * sum(radii), cubic=True)
    crystal.symbols[:] = np.where(crystal.symbols == "Na", *pair)
    crystal *= (1, 1, 2)
    rng = np.random.default_rng(7)
    crystal.positions += rng.normal(scale=0.08, size=(len(crystal), 3))
    strain = np.eye(3) + rng.uniform(-0.02, 0.02, size=(3, 3))
    crystal.set_cell(crystal.cell.array @ strain, scale_atoms=True)
    return crystal


class _Probe:
    """One crystal under a potential, and what must not change about it."""

    def __init__(self, potential: Potential, crystal: Atoms) -> None:
        self._potential = potential
        self._crystal = crystal
        self._energy, self._forces, self._stress = self._ask(crystal)
        self.force_scale = float(np.sqrt(np.mean(self._forces**2))) or 1.0
        self._stress_scale = float(np.nanmax(np.abs(self._stress))) or 1.0
        self._rng = np.random.default_rng(11)

    def _ask(self, atoms: Atoms) -> tuple[float, np.ndarray, np.ndarray]:
        found = self._potential.evaluate([atoms])
        return float(found.energies[0]), found.forces[0], found.stresses[0]

    def _energy_off(self, energy: float) -> float:
        return abs(energy - self._energy) / self.force_scale

    def _forces_off(self, forces: np.ndarray) -> float:
        return float(np.abs(forces - self._forces).max()) / self.force_scale

    def gradient(self) -> float:
        direction = self._rng.normal(size=self._forces.shape)
        direction /= np.linalg.norm(direction)
        energies = []
        for sign in (1, -1):
            moved = self._crystal.copy()
            moved.positions += sign * STEP_A * direction
            energies.append(self._ask(moved)[0])
        slope = -(energies[0] - energies[1]) / (2 * STEP_A)
        along = float(np.sum(self._forces * direction))
        return abs(slope - along) / self.force_scale

    def strain_derivative(self) -> float:
        """Infinite where the potential gives no stress."""
        if not np.isfinite(self._stress).all():
            return float("inf")
        symmetric = np.array([[1.0, 0.25, -0.1], [0.25, -0.7, 0.15], [-0.1, 0.15, 0.4]])
        step = 1e-3
        energies = []
        for sign in (1, -1):
            strained = self._crystal.copy()
            deformation = np.eye(3) + sign * step * symmetric
            strained.set_cell(strained.cell.array @ deformation, scale_atoms=True)
            energies.append(self._ask(strained)[0])
        volume = float(self._crystal.get_volume())
        slope = (energies[0] - energies[1]) / (2 * step * volume)
        full = self._stress[[0, 5, 4, 5, 1, 3, 4, 3, 2]].reshape(3, 3)
        return abs(slope - float(np.sum(full * symmetric))) / self._stress_scale

    def translation(self) -> float:
        moved = self._crystal.copy()
        moved.positions += (0.37, -1.21, 2.9)
        energy, forces, _ = self._ask(moved)
        return max(self._energy_off(energy), self._forces_off(forces))

    def rotation(self) -> float:
        turn = np.linalg.qr(self._rng.normal(size=(3, 3)))[0]
        turn *= np.sign(np.linalg.det(turn))
        turned = self._crystal.copy()
        turned.set_cell(turned.cell.array @ turn.T)
        turned.positions = self._crystal.positions @ turn.T
        energy, forces, _ = self._ask(turned)
        return max(self._energy_off(energy), self._forces_off(forces @ turn))

    def permutation(self) -> float:
        order = self._rng.permutation(len(self._crystal))
        energy, forces, _ = self._ask(self._crystal[order])
        back = np.empty_like(forces)
        back[order] = forces
        return max(self._energy_off(energy), self._forces_off(back))

    def wrapping(self) -> float:
        moved = self._crystal.copy()
        jumps = self._rng.integers(-2, 3, size=(len(moved), 3))
        moved.positions += jumps @ moved.cell.array
        energy, forces, _ = self._ask(moved)
        return max(self._energy_off(energy), self._forces_off(forces))

    def supercell(self) -> float:
        energy, forces, _ = self._ask(self._crystal * (2, 1, 1))
        half = len(self._crystal)
        return max(self._energy_off(energy / 2), self._forces_off(forces[:half]))

    def distant_parts(self) -> float:
        """Two clusters 100 Å apart, beyond every cutoff."""
        cluster = Atoms(self._crystal.symbols, self._crystal.positions)
        other = cluster[: len(cluster) // 2]
        far = other.copy()
        far.positions[:, 0] += 100.0 + np.ptp(cluster.positions[:, 0])
        alone = self._potential.evaluate([cluster, other])
        energy, forces, _ = self._ask(cluster + far)
        apart = np.concatenate(alone.forces)
        scale = max(float(np.sqrt(np.mean(apart**2))), self.force_scale)
        return max(
            abs(energy - float(alone.energies.sum())) / scale,
            float(np.abs(forces - apart).max()) / scale,
        )

    def twin(self, other: Potential) -> float:
        """Largest difference to another object for the same potential."""
        found = other.evaluate([self._crystal])
        stress = float(np.nanmax(np.abs(found.stresses[0] - self._stress), initial=0.0))
        return max(
            self._energy_off(float(found.energies[0])) / len(self._crystal),
            self._forces_off(found.forces[0]),
            stress / self._stress_scale,
        )

    def batch(self) -> float:
        other = self._crystal * (2, 1, 1)
        found = self._potential.evaluate([other, self._crystal, other])
        return max(
            self._energy_off(float(found.energies[1])),
            self._forces_off(found.forces[1]),
        )

    def session(self) -> float:
        session = self._potential.session(self._crystal)
        cell = self._crystal.cell.array
        session.evaluate(self._crystal.positions + 0.05, cell)
        energy, forces, _ = session.evaluate(self._crystal.positions, cell)
        return max(self._energy_off(energy), self._forces_off(forces))
