"""Coordination numbers: by a cutoff, by a smooth switch, and weighted by length."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms

from structures.bonds import (
    Bonds,
    Cutoff,
    Species,
    bond_cutoffs,
    choose_species,
    find_bonds,
)
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The switch falls from 1 to 0 over the cutoff ± this share of it.
SWITCH_SHARE = 0.08


@dataclass(frozen=True, kw_only=True)
class Coordination:
    """Coordination of every centre of a structure.

    Parameters
    ----------
    centres
        Atoms at the centres, shape (n,).
    species
        Their elements.
    ligands
        Elements of the ligands.
    numbers
        Ligands within the cutoff, shape (n,).
    smooth_numbers
        Sum of the switching function over the ligands, shape (n,).
    effective_numbers
        Hoppe's effective coordination numbers, shape (n,); 0 without ligand.
    bond_lengths_A
        Lengths within the cutoff, ascending [Å], one array per centre.
    cutoffs_A
        Cutoff of each kind of bond, such as ``{"Zr-Cl": 3.16}`` [Å].
    switch_share
        The switch falls from 1 to 0 between the cutoff times 1 ∓ this.

    """

    centres: np.ndarray
    species: tuple[str, ...]
    ligands: tuple[str, ...]
    numbers: np.ndarray
    smooth_numbers: np.ndarray
    effective_numbers: np.ndarray
    bond_lengths_A: tuple[np.ndarray, ...]
    cutoffs_A: Mapping[str, float]
    switch_share: float

    def of(self, species: str) -> np.ndarray:
        """Places in the arrays of the centres of one element."""
        return np.flatnonzero(np.array(self.species) == species)

    def to_json(self) -> dict[str, Any]:
        """Per element: distribution of the numbers, means and bond lengths."""
        by_species = {}
        for species in dict.fromkeys(self.species):
            rows = self.of(species)
            values, counts = np.unique(self.numbers[rows], return_counts=True)
            lengths = np.concatenate([self.bond_lengths_A[i] for i in rows])
            by_species[species] = {
                "n_centres": len(rows),
                "numbers": {
                    str(n): int(k) for n, k in zip(values, counts, strict=True)
                },
                "mean_number": float(self.numbers[rows].mean()),
                "mean_smooth_number": float(self.smooth_numbers[rows].mean()),
                "mean_effective_number": float(self.effective_numbers[rows].mean()),
                "shortest_bond_A": float(lengths.min()) if len(lengths) else None,
                "mean_bond_A": float(lengths.mean()) if len(lengths) else None,
                "longest_bond_A": float(lengths.max()) if len(lengths) else None,
            }
        return {
            "ligands": list(self.ligands),
            "cutoffs_A": dict(self.cutoffs_A),
            "centres": by_species,
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Bond lengths of each kind of centre, with the cutoff of each.

        Parameters
        ----------
        ax
            Axes to draw on; new ones by default.

        Returns
        -------
        matplotlib.axes.Axes
            Bonds per centre and 0.02 Å against length in Å.

        """
        from structures.polyhedra_view import draw_bond_lengths  # noqa: PLC0415

        return draw_bond_lengths(self, ax=ax)


