"""What goes wrong with a user's input, and with one structure of many."""

from dataclasses import dataclass


class InputError(ValueError):
    """A user's input that cannot be used, with the place and the remedy.

    The command line prints the message alone and exits with code 2.

    Examples
    --------
    >>> str(InputError("timestep_fs must be positive; got -1. Give 0.5 to 2."))
    'timestep_fs must be positive; got -1. Give 0.5 to 2.'

    """


@dataclass(frozen=True)
class Failure:
    """One structure of a batch that could not be handled.

    Parameters
    ----------
    id
        Which structure: its index in the batch, or the identifier it carries.
    reason
        What went wrong, in one sentence.

    """

    id: str
    reason: str
