"""Chemical formulas: read, reduced to whole numbers, written one way."""

import math
import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from ase.data import atomic_numbers

from training_data.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core import Composition

LARGEST_DENOMINATOR = 10_000
"""Fractional amounts are taken as fractions with a denominator up to this."""

SYMBOL = re.compile(r"[A-Z][a-z]*")
HYDROXIDE = re.compile(r"HO(?=\)|$)")
"""How pymatgen, which orders by electronegativity, ends the name of a hydroxide."""


def read_formula(formula: str) -> dict[str, float]:
    """Atoms of each element in a formula, as it is written.

    Parameters
    ----------
    formula
        Formula without charges, such as ``"Li6.25La3Zr2Al0.25O12"`` or ``"Ca(OH)2"``.

    Returns
    -------
    dict
        Symbol → amount.

    Raises
    ------
    InputError
        If it is no formula, or names something that is no element.

    Examples
    --------
    >>> read_formula("Li6.25La3Zr2Al0.25O12")
    {'Li': 6.25, 'La': 3.0, 'Zr': 2.0, 'Al': 0.25, 'O': 12.0}

    """
    return dict(_amounts(formula))


@lru_cache(maxsize=65536)
def _amounts(formula: str) -> tuple[tuple[str, float], ...]:
    """Symbols with amounts, in a form that can be kept."""
    from pymatgen.core import Composition  # noqa: PLC0415 (slow to import)

    if not isinstance(formula, str):
        raise InputError(
            f"formula must be text; got {formula!r}. Write it like 'Li7La3Zr2O12'."
        )
    symbols = set(SYMBOL.findall(formula))
    unknown = sorted(symbols - set(atomic_numbers) | symbols & {"X"})
    if unknown:
        raise InputError(
            f"formula must name elements; got {formula!r} with {', '.join(unknown)}. "
            "Write it like 'Li7La3Zr2O12', without charges."
        )
    try:
        amounts = {
            str(element): float(amount)
            for element, amount in Composition(formula).items()
        }
    except ValueError as error:
        raise InputError(
            f"formula must be a chemical formula; got {formula!r} ({error}). "
            "Write it like 'Li7La3Zr2O12', without charges."
        ) from None
    if set(amounts) != symbols or not all(map(math.isfinite, amounts.values())):
        raise InputError(
            f"formula must have a positive amount of every element; got {formula!r}. "
            "Leave out what is not there."
        )
    return tuple(amounts.items())


def whole_amounts(amounts: Mapping[str, float]) -> dict[str, int]:
    """Smallest whole numbers in the same proportion, in order of the symbols.

    Parameters
    ----------
    amounts
        Symbol → amount.

    Returns
    -------
    dict
        Symbol → whole number. The same compound always gives the same mapping.

    Examples
    --------
    >>> whole_amounts({"O": 6.0, "La": 1.5, "Al": 0.125})
    {'Al': 1, 'La': 12, 'O': 48}

    """
    fractions = {
        symbol: Fraction(float(amounts[symbol])).limit_denominator(LARGEST_DENOMINATOR)
        for symbol in sorted(amounts)
    }
    if not fractions or min(fractions.values()) <= 0:
        raise InputError(
            "amounts must be at least 1 in 10,000 of a formula unit; got "
            f"{dict(amounts)!r}. Leave out what is not there."
        )
    common = math.lcm(*(f.denominator for f in fractions.values()))
    whole = {symbol: int(f * common) for symbol, f in fractions.items()}
    divisor = math.gcd(*whole.values())
    return {symbol: amount // divisor for symbol, amount in whole.items()}


def reduced_formula(formula: str) -> str:
    """Name of a compound: the smallest whole numbers, in the order of pymatgen.

    Hydroxides end in OH.

    Parameters
    ----------
    formula
        Formula in any form.

    Returns
    -------
    str
        The one text by which the compound is named everywhere.

    Examples
    --------
    >>> reduced_formula("O6Zr3"), reduced_formula("Li6.25La3Zr2Al0.25O12")
    ('ZrO2', 'Li25La12Zr8AlO48')
    >>> reduced_formula("La(OH)3")
    'La(OH)3'

    """
    from pymatgen.core import Composition  # noqa: PLC0415 (slow to import)

    whole = whole_amounts(read_formula(formula))
    return name_of(Composition(whole))[0]


def name_of(composition: "Composition") -> tuple[str, float]:
    """Name of a composition of pymatgen, and how many of its units are in it.

    Parameters
    ----------
    composition
        pymatgen's, in whole numbers.

    Returns
    -------
    str
        As :func:`reduced_formula` writes it.
    float
        Formula units.

    Examples
    --------
    >>> from pymatgen.core import Composition
    >>> name_of(Composition("Li2H2O2"))
    ('LiOH', 2.0)

    """
    name, n_units = composition.get_reduced_formula_and_factor()
    return HYDROXIDE.sub("OH", name), float(n_units)


def read_elements(elements: str | Iterable[str]) -> frozenset[str]:
    """Elements of a chemical system.

    Parameters
    ----------
    elements
        Symbols, or text such as ``"Li-La-Zr-O"``.

    Returns
    -------
    frozenset of str
        The symbols.

    Raises
    ------
    InputError
        If one of them is no element, or there is none.

    Examples
    --------
    >>> sorted(read_elements("Li-Zr-O"))
    ['Li', 'O', 'Zr']

    """
    symbols = elements.split("-") if isinstance(elements, str) else list(elements)
    unknown = [s for s in symbols if s not in atomic_numbers or s == "X"]
    if unknown or not symbols:
        raise InputError(
            f"elements must be chemical symbols; got {elements!r}. "
            "Write {'Li', 'O'} or 'Li-O'."
        )
    return frozenset(symbols)
