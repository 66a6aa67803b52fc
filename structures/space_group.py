"""What spglib finds in a crystal: the one place that calls it."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import spglib

SYMMETRY_TOLERANCE_A = 1e-2

Kinds = Sequence[int] | np.ndarray


def symmetry_dataset(
    cell_A: np.ndarray,
    scaled_positions: np.ndarray,
    kinds: Kinds,
    *,
    tolerance_A: float = SYMMETRY_TOLERANCE_A,
) -> Any:  # noqa: ANN401 (spglib's class, or None where it gave up)
    """Space group, operations and orbits, as spglib finds them.

    Parameters
    ----------
    cell_A
        Lattice vectors as rows [Å], shape (3, 3).
    scaled_positions
        Fractional positions, shape (n, 3).
    kinds
        One integer per site; sites of different kinds are never exchanged.
    tolerance_A
        Distance within which sites are equivalent [Å].

    """
    with _quiet():
        return spglib.get_symmetry_dataset(
            (cell_A, scaled_positions, kinds), symprec=tolerance_A
        )


def symmetry_operations(
    cell_A: np.ndarray,
    scaled_positions: np.ndarray,
    kinds: Kinds,
    *,
    tolerance_A: float = SYMMETRY_TOLERANCE_A,
) -> tuple[np.ndarray, np.ndarray]:
    """Rotations (n, 3, 3) and translations (n, 3) in fractions of the cell.

    Only the identity where spglib gave up.

    Parameters
    ----------
    cell_A, scaled_positions, kinds, tolerance_A
        As in ``symmetry_dataset``.

    Examples
    --------
    >>> rotations, _ = symmetry_operations(4 * np.eye(3), np.zeros((1, 3)), [3])
    >>> len(rotations)
    48

    """
    with _quiet():
        found = spglib.get_symmetry(
            (cell_A, scaled_positions, kinds), symprec=tolerance_A
        )
    if found is None:
        return np.eye(3, dtype=int)[None], np.zeros((1, 3))
    return np.asarray(found["rotations"]), np.asarray(found["translations"])


def primitive_cell(
    cell_A: np.ndarray,
    scaled_positions: np.ndarray,
    kinds: Kinds,
    *,
    tolerance_A: float = SYMMETRY_TOLERANCE_A,
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Primitive cell, fractional positions and kinds, neither turned nor idealised.

    None where spglib found no symmetry; the cell is then to be used as it is.

    Parameters
    ----------
    cell_A, scaled_positions, kinds, tolerance_A
        As in ``symmetry_dataset``.

    Examples
    --------
    >>> corners = np.array([[0, 0, 0], [0.5, 0.5, 0.5]])
    >>> cell, scaled, kinds = primitive_cell(4 * np.eye(3), corners, [3, 3])
    >>> len(scaled)
    1

    """
    with _quiet():
        found = spglib.standardize_cell(
            (cell_A, scaled_positions, kinds),
            to_primitive=True,
            no_idealize=True,
            symprec=tolerance_A,
        )
    if found is None:
        return None
    cell, scaled, numbers = found
    return np.asarray(cell), np.asarray(scaled), np.asarray(numbers)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings of spglib 2.7 and 2.8 about their own way of failing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
