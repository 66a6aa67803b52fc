"""What is known of a phase that forms at an interface: gap, volume, Li transport."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from screening.band_gaps import BandGap, band_gap
from screening.data_files import data_file
from screening.formulas import read_formula, reduced_formula

GapSource = Literal["PBE", "measured"]

TABLE = "product_properties.csv"
A3_PER_CM3_PER_MOL = 1 / 0.602214076
MOST_POLAR = 0.7
"""Electronegativity difference up to which an alloy has the volume of its elements."""
LEAST_METAL_PER_OXYGEN = 3.0
"""Metal atoms per oxygen from which oxygen sits in holes of the metal."""


@dataclass(frozen=True, kw_only=True)
class Product:
    """A phase of an interphase, with what is known of it.

    Parameters
    ----------
    formula
        Reduced formula.
    amount
        Formula units formed.
    gap
        Band gap: computed of all polymorphs, and measured.
    volume_A3
        Volume per formula unit [Å³]; None where not known.
    volume_source
        Where the volume comes from; starts with "estimated" where it is no measurement.
    conductivity_S_per_cm
        Lithium conductivity near room temperature [S/cm]; None where not known.
    conductivity_is_limit
        Whether that is an upper limit.
    conductivity_source
        Collection and DOI of the measurement.

    """

    formula: str
    amount: float
    gap: BandGap
    volume_A3: float | None
    volume_source: str
    conductivity_S_per_cm: float | None
    conductivity_is_limit: bool
    conductivity_source: str

    def gap_eV(self, gaps: GapSource) -> float | None:  # noqa: N802 (unit)
        """Gap that rules are applied to [eV]; None where not known.

        Parameters
        ----------
        gaps
            "PBE": smallest computed gap of the polymorphs, measured where none was
            computed. "measured": the other way round.

        """
        computed, measured = self.gap.pbe_lowest_eV, self.gap.measured_eV
        first, second = (computed, measured) if gaps == "PBE" else (measured, computed)
        return second if first is None else first

    def to_json(self) -> dict[str, Any]:
        """Numbers and sources, null where not known."""
        return {
            "formula": self.formula,
            "amount": self.amount,
            "gap_pbe_lowest_eV": self.gap.pbe_lowest_eV,
            "gap_pbe_highest_eV": self.gap.pbe_highest_eV,
            "gap_measured_eV": self.gap.measured_eV,
            "volume_A3": self.volume_A3,
            "volume_source": self.volume_source,
            "conductivity_S_per_cm": self.conductivity_S_per_cm,
            "conductivity_is_limit": self.conductivity_is_limit,
            "conductivity_source": self.conductivity_source,
        }


def product(formula: str, *, amount: float = 1.0) -> Product:
    """Gap, volume and lithium conductivity of a phase, from the shipped tables.

    Parameters
    ----------
    formula
        Formula in any form.
    amount
        Formula units formed.

    Returns
    -------
    Product
        What is not known is None.

    Notes
    -----
    A volume that was not measured is estimated in two cases. Alloys of metals whose
    electronegativities differ by at most 0.7 have the sum of the volumes of their
    elements (additive volumes; Zr3Al comes out 3 % too large); more polar ones, such as
    Li3Bi, contract by up to a quarter and are left out. Oxides with at least three
    metal atoms per oxygen, such as Zr4O, have the volume of the metal, in whose holes
    the oxygen sits.

    References
    ----------
    F. Therrien et al., arXiv:2502.14234 (2025).
    C. J. Hargreaves et al., npj Comput. Mater. 9, 9 (2023),
    doi:10.1038/s41524-022-00951-z.

    Examples
    --------
    >>> product("Li2O").volume_A3, product("CeO").volume_A3
    (24.649, None)
    >>> zirconium = product("Zr4O")
    >>> round(zirconium.volume_A3), zirconium.volume_source
    (93, 'estimated: metal with oxygen in its holes')

    """
    name = reduced_formula(formula)
    row = _table().get(name, {})
    volume, source = _volume(name, row)
    conductivity = row.get("conductivity_S_per_cm")
    found = [row.get(key, "") for key in ("conductivity_source", "conductivity_doi")]
    return Product(
        formula=name,
        amount=amount,
        gap=band_gap(name),
        volume_A3=volume,
        volume_source=source,
        conductivity_S_per_cm=float(conductivity) if conductivity else None,
        conductivity_is_limit=row.get("conductivity_bound") == "<",
        conductivity_source=", ".join(filter(None, found)),
    )


@cache
def _table() -> Mapping[str, Mapping[str, str]]:
    """Rows of the shipped table by formula."""
    with data_file(TABLE).open(encoding="utf-8", newline="") as stream:
        return {row["formula"]: row for row in csv.DictReader(stream)}


def _volume(name: str, row: Mapping[str, str]) -> tuple[float | None, str]:
    """Volume per formula unit and where it is from."""
    from pymatgen.core import Element  # noqa: PLC0415 (slow to import)

    if row.get("volume_A3"):
        return float(row["volume_A3"]), row["volume_source"]
    amounts = read_formula(name)
    metals = {e: n for e, n in amounts.items() if Element(e).is_metal}
    others = {e: n for e, n in amounts.items() if e not in metals}
    volumes = [Element(e).molar_volume for e in metals]
    if not metals or any(volume is None for volume in volumes):
        return None, ""
    total = A3_PER_CM3_PER_MOL * sum(
        float(volume) * n for volume, n in zip(volumes, metals.values(), strict=True)
    )
    if len(amounts) == 1:
        return total, "element (pymatgen)"
    oxygen = others.get("O", 0.0)
    if set(others) == {"O"} and sum(metals.values()) >= LEAST_METAL_PER_OXYGEN * oxygen:
        return total, "estimated: metal with oxygen in its holes"
    strengths = [Element(e).X for e in amounts]
    if not others and max(strengths) - min(strengths) <= MOST_POLAR:
        return total, "estimated: sum of the elements"
    return None, ""
