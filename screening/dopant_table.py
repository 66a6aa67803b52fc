"""Dopants with features, reaction energies and classes: what the models learn from."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from screening.data_files import data_file
from screening.features import DopantFeatures, dopant_features
from screening.passivation import STABLE_WITHIN_EV
from structures.dopants import load_llzo_dopants, write_ion
from training_data.errors import InputError

TABLE = "llzo_dopant_reactions.csv"
ENERGY = "reaction_energy_eV_per_formula_unit"
DopantSet = Literal["screened", "unseen"]
Labels = Literal["hull", "article"]


@dataclass(frozen=True, kw_only=True)
class DopantRow:
    """One dopant on one site, with what is known about its reaction with lithium.

    Parameters
    ----------
    element
        Chemical symbol.
    oxidation_state
        Charge [e].
    site
        Element that is replaced.
    formula
        Doped compound.
    features
        Its fifteen features.
    reaction_energy_eV_per_formula_unit
        Energy of the reaction with excess lithium per formula unit [eV].
    stable
        Whether it counts as stable against lithium.

    """

    element: str
    oxidation_state: int
    site: str
    formula: str
    features: DopantFeatures
    reaction_energy_eV_per_formula_unit: float
    stable: bool

    @property
    def name(self) -> str:
        """Ion and site, such as ``"Al3+-Li"``."""
        return f"{write_ion(self.element, self.oxidation_state)}-{self.site}"

    def to_json(self) -> dict[str, Any]:
        """Row with its features and their sources."""
        return {
            "name": self.name,
            "element": self.element,
            "oxidation_state": self.oxidation_state,
            "site": self.site,
            "formula": self.formula,
            "reaction_energy_eV_per_formula_unit": (
                self.reaction_energy_eV_per_formula_unit
            ),
            "stable": self.stable,
            "features": self.features.to_json(),
        }


@dataclass(frozen=True, kw_only=True)
class DopantTable:
    """Dopants in a fixed order.

    Parameters
    ----------
    rows
        Dopants, each named once.
    undoped_energy_eV_per_formula_unit
        Reaction energy of the undoped compound per formula unit [eV].
    margin_eV_per_formula_unit
        Distance from it within which a dopant counts as stable [eV per formula unit].
    labels
        What the classes rest on, in words.

    Raises
    ------
    InputError
        If there is no row, a dopant stands there twice, or an energy is not finite.

    """

    rows: tuple[DopantRow, ...]
    undoped_energy_eV_per_formula_unit: float
    margin_eV_per_formula_unit: float = STABLE_WITHIN_EV
    labels: str = "reaction energy within the margin of the undoped compound's"

    def __post_init__(self) -> None:
        """Refuse a table that no model can learn from in a defined way."""
        if not self.rows:
            raise InputError("rows must hold dopants; got none. Give at least one.")
        names = [row.name for row in self.rows]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(
                f"rows must name each dopant once; got {', '.join(twice)} more than "
                "once. Leave one of each out."
            )
        bad = [
            r.name
            for r in self.rows
            if not np.isfinite(r.reaction_energy_eV_per_formula_unit)
        ]
        if bad:
            raise InputError(
                f"{ENERGY} must be finite; got {', '.join(bad)} without. "
                "Leave these rows out."
            )

    def __len__(self) -> int:
        """Count the dopants."""
        return len(self.rows)

    @property
    def names(self) -> tuple[str, ...]:
        """Ion and site of every row."""
        return tuple(row.name for row in self.rows)

    @property
    def features(self) -> NDArray[np.float64]:
        """Features, shape (n, 15), NaN where missing."""
        return np.array([row.features.row for row in self.rows])

    @property
    def reaction_energies_eV_per_formula_unit(self) -> NDArray[np.float64]:  # noqa: N802 (unit)
        """Reaction energies per formula unit [eV], shape (n,)."""
        return np.array([row.reaction_energy_eV_per_formula_unit for row in self.rows])

    @property
    def stable(self) -> NDArray[np.bool_]:
        """Classes, shape (n,)."""
        return np.array([row.stable for row in self.rows])

    @property
    def elements(self) -> NDArray[np.str_]:
        """Dopant element of every row: the groups of the grouped validation."""
        return np.array([row.element for row in self.rows])

    def to_json(self) -> dict[str, Any]:
        """Rows with all features and their sources."""
        return {
            "undoped_energy_eV_per_formula_unit": (
                self.undoped_energy_eV_per_formula_unit
            ),
            "margin_eV_per_formula_unit": self.margin_eV_per_formula_unit,
            "labels": self.labels,
            "rows": [row.to_json() for row in self.rows],
        }


def dopant_row(
    element: str,
    *,
    oxidation_state: int,
    site: str,
    formula: str,
    coordination_number: float,
    reaction_energy_eV_per_formula_unit: float,
    undoped_energy_eV_per_formula_unit: float,
    margin_eV_per_formula_unit: float = STABLE_WITHIN_EV,
) -> DopantRow:
    """Row whose class follows from its reaction energy.

    Parameters
    ----------
    element, oxidation_state, site, formula
        What is doped and where.
    coordination_number
        Number of oxygen neighbours of the dopant.
    reaction_energy_eV_per_formula_unit
        Energy of its reaction with excess lithium per formula unit [eV].
    undoped_energy_eV_per_formula_unit
        The same of the undoped compound [eV].
    margin_eV_per_formula_unit
        Stable means that the reaction energy is not further below the undoped one's.

    Returns
    -------
    DopantRow
        Dopant with features and class.

    Examples
    --------
    >>> row = dopant_row(
    ...     "Al",
    ...     oxidation_state=3,
    ...     site="Li",
    ...     formula="Li6.25Al0.25La3Zr2O12",
    ...     coordination_number=4,
    ...     reaction_energy_eV_per_formula_unit=-0.646,
    ...     undoped_energy_eV_per_formula_unit=-0.338,
    ... )
    >>> row.name, row.stable
    ('Al3+-Li', False)

    """
    return DopantRow(
        element=element,
        oxidation_state=oxidation_state,
        site=site,
        formula=formula,
        features=dopant_features(
            element,
            oxidation_state=oxidation_state,
            coordination_number=coordination_number,
        ),
        reaction_energy_eV_per_formula_unit=reaction_energy_eV_per_formula_unit,
        stable=bool(
            reaction_energy_eV_per_formula_unit - undoped_energy_eV_per_formula_unit
            >= -margin_eV_per_formula_unit
        ),
    )


def load_dopant_table(
    *,
    dopants: DopantSet = "screened",
    labels: Labels = "hull",
    margin_eV_per_formula_unit: float = STABLE_WITHIN_EV,
) -> DopantTable:
    """Shipped table of doped LLZO: hull energies, x = 0.25, nominal coordination.

    Parameters
    ----------
    dopants
        ``"screened"``: the 117 of :func:`structures.load_llzo_dopants`;
        ``"unseen"``: 18 others, kept apart to test predictions.
    labels
        ``"hull"``: class from the reaction energy; ``"article"``: from what the
        article says, for the dopants whose fate it states (stable against passivating
        or reduced).
    margin_eV_per_formula_unit
        Margin of the class from the reaction energy [eV per formula unit].

    Returns
    -------
    DopantTable
        Rows in the order of the dopant list.

    Raises
    ------
    InputError
        If a choice is unknown, or the article's labels are asked for unseen dopants.

    Examples
    --------
    >>> table = load_dopant_table()
    >>> len(table), int(table.stable.sum()), table.undoped_energy_eV_per_formula_unit
    (117, 42, -0.3382)

    """
    for name, value, choices in (
        ("dopants", dopants, get_args(DopantSet)),
        ("labels", labels, get_args(Labels)),
    ):
        if value not in choices:
            raise InputError(
                f"{name} must be one of {', '.join(choices)}; got {value!r}. "
                "Choose one."
            )
    if dopants == "unseen" and labels == "article":
        raise InputError(
            "labels must be 'hull' for unseen dopants; got 'article', which speaks of "
            "screened ones. Leave labels out."
        )
    with data_file(TABLE).open(encoding="utf-8", newline="") as stream:
        entries = list(csv.DictReader(stream))
    undoped = next(float(row[ENERGY]) for row in entries if row["set"] == "pure")
    rows = [
        dopant_row(
            row["element"],
            oxidation_state=int(row["oxidation_state"]),
            site=row["site"],
            formula=row["formula"],
            coordination_number=int(row["coordination_number"]),
            reaction_energy_eV_per_formula_unit=float(row[ENERGY]),
            undoped_energy_eV_per_formula_unit=undoped,
            margin_eV_per_formula_unit=margin_eV_per_formula_unit,
        )
        for row in entries
        if row["set"] == dopants
    ]
    if labels == "article":
        return _with_article_classes(rows, undoped, margin_eV_per_formula_unit)
    return DopantTable(
        rows=tuple(rows),
        undoped_energy_eV_per_formula_unit=undoped,
        margin_eV_per_formula_unit=margin_eV_per_formula_unit,
    )


def _with_article_classes(
    rows: Sequence[DopantRow], undoped: float, margin: float
) -> DopantTable:
    """Rows whose fate the article states, with its class."""
    fate = {d.name: d.outcome for d in load_llzo_dopants() if d.outcome}
    return DopantTable(
        rows=tuple(
            replace(row, stable=fate[row.name] == "stable")
            for row in rows
            if row.name in fate
        ),
        undoped_energy_eV_per_formula_unit=undoped,
        margin_eV_per_formula_unit=margin,
        labels="fate that the article states",
    )
