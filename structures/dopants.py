"""Dopants of LLZO: which element, with which charge, on which site."""

import csv
import re
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from ase.data import atomic_numbers

from training_data.errors import InputError

DopantSource = Literal["abstract", "text", "completed"]
DopantOutcome = Literal["stable", "passivating", "reduced", ""]

TABLE = Path(__file__).parent / "data" / "llzo_dopants.csv"


@dataclass(frozen=True, kw_only=True)
class LlzoDopant:
    """One dopant on one site of LLZO, with where the row comes from.

    Parameters
    ----------
    element
        Chemical symbol.
    oxidation_state
        Charge of the ion in units of e.
    site
        Element that is replaced: Li, La or Zr.
    coordination_number
        Number of oxygen neighbours on that site.
    shannon_radius_A
        Shannon's ionic radius at this coordination [Å]; None where he gives none.
    source
        "abstract" and "text": named there by the article; "completed": ours, by rule.
    outcome
        Fate against Li metal that the article states ("stable", "passivating",
        "reduced"); empty where it states none.
    evidence
        Where in the article, or how the rule found it.

    """

    element: str
    oxidation_state: int
    site: str
    coordination_number: int
    shannon_radius_A: float | None
    source: DopantSource
    outcome: DopantOutcome
    evidence: str

    @property
    def ion(self) -> str:
        """Element with its charge, such as ``"Al3+"``."""
        return write_ion(self.element, self.oxidation_state)

    @property
    def name(self) -> str:
        """Ion and site, such as ``"Al3+-Li"``."""
        return f"{self.ion}-{self.site}"

    def to_json(self) -> dict[str, Any]:
        """Row of the table."""
        return asdict(self)


@cache
def load_llzo_dopants() -> tuple[LlzoDopant, ...]:
    """Dopants of LLZO that are screened against lithium metal.

    The article screened 100 + 18 compounds and lists them in its supporting
    information. This table holds the 49 rows that the article's own text names and
    68 that a stated rule adds, 117 in all: it covers the same ground and is not a
    copy of the article's table.

    Returns
    -------
    tuple of LlzoDopant
        Sorted by site, atomic number and charge.

    Notes
    -----
    The rule: charge among the common oxidation states (pymatgen) and within 2 of the
    host's; Shannon radius at the site's coordination (Li 4, La 8, Zr 6) within 25 %
    of the host's; elements up to U without H, C, N, O, F, noble gases, Po, At, Fr and
    Ra. By itself it finds 30 of the 49 named rows.

    References
    ----------
    B. Liu et al., J. Mater. Chem. A 7, 19961 (2019), doi:10.1039/C9TA06748E.
    R. D. Shannon, Acta Cryst. A 32, 751 (1976), doi:10.1107/S0567739476001551.

    Examples
    --------
    >>> rows = load_llzo_dopants()
    >>> len(rows), sum(row.source != "completed" for row in rows)
    (117, 49)
    >>> [row.name for row in rows if row.element == "Ce"]
    ['Ce3+-La', 'Ce4+-La', 'Ce3+-Zr', 'Ce4+-Zr']

    """
    with TABLE.open(encoding="utf-8", newline="") as stream:
        return tuple(_row(entry) for entry in csv.DictReader(stream))


def _row(entry: dict[str, str]) -> LlzoDopant:
    """One line of the table, checked."""
    source, outcome = entry["source"], entry["outcome"]
    if source not in get_args(DopantSource) or outcome not in get_args(DopantOutcome):
        raise InputError(
            f"source and outcome must be known; got {source!r} and {outcome!r} for "
            f"{entry['element']} in '{TABLE}'. Restore the file."
        )
    radius = entry["shannon_radius_A"]
    return LlzoDopant(
        element=entry["element"],
        oxidation_state=int(entry["oxidation_state"]),
        site=entry["site"],
        coordination_number=int(entry["coordination_number"]),
        shannon_radius_A=float(radius) if radius else None,
        source=source,  # type: ignore[arg-type]
        outcome=outcome,  # type: ignore[arg-type]
        evidence=entry["evidence"],
    )


def read_ion(text: str) -> tuple[str, int]:
    """Element and charge of an ion.

    Parameters
    ----------
    text
        Symbol, number and sign, such as ``"Al3+"``, ``"Na+"`` or ``"O2-"``.

    Raises
    ------
    InputError
        If the charge or its sign is missing, the element does not exist, or no
        compound of it is known in which it has this charge or more.

    Examples
    --------
    >>> read_ion("Al3+"), read_ion("Na+"), read_ion("O2-")
    (('Al', 3), ('Na', 1), ('O', -2))

    """
    from pymatgen.core import Element  # noqa: PLC0415 (slow to import)

    found = re.fullmatch(r"([A-Z][a-z]?)(\d*)([+-])", text.strip())
    if found is None or atomic_numbers.get(found[1], 0) < 1 or found[2] == "0":
        raise InputError(
            f"dopant must be an element with its charge; got {text!r}. "
            "Write for example Al3+."
        )
    charge = int(found[2] or 1) * (1 if found[3] == "+" else -1)
    known = Element(found[1]).oxidation_states or (0,)
    if not min(*known, 0) <= charge <= max(*known, 0):
        raise InputError(
            f"dopant must have a charge that {found[1]} can have, between "
            f"{min(*known, 0)} and {max(*known, 0)}; got {text!r}. "
            "Correct the charge."
        )
    return found[1], charge


def write_ion(element: str, oxidation_state: int) -> str:
    """Symbol, number and sign of an ion.

    Parameters
    ----------
    element
        Chemical symbol.
    oxidation_state
        Charge in units of e; not zero.

    Examples
    --------
    >>> write_ion("Al", 3), write_ion("Na", 1), write_ion("O", -2)
    ('Al3+', 'Na+', 'O2-')

    """
    size = "" if abs(oxidation_state) == 1 else str(abs(oxidation_state))
    return f"{element}{size}{'+' if oxidation_state > 0 else '-'}"
