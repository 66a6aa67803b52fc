"""Primitive cell of a noisy supercell, by averaging over its translations."""

import math

import numpy as np
from ase import Atoms
from ase.geometry import minkowski_reduce
from numpy.typing import NDArray

from training_data.errors import InputError

DIRECTIONS = 3


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
) -> list[tuple[NDArray[np.float64], NDArray[np.int_]]]:
    """Find translations within the cell, and the partner each takes an atom to."""
    kinds, counts = np.unique(numbers, return_counts=True)
    largest = int(np.gcd.reduce(counts))
    rarest = np.flatnonzero(numbers == kinds[counts.argmin()])
    itself: NDArray[np.int_] = np.arange(len(numbers))
    found = [(np.zeros(DIRECTIONS), itself)]
    if largest == 1:
        return found
    for other in rarest[1:]:
        rough = scaled[other] - scaled[rarest[0]]
        for _ in range(2):  # the second time from the mean over all atoms
            partner, apart = _partners(scaled, cell, numbers, rough)
            rough = rough + apart.mean(axis=0)
        distance = np.linalg.norm((apart - apart.mean(axis=0)) @ cell, axis=1)
        if distance.max() <= tolerance_A and len(set(partner)) == len(partner):
            found.append((rough, partner))
    return _largest_group(found, largest)


def _largest_group(
    found: list[tuple[NDArray[np.float64], NDArray[np.int_]]], largest: int
) -> list[tuple[NDArray[np.float64], NDArray[np.int_]]]:
    """Leave out near misses of noise, so that translations close under addition."""
    members = {tuple(partner): (shift, partner) for shift, partner in found}
    while True:
        keep = {
            key: (shift, partner)
            for key, (shift, partner) in members.items()
            if all(tuple(partner[other]) in members for _, other in members.values())
        }
        if len(keep) == len(members):
            break
        members = keep
    group = list(members.values())
    return group if group and largest % len(group) == 0 else found[:1]


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
