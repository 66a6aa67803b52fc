"""Balanced reaction by which a compound forms from its host and a few phases."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import linprog

from screening.formulas import read_formula, reduced_formula
from training_data.errors import InputError

SMALLEST_AMOUNT = 1e-7
RESIDUAL = 1e-6


def balanced_formation(
    formula: str, *, host: str, phases: Sequence[str]
) -> dict[str, float]:
    """Reaction that makes a compound of its host and as little else as possible.

    Parameters
    ----------
    formula
        The compound.
    host
        Phase that is taken as often as most of its elements fit into the compound.
    phases
        Formulas of all phases, the host among them or not.

    Returns
    -------
    dict
        Phase → formula units per formula unit of the compound, those that take part.

    Raises
    ------
    InputError
        If the phases do not balance.

    Examples
    --------
    >>> balanced_formation(
    ...     "Li6.25La3Zr2Al0.25O12",
    ...     host="Li7La3Zr2O12",
    ...     phases=["Al2O3", "Li2O", "La2O3", "ZrO2"],
    ... )
    {'Li7La3Zr2O12': 1.0, 'Al2O3': 0.125, 'Li2O': -0.375}

    """
    wanted = read_formula(formula)
    units = {host: _host_units(wanted, read_formula(host))}
    others = [phase for phase in phases if phase != host]
    rest = {
        s: n - units[host] * read_formula(host).get(s, 0) for s, n in wanted.items()
    }
    rest |= {
        s: -units[host] * n for s, n in read_formula(host).items() if s not in wanted
    }
    found = _fewest_atoms(rest, others)
    if found is None:  # the other phases need the host to balance
        units = {}
        found = _fewest_atoms(wanted, [host, *others])
    if found is None:
        raise InputError(
            f"phases must balance {reduced_formula(formula)}; got "
            f"{', '.join([host, *others])}. Add a phase for each element that has none."
        )
    return {
        phase: round(amount, 9)
        for phase, amount in (units | found).items()
        if abs(amount) > SMALLEST_AMOUNT
    }


def _host_units(wanted: Mapping[str, float], host: Mapping[str, float]) -> float:
    """How often most elements of the host fit into the compound, else the most.

    A dopant and the ions that compensate it change the amounts of two elements; the
    others say how many formula units of the host there are.
    """
    ratios = [round(wanted.get(symbol, 0.0) / n, 9) for symbol, n in host.items()]
    return max(ratios, key=lambda ratio: (ratios.count(ratio), ratio))


def _fewest_atoms(
    wanted: Mapping[str, float], phases: Sequence[str]
) -> dict[str, float] | None:
    """Units of phases, of both signs, that hold these atoms; None where none do."""
    contents = [read_formula(phase) for phase in phases]
    symbols = sorted({s for each in [wanted, *contents] for s in each})
    target = np.array([wanted.get(s, 0.0) for s in symbols])
    if np.abs(target).max() < RESIDUAL:
        return {}
    if not phases:
        return None
    matrix = np.array([[each.get(s, 0.0) for each in contents] for s in symbols])
    sizes = matrix.sum(axis=0)
    solution = linprog(
        np.concatenate([sizes, sizes]),
        A_eq=np.hstack([matrix, -matrix]),
        b_eq=target,
        bounds=(0, None),
        method="highs",
    )
    if solution.x is None:
        return None
    units = solution.x[: len(phases)] - solution.x[len(phases) :]
    if np.abs(matrix @ units - target).max() > RESIDUAL:
        return None
    return dict(zip(phases, map(float, units), strict=True))
