"""Hull along the line from a compound to an electrode: where its slope changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from screening.entries import Entries
from screening.formulas import read_formula, reduced_formula
from screening.reaction import NEGLIGIBLE
from screening.stable_phases import stable_phases
from training_data.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core import Composition

SMALLEST_SHARE = 1e-6
"""Share of the compound in a mixture below which it is the pure electrode."""
SAME_ENERGY_EV = 1e-9


@dataclass(frozen=True, kw_only=True)
class HullPoint:
    """Mixture at which the stable phases change.

    Parameters
    ----------
    electrode_per_formula_unit
        Formula units of the electrode per formula unit of the compound.
    energy_eV
        Energy of the hull there, minus that of the electrode, relative to the
        elements [eV per formula unit of the compound].
    products
        Formula → formula units of the stable phases.

    """

    electrode_per_formula_unit: float
    energy_eV: float
    products: dict[str, float]


def hull_points(compound: str, electrode: str, *, entries: Entries) -> list[HullPoint]:
    """All mixtures at which the stable phases change, without the pure electrode.

    Parameters
    ----------
    compound, electrode
        Formulas of the two ends.
    entries
        Energies of everything that may form.

    Returns
    -------
    list of HullPoint
        From the pure compound on, by growing amount of the electrode.

    Raises
    ------
    InputError
        If the two are the same compound, the entries hold no compound of an element,
        or the elements are too many.

    """
    start, end = read_formula(compound), read_formula(electrode)
    system = entries.check_elements({*start, *end})
    if reduced_formula(compound) == reduced_formula(electrode):
        raise InputError(
            f"electrode must be another compound than {compound!r}; got "
            f"{electrode!r}. Nothing can react."
        )
    from pymatgen.core import Composition  # noqa: PLC0415 (slow to import)

    diagram = entries.phase_diagram(system)
    electrode_eV = diagram.get_hull_energy(Composition(end))
    points = []
    for mixture in diagram.get_critical_compositions(
        Composition(start), Composition(end)
    ):
        share, electrode_share = _shares(mixture, start, end)
        if share < SMALLEST_SHARE:
            continue
        amount = max(electrode_share / share, 0.0)
        amount = 0.0 if amount < NEGLIGIBLE else amount
        whole = Composition(
            {e: start.get(e, 0) + amount * end.get(e, 0) for e in {*start, *end}}
        )
        points.append(
            HullPoint(
                electrode_per_formula_unit=amount,
                energy_eV=float(diagram.get_hull_energy(whole)) - amount * electrode_eV,
                products=stable_phases(diagram, whole),
            )
        )
    return points


def itself(compound: str) -> dict[str, float]:
    """Reduced formula of a compound and how many of it are in the formula given.

    Parameters
    ----------
    compound
        Formula as it is written.

    Examples
    --------
    >>> itself("Li1.5Al0.5O1.5")
    {'Li3AlO3': 0.5}

    """
    reduced = reduced_formula(compound)
    n_atoms = sum(read_formula(compound).values())
    return {reduced: n_atoms / sum(read_formula(reduced).values())}


def below_origin(points: Sequence[tuple[float, float]]) -> list[int]:
    """Points of the lower convex hull of a curve together with the origin.

    Parameters
    ----------
    points
        (amount, energy) of a convex curve by growing amount.

    Returns
    -------
    list of int
        Indices of the points that stay on the hull; -1 stands for the origin.

    Notes
    -----
    A compound whose own energy lies below the hull is one more phase, at the end of
    the line: with it the hull along the line is the lower hull of the old one and the
    origin, since mixtures of the compound with anything else of the same overall
    composition have that rest on the line too.

    Examples
    --------
    >>> below_origin([(0.0, 0.5), (1.0, 0.2), (2.0, -0.4)])
    [-1, 2]

    """
    start = [(0.0, 0.0, -1)]
    ordered = [(x, y, i) for i, (x, y) in enumerate(points)]
    left = [p for p in ordered if p[0] < 0]
    right = [p for p in ordered if p[0] >= 0]
    if right and right[0][0] == 0:
        at_zero = right.pop(0)
        start = [at_zero] if at_zero[1] <= SAME_ENERGY_EV else start
    hull: list[tuple[float, float, int]] = []
    for point in [*left, *start, *right]:
        while len(hull) > 1 and _turns_down(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    return [index for _, _, index in hull]


def _turns_down(
    one: tuple[float, float, int],
    middle: tuple[float, float, int],
    other: tuple[float, float, int],
) -> bool:
    """Whether the middle point lies above the line through its neighbours."""
    along = (other[1] - one[1]) * (middle[0] - one[0])
    return (middle[1] - one[1]) * (other[0] - one[0]) > along + SAME_ENERGY_EV


def _shares(
    mixture: "Composition", start: Mapping[str, float], end: Mapping[str, float]
) -> tuple[float, float]:
    """Least-squares formula units of both ends in a mixture."""
    symbols = sorted({*start, *end})
    ends = np.array([[start.get(e, 0.0), end.get(e, 0.0)] for e in symbols])
    atoms = np.array([float(mixture[e]) for e in symbols])
    (share, other), *_ = np.linalg.lstsq(ends, atoms, rcond=None)
    return float(share), float(other)
