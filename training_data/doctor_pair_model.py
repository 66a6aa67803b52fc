"""Pair model: forces from distances alone, fitted to the forces themselves."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training_data.doctor_collection import Z_BASE, Collection
from training_data.near_pairs import near_pairs

CUTOFF_A = 5.5
N_BASIS = 10
INNERMOST_A = 1.4
MOST_FITTED_ATOMS = 12_000
SOFT_FORCE_EV_PER_A = 0.2
RIDGE = 1e-6
FEWEST_FRAMES = 6


@dataclass(frozen=True, kw_only=True, eq=False)
class PairForces:
    """Labelled forces beside those of a pair model that never saw the frame.

    Parameters
    ----------
    frames
        (n,) indices of the frames.
    family
        (n,) which model, one for each set of elements.
    force_rms
        (n,) root mean square of the labelled forces [eV/Å].
    correlation
        (n,) cosine between labelled and modelled forces.
    error
        (n,) root mean square of the difference over that of the labels.
    virials
        (n, 6) modelled volume times stress, tensile positive, Voigt order [eV].

    """

    frames: NDArray[np.int_]
    family: NDArray[np.int_]
    force_rms: NDArray[np.float64]
    correlation: NDArray[np.float64]
    error: NDArray[np.float64]
    virials: NDArray[np.float64]


def pair_forces(collected: Collection) -> PairForces:
    r"""Compare every frame's forces with a pair model fitted to other frames.

    Parameters
    ----------
    collected
        What is known of the frames.

    Notes
    -----
    For each set of elements, on one random half of the frames for the other half,

    .. math::

        F_i = -\sum_j f_{ab}(r_{ij})\, u_{ij}, \qquad
        f_{ab}(r) = \sum_k c_{abk}\, e^{-(\ln r - \ln r_k)^2 / 2w^2}
        \tfrac12 \left[1 + \cos(\pi r / r_c)\right]

    is fitted to the labels by least squares, each frame divided by its own size of
    force. The model knows no angles and no charges; it has only to tell forces that
    belong to the positions from forces that do not. Its virial, which saw no stress,
    is -½ Σ f r u u.

    """
    families: dict[frozenset[int], list[int]] = {}
    for index, numbers in enumerate(collected.numbers):
        forces = collected.forces[index]
        if forces is not None and collected.positions[index] is not None:
            families.setdefault(frozenset(numbers.tolist()), []).append(index)
    rows: list[tuple[int, int, float, float, float, NDArray[np.float64]]] = []
    for family, (elements, members) in enumerate(families.items()):
        if len(members) < FEWEST_FRAMES:
            continue
        kinds = np.array(
            sorted(a * Z_BASE + b for a in elements for b in elements if a <= b)
        )
        shuffled = np.random.default_rng(family).permutation(members).tolist()
        for half in (0, 1):
            weights = _fit(collected, shuffled[1 - half :: 2], kinds)
            rows += [
                (index, family, *_compare(collected, index, kinds, weights))
                for index in shuffled[half::2]
            ]
    rows.sort(key=lambda row: row[0])
    empty = np.empty((0, 6))
    return PairForces(
        frames=np.array([row[0] for row in rows], dtype=int),
        family=np.array([row[1] for row in rows], dtype=int),
        force_rms=np.array([row[2] for row in rows]),
        correlation=np.array([row[3] for row in rows]),
        error=np.array([row[4] for row in rows]),
        virials=np.array([row[5] for row in rows]) if rows else empty,
    )


def _fit(
    collected: Collection, members: Sequence[int], kinds: NDArray[np.int_]
) -> NDArray[np.float64]:
    """Coefficients (n_kinds, n_basis)."""
    n_each = float(np.mean([len(collected.numbers[m]) for m in members]))
    stride = max(1, int(len(members) * n_each / MOST_FITTED_ATOMS))
    size = len(kinds) * N_BASIS
    square, right = np.zeros((size, size)), np.zeros(size)
    for index in members[::stride]:
        i, j, u, _, kind, basis = _pairs(collected, index, kinds)
        forces = np.asarray(collected.forces[index], dtype=float)
        n = len(forces)
        design = np.zeros((3, n * len(kinds), N_BASIS))
        for axis in range(3):
            for k in range(N_BASIS):
                push = basis[:, k] * u[:, axis]
                design[axis, :, k] = np.bincount(
                    j * len(kinds) + kind, weights=push, minlength=n * len(kinds)
                ) - np.bincount(
                    i * len(kinds) + kind, weights=push, minlength=n * len(kinds)
                )
        flat = design.reshape(3 * n, size)
        weight = 1 / (np.mean(forces**2) + SOFT_FORCE_EV_PER_A**2) / n
        square += weight * flat.T @ flat
        right += weight * flat.T @ forces.T.ravel()
    ridge = RIDGE * max(np.trace(square) / size, 1e-30)
    found = np.linalg.solve(square + ridge * np.eye(size), right)
    return found.reshape(len(kinds), N_BASIS)


def _compare(
    collected: Collection,
    index: int,
    kinds: NDArray[np.int_],
    weights: NDArray[np.float64],
) -> tuple[float, float, float, NDArray[np.float64]]:
    i, j, u, r, kind, basis = _pairs(collected, index, kinds)
    push = np.einsum("pk,pk->p", basis, weights[kind])[:, None] * u
    labels = np.asarray(collected.forces[index], dtype=float)
    model = np.zeros_like(labels)
    for axis in range(3):
        model[:, axis] = np.bincount(
            j, weights=push[:, axis], minlength=len(labels)
        ) - np.bincount(i, weights=push[:, axis], minlength=len(labels))
    virial = -np.einsum("pa,pb->ab", push, u * r[:, None])
    sizes = float(np.linalg.norm(labels)), float(np.linalg.norm(model))
    rms = sizes[0] / np.sqrt(labels.size)
    product = sizes[0] * sizes[1]
    cosine = float((labels * model).sum() / product) if product > 0 else 0.0
    error = float(np.linalg.norm(labels - model)) / sizes[0] if sizes[0] > 0 else 0.0
    voigt = virial[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]]
    return rms, cosine, error, voigt


def _pairs(
    collected: Collection, index: int, kinds: NDArray[np.int_]
) -> tuple[NDArray[np.int_], NDArray[np.int_], NDArray[np.float64],
           NDArray[np.float64], NDArray[np.int_], NDArray[np.float64]]:  # fmt: skip
    """Pairs, directions, distances, kinds of pair, and basis functions."""
    numbers = collected.numbers[index]
    i, j, vectors, r = near_pairs(
        np.asarray(collected.positions[index], dtype=float),
        collected.cells[index],
        collected.pbc[index],
        cutoff_A=CUTOFF_A,
    )
    apart = (i != j) & (r > 0)  # an atom and its own image push neither
    i, j, vectors, r = i[apart], j[apart], vectors[apart], r[apart]
    low, high = np.minimum(numbers[i], numbers[j]), np.maximum(numbers[i], numbers[j])
    kind = np.searchsorted(kinds, low * Z_BASE + high)
    centres = np.linspace(np.log(INNERMOST_A), np.log(CUTOFF_A), N_BASIS)
    width = centres[1] - centres[0]
    bell = np.exp(-((np.log(r)[:, None] - centres) ** 2) / (2 * width**2))
    fade = 0.5 * (1 + np.cos(np.pi * r / CUTOFF_A))
    return i, j, vectors / r[:, None], r, kind, bell * fade[:, None]
