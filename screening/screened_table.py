"""Table for the dopant models from a screening."""

from collections.abc import Mapping

from screening.dopant_screening import DopantScreening
from screening.dopant_table import DopantTable, dopant_row


def dopant_table(
    screening: DopantScreening,
    *,
    coordination_numbers: Mapping[str, float] | None = None,
    anchored: bool = False,
) -> DopantTable:
    """Screened dopants with features, reaction energies and classes.

    Parameters
    ----------
    screening
        Reactions of all dopants.
    coordination_numbers
        Name of the dopant ("Al3+-Li") → number of oxygen neighbours in its structure
        (:func:`screening.dopant_coordination`); the site's own where not given.
    anchored
        Whether anchored energies count where there are; a dopant without one is then
        left out.

    Returns
    -------
    DopantTable
        Rows in the order of the screening.

    Raises
    ------
    InputError
        If no dopant is left.

    Examples
    --------
    >>> from screening.dopant_screening import screen_dopants
    >>> from screening.shipped_entries import load_entries
    >>> from structures.dopants import load_llzo_dopants
    >>> aluminium = [each for each in load_llzo_dopants() if each.element == "Al"]
    >>> table = dopant_table(screen_dopants(aluminium, entries=load_entries()))
    >>> table.names, table.rows[0].stable
    (('Al3+-Li',), False)
    >>> round(table.undoped_energy_eV_per_formula_unit, 3)
    -0.338

    """
    numbers = dict(coordination_numbers or {})

    reference = (
        screening.undoped_own.conversion if anchored else screening.undoped.excess
    )
    rows = []
    for each in screening.dopants:
        energy = (
            each.anchored_reaction_energy_eV_per_formula_unit
            if anchored
            else each.reaction_energy_eV_per_formula_unit
        )
        if energy is None:
            continue
        dopant = each.dopant
        rows.append(
            dopant_row(
                dopant.element,
                oxidation_state=dopant.oxidation_state,
                site=dopant.site,
                formula=each.formula,
                coordination_number=numbers.get(each.name, dopant.coordination_number),
                reaction_energy_eV_per_formula_unit=energy,
                undoped_energy_eV_per_formula_unit=reference.energy_eV_per_formula_unit,
                margin_eV_per_formula_unit=screening.stable_within_eV_per_formula_unit,
            )
        )
    return DopantTable(
        rows=tuple(rows),
        undoped_energy_eV_per_formula_unit=reference.energy_eV_per_formula_unit,
        margin_eV_per_formula_unit=screening.stable_within_eV_per_formula_unit,
    )
