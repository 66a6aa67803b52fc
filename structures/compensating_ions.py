"""Ions that leave or come in so that a doped cell is neutral."""

import math
from collections.abc import Mapping
from fractions import Fraction

from structures.dopants import write_ion
from training_data.errors import InputError


def single_compensation(
    host: Mapping[str, int],
    charges: Mapping[str, int],
    compensating: str,
    *,
    dopant: str,
    oxidation_state: int,
    replaced: str,
    n_dopants: int,
) -> dict[str, int]:
    """Change of the one element that keeps the cell neutral.

    Parameters
    ----------
    host
        Atoms of each element before.
    charges
        Their charges [e].
    compensating
        The element.
    dopant, oxidation_state, replaced, n_dopants
        As in :func:`structures.charge_balance.balance_charge`.

    Raises
    ------
    InputError
        If the host has no such element, or no whole number of its ions does it.

    """
    if compensating not in host:
        raise InputError(
            f"compensating must be an element of the host ({', '.join(host)}); got "
            f"{compensating!r}. Name the element that leaves or comes in."
        )
    excess = n_dopants * (oxidation_state - charges[replaced])
    change = Fraction(-excess, charges[compensating])
    if change.denominator != 1:
        unit = abs(charges[compensating])
        fewest = unit // math.gcd(unit, oxidation_state - charges[replaced])
        raise InputError(
            f"n_dopants must be balanced by whole ions; got {n_dopants} "
            f"{write_ion(dopant, oxidation_state)} on {replaced}, which asks for "
            f"{change} {write_ion(compensating, charges[compensating])}. "
            f"Take a multiple of {fewest}, or let another element compensate."
        )
    return {compensating: int(change)}


def check_compensation(
    host: Mapping[str, int],
    charges: Mapping[str, int],
    compensation: Mapping[str, int],
    *,
    excess: int,
    what: str,
) -> None:
    """Refuse changes that leave a charge, or of elements that are not there.

    Parameters
    ----------
    host
        Atoms of each element before.
    charges
        Their charges [e].
    compensation
        Element → change of its number.
    excess
        Charge that the dopants bring [e].
    what
        The dopants, for the message.

    Raises
    ------
    InputError
        If they are refused.

    """
    absent = [element for element in compensation if element not in host]
    if absent:
        raise InputError(
            f"compensating must name elements of the host ({', '.join(host)}); got "
            f"{', '.join(absent)}. Name those that leave or come in."
        )
    broken = {e: change for e, change in compensation.items() if change != int(change)}
    if broken:
        raise InputError(
            f"compensating must give whole ions; got {broken}. Count ions of the cell."
        )
    left = excess + sum(charges[e] * change for e, change in compensation.items())
    if left:
        given = " ".join(f"{e}={change:+d}" for e, change in compensation.items())
        raise InputError(
            f"compensating must make the cell neutral; got {given or 'nothing'} for "
            f"{what}, which leaves a charge of {left:+d} e. Ions that come in count "
            "positive, those that leave negative."
        )
