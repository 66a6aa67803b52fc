"""The message for a trajectory file that cannot be used."""

from pathlib import Path

from training_data.errors import InputError


def refusal(
    path: Path, name: str, constraint: str, got: object, remedy: str
) -> InputError:
    """Error that names the file.

    Examples
    --------
    >>> print(refusal(Path("t.h5"), "steps", "growing", [2, 2], "Remove frame 1."))
    steps of 't.h5' must be growing; got [2, 2]. Remove frame 1.

    """
    return InputError(
        f"{name} of {str(path)!r} must be {constraint}; got {got!r}. {remedy}"
    )
