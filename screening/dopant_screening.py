"""Every dopant against lithium: reactions, classes, and two energies side by side."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from screening.compound_energies import CompoundEnergy
from screening.doped_formula import LLZO, doped_formula
from screening.entries import Entries
from screening.formulas import read_formula
from screening.passivation import (
    GAP_THRESHOLD_EV,
    STABLE_WITHIN_EV,
    Outcome,
    interphase,
    outcome_of,
)
from screening.product_properties import product
from screening.screened_dopant import ARTICLE_CLASSES, ScreenedDopant
from screening.titration import Titration, titration
from structures.dopants import LlzoDopant
from training_data.errors import Failure, InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True)
class DopantScreening:
    """All dopants, beside undoped LLZO.

    Parameters
    ----------
    dopants
        Screened compounds, in the order given.
    failures
        Dopants that could not be screened, and why.
    undoped
        Reactions of LLZO with the energy of the hull.
    undoped_own
        Reactions of LLZO with its own energy from the table.
    stable_within_eV_per_formula_unit
        How far below undoped LLZO a stable compound may lie [eV per formula unit].
    gap_threshold_eV
        Gap above which a product counts as an insulator [eV].

    """

    dopants: tuple[ScreenedDopant, ...]
    failures: tuple[Failure, ...]
    undoped: Titration
    undoped_own: Titration
    stable_within_eV_per_formula_unit: float
    gap_threshold_eV: float

    @property
    def counts(self) -> dict[str, int]:
        """Number of dopants in each class."""
        names: tuple[Outcome, ...] = (
            "stable",
            "passivating",
            "mixed conducting",
            "not known",
        )
        return {n: sum(each.outcome == n for each in self.dopants) for n in names}

    def agreement(
        self, *, anchored: bool = False, with_cell: bool = False
    ) -> tuple[int, int]:
        """Dopants of the article's classes that are in the same class here, and all.

        Parameters
        ----------
        anchored
            Whether the classes from anchored energies are counted, where there are.
        with_cell
            Whether only dopants with an anchored energy are counted, so that the hull
            is judged on the same dopants.

        """
        said = [each for each in self.dopants if each.dopant.outcome]
        if anchored or with_cell:
            said = [each for each in said if each.anchored_outcome is not None]
        same = [
            (each.anchored_outcome if anchored else each.outcome)
            == ARTICLE_CLASSES[each.dopant.outcome]
            for each in said
        ]
        return sum(same), len(same)

    def area_under_curve(self) -> float | None:
        """Chance that a dopant the article calls stable lies above one it does not.

        The threshold plays no part in it. None where the article's classes are not
        both among the dopants.
        """
        energies: dict[bool, list[float]] = {True: [], False: []}
        for each in self.dopants:
            if each.dopant.outcome:
                energies[each.dopant.outcome == "stable"].append(
                    each.relative_energy_eV_per_formula_unit
                )
        stable, others = np.array(energies[True]), np.array(energies[False])
        if not len(stable) or not len(others):
            return None
        above = (stable[:, None] > others).mean()
        ties = (stable[:, None] == others).mean()
        return float(above + ties / 2)

    def to_json(self) -> dict[str, Any]:
        """Classes, agreement with the article and all dopants."""
        same, said = self.agreement()
        anchored_same, anchored_said = self.agreement(anchored=True)
        hull_same, _ = self.agreement(with_cell=True)
        return {
            "undoped_reaction_energy_eV_per_formula_unit": (
                self.undoped.excess.energy_eV_per_formula_unit
            ),
            "undoped_own_reaction_energy_eV_per_formula_unit": (
                self.undoped_own.conversion.energy_eV_per_formula_unit
            ),
            "stable_within_eV_per_formula_unit": self.stable_within_eV_per_formula_unit,
            "gap_threshold_eV": self.gap_threshold_eV,
            "classes": self.counts,
            "article": {
                "same_class": same,
                "compared": said,
                "anchored_same_class": anchored_same,
                "anchored_compared": anchored_said,
                "hull_same_class_where_anchored": hull_same,
                "area_under_curve": self.area_under_curve(),
            },
            "failures": [
                {"id": each.id, "reason": each.reason} for each in self.failures
            ],
            "dopants": [each.to_json() for each in self.dopants],
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Anchored against hull energies, both relative to undoped LLZO."""
        from screening.dopant_screening_view import (  # noqa: PLC0415 (matplotlib)
            draw_energies_compared,
        )

        return draw_energies_compared(self, ax=ax)


