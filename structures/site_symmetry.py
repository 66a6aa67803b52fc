"""Symmetry of a crystal as permutations of its sites."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import spglib
from scipy.spatial import cKDTree

from structures.disordered_crystal import DisorderedCrystal

SYMMETRY_TOLERANCE_A = 1e-2


def symmetry_dataset(
    cell_A: np.ndarray, scaled_positions: np.ndarray, kinds: Sequence[int] | np.ndarray
) -> Any:  # noqa: ANN401 (spglib's class, or None where it gave up)
    """Space group, operations and orbits, as spglib finds them."""
    with warnings.catch_warnings():
        # spglib 2.8 warns about its own way of reporting errors
        warnings.simplefilter("ignore", DeprecationWarning)
        return spglib.get_symmetry_dataset(
            (cell_A, scaled_positions, kinds), symprec=SYMMETRY_TOLERANCE_A
        )


def site_permutations(crystal: DisorderedCrystal) -> np.ndarray:
    """Symmetry of a disordered crystal as the different permutations of its sites.

    Sites are equivalent when they have the same name and the same occupancy.

    Parameters
    ----------
    crystal
        Crystal with average symmetry; a supercell has its translations too.

    Returns
    -------
    ndarray
        Integers, shape (n_permutations, n_sites): permutation p takes what is on site
        ``result[p, i]`` to site i. The first row is the identity.

    Examples
    --------
    The 192 operations of cubic rock salt permute its 8 sites in 24 different ways.

    >>> from ase.build import bulk
    >>> salt = bulk("LiCl", "rocksalt", a=5.06, cubic=True)
    >>> crystal = DisorderedCrystal(
    ...     cell_A=salt.cell.array,
    ...     scaled_positions=salt.get_scaled_positions(),
    ...     occupancies=tuple({name: 1.0} for name in salt.symbols),
    ...     site_names=tuple(f"{name}4" for name in salt.symbols),
    ... )
    >>> site_permutations(crystal).shape
    (24, 8)

    """
    marks = [
        (name, tuple(sorted(occupancy.items())))
        for name, occupancy in zip(crystal.site_names, crystal.occupancies, strict=True)
    ]
    kinds = {mark: number for number, mark in enumerate(dict.fromkeys(marks))}
    symmetry = symmetry_dataset(
        crystal.cell_A, crystal.scaled_positions, [kinds[mark] for mark in marks]
    )
    identity = np.arange(crystal.n_sites)[None]
    if symmetry is None:
        return identity
    home = crystal.scaled_positions % 1.0 % 1.0  # -1e-17 % 1 is 1
    tree = cKDTree(home, boxsize=1.0)
    rows = []
    for rotation, shift in zip(symmetry.rotations, symmetry.translations, strict=True):
        image = (crystal.scaled_positions @ rotation.T + shift) % 1.0 % 1.0
        _, target = tree.query(image)
        row = np.empty(crystal.n_sites, dtype=int)
        row[target] = identity[0]
        if len(np.unique(target)) == crystal.n_sites:
            rows.append(row)
    permutations = np.unique(np.array(rows), axis=0)
    first = np.all(permutations == identity, axis=1)
    return np.vstack([identity, permutations[~first]])


def canonical_arrangement(
    arrangement: np.ndarray, permutations: np.ndarray
) -> tuple[bytes, int]:
    r"""Name that all symmetry images of an arrangement share, and their number.

    Parameters
    ----------
    arrangement
        Species index on every site, shape (n_sites,), small integers.
    permutations
        From ``site_permutations``, shape (n_permutations, n_sites).

    Returns
    -------
    tuple
        The smallest image in lexicographic order, as bytes, and how many different
        images there are.

    Examples
    --------
    >>> ring = np.array([[0, 1, 2], [1, 2, 0], [2, 0, 1]])
    >>> canonical_arrangement(np.array([0, 1, 0]), ring)
    (b'\x00\x00\x01', 3)

    """
    images = np.unique(arrangement.astype(np.uint8)[permutations], axis=0)
    return images[0].tobytes(), len(images)
