"""Phases on the hull at a composition."""

from typing import TYPE_CHECKING, Any

from screening.formulas import name_of
from screening.reaction import NEGLIGIBLE

if TYPE_CHECKING:
    from pymatgen.core import Composition


def stable_phases(diagram: Any, mixture: "Composition") -> dict[str, float]:  # noqa: ANN401 (pymatgen)
    """Phases on the hull at a composition, as formula units; largest first.

    Parameters
    ----------
    diagram
        pymatgen's phase diagram.
    mixture
        Composition, with its amounts.

    Examples
    --------
    >>> from pymatgen.core import Composition
    >>> from screening.entries import Entries
    >>> own = Entries.of({"Li2O": -2.0}, scheme="toy", source="example")
    >>> found = stable_phases(own.phase_diagram("Li-O"), Composition("Li5O2"))
    >>> {formula: round(units, 6) for formula, units in found.items()}
    {'Li2O': 2.0, 'Li': 1.0}

    """
    amounts: dict[str, float] = {}
    for entry, fraction in diagram.get_decomposition(mixture).items():
        formula, n_units = name_of(entry.composition)
        per_unit = entry.composition.num_atoms / n_units
        amounts[formula] = float(fraction) * mixture.num_atoms / per_unit
    kept = {f: a for f, a in amounts.items() if a > NEGLIGIBLE}
    return dict(sorted(kept.items(), key=lambda pair: -pair[1]))
