"""Primitive cell of a noisy supercell, by averaging over its translations."""

import itertools
import math
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from ase import Atoms
from ase.geometry import minkowski_reduce
from numpy.typing import NDArray

from training_data.errors import InputError

DIRECTIONS = 3
CLEARLY_OFF = 3.0
"""A distance this many tolerances long is no noise of a translation."""

Translation = tuple[NDArray[np.float64], NDArray[np.int_]]
"""Shift (fractional), and the atom that each atom is taken to."""


def averaged_primitive_cell(atoms: Atoms, *, tolerance_A: float = 0.5) -> Atoms:
    """Primitive cell with the atoms where they are on average.

    A translation of the crystal need not be exact: it counts when it brings every
    atom to one of its kind within the tolerance. A displacement wave smaller than the
    tolerance is therefore averaged out, as noise is.

    Parameters
    ----------
    atoms
        Periodic crystal.
    tolerance_A
        Largest distance of an atom from the image of its partner [Å].

    Returns
    -------
    Atoms
        Reduced cell in the same orientation, without labels; a copy where there is no
        translation within the cell.

    Raises
    ------
    InputError
        If the tolerance is not positive.

    Notes
    -----
    N translations t of the cell form a group, so N t is a whole number of cell
    vectors; t is rounded accordingly. The new lattice is spanned by them and the cell
    vectors, and each site is the mean over its N images.

    Examples
    --------
    >>> from ase.build import bulk
    >>> wide = bulk("LiCl", "rocksalt", a=5.0, cubic=True).repeat((1, 2, 3))
    >>> wide.rattle(0.05, seed=1)
    >>> len(wide), len(averaged_primitive_cell(wide))
    (48, 2)

    """
    if not 0 < tolerance_A < math.inf:
        raise InputError(
            f"tolerance_A must be positive; got {tolerance_A!r}. Give 0.5 or less."
        )
    cell = atoms.cell[:]
    scaled = atoms.get_scaled_positions(wrap=False)
    found = _translations(scaled, cell, atoms.numbers, tolerance_A)
    n = len(found)
    if n == 1 or len(atoms) % n:
        return Atoms(atoms.numbers, positions=atoms.positions, cell=cell, pbc=True)
    shifts = np.array([np.round(shift * n) for shift, _ in found]).astype(int)
    basis = _lattice_basis(np.vstack([n * np.eye(DIRECTIONS, dtype=int), shifts]))
    if abs(round(float(np.linalg.det(basis)))) != n ** (DIRECTIONS - 1):
        # shifts that noise has rounded to another lattice
        return Atoms(atoms.numbers, positions=atoms.positions, cell=cell, pbc=True)
    lattice, _ = minkowski_reduce(basis @ cell / n)
    left = np.ones(len(atoms), dtype=bool)
    numbers, means = [], []
    while left.any():
        first = int(np.argmax(left))
        partners = [int(partner[first]) for _, partner in found]
        left[partners] = False
        back = scaled[partners] - shifts / n - scaled[first]
        back -= np.round(back)
        numbers.append(atoms.numbers[first])
        means.append(scaled[first] + back.mean(axis=0))
    if len(numbers) * n != len(atoms):
        return Atoms(atoms.numbers, positions=atoms.positions, cell=cell, pbc=True)
    reduced = Atoms(numbers, positions=np.array(means) @ cell, cell=lattice, pbc=True)
    reduced.wrap()
    return reduced


