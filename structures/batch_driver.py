"""Many algorithms stepped together, their requests evaluated in one batch.

An algorithm is a generator: it yields a structure, receives its prediction (or the
failure that stands for it) and returns a result. It reads as if it ran alone.
"""

from collections.abc import Callable, Generator, Sequence
from typing import TypeVar

from ase import Atoms

from mlip.evaluation import Evaluation, Prediction
from mlip.potential import Potential
from training_data.errors import Failure

Result = TypeVar("Result")
Walk = Generator[Atoms, Prediction | Failure, Result]
GroupWalk = Generator[Sequence[Atoms], list[Prediction | Failure], Result]


def drive(
    walks: Sequence[Walk[Result]],
    potential: Potential,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Result, ...]:
    """Results of all walks, with one batched evaluation per step.

    Parameters
    ----------
    walks
        Generators that have not been started.
    potential
        What evaluates their requests.
    progress
        Called after every batch with the number of finished walks and of all.

    Returns
    -------
    tuple
        What each walk returned, in the order of ``walks``.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from ase.calculators.emt import EMT
    >>> from mlip.ase_potential import AsePotential
    >>> def volume_per_energy(atoms):
    ...     answer = yield atoms
    ...     return atoms.get_volume() / answer.energy
    >>> len(drive([volume_per_energy(bulk("Cu"))], AsePotential(EMT())))
    1

    """
    return drive_groups([_alone(walk) for walk in walks], potential, progress=progress)


def drive_groups(
    walks: Sequence[GroupWalk[Result]],
    potential: Potential,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Result, ...]:
    """Results of walks that ask for several structures at a time, in one batch.

    Parameters
    ----------
    walks
        Generators that have not been started. Each yields a list of structures and
        receives as many predictions or failures.
    potential
        What evaluates the requests of all of them together.
    progress
        Called after every batch with the number of finished walks and of all.

    Returns
    -------
    tuple
        What each walk returned, in the order of ``walks``.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from ase.calculators.emt import EMT
    >>> from mlip.ase_potential import AsePotential
    >>> def lowest(structures):
    ...     answers = yield structures
    ...     energies = [answer.energy for answer in answers]
    ...     return energies.index(min(energies))
    >>> coppers = [bulk("Cu", a=a) for a in (3.4, 3.6, 3.8)]
    >>> drive_groups([lowest(coppers), lowest(coppers[1:])], AsePotential(EMT()))
    (1, 0)

    """
    results: dict[int, Result] = {}
    requests: dict[int, Sequence[Atoms]] = {}

    def advance(index: int, answer: list[Prediction | Failure] | None) -> None:
        requests.pop(index, None)
        try:
            if answer is None:
                requests[index] = next(walks[index])
            else:
                requests[index] = walks[index].send(answer)
        except StopIteration as stop:
            results[index] = stop.value

    for index in range(len(walks)):
        advance(index, None)
    while requests:
        waiting = sorted(requests)
        together = [atoms for index in waiting for atoms in requests[index]]
        answers = iter(_answers(potential, together))
        for index in waiting:
            advance(index, [next(answers) for _ in requests[index]])
        if progress is not None:
            progress(len(results), len(walks))
    return tuple(results[index] for index in range(len(walks)))


def _alone(walk: Walk[Result]) -> GroupWalk[Result]:
    """Walk that asks for one structure at a time, as one that asks for lists."""
    try:
        request = next(walk)
        while True:
            (answer,) = yield [request]
            request = walk.send(answer)
    except StopIteration as stop:
        result: Result = stop.value
        return result


def _answers(
    potential: Potential, structures: list[Atoms]
) -> list[Prediction | Failure]:
    """One prediction or failure per structure of a batch.

    A batch that cannot be evaluated as a whole is halved until the structure at
    fault stands alone, so that it ends no other's walk; a batch that is too large
    for the memory of the device is evaluated in parts.
    """
    try:
        return _outcomes(potential.evaluate(structures))
    except (
        ArithmeticError,
        ValueError,
        RuntimeError,
        IndexError,
        MemoryError,
    ) as error:
        if len(structures) == 1:
            return [Failure("0", f"{potential.name} stopped: {error}")]
    half = len(structures) // 2
    return [
        *_answers(potential, structures[:half]),
        *_answers(potential, structures[half:]),
    ]


def _outcomes(evaluation: Evaluation) -> list[Prediction | Failure]:
    """One prediction or failure per structure of an evaluation."""
    failed = {int(failure.id): failure for failure in evaluation.failures}
    return [
        failed.get(index)
        or Prediction(
            energy=float(evaluation.energies[index]),
            forces=evaluation.forces[index],
            stress=evaluation.stresses[index],
        )
        for index in range(len(evaluation.energies))
    ]
