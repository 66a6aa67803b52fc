"""L-BFGS for forces that are no gradient, such as those of an elastic band."""

import numpy as np
from numpy.typing import NDArray

LARGEST_STEP_A = 0.2
FIRST_INVERSE_CURVATURE_A2_per_eV = 0.02
MEMORY = 25


class BandDescent:
    """Steps from forces and what was learnt about the curvature, without energies.

    Parameters
    ----------
    largest_step_A
        Farthest that an atom moves in one step [Å].

    Notes
    -----
    Pairs of steps and changes of the forces whose curvature is not positive are left
    out. Where the step would go against the force, the memory is dropped and the step
    follows the force.

    Examples
    --------
    In a parabola with curvature 4 the second step lands in the minimum.

    >>> descent = BandDescent(largest_step_A=10.0)
    >>> x = np.full((1, 1, 3), 1.0)
    >>> for _ in range(2):
    ...     x = x + descent.step(x, -4 * x)
    >>> bool(abs(x).max() < 1e-12)
    True

    """

    def __init__(self, *, largest_step_A: float = LARGEST_STEP_A) -> None:
        self._largest = largest_step_A
        self._steps: list[NDArray[np.float64]] = []
        self._changes: list[NDArray[np.float64]] = []
        self._last: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None

    def forget(self) -> None:
        """Drop what was learnt, because the forces mean something else now."""
        self._steps, self._changes, self._last = [], [], None

    def step(
        self, positions: NDArray[np.float64], forces: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Displacement to make.

        Parameters
        ----------
        positions, forces
            (n_images, n_atoms, 3), Å and eV/Å.

        """
        if self._last is not None:
            moved = (positions - self._last[0]).ravel()
            change = (self._last[1] - forces).ravel()
            if moved @ change > 1e-10 * (change @ change):
                self._steps = [*self._steps, moved][-MEMORY:]
                self._changes = [*self._changes, change][-MEMORY:]
        self._last = positions.copy(), forces.copy()
        direction = self._newton(forces.ravel())
        if direction @ forces.ravel() <= 0:
            self._steps, self._changes = [], []
            direction = self._newton(forces.ravel())
        found = direction.reshape(forces.shape)
        farthest = float(np.linalg.norm(found, axis=2).max())
        return np.asarray(found * min(1.0, self._largest / max(farthest, 1e-300)))

    def _newton(self, forces: NDArray[np.float64]) -> NDArray[np.float64]:
        """Inverse curvature times forces, by the two loops of L-BFGS."""
        if not self._steps:
            return FIRST_INVERSE_CURVATURE_A2_per_eV * forces
        q = forces.copy()
        weights = []
        pairs = list(zip(self._steps, self._changes, strict=True))
        for moved, change in reversed(pairs):
            weight = (moved @ q) / (moved @ change)
            weights.append(weight)
            q -= weight * change
        moved, change = pairs[-1]
        q *= (moved @ change) / (change @ change)
        for (moved, change), weight in zip(pairs, reversed(weights), strict=True):
            q += moved * (weight - (change @ q) / (moved @ change))
        return q
