"""Competing reactions: what else could form, ranked by energy."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from screening.entries import Entries
from screening.formulas import name_of, read_formula, reduced_formula
from screening.reaction import NEGLIGIBLE, Reaction, check_energy
from training_data.errors import InputError


def competing_reactions(
    compound: str,
    *,
    entries: Entries,
    electrode: str = "Li",
    electrode_per_formula_unit: float | None = None,
    energy_eV_per_formula_unit: float | None = None,
    n_reactions: int = 10,
) -> tuple[Reaction, ...]:
    """Balanced reactions of a compound with an electrode, lowest energy first.

    The first is the equilibrium. The others are what comes out when phases of the
    better ones do not form: the answer to a product that nucleates too slowly, or
    whose energy is in doubt. Phases above the hull take part.

    Parameters
    ----------
    compound
        Formula; it is no product itself.
    entries
        Formation energies of everything that may form.
    electrode
        Formula of what it is in contact with.
    electrode_per_formula_unit
        Formula units of the electrode that are there for one of the compound; by
        default an excess, of which as much reacts as lowers the energy.
    energy_eV_per_formula_unit
        Energy of the compound relative to the elements [eV per formula unit]; by
        default that of the hull.
    n_reactions
        How many to list at most.

    Returns
    -------
    tuple of Reaction
        Reactions with different products.

    Raises
    ------
    InputError
        If a formula cannot be read, a number is out of range, or both are the same
        compound.

    Notes
    -----
    Each reaction is the solution of a linear programme over all phases p of the
    system,

        min Σ_p c_p E_p − n E(E)   with   Σ_p c_p a_pe = a_Ce + n a_Ee,  c_p ≥ 0

    for all elements e. Forbidding one product of a solution at a time gives its
    competitors; the best one not yet listed is next. Every reaction listed is the best
    of those without certain phases, and none of lower energy of that kind is missing.

    Examples
    --------
    >>> own = Entries.of(
    ...     {"Li2O": -2.0, "ZrO2": -3.6, "Zr3O": -1.2}, scheme="toy", source="example"
    ... )
    >>> for one in competing_reactions("ZrO2", entries=own, n_reactions=2):
    ...     print(one.equation, round(one.energy_eV_per_formula_unit, 3))
    ZrO2 + 4 Li → 2 Li2O + Zr -1.2
    ZrO2 + 3.333 Li → 1.667 Li2O + 0.3333 Zr3O -0.8

    """
    if n_reactions < 1:
        raise InputError(
            f"n_reactions must be at least 1; got {n_reactions}. Give for example 5."
        )
    amount = electrode_per_formula_unit
    if amount is not None and not (np.isfinite(amount) and amount >= 0):
        raise InputError(
            f"electrode_per_formula_unit must not be negative; got {amount!r}. "
            "Leave it out for an excess."
        )
    check_energy(energy_eV_per_formula_unit)
    balance = _balance(compound, electrode, entries, amount)
    own_eV = energy_eV_per_formula_unit
    if own_eV is None:
        own_eV = entries.hull_energy(compound) * sum(read_formula(compound).values())
    return tuple(
        balance.reaction(amounts, compound, electrode, energy - own_eV)
        for energy, amounts in _ranked(balance, n_reactions)
    )


@dataclass(frozen=True, kw_only=True)
class _Balance:
    """Linear programme: phases, their energies, and what has to come out."""

    formulas: tuple[str, ...]
    matrix: np.ndarray
    energies_eV: np.ndarray
    target: np.ndarray
    given_amount: float | None
    compound_atoms: float
    electrode_atoms: float

    def solved(self, forbidden: frozenset[int]) -> tuple[float, np.ndarray] | None:
        """Lowest energy and amounts without certain phases; None if none balances."""
        from scipy.optimize import linprog  # noqa: PLC0415 (slow to import)

        bounds: list[tuple[float | None, float | None]] = [
            (0, 0) if i in forbidden else (0, None) for i in range(len(self.formulas))
        ]
        if self.given_amount is None:
            bounds[-1] = (None, None)
        else:
            bounds[-1] = (self.given_amount, self.given_amount)
        found = linprog(
            self.energies_eV,
            A_eq=self.matrix,
            b_eq=self.target,
            bounds=bounds,
            method="highs",
        )
        return (float(found.fun), found.x) if found.success else None

    def reaction(
        self, amounts: np.ndarray, compound: str, electrode: str, energy_eV: float
    ) -> Reaction:
        """Reaction of one solution."""
        taken_up = float(amounts[-1])
        products = {
            formula: float(n)
            for formula, n in zip(self.formulas, amounts, strict=True)
            if n > NEGLIGIBLE and formula != CONSUMED
        }
        if abs(taken_up) < NEGLIGIBLE:
            taken_up = 0.0
        n_atoms = self.compound_atoms + max(taken_up, 0.0) * self.electrode_atoms
        return Reaction(
            compound=compound,
            electrode=electrode,
            electrode_per_formula_unit=taken_up,
            products=dict(sorted(products.items(), key=lambda pair: -pair[1])),
            energy_eV_per_formula_unit=energy_eV,
            energy_eV_per_atom=energy_eV / n_atoms,
        )


CONSUMED = "(electrode consumed)"
"""Stands for the electrode among the columns of the programme."""


def _balance(
    compound: str, electrode: str, entries: Entries, amount: float | None
) -> _Balance:
    """Phases of the system as columns, the electrode as the last."""
    start, end = read_formula(compound), read_formula(electrode)
    symbols = sorted(entries.check_elements({*start, *end}))
    itself, metal = reduced_formula(compound), reduced_formula(electrode)
    if itself == metal:
        raise InputError(
            f"electrode must be another compound than {compound!r}; got "
            f"{electrode!r}. Nothing can react."
        )
    left_out = {itself} | ({metal} if amount is None else set())
    phases = {}
    for entry in entries.chemical_system(symbols):
        formula, n_units = name_of(entry.composition)
        if formula not in left_out:
            phases[formula] = (entry.composition, n_units, entry.energy)
    columns = [
        [float(composition[e]) / n_units for e in symbols]
        for composition, n_units, _ in phases.values()
    ]
    consumed = [-end.get(e, 0.0) for e in symbols]
    per_atom = entries.hull_energy(electrode)
    return _Balance(
        formulas=(*phases, CONSUMED),
        matrix=np.array([*columns, consumed]).T,
        energies_eV=np.array(
            [energy / n_units for _, n_units, energy in phases.values()]
            + [-per_atom * sum(end.values())]
        ),
        target=np.array([start.get(e, 0.0) for e in symbols]),
        given_amount=amount,
        compound_atoms=sum(start.values()),
        electrode_atoms=sum(end.values()),
    )


def _ranked(balance: _Balance, n_reactions: int) -> Sequence[tuple[float, np.ndarray]]:
    """Solutions with different products, best first."""
    listed: list[tuple[float, np.ndarray]] = []
    products_seen: set[frozenset[int]] = set()
    nothing: frozenset[int] = frozenset()
    tried = {nothing}
    queue: list[tuple[float, int, frozenset[int], np.ndarray]] = []

    def put(forbidden: frozenset[int]) -> None:
        solved = balance.solved(forbidden)
        if solved is not None:
            heapq.heappush(queue, (solved[0], len(tried), forbidden, solved[1]))

    put(nothing)
    while queue and len(listed) < n_reactions:
        energy, _, forbidden, amounts = heapq.heappop(queue)
        products = frozenset(np.flatnonzero(amounts[:-1] > NEGLIGIBLE).tolist())
        if products not in products_seen:
            products_seen.add(products)
            listed.append((energy, amounts))
        for phase in products:
            without = forbidden | {phase}
            if without not in tried:
                tried.add(without)
                put(without)
    return listed
