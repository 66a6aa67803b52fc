"""Relaxation of many structures at once, with the freedom of the cell that is asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args, overload

import numpy as np
from ase import Atoms

from mlip.potential import Potential
from structures.batch_driver import Walk, drive
from structures.cell_freedom import check_freedom
from structures.close_pairs import closest_overlap
from structures.fire import fire_descent
from structures.fixed_layers import labelled_atoms
from structures.quasi_newton import quasi_newton_descent
from structures.relaxation_space import RelaxationSpace, relaxation_space
from structures.relaxation_target import Rest
from training_data.errors import Failure, InputError

Algorithm = Literal["lbfgs", "fire"]

DESCENTS = {"lbfgs": quasi_newton_descent, "fire": fire_descent}
NO_STRESS = "the potential gives no stress, which a free cell needs"


@dataclass(frozen=True, kw_only=True)
class Relaxation:
    """Relaxed structure with the evidence that it is one.

    Parameters
    ----------
    atoms
        Last accepted structure; arrays, info and constraints of the input are kept.
    energy_eV
        Its energy [eV], without p V; NaN when the first evaluation failed.
    fmax_eV_per_A
        Largest force on a free atom [eV/Å].
    stress_max_eV_per_A3
        Largest stress component that the cell was free to relax, over the external
        pressure [eV/Å³]; 0 for a fixed cell.
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
    cell: str = ...,
    fixed_vectors: str = ...,
    fixed_layers: Sequence[int] = ...,
    fixed_side: int | None = ...,
    pressure_GPa: float = ...,
    algorithm: Algorithm = ...,
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
    cell: str = ...,
    fixed_vectors: str = ...,
    fixed_layers: Sequence[int] = ...,
    fixed_side: int | None = ...,
    pressure_GPa: float = ...,
    algorithm: Algorithm = ...,
    progress: Callable[[int, int], None] | None = ...,
) -> Relaxation: ...
def relax(
    structures: Atoms | Sequence[Atoms],
    potential: Potential,
    *,
    fmax_eV_per_A: float = 0.02,
    stress_max_eV_per_A3: float = 3e-4,
    max_steps: int = 500,
    cell: str = "fixed",
    fixed_vectors: str = "",
    fixed_layers: Sequence[int] = (),
    fixed_side: int | None = None,
    pressure_GPa: float = 0.0,
    algorithm: Algorithm = "lbfgs",
    progress: Callable[[int, int], None] | None = None,
) -> Relaxation | tuple[Relaxation, ...]:
    """Local minimum of one structure or of many, one batched evaluation per step.

    A structure of many that cannot be relaxed as asked, or cannot be evaluated, ends
    its own relaxation (``failure`` is set) and no other. The structures given are not
    changed.

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
        ``"fixed"``, ``"full"`` (all six strains), ``"z"`` (only the height along z,
        for slabs and interfaces whose a and b lie in the plane), ``"in-plane"`` (xx,
        yy, xy), ``"isotropic"`` (volume alone), ``"shape"`` (constant volume), or
        strain components such as ``"xx,yy"``.
    fixed_vectors
        With ``cell="full"``: one or two lattice vectors that keep length and
        direction, such as ``"ab"``.
    fixed_layers
        Labels of layers whose atoms stay (``arrays["layer"]``); negative ones count
        from the top.
    fixed_side
        Side of an interface whose atoms stay (``arrays["side"]``), or to which
        ``fixed_layers`` refers.
    pressure_GPa
        External pressure on a free cell [GPa].
    algorithm
        ``"lbfgs"``, or ``"fire"``, which takes more steps and needs no energies.
    progress
        Called with the number of finished structures and of all after every batch.

    Returns
    -------
    Relaxation or tuple of Relaxation
        One for one, many for many, in the order given.

    Raises
    ------
    InputError
        If a number or name cannot be used, or if one structure is given and cannot
        be relaxed as asked: not periodic with a free cell, a constraint other than
        ``FixAtoms``, no layer labels, an element that the potential does not know,
        overlapping atoms, no free atom in a fixed cell, a potential without stress.

    Notes
    -----
    Atoms overlap when they are closer than 0.5 Å or 0.6 times the sum of their
    covalent radii. No potential has seen that, and many have a minimum there: such a
    structure is not started from, and one that ends so has failed, whatever its forces.

    Coordinates are displacements d and a strain ε of the present structure,
    ``r' = (r + d)(1 + ε)``, ``h' = h (1 + ε)``. With ``e = J ε`` both are lengths;
    gradients are ``-f`` and ``V (σ + p) / J`` and ``J = 0.45 V^(1/3) N^(1/6)``;
    strains
    that are not free are projected out. L-BFGS steps with at most 0.2 Å per atom and
    3 % of strain; a step that raises the enthalpy by more than 1e-6 eV per atom is
    taken back and shortened. FIRE: ``structures.fire``.

    ======  =================================
    symbol  variable
    ======  =================================
    f       forces [eV/Å]
    σ       stress [eV/Å³], tensile positive
    p       external pressure [eV/Å³]
    V, N    volume and number of atoms
    ======  =================================

    References
    ----------
    D. C. Liu, J. Nocedal, Math. Program. 45, 503 (1989), doi:10.1007/BF01589116.
    D. Sheppard et al., J. Chem. Phys. 136, 074103 (2012), doi:10.1063/1.3684549.
    E. Bitzek et al., Phys. Rev. Lett. 97, 170201 (2006),
    doi:10.1103/PhysRevLett.97.170201.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from ase.calculators.emt import EMT
    >>> from mlip.ase_potential import AsePotential
    >>> relaxed = relax(bulk("Cu", a=3.7), AsePotential(EMT()), cell="full")
    >>> relaxed.converged, round(float(relaxed.atoms.get_volume()), 1)
    (True, 11.6)

    """
    _check_options(
        fmax_eV_per_A=fmax_eV_per_A,
        stress_max_eV_per_A3=stress_max_eV_per_A3,
        max_steps=max_steps,
        pressure_GPa=pressure_GPa,
        algorithm=algorithm,
    )
    check_freedom(cell, fixed_vectors=fixed_vectors)
    if pressure_GPa and cell == "fixed":
        raise InputError(
            f"pressure_GPa must be 0 for a fixed cell; got {pressure_GPa!r}. "
            "Use e.g. cell='full'."
        )
    alone = isinstance(structures, Atoms)
    many: list[Atoms] = [structures] if isinstance(structures, Atoms) else [*structures]
    rest = Rest(
        fmax_eV_per_A=fmax_eV_per_A,
        stress_max_eV_per_A3=stress_max_eV_per_A3,
        max_steps=max_steps,
    )
    walks: dict[int, Walk[Relaxation]] = {}
    found: dict[int, Relaxation] = {}
    for index, atoms in enumerate(many):
        try:
            potential.check_species(atoms)
            space = relaxation_space(
                atoms,
                fixed=labelled_atoms(atoms, layers=fixed_layers, side=fixed_side),
                cell=cell,
                fixed_vectors=fixed_vectors,
                pressure_GPa=pressure_GPa,
            )
            _refuse_overlap(atoms)
        except InputError as error:
            if alone:
                raise
            found[index] = _failed(atoms, Failure("", str(error)))
            continue
        walks[index] = relaxation_walk(atoms, space, rest=rest, algorithm=algorithm)
    found |= zip(
        walks, drive(tuple(walks.values()), potential, progress=progress), strict=True
    )
    results = tuple(_numbered(found[index], index) for index in range(len(many)))
    if alone and results[0].failure == Failure("0", NO_STRESS):
        raise InputError(
            f"potential must give a stress for cell={cell!r}; got none from "
            f"{potential.name!r}. Use cell='fixed' or a potential with stresses."
        )
    return results[0] if alone else results


