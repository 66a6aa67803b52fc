"""Near-duplicates, and what of one part of a split lies in another."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from training_data.doctor_collection import Collection
from training_data.doctor_links import Links
from training_data.doctor_report import Finding, Severity, finding

NEAR_A, NEAR_STRAIN = 0.02, 5e-4
SAME_SHAPE, SAME_VOLUME = 2e-3, 1e-3
EXACT_A = 2e-3
MANY_COPIES = 0.05
MANY_LEAKS = 0.02
N_COORDINATES = 8


def near_copies(
    collected: Collection, links: Links
) -> tuple[NDArray[np.int_], NDArray[np.bool_]]:
    """Pairs of frames that are nearly the same, and which of them are the same.

    Parameters
    ----------
    collected
        What is known of the frames.
    links
        Pairs of frames of the same atoms in the same order: displacements below
        0.02 Å and strains below 5e-4 are near. Whatever order, orientation or origin:
        equal composition, volume and distances between the atoms.

    Returns
    -------
    tuple
        (n, 2) indices and (n,) whether the structures are the same.

    """
    near = (links.move_A < NEAR_A) & (links.strain < NEAR_STRAIN)
    pairs = np.stack([links.first[near], links.second[near]], axis=1)
    exact = (links.move_A[near] < EXACT_A) & (links.strain[near] < NEAR_STRAIN / 10)
    others = _same_shape(collected)
    together = np.concatenate([pairs, others]) if len(others) else pairs
    same = np.concatenate([exact, np.ones(len(others), dtype=bool)])
    ordered = np.sort(together.reshape(-1, 2), axis=1)
    unique, inverse = np.unique(ordered, axis=0, return_inverse=True)
    flags = np.zeros(len(unique), dtype=bool)
    np.logical_or.at(flags, inverse.ravel(), same)
    return unique, flags


def _same_shape(collected: Collection) -> NDArray[np.int_]:
    shapes = np.array(collected.shapes, dtype=float)
    size = np.linalg.norm(shapes, axis=1)
    usable = np.flatnonzero((size > 0) & (np.array(collected.volumes_A3) > 0))
    if len(usable) < 2:  # noqa: PLR2004
        return np.empty((0, 2), dtype=int)
    shapes, size = shapes[usable], size[usable]
    counts = collected.compositions[usable]
    shares = counts / counts.sum(axis=1, keepdims=True)
    density = counts.sum(axis=1) / np.array(collected.volumes_A3)[usable]
    centred = shapes - shapes.mean(axis=0)
    vectors = np.linalg.eigh(centred.T @ centred)[1][:, -N_COORDINATES:]
    points = np.column_stack([centred @ vectors, 10 * shares, density])
    _, near = cKDTree(points).query(points, k=min(4, len(points)))
    a = np.repeat(np.arange(len(points)), near.shape[1] - 1)
    b = near[:, 1:].ravel()
    close = np.linalg.norm(shapes[a] - shapes[b], axis=1) < SAME_SHAPE * size[a]
    close &= np.abs(density[a] / density[b] - 1) < SAME_VOLUME
    close &= (np.abs(shares[a] - shares[b]) < SAME_VOLUME).all(axis=1) & (a != b)
    return np.stack([usable[a[close]], usable[b[close]]], axis=1)


def check_copies(collected: Collection, links: Links) -> list[Finding]:
    """Near-duplicates and leakage between parts or between parents."""
    pairs, exact = near_copies(collected, links)
    n = collected.n_frames
    found = []
    if len(pairs):
        graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (n, n))
        n_groups = int(connected_components(graph, directed=False)[0])
        superfluous = n - n_groups
        severity: Severity = "warn" if superfluous > max(MANY_COPIES * n, 1) else "ok"
        found.append(
            finding(
                "near_duplicates",
                severity,
                f"{superfluous} of {n} frames are near copies of others "
                f"({int(exact.sum())} pairs are the same structure).",
                pairs[:, 1].tolist(),
            )
        )
    else:
        found.append(finding("near_duplicates", "ok", "no two frames are alike."))
    return [*found, *_leakage(collected, pairs, exact)]


def _leakage(
    collected: Collection, pairs: NDArray[np.int_], exact: NDArray[np.bool_]
) -> list[Finding]:
    named = sorted({split for split in collected.splits if split is not None})
    found = []
    if len(named) > 1:
        found += _across_splits(collected, pairs) + _shared_groups(collected)
    found += _across_parents(collected, pairs, exact)
    if found:
        return found
    if len(named) > 1:
        said = f"nothing is shared by the parts {', '.join(named)}."
    elif any("parent" in group for group in collected.groups):
        said = "no frame has a near copy under another parent."
    else:
        said = (
            "the file names neither splits nor parents; give the parts as several "
            "files to compare them."
        )
        return [finding("leakage", "untested", said)]
    return [finding("leakage", "ok", said)]


def _across_splits(collected: Collection, pairs: NDArray[np.int_]) -> list[Finding]:
    splits = collected.splits
    across = [
        (a, b)
        for a, b in pairs.tolist()
        if splits[a] is not None and splits[b] is not None and splits[a] != splits[b]
    ]
    if not across:
        return []
    a, b = across[0]
    return [
        finding(
            "leakage",
            "fail",
            f"{len(across)} pairs of near copies lie across splits, such as frames {a} "
            f"({splits[a]}) and {b} ({splits[b]}): errors on the held-out part are too "
            "small. Split by whole parents.",
            [index for pair in across for index in pair],
        )
    ]


def _shared_groups(collected: Collection) -> list[Finding]:
    for key in ("parent", "group_id"):
        where: dict[str, set[str]] = {}
        for split, group in zip(collected.splits, collected.groups, strict=True):
            if split is not None and key in group:
                where.setdefault(group[key], set()).add(split)
        shared = sorted(name for name, parts in where.items() if len(parts) > 1)
        if shared:
            message = (
                f"{len(shared)} values of {key} lie on both sides of the split, such "
                f"as {shared[0]!r}: hold out whole parents."
            )
            return [finding("leakage", "warn", message)]
    return []


def _across_parents(
    collected: Collection, pairs: NDArray[np.int_], exact: NDArray[np.bool_]
) -> list[Finding]:
    parents = [group.get("parent") for group in collected.groups]
    apart = np.array(
        [
            parents[a] is not None
            and parents[b] is not None
            and parents[a] != parents[b]
            for a, b in pairs
        ],
        dtype=bool,
    )
    if not apart.any():
        return []
    a, b = pairs[apart][0]
    many = np.count_nonzero(exact & apart) > MANY_LEAKS * collected.n_frames
    return [
        finding(
            "leakage",
            "fail" if many else "warn",
            f"{int(apart.sum())} pairs of near copies have different parents, such as "
            f"frames {a} ({parents[a]}) and {b} ({parents[b]}): a split by parent puts "
            "one into training and the other into the test. Give copies one parent.",
            pairs[apart].ravel().tolist(),
        )
    ]
