"""Crystal structures by name, one file per family.

A new family is one file with a ``build_`` function, one line in ``_BUILDERS``,
one test and one line in docs/structures.md.
"""

import math
from functools import partial
from typing import TYPE_CHECKING

from structures.prototypes.hafnium import (
    build_hafnium,
    build_hafnium_tetrachloride,
    build_hafnium_trichloride,
)
from structures.prototypes.li2mcl6_forms import build_li2mcl6_form
from structures.prototypes.lithium import build_close_packed_lithium, build_lithium
from structures.prototypes.lithium_chloride import build_lithium_chloride
from structures.prototypes.lithium_zirconium_chloride import build_layered_li2zrcl6
from structures.prototypes.llzo import build_llzo_tetragonal
from structures.prototypes.m_defect import build_m_defect_layers
from structures.prototypes.oxides import build_lanthanum_oxide, build_lithium_oxide
from structures.prototypes.zirconates import (
    build_hexalithium_zirconate,
    build_lanthanum_zirconate,
    build_lithium_zirconate,
)
from structures.prototypes.zirconium import build_zirconium
from structures.prototypes.zirconium_chlorides import (
    build_zirconium_dichloride,
    build_zirconium_tetrachloride,
    build_zirconium_trichloride,
)
from structures.site_labels import label_sites
from training_data.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ase import Atoms

__all__ = ["available_prototypes", "build_m_defect_layers", "build_prototype"]

FORMS = {"P-3m1": "P-3m1", "C2m": "C2/m", "P-31c": "P-31c", "P2m": "P2/m"}
"""Space groups of the constructed forms of Li2MCl6 as names that a shell bears."""

_BUILDERS: "Mapping[str, Callable[..., Atoms]]" = {
    "Hf": build_hafnium,
    "HfCl3": build_hafnium_trichloride,
    "HfCl4": build_hafnium_tetrachloride,
    "La2O3": build_lanthanum_oxide,
    "La2Zr2O7": build_lanthanum_zirconate,
    "LLZO-tetragonal": build_llzo_tetragonal,
    "Li-9R": partial(build_close_packed_lithium, "9R"),
    "Li-bcc": partial(build_lithium, "bcc"),
    "Li-fcc": partial(build_lithium, "fcc"),
    "Li-hcp": partial(build_close_packed_lithium, "hcp"),
    "Li2HfCl6": partial(build_layered_li2zrcl6, metal="Hf", zr_cl_A=2.477),
    "Li2O": build_lithium_oxide,
    "Li2ZrCl6": build_layered_li2zrcl6,
    "Li2ZrO3": build_lithium_zirconate,
    "Li6Zr2O7": build_hexalithium_zirconate,
    "LiCl": build_lithium_chloride,
    "Zr": build_zirconium,
    "ZrCl2": build_zirconium_dichloride,
    "ZrCl3": build_zirconium_trichloride,
    "ZrCl4": build_zirconium_tetrachloride,
    **{
        f"Li2{metal}Cl6-{name}": partial(build_li2mcl6_form, group, metal=metal)
        for metal in ("Zr", "Hf")
        for name, group in FORMS.items()
    },
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
        Periodic crystal; ``info["prototype"]`` holds the name, ``arrays["site"]`` the
        sites named in ``info["site_names"]`` (the element where it is one site).

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
    if "site_names" not in atoms.info:
        atoms = label_sites(atoms, list(atoms.symbols))
    atoms.info["prototype"] = name
    return atoms
