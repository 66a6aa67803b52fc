"""Energies of reference compounds by one potential, and their table."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from screening.data_files import data_file
from training_data.errors import InputError

REFERENCES = "doped_llzo_chgnet_references.csv"
COLUMNS = ("formula", "energy_eV_per_formula_unit", "potential")


@dataclass(frozen=True, kw_only=True)
class ReferenceEnergies:
    """Energies of reference compounds by one potential.

    Parameters
    ----------
    potential
        Identity of the potential, as cells that it relaxed carry it.
    energies_eV_per_formula_unit
        Formula → energy of the relaxed compound; a copy is kept.

    Raises
    ------
    InputError
        If an energy is not finite.

    """

    potential: str
    energies_eV_per_formula_unit: Mapping[str, float]

    def __post_init__(self) -> None:
        energies = dict(self.energies_eV_per_formula_unit)
        bad = [f"{k}: {v!r}" for k, v in energies.items() if not np.isfinite(v)]
        if bad:
            raise InputError(
                f"energies_eV_per_formula_unit must be finite; got {', '.join(bad)}. "
                "Leave these compounds out."
            )
        object.__setattr__(
            self, "energies_eV_per_formula_unit", MappingProxyType(energies)
        )

    def to_json(self) -> dict[str, Any]:
        """Potential and energies."""
        return {
            "potential": self.potential,
            "energies_eV_per_formula_unit": dict(self.energies_eV_per_formula_unit),
        }

    def csv(self) -> str:
        """Table that :func:`read_reference_energies` reads, every digit kept."""
        rows = [
            f'{formula},{energy!r},"{self.potential}"'
            for formula, energy in self.energies_eV_per_formula_unit.items()
        ]
        return "\n".join([",".join(COLUMNS), *rows]) + "\n"


def read_reference_energies(path: Path) -> ReferenceEnergies:
    """Energies of a table of reference compounds.

    Parameters
    ----------
    path
        CSV with the columns formula, energy_eV_per_formula_unit and potential.

    Returns
    -------
    ReferenceEnergies
        All rows; they must be of one potential.

    Raises
    ------
    InputError
        If the file is no such table, holds no row, or mixes potentials.

    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        energies = {row[COLUMNS[0]]: float(row[COLUMNS[1]]) for row in rows}
        potentials = sorted({row[COLUMNS[2]] for row in rows})
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"references must be a table with the columns {', '.join(COLUMNS)}; got "
            f"'{path}' ({type(error).__name__}: {error}). Relax them again."
        ) from None
    if len(potentials) != 1:
        raise InputError(
            f"references must be of one potential; got {len(potentials)} in '{path}'. "
            "Their energies have different zeros: relax all with one."
        )
    return ReferenceEnergies(
        potential=potentials[0], energies_eV_per_formula_unit=energies
    )


@cache
def load_reference_energies() -> ReferenceEnergies:
    """Energies of the reference compounds with CHGNet, as shipped.

    Returns
    -------
    ReferenceEnergies
        Cells and positions relaxed.

    References
    ----------
    B. Deng et al., Nat. Mach. Intell. 5, 1031 (2023), doi:10.1038/s42256-023-00716-3.

    Examples
    --------
    >>> energies = load_reference_energies().energies_eV_per_formula_unit
    >>> {"Li", "Li2O", "La2O3", "ZrO2"} <= set(energies)
    True

    """
    return read_reference_energies(data_file(REFERENCES))
