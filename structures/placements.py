"""Placements of a few dopants on a sublattice, distinct under its symmetry."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Literal, get_args

import numpy as np

from training_data.errors import InputError

PlacementKind = Literal["apart", "clustered", "random"]

MOST_ENUMERATED = 20_000
SAMPLES = 500
BEST_CHOICES = 3
CHUNK = 1_000
EQUAL_DISTANCE_A = 1e-3


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Sites that the dopants take.

    Parameters
    ----------
    sites
        Indices into the list of all sites, ascending.
    dopant_distance_A
        Smallest distance between two dopants, periodic images included [Å].
    multiplicity
        Number of symmetry-equivalent placements.

    """

    sites: tuple[int, ...]
    dopant_distance_A: float
    multiplicity: int


def distinct_placements(
    sites: Sequence[int],
    *,
    n_dopants: int,
    distances_A: np.ndarray,
    permutations: np.ndarray,
    placement: PlacementKind,
    n_placements: int,
    rng: np.random.Generator,
    min_distance_A: float = 0.0,
) -> tuple[Placement, ...]:
    """Ways to put dopants on some of the sites, none equivalent to another.

    Parameters
    ----------
    sites
        Indices of the sites that a dopant may take.
    n_dopants
        Number of dopants.
    distances_A
        Distances of all sites to the nearest image of each other, shape
        (n_sites, n_sites); the diagonal holds the distance to the own image [Å].
    permutations
        Symmetry of all sites, as :func:`structures.site_symmetry.permutations_of_sites`
        gives it.
    placement
        "apart": largest smallest distance first; "clustered": smallest mean distance
        first; "random": drawn with the frequency of a random solution.
    n_placements
        How many to return at most.
    rng
        Source of the draws, also where there are too many placements to list all.
    min_distance_A
        Dopants stay at least so far apart [Å].

    Returns
    -------
    tuple of Placement
        At most `n_placements`, in the order of `placement`.

    Raises
    ------
    InputError
        If there are fewer sites than dopants, no placement keeps the distance, or the
        kind of placement is unknown.

    Notes
    -----
    All placements are listed when at most 20 000 remain after one dopant is put on
    one site of each orbit. Else 500 are built by adding one dopant after another: the
    farthest or nearest site (in half of them one of the best three), or a random one.
    Two placements are equivalent when an operation carries one onto the other, found
    by the smallest of their images' hashes.

    Examples
    --------
    >>> ring = np.arange(6)
    >>> steps = np.abs(ring[:, None] - ring)
    >>> distances = np.minimum(steps, 6 - steps) + 6.0 * np.eye(6)
    >>> turns = np.array([np.roll(ring, k) for k in range(6)])
    >>> found = distinct_placements(
    ...     ring,
    ...     n_dopants=2,
    ...     distances_A=distances,
    ...     permutations=turns,
    ...     placement="apart",
    ...     n_placements=5,
    ...     rng=np.random.default_rng(0),
    ... )
    >>> [(p.dopant_distance_A, p.multiplicity) for p in found]
    [(3.0, 3), (2.0, 6), (1.0, 6)]

    """
    if placement not in get_args(PlacementKind):
        raise InputError(
            f"placement must be one of {', '.join(get_args(PlacementKind))}; got "
            f"{placement!r}. Choose how the dopants lie to each other."
        )
    allowed = np.array(sorted({int(site) for site in sites}), dtype=int)
    if not 1 <= n_dopants <= len(allowed):
        raise InputError(
            f"n_dopants must lie between 1 and the {len(allowed)} sites that a dopant "
            f"may take; got {n_dopants!r}. Take fewer dopants or a larger cell."
        )
    listed = _listed(allowed, n_dopants, permutations)
    drawn = listed is None and placement == "random"
    if listed is None:
        apart = np.where(distances_A < min_distance_A, np.inf, distances_A)
        kept = apart if placement == "clustered" else distances_A
        listed = _grown(allowed, n_dopants, kept, placement, rng)
    listed = listed[[_closest(each, distances_A) >= min_distance_A for each in listed]]
    if not len(listed):
        raise InputError(
            f"min_distance_A must leave a placement of {n_dopants} dopants; got "
            f"{min_distance_A:g} Å. Lower it, or take fewer dopants."
        )
    distinct = _one_per_orbit(listed, permutations)
    found = [
        Placement(
            sites=tuple(sorted(int(site) for site in chosen)),
            dopant_distance_A=_closest(chosen, distances_A),
            multiplicity=multiplicity,
        )
        for chosen, multiplicity in distinct
    ]
    if drawn:
        # the first of an orbit comes the earlier, the more images it has
        return tuple(found[:n_placements])
    if placement == "random":
        weights = np.array([p.multiplicity for p in found], dtype=float)
        order = rng.choice(
            len(found), len(found), replace=False, p=weights / weights.sum()
        )
        return tuple(found[index] for index in order[:n_placements])
    found.sort(key=lambda p: _rank(p, distances_A, placement))
    return tuple(found[:n_placements])


