"""Fast inertial relaxation engine: dynamics that is stopped whenever it runs uphill."""

import numpy as np
from ase import Atoms

from mlip.evaluation import Prediction
from structures.relaxation_space import LARGEST_STEP_A, RelaxationSpace, capped
from structures.relaxation_target import Descent, Rest
from training_data.errors import Failure

# Time in units in which a mass of 1 moves 1 Å under 1 eV/Å: sqrt(mass Å²/eV).
FIRST_TIMESTEP = 0.1
LARGEST_TIMESTEP = 1.0
SMALLEST_TIMESTEP = 0.002
FIRST_MIXING = 0.1
MIXING_FACTOR = 0.99
LENGTHENED, SHORTENED = 1.1, 0.5
DELAY = 5  # steps downhill before the time step grows
MAX_REJECTED = 12


def fire_descent(
    atoms: Atoms, answer: Prediction, space: RelaxationSpace, rest: Rest
) -> Descent:
    """Descent by FIRE in displacements and strain together.

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

    Notes
    -----
    With the generalised force F (minus the gradient), mass 1 and P = F · v:
    while P > 0, ``v ← (1 - α) v + α |v| F/|F|``, and after five steps Δt grows by
    1.1 and α shrinks by 0.99; where P ≤ 0, half of the last step is taken back,
    v = 0, Δt is halved and α set to 0.1. Then ``v ← v + F Δt``, ``r ← r + v Δt``,
    at most 0.2 Å per atom. A step that the potential cannot evaluate is taken back,
    v set to 0, and no step may be longer than half of it, times 1.1 per later step.

    ======  =======================================
    symbol  variable
    ======  =======================================
    v       ``velocity``
    Δt      ``timestep``, from 0.1 up to 1
    α       ``mixing``
    ======  =======================================

    References
    ----------
    E. Bitzek et al., Phys. Rev. Lett. 97, 170201 (2006),
    doi:10.1103/PhysRevLett.97.170201.
    J. Guénolé et al., Comput. Mater. Sci. 175, 109584 (2020),
    doi:10.1016/j.commatsci.2020.109584 (the half step back).

    """
    current, state = atoms, space.point(atoms, answer)
    velocity = np.zeros_like(state.gradient)
    timestep, mixing = FIRST_TIMESTEP, FIRST_MIXING
    downhill, rejected, n_steps, trust = 0, 0, 0, LARGEST_STEP_A
    last_step = np.zeros_like(velocity)
    failure: Failure | None = None
    while n_steps < rest.max_steps and not rest.reached(state):
        force = -state.gradient
        back = np.zeros_like(velocity)
        if np.vdot(force, velocity) > 0:
            downhill += 1
            if downhill > DELAY:
                timestep = min(LENGTHENED * timestep, LARGEST_TIMESTEP)
                mixing *= MIXING_FACTOR
            speed, size = np.linalg.norm(velocity), np.linalg.norm(force)
            velocity = (1 - mixing) * velocity + mixing * speed / size * force
        elif velocity.any():
            downhill, mixing = 0, FIRST_MIXING
            timestep = max(SHORTENED * timestep, SMALLEST_TIMESTEP)
            velocity = np.zeros_like(velocity)
            back = -0.5 * last_step
        velocity = velocity + timestep * force
        step = capped(back + timestep * velocity, state.length_A, trust_A=trust)
        trial = space.moved(current, step, state.length_A)
        fault = space.fault(trial)
        if fault:
            return current, state, n_steps, Failure("", fault)
        answer_or_failure = yield trial
        n_steps += 1
        if isinstance(answer_or_failure, Failure):
            failure = answer_or_failure
            rejected += 1
            velocity, last_step = np.zeros_like(velocity), np.zeros_like(velocity)
            trust = SHORTENED * float(np.linalg.norm(step, axis=1).max())
            downhill, mixing = 0, FIRST_MIXING
            if rejected > MAX_REJECTED:
                break
            continue
        failure, rejected = None, 0
        trust = min(LENGTHENED * trust, LARGEST_STEP_A)
        current, state = trial, space.point(trial, answer_or_failure)
        last_step = step
    return current, state, n_steps, failure
