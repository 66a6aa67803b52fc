"""Relaxation of positions, with the cell fixed, free, or free along z."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, overload

import numpy as np
from ase import Atoms
from ase.constraints import FixAtoms
from ase.stress import voigt_6_to_full_3x3_stress

from mlip.evaluation import Prediction
from mlip.potential import Potential
from structures.batch_driver import Walk, drive
from structures.quasi_newton import FIRST_CURVATURE_eV_per_A2, quasi_newton_step
from training_data.errors import Failure, InputError

CellFreedom = Literal["fixed", "full", "z"]

MEMORY = 20  # pairs of steps and gradient changes that L-BFGS keeps
LARGEST_STEP_A = 0.2
SMALLEST_STEP_A = 1e-5
LARGEST_STRAIN = 0.03
ALLOWED_RISE_eV_per_atom = 1e-6
MAX_REJECTED = 12


@dataclass(frozen=True, kw_only=True)
class Relaxation:
    """Relaxed structure with the evidence that it is one.

    Parameters
    ----------
    atoms
        Last accepted structure; arrays, info and constraints of the input are kept.
    energy_eV
        Its energy [eV]; NaN when the first evaluation failed.
    fmax_eV_per_A
        Largest force on a free atom [eV/Å].
    stress_max_eV_per_A3
        Largest stress component that the cell was free to relax [eV/Å³]; 0 for a
        fixed cell.
    converged
        Whether both are below what was asked.
    n_steps
        Number of evaluations after the first one, rejected steps included.
    failure
        Why the relaxation stopped early, or None.

    """

    atoms: Atoms
    energy_eV: float
    fmax_eV_per_A: float
    stress_max_eV_per_A3: float
    converged: bool
    n_steps: int
    failure: Failure | None = None

    def to_json(self) -> dict[str, Any]:
        """Numbers of the relaxation, without its atoms."""
        return {
            "formula": self.atoms.get_chemical_formula(mode="metal"),
            "n_atoms": len(self.atoms),
            "energy_eV": self.energy_eV if np.isfinite(self.energy_eV) else None,
            "fmax_eV_per_A": (
                self.fmax_eV_per_A if np.isfinite(self.fmax_eV_per_A) else None
            ),
            "stress_max_eV_per_A3": (
                self.stress_max_eV_per_A3
                if np.isfinite(self.stress_max_eV_per_A3)
                else None
            ),
            "converged": self.converged,
            "n_steps": self.n_steps,
            "failure": None if self.failure is None else self.failure.reason,
        }


@overload
def relax(
    structures: Sequence[Atoms],
    potential: Potential,
    *,
    fmax_eV_per_A: float = ...,
    stress_max_eV_per_A3: float = ...,
    max_steps: int = ...,
    cell: CellFreedom = ...,
    progress: Callable[[int, int], None] | None = ...,
) -> tuple[Relaxation, ...]: ...
@overload
def relax(
    structures: Atoms,
    potential: Potential,
    *,
    fmax_eV_per_A: float = ...,
    stress_max_eV_per_A3: float = ...,
    max_steps: int = ...,
    cell: CellFreedom = ...,
    progress: Callable[[int, int], None] | None = ...,
) -> Relaxation: ...
def relax(
    structures: Atoms | Sequence[Atoms],
    potential: Potential,
    *,
    fmax_eV_per_A: float = 0.02,
    stress_max_eV_per_A3: float = 3e-4,
    max_steps: int = 500,
    cell: CellFreedom = "fixed",
    progress: Callable[[int, int], None] | None = None,
) -> Relaxation | tuple[Relaxation, ...]:
    """Local minimum of one structure or of many, one batched evaluation per step.

    A structure that cannot be evaluated ends its own relaxation (``failure`` is set)
    and no other. The structures given are not changed.

    Parameters
    ----------
    structures
        One structure or many; ``FixAtoms`` constraints are respected.
    potential
        What evaluates them.
    fmax_eV_per_A
        Largest force that is left on a free atom [eV/Å].
    stress_max_eV_per_A3
        Largest component of stress left in a free cell [eV/Å³] (3e-4 is 0.05 GPa).
    max_steps
        Number of evaluations after the first.
    cell
        ``"fixed"``, ``"full"`` (all six strains) or ``"z"`` (only the height along z,
        for slabs and interfaces whose a and b lie in the plane).
    progress
        Called with the number of finished structures and of all after every batch.

    Returns
    -------
    Relaxation or tuple of Relaxation
        One for one, many for many, in the order given.

    Raises
    ------
    InputError
        If a free cell is asked for a structure that is not periodic or whose potential
        gives no stress, or a number or constraint cannot be used.

    Notes
    -----
    Coordinates are displacements d and a strain ε of the present structure,
    ``r' = (r + d)(1 + ε)``, ``h' = h (1 + ε)``. With ``e = J ε`` both are lengths;
    gradients are ``-f`` and ``V σ / J`` and ``J = V^(1/3) N^(1/6)``. L-BFGS steps with
    at most 0.2 Å per atom and 3 % of strain; a step that raises the energy by more
    than 1e-6 eV per atom is taken back and shortened.

    ======  =================================
    symbol  variable
    ======  =================================
    f       forces [eV/Å]
    σ       stress [eV/Å³], tensile positive
    V, N    volume and number of atoms
    ======  =================================

    References
    ----------
    D. C. Liu, J. Nocedal, Math. Program. 45, 503 (1989), doi:10.1007/BF01589116.
    D. Sheppard et al., J. Chem. Phys. 136, 074103 (2012), doi:10.1063/1.3684549.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from ase.calculators.emt import EMT
    >>> from mlip.ase_potential import AsePotential
    >>> relaxed = relax(bulk("Cu", a=3.7), AsePotential(EMT()), cell="full")
    >>> relaxed.converged, round(float(relaxed.atoms.get_volume()), 1)
    (True, 11.6)

    """
    many = [structures] if isinstance(structures, Atoms) else list(structures)
    targets = {
        "fmax_eV_per_A": fmax_eV_per_A,
        "stress_max_eV_per_A3": stress_max_eV_per_A3,
    }
    for name, value in targets.items():
        if not value > 0:
            raise InputError(f"{name} must be positive; got {value!r}. Give e.g. 0.02.")
    if max_steps < 0:
        raise InputError(
            f"max_steps must not be negative; got {max_steps!r}. Give the number."
        )
    if cell not in get_args(CellFreedom):
        raise InputError(
            f"cell must be fixed, full or z; got {cell!r}. Choose one of the three."
        )
    for index, atoms in enumerate(many):
        _check(atoms, index, cell)
    walks = [
        relaxation_walk(
            atoms,
            fmax_eV_per_A=fmax_eV_per_A,
            stress_max_eV_per_A3=stress_max_eV_per_A3,
            max_steps=max_steps,
            cell=cell,
        )
        for atoms in many
    ]
    results = drive(walks, potential, progress=progress)
    return results[0] if isinstance(structures, Atoms) else results


def relaxation_walk(
    atoms: Atoms,
    *,
    fmax_eV_per_A: float,
    stress_max_eV_per_A3: float,
    max_steps: int,
    cell: CellFreedom,
) -> Walk[Relaxation]:
    """Relaxation as a generator that yields structures and receives predictions.

    Parameters
    ----------
    atoms
        Structure to start from; it is not changed.
    fmax_eV_per_A, stress_max_eV_per_A3, max_steps, cell
        As for ``relax``.

    Yields
    ------
    Atoms
        Structures to evaluate.

    Returns
    -------
    Relaxation
        Last accepted structure.

    """
    free = _free_strains(cell)
    current = atoms.copy()
    current.calc = None
    movable = _movable(current)
    answer = yield current
    if isinstance(answer, Failure):
        return _failed(current, answer)
    state = _gradient(current, answer, movable, free)
    history: deque[tuple[np.ndarray, np.ndarray]] = deque(maxlen=MEMORY)
    trust, rejected, n_steps = LARGEST_STEP_A, 0, 0
    failure: Failure | None = None

    def is_converged() -> bool:
        return state.fmax <= fmax_eV_per_A and state.stress_max <= stress_max_eV_per_A3

    while n_steps < max_steps and not is_converged():
        step = _capped(
            quasi_newton_step(state.gradient, history), trust, state.length_A
        )
        trial = _moved(current, step, state.length_A)
        answer = yield trial
        n_steps += 1
        rise = ALLOWED_RISE_eV_per_atom * len(current)
        if isinstance(answer, Failure) or answer.energy > state.energy + rise:
            failure = answer if isinstance(answer, Failure) else None
            rejected += 1
            trust = 0.4 * min(trust, max(_largest(step), SMALLEST_STEP_A))
            history.clear()
            if rejected > MAX_REJECTED or trust < SMALLEST_STEP_A:
                break
            continue
        failure, rejected = None, 0
        trust = min(LARGEST_STEP_A, 1.5 * trust)
        new = _gradient(trial, answer, movable, free)
        change = new.gradient - state.gradient
        if np.sum(step * change) > 1e-3 * np.sum(change**2) / FIRST_CURVATURE_eV_per_A2:
            history.append((step, change))
        current, state = trial, new
    return Relaxation(
        atoms=current,
        energy_eV=state.energy,
        fmax_eV_per_A=state.fmax,
        stress_max_eV_per_A3=state.stress_max,
        converged=is_converged(),
        n_steps=n_steps,
        failure=failure,
    )


@dataclass(frozen=True)
class _State:
    """Energy and its gradient at one structure."""

    energy: float
    gradient: np.ndarray  # (n_atoms + 3, 3): -forces, then V σ / J
    fmax: float
    stress_max: float
    length_A: float  # J


def _check(atoms: Atoms, index: int, cell: CellFreedom) -> None:
    """Refuse what cannot be relaxed as asked."""
    unknown = [c for c in atoms.constraints if not isinstance(c, FixAtoms)]
    if unknown:
        raise InputError(
            f"constraints of structure {index} must be FixAtoms; got "
            f"{type(unknown[0]).__name__!r}. Remove it or express it as FixAtoms."
        )
    if cell == "fixed":
        return
    if not atoms.pbc.all() or atoms.cell.rank < 3:  # noqa: PLR2004
        raise InputError(
            f"structure {index} must be periodic in three directions for "
            f"cell={cell!r}; got pbc {atoms.pbc.tolist()}. Use cell='fixed'."
        )
    flat = np.abs(atoms.cell[:2, 2]).max() <= 1e-6 * atoms.cell.lengths().max()
    if cell == "z" and not flat:
        raise InputError(
            f"cell of structure {index} must have a and b in the xy plane for "
            f"cell='z'; got {atoms.cell[:2].tolist()!r}. Rotate it into the standard "
            "orientation."
        )


def _free_strains(cell: CellFreedom) -> np.ndarray:
    """Which components of the strain may change, (3, 3) of 0 and 1."""
    if cell == "full":
        return np.ones((3, 3))
    free = np.zeros((3, 3))
    free[2, 2] = 1.0 if cell == "z" else 0.0
    return free


def _movable(atoms: Atoms) -> np.ndarray:
    """1 for free atoms and 0 for fixed ones, (n_atoms, 1)."""
    mask = np.ones((len(atoms), 1))
    for constraint in atoms.constraints:
        mask[constraint.index] = 0.0
    return mask


def _gradient(
    atoms: Atoms, answer: Prediction, movable: np.ndarray, free: np.ndarray
) -> _State:
    """Energy gradient with respect to displacements and scaled strain."""
    forces = answer.forces * movable
    fmax = float(np.linalg.norm(forces, axis=1).max(initial=0.0))
    if not free.any():
        gradient = np.vstack([-forces, np.zeros((3, 3))])
        return _State(answer.energy, gradient, fmax, 0.0, 1.0)
    if not np.isfinite(answer.stress).all():
        raise InputError(
            "potential must give a stress for a free cell; got NaN. "
            "Use cell='fixed' or a potential with stresses."
        )
    volume = float(atoms.get_volume())
    length = volume ** (1 / 3) * len(atoms) ** (1 / 6)
    stress = voigt_6_to_full_3x3_stress(answer.stress) * free
    return _State(
        energy=answer.energy,
        gradient=np.vstack([-forces, volume * stress / length]),
        fmax=fmax,
        stress_max=float(np.abs(stress).max()),
        length_A=length,
    )


def _largest(step: np.ndarray) -> float:
    """Largest displacement in a step, strain rows included as lengths [Å]."""
    return float(np.linalg.norm(step, axis=1).max())


def _capped(step: np.ndarray, trust: float, length_A: float) -> np.ndarray:
    """Step shortened to the trust radius and the largest strain."""
    displacement = np.linalg.norm(step[:-3], axis=1).max(initial=0.0)
    strain = np.abs(step[-3:]).max() / length_A
    share = trust / LARGEST_STEP_A
    excess = max(displacement / trust, strain / (share * LARGEST_STRAIN), 1.0)
    shortened: np.ndarray = step / excess
    return shortened


def _moved(atoms: Atoms, step: np.ndarray, length_A: float) -> Atoms:
    """Structure after a step of displacements and strain."""
    deformation = np.eye(3) + step[-3:] / length_A
    trial = atoms.copy()
    trial.set_cell(atoms.cell[:] @ deformation, scale_atoms=False)
    trial.positions = (atoms.positions + step[:-3]) @ deformation
    return trial


def _failed(atoms: Atoms, failure: Failure) -> Relaxation:
    """Relaxation that could not start."""
    return Relaxation(
        atoms=atoms,
        energy_eV=float("nan"),
        fmax_eV_per_A=float("nan"),
        stress_max_eV_per_A3=float("nan"),
        converged=False,
        n_steps=0,
        failure=failure,
    )
