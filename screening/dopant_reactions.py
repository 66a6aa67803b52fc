"""Doped LLZO against lithium: reaction, products and class of every dopant."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from screening.doped_formula import LLZO, doped_formula
from screening.entries import Entries
from screening.formulas import read_formula
from screening.passivation import (
    STABLE_WITHIN_EV,
    Interphase,
    Outcome,
    interphase,
    outcome_of,
)
from screening.product_properties import GapSource, product
from screening.titration import Titration, titration
from structures.dopants import LlzoDopant, load_llzo_dopants
from training_data.errors import Failure


@dataclass(frozen=True, kw_only=True)
class DopantReaction:
    """One dopant on one site against lithium.

    Parameters
    ----------
    dopant
        Ion, site and what the article says of it.
    content
        Dopants per formula unit.
    formula
        Formula of the doped compound.
    titration
        Reactions with growing amounts of lithium.
    interphase
        Products in excess lithium.
    relative_energy_eV_per_formula_unit
        Energy of full conversion in excess lithium minus that of undoped LLZO
        [eV per formula unit].
    outcome
        Class by rule A: all products that hold the dopant insulate.
    outcome_rule_b
        Class by rule B: all products insulate.

    """

    dopant: LlzoDopant
    content: float
    formula: str
    titration: Titration
    interphase: Interphase
    relative_energy_eV_per_formula_unit: float
    outcome: Outcome
    outcome_rule_b: Outcome

    @property
    def name(self) -> str:
        """Ion and site, such as ``"Al3+-Li"``."""
        return self.dopant.name

    @property
    def energy_eV_per_formula_unit(self) -> float:  # noqa: N802 (unit)
        """Energy of full conversion in excess lithium [eV per formula unit]."""
        return self.titration.conversion.energy_eV_per_formula_unit

    @property
    def dopant_products(self) -> tuple[str, ...]:
        """Products that hold the dopant."""
        found = self.titration.conversion.products
        return tuple(f for f in found if self.dopant.element in read_formula(f))

    def to_json(self) -> dict[str, Any]:
        """Dopant, energies, products, verdicts and the whole titration."""
        return {
            "name": self.name,
            **self.dopant.to_json(),
            "published_outcome": self.dopant.outcome,
            "content": self.content,
            "formula": self.formula,
            "energy_eV_per_formula_unit": self.energy_eV_per_formula_unit,
            "energy_eV_per_atom": self.titration.conversion.energy_eV_per_atom,
            "relative_energy_eV_per_formula_unit": (
                self.relative_energy_eV_per_formula_unit
            ),
            "outcome": self.outcome,
            "outcome_rule_b": self.outcome_rule_b,
            "dopant_products": list(self.dopant_products),
            "interphase": self.interphase.to_json(),
            "titration": self.titration.to_json(),
        }


@dataclass(frozen=True, kw_only=True)
class DopantReactions:
    """Many dopants of LLZO against lithium.

    Parameters
    ----------
    undoped
        Titration of LLZO itself, which all are compared with.
    stable_within_eV
        How far below it a stable one may lie [eV per formula unit].
    gaps
        Which gaps the rules use first.
    rows
        Dopants in the order given.
    failures
        Dopants that could not be handled, with the reason.

    """

    undoped: Titration
    stable_within_eV: float
    gaps: GapSource
    rows: tuple[DopantReaction, ...]
    failures: tuple[Failure, ...]

    def to_json(self) -> dict[str, Any]:
        """Undoped LLZO, rows and failures."""
        return {
            "undoped": self.undoped.to_json(),
            "stable_within_eV": self.stable_within_eV,
            "gaps": self.gaps,
            "dopants": [row.to_json() for row in self.rows],
            "failures": [
                {"id": failure.id, "reason": failure.reason}
                for failure in self.failures
            ],
        }


def react_dopants(
    dopants: Sequence[LlzoDopant] | None = None,
    *,
    entries: Entries,
    content: float = 0.25,
    stable_within_eV: float = STABLE_WITHIN_EV,
    gaps: GapSource = "PBE",
    energies_eV: Mapping[str, float] | None = None,
    undoped_energy_eV: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> DopantReactions:
    """Reaction with lithium, products and class of dopants of LLZO.

    Parameters
    ----------
    dopants
        Dopants; by default the 117 of :func:`load_llzo_dopants`.
    entries
        Formation energies of everything that may form.
    content
        Dopants per formula unit.
    stable_within_eV
        How far below undoped LLZO a stable one may lie [eV per formula unit].
    gaps
        Which gaps the rules use first, "PBE" or "measured".
    energies_eV
        Names of dopants such as ``"Al3+-Li"`` → energy of the doped compound relative
        to the elements [eV per formula unit]. Dopants that are not named have the
        energy of the hull.
    undoped_energy_eV
        Energy of undoped LLZO relative to the elements [eV per formula unit]; by
        default that of the hull. To be given with `energies_eV`.
    progress
        Called with how many are done, and of how many.

    Returns
    -------
    DopantReactions
        One row per dopant; those that cannot be handled are listed with the reason.

    Notes
    -----
    A dopant is stable where ΔG − ΔG(LLZO) ≥ −t, with ΔG the energy of full conversion
    in excess lithium and t = `stable_within_eV`. Against the absolute value of ΔG
    nothing on a hull is stable: undoped LLZO itself reacts, and with the energy of
    the hull ΔG is never positive. What is not stable is passivating where the rule
    holds and mixed conducting where it does not.

    References
    ----------
    B. Liu et al., J. Mater. Chem. A 7, 19961 (2019), doi:10.1039/C9TA06748E.

    Examples
    --------
    >>> from screening.shipped_entries import load_entries
    >>> yttrium = [d for d in load_llzo_dopants() if d.name == "Y3+-Zr"]
    >>> (row,) = react_dopants(yttrium, entries=load_entries()).rows
    >>> row.formula, row.outcome, row.dopant_products
    ('Li7.25La3Zr1.75Y0.25O12', 'stable', ('LiYO2',))

    """
    wanted = load_llzo_dopants() if dopants is None else dopants
    given = energies_eV or {}
    undoped = titration(
        LLZO, entries=entries, energy_eV_per_formula_unit=undoped_energy_eV
    )
    volume_A3 = product(LLZO).volume_A3
    rows: list[DopantReaction] = []
    failures: list[Failure] = []
    for done, dopant in enumerate(wanted, start=1):
        try:
            formula = doped_formula(dopant.ion, site=dopant.site, content=content)
            found = titration(
                formula,
                entries=entries,
                energy_eV_per_formula_unit=given.get(dopant.name),
            )
            products = interphase(
                found.conversion,
                dopant=dopant.element,
                gaps=gaps,
                compound_volume_A3=volume_A3,
            )
        except ValueError as error:
            failures.append(Failure(dopant.name, str(error)))
            continue
        relative = (
            found.conversion.energy_eV_per_formula_unit
            - undoped.conversion.energy_eV_per_formula_unit
        )
        rule_a, rule_b = (
            outcome_of(relative, insulating=rule, stable_within_eV=stable_within_eV)
            for rule in (products.rule_a, products.rule_b)
        )
        rows.append(
            DopantReaction(
                dopant=dopant,
                content=content,
                formula=formula,
                titration=found,
                interphase=products,
                relative_energy_eV_per_formula_unit=relative,
                outcome=rule_a,
                outcome_rule_b=rule_b,
            )
        )
        if progress is not None:
            progress(done, len(wanted))
    return DopantReactions(
        undoped=undoped,
        stable_within_eV=stable_within_eV,
        gaps=gaps,
        rows=tuple(rows),
        failures=tuple(failures),
    )
