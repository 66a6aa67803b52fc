"""One balanced reaction of a compound with an electrode, and its energy."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from training_data.errors import InputError

NEGLIGIBLE = 1e-6
"""Amounts below this, per formula unit, are rounding of the hull and left out."""

DIGITS = 8
"""Decimals of an amount that a hull has right."""


@dataclass(frozen=True, kw_only=True)
class Reaction:
    """Balanced reaction of one formula unit of a compound with an electrode.

    Parameters
    ----------
    compound
        Formula of the compound; the amounts below are per this formula unit.
    electrode
        Formula of what it is in contact with.
    electrode_per_formula_unit
        Formula units of the electrode that are consumed; negative where given off.
    products
        Formula → formula units formed.
    energy_eV_per_formula_unit
        Energy of the products minus that of the reactants [eV per formula unit of
        the compound]; negative where energy is released.
    energy_eV_per_atom
        The same per atom of all that reacts [eV/atom].

    Examples
    --------
    >>> reduction = Reaction(
    ...     compound="ZrO2",
    ...     electrode="Li",
    ...     electrode_per_formula_unit=3.5,
    ...     products={"Li2O": 1.75, "Zr4O": 0.25},
    ...     energy_eV_per_formula_unit=-0.7,
    ...     energy_eV_per_atom=-0.7 / 6.5,
    ... )
    >>> reduction.equation
    'ZrO2 + 3.5 Li → 1.75 Li2O + 0.25 Zr4O'

    """

    compound: str
    electrode: str
    electrode_per_formula_unit: float
    products: dict[str, float]
    energy_eV_per_formula_unit: float
    energy_eV_per_atom: float

    @property
    def reactants(self) -> dict[str, float]:
        """Formula → formula units consumed."""
        amount = self.electrode_per_formula_unit
        return {self.compound: 1.0} | ({self.electrode: amount} if amount > 0 else {})

    @property
    def equation(self) -> str:
        """Reaction as text, with amounts in four digits."""
        amount = self.electrode_per_formula_unit
        given_off = {self.electrode: -amount} if amount < 0 else {}
        return f"{_side(self.reactants)} → {_side(self.products | given_off)}"

    @property
    def takes_place(self) -> bool:
        """Whether anything forms that was not there before."""
        from screening.formulas import reduced_formula  # noqa: PLC0415 (pymatgen)

        same = {reduced_formula(self.compound), reduced_formula(self.electrode)}
        return not set(self.products) <= same

    def to_json(self) -> dict[str, Any]:
        """Amounts, energies and the equation; `li_per_formula_unit` for lithium."""
        amount = self.electrode_per_formula_unit
        lithium = {"li_per_formula_unit": amount} if self.electrode == "Li" else {}
        return {
            **lithium,
            "electrode_per_formula_unit": amount,
            "products": dict(self.products),
            "energy_eV_per_formula_unit": self.energy_eV_per_formula_unit,
            "energy_eV_per_atom": self.energy_eV_per_atom,
            "equation": self.equation,
        }


def check_energy(energy_eV_per_formula_unit: float | None) -> None:
    """Refuse the energy of a compound that is no number; None stands for the hull's.

    Parameters
    ----------
    energy_eV_per_formula_unit
        Energy relative to the elements [eV per formula unit].

    Raises
    ------
    InputError
        If it is not finite.

    Examples
    --------
    >>> check_energy(-75.3)

    """
    energy = energy_eV_per_formula_unit
    if energy is not None and not isfinite(energy):
        raise InputError(
            f"energy_eV_per_formula_unit must be finite; got {energy!r}. Leave it out "
            "to take that of the hull."
        )


def _side(amounts: Mapping[str, float]) -> str:
    """One side of an equation, in order of the formulas' first mention."""
    return " + ".join(
        formula if (n := written(amount)) == "1" else f"{n} {formula}"
        for formula, amount in amounts.items()
    )


def written(amount: float) -> str:
    """Amount in four digits, the same whichever way it was calculated.

    Parameters
    ----------
    amount
        Formula units. The last digits of a hull are rounded away first, since 7.1875
        lies between two numbers of four digits.

    Examples
    --------
    >>> written(7.1875), written(7.1875 - 1e-12), written(2.0)
    ('7.188', '7.188', '2')

    """
    return f"{round(amount, DIGITS):.4g}"
