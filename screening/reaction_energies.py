"""Compounds that the table lacks, anchored by the energy of a reaction."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np

from screening.data_files import data_file
from screening.entries import Entries
from screening.formulas import read_formula
from training_data.errors import InputError

TABLE = "reaction_energies.json"
BALANCE = 1e-6
"""Largest difference in atoms between the two sides of a reaction."""


@dataclass(frozen=True, kw_only=True)
class ReactionEnergy:
    """Energy by which a compound forms from phases of known energy.

    Parameters
    ----------
    formula
        The compound.
    reactants
        Formula → formula units per formula unit of the compound.
    reaction_energy_eV_per_formula_unit
        E(compound) − Σ E(reactants) [eV per formula unit]; negative where it forms.
    kind
        "dft" or "potential": calculated; "estimate": from a related compound; "hull":
        not known, taken to be zero.
    source
        Where the number comes from.

    """

    formula: str
    reactants: Mapping[str, float]
    reaction_energy_eV_per_formula_unit: float
    kind: Literal["dft", "potential", "estimate", "hull"]
    source: str

    def __post_init__(self) -> None:
        if not np.isfinite(self.reaction_energy_eV_per_formula_unit):
            raise InputError(
                "reaction_energy_eV_per_formula_unit must be finite; got "
                f"{self.reaction_energy_eV_per_formula_unit!r} for {self.formula}. "
                "Leave the compound out."
            )
        balance = dict(read_formula(self.formula))
        for reactant, units in self.reactants.items():
            for symbol, amount in read_formula(reactant).items():
                balance[symbol] = balance.get(symbol, 0.0) - units * amount
        wrong = {s: n for s, n in balance.items() if abs(n) > BALANCE}
        if wrong:
            left = ", ".join(f"{n:+g} {symbol}" for symbol, n in wrong.items())
            raise InputError(
                f"reactants must hold the atoms of {self.formula}; got "
                f"{dict(self.reactants)!r}, which leaves {left}. Balance the reaction."
            )

    def to_json(self) -> dict[str, Any]:
        """Record as it stands in the table."""
        return {
            "formula": self.formula,
            "reactants": dict(self.reactants),
            "reaction_energy_eV_per_formula_unit": (
                self.reaction_energy_eV_per_formula_unit
            ),
            "kind": self.kind,
            "source": self.source,
        }


def with_reaction_energies(
    entries: Entries, *, reactions: Sequence[ReactionEnergy] | None = None
) -> Entries:
    """Entries together with compounds anchored on them by reaction energies.

    Parameters
    ----------
    entries
        What holds the reactants.
    reactions
        One per compound; by default the shipped ones (:func:`load_reaction_energies`).

    Returns
    -------
    Entries
        Larger entries of the same scheme, since only the reaction's energy comes from
        elsewhere. A compound that the entries hold at a lower energy stays.

    Raises
    ------
    InputError
        If a reactant is not among the entries.

    Notes
    -----
    E_f(compound) = Σ ν_k E_f(k) + ΔE, for example E(Li2ZrCl6) = 2 E(LiCl) + E(ZrCl4)
    + ΔE. Between phases that are alike, here chlorides of unchanged oxidation states,
    the corrections of a scheme cancel, so that ΔE may come from another level of
    theory than the entries.

    Examples
    --------
    >>> own = Entries.of({"LiCl": -2.0, "ZrCl4": -2.0}, scheme="PBE", source="own")
    >>> found = with_reaction_energies(
    ...     own,
    ...     reactions=[
    ...         ReactionEnergy(
    ...             formula="Li2ZrCl6",
    ...             reactants={"LiCl": 2, "ZrCl4": 1},
    ...             reaction_energy_eV_per_formula_unit=-0.18,
    ...             kind="dft",
    ...             source="our own run",
    ...         )
    ...     ],
    ... )
    >>> round(found.formation_energy("Li2ZrCl6"), 6)
    -2.02

    """
    for reaction in load_reaction_energies() if reactions is None else reactions:
        energy = reaction.reaction_energy_eV_per_formula_unit
        for reactant, units in reaction.reactants.items():
            n_atoms = sum(read_formula(reactant).values())
            energy += units * n_atoms * entries.formation_energy(reactant)
        n_atoms = sum(read_formula(reaction.formula).values())
        anchored = Entries.of(
            {reaction.formula: energy / n_atoms},
            scheme=entries.scheme,
            source=f"anchored by a reaction energy ({reaction.kind}): "
            f"{reaction.source}",
        )
        entries = entries.merged_with(anchored)
    return entries


@cache
def load_reaction_energies() -> tuple[ReactionEnergy, ...]:
    """Shipped reaction energies of halide electrolytes that the table lacks.

    Returns
    -------
    tuple of ReactionEnergy
        Li2ZrCl6, Li2HfCl6 and Li3YCl6, each with the kind and source of its number.

    Examples
    --------
    >>> [record.formula for record in load_reaction_energies()]
    ['Li2ZrCl6', 'Li2HfCl6', 'Li3YCl6']

    """
    with data_file(TABLE).open(encoding="utf-8") as file:
        return tuple(ReactionEnergy(**record) for record in json.load(file))
