"""Placements of cations on octahedral sites that obey an exclusion rule."""

import warnings
from collections.abc import Iterator, Sequence

import numpy as np
import spglib

from structures.prototypes.close_packing import ClosePacking

SYMMETRY_A = 1e-3
HOPS_PER_CATION = 20


def site_permutations(packing: ClosePacking) -> np.ndarray:
    """Permutations of the octahedral sites by the symmetry of the empty packing.

    Parameters
    ----------
    packing
        Anions and octahedral sites; A and B sheets are kept apart.

    Returns
    -------
    numpy.ndarray
        Rows (n_operations, n_sites), all different: row r sends site i to r[i].

    """
    sites = packing.octahedra_A
    positions = np.concatenate([sites, packing.anions_A])
    scaled = np.linalg.solve(packing.cell_A.T, positions.T).T
    kinds = np.concatenate([1 + packing.sheet % 2, np.full(len(packing.anions_A), 3)])
    with warnings.catch_warnings():
        # spglib 2.7 and 2.8 warn about their own way of reporting errors
        warnings.simplefilter("ignore", DeprecationWarning)
        found = spglib.get_symmetry((packing.cell_A, scaled, kinds), symprec=SYMMETRY_A)
    own = scaled[: len(sites)]
    rows = []
    for rotation, shift in zip(found["rotations"], found["translations"], strict=True):
        moved = own @ rotation.T + shift
        delta = moved[:, None] - own[None]
        delta -= np.round(delta)
        distance = np.linalg.norm(delta @ packing.cell_A, axis=2)
        rows.append(distance.argmin(axis=1))
    return np.unique(np.array(rows), axis=0)


def placements(
    sheet: np.ndarray,
    wanted: Sequence[tuple[int, int]],
    free: np.ndarray,
    *,
    conflict: np.ndarray,
    order: np.ndarray | None = None,
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

    Yields
    ------
    tuple of int
        Numbers of the sites, sheet by sheet.

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
    yield from _extend((), candidates, [n for _, n in wanted], conflict)


def _extend(
    taken: tuple[int, ...],
    candidates: list[list[int]],
    numbers: list[int],
    conflict: np.ndarray,
) -> Iterator[tuple[int, ...]]:
    """Completions of a partial choice, one sheet after the other."""
    if not numbers:
        yield taken
        return
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
    sheet: np.ndarray,
    wanted: Sequence[tuple[int, int]],
    free: np.ndarray,
    *,
    conflict: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray | None:
    """Random choice of sites with no conflict; none if there is none.

    Parameters
    ----------
    sheet, wanted, free, conflict
        As in ``placements``.
    rng
        Source of the order.

    """
    order = rng.permutation(len(sheet))
    found = next(placements(sheet, wanted, free, conflict=conflict, order=order), None)
    return None if found is None else np.array(found, dtype=int)


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
