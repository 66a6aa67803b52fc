"""Decomposition of a compound into what competes with it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import linprog

from screening.entries import Entries
from screening.formulas import read_formula, reduced_formula
from training_data.errors import InputError

SMALLEST_AMOUNT = 1e-8


@dataclass(frozen=True, kw_only=True)
class DecompositionResult:
    """Reaction by which a compound forms from its competitors.

    Parameters
    ----------
    formula
        The compound, reduced.
    enthalpy_eV_per_atom
        Its energy relative to the best mixture of other compositions [eV/atom]:
        negative for a stable compound (by how much), positive for an unstable one.
    products
        That mixture: reduced formula → formula units per atom of the compound.

    """

    formula: str
    enthalpy_eV_per_atom: float
    products: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """Numbers of the reaction."""
        return {
            "formula": self.formula,
            "enthalpy_eV_per_atom": self.enthalpy_eV_per_atom,
            "products": self.products,
        }


def decomposition_enthalpy(
    formula: str,
    *,
    entries: Entries,
    formation_energy_eV_per_atom: float | None = None,
) -> DecompositionResult:
    """Enthalpy of a compound relative to all phases of other compositions.

    For a stable compound this says how far it lies below the hull that the others
    form without it, which an energy above the hull (zero for all of them) does not.

    Parameters
    ----------
    formula
        The compound.
    entries
        What competes.
    formation_energy_eV_per_atom
        Energy of the compound [eV/atom]; by default the entries'.

    Returns
    -------
    DecompositionResult
        Enthalpy and competing phases.

    Raises
    ------
    InputError
        If the entries do not hold the compound and no energy is given.

    Notes
    -----
    ΔH_d = E_f − min Σ x_k E_k over x_k ≥ 0 with Σ x_k c_k = c and the compound's own
    composition left out: a linear programme.

    | symbol | here |
    |---|---|
    | c, c_k | fraction of each element in the compound and in phase k |
    | x_k | atoms of phase k per atom of the compound |
    | E_f, E_k | formation energies [eV/atom] |

    References
    ----------
    C. J. Bartel et al., npj Comput. Mater. 6, 97 (2020),
    doi:10.1038/s41524-020-00362-y.

    Examples
    --------
    >>> own = Entries.of({"AlNi": -0.6, "AlNi3": -0.4}, scheme="PBE", source="own")
    >>> found = decomposition_enthalpy("AlNi3", entries=own)
    >>> round(found.enthalpy_eV_per_atom, 3), found.products
    (-0.1, {'Ni': 0.5, 'AlNi': 0.25})

    """
    amounts = read_formula(formula)
    energy = formation_energy_eV_per_atom
    if energy is None:
        energy = entries.formation_energy(formula)
    if not np.isfinite(energy):
        raise InputError(
            f"formation_energy_eV_per_atom must be finite; got {energy!r}. "
            "Leave it out to take that of the entries."
        )
    symbols = sorted(amounts)
    table = entries.compositions
    own = table.row(formula)
    rows = [int(row) for row in table.rows_within(symbols) if row != own]
    phases = [{symbol: 1} for symbol in symbols if len(symbols) > 1]
    phases += [table.composition(row) for row in rows]
    if not phases:
        raise InputError(
            f"formula must be a compound; got {formula!r}. An element has no "
            "competitors of other composition."
        )
    sizes = np.array([sum(phase.values()) for phase in phases])
    fractions = np.array([[p.get(s, 0) for p in phases] for s in symbols]) / sizes
    n_elements = len(phases) - len(rows)
    energies = np.concatenate(
        [np.zeros(n_elements), entries.formation_energies_eV_per_atom[rows]]
    )
    wanted = np.array([amounts[s] for s in symbols]) / sum(amounts.values())
    solution = linprog(energies, A_eq=fractions, b_eq=wanted, method="highs")
    used = np.flatnonzero(solution.x > SMALLEST_AMOUNT)
    products = {}
    for k in used:
        name = reduced_formula("".join(f"{s}{n}" for s, n in phases[k].items()))
        products[name] = float(solution.x[k] / sum(read_formula(name).values()))
    return DecompositionResult(
        formula=reduced_formula(formula),
        enthalpy_eV_per_atom=float(energy - solution.fun),
        products=products,
    )
