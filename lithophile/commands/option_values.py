"""Options that hold several values in one string."""

from collections.abc import Mapping
from typing import Any

from training_data.errors import InputError

_LISTS = ("temperatures_K", "seeds")


def integers(name: str, text: str | None) -> tuple[int, ...] | None:
    """Integers of an option such as ``'2 2 1'``, or None where it was not given.

    Raises
    ------
    InputError
        If a part is not an integer.

    Examples
    --------
    >>> integers("supercell", "2,2,1")
    (2, 2, 1)

    """
    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.replace(",", " ").split())
    except ValueError as error:
        raise InputError(
            f"{name} must be integers; got {text!r}. Write for example '2 2 1'."
        ) from error


def numbers(name: str, text: str | None) -> dict[str, float] | None:
    """Numbers by name of an option such as ``'Li=50 Al=2'``, or None.

    Raises
    ------
    InputError
        If a part is not ``NAME=NUMBER``.

    Examples
    --------
    >>> numbers("counts", "Li=50, Al=2")
    {'Li': 50.0, 'Al': 2.0}

    """
    if text is None:
        return None
    result = {}
    for part in text.replace(",", " ").split():
        key, found, value = part.partition("=")
        try:
            result[key] = float(value)
        except ValueError:
            found = ""
        if not (found and key):
            raise InputError(
                f"{name} must be NAME=NUMBER pairs; got {part!r}. "
                "Write for example 'Li=50 Al=2'."
            )
    return result


def with_lists(given: Mapping[str, Any]) -> dict[str, Any]:
    """Options of ``md`` with the lists among them taken apart.

    Examples
    --------
    >>> with_lists({"temperatures_K": "300, 400", "seeds": None, "seed": 3})
    {'temperatures_K': ('300', '400'), 'seeds': None, 'seed': 3}

    """
    return {
        name: tuple(value.replace(",", " ").split())
        if name in _LISTS and isinstance(value, str)
        else value
        for name, value in given.items()
    }
