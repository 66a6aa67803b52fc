"""Result of an ordering: ranked structures and how they were found."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms

from training_data.errors import Failure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SAME_meV = 1.0
"""Difference below which two runs ended at the same energy."""


@dataclass(frozen=True, kw_only=True)
class Ordering:
    """Ordered structures of a disordered crystal, ranked, and how they were found.

    Parameters
    ----------
    structures
        Symmetry-distinct structures, best first. ``arrays["site"]`` counts
        ``info["site_names"]``; vacant sites are left out.
    electrostatic_energies_eV
        Energy of the point charges of each [eV per cell].
    potential_energies_eV
        Energy of each by the potential that ranked them [eV per cell], NaN where it
        failed; None without a potential.
    n_equivalent
        Number of different symmetry images of each arrangement.
    space_groups
        Space group of each structure, as in ``"I4_1/acd (142)"``.
    site_counts
        Atoms per site name and species of each structure, as in
        ``{"Li24d": {"Li": 9}}``.
    excluded_pairs
        Occupied forbidden pairs of each structure; always 0.
    forbidden_pairs
        What was forbidden: ``(name, name, shortest, longest distance in Å, number)``.
    run_lowest_eV
        Lowest electrostatic energy of each run [eV]; infinite where a run found no
        allowed arrangement.
    n_runs
        Number of runs.
    n_runs_lowest
        Runs whose lowest energy is the lowest of all, within 1 meV.
    method
        ``"tempering"``, ``"annealing"`` or ``"enumeration"``.
    oxidation_states
        Charges that were used.
    failures
        Structures that the potential could not evaluate.

    """

    structures: tuple[Atoms, ...]
    electrostatic_energies_eV: tuple[float, ...]
    potential_energies_eV: tuple[float, ...] | None
    n_equivalent: tuple[int, ...]
    space_groups: tuple[str, ...]
    site_counts: tuple[dict[str, dict[str, int]], ...]
    excluded_pairs: tuple[int, ...]
    forbidden_pairs: tuple[tuple[str, str, float, float, int], ...]
    run_lowest_eV: tuple[float, ...]
    n_runs: int
    n_runs_lowest: int
    method: str
    oxidation_states: dict[str, float]
    failures: tuple[Failure, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Numbers of the ordering, without the atoms."""
        potential = self.potential_energies_eV
        return {
            "formula": self.structures[0].get_chemical_formula(mode="metal"),
            "n_atoms": len(self.structures[0]),
            "method": self.method,
            "n_runs": self.n_runs,
            "n_runs_lowest": self.n_runs_lowest,
            "run_lowest_eV": [
                energy if np.isfinite(energy) else None for energy in self.run_lowest_eV
            ],
            "oxidation_states": dict(self.oxidation_states),
            "forbidden_pairs": [
                {
                    "sites": [one, other],
                    "distance_A": [shortest, longest],
                    "n_pairs": number,
                }
                for one, other, shortest, longest, number in self.forbidden_pairs
            ],
            "structures": [
                {
                    "electrostatic_energy_eV": self.electrostatic_energies_eV[index],
                    "potential_energy_eV": (
                        potential[index]
                        if potential is not None and np.isfinite(potential[index])
                        else None
                    ),
                    "n_equivalent": self.n_equivalent[index],
                    "space_group": self.space_groups[index],
                    "site_counts": self.site_counts[index],
                    "excluded_pairs": self.excluded_pairs[index],
                }
                for index in range(len(self.structures))
            ],
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Energies of the ranked structures above the lowest, in eV per cell."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import MaxNLocator

        axes = plt.subplots()[1] if ax is None else ax
        ranks = np.arange(1, len(self.structures) + 1)
        charges = np.array(self.electrostatic_energies_eV)
        above = charges - charges.min()
        axes.plot(ranks, above, "o", label="point charges")
        largest = above.max()
        if self.potential_energies_eV is not None:
            energies = np.array(self.potential_energies_eV)
            above = energies - np.nanmin(energies)
            axes.plot(ranks, above, "s", label="potential")
            largest = max(largest, np.nanmax(above))
            axes.legend()
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlim(0.5, len(ranks) + 0.5)
        if 1000 * largest < SAME_meV:
            axes.set_yticks([0.0])
            axes.set_ylim(-1.0, 1.0)
        axes.set_xlabel("rank")
        axes.set_ylabel("energy above the lowest (eV per cell)")
        return axes

    def plot_runs(self, ax: "Axes | None" = None) -> "Axes":
        """Lowest energy of every run above the lowest of all, in eV per cell."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import MaxNLocator

        axes = plt.subplots()[1] if ax is None else ax
        energies = np.array(self.run_lowest_eV)
        energies[~np.isfinite(energies)] = np.nan
        above = 1000 * (energies - np.nanmin(energies))
        axes.plot(np.arange(1, len(energies) + 1), above, "o")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlim(0.5, len(energies) + 0.5)
        if np.nanmax(above) < SAME_meV:
            # a scale would show rounding only
            axes.set_yticks([0.0])
            axes.set_ylim(-1.0, 1.0)
        else:
            axes.set_ylim(top=max(axes.get_ylim()[1], 1.0))
        axes.set_title(f"{self.n_runs_lowest} of {self.n_runs} found the lowest")
        axes.set_xlabel("run")
        axes.set_ylabel("lowest of the run, above\nthe lowest of all (meV per cell)")
        return axes