def screen_dopants(
    dopants: Sequence[LlzoDopant],
    *,
    entries: Entries,
    content: float = 0.25,
    energies: Mapping[str, CompoundEnergy | Failure] | None = None,
    stable_within_eV_per_formula_unit: float = STABLE_WITHIN_EV,
    gap_threshold_eV: float = GAP_THRESHOLD_EV,
    progress: Callable[[int, int], None] | None = None,
) -> DopantScreening:
    """Reactions and classes of doped LLZO against lithium.

    Parameters
    ----------
    dopants
        Ions and sites, as of :func:`structures.load_llzo_dopants`.
    entries
        Formation energies of everything that may form.
    content
        Dopants per formula unit.
    energies
        Name of a dopant → anchored energy of its compound, where there is one.
    stable_within_eV_per_formula_unit
        How far below undoped LLZO a stable compound may lie [eV per formula unit].
    gap_threshold_eV
        Gap above which a product counts as an insulator [eV].
    progress
        Called with the number of dopants done and of all.

    Returns
    -------
    DopantScreening
        One row per dopant, or a failure.

    Raises
    ------
    InputError
        If a threshold is negative, or no dopant at all can be screened.

    Notes
    -----
    Two estimates stand side by side. With the energy of the hull each compound is
    compared with undoped LLZO on its hull; with an anchored energy, with LLZO at its
    own energy in the table. The difference between the two is the uncertainty.

    References
    ----------
    B. Liu et al., J. Mater. Chem. A 7, 19961 (2019), doi:10.1039/C9TA06748E.

    Examples
    --------
    >>> from screening import load_entries
    >>> from structures.dopants import load_llzo_dopants
    >>> rows = [row for row in load_llzo_dopants() if row.name == "Sc3+-Zr"]
    >>> found = screen_dopants(rows, entries=load_entries())
    >>> found.dopants[0].outcome, found.agreement()
    ('stable', (1, 1))

    """
    for name, value in (
        ("stable_within_eV_per_formula_unit", stable_within_eV_per_formula_unit),
        ("gap_threshold_eV", gap_threshold_eV),
    ):
        if not value >= 0:
            raise InputError(f"{name} must not be negative; got {value!r}. Raise it.")
    n_atoms = sum(read_formula(LLZO).values())
    undoped = titration(LLZO, entries=entries, energy_eV_per_formula_unit=None)
    own = titration(
        LLZO,
        entries=entries,
        energy_eV_per_formula_unit=n_atoms * entries.formation_energy(LLZO),
    )
    screened: list[ScreenedDopant] = []
    failures: list[Failure] = []
    for index, dopant in enumerate(dopants):
        energy = (energies or {}).get(dopant.name)
        try:
            screened.append(
                _screened(
                    dopant,
                    content=content,
                    entries=entries,
                    energy=energy if isinstance(energy, CompoundEnergy) else None,
                    undoped_eV=undoped.excess.energy_eV_per_formula_unit,
                    own_eV=own.conversion.energy_eV_per_formula_unit,
                    stable_within_eV_per_formula_unit=stable_within_eV_per_formula_unit,
                    gap_threshold_eV=gap_threshold_eV,
                )
            )
        except InputError as error:
            failures.append(Failure(dopant.name, str(error)))
        if progress is not None:
            progress(index + 1, len(dopants))
    if dopants and not screened:
        first = failures[0].reason
        raise InputError(f"No dopant could be screened. The first: {first}")
    return DopantScreening(
        dopants=tuple(screened),
        failures=tuple(failures),
        undoped=undoped,
        undoped_own=own,
        stable_within_eV_per_formula_unit=stable_within_eV_per_formula_unit,
        gap_threshold_eV=gap_threshold_eV,
    )


def _screened(
    dopant: LlzoDopant,
    *,
    content: float,
    entries: Entries,
    energy: CompoundEnergy | None,
    undoped_eV: float,
    own_eV: float,
    stable_within_eV_per_formula_unit: float,
    gap_threshold_eV: float,
) -> ScreenedDopant:
    """Reactions and class of one dopant."""
    formula = doped_formula(dopant.ion, site=dopant.site, content=content)
    found = titration(formula, entries=entries)
    products = interphase(
        found.excess,
        dopant=dopant.element,
        gap_threshold_eV=gap_threshold_eV,
        compound_volume_A3=product(LLZO).volume_A3,
    )
    relative_eV = found.excess.energy_eV_per_formula_unit - undoped_eV
    anchored, anchored_eV, anchored_outcome = None, None, None
    if energy is not None:
        n_atoms = sum(read_formula(formula).values())
        anchored = titration(
            formula,
            entries=entries,
            energy_eV_per_formula_unit=n_atoms * energy.energy_eV_per_atom,
        )
        anchored_eV = anchored.conversion.energy_eV_per_formula_unit - own_eV
        anchored_outcome = outcome_of(
            anchored_eV,
            insulating=products.rule_a,
            stable_within_eV_per_formula_unit=stable_within_eV_per_formula_unit,
        )
    return ScreenedDopant(
        dopant=dopant,
        content=content,
        formula=formula,
        titration=found,
        interphase=products,
        relative_energy_eV_per_formula_unit=relative_eV,
        outcome=outcome_of(
            relative_eV,
            insulating=products.rule_a,
            stable_within_eV_per_formula_unit=stable_within_eV_per_formula_unit,
        ),
        outcome_rule_b=outcome_of(
            relative_eV,
            insulating=products.rule_b,
            stable_within_eV_per_formula_unit=stable_within_eV_per_formula_unit,
        ),
        energy=energy,
        anchored=anchored,
        anchored_relative_energy_eV_per_formula_unit=anchored_eV,
        anchored_outcome=anchored_outcome,
    )
