"""Quasi-Newton steps from the history of a minimisation, and the walk of such steps."""

from collections import deque

import numpy as np
from ase import Atoms

from mlip.evaluation import Prediction
from structures.relaxation_space import LARGEST_STEP_A, Point, RelaxationSpace, capped
from structures.relaxation_target import Descent, Rest
from training_data.errors import Failure

#: Curvature that is assumed before there is a history [eV/Å²].
FIRST_CURVATURE_eV_per_A2 = 30.0

MEMORY = 20  # pairs of steps and gradient changes that L-BFGS keeps
SMALLEST_STEP_A = 1e-5
ALLOWED_RISE_eV_per_atom = 1e-6
MAX_REJECTED = 12
FORGET_AFTER = 3  # rejected steps in a row after which the history misleads
#: A pair is kept where its curvature is above this share of the first curvature's
#: inverse, which keeps the approximate Hessian positive.
LEAST_CURVATURE = 1e-3


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
    products = [np.vdot(step, change) for step, change in history]
    weights = []
    for (step, change), product in zip(
        reversed(history), reversed(products), strict=True
    ):
        weight = np.vdot(step, q) / product
        q -= weight * change
        weights.append(weight)
    if history:
        change = history[-1][1]
        q *= products[-1] / np.vdot(change, change)
    else:
        q /= FIRST_CURVATURE_eV_per_A2
    for (step, change), product, weight in zip(
        history, products, reversed(weights), strict=True
    ):
        q += step * (weight - np.vdot(change, q) / product)
    if np.vdot(q, gradient) <= 0:
        return -gradient / FIRST_CURVATURE_eV_per_A2
    return -q


def quasi_newton_descent(
    atoms: Atoms, answer: Prediction, space: RelaxationSpace, rest: Rest
) -> Descent:
    """Descent by L-BFGS steps, each taken back where the objective rises.

    Parameters
    ----------
    atoms
        Structure to start from.
    answer
        Its prediction.
    space
        What may move.
    rest
        When the descent is over.

    Yields
    ------
    Atoms
        Structures to evaluate.

    Returns
    -------
    tuple
        Last accepted structure, its point, the number of evaluations and the
        failure that stopped it, if any.

    """
    current, state = atoms, space.point(atoms, answer)
    history: deque[tuple[np.ndarray, np.ndarray]] = deque(maxlen=MEMORY)
    trust, rejected, n_steps = LARGEST_STEP_A, 0, 0
    failure: Failure | None = None
    rise = ALLOWED_RISE_eV_per_atom * len(atoms)
    while n_steps < rest.max_steps and not rest.reached(state):
        step = capped(
            quasi_newton_step(state.gradient, history), state.length_A, trust_A=trust
        )
        trial = space.moved(current, step, state.length_A)
        fault = space.fault(trial)
        if fault:
            return current, state, n_steps, Failure("", fault)
        answer_or_failure = yield trial
        n_steps += 1
        new: Point | None = None
        if isinstance(answer_or_failure, Failure):
            failure = answer_or_failure
        else:
            failure = None
            new = space.point(trial, answer_or_failure)
        if new is None or not new.objective <= state.objective + rise:
            rejected += 1
            trust = 0.4 * min(trust, max(_largest(step), SMALLEST_STEP_A))
            if rejected >= FORGET_AFTER:
                history.clear()
            if rejected > MAX_REJECTED or trust < SMALLEST_STEP_A:
                break
            continue
        rejected = 0
        trust = min(LARGEST_STEP_A, 1.5 * trust)
        change = new.gradient - state.gradient
        least = LEAST_CURVATURE * np.vdot(change, change) / FIRST_CURVATURE_eV_per_A2
        if np.vdot(step, change) > least:
            history.append((step, change))
        current, state = trial, new
    return current, state, n_steps, failure


def _largest(step: np.ndarray) -> float:
    """Largest displacement in a step, strain rows included as lengths [Å]."""
    return float(np.linalg.norm(step, axis=1).max())
