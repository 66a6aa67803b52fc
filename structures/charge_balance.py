"""Charge compensation of a dopant, counted in whole ions."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from structures.compensating_ions import check_compensation, single_compensation
from structures.dopants import write_ion
from structures.oxidation_states import oxidation_states_of
from training_data.errors import InputError

LARGEST_DENOMINATOR = 10_000
CONTENT_TOLERANCE = Fraction(1, 100_000)
FIRST_OF_FORMULA = ("Li", "Na", "K")
LAST_OF_FORMULA = ("O", "S", "F", "Cl", "Br", "I")


@dataclass(frozen=True, kw_only=True)
class ChargeBalance:
    """Composition of a doped cell whose charges sum to exactly zero.

    Parameters
    ----------
    dopant
        Element that is put in.
    oxidation_state
        Its charge [e].
    replaced
        Element whose ions it replaces.
    n_dopants
        Number of dopants in the cell.
    compensation
        Element → by how much its number changes, besides the replaced ions, to keep
        the cell neutral; negative where ions leave.
    n_formula_units
        Formula units of the host in the cell.
    host_counts
        Atoms of each element before.
    counts
        Atoms of each element after.
    oxidation_states
        Charges that were used [e].

    """

    dopant: str
    oxidation_state: int
    replaced: str
    n_dopants: int
    compensation: dict[str, int]
    n_formula_units: int
    host_counts: dict[str, int]
    counts: dict[str, int]
    oxidation_states: dict[str, int]

    @property
    def charge(self) -> int:
        """Sum of the charges in the cell [e]."""
        return sum(
            number * self.oxidation_states[element]
            for element, number in self.counts.items()
        )

    @property
    def content(self) -> float:
        """Dopants per formula unit of the host (the x of the formula)."""
        return self.n_dopants / self.n_formula_units

    @property
    def formula(self) -> str:
        """Composition per formula unit of the host."""
        return "".join(
            element + _amount(Fraction(self.counts[element], self.n_formula_units))
            for element in _in_order(self.counts, self.dopant, self.replaced)
        )

    def to_json(self) -> dict[str, Any]:
        """Composition, what went in and left, and the sum of the charges."""
        return {
            "formula": self.formula,
            "dopant": write_ion(self.dopant, self.oxidation_state),
            "replaced": self.replaced,
            "n_dopants": self.n_dopants,
            "content": self.content,
            "compensation": self.compensation,
            "charge": self.charge,
        }


def balance_charge(
    counts: Mapping[str, int],
    *,
    dopant: str,
    oxidation_state: int,
    replaced: str,
    n_dopants: int,
    compensating: str | Mapping[str, int] = "Li",
    oxidation_states: Mapping[str, float] | None = None,
    n_formula_units: int | None = None,
) -> ChargeBalance:
    """Composition of a host with dopants, neutral through one or more other ions.

    Parameters
    ----------
    counts
        Atoms of each element in the host cell.
    dopant
        Element that is put in.
    oxidation_state
        Its charge [e].
    replaced
        Element whose ions it replaces.
    n_dopants
        Number of dopants in the cell.
    compensating
        Element that leaves (vacancies) or comes in (on vacant sites) to keep the
        cell neutral: Li, or for example O for oxygen vacancies; how many follows.
        Or the exact changes of several in the cell, such as ``{"Li": -2, "O": -1}``,
        which must make it neutral.
    oxidation_states
        Charges of host elements whose charge is not obvious, or differs [e].
    n_formula_units
        Formula units in the cell; by default the greatest common divisor of `counts`.

    Returns
    -------
    ChargeBalance
        Composition with zero charge.

    Raises
    ------
    InputError
        If the host is charged, a charge is missing or not whole, there are too few
        ions to replace or to remove, no whole number of compensating ions balances
        the charge, or the changes that are given do not.

    Notes
    -----
    n dopants of charge v on sites of charge q change the number of compensating ions
    of charge c by

        ΔN = −n (v − q) / c,

    which must be whole; of several, Σ ΔN c = −n (v − q). For LLZO with c = +1 these
    are Li7−vxMxLa3Zr2O12 on the Li site (the replaced Li leaves besides),
    Li7+(3−v)xLa3−xMxZr2O12 on La and Li7+(4−v)xLa3Zr2−xMxO12 on Zr [1]_.

    ====== ====================
    symbol variable
    ====== ====================
    n      `n_dopants`
    v      `oxidation_state`
    ΔN     ``n_compensating``
    x      ``content``
    ====== ====================

    References
    ----------
    .. [1] B. Liu et al., J. Mater. Chem. A 7, 19961 (2019), doi:10.1039/C9TA06748E.

    Examples
    --------
    >>> llzo = {"Li": 56, "La": 24, "Zr": 16, "O": 96}
    >>> balance_charge(
    ...     llzo, dopant="Al", oxidation_state=3, replaced="Li", n_dopants=2
    ... ).formula
    'Li6.25Al0.25La3Zr2O12'
    >>> balance_charge(
    ...     llzo, dopant="Ca", oxidation_state=2, replaced="La", n_dopants=1
    ... ).formula
    'Li7.125La2.875Ca0.125Zr2O12'

    Two Y on Zr by one oxygen vacancy instead of two Li, or by two of each:

    >>> balance_charge(
    ...     llzo,
    ...     dopant="Y",
    ...     oxidation_state=3,
    ...     replaced="Zr",
    ...     n_dopants=4,
    ...     compensating={"Li": 2, "O": -1},
    ... ).formula
    'Li7.25La3Zr1.5Y0.5O11.875'

    """
    host = {element: int(number) for element, number in counts.items() if number}
    charges = _charges(host, oxidation_states)
    total = sum(number * charges[element] for element, number in host.items())
    if total:
        raise InputError(
            f"host must be neutral; got a charge of {total:+d} e in {_plain(host)} "
            f"with {', '.join(write_ion(e, q) for e, q in charges.items())}. "
            "Correct the composition or oxidation_states."
        )
    _check_dopant(
        host,
        charges,
        dopant=dopant,
        oxidation_state=oxidation_state,
        replaced=replaced,
        n_dopants=n_dopants,
    )
    compensation = (
        single_compensation(
            host,
            charges,
            compensating,
            dopant=dopant,
            oxidation_state=oxidation_state,
            replaced=replaced,
            n_dopants=n_dopants,
        )
        if isinstance(compensating, str)
        else dict(compensating)
    )
    check_compensation(
        host,
        charges,
        compensation,
        excess=n_dopants * (oxidation_state - charges[replaced]),
        what=f"{n_dopants} {write_ion(dopant, oxidation_state)} on {replaced}",
    )
    after = dict(host)
    after[replaced] -= n_dopants
    for element, change in compensation.items():
        if after[element] + change < 0:
            raise InputError(
                f"n_dopants must leave enough {element} to remove; got {n_dopants} "
                f"{write_ion(dopant, oxidation_state)} on {replaced}, which needs "
                f"{-change} of the {after[element]} that are left. "
                "Take fewer dopants, or let another element compensate."
            )
        after[element] += change
    after[dopant] = after.get(dopant, 0) + n_dopants
    return ChargeBalance(
        dopant=dopant,
        oxidation_state=oxidation_state,
        replaced=replaced,
        n_dopants=n_dopants,
        compensation=compensation,
        n_formula_units=n_formula_units or math.gcd(*host.values()),
        host_counts=host,
        counts={element: number for element, number in after.items() if number},
        oxidation_states={**charges, dopant: oxidation_state},
    )


def dopants_of_content(content: float | str | Fraction, *, n_formula_units: int) -> int:
    """Whole number of dopants that a content per formula unit means in a cell.

    Parameters
    ----------
    content
        Dopants per formula unit (the x of the formula).
    n_formula_units
        Formula units in the cell.

    Raises
    ------
    InputError
        If the content is not positive or no whole number of dopants makes it.

    Examples
    --------
    >>> dopants_of_content(0.25, n_formula_units=8)
    2

    """
    try:
        exact = Fraction(content).limit_denominator(LARGEST_DENOMINATOR)
    except (ValueError, OverflowError, ZeroDivisionError):
        exact = Fraction(0)
    number = exact * n_formula_units
    nearest = round(number)
    if exact <= 0 or nearest < 1 or abs(number - nearest) > CONTENT_TOLERANCE:
        cells = exact.denominator // math.gcd(exact.denominator, n_formula_units)
        raise InputError(
            "content must give a whole number of dopants, at least one, in "
            f"{n_formula_units} formula units; got {content!r}, that is "
            f"{float(number):.4g} dopants. Take a multiple of "
            f"{1 / n_formula_units:.6g}"
            + (f", or {cells} cells." if exact > 0 and cells > 1 else ".")
        )
    return nearest


def _charges(
    host: Mapping[str, int], given: Mapping[str, float] | None
) -> dict[str, int]:
    """Charge of every element of the host as a whole number."""
    charges = oxidation_states_of(host, given)
    for element, charge in charges.items():
        if charge != round(charge) or charge == 0:
            raise InputError(
                "oxidation_states must be whole and not zero; got "
                f"{charge!r} for {element}. Mixed valence needs two species."
            )
    return {element: int(charge) for element, charge in charges.items()}


def _check_dopant(
    host: Mapping[str, int],
    charges: Mapping[str, int],
    *,
    dopant: str,
    oxidation_state: int,
    replaced: str,
    n_dopants: int,
) -> None:
    """Refuse a dopant that cannot be put in."""
    if oxidation_state == 0 or oxidation_state != int(oxidation_state):
        raise InputError(
            "oxidation_state must be a whole number other than zero; got "
            f"{oxidation_state!r}. Give the charge of the ion, for example 3."
        )
    if replaced not in host:
        raise InputError(
            f"site must be an element of the host ({', '.join(host)}); got "
            f"{replaced!r}. Name the element that is replaced."
        )
    if charges[replaced] * oxidation_state < 0:
        raise InputError(
            "dopant must have a charge of the sign of the ion it replaces; got "
            f"{write_ion(dopant, oxidation_state)} for "
            f"{write_ion(replaced, charges[replaced])}. Choose another site."
        )
    if charges.get(dopant, oxidation_state) != oxidation_state or dopant == replaced:
        raise InputError(
            "dopant must be another species than the host's; got "
            f"{write_ion(dopant, oxidation_state)} on {replaced} of a host with "
            f"{', '.join(write_ion(e, q) for e, q in charges.items())}. "
            "An element with two charges needs two symbols."
        )
    if not 1 <= n_dopants <= host[replaced]:
        raise InputError(
            f"n_dopants must lie between 1 and the {host[replaced]} {replaced} of the "
            f"cell; got {n_dopants!r}. Take fewer, or a larger cell."
        )


def _in_order(counts: Mapping[str, int], dopant: str, replaced: str) -> list[str]:
    """Elements as a formula names them: the dopant follows what it replaces."""
    others = [e for e in counts if e != dopant]
    ranked = sorted(
        others, key=lambda e: (e not in FIRST_OF_FORMULA, e in LAST_OF_FORMULA)
    )
    if replaced in ranked:
        ranked.insert(ranked.index(replaced) + 1, dopant)
    else:
        ranked.insert(len(ranked) - 1, dopant)
    return ranked


def _amount(number: Fraction) -> str:
    """Index of a formula, at most six digits."""
    return "" if number == 1 else f"{float(number):.6g}"


def _plain(counts: Mapping[str, int]) -> str:
    """Composition of a cell for messages."""
    return "".join(f"{element}{number}" for element, number in counts.items())
