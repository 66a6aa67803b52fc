"""Passivation: whether the products of a reaction stop it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from screening.formulas import read_formula
from screening.product_properties import GapSource, Product, product
from screening.reaction import Reaction
from training_data.errors import InputError

Outcome = Literal["stable", "passivating", "mixed conducting", "not known"]

GAP_THRESHOLD_EV = 2.0
"""Gap above which a product counts as an insulator [eV], after Liu et al."""
STABLE_WITHIN_EV = 0.1
"""How far below the undoped compound a stable one may lie [eV per formula unit].

A choice: about a third of the energy that undoped LLZO itself releases with lithium,
and some 3 meV per atom of what reacts, which is of the order of what hull energies of
similar compounds are good for. From 0.05 to 0.15 eV the same 36 of the article's 40
dopants have its class.
"""


@dataclass(frozen=True, kw_only=True)
class Interphase:
    """Products of a reaction, and whether they insulate.

    Parameters
    ----------
    reaction
        The reaction.
    dopant
        Element whose products rule A looks at; None where there is none.
    products
        Phases with what is known of them.
    gaps
        Which gaps the rules use first.
    gap_threshold_eV
        Gap above which a product insulates [eV].
    rule_a
        Whether all products that hold the dopant insulate; None where a gap that
        decides it is not known, or there is no dopant.
    rule_b
        Whether all products insulate; None where a gap that decides it is not known.
    volume_change_percent
        Volume of all products against that of the compound [%]; None where a volume is
        not known.
    volume_change_with_electrode_percent
        The same against compound and consumed electrode together [%].
    unknown_gaps, unknown_volumes
        Formulas of which they are not known.

    """

    reaction: Reaction
    dopant: str | None
    products: tuple[Product, ...]
    gaps: GapSource
    gap_threshold_eV: float
    rule_a: bool | None
    rule_b: bool | None
    volume_change_percent: float | None
    volume_change_with_electrode_percent: float | None
    unknown_gaps: tuple[str, ...]
    unknown_volumes: tuple[str, ...]

    @property
    def smallest_gap_eV(self) -> float | None:  # noqa: N802 (unit)
        """Smallest known gap among the products that hold the dopant [eV]."""
        return min(_known(self.products, self.dopant, self.gaps), default=None)

    def to_json(self) -> dict[str, Any]:
        """Verdicts, volume changes and every product with its numbers."""
        return {
            "dopant": self.dopant,
            "gaps": self.gaps,
            "gap_threshold_eV": self.gap_threshold_eV,
            "rule_a": self.rule_a,
            "rule_b": self.rule_b,
            "smallest_gap_eV": self.smallest_gap_eV,
            "volume_change_percent": self.volume_change_percent,
            "volume_change_with_electrode_percent": (
                self.volume_change_with_electrode_percent
            ),
            "unknown_gaps": list(self.unknown_gaps),
            "unknown_volumes": list(self.unknown_volumes),
            "products": [each.to_json() for each in self.products],
        }


def interphase(
    reaction: Reaction,
    *,
    dopant: str | None = None,
    gaps: GapSource = "PBE",
    gap_threshold_eV: float = GAP_THRESHOLD_EV,
    compound_volume_A3: float | None = None,
) -> Interphase:
    """Products of a reaction, whether they insulate, and how much room they take.

    Parameters
    ----------
    reaction
        Reaction whose products are judged, as a rule that with an excess of lithium.
    dopant
        Element whose products rule A looks at.
    gaps
        "PBE" (what the article used, too small by a third to a half, so that few
        conductors pass) or "measured", each with the other where it is missing.
    gap_threshold_eV
        Gap above which a product insulates [eV].
    compound_volume_A3
        Volume of the compound per formula unit [Å³]; by default what the shipped table
        holds.

    Returns
    -------
    Interphase
        Verdicts of both rules, gaps, volumes, conductivities.

    Raises
    ------
    InputError
        If the threshold is not a number, or the dopant no element of the compound.

    Notes
    -----
    Rule A: all products that hold the dopant have a gap above the threshold. Rule B:
    all products have. Of several polymorphs the smallest gap counts, since the source
    does not say which is stable. A gap that is not known leaves a rule open unless
    another product decides it.

    Volume changes are 100 (Σ c_p V_p / V_C − 1) and
    100 (Σ c_p V_p / (V_C + n V_E) − 1), with the amounts of the reaction.

    References
    ----------
    B. Liu et al., J. Mater. Chem. A 7, 19961 (2019), doi:10.1039/C9TA06748E.

    Examples
    --------
    >>> reduction = Reaction(
    ...     compound="LiYO2",
    ...     electrode="Li",
    ...     electrode_per_formula_unit=3.0,
    ...     products={"Li2O": 2.0, "Y": 1.0},
    ...     energy_eV_per_formula_unit=0.5,
    ...     energy_eV_per_atom=0.5 / 7,
    ... )
    >>> found = interphase(reduction, dopant="Y")
    >>> found.rule_a, found.rule_b, round(found.volume_change_percent)
    (False, False, 60)

    """
    if not gap_threshold_eV >= 0:
        raise InputError(
            f"gap_threshold_eV must not be negative; got {gap_threshold_eV!r}. Take 2."
        )
    if dopant is not None and dopant not in read_formula(reaction.compound):
        raise InputError(
            f"dopant must be an element of {reaction.compound}; got {dopant!r}. "
            "Leave it out, or give the doped compound."
        )
    amount = reaction.electrode_per_formula_unit
    given_off = {reaction.electrode: -amount} if amount < 0 else {}
    found = tuple(
        product(formula, amount=n)
        for formula, n in (reaction.products | given_off).items()
    )
    before = compound_volume_A3 or _compound_volume(reaction.compound)
    after = _sum([each.volume_A3 for each in found], [each.amount for each in found])
    electrode = product(reaction.electrode).volume_A3
    with_electrode = _sum([before, electrode], [1.0, max(amount, 0.0)])
    return Interphase(
        reaction=reaction,
        dopant=dopant,
        products=found,
        gaps=gaps,
        gap_threshold_eV=gap_threshold_eV,
        rule_a=None if dopant is None else _all(found, dopant, gaps, gap_threshold_eV),
        rule_b=_all(found, None, gaps, gap_threshold_eV),
        volume_change_percent=_change(before, after),
        volume_change_with_electrode_percent=_change(with_electrode, after),
        unknown_gaps=tuple(e.formula for e in found if e.gap_eV(gaps) is None),
        unknown_volumes=tuple(e.formula for e in found if e.volume_A3 is None),
    )


def outcome_of(
    relative_energy_eV_per_formula_unit: float,
    *,
    insulating: bool | None,
    stable_within_eV_per_formula_unit: float = STABLE_WITHIN_EV,
) -> Outcome:
    """Class of a doped compound against the electrode.

    Parameters
    ----------
    relative_energy_eV_per_formula_unit
        Reaction energy minus that of the undoped compound [eV per formula unit].
    insulating
        Verdict of the rule that is followed.
    stable_within_eV_per_formula_unit
        How far below the undoped compound a stable one may lie [eV per formula unit].

    Examples
    --------
    >>> outcome_of(-0.05, insulating=False), outcome_of(-0.5, insulating=True)
    ('stable', 'passivating')

    """
    if relative_energy_eV_per_formula_unit >= -stable_within_eV_per_formula_unit:
        return "stable"
    if insulating is None:
        return "not known"
    return "passivating" if insulating else "mixed conducting"


def _known(
    products: Sequence[Product], element: str | None, gaps: GapSource
) -> list[float]:
    """Known gaps of the products that hold an element, or of all."""
    chosen = [p for p in products if element is None or element in _elements(p)]
    return [gap for p in chosen if (gap := p.gap_eV(gaps)) is not None]


def _all(
    products: Sequence[Product],
    element: str | None,
    gaps: GapSource,
    threshold_eV: float,
) -> bool | None:
    """Whether all products that hold an element insulate; None where it is open."""
    chosen = [p for p in products if element is None or element in _elements(p)]
    known = _known(chosen, element, gaps)
    if any(gap <= threshold_eV for gap in known):
        return False
    return True if len(known) == len(chosen) else None


def _elements(one: Product) -> set[str]:
    return set(read_formula(one.formula))


def _compound_volume(compound: str) -> float | None:
    """Volume per formula unit as written; the table holds reduced formulas."""
    found = product(compound)
    if found.volume_A3 is None:
        return None
    n_atoms = sum(read_formula(compound).values())
    return found.volume_A3 * n_atoms / sum(read_formula(found.formula).values())


def _sum(volumes: Sequence[float | None], amounts: Sequence[float]) -> float | None:
    """Total volume; None where one that counts is not known."""
    total = 0.0
    for volume, amount in zip(volumes, amounts, strict=True):
        if amount == 0:
            continue
        if volume is None:
            return None
        total += volume * amount
    return total


def _change(before: float | None, after: float | None) -> float | None:
    """Relative change [%]."""
    if before is None or after is None:
        return None
    return 100 * (after / before - 1)
