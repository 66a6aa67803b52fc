"""Formal oxidation states of ions whose charge in a solid is not in doubt."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from training_data.errors import InputError

_BY_STATE = {
    1: "Li Na K Rb Cs Ag",
    2: "Be Mg Ca Sr Ba Zn Cd",
    3: "B Al Ga In Sc Y La Pr Nd Sm Gd Tb Dy Ho Er Tm Lu",
    4: "Si Ge Zr Hf Th",
    5: "Ta",
    -1: "F Cl Br I",
    -2: "O S Se Te",
    -3: "N",
}

FORMAL_OXIDATION_STATES: Mapping[str, float] = MappingProxyType(
    {
        species: float(state)
        for state, names in _BY_STATE.items()
        for species in names.split()
    }
)
"""Species → oxidation state, for species that have one in ionic solids."""


def oxidation_states_of(
    species: Iterable[str], given: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Oxidation state of every species, the given ones first.

    Parameters
    ----------
    species
        Element symbols.
    given
        Oxidation states that the user states; they override the table.

    Returns
    -------
    dict
        Species → oxidation state.

    Raises
    ------
    InputError
        If a species has neither a given state nor an undisputed one.

    Examples
    --------
    >>> oxidation_states_of(["Li", "Zr", "O"])
    {'Li': 1.0, 'Zr': 4.0, 'O': -2.0}
    >>> oxidation_states_of(["Fe"], {"Fe": 3})
    {'Fe': 3.0}

    """
    known = {**FORMAL_OXIDATION_STATES, **(given or {})}
    wanted = list(dict.fromkeys(species))
    missing = [name for name in wanted if name not in known]
    if missing:
        raise InputError(
            "oxidation_states must name every species that has more than one; got "
            f"none for {', '.join(missing)}. "
            f"Add for example oxidation_states={{{missing[0]!r}: 3}}."
        )
    return {name: float(known[name]) for name in wanted}
