"""Placements of cations on octahedral sites that obey an exclusion rule."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from structures.prototypes.close_packing import ClosePacking
from structures.site_symmetry import permutations_of_sites, permutations_within

SYMMETRY_A = 1e-3
HOPS_PER_CATION = 20
STEPS_PER_TRIAL = 2_000
TRIALS = 100


class SearchTooLongError(Exception):
    """Search given up before it was exhausted."""


class NoPlacementError(Exception):
    """There is no placement that obeys the rule, as an exhaustive search found."""


def octahedron_permutations(packing: ClosePacking) -> np.ndarray:
    """Symmetry of an empty packing as the permutations of its octahedral sites.

    Parameters
    ----------
    packing
        Anions and octahedral sites; A and B sheets are kept apart.

    Returns
    -------
    numpy.ndarray
        Shape (n_permutations, n_sites), all different; see
        :func:`structures.site_symmetry.permutations_of_sites`.

    """
    sites = packing.octahedra_A
    positions = np.concatenate([sites, packing.anions_A])
    scaled = np.linalg.solve(packing.cell_A.T, positions.T).T
    kinds = [*(1 + packing.sheet % 2).tolist(), *[3] * len(packing.anions_A)]
    permutations = permutations_of_sites(
        packing.cell_A, scaled, kinds, tolerance_A=SYMMETRY_A
    )
    return permutations_within(permutations, np.arange(len(sites)))


def placements(
    sheet: np.ndarray,
    wanted: Sequence[tuple[int, int]],
    free: np.ndarray,
    *,
    conflict: np.ndarray,
    order: np.ndarray | None = None,
    steps: Iterator[int] | None = None,
) -> Iterator[tuple[int, ...]]:
    """Every choice of sites with given numbers per sheet and no conflict.

    Parameters
    ----------
    sheet
        Sheet of each site.
    wanted
        Pairs of a sheet and the number of cations in it.
    free
        Which sites may be taken.
    conflict
        Pairs (n, n) of sites that exclude each other.
    order
        Order in which sites are tried; by default as they are numbered.
    steps
        Taken from at every partial choice; the search ends when it is used up.

    Yields
    ------
    tuple of int
        Numbers of the sites, sheet by sheet.

    Raises
    ------
    SearchTooLongError
        When ``steps`` is used up first.

    Examples
    --------
    >>> ring = np.eye(4, k=1) + np.eye(4, k=-1) + np.eye(4, k=3) + np.eye(4, k=-3)
    >>> all_free = np.ones(4, dtype=bool)
    >>> list(placements(np.zeros(4), [(0, 2)], all_free, conflict=ring > 0))
    [(0, 2), (1, 3)]

    """
    order = np.arange(len(sheet)) if order is None else order
    candidates = [
        [int(s) for s in order if sheet[s] == k and free[s]] for k, _ in wanted
    ]
    steps = itertools.count() if steps is None else steps
    for found in _extend((), candidates, [n for _, n in wanted], conflict):
        if next(steps, None) is None:
            raise SearchTooLongError
        if found is not None:
            yield found


def _extend(
    taken: tuple[int, ...],
    candidates: list[list[int]],
    numbers: list[int],
    conflict: np.ndarray,
) -> Iterator[tuple[int, ...] | None]:
    """Completions of a partial choice, one sheet after the other.

    Yields None for every partial choice on the way, so that steps can be counted.
    """
    if not numbers:
        yield taken
        return
    yield None
    if numbers[0] == 0:
        allowed = [
            [s for s in sites if not conflict[s, list(taken)].any()]
            for sites in candidates[1:]
        ]
        if all(len(sites) >= n for sites, n in zip(allowed, numbers[1:], strict=True)):
            yield from _extend(taken, allowed, numbers[1:], conflict)
        return
    sites = candidates[0]
    for k in range(len(sites) - numbers[0] + 1):
        site = sites[k]
        rest = [s for s in sites[k + 1 :] if not conflict[site, s]]
        if len(rest) >= numbers[0] - 1:
            yield from _extend(
                (*taken, site),
                [rest, *candidates[1:]],
                [numbers[0] - 1, *numbers[1:]],
                conflict,
            )


def draw_placement(
    packing: ClosePacking,
    wanted: Sequence[tuple[int, int]],
    free: np.ndarray,
    *,
    conflict: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Random choice of sites with no conflict.

    Parameters
    ----------
    packing
        Octahedral sites with their sheets and sublattices.
    wanted, free, conflict
        As in ``placements``.
    rng
        Source of the order of trial.

    Returns
    -------
    numpy.ndarray
        Numbers of the sites.

    Raises
    ------
    NoPlacementError
        If there is none.
    SearchTooLongError
        If none was found in 100 searches of 2,000 steps; there may be one.

    Notes
    -----
    Sheets with few cations are filled first, and within a sheet the sites of one
    sqrt(3) sublattice, which never exclude each other; a search that runs long is
    begun anew in another order.

    """
    fewest_first = sorted(wanted, key=lambda pair: pair[1])
    for _ in range(TRIALS):
        shuffled = rng.permutation(len(packing.sheet))
        rank = np.array([rng.permutation(3) for _ in range(packing.sheet.max() + 1)])
        sublattice = rank[packing.sheet[shuffled], packing.sublattice[shuffled]]
        order = shuffled[np.argsort(sublattice, kind="stable")]
        search = placements(
            packing.sheet,
            fewest_first,
            free,
            conflict=conflict,
            order=order,
            steps=iter(range(STEPS_PER_TRIAL)),
        )
        try:
            return np.array(next(search), dtype=int)
        except StopIteration:
            raise NoPlacementError from None
        except SearchTooLongError:
            continue
    raise SearchTooLongError


def shuffle_placement(
    sites: np.ndarray,
    sheet: np.ndarray,
    free: np.ndarray,
    *,
    conflict: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Placement after random hops within the sheets that keep the rule.

    Parameters
    ----------
    sites
        Sites that are taken; not changed.
    sheet, free, conflict
        As in ``placements``.
    rng
        Source of the hops.

    Notes
    -----
    A hop and its reverse are proposed equally often and every allowed one is taken,
    so all arrangements that hops can reach become equally likely.

    """
    taken = sites.copy()
    for _ in range(HOPS_PER_CATION * len(taken)):
        which = int(rng.integers(len(taken)))
        same = np.flatnonzero((sheet == sheet[taken[which]]) & free)
        target = int(rng.choice(same))
        others = np.delete(taken, which)
        if target not in others and not conflict[target, others].any():
            taken[which] = target
    return taken