def coordination(
    atoms: Atoms,
    *,
    centre: Species | None = None,
    ligand: Species | None = None,
    cutoff_A: Cutoff | None = None,
    switch_share: float = SWITCH_SHARE,
) -> Coordination:
    """Coordination numbers of cations by anions, in three measures.

    The number within a cutoff is whole and jumps when a bond crosses it. The smooth
    number follows every atom continuously, to the second derivative. The effective
    number needs no cutoff in practice: it weighs each bond against the shortest ones
    of the same centre and tells 4 + 2 from 6.

    Parameters
    ----------
    atoms
        Structure; any mixture of periodic and open directions.
    centre
        Element or elements at the centres; by default all that are not ligands.
    ligand
        Element or elements around them; by default the most electronegative one.
    cutoff_A
        Largest bond length [Å], one for all or per kind such as ``{"Zr-Cl": 3.2}``;
        by default 1.25 times the sum of Shannon's ionic radii (Zr-Cl 3.16, Li-Cl
        3.21, Li-O 2.70, La-O 3.04, Zr-O 2.65 Å).
    switch_share
        Half width of the switch over the cutoff, from 0 (a step) to below 1.

    Returns
    -------
    Coordination

    Raises
    ------
    InputError
        If elements or lengths cannot be used.

    Notes
    -----
    With x = (r - r₁)/(r₂ - r₁), clipped to [0, 1]:

    ``s(r) = 1 - 10x³ + 15x⁴ - 6x⁵``, ``n_smooth = Σ s(r)``;
    ``w(r) = exp[1 - (r/l)⁶]``, ``n_effective = Σ w(r)``,
    ``l = Σ r exp[1 - (r/r_min)⁶] / Σ exp[1 - (r/r_min)⁶]``.

    ======  ==========================================
    symbol  variable
    ======  ==========================================
    r       bond length [Å]
    r₁, r₂  ``cutoff_A`` times 1 - and 1 + ``switch_share`` [Å]
    r_min   shortest bond of the centre [Å]
    l       weighted mean bond length of the centre [Å]
    ======  ==========================================

    The sums of n_effective run up to r₂.

    References
    ----------
    R. D. Shannon, Acta Cryst. A 32, 751 (1976), doi:10.1107/S0567739476001551.
    R. Hoppe, Z. Kristallogr. 150, 23 (1979), doi:10.1524/zkri.1979.150.14.23.

    Examples
    --------
    >>> from ase.build import bulk
    >>> halite = coordination(bulk("LiCl", "rocksalt", a=5.14))
    >>> halite.numbers, halite.smooth_numbers, halite.effective_numbers
    (array([6]), array([6.]), array([6.]))

    """
    if not 0 <= switch_share < 1:
        raise InputError(
            f"switch_share must be at least 0 and below 1; got {switch_share!r}. "
            f"Give e.g. {SWITCH_SHARE}."
        )
    centres, ligands = choose_species(atoms, centre=centre, ligand=ligand)
    cutoffs = bond_cutoffs(centres, ligands, cutoff_A=cutoff_A)
    reach = {kind: (1 + switch_share) * length for kind, length in cutoffs.items()}
    bonds = find_bonds(atoms, reach)
    symbols = np.array(atoms.get_chemical_symbols())
    found = np.flatnonzero(np.isin(symbols, centres))
    rows = np.searchsorted(found, bonds.centre)
    own = _cutoff_per_bond(bonds, symbols, cutoffs)
    within = bonds.lengths_A <= own
    n = len(found)
    ends = np.searchsorted(rows[within], np.arange(1, n))
    return Coordination(
        centres=found,
        species=tuple(symbols[found].tolist()),
        ligands=ligands,
        numbers=np.bincount(rows[within], minlength=n),
        smooth_numbers=np.bincount(
            rows,
            weights=switch(bonds.lengths_A / own, share=switch_share),
            minlength=n,
        ),
        effective_numbers=_effective(rows, bonds.lengths_A, n),
        bond_lengths_A=tuple(np.split(bonds.lengths_A[within], ends)),
        cutoffs_A={f"{c}-{x}": length for (c, x), length in cutoffs.items()},
        switch_share=switch_share,
    )


def switch(ratio: np.ndarray, *, share: float) -> np.ndarray:
    """Smooth step from 1 below ``1 - share`` to 0 above ``1 + share``.

    Parameters
    ----------
    ratio
        Bond length over cutoff, any shape.
    share
        Half width of the step.

    Examples
    --------
    >>> switch(np.array([0.9, 1.0, 1.1]), share=0.08)
    array([1. , 0.5, 0. ])

    """
    if share == 0:
        return np.asarray(ratio <= 1, dtype=float)
    x = np.clip((ratio - 1 + share) / (2 * share), 0, 1)
    return np.asarray(1 - x**3 * (10 - 15 * x + 6 * x**2))


def _cutoff_per_bond(
    bonds: Bonds, symbols: np.ndarray, cutoffs: Mapping[tuple[str, str], float]
) -> np.ndarray:
    own = np.ones(len(bonds))
    for (c, x), length in cutoffs.items():
        kind = (symbols[bonds.centre] == c) & (symbols[bonds.ligand] == x)
        own[kind] = length
    return own


def _effective(rows: np.ndarray, lengths: np.ndarray, n: int) -> np.ndarray:
    """Hoppe's effective coordination numbers of n centres."""
    shortest = np.full(n, np.inf)
    np.minimum.at(shortest, rows, lengths)
    weight = np.exp(1 - (lengths / shortest[rows]) ** 6)
    total = np.bincount(rows, weights=weight, minlength=n)
    moment = np.bincount(rows, weights=weight * lengths, minlength=n)
    mean = moment / np.where(total > 0, total, 1.0)
    weight = np.exp(1 - (lengths / mean[rows]) ** 6)
    return np.bincount(rows, weights=weight, minlength=n)
