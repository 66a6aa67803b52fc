"""Crystal structures by name, one file per family.

A new family is one file with a ``build_`` function, one line in ``_BUILDERS``,
one test and one line in docs/structures.md.
"""

import math
from functools import partial
from typing import TYPE_CHECKING

from structures.prototypes.lithium import build_lithium
from structures.prototypes.lithium_chloride import build_lithium_chloride
from structures.prototypes.lithium_zirconium_chloride import build_layered_li2zrcl6
from structures.prototypes.llzo import build_llzo_tetragonal
from structures.prototypes.zirconium import build_zirconium
from structures.prototypes.zirconium_chlorides import (
    build_zirconium_dichloride,
    build_zirconium_tetrachloride,
    build_zirconium_trichloride,
)
from training_data.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ase import Atoms

__all__ = ["available_prototypes", "build_prototype"]

_BUILDERS: "Mapping[str, Callable[..., Atoms]]" = {
    "LLZO-tetragonal": build_llzo_tetragonal,
    "Li-bcc": partial(build_lithium, "bcc"),
    "Li-fcc": partial(build_lithium, "fcc"),
    "Li2ZrCl6": build_layered_li2zrcl6,
    "LiCl": build_lithium_chloride,
    "Zr": build_zirconium,
    "ZrCl2": build_zirconium_dichloride,
    "ZrCl3": build_zirconium_trichloride,
    "ZrCl4": build_zirconium_tetrachloride,
}


def available_prototypes() -> tuple[str, ...]:
    """Names that ``build_prototype`` knows, sorted.

    Examples
    --------
    >>> "Li2ZrCl6" in available_prototypes()
    True

    """
    return tuple(sorted(_BUILDERS))


def build_prototype(name: str, **lattice: float) -> "Atoms":
    """Crystal structure by name.

    Parameters
    ----------
    name
        One of ``available_prototypes()``.
    lattice
        Lattice parameters [Å] that the family's ``build_`` function takes, such as
        ``a_A``; left out, they have the values stated in its docstring.

    Returns
    -------
    Atoms
        Periodic crystal; ``info["prototype"]`` holds the name.

    Raises
    ------
    InputError
        If the name or a lattice parameter is unknown.

    Examples
    --------
    >>> build_prototype("LiCl", a_A=5.0).cell.lengths().tolist()
    [5.0, 5.0, 5.0]

    """
    if name not in _BUILDERS:
        raise InputError(
            f"name must be a known prototype; got {name!r}. "
            f"Choose one of {', '.join(available_prototypes())}."
        )
    for parameter, value in lattice.items():
        if not (math.isfinite(value) and value > 0):
            raise InputError(
                f"{parameter} must be positive; got {value!r}. Give a length in Å."
            )
    try:
        atoms = _BUILDERS[name](**lattice)
    except TypeError as error:
        raise InputError(
            f"lattice must hold parameters of {name}; got {sorted(lattice)!r}. "
            f"The builder said: {error}."
        ) from error
    atoms.info["prototype"] = name
    return atoms
