"""Formula of a doped compound, neutral through lithium."""

from collections.abc import Mapping

from screening.formulas import read_formula, whole_amounts
from structures.charge_balance import balance_charge, dopants_of_content
from structures.dopants import read_ion
from training_data.errors import InputError

LLZO = "Li7La3Zr2O12"
FORMULA_UNITS = 10_000
"""Formula units that are balanced at once, so that contents may have four decimals."""


def doped_formula(
    dopant: str,
    *,
    site: str,
    content: float = 0.25,
    host: str = LLZO,
    compensating: str = "Li",
    oxidation_states: Mapping[str, float] | None = None,
) -> str:
    """Composition per formula unit of the host, with charges balanced exactly.

    Parameters
    ----------
    dopant
        Ion, such as ``"Al3+"``.
    site
        Element of the host that it replaces.
    content
        Dopants per formula unit of the host (the x of the formula).
    host
        Formula of the undoped compound, in whole numbers.
    compensating
        Element that leaves or comes in to keep the compound neutral.
    oxidation_states
        Charges of host elements whose charge is not obvious [e].

    Returns
    -------
    str
        Formula; at x = 0.25 that of two dopants in eight formula units of LLZO.

    Raises
    ------
    InputError
        If the ion or the site does not exist, the content has more than four decimals,
        or the charge cannot be balanced.

    Notes
    -----
    See :func:`structures.charge_balance.balance_charge` for the arithmetic.

    Examples
    --------
    >>> doped_formula("Al3+", site="Li")
    'Li6.25Al0.25La3Zr2O12'
    >>> doped_formula("Ta5+", site="Zr", content=0.6)
    'Li6.4La3Zr1.4Ta0.6O12'

    """
    element, charge = read_ion(dopant)
    amounts = read_formula(host)
    whole = whole_amounts(amounts)
    if any(amounts[e] != n for e, n in whole.items()):
        raise InputError(
            f"host must be a reduced formula in whole numbers; got {host!r}. "
            "Write it like 'Li7La3Zr2O12'."
        )
    if site not in whole:
        raise InputError(
            f"site must be an element of {host}; got {site!r}. "
            f"Choose one of {', '.join(amounts)}."
        )
    return balance_charge(
        {e: round(n) * FORMULA_UNITS for e, n in amounts.items()},
        dopant=element,
        oxidation_state=charge,
        replaced=site,
        n_dopants=dopants_of_content(content, n_formula_units=FORMULA_UNITS),
        compensating=compensating,
        oxidation_states=oxidation_states,
        n_formula_units=FORMULA_UNITS,
    ).formula