def _translations(
    scaled: NDArray[np.float64],
    cell: NDArray[np.float64],
    numbers: NDArray[np.int_],
    tolerance_A: float,
) -> list[Translation]:
    """Find translations within the cell, and the partner each takes an atom to.

    Those that are sums of others are composed, which is far cheaper than a search.
    """
    kinds, counts = np.unique(numbers, return_counts=True)
    largest = int(np.gcd.reduce(counts))
    rarest = np.flatnonzero(numbers == kinds[counts.argmin()])
    itself: NDArray[np.int_] = np.arange(len(numbers))
    members = {tuple(itself.tolist()): (np.zeros(DIRECTIONS), itself)}
    if largest == 1:
        return list(members.values())
    checked = partial(_checked, scaled, cell, tolerance_A)
    generators: list[Translation] = []
    reached = {int(rarest[0])}
    for other in rarest[1:]:
        if int(other) in reached:
            continue
        rough = scaled[other] - scaled[rarest[0]]
        nearest = _partners(scaled[rarest], cell, numbers[rarest], rough)[1]
        if np.linalg.norm(nearest @ cell, axis=1).max() > CLEARLY_OFF * tolerance_A:
            continue
        partner, apart = _partners(scaled, cell, numbers, rough)
        # once more, from the mean over all atoms
        partner, _ = _partners(scaled, cell, numbers, rough + apart.mean(axis=0))
        found = checked((rough, partner))
        if found is None:
            continue
        generators.append(found)
        fresh = members
        while fresh:
            fresh = _composed(fresh, generators, members, checked)
            members = members | fresh
        reached = {int(partner[rarest[0]]) for _, partner in members.values()}
    return _largest_group(list(members.values()), largest)


def _composed(
    fresh: Mapping[tuple[int, ...], Translation],
    generators: list[Translation],
    members: Mapping[tuple[int, ...], Translation],
    checked: Callable[[Translation], Translation | None],
) -> dict[tuple[int, ...], Translation]:
    """Add new translations and generators up; what is not yet known is returned."""
    new: dict[tuple[int, ...], Translation] = {}
    pairs = itertools.product(fresh.values(), generators)
    for (shift, partner), (step, onward) in pairs:
        whole = onward[partner]
        key = tuple(whole.tolist())
        if key in members or key in new:
            continue
        found = checked((shift + step, whole))
        if found is not None:
            new[key] = found
    return new


def _checked(
    scaled: NDArray[np.float64],
    cell: NDArray[np.float64],
    tolerance_A: float,
    rough: Translation,
) -> Translation | None:
    """Correct a shift by the mean over all atoms; None where one is too far off it."""
    shift, partner = rough
    if len(set(partner.tolist())) != len(partner):
        return None
    apart = scaled[partner] - scaled - shift
    apart -= np.round(apart)
    mean = apart.mean(axis=0)
    if np.linalg.norm((apart - mean) @ cell, axis=1).max() > tolerance_A:
        return None
    return shift + mean, partner


def _largest_group(found: list[Translation], largest: int) -> list[Translation]:
    """Leave out near misses of noise, so that translations close under addition.

    A translation is known by where it takes one atom.
    """
    while True:
        table = np.array([partner for _, partner in found])
        images = table[:, 0]
        # row a, column b: where atom 0 goes by a and then b
        sums = table[:, images].T
        closed = np.isin(sums, images).all(axis=1)
        if closed.all():
            break
        found = [found[i] for i in np.flatnonzero(closed)]
    return found if largest % len(found) == 0 else found[:1]


def _partners(
    scaled: NDArray[np.float64],
    cell: NDArray[np.float64],
    numbers: NDArray[np.int_],
    shift: NDArray[np.float64],
) -> tuple[NDArray[np.int_], NDArray[np.float64]]:
    """Nearest atom of the same kind after a shift, and the way to it (fractional)."""
    partner = np.empty(len(numbers), dtype=int)
    apart = np.empty_like(scaled)
    for kind in np.unique(numbers):
        own = np.flatnonzero(numbers == kind)
        ways = scaled[own][None] - (scaled[own] + shift)[:, None]
        ways -= np.round(ways)
        nearest = np.linalg.norm(ways @ cell, axis=2).argmin(axis=1)
        partner[own] = own[nearest]
        apart[own] = ways[np.arange(len(own)), nearest]
    return partner, apart


def _lattice_basis(generators: NDArray[np.int_]) -> NDArray[np.int_]:
    """Triangular basis of the lattice that integer rows generate (Euclid by rows)."""
    rows = generators.copy()
    for column in range(DIRECTIONS):
        while True:
            below = np.flatnonzero(rows[column:, column]) + column
            smallest = below[np.abs(rows[below, column]).argmin()]
            rows[[column, smallest]] = rows[[smallest, column]]
            if len(below) == 1:
                break
            factors = rows[column + 1 :, column] // rows[column, column]
            rows[column + 1 :] -= factors[:, None] * rows[column]
    basis: NDArray[np.int_] = rows[:DIRECTIONS]
    return basis
