"""Runs that end before their last step, with what there is."""

from typing import Any


class Interrupted(Exception):  # noqa: N818  (not an error of the program)
    """End of a run before its last step, with what there is.

    Parameters
    ----------
    result
        Result so far, as the command prints it.
    reason
        Guard or signal that ended the run.

    """

    def __init__(self, result: dict[str, Any], reason: RuntimeError) -> None:
        super().__init__(str(reason))
        self.result = result
        self.reason = reason
