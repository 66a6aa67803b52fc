"""Superlattices of a plane lattice: Hermite forms, reduced bases, symmetry."""

from itertools import product

import numpy as np

# Every symmetry of a plane lattice has these entries in a reduced basis.
_SMALL = np.array(
    [
        ((a, b), (c, d))
        for a, b, c, d in product((-1, 0, 1), repeat=4)
        if abs(a * d - b * c) == 1
    ]
)
EQUAL_LENGTHS = 1e-4  # relative; lattices of relaxed crystals are no better known


def hermite_forms(n_cells: int) -> tuple[np.ndarray, ...]:
    """Superlattices of a given number of cells, each exactly once.

    Parameters
    ----------
    n_cells
        Number of cells of the lattice in one cell of the superlattice.

    Returns
    -------
    tuple of numpy.ndarray
        Integer matrices ``((i, j), (0, n/i))`` with 0 <= j < n/i, shape (2, 2), rows
        are the vectors of the superlattice; as many as the sum of divisors of n.

    Examples
    --------
    >>> len(hermite_forms(13)), len(hermite_forms(12))
    (14, 28)

    """
    return tuple(
        np.array(((i, j), (0, n_cells // i)))
        for i in range(1, n_cells + 1)
        if n_cells % i == 0
        for j in range(n_cells // i)
    )


def hermite_form(basis: np.ndarray) -> np.ndarray:
    """Hermite form of a superlattice: the same for all of its bases.

    Parameters
    ----------
    basis
        Integer matrix, rows are the vectors, shape (m, 2) with m >= 2 and rank 2.

    Returns
    -------
    numpy.ndarray
        ``((i, j), (0, k))`` with 0 <= j < k, shape (2, 2).

    Examples
    --------
    >>> hermite_form(np.array([[-3, -1], [1, -4]])).tolist()
    [[1, 9], [0, 13]]

    """
    rows = [tuple(map(int, row)) for row in basis]
    first, rest = rows[0], []
    for row in rows[1:]:
        a, b = first, row
        while b[0] != 0:
            q = a[0] // b[0]
            a, b = b, (a[0] - q * b[0], a[1] - q * b[1])
        first = a
        rest.append(b[1])
    bottom = int(np.gcd.reduce(np.abs(rest)))
    sign = 1 if first[0] > 0 else -1
    return np.array([(sign * first[0], (sign * first[1]) % bottom), (0, bottom)])


def reduced_basis(transform: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Gauss-reduced, right-handed basis of a superlattice.

    Parameters
    ----------
    transform
        Integer matrix whose rows span the superlattice, shape (2, 2).
    cell
        Lattice, rows are vectors, shape (2, 2) [Å], right-handed.

    Returns
    -------
    numpy.ndarray
        Integer matrix, shape (2, 2); its first vector is the shortest there is.

    Examples
    --------
    >>> reduced_basis(np.array([[1, 5], [0, 1]]), np.eye(2)).tolist()
    [[0, 1], [-1, 0]]

    """
    u, v = transform
    while True:
        if np.sum((u @ cell) ** 2) > np.sum((v @ cell) ** 2) * (1 + 1e-9):
            u, v = v, u
        overlap = (u @ cell) @ (v @ cell) / np.sum((u @ cell) ** 2)
        factor = np.round(overlap - 1e-9 * np.sign(overlap))
        if factor == 0:
            break
        v = v - factor * u
    if u[0] * v[1] - u[1] * v[0] < 0:
        v = -v
    basis: np.ndarray = np.round(np.array([u, v])).astype(int)
    return basis


def lattice_symmetry(cell: np.ndarray) -> np.ndarray:
    """Rotations and reflections of a plane lattice, as integer matrices.

    Parameters
    ----------
    cell
        Lattice, rows are vectors, shape (2, 2) [Å].

    Returns
    -------
    numpy.ndarray
        Matrices g, shape (n, 2, 2): the lattice vector m (a row of integers) goes to
        m g. n is 2, 4, 8 or 12.

    Examples
    --------
    >>> len(lattice_symmetry(np.eye(2))), len(lattice_symmetry(np.diag([1.0, 2.0])))
    (8, 4)

    """
    handed = np.eye(2, dtype=int)
    if np.linalg.det(cell) < 0:
        handed = np.array([[0, 1], [1, 0]])
    basis = reduced_basis(np.eye(2, dtype=int), handed @ cell) @ handed
    reduced = basis @ cell
    metric = reduced @ reduced.T
    scale = float(np.sqrt(np.linalg.det(metric)))
    turned = _SMALL @ metric @ _SMALL.transpose(0, 2, 1)
    same = np.abs(turned - metric).max(axis=(1, 2)) <= 2 * EQUAL_LENGTHS * scale
    inverse = np.round(np.linalg.inv(basis)).astype(int)
    symmetry: np.ndarray = inverse @ _SMALL[same] @ basis
    return symmetry


def lattice_vectors(
    cell: np.ndarray, *, longest_A: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lattice vectors up to a length, shortest first, without zero.

    Parameters
    ----------
    cell
        Lattice, rows are vectors, shape (2, 2) [Å].
    longest_A
        Largest length [Å].

    Returns
    -------
    tuple of numpy.ndarray
        Integer coordinates (n, 2), vectors (n, 2) [Å], lengths (n,) [Å].

    Examples
    --------
    >>> lattice_vectors(np.eye(2), longest_A=1.5)[2].round(3).tolist()
    [1.0, 1.0, 1.0, 1.0, 1.414, 1.414, 1.414, 1.414]

    """
    reach = np.linalg.norm(np.linalg.inv(cell), axis=0) * longest_A
    axes = (np.arange(-n, n + 1) for n in np.ceil(reach).astype(int))
    integers = np.array(np.meshgrid(*axes, indexing="ij")).reshape(2, -1).T
    vectors = integers @ cell
    lengths = np.linalg.norm(vectors, axis=1)
    order = np.argsort(lengths, kind="stable")
    order = order[(lengths[order] > 0) & (lengths[order] <= longest_A * (1 + 1e-9))]
    return integers[order], vectors[order], lengths[order]
