"""Remedies of the library in the words of the command line."""

import re

_MAPPING = re.compile(r"\b([a-z]\w*)=\{([^{}]*)\}")
_PAIR = re.compile(r"'(\w+)': ([-+.\d]+)")


def in_options(message: str) -> str:
    """Message that names options where the library names its arguments.

    Parameters
    ----------
    message
        What the library says, such as ``Give counts={'Li': 56}.``

    Examples
    --------
    >>> in_options("Give counts={'Li': 56}, or take a supercell with repeat.")
    "Give --counts 'Li=56', or take a larger --supercell."
    >>> in_options("Neutral with one of these counts: Li: 56, La: 24.")
    'Neutral with one of --counts Li=56, La=24.'

    """
    told = _MAPPING.sub(_option, message)
    told = told.replace("take a supercell with repeat", "take a larger --supercell")
    head, found, choices = told.partition("one of these counts: ")
    if found:
        choices = re.sub(r"(\w+): (\d+)", r"\1=\2", choices)
        told = f"{head}one of --counts {choices}"
    return told


def _option(found: re.Match[str]) -> str:
    """Write a mapping of Python as an option; leave what is none as it is."""
    pairs = _PAIR.findall(found[2])
    if not pairs:
        return found[0]
    values = " ".join(f"{name}={number.rstrip('.')}" for name, number in pairs)
    return f"--{found[1].replace('_', '-')} '{values}'"
