"""Exit codes: how a shell, a queue or a pipeline learns what happened."""

import sys

from training_data.errors import InputError
from training_data.labelling import LabellingStopped

DONE = 0
FAILED = 1
WRONG_INPUT = 2
GUARD = 3
PREEMPTED = 75


def exit_code(error: BaseException) -> int:
    """Exit code that belongs to an exception.

    Examples
    --------
    >>> exit_code(InputError("steps must be positive; got 0."))
    2

    """
    if isinstance(error, InputError):
        return WRONG_INPUT
    if isinstance(error, _of_dynamics("GuardTripped")):
        return GUARD
    if isinstance(error, (*_of_dynamics("Preempted"), *_of_training())):
        return PREEMPTED
    return FAILED


def is_explained(error: BaseException) -> bool:
    """Whether the message alone tells a user what happened: no traceback is wanted.

    Examples
    --------
    >>> is_explained(InputError("steps must be positive; got 0.")), is_explained(
    ...     KeyError("steps")
    ... )
    (True, False)

    """
    told = isinstance(error, (LabellingStopped, *_of_dynamics("NotWrittenError")))
    return told or exit_code(error) != FAILED


def _of_training() -> tuple[type[BaseException], ...]:
    """Exception of a training that a signal ended, if training is loaded."""
    module = sys.modules.get("mlip.training_stop")
    return () if module is None else (module.TrainingPreempted,)


def _of_dynamics(name: str) -> tuple[type[BaseException], ...]:
    """Exception classes of md that are loaded (else none can be raised)."""
    return tuple(
        kind
        for module_name, module in list(sys.modules.items())
        if module_name.split(".")[0] == "md"
        and isinstance(kind := vars(module).get(name), type)
    )
