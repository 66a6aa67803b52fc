"""Quasi-Newton steps from the history of a minimisation."""

from collections import deque

import numpy as np

#: Curvature that is assumed before there is a history [eV/Å²].
FIRST_CURVATURE_eV_per_A2 = 70.0


def quasi_newton_step(
    gradient: np.ndarray, history: deque[tuple[np.ndarray, np.ndarray]]
) -> np.ndarray:
    """Step by the two-loop recursion of L-BFGS; steepest descent where that rises.

    Parameters
    ----------
    gradient
        Gradient of the energy [eV/Å], any shape.
    history
        Pairs of accepted steps [Å] and the changes of gradient along them [eV/Å],
        oldest first.

    References
    ----------
    Nocedal, Math. Comput. 35, 773 (1980), doi:10.1090/S0025-5718-1980-0572855-7.

    Examples
    --------
    A parabola of curvature 2 eV/Å², known from one step, is solved by the next.

    >>> step, change = np.array([0.5]), np.array([1.0])
    >>> quasi_newton_step(np.array([3.0]), deque([(step, change)]))
    array([-1.5])

    """
    q = gradient.copy()
    weights = []
    for step, change in reversed(history):
        weight = np.sum(step * q) / np.sum(step * change)
        q -= weight * change
        weights.append(weight)
    if history:
        step, change = history[-1]
        q *= np.sum(step * change) / np.sum(change**2)
    else:
        q /= FIRST_CURVATURE_eV_per_A2
    for (step, change), weight in zip(history, reversed(weights), strict=True):
        q += step * (weight - np.sum(change * q) / np.sum(step * change))
    if np.sum(q * gradient) <= 0:
        return -gradient / FIRST_CURVATURE_eV_per_A2
    return -q
