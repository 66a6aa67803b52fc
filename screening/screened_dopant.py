"""One doped compound against lithium, by two energies, beside the article."""

from dataclasses import dataclass
from typing import Any

from screening.compound_energies import CompoundEnergy
from screening.passivation import Interphase, Outcome
from screening.titration import Titration
from structures.dopants import LlzoDopant

ARTICLE_CLASSES: dict[str, Outcome] = {
    "stable": "stable",
    "passivating": "passivating",
    "reduced": "mixed conducting",
}
"""What the article says of a dopant → our name for it."""


@dataclass(frozen=True, kw_only=True)
class ScreenedDopant:
    """One doped compound against lithium.

    Parameters
    ----------
    dopant
        Ion and site.
    content
        Dopants per formula unit.
    formula
        The doped compound.
    titration
        Reactions with lithium, the energy of the hull standing for the compound.
    interphase
        Products beside excess lithium, with what is known of them.
    relative_energy_eV_per_formula_unit
        Reaction energy minus that of undoped LLZO on its hull [eV per formula unit].
    outcome
        Class from that difference and rule A.
    outcome_rule_b
        Class from that difference and rule B.
    energy
        Energy of the compound anchored on the table; None without a relaxed cell.
    anchored
        Reactions with that energy; None without.
    anchored_relative_energy_eV_per_formula_unit
        Reaction energy minus that of undoped LLZO with its own energy [eV per formula
        unit]; None without.
    anchored_outcome
        Class from that difference and rule A; None without.

    """

    dopant: LlzoDopant
    content: float
    formula: str
    titration: Titration
    interphase: Interphase
    relative_energy_eV_per_formula_unit: float
    outcome: Outcome
    outcome_rule_b: Outcome
    energy: CompoundEnergy | None = None
    anchored: Titration | None = None
    anchored_relative_energy_eV_per_formula_unit: float | None = None
    anchored_outcome: Outcome | None = None

    @property
    def name(self) -> str:
        """Ion and site, such as ``"Al3+-Li"``."""
        return self.dopant.name

    @property
    def reaction_energy_eV_per_formula_unit(self) -> float:  # noqa: N802 (a unit)
        """Energy of the reaction with excess lithium from the hull [eV/f.u.]."""
        return self.titration.excess.energy_eV_per_formula_unit

    @property
    def anchored_reaction_energy_eV_per_formula_unit(self) -> float | None:  # noqa: N802 (a unit)
        """The same with the anchored energy of the compound [eV/f.u.]."""
        if self.anchored is None:
            return None
        return self.anchored.conversion.energy_eV_per_formula_unit

    @property
    def spread_eV_per_formula_unit(self) -> float | None:  # noqa: N802 (a unit)
        """How far the two differences from undoped LLZO lie apart [eV/f.u.]."""
        if self.anchored_relative_energy_eV_per_formula_unit is None:
            return None
        return abs(
            self.anchored_relative_energy_eV_per_formula_unit
            - self.relative_energy_eV_per_formula_unit
        )

    @property
    def agrees(self) -> bool | None:
        """Whether the class is that of the article; None where it states none."""
        said = self.dopant.outcome
        if not said:
            return None
        return self.outcome == ARTICLE_CLASSES[said]

    def to_json(self) -> dict[str, Any]:
        """Everything but the plots."""
        return {
            "name": self.name,
            "element": self.dopant.element,
            "oxidation_state": self.dopant.oxidation_state,
            "site": self.dopant.site,
            "source": self.dopant.source,
            "article_outcome": self.dopant.outcome or None,
            "content": self.content,
            "formula": self.formula,
            "reaction_energy_eV_per_formula_unit": (
                self.reaction_energy_eV_per_formula_unit
            ),
            "relative_energy_eV_per_formula_unit": (
                self.relative_energy_eV_per_formula_unit
            ),
            "equation": self.titration.excess.equation,
            "outcome": self.outcome,
            "outcome_rule_b": self.outcome_rule_b,
            "agrees_with_article": self.agrees,
            "anchored_reaction_energy_eV_per_formula_unit": (
                self.anchored_reaction_energy_eV_per_formula_unit
            ),
            "anchored_relative_energy_eV_per_formula_unit": (
                self.anchored_relative_energy_eV_per_formula_unit
            ),
            "anchored_outcome": self.anchored_outcome,
            "spread_eV_per_formula_unit": self.spread_eV_per_formula_unit,
            "energy": None if self.energy is None else self.energy.to_json(),
            "titration": self.titration.to_json(),
            "interphase": self.interphase.to_json(),
        }
