"""Write the dopants of LLZO: those that Liu et al. name, completed by one rule.

The complete table of the paper (100 + 18 compounds) is in its supporting
information, which is not reproduced here. Rows that the article itself names are
entered by hand below; the others come from the rule in ``completed``.

    python scripts/structures/llzo_dopants.py structures/data/llzo_dopants.csv
"""

import csv
import sys
import warnings
from pathlib import Path

from pymatgen.core import Element

HOST = {"Li": (4, "IV", 1), "La": (8, "VIII", 3), "Zr": (6, "VI", 4)}
"""Site → number of oxygen neighbours, the same in Shannon's notation, charge."""

# Abstract: thermodynamically stable against Li metal.
STABLE = {
    "Sc3+": "Zr",
    "Ce3+": "La Zr",
    "Ac3+": "La",
    "Y3+": "La Zr",
    "Tm3+": "La Zr",
    "Er3+": "La Zr",
    "Ho3+": "La Zr",
    "Dy3+": "La Zr",
    "Nd3+": "La Zr",
    "Tb3+": "La Zr",
    "Pr3+": "La",
    "Pm3+": "La Zr",
    "Sm3+": "La Zr",
    "Gd3+": "La Zr",
    "Lu3+": "La",
    "Ce4+": "Zr",
    "Th4+": "Zr",
    "Pa5+": "Zr",
}
# Abstract: may form a stable, passivating interphase on Li metal.
PASSIVATING = {
    "Ca2+": "La Zr",
    "Yb3+": "La",
    "Br3+": "Li",
    "Te4+": "Zr",
    "Se4+": "Zr",
    "S4+": "Zr",
    "Hf4+": "Zr",
    "Cl5+": "Zr",
    "I5+": "Zr",
}
# Named in the article's text; the outcome of the screen is stated for Al alone.
TEXT = {
    "Al3+": ("Li", "worked example, figures 1 and 2; cited for the Li site"),
    "Ga3+": ("Li", "introduction, cited for the Li site"),
    "Fe3+": ("Li", "introduction: Li6.4Fe0.2La3Zr2O12 is not stable against Li"),
    "Nb5+": ("Zr", "introduction, cited for the Zr site; not stable against Li"),
    "Ta5+": ("Zr", "introduction, cited for the Zr site; stable against Li"),
    "W6+": ("Zr", "introduction, cited for the Zr site"),
    "Mo6+": ("Zr", "introduction, cited for the Zr site"),
    "Ti4+": ("Zr", "introduction: LixLa3M2O12 with x = 7, so charge 4"),
    "Sb5+": ("Zr", "introduction: LixLa3M2O12 with x = 5, so charge 5"),
    "Bi5+": ("Zr", "introduction: LixLa3M2O12 with x = 5, so charge 5"),
}

LARGEST_RADIUS_DIFFERENCE = 0.25
LARGEST_CHARGE_DIFFERENCE = 2
LEFT_OUT = {"O", "F", "N", "C", "La", "Zr", "Po", "At", "Fr", "Ra"}
LAST_ELEMENT = 92

COLUMNS = (
    "element",
    "oxidation_state",
    "site",
    "coordination_number",
    "shannon_radius_A",
    "source",
    "outcome",
    "evidence",
)


def radius(symbol: str, charge: int, coordination: str) -> float | None:
    """Shannon's ionic radius (high spin) at exactly this coordination [Å]."""
    table = Element(symbol).data.get("Shannon radii") or {}
    spins = table.get(str(charge), {}).get(coordination, {})
    return max((entry["ionic_radius"] for entry in spins.values()), default=None)


def named() -> dict[tuple[str, int, str], tuple[str, str, str]]:
    """(element, charge, site) → (source, outcome, evidence) of the article."""
    rows = {}
    for outcome, listed in (("stable", STABLE), ("passivating", PASSIVATING)):
        for ion, sites in listed.items():
            for site in sites.split():
                rows[ion[:-2], int(ion[-2]), site] = ("abstract", outcome, "abstract")
    for ion, (site, evidence) in TEXT.items():
        outcome = "reduced" if ion == "Al3+" else ""
        rows[ion[:-2], int(ion[-2]), site] = ("text", outcome, evidence)
    return rows


def completed() -> dict[tuple[str, int, str], tuple[str, str, str]]:
    """Rows of the rule: stable charge, radius within 25 %, charge within 2."""
    host = {
        site: radius(site, charge, roman) for site, (_, roman, charge) in HOST.items()
    }
    rows = {}
    for number in range(4, LAST_ELEMENT + 1):
        element = Element.from_Z(number)
        if element.is_noble_gas or element.symbol in LEFT_OUT:
            continue
        for charge in element.common_oxidation_states:
            for site, (_, roman, site_charge) in HOST.items():
                own = radius(element.symbol, charge, roman)
                if own is None or charge < 1:
                    continue
                misfit = own / host[site] - 1
                if (
                    abs(misfit) <= LARGEST_RADIUS_DIFFERENCE
                    and abs(charge - site_charge) <= LARGEST_CHARGE_DIFFERENCE
                ):
                    evidence = f"rule: radius {misfit:+.0%} of {site}"
                    rows[element.symbol, charge, site] = ("completed", "", evidence)
    return rows


def main(path: Path) -> None:
    """Write the table, sorted by site, atomic number and charge."""
    rows = completed() | named()
    order = list(HOST)
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(COLUMNS)
        for (symbol, charge, site), origin in sorted(
            rows.items(),
            key=lambda row: (order.index(row[0][2]), Element(row[0][0]).Z, row[0][1]),
        ):
            neighbours, roman, _ = HOST[site]
            own = radius(symbol, charge, roman)
            table.writerow(
                [symbol, charge, site, neighbours, "" if own is None else own, *origin]
            )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]))
