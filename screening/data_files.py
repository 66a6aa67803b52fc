"""Tables that come with the package, and what to say when one is missing."""

from pathlib import Path

from training_data.errors import InputError

FOLDER = Path(__file__).parent / "data"


def data_file(name: str) -> Path:
    """Path of a table of the package.

    Parameters
    ----------
    name
        File in ``screening/data``.

    Returns
    -------
    Path
        Where it is.

    Raises
    ------
    InputError
        If it is missing from the installation.

    Examples
    --------
    >>> data_file("ground_states.npz").name
    'ground_states.npz'

    """
    path = FOLDER / name
    if not path.is_file():
        raise InputError(
            f"the table {name!r} must be in {FOLDER}; got no such file. "
            "Install the package again."
        )
    return path
