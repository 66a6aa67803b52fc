"""Band gaps by formula: computed ones of all polymorphs, and measured ones."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from screening.composition_table import CompositionTable
from screening.data_files import data_file
from screening.formulas import reduced_formula

TABLE = "band_gaps.npz"
MEV_PER_EV = 1e3


@dataclass(frozen=True, kw_only=True)
class BandGap:
    """What is known of the band gap of one composition.

    Parameters
    ----------
    formula
        Reduced formula.
    pbe_lowest_eV, pbe_highest_eV
        Smallest and largest PBE gap among its polymorphs [eV]; None where no gap was
        computed. PBE gaps are too small by a third to a half.
    n_polymorphs
        Polymorphs with a computed gap.
    measured_eV
        Measured gap [eV]; None where none is known.

    """

    formula: str
    pbe_lowest_eV: float | None
    pbe_highest_eV: float | None
    n_polymorphs: int
    measured_eV: float | None

    @property
    def known(self) -> bool:
        """Whether there is any gap, computed or measured."""
        return self.pbe_lowest_eV is not None or self.measured_eV is not None

    def to_json(self) -> dict[str, Any]:
        """Numbers of the gap, null where they are not known."""
        return {
            "formula": self.formula,
            "pbe_lowest_eV": self.pbe_lowest_eV,
            "pbe_highest_eV": self.pbe_highest_eV,
            "n_polymorphs": self.n_polymorphs,
            "measured_eV": self.measured_eV,
        }


def band_gap(formula: str) -> BandGap:
    """Band gap of a composition, from the shipped table.

    Parameters
    ----------
    formula
        Formula in any form.

    Returns
    -------
    BandGap
        Computed and measured gap; a composition that is not in the table comes back
        with nothing known, since a missing gap is no gap of zero.

    Notes
    -----
    The source does not say which polymorph is the ground state: the smallest and the
    largest gap bracket it.

    References
    ----------
    A. Dunn et al., npj Comput. Mater. 6, 138 (2020), doi:10.1038/s41524-020-00406-3.
    Y. Zhuo, A. Mansouri Tehrani, J. Brgoch, J. Phys. Chem. Lett. 9, 1668 (2018),
    doi:10.1021/acs.jpclett.8b00124 (the measured gaps).

    Examples
    --------
    >>> band_gap("Zr4O").pbe_lowest_eV, band_gap("Li14La6Zr4O24").pbe_lowest_eV
    (0.0, 4.451)
    >>> band_gap("Li25La12Zr8AlO48").known
    False

    """
    table, numbers = _gaps()
    name = reduced_formula(formula)
    row = table.row(formula)
    if row is None:
        return BandGap(
            formula=name,
            pbe_lowest_eV=None,
            pbe_highest_eV=None,
            n_polymorphs=0,
            measured_eV=None,
        )
    lowest, highest, measured = (
        None if np.isnan(value) else float(value) for value in numbers[row, :3]
    )
    return BandGap(
        formula=name,
        pbe_lowest_eV=lowest,
        pbe_highest_eV=highest,
        n_polymorphs=int(numbers[row, 3]),
        measured_eV=measured,
    )


@cache
def _gaps() -> tuple[CompositionTable, np.ndarray]:
    """Compositions, and lowest, highest, measured gap [eV] and number of each."""
    with np.load(data_file(TABLE)) as table:
        compositions = CompositionTable(
            n_elements=table["n_elements"],
            numbers=table["numbers"],
            amounts=table["amounts"],
        )
        gaps = np.stack(
            [table[f"{name}_meV"] for name in ("lowest", "highest", "measured")], axis=1
        ).astype(float)
        n_polymorphs = table["n_polymorphs"].astype(float)
    gaps[gaps < 0] = np.nan
    return compositions, np.column_stack([gaps / MEV_PER_EV, n_polymorphs])
