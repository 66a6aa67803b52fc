"""Nudged elastic bands: many at once, all their images in one batch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.constraints import FixAtoms
from ase.geometry import find_mic
from numpy.typing import NDArray

from mlip.evaluation import Prediction
from mlip.potential import Potential
from structures.band_descent import BandDescent
from structures.band_forces import band_forces, climbing_image
from structures.batch_driver import GroupWalk, drive_groups
from structures.minimum_energy_path import MinimumEnergyPath
from structures.pair_distance_path import pair_distance_path
from training_data.errors import Failure, InputError

CLIMB_BELOW = 10.0  # climbing starts at so many times the force asked for
MOST_TRIES = 8

Answers = list[Prediction | Failure]


@dataclass(frozen=True, kw_only=True)
class BandTarget:
    """How a band is held and when it is at rest.

    Parameters
    ----------
    fmax_eV_per_A
        Largest force left on an atom of the band [eV/Å].
    max_steps
        Most steps.
    spring_eV_per_A2
        Stiffness of the springs between neighbouring images [eV/Å²].
    climb
        Whether the highest image climbs to the saddle point.

    """

    fmax_eV_per_A: float = 0.05
    max_steps: int = 300
    spring_eV_per_A2: float = 1.0
    climb: bool = True


def minimum_energy_paths(
    ends: Sequence[tuple[Atoms, Atoms]],
    potential: Potential,
    *,
    n_images: int = 5,
    fmax_eV_per_A: float = 0.05,
    max_steps: int = 300,
    spring_eV_per_A2: float = 1.0,
    climb: bool = True,
    start_path: str = "idpp",
    progress: Callable[[int, int], None] | None = None,
) -> tuple[MinimumEnergyPath, ...]:
    r"""Paths of lowest energy between pairs of minima, by climbing elastic bands.

    All inner images of all bands that are not finished are evaluated in one batch
    per step. A band that cannot be computed has its ``failure`` set and ends no other.

    Parameters
    ----------
    ends
        Relaxed first and last structures, atoms in the same order, in the same cell.
    potential
        What evaluates them.
    n_images
        Images between the two ends.
    fmax_eV_per_A, max_steps, spring_eV_per_A2, climb
        As in ``BandTarget``.
    start_path
        ``"idpp"`` or ``"linear"``.
    progress
        Called with the number of finished bands and of all after every batch.

    Returns
    -------
    tuple of MinimumEnergyPath
        In the order of ``ends``.

    Raises
    ------
    InputError
        If a number cannot be used or two ends do not belong together.

    Notes
    -----
    Every atom goes the short way: to the nearest periodic image of its last place.

    Forces on image i with the tangent τ of Henkelman and Jónsson, which points to the
    neighbour of higher energy:

    .. math::

        F_i = f_i - (f_i\cdot\tau_i)\,\tau_i
        + k\,(|R_{i+1}-R_i| - |R_i-R_{i-1}|)\,\tau_i

    and for the climbing image :math:`F_i = f_i - 2 (f_i\cdot\tau_i)\,\tau_i`. The
    whole band moves as one vector by L-BFGS without line search, at most 0.2 Å per
    atom. The highest image climbs once the forces are below ten times the target.

    ======  =======================================
    symbol  variable
    ======  =======================================
    f       forces of the potential [eV/Å]
    R       positions of all atoms of an image [Å]
    k       ``spring_eV_per_A2``
    ======  =======================================

    References
    ----------
    G. Henkelman, H. Jónsson, J. Chem. Phys. 113, 9978 (2000), doi:10.1063/1.1323224.
    G. Henkelman, B. P. Uberuaga, H. Jónsson, J. Chem. Phys. 113, 9901 (2000),
    doi:10.1063/1.1329672.
    D. Sheppard, R. Terrell, G. Henkelman, J. Chem. Phys. 128, 134106 (2008),
    doi:10.1063/1.2841941.

    Examples
    --------
    An atom of copper moves into the vacancy beside it.

    >>> from ase.build import bulk
    >>> from ase.calculators.emt import EMT
    >>> from mlip.ase_potential import AsePotential
    >>> from structures.relaxation import relax
    >>> copper = bulk("Cu", a=3.61, cubic=True) * 2
    >>> first, last = copper[1:], copper[1:]
    >>> last.positions[0] = copper.positions[0]
    >>> emt = AsePotential(EMT())
    >>> minima = [found.atoms for found in relax([first, last], emt)]
    >>> (path,) = minimum_energy_paths([(minima[0], minima[1])], emt, n_images=3)
    >>> path.converged, path.saddle, 0.3 < path.barrier_eV < 1.2
    (True, 2, True)

    """
    if start_path not in ("idpp", "linear"):
        raise InputError(
            f"start_path must be idpp or linear; got {start_path!r}. Choose one."
        )
    if n_images < 1 or not (fmax_eV_per_A > 0 and spring_eV_per_A2 > 0):
        raise InputError(
            "n_images, fmax_eV_per_A and spring_eV_per_A2 must be positive; got "
            f"{n_images!r}, {fmax_eV_per_A!r}, {spring_eV_per_A2!r}. Give e.g. 5, "
            "0.05, 1.0."
        )
    target = BandTarget(
        fmax_eV_per_A=fmax_eV_per_A,
        max_steps=max_steps,
        spring_eV_per_A2=spring_eV_per_A2,
        climb=climb,
    )
    walks = []
    for first, last in ends:
        _check_ends(first, last)
        potential.check_species(first)
        path = linear_path(first, last, n_images=n_images)
        if start_path == "idpp":
            path = pair_distance_path(first, path)
        walks.append(band_walk(first, path, target=target))
    return drive_groups(walks, potential, progress=progress)


def linear_path(first: Atoms, last: Atoms, *, n_images: int) -> NDArray[np.float64]:
    """Positions on the straight way between two structures, ends included.

    Parameters
    ----------
    first, last
        The two ends.
    n_images
        Images between them.

    Returns
    -------
    numpy.ndarray
        Shape (n_images + 2, n_atoms, 3), Å.

    """
    shift = last.positions - first.positions
    if first.cell.rank and first.pbc.any():
        shift, _ = find_mic(shift, first.cell, pbc=first.pbc)
    share = np.linspace(0, 1, n_images + 2)[:, None, None]
    found: NDArray[np.float64] = first.positions + share * shift
    return found


def band_walk(
    atoms: Atoms, path: NDArray[np.float64], *, target: BandTarget
) -> GroupWalk[MinimumEnergyPath]:
    """Elastic band as a generator that yields its images and receives predictions.

    Parameters
    ----------
    atoms
        What all images have in common: elements, cell, constraints.
    path
        Positions of all images, ends included, shape (n_images + 2, n_atoms, 3).
    target
        Springs and rest.

    Yields
    ------
    list of Atoms
        All images first, then the inner ones.

    Returns
    -------
    MinimumEnergyPath
        Last band that could be evaluated.

    """
    free = np.ones((len(atoms), 1))
    for constraint in atoms.constraints:
        free[constraint.get_indices()] = 0.0
    answers = yield _structures(atoms, path)
    failure = _failure(answers)
    if failure is not None:
        nothing = np.full(len(path), np.nan)
        return _result(
            atoms, path, nothing, nothing, failure=failure, climbing=False,
            fmax=np.inf, converged=False, n_steps=0,
        )  # fmt: skip
    energies, forces = _numbers(answers, free)
    descent = BandDescent()
    climbing, n_steps = False, 0
    highest: int | None = None
    while True:
        if climbing:
            before, highest = highest, climbing_image(energies, before=highest)
            if highest != before:
                descent.forget()
        band = band_forces(
            path, energies, forces, spring=target.spring_eV_per_A2, climbing=highest
        )
        band.forces[...] *= free
        fmax = float(np.linalg.norm(band.forces, axis=2).max())
        if target.climb and not climbing and fmax < CLIMB_BELOW * target.fmax_eV_per_A:
            climbing = True
            continue
        converged = fmax <= target.fmax_eV_per_A
        if converged or n_steps >= target.max_steps or failure is not None:
            break
        step = descent.step(path[1:-1], band.forces)
        inner, answers, tries = yield from _stepped(atoms, path[1:-1], step)
        n_steps += tries
        failure = _failure(answers)
        if tries > 1:
            descent.forget()
        if failure is None:
            path = np.concatenate([path[:1], inner, path[-1:]])
            energies[1:-1], forces[1:-1] = _numbers(answers, free)
    return _result(
        atoms,
        path,
        energies,
        band.slopes,
        failure=failure,
        climbing=highest is not None,
        fmax=fmax,
        converged=converged,
        n_steps=n_steps,
    )


def _stepped(
    atoms: Atoms, inner: NDArray[np.float64], step: NDArray[np.float64]
) -> GroupWalk[tuple[NDArray[np.float64], Answers, int]]:
    """Images after a step that is halved until all of them can be evaluated."""
    tries = 0
    while True:
        moved = inner + step
        answers = yield _structures(atoms, moved)
        tries += 1
        if _failure(answers) is None or tries == MOST_TRIES:
            return moved, answers, tries
        step = 0.5 * step


def _structures(atoms: Atoms, path: NDArray[np.float64]) -> list[Atoms]:
    return [
        Atoms(atoms.numbers, positions, cell=atoms.cell, pbc=atoms.pbc)
        for positions in path
    ]


def _failure(answers: Answers) -> Failure | None:
    return next((a for a in answers if isinstance(a, Failure)), None)


def _numbers(
    answers: Answers, free: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    sound = [a for a in answers if isinstance(a, Prediction)]
    return np.array([a.energy for a in sound]), np.array(
        [a.forces * free for a in sound]
    )


def _result(
    atoms: Atoms,
    path: NDArray[np.float64],
    energies: NDArray[np.float64],
    slopes: NDArray[np.float64],
    *,
    failure: Failure | None,
    climbing: bool,
    fmax: float,
    converged: bool,
    n_steps: int,
) -> MinimumEnergyPath:
    images = []
    for positions in path:
        image = atoms.copy()
        image.calc = None
        image.arrays["positions"][:] = positions
        images.append(image)
    lengths = np.linalg.norm(np.diff(path, axis=0), axis=(1, 2))
    known = np.isfinite(energies).all()
    return MinimumEnergyPath(
        images=tuple(images),
        energies_eV=energies,
        distances_A=np.concatenate([[0.0], np.cumsum(lengths)]),
        slopes_eV_per_A=slopes,
        saddle=int(np.argmax(energies)) if known else 0,
        climbed=climbing,
        fmax_eV_per_A=fmax,
        converged=converged,
        n_steps=n_steps,
        failure=failure,
    )


def _check_ends(first: Atoms, last: Atoms) -> None:
    """Refuse two structures that no path can join."""
    if not np.array_equal(first.numbers, last.numbers):
        raise InputError(
            "ends must hold the same atoms in the same order; got "
            f"{first.get_chemical_formula()} and {last.get_chemical_formula()}. "
            "Reorder one of them."
        )
    if np.abs(first.cell.array - last.cell.array).max() > 1e-6:  # noqa: PLR2004 (Å)
        raise InputError(
            "ends must have one cell; got two different ones. Relax both with the "
            "cell fixed."
        )
    if np.array_equal(last.positions, first.positions):
        raise InputError(
            "ends must differ; got the same positions twice. Give two minima."
        )
    others = [c for c in first.constraints if not isinstance(c, FixAtoms)]
    if others:
        raise InputError(
            f"constraints must be FixAtoms; got {type(others[0]).__name__}. Remove it."
        )
