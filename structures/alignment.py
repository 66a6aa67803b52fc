"""Alignment of two plane lattices: one rational matrix, whatever cell shows it."""

import numpy as np


def alignment(
    metal: np.ndarray, electrolyte: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """``Q = M⁻¹ S`` as integers over a common denominator, in lowest terms.

    Parameters
    ----------
    metal, electrolyte
        Supercells M and S that coincide, integer rows, shape (..., 2, 2).

    Returns
    -------
    tuple of numpy.ndarray
        Numerators, shape (..., 2, 2), and denominators, shape (...): the same for
        every common cell of one alignment.

    Examples
    --------
    >>> numerators, denominator = alignment(2 * np.eye(2, dtype=int), np.eye(2))
    >>> numerators.tolist(), int(denominator)
    ([[1, 0], [0, 1]], 2)

    """
    m = np.round(metal).astype(int)
    adjugate = np.empty_like(m)
    adjugate[..., 0, 0], adjugate[..., 1, 1] = m[..., 1, 1], m[..., 0, 0]
    adjugate[..., 0, 1], adjugate[..., 1, 0] = -m[..., 0, 1], -m[..., 1, 0]
    numerators = adjugate @ np.round(electrolyte).astype(int)
    denominator = m[..., 0, 0] * m[..., 1, 1] - m[..., 0, 1] * m[..., 1, 0]
    flat = numerators.reshape(*numerators.shape[:-2], 4)
    shared = np.gcd(np.gcd.reduce(flat, axis=-1), denominator)
    return numerators // shared[..., None, None], denominator // shared


def coincidence_cells(numerators: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Cells of the electrolyte in the smallest common cell of an alignment.

    Parameters
    ----------
    numerators, denominator
        As ``alignment`` returns them.

    Returns
    -------
    numpy.ndarray
        Integers, shape (...).

    Notes
    -----
    The common vectors are the integer rows m whose image m Q is integer too. In lowest
    terms they hold D² / gcd(det N, D) cells of the metal, and det Q = det N / D² times
    as many of the electrolyte.

    Examples
    --------
    >>> int(coincidence_cells(np.eye(2, dtype=int), np.array(2)))
    1

    """
    n = np.asarray(numerators)
    determinant = np.abs(n[..., 0, 0] * n[..., 1, 1] - n[..., 0, 1] * n[..., 1, 0])
    return np.asarray(determinant // np.gcd(determinant, denominator))


def standard_alignment(
    numerators: np.ndarray, *, metal: np.ndarray, electrolyte: np.ndarray
) -> np.ndarray:
    """Smallest of all equivalent alignments: equal for equivalent ones.

    Parameters
    ----------
    numerators
        As ``alignment`` returns them, shape (..., 2, 2).
    metal, electrolyte
        Symmetries of the two surfaces, integers, shapes (n, 2, 2) and (m, 2, 2).

    Returns
    -------
    numpy.ndarray
        Elements of the first in lexical order, integers, shape (..., 4).

    Notes
    -----
    ``Q' = g⁻¹ Q h`` with g of the metal and h of the electrolyte, both rotations or
    both reflections.

    Examples
    --------
    >>> from structures.superlattice import lattice_symmetry
    >>> square = lattice_symmetry(np.eye(2))
    >>> turned = np.array([[0, 1], [-1, 0]])
    >>> standard_alignment(turned, metal=square, electrolyte=square).tolist()
    [-1, 0, 0, -1]

    """
    inverses = np.round(np.linalg.inv(metal)).astype(int)
    best: np.ndarray | None = None
    for g, proper in zip(inverses, np.linalg.det(metal) > 0, strict=True):
        for h in electrolyte[(np.linalg.det(electrolyte) > 0) == proper]:
            image = (g @ numerators @ h).reshape(*numerators.shape[:-2], 4)
            best = image if best is None else _smaller(image, best)
    return np.asarray(best)


def _smaller(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Of two rows the first in lexical order, for each pair of rows."""
    differs = one != other
    first = differs.argmax(axis=-1)[..., None]
    less = np.take_along_axis(one - other, first, axis=-1) < 0
    return np.where(less, one, other)
