"""Alignment of two plane lattices: one rational matrix, whatever cell shows it."""

import numpy as np


def alignment(metal: np.ndarray, electrolyte: np.ndarray) -> tuple[np.ndarray, int]:
    """``Q = M⁻¹ S`` as integers over a common denominator, in lowest terms.

    Parameters
    ----------
    metal, electrolyte
        Supercells M and S that coincide, integer rows, shape (2, 2).

    Returns
    -------
    tuple
        Numerators, shape (2, 2), and the denominator: the same for every common cell
        of one alignment.

    Examples
    --------
    >>> numerators, denominator = alignment(2 * np.eye(2, dtype=int), np.eye(2))
    >>> numerators.tolist(), denominator
    ([[1, 0], [0, 1]], 2)

    """
    (a, b), (c, d) = np.asarray(metal)
    adjugate = np.array([[d, -b], [-c, a]])
    numerators = np.round(adjugate @ np.asarray(electrolyte)).astype(int)
    denominator = int(a * d - b * c)
    shared = int(np.gcd.reduce([denominator, *numerators.ravel()]))
    return numerators // shared, denominator // shared


def coincidence_cells(numerators: np.ndarray, denominator: int) -> int:
    """Cells of the electrolyte in the smallest common cell of an alignment.

    Parameters
    ----------
    numerators, denominator
        As ``alignment`` returns them.

    Notes
    -----
    The common vectors are the integer rows m whose image m Q is integer too. In lowest
    terms they hold D² / gcd(det N, D) cells of the metal, and det Q = det N / D² times
    as many of the electrolyte.

    Examples
    --------
    >>> coincidence_cells(np.array([[1, 0], [0, 1]]), 2)
    1

    """
    (a, b), (c, d) = numerators.tolist()
    determinant = abs(a * d - b * c)
    n_metal = denominator**2 // int(np.gcd(determinant, denominator))
    return int(determinant * n_metal // denominator**2)


def standard_alignment(
    numerators: np.ndarray, *, metal: np.ndarray, electrolyte: np.ndarray
) -> tuple[int, ...]:
    """Smallest of all equivalent alignments: equal for equivalent ones.

    Parameters
    ----------
    numerators
        As ``alignment`` returns them.
    metal, electrolyte
        Symmetries of the two surfaces, integers, shapes (n, 2, 2) and (m, 2, 2).

    Notes
    -----
    ``Q' = g⁻¹ Q h`` with g of the metal and h of the electrolyte, both rotations or
    both reflections.

    Examples
    --------
    >>> from structures.superlattice import lattice_symmetry
    >>> square = lattice_symmetry(np.eye(2))
    >>> turned = np.array([[0, 1], [-1, 0]])
    >>> standard_alignment(turned, metal=square, electrolyte=square)
    (-1, 0, 0, -1)

    """
    inverses = np.round(np.linalg.inv(metal)).astype(int)
    same_kind = (np.linalg.det(metal) > 0)[:, None] == (np.linalg.det(electrolyte) > 0)[
        None, :
    ]
    images = inverses[:, None] @ numerators @ electrolyte[None, :]
    return min(tuple(map(int, row)) for row in images[same_kind].reshape(-1, 4))