def relaxation_walk(
    atoms: Atoms,
    space: RelaxationSpace,
    *,
    rest: Rest,
    algorithm: Algorithm = "lbfgs",
) -> Walk[Relaxation]:
    """Relaxation as a generator that yields structures and receives predictions.

    Parameters
    ----------
    atoms
        Structure to start from; it is not changed.
    space
        What may move.
    rest
        When it is over.
    algorithm
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
    bare = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
    answer = yield bare
    if isinstance(answer, Failure):
        return _failed(atoms, answer)
    if not (space.strains.is_fixed or np.isfinite(answer.stress).all()):
        return _failed(atoms, Failure("", NO_STRESS))
    last, point, n_steps, failure = yield from DESCENTS[algorithm](
        bare, answer, space, rest
    )
    overlap = closest_overlap(last)
    if overlap and failure is None:
        failure = Failure(
            "", f"atoms came to overlap, {overlap}: the potential holds nothing apart"
        )
    relaxed = atoms.copy()
    relaxed.calc = None
    relaxed.cell[:] = last.cell.array
    relaxed.arrays["positions"][:] = last.positions
    return Relaxation(
        atoms=relaxed,
        energy_eV=point.energy,
        fmax_eV_per_A=point.fmax,
        stress_max_eV_per_A3=point.stress_max,
        converged=rest.reached(point) and not overlap,
        n_steps=n_steps,
        failure=failure,
    )


def _check_options(
    *,
    fmax_eV_per_A: float,
    stress_max_eV_per_A3: float,
    max_steps: int,
    pressure_GPa: float,
    algorithm: str,
) -> None:
    """Refuse numbers and names before any structure is looked at."""
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
    if not np.isfinite(pressure_GPa):
        raise InputError(
            f"pressure_GPa must be finite; got {pressure_GPa!r}. Give e.g. 0."
        )
    if algorithm not in get_args(Algorithm):
        raise InputError(
            f"algorithm must be lbfgs or fire; got {algorithm!r}. Choose one of them."
        )


def _refuse_overlap(atoms: Atoms) -> None:
    """Refuse atoms so close that a potential is asked about what it never saw."""
    overlap = closest_overlap(atoms)
    if overlap:
        raise InputError(
            f"structure must have no overlapping atoms; got {overlap}. Remove one of "
            "them, move them apart, or check cell and units (Å)."
        )


def _numbered(relaxation: Relaxation, index: int) -> Relaxation:
    """Relaxation whose failure carries the place of its structure."""
    if relaxation.failure is None:
        return relaxation
    return replace(relaxation, failure=Failure(str(index), relaxation.failure.reason))


def _failed(atoms: Atoms, failure: Failure) -> Relaxation:
    """Relaxation that could not start."""
    kept = atoms.copy()
    kept.calc = None
    return Relaxation(
        atoms=kept,
        energy_eV=float("nan"),
        fmax_eV_per_A=float("nan"),
        stress_max_eV_per_A3=float("nan"),
        converged=False,
        n_steps=0,
        failure=failure,
    )
