"""Cut that a slab gets when nobody chooses one: widest gap, unless that is polar."""

from typing import NamedTuple

import numpy as np

from structures.layer_stack import pieces_between
from structures.oriented_crystal import NEUTRAL_e, OrientedCrystal
from structures.terminations import Cuts, cut_polarity

EQUAL_GAP_TOLERANCE_A = 0.05
OPEN_GAP_RATIO = 1.3
OPEN_GAP_A = 2.0  # no bond along the normal crosses it
POLAR_TYPE = 3


class DefaultCut(NamedTuple):
    """Cuts between the layers, ascending, and why they were taken."""

    chosen: np.ndarray
    reason: str


def default_cut(
    oriented: OrientedCrystal,
    cuts: Cuts,
    *,
    ranked: np.ndarray,
    charges: np.ndarray | None,
) -> DefaultCut:
    """Widest gap; where that is polar and another cut is not, the first such cut.

    Parameters
    ----------
    oriented, cuts
        Crystal in the plane's frame and its cuts.
    ranked
        Cut that stands for each termination, first choices first.
    charges
        Formal charges of the repeat [e], shape (n_atoms,), or None.

    """
    natural = natural_cuts(oriented, cuts, charges=charges)
    gap = f"widest gap, {cuts.gaps_A[natural[0]]:.2f} Å"
    polarities = [cut_polarity(oriented, cuts, int(k), charges) for k in natural]
    polar = [dipole for dipole, tasker in polarities if tasker == POLAR_TYPE]
    if charges is None or not polar:
        return DefaultCut(natural, gap)
    best = int(ranked[0])
    if cut_polarity(oriented, cuts, best, charges)[1] == POLAR_TYPE:
        return DefaultCut(natural, f"{gap}; every cut is polar")
    numbers = cuts.orbits[ranked].tolist()
    return DefaultCut(
        np.flatnonzero(cuts.orbits == cuts.orbits[best]),
        f"not polar, gap {cuts.gaps_A[best]:.2f} Å; termination "
        f"{numbers.index(cuts.orbits[natural[0]])}, the {gap}, has a dipole of "
        f"{abs(polar[0] or 0.0):.2f} e/Å per repeat",
    )


def natural_cuts(
    oriented: OrientedCrystal, cuts: Cuts, *, charges: np.ndarray | None
) -> np.ndarray:
    """Cuts between the layers that a crystal has by itself.

    Parameters
    ----------
    oriented, cuts
        Crystal in the plane's frame and its cuts.
    charges
        Formal charges of the repeat [e], shape (n_atoms,), or None.

    """
    repeat, widths = oriented.repeat, cuts.gaps_A
    wide = np.flatnonzero(widths >= widths.max() - EQUAL_GAP_TOLERANCE_A)
    others = widths[widths < widths.max() - EQUAL_GAP_TOLERANCE_A]
    pieces = [
        index for index, _ in pieces_between(len(repeat), cuts.order, cuts.places[wide])
    ]
    alike = len({repeat[index].get_chemical_formula() for index in pieces}) == 1
    neutral = charges is None or all(
        abs(charges[index].sum()) <= NEUTRAL_e for index in pieces
    )
    open_between = (
        len(others) > 0
        and widths.max() >= OPEN_GAP_A
        and widths.max() >= OPEN_GAP_RATIO * others.max()
    )
    if alike or (open_between and neutral):
        return wide
    return np.flatnonzero(cuts.orbits == cuts.orbits[wide[0]])
