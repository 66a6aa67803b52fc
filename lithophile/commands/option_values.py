"""Options that hold several values in one string."""

from collections.abc import Mapping
from typing import Any, TypeVar

from training_data.errors import InputError

Kind = TypeVar("Kind", int, float)

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
    return _values(name, text, int, "integers", "2 2 1")


def reals(name: str, text: str | None) -> tuple[float, ...] | None:
    """Numbers of an option such as ``'2.0,2.5'``, or None where it was not given.

    Raises
    ------
    InputError
        If a part is not a number.

    Examples
    --------
    >>> reals("gaps_A", "2.0,2.5")
    (2.0, 2.5)

    """
    return _values(name, text, float, "numbers", "2.0 2.5")


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


def _values(
    name: str, text: str | None, kind: type[Kind], what: str, example: str
) -> tuple[Kind, ...] | None:
    """Parts of a string that commas or spaces separate."""
    if text is None:
        return None
    try:
        return tuple(kind(part) for part in text.replace(",", " ").split())
    except ValueError as error:
        raise InputError(
            f"{name} must be {what}; got {text!r}. Write for example {example!r}."
        ) from error
