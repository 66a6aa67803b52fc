"""Registry of an interface: gap and in-plane shift by energy, in one batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms

from mlip.potential import Potential
from structures.interface import METAL, Interface
from structures.interface_contact import contact_overlap
from structures.slab_limits import LONGEST_A
from structures.superlattice import hermite_form, reduced_basis
from training_data.errors import Failure, InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_STRUCTURES = 2000
EV_PER_A2 = 16.02176634  # J/m²


@dataclass(frozen=True, kw_only=True)
class Registry:
    """Energies of an interface over gaps and in-plane shifts.

    Parameters
    ----------
    atoms
        Interface of the lowest energy, as it was evaluated (not relaxed).
    gap_A, shift
        Its gap [Å] and the shift of the metal along a and b, in fractions of the cell.
    energy_eV
        Its energy [eV].
    gaps_A
        Gaps that were tried [Å], (n_gaps,).
    shifts
        Shifts that were tried, in fractions of the cell, (n_shifts, 2).
    energies_eV
        Energies [eV], (n_gaps, n_shifts); NaN where the evaluation failed, or where
        atoms overlap, which is not evaluated.
    shift_cell
        Smallest shifts that give the same interface again, rows, in fractions of the
        cell, (2, 2).
    area_A2
        Area of the interface [Å²].
    corrugation_J_per_m2
        Spread of the energies over the shifts at the best gap, per area.
    failures
        Structures that could not be evaluated.

    """

    atoms: Atoms
    gap_A: float
    shift: tuple[float, float]
    energy_eV: float
    gaps_A: np.ndarray
    shifts: np.ndarray
    energies_eV: np.ndarray
    shift_cell: np.ndarray
    area_A2: float
    corrugation_J_per_m2: float
    failures: tuple[Failure, ...]

    def to_json(self) -> dict[str, Any]:
        """All numbers, without the atoms."""
        return {
            "gap_A": self.gap_A,
            "shift": list(self.shift),
            "energy_eV": self.energy_eV,
            "gaps_A": self.gaps_A.tolist(),
            "shifts": self.shifts.tolist(),
            "energies_eV": [
                [e if np.isfinite(e) else None for e in row]
                for row in self.energies_eV.tolist()
            ],
            "shift_cell": self.shift_cell.tolist(),
            "area_A2": self.area_A2,
            "corrugation_J_per_m2": self.corrugation_J_per_m2,
            "failures": [
                f"{failure.id}: {failure.reason}" for failure in self.failures
            ],
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Energy per area against the gap: the best shift, and the range of all."""
        from matplotlib import pyplot as plt

        if ax is None:
            _, ax = plt.subplots(figsize=(4.6, 3.4), layout="constrained")
        per_area = (self.energies_eV - self.energy_eV) / self.area_A2 * EV_PER_A2
        known = np.asarray(np.isfinite(per_area).any(axis=1))
        order = np.argsort(self.gaps_A)
        order = order[known[order]]
        low, high = np.full((2, len(per_area)), np.nan)
        low[known] = np.nanmin(per_area[known], axis=1)
        high[known] = np.nanmax(per_area[known], axis=1)
        ax.fill_between(
            self.gaps_A[order],
            low[order],
            high[order],
            color="#a070d8",
            alpha=0.3,
            lw=0,
            label=f"all {len(self.shifts)} shifts",
        )
        ax.plot(
            self.gaps_A[order], low[order], "o-", color="#5a3a90", label="best shift"
        )
        ax.set_xlabel("gap (Å)")
        ax.set_ylabel("energy above the best (J/m²)")
        ax.legend(frameon=False)
        return ax


def shift_cell(interface: Interface) -> np.ndarray:
    """Smallest shifts of the metal that give the same interface again.

    Parameters
    ----------
    interface
        Interface as built.

    Returns
    -------
    numpy.ndarray
        Two vectors as rows, in fractions of the common cell, shape (2, 2).

    Notes
    -----
    A shift by a lattice vector of either side changes nothing, so all of them generate
    the lattice of equal shifts (the DSC lattice of grain boundaries). With m cells of
    the metal on n of the electrolyte, without common factor, it has 1/(m n) of the
    area.

    References
    ----------
    W. Bollmann, Crystal Defects and Crystalline Interfaces (Springer, 1970),
    doi:10.1007/978-3-642-49173-3.

    Examples
    --------
    >>> from structures.interface import build_interface
    >>> from structures.prototypes import build_prototype
    >>> interface = build_interface(
    ...     build_prototype("Li2ZrCl6"), build_prototype("Li-fcc"), electrolyte_layers=1
    ... )
    >>> round(1 / abs(np.linalg.det(shift_cell(interface)))), 13 * 3
    (39, 39)

    """
    match = interface.match
    supercells = match.metal_supercell, match.electrolyte_supercell
    multiples = match.metal_multiple, match.electrolyte_multiple
    common = int(np.lcm(*multiples))
    rows = [
        np.round(common * np.linalg.inv(np.array(cell))).astype(int)
        for cell in supercells
    ]
    form = hermite_form(np.concatenate(rows))
    plane = interface.atoms.cell[:2, :2] / common
    basis: np.ndarray = reduced_basis(form, plane) / common
    return basis


