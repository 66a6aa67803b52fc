"""Enthalpies of binary oxides and M–O bond energies: tabulated, with their sources."""

import csv
import re
from dataclasses import dataclass
from functools import cache
from math import gcd

import numpy as np

from screening.data_files import data_file
from training_data.errors import InputError

COMPUTED = "Materials Project ground states 2019-20"


@dataclass(frozen=True, kw_only=True)
class OxideEnthalpy:
    """Enthalpy of formation of the oxide of an ion, with where it comes from.

    Parameters
    ----------
    formula
        Oxide in which the element has the charge of the ion, such as ``"Al2O3"``.
    n_cations, n_oxygens
        The x and y of M_xO_y.
    per_atom_eV
        Enthalpy of formation ΔHf / (x + y) [eV/atom].
    source
        Where the number comes from.

    """

    formula: str
    n_cations: int
    n_oxygens: int
    per_atom_eV: float
    source: str

    @property
    def per_cation_eV(self) -> float:  # noqa: N802
        """ΔHf / x [eV]."""
        return self.per_atom_eV * (self.n_cations + self.n_oxygens) / self.n_cations

    @property
    def per_oxygen_eV(self) -> float:  # noqa: N802
        """ΔHf / y [eV]."""
        return self.per_atom_eV * (self.n_cations + self.n_oxygens) / self.n_oxygens


def oxide_enthalpy(element: str, oxidation_state: int) -> OxideEnthalpy | None:
    """Enthalpy of the oxide in which an element has a given charge.

    Parameters
    ----------
    element
        Chemical symbol.
    oxidation_state
        Charge of the cation [e].

    Returns
    -------
    OxideEnthalpy or None
        The measured value; where there is none, that of the Materials Project's ground
        state at the composition; where it lists none, the lower hull of the
        element's computed oxides at that composition. None where no oxide is known.

    Raises
    ------
    InputError
        If the charge is not positive, or the symbol is no element.

    Examples
    --------
    >>> alumina = oxide_enthalpy("Al", 3)
    >>> alumina.formula, round(alumina.per_atom_eV, 4), round(alumina.per_oxygen_eV, 3)
    ('Al2O3', -3.4578, -5.763)

    """
    _check(element, oxidation_state)
    factor = gcd(2, oxidation_state)
    n_cations, n_oxygens = 2 // factor, oxidation_state // factor
    formula = _formula(element, n_cations, n_oxygens)
    known = _oxides().get(element, ())
    computed = [row for row in known if row[3] == COMPUTED]
    measured = [row for row in known if row[3] != COMPUTED]
    same = [
        (energy, source)
        for x, y, energy, source in (*measured, *computed)
        if x * n_oxygens == y * n_cations
    ]
    if not same and not computed:
        return None
    energy, source = (
        same[0]
        if same
        else (
            _hull(computed, n_oxygens / (n_cations + n_oxygens)),
            f"hull of {COMPUTED}, no {formula} listed",
        )
    )
    return OxideEnthalpy(
        formula=formula,
        n_cations=n_cations,
        n_oxygens=n_oxygens,
        per_atom_eV=energy,
        source=source,
    )


def bond_energy(element: str) -> tuple[float, str] | None:
    """Dissociation energy of the gaseous monoxide [eV] and its source.

    Parameters
    ----------
    element
        Chemical symbol.

    Returns
    -------
    tuple or None
        Energy and source; None where no source gives it.

    Examples
    --------
    >>> bond_energy("Zr")
    (7.901, 'Luo 2007, D0')
    >>> bond_energy("Ce") is None
    True

    """
    return _bonds().get(element)


def _check(element: str, oxidation_state: int) -> None:
    """Refuse what cannot be a cation."""
    from ase.data import chemical_symbols  # noqa: PLC0415

    if element not in chemical_symbols[1:]:
        raise InputError(
            f"element must be a chemical symbol; got {element!r}. Write for example Al."
        )
    if oxidation_state != int(oxidation_state) or oxidation_state < 1:
        raise InputError(
            "oxidation_state must be a positive whole number; got "
            f"{oxidation_state!r}. Give the charge of the cation, for example 3."
        )


def _formula(element: str, n_cations: int, n_oxygens: int) -> str:
    """Write a formula without indices of one."""
    first = element if n_cations == 1 else f"{element}{n_cations}"
    return first + ("O" if n_oxygens == 1 else f"O{n_oxygens}")


def _hull(
    computed: list[tuple[float, float, float, str]], oxygen_fraction: float
) -> float:
    """Lowest energy per atom of one oxide or of two phases at a composition [eV]."""
    share = np.array([0.0, 1.0, *(y / (x + y) for x, y, _, _ in computed)])
    energy = np.array([0.0, 0.0, *(row[2] for row in computed)])
    left, right = share <= oxygen_fraction, share >= oxygen_fraction
    low, high = share[left][:, None], share[right][None, :]
    width = np.where(high > low, high - low, 1.0)
    weight = (oxygen_fraction - low) / width
    mixed = (1 - weight) * energy[left][:, None] + weight * energy[right][None, :]
    return float(mixed.min())


@cache
def _oxides() -> dict[str, tuple[tuple[float, float, float, str], ...]]:
    """Cation → its oxides: x, y, energy per atom [eV], source."""
    found: dict[str, list[tuple[float, float, float, str]]] = {}
    with data_file("oxide_enthalpies.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            counts = {
                symbol: float(number or 1)
                for symbol, number in re.findall(
                    r"([A-Z][a-z]?)([\d.]*)", row["formula"]
                )
            }
            (cation,) = set(counts) - {"O"}
            energy = float(row["formation_enthalpy_eV_per_atom"])
            entry = (counts[cation], counts["O"], energy, row["source"])
            found.setdefault(cation, []).append(entry)
    return {cation: tuple(rows) for cation, rows in found.items()}


@cache
def _bonds() -> dict[str, tuple[float, str]]:
    """Element → dissociation energy of its monoxide [eV], source."""
    with data_file("bond_energies.csv").open(encoding="utf-8", newline="") as stream:
        return {
            row["element"]: (float(row["dissociation_energy_eV"]), row["source"])
            for row in csv.DictReader(stream)
        }
