"""Doped cells of one composition, ranked."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ase import Atoms

from structures.charge_balance import ChargeBalance
from training_data.errors import Failure

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True)
class DopedCell:
    """One arrangement of dopants and of the ions that compensate them.

    Parameters
    ----------
    atoms
        Ordered cell; ``arrays["site"]`` counts ``info["site_names"]``, and ``info``
        holds dopant, replaced element and content.
    dopant_sites
        Name of the site of each dopant.
    dopant_distance_A
        Smallest distance between dopants, periodic images included [Å].
    dopant_neighbour_A
        Smallest distance from a dopant to any other atom [Å].
    minimum_distance_A
        Smallest distance between any two atoms [Å].
    closest_pair
        The elements of these two atoms.
    electrostatic_energy_eV
        Ewald energy of the formal charges [eV].
    potential_energy_eV
        Energy from the potential that ranked the cells [eV]; None without one.
    multiplicity
        Number of placements of the dopants that symmetry makes equivalent.
    n_runs
        Annealing runs that ordered the mobile ions; 0 where nothing could move.
    n_runs_lowest
        Runs that ended at this energy.

    """

    atoms: Atoms
    dopant_sites: tuple[str, ...]
    dopant_distance_A: float
    dopant_neighbour_A: float
    minimum_distance_A: float
    closest_pair: tuple[str, str]
    electrostatic_energy_eV: float
    potential_energy_eV: float | None
    multiplicity: int
    n_runs: int
    n_runs_lowest: int

    def to_json(self) -> dict[str, Any]:
        """Numbers of the cell, without its atoms."""
        return {
            "n_atoms": len(self.atoms),
            "dopant_sites": list(self.dopant_sites),
            "dopant_distance_A": self.dopant_distance_A,
            "dopant_neighbour_A": self.dopant_neighbour_A,
            "minimum_distance_A": self.minimum_distance_A,
            "closest_pair": "-".join(self.closest_pair),
            "electrostatic_energy_eV": self.electrostatic_energy_eV,
            "potential_energy_eV": self.potential_energy_eV,
            "multiplicity": self.multiplicity,
            "n_runs": self.n_runs,
            "n_runs_lowest": self.n_runs_lowest,
        }


@dataclass(frozen=True, kw_only=True)
class Doping:
    """Neutral doped cells of one composition, lowest energy first.

    Parameters
    ----------
    balance
        Composition with its charges.
    cells
        Symmetry-distinct placements, ranked by the potential's energy where one was
        given, else by the electrostatic one.
    failures
        Cells that the potential could not evaluate.

    """

    balance: ChargeBalance
    cells: tuple[DopedCell, ...]
    failures: tuple[Failure, ...] = ()

    @property
    def formula(self) -> str:
        """Composition per formula unit of the host."""
        return self.balance.formula

    @property
    def charge(self) -> int:
        """Sum of the formal charges [e], zero."""
        return self.balance.charge

    @property
    def atoms(self) -> Atoms:
        """Cell of lowest energy."""
        return self.cells[0].atoms

    @property
    def minimum_distance_A(self) -> float:  # noqa: N802 (a unit)
        """Smallest distance between atoms in any of the cells [Å]."""
        return min(cell.minimum_distance_A for cell in self.cells)

    def to_json(self) -> dict[str, Any]:
        """Composition and numbers of the cells."""
        return {
            **self.balance.to_json(),
            "minimum_distance_A": self.minimum_distance_A,
            "cells": [cell.to_json() for cell in self.cells],
            "failures": [failure.reason for failure in self.failures],
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Energy above the lowest cell against the distance of the dopants."""
        import matplotlib.pyplot as plt

        axes = plt.subplots()[1] if ax is None else ax
        by_potential = self.cells[0].potential_energy_eV is not None
        energies = [
            (cell.potential_energy_eV if by_potential else None)
            or cell.electrostatic_energy_eV
            for cell in self.cells
        ]
        kinds = [_counted(cell.dopant_sites) for cell in self.cells]
        for names in dict.fromkeys(kinds):
            chosen = [i for i, kind in enumerate(kinds) if kind == names]
            axes.plot(
                [self.cells[i].dopant_distance_A for i in chosen],
                [energies[i] - min(energies) for i in chosen],
                "o",
                label=names,
            )
        axes.set_xlabel("smallest distance between dopants (Å)")
        kind = "potential" if by_potential else "point charges"
        axes.set_ylabel(f"energy above the lowest, {kind} (eV per cell)")
        axes.set_title(self.formula)
        axes.legend(title="dopants on")
        return axes


def _counted(names: tuple[str, ...]) -> str:
    """Site names with how often each occurs."""
    counts = Counter(sorted(names))
    return ", ".join(f"{number} {name}" for name, number in counts.items())
