"""What numbers make an interface: gap, vacuum, shift and choices."""

import numpy as np

from structures.shared_strain import METAL_SHARES
from structures.slab_limits import LONGEST_A
from training_data.errors import InputError


def check_stacking(
    gap_A: float, vacuum_A: float | None, shift: tuple[float, float]
) -> None:
    """Refusal of a gap, a vacuum or a shift that makes no interface.

    Parameters
    ----------
    gap_A, vacuum_A
        As for ``build_interface`` [Å].
    shift
        Fractions of the cell.

    Raises
    ------
    InputError
        If a number is not finite or out of range, or the vacuum below the gap.

    """
    if not 0 < gap_A <= LONGEST_A:
        raise InputError(
            f"gap_A must be positive and at most {LONGEST_A:g} Å; got {gap_A!r}. Give "
            "2 to 3 Å for Li on chlorine."
        )
    if vacuum_A is not None and not 0 < vacuum_A <= LONGEST_A:
        raise InputError(
            f"vacuum_A must be positive or None, at most {LONGEST_A:g} Å; got "
            f"{vacuum_A!r}. None makes the second contact."
        )
    if vacuum_A is not None and vacuum_A < gap_A:
        raise InputError(
            f"vacuum_A must keep the periodic images further apart than gap_A, "
            f"{gap_A!r}; got {vacuum_A!r}. Give 10 Å or more, or None for a second "
            "contact."
        )
    if not (len(shift) == 2 and np.isfinite(shift).all()):  # noqa: PLR2004 - a and b
        raise InputError(
            f"shift must be two finite fractions of the cell; got {shift!r}. "
            "Give for example (0.5, 0.0)."
        )


def check_choice(match: int, strain_on: str) -> None:
    """Refusal of a match or a side that cannot be chosen.

    Parameters
    ----------
    match, strain_on
        As for ``build_interface``.

    Raises
    ------
    InputError
        If the match is negative or the side unknown.

    """
    if strain_on not in METAL_SHARES:
        raise InputError(
            f"strain_on must be metal, electrolyte or shared; got {strain_on!r}. "
            "Choose one of the three."
        )
    if match < 0:
        raise InputError(
            f"match must not be negative; got {match!r}. 0 is the smallest."
        )
