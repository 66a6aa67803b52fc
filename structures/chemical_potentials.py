"""Chemical potentials of elements from the phases that a crystal is in contact with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from training_data.errors import InputError

SMALLEST_PIVOT = 1e-9


@dataclass(frozen=True, kw_only=True)
class ChemicalPotentials:
    """Energy per atom at which each element is exchanged, with the phases behind it.

    Parameters
    ----------
    values_eV
        Chemical potential of each element [eV per atom].
    phases
        Formula of each phase in equilibrium and its energy [eV per formula unit].

    """

    values_eV: dict[str, float]
    phases: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """Values and phases."""
        return {
            "chemical_potentials_eV": self.values_eV,
            "phases_eV_per_formula_unit": self.phases,
        }


def chemical_potentials(phases: Mapping[str, float]) -> ChemicalPotentials:
    """Chemical potentials at which all given phases are in equilibrium.

    As many phases as elements fix the potentials, for example LLZO, Li2O, La2O3 and
    Al2O3 with Li metal for Li-La-Zr-Al-O.

    Parameters
    ----------
    phases
        Formula → energy per formula unit [eV], all from one potential or one level
        of theory.

    Returns
    -------
    ChemicalPotentials
        One value per element.

    Raises
    ------
    InputError
        If an energy is not finite, or the phases are fewer or more than the elements
        or do not fix every element.

    Notes
    -----
    Solves ``sum_e n_pe μ_e = E_p`` for the phases p and elements e.

    ====== ===========================
    symbol variable
    ====== ===========================
    E_p    `phases`
    μ_e    ``values_eV``
    n_pe   atoms of e in the formula
    ====== ===========================

    References
    ----------
    S. B. Zhang, J. E. Northrup, Phys. Rev. Lett. 67, 2339 (1991),
    doi:10.1103/PhysRevLett.67.2339.

    Examples
    --------
    >>> found = chemical_potentials({"Li": -1.9, "Li2O": -14.3})
    >>> round(found.values_eV["O"], 6)
    -10.5

    """
    from pymatgen.core import Composition  # noqa: PLC0415 (slow to import)

    contents = {formula: Composition(formula) for formula in phases}
    elements = sorted({str(e) for content in contents.values() for e in content})
    for formula, energy in phases.items():
        if not np.isfinite(energy):
            raise InputError(
                f"phases must have finite energies; got {energy!r} for {formula}. "
                "Relax the phase again."
            )
    if len(phases) != len(elements):
        raise InputError(
            f"phases must be as many as their elements ({', '.join(elements)}); got "
            f"{', '.join(phases)}. Add or leave out a phase."
        )
    amounts = np.array([[c[e] for e in elements] for c in contents.values()])
    smallest = np.linalg.svd(amounts, compute_uv=False).min()
    if smallest < SMALLEST_PIVOT:
        raise InputError(
            f"phases must fix every element; got {', '.join(phases)}, whose formulas "
            "depend on each other. Replace one of them."
        )
    values = np.linalg.solve(amounts, np.array(list(phases.values())))
    return ChemicalPotentials(
        values_eV={e: float(v) for e, v in zip(elements, values, strict=True)},
        phases={formula: float(energy) for formula, energy in phases.items()},
    )
