"""L-BFGS for forces that are no gradient, such as those of an elastic band."""

import numpy as np
from numpy.typing import NDArray

LARGEST_STEP_A = 0.2
FIRST_INVERSE_CURVATURE_A2_per_eV = 0.02
MOST_INVERSE_CURVATURE_A2_per_eV = 1.0
MEMORY = 25
PATIENCE = 15  # steps without a smaller force
SMALLEST_STEP_A = 0.02


class BandDescent:
    """Steps from forces and what was learnt about the curvature, without energies.

    Parameters
    ----------
    largest_step_A
        Farthest that an atom moves in one step [Å].

    Notes
    -----
    Where a step meets no positive curvature the memory is dropped, and the next step
    along the force is twice as long as such a step was before; the same where a step
    would go against the force. After 15 steps without a smaller largest force the
    memory is dropped and steps may be half as long (0.02 Å at least).

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
        self._best, self._stalled = np.inf, 0
        self._first = FIRST_INVERSE_CURVATURE_A2_per_eV

    def forget(self) -> None:
        """Drop what was learnt, because the forces mean something else now."""
        self._steps, self._changes, self._last = [], [], None
        self._best, self._stalled = np.inf, 0

    def step(
        self, positions: NDArray[np.float64], forces: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Displacement to make.

        Parameters
        ----------
        positions, forces
            (n_images, n_atoms, 3), Å and eV/Å.

        """
        self._watch(float(np.linalg.norm(forces, axis=2).max()))
        if self._last is not None:
            moved = (positions - self._last[0]).ravel()
            change = (self._last[1] - forces).ravel()
            if moved @ change > 1e-10 * (change @ change):
                self._steps = [*self._steps, moved][-MEMORY:]
                self._changes = [*self._changes, change][-MEMORY:]
                self._first = FIRST_INVERSE_CURVATURE_A2_per_eV
            else:
                self._steps, self._changes = [], []
                self._first = min(2 * self._first, MOST_INVERSE_CURVATURE_A2_per_eV)
        self._last = positions.copy(), forces.copy()
        direction = self._newton(forces.ravel())
        if direction @ forces.ravel() <= 0:
            self._steps, self._changes = [], []
            direction = self._newton(forces.ravel())
        found = direction.reshape(forces.shape)
        farthest = float(np.linalg.norm(found, axis=2).max())
        return np.asarray(found * min(1.0, self._largest / max(farthest, 1e-300)))

    def _watch(self, fmax: float) -> None:
        """Take shorter steps where the longer ones led nowhere."""
        self._stalled += 1
        if fmax < self._best:
            self._best, self._stalled = fmax, 0
        elif self._stalled >= PATIENCE:
            self.forget()
            self._largest = max(self._largest / 2, SMALLEST_STEP_A)

    def _newton(self, forces: NDArray[np.float64]) -> NDArray[np.float64]:
        """Inverse curvature times forces, by the two loops of L-BFGS."""
        if not self._steps:
            return self._first * forces
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