def _listed(
    allowed: np.ndarray, n_dopants: int, permutations: np.ndarray
) -> np.ndarray | None:
    """All placements with one dopant on the first site of an orbit, if few."""
    _, first = np.unique(permutations[:, allowed].min(axis=0), return_index=True)
    heads = allowed[first]
    n_more = n_dopants - 1
    total, rest = 0, []
    for head in heads:
        others = allowed[allowed != head]
        total += comb(len(others), n_more)
        rest.append(others)
    if total > MOST_ENUMERATED:
        return None
    return np.array(
        [
            (head, *more)
            for head, others in zip(heads, rest, strict=True)
            for more in combinations(others, n_more)
        ],
        dtype=int,
    )


def _grown(
    allowed: np.ndarray,
    n_dopants: int,
    distances_A: np.ndarray,
    placement: PlacementKind,
    rng: np.random.Generator,
) -> np.ndarray:
    """Placements that grow by one dopant after another from a random site."""
    grown = []
    for sample in range(SAMPLES):
        choices = BEST_CHOICES if sample % 2 else 1  # variety in every second one
        order = rng.permutation(allowed)
        if placement == "random":
            grown.append(order[:n_dopants])
            continue
        chosen, left = [order[0]], order[1:]
        for _ in range(n_dopants - 1):
            to_chosen = distances_A[np.ix_(left, chosen)]
            merit = (
                -to_chosen.min(axis=1)
                if placement == "apart"
                else to_chosen.sum(axis=1)
            )
            best = np.argsort(merit, kind="stable")[:choices]
            pick = int(rng.choice(best))
            chosen.append(left[pick])
            left = np.delete(left, pick)
        grown.append(np.array(chosen))
    return np.array(grown, dtype=int)


def _one_per_orbit(
    listed: np.ndarray, permutations: np.ndarray
) -> list[tuple[np.ndarray, int]]:
    """First placement of each orbit, with the number of its images."""
    words = np.random.default_rng(0).integers(0, 2**62, size=permutations.shape[1:])
    seen: dict[int, tuple[np.ndarray, int]] = {}
    for start in range(0, len(listed), CHUNK):
        chunk = listed[start : start + CHUNK]
        hashes = words[permutations[:, chunk]].sum(axis=2)  # (operations, placements)
        for index, key in enumerate(hashes.min(axis=0).tolist()):
            if key not in seen:
                size = len(np.unique(hashes[:, index]))
                seen[key] = (chunk[index], size)
    return list(seen.values())


def _closest(chosen: np.ndarray, distances_A: np.ndarray) -> float:
    """Smallest distance between dopants, their own images included [Å]."""
    return float(distances_A[np.ix_(chosen, chosen)].min())


def _rank(
    placement: Placement, distances_A: np.ndarray, kind: PlacementKind
) -> tuple[float, float, tuple[int, ...]]:
    """Order of placements: farthest or closest first, ties by the sites."""
    pairs = distances_A[np.ix_(placement.sites, placement.sites)]
    between = pairs[np.triu_indices(len(pairs), k=1)]
    mean = round(float(between.mean()) / EQUAL_DISTANCE_A) if len(between) else 0
    closest = round(placement.dopant_distance_A / EQUAL_DISTANCE_A)
    if kind == "apart":
        return (-closest, -mean, placement.sites)
    return (mean, closest, placement.sites)