def search_registry(
    interface: Interface,
    potential: Potential,
    *,
    gaps_A: Sequence[float] = (2.0, 2.25, 2.5, 2.75, 3.0),
    n_shifts: int = 3,
) -> Registry:
    """Gap and in-plane shift of the lowest energy, all tried in one batch.

    Both sides stay rigid. In a sandwich both gaps are equal and both contacts see the
    same shift.

    Parameters
    ----------
    interface
        Interface as built.
    potential
        What evaluates the structures.
    gaps_A
        Gaps to try [Å].
    n_shifts
        Number of shifts along each edge of the smallest cell of distinct shifts.

    Returns
    -------
    Registry
        The best interface and all energies.

    Raises
    ------
    InputError
        If a gap or the number is not positive, there are more than 2000 structures, or
        none of them can be evaluated or is free of overlapping atoms.

    Notes
    -----
    The grid covers ``shift_cell``: i/n a' + j/n b' with 0 <= i, j < n, added to the
    shift that the interface has.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from ase.calculators.lj import LennardJones
    >>> from mlip.ase_potential import AsePotential
    >>> from structures.interface import build_interface
    >>> interface = build_interface(
    ...     bulk("Cu", cubic=True), bulk("Ni", a=3.6, cubic=True), electrolyte_layers=3,
    ...     metal_miller=(0, 0, 1), metal_layers=3, shift=(0.5, 0.0), vacuum_A=10.0,
    ...     max_area_A2=20.0,
    ... )
    >>> potential = AsePotential(LennardJones(sigma=2.27, rc=5.0))
    >>> found = search_registry(interface, potential, gaps_A=[1.8], n_shifts=2)
    >>> [round(fraction, 6) for fraction in found.shift]  # the fourfold hollow
    [0.5, 0.5]

    """
    gaps = np.array(gaps_A, dtype=float)
    if len(gaps) == 0 or not ((gaps > 0) & (gaps <= LONGEST_A)).all():
        raise InputError(
            f"gaps_A must be positive and at most {LONGEST_A:g} Å; got "
            f"{list(gaps_A)!r}. Give for example 2 to 3 Å."
        )
    if n_shifts < 1:
        raise InputError(
            f"n_shifts must be at least 1; got {n_shifts!r}. 1 keeps the shift."
        )
    n_structures = len(gaps) * n_shifts**2
    if n_structures > MOST_STRUCTURES:
        raise InputError(
            f"n_shifts and gaps_A must make at most {MOST_STRUCTURES} structures; got "
            f"{n_structures!r}. Scan the gap first, then the shift."
        )
    cell = shift_cell(interface)
    grid = np.array(np.meshgrid(*2 * [np.arange(n_shifts)], indexing="ij"))
    steps = grid.reshape(2, -1).T / n_shifts @ cell
    shifts = (steps + interface.shift + 1e-9) % 1.0 - 1e-9
    structures = [
        moved(interface, gap_A=float(gap), step=(float(step[0]), float(step[1])))
        for gap in gaps
        for step in steps
    ]
    flat, failures = _energies(structures, potential)
    energies = flat.reshape(len(gaps), len(steps))
    if not np.isfinite(energies).any():
        raise InputError(
            "potential must evaluate at least one of the structures; got the failure "
            f"{failures[0].reason!r}. Try wider gaps."
        )
    best = int(np.nanargmin(energies))
    row, column = divmod(best, len(steps))
    spread = float(np.nanmax(energies[row]) - np.nanmin(energies[row]))
    return Registry(
        atoms=structures[best],
        gap_A=float(gaps[row]),
        shift=(float(shifts[column, 0]), float(shifts[column, 1])),
        energy_eV=float(energies[row, column]),
        gaps_A=gaps,
        shifts=shifts,
        energies_eV=energies,
        shift_cell=cell,
        area_A2=interface.area_A2,
        corrugation_J_per_m2=spread / interface.area_A2 * EV_PER_A2,
        failures=failures,
    )


def _energies(
    structures: list[Atoms], potential: Potential
) -> tuple[np.ndarray, tuple[Failure, ...]]:
    """Energies in one batch, NaN for what failed or was not worth asking for."""
    # a potential may call overlapping atoms, far from all its data, a bargain
    overlaps = [contact_overlap(atoms) for atoms in structures]
    apart = [k for k, overlap in enumerate(overlaps) if overlap is None]
    energies = np.full(len(structures), np.nan)
    failures = [
        Failure(str(k), f"atoms overlap: {overlap}")
        for k, overlap in enumerate(overlaps)
        if overlap is not None
    ]
    if apart:
        evaluation = potential.evaluate([structures[k] for k in apart])
        energies[apart] = evaluation.energies
        failures += [
            Failure(str(apart[int(failure.id)]), failure.reason)
            for failure in evaluation.failures
        ]
    return energies, tuple(sorted(failures, key=lambda failure: int(failure.id)))


def moved(interface: Interface, *, gap_A: float, step: tuple[float, float]) -> Atoms:
    """Interface with another gap and the metal moved within its plane.

    Parameters
    ----------
    interface
        Interface as built; it is not changed.
    gap_A
        New gap [Å]; of both contacts in a sandwich, where the cell grows with it.
    step
        By how much the metal moves along a and b, in fractions of the cell.

    Returns
    -------
    Atoms
        Same labels in the same order, wrapped within the plane.

    """
    atoms = interface.atoms.copy()
    metal = atoms.arrays["side"] == METAL
    wider = gap_A - interface.gap_A
    sandwich = interface.vacuum_A is None
    cell = atoms.cell[:]
    cell[2, 2] += 2 * wider if sandwich else wider
    positions = atoms.positions.copy()
    positions[metal, :2] += np.array(step) @ cell[:2, :2]
    positions[metal, 2] += wider
    if sandwich:
        positions[:, 2] += wider / 2
    atoms.set_cell(cell, scale_atoms=False)
    atoms.positions = positions
    atoms.wrap(pbc=(True, True, False), eps=1e-9)
    return atoms
