"""Symmetry of a crystal as permutations of its sites."""

from collections.abc import Hashable, Sequence
from functools import cache

import numpy as np
from scipy.spatial import cKDTree

from structures.disordered_crystal import DisorderedCrystal
from structures.space_group import (
    SYMMETRY_TOLERANCE_A,
    symmetry_dataset,
    symmetry_operations,
)

LARGEST_MISFIT_A = 0.1


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
    return permutations_of_sites(crystal.cell_A, crystal.scaled_positions, marks)


def permutations_within(permutations: np.ndarray, sites: np.ndarray) -> np.ndarray:
    """Permutations of all sites as permutations of some, which they keep together.

    Parameters
    ----------
    permutations
        From ``site_permutations``, shape (n_permutations, n_sites).
    sites
        Indices of the sites that matter, shape (n,): whole orbits.

    Returns
    -------
    ndarray
        Integers, shape (n_different, n), pointing into ``sites``.

    Examples
    --------
    >>> square = np.array([[0, 1, 2, 3], [0, 1, 3, 2]])
    >>> permutations_within(square, np.array([2, 3])).tolist()
    [[0, 1], [1, 0]]

    """
    place = np.full(permutations.shape[1], -1)
    place[sites] = np.arange(len(sites))
    return np.unique(place[permutations[:, sites]], axis=0)


def permutations_of_sites(
    cell_A: np.ndarray,
    scaled_positions: np.ndarray,
    kinds: Sequence[Hashable],
    *,
    tolerance_A: float = SYMMETRY_TOLERANCE_A,
) -> np.ndarray:
    """Symmetry of labelled sites as the different permutations of them.

    Parameters
    ----------
    cell_A
        Lattice vectors as rows [Å], shape (3, 3).
    scaled_positions
        Fractional positions, shape (n_sites, 3).
    kinds
        One label per site; sites of different kinds are never exchanged.
    tolerance_A
        Distance within which spglib takes sites for equivalent [Å].

    Returns
    -------
    ndarray
        Integers, shape (n_permutations, n_sites): permutation p takes what is on site
        ``result[p, i]`` to site i. The identity comes first.

    Notes
    -----
    Operations are spglib's; one that does not carry every
    site onto one of its kind within 0.1 Å is left out.

    Examples
    --------
    >>> square = np.array([[0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0.5, 0.5, 0]])
    >>> len(permutations_of_sites(np.eye(3) * 4, square, "aaaa"))
    8

    """
    place = {kind: number for number, kind in enumerate(dict.fromkeys(kinds))}
    numbers = np.array([place[kind] for kind in kinds])
    scaled = np.asarray(scaled_positions, dtype=float)
    identity = np.arange(len(scaled))
    operations = symmetry_operations(cell_A, scaled, numbers, tolerance_A=tolerance_A)
    tree = cKDTree(scaled % 1.0 % 1.0, boxsize=1.0)  # -1e-17 % 1 is 1
    rows = [identity]
    for rotation, shift in zip(*operations, strict=True):
        moved = scaled @ rotation.T + shift
        _, target = tree.query(moved % 1.0 % 1.0)
        apart = moved - scaled[target]
        apart -= np.round(apart)
        fits = np.linalg.norm(apart @ cell_A, axis=1).max() < LARGEST_MISFIT_A
        whole = len(np.unique(target)) == len(scaled)
        if fits and whole and np.array_equal(numbers[target], numbers):
            row = np.empty(len(scaled), dtype=int)
            row[target] = identity
            rows.append(row)
    return np.unique(rows, axis=0)  # sorted, so the identity is first


def wyckoff_names(
    cell_A: np.ndarray,
    scaled_positions: np.ndarray,
    kinds: Sequence[Hashable],
    symbols: Sequence[str],
) -> tuple[str, ...] | None:
    """Element, multiplicity and Wyckoff letter of every site, as in ``"Li96h"``.

    Parameters
    ----------
    cell_A
        Lattice vectors as rows [Å], shape (3, 3).
    scaled_positions
        Fractional positions, shape (n_sites, 3).
    kinds
        One label per site; sites of different kinds are never equivalent.
    symbols
        Element that names each site.

    Returns
    -------
    tuple of str, or None
        Names; orbits that would share one are numbered, ``"O32g_1"``. Multiplicities
        are those of the conventional cell. None where spglib finds no symmetry.

    Examples
    --------
    >>> corners = np.array([[0, 0, 0], [0.5, 0.5, 0.5]])
    >>> wyckoff_names(4 * np.eye(3), corners, ["Cs", "Cl"], ["Cs", "Cl"])
    ('Cs1a', 'Cl1b')

    """
    place = {kind: number for number, kind in enumerate(dict.fromkeys(kinds))}
    found = symmetry_dataset(cell_A, scaled_positions, [place[kind] for kind in kinds])
    if found is None:
        return None
    orbits = found.crystallographic_orbits.tolist()
    share = abs(float(np.linalg.det(found.transformation_matrix)))
    names = {
        orbit: f"{symbols[orbit]}{round(orbits.count(orbit) / share)}"
        f"{found.wyckoffs[orbit]}"
        for orbit in dict.fromkeys(orbits)
    }
    plain = list(names.values())
    for k, (orbit, name) in enumerate(list(names.items())):
        if plain.count(name) > 1:
            names[orbit] = f"{name}_{plain[: k + 1].count(name)}"
    return tuple(names[orbit] for orbit in orbits)


def orbit_keys(arrangements: np.ndarray, permutations: np.ndarray) -> np.ndarray:
    """Keys of arrangements, which all symmetry images of an arrangement share.

    Parameters
    ----------
    arrangements
        Species index on every site, shape (m, n_sites), small integers.
    permutations
        From ``site_permutations``, shape (n_permutations, n_sites).

    Returns
    -------
    ndarray
        Integers, shape (m,): the smallest hash (64 bits) of all images. Much faster
        than ``canonical_arrangement``; different orders collide about once in 10^19.

    Examples
    --------
    >>> ring = np.array([[0, 1, 2, 3], [1, 2, 3, 0], [2, 3, 0, 1], [3, 0, 1, 2]])
    >>> ways = np.array([[1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 1, 0]])
    >>> first, turned, other = orbit_keys(ways, ring)
    >>> bool(first == turned), bool(first == other)
    (True, False)

    """
    n_sites = permutations.shape[1]
    words = _random_words(int(arrangements.max(initial=0)) + 1, n_sites)
    images = arrangements[:, permutations]  # (m, n_permutations, n_sites)
    hashes = words[images, np.arange(n_sites)].sum(axis=2)
    return np.asarray(hashes.min(axis=1))


@cache
def _random_words(n_kinds: int, n_sites: int) -> np.ndarray:
    """Random number for every species on every site, always the same ones."""
    rng = np.random.default_rng(0)
    return rng.integers(-(2**62), 2**62, size=(n_kinds, n_sites))


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
