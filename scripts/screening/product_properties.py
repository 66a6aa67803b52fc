"""Write screening/data/product_properties.csv: volumes and conductivities of phases.

Volumes are cells of OBELiX where it has the compound, else molar mass over density of
the CRC Handbook. Conductivities are those of OBELiX at room temperature.

    python scripts/screening/product_properties.py OBELIX_FOLDER
"""

import csv
import re
import sys
from pathlib import Path

from ase.cell import Cell
from pymatgen.core import Composition

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "screening" / "data" / "product_properties.csv"
COLUMNS = (
    *("formula", "volume_A3", "volume_source", "conductivity_S_per_cm"),
    *("conductivity_bound", "conductivity_source", "conductivity_doi"),
)
OBELIX = "OBELiX (Therrien et al. 2025)"
CRC = "CRC Handbook, Physical Constants of Inorganic Compounds"
AVOGADRO_A3 = 0.602214076
MOST_ATOMS = 60

DENSITIES_G_PER_CM3 = """
Li2O 2.013, Li2O2 2.31, LiF 2.64, LiCl 2.07, LiBr 3.464, LiI 4.06, Li2S 1.64
LiH 0.78, Li3PO4 2.46, Li2SO4 2.21, Li2CO3 2.11, LiNbO3 4.30, MgO 3.60, CaO 3.34
SrO 5.10, BaO 5.72, Na2O 2.27, Al2O3 3.99, Ga2O3 6.00, Sc2O3 3.864, Y2O3 5.03
La2O3 6.51, Ce2O3 6.20, CeO2 7.216, Pr2O3 6.90, Nd2O3 7.24, Sm2O3 7.60, Eu2O3 7.42
Gd2O3 7.41, Tb2O3 7.91, Dy2O3 7.81, Ho2O3 8.41, Er2O3 8.64, Tm2O3 8.60, Yb2O3 9.20
Lu2O3 9.41, Ac2O3 9.19, ThO2 10.0, UO2 10.97, TiO2 4.17, ZrO2 5.68, HfO2 9.68
ZnO 5.60, ZrCl4 2.80, ZrCl3 3.05, YCl3 2.61, LaCl3 3.84, P2S5 2.03, P4S3 2.03
GeS2 3.01, InCl3 4.00, ScCl3 2.40, ErCl3 4.10, AlCl3 2.48, SrS 3.70
"""


def main(folder: Path) -> None:
    """Collect, sort and write."""
    volumes: dict[str, tuple[float, str]] = {}
    conductivities: dict[str, tuple[float, str, str, str]] = {}
    for formula, density in re.findall(r"(\w+) ([\d.]+)", DENSITIES_G_PER_CM3):
        name = Composition(formula).reduced_formula
        mass = float(Composition(name).weight)
        volumes[name] = (mass / float(density) / AVOGADRO_A3, CRC)
    for row in read(folder / "all.csv"):
        formula = plain(row["Reduced Composition"])
        if formula is None:
            continue
        name, n_units = formula
        value = row["Ionic conductivity (S cm-1)"].strip()
        bound = "<" if value.startswith("<") else ""
        number = float(value.lstrip("<"))
        if name in conductivities and number <= conductivities[name][0]:
            continue  # of several polymorphs or samples, the best conductor
        conductivities[name] = (number, bound, OBELIX, row["DOI"])
        volume = cell_volume(row)
        if volume and row["Z"]:
            volumes[name] = (volume / float(row["Z"]) / n_units, OBELIX)
    with OUT.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for name in sorted({*volumes, *conductivities}):
            volume, origin = volumes.get(name, (None, ""))
            number, *about = conductivities.get(name, (None, "", "", ""))
            writer.writerow(
                [
                    name,
                    "" if volume is None else f"{volume:.3f}",
                    origin,
                    "" if number is None else f"{number:.3g}",
                    *about,
                ]
            )


def read(path: Path) -> list[dict[str, str]]:
    """Rows of a table."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def plain(text: str) -> tuple[str, float] | None:
    """Reduced formula and how many of it; None for what is doped or disordered."""
    try:
        found = Composition(text)
    except ValueError:
        return None
    amounts = list(found.values())
    if any(abs(n - round(n)) > 1e-6 for n in amounts) or sum(amounts) > MOST_ATOMS:
        return None
    name, factor = found.get_reduced_formula_and_factor()
    return name, float(factor)


def cell_volume(row: dict[str, str]) -> float | None:
    """Volume of the cell [Å³]; None where it is not given."""
    try:
        numbers = [float(row[k]) for k in ("a", "b", "c", "alpha", "beta", "gamma")]
    except ValueError:
        return None
    return float(Cell.fromcellpar(numbers).volume)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
