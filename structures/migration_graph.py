"""Sites, hops and barriers of a crystal as one network."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from structures.hop_ends import Mechanism
from structures.hops import Hop
from structures.minimum_energy_path import MinimumEnergyPath
from structures.percolation import Percolation, percolation
from training_data.errors import Failure

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True)
class HopBarrier:
    """One distinct hop with its path.

    Parameters
    ----------
    hop
        Where from and where to, and its equivalents.
    start_name, end_name
        Names of the sites.
    path
        Path of lowest energy, None where an end is no minimum.
    failure
        Why the barrier is not to be used, or None.

    """

    hop: Hop
    start_name: str
    end_name: str
    path: MinimumEnergyPath | None
    failure: Failure | None

    @property
    def barrier_eV(self) -> float | None:  # noqa: N802
        """Barrier from start to end [eV]; None with a failure."""
        known = self.failure is None and self.path is not None
        return self.path.barrier_eV if known and self.path else None

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        path = {} if self.path is None else self.path.to_json()
        return {
            "from": self.start_name,
            "to": self.end_name,
            **self.hop.to_json(),
            **path,
            "barrier_eV": self.barrier_eV,
            "failure": None if self.failure is None else self.failure.reason,
        }


@dataclass(frozen=True, kw_only=True)
class MigrationGraph:
    """Network of sites and hops with barriers, and the way through the crystal.

    Parameters
    ----------
    species, mechanism
        What moves, and how.
    hops
        Distinct hops, shortest first.
    host
        The crystal at rest.
    scaled_sites
        Fractional coordinates of all sites, shape (n_sites, 3).
    site_names
        Their names.
    site_energies_eV
        Energy of the vacancy (or the ion more) on every site over the lowest [eV],
        shape (n_sites,); NaN where no hop tells it.
    site_energy_spread_eV
        Largest difference between the energies that several hops give for one site
        [eV]: how far supercell and relaxation can be trusted.
    repeats, n_atoms
        Supercell of the hops and its number of atoms.
    percolation
        Barriers of going through the crystal; its bottlenecks count ``hops``.

    """

    species: str
    mechanism: Mechanism
    hops: tuple[HopBarrier, ...]
    host: Atoms
    scaled_sites: NDArray[np.float64]
    site_names: tuple[str, ...]
    site_energies_eV: NDArray[np.float64]
    site_energy_spread_eV: float
    repeats: tuple[int, int, int]
    n_atoms: int
    percolation: Percolation

    def to_json(self) -> dict[str, Any]:
        """Numbers without the structures."""
        return {
            "species": self.species,
            "mechanism": self.mechanism,
            "hops": [hop.to_json() for hop in self.hops],
            **self.percolation.to_json(),
            "sites": [
                {
                    "name": name,
                    "scaled_position": place.tolist(),
                    "energy_eV": float(energy) if np.isfinite(energy) else None,
                }
                for name, place, energy in zip(
                    self.site_names,
                    self.scaled_sites,
                    self.site_energies_eV,
                    strict=True,
                )
            ],
            "site_energy_spread_eV": self.site_energy_spread_eV,
            "repeats": list(self.repeats),
            "n_atoms": self.n_atoms,
            "n_failures": sum(hop.failure is not None for hop in self.hops),
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Energy along every hop that has a barrier.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5.6, 4.6), layout="constrained").subplots()
        for hop in self.hops:
            if hop.path is not None and hop.failure is None:
                label = (
                    f"{hop.start_name} → {hop.end_name}, {hop.hop.distance_A:.2f} Å: "
                    f"{hop.path.barrier_eV:.2f} eV"
                )
                hop.path.plot(ax, label=label)
        if ax.has_data():
            ax.legend(
                frameon=False,
                fontsize="small",
                loc="upper center",
                bbox_to_anchor=(0.5, -0.2),
                ncols=2,
            )
        else:
            ax.text(
                0.5, 0.5, "no hop has a barrier", transform=ax.transAxes, ha="center"
            )
        ax.set(xlabel="Path (Å, all coordinates)", ylabel="Energy (eV)")
        return ax


def join_hops(
    hops: Sequence[HopBarrier],
    *,
    host: Atoms,
    species: str,
    mechanism: Mechanism,
    scaled_sites: NDArray[np.float64],
    site_names: tuple[str, ...],
    repeats: tuple[int, int, int],
    n_atoms: int,
) -> MigrationGraph:
    """Network of distinct hops: their equivalents, site energies, percolation.

    Parameters
    ----------
    hops
        Distinct hops with their paths, all in supercells of one size.
    host, species, mechanism, scaled_sites, site_names, repeats, n_atoms
        As in ``MigrationGraph``.

    Notes
    -----
    With vacancies the carrier sits where the ion is missing: before the hop at its
    end, after it at its start.

    """
    given: list[list[float]] = [[] for _ in site_names]
    edges: list[tuple[int, int, tuple[int, int, int]]] = []
    saddles: list[float] = []
    numbers: list[int] = []
    for number, barrier in enumerate(hops):
        path = barrier.path
        for start, end, image, turned in barrier.hop.equivalents:
            edges.append((start, end, image))
            numbers.append(number)
            if barrier.failure is not None or path is None:
                saddles.append(np.nan)
                continue
            saddles.append(float(path.energies_eV[path.saddle]))
            at_start, at_end = path.energies_eV[0], path.energies_eV[-1]
            if (mechanism == "vacancy") != turned:
                at_start, at_end = at_end, at_start
            given[start].append(float(at_start))
            given[end].append(float(at_end))
    energies = np.array([np.mean(found) if found else np.nan for found in given])
    known = np.isfinite(energies)
    spread = max((max(found) - min(found) for found in given if found), default=0.0)
    lowest = float(energies[known].min()) if known.any() else 0.0
    through = percolation(energies - lowest, edges, np.array(saddles) - lowest)
    bottlenecks = {
        axis: None if edge is None else numbers[edge]
        for axis, edge in through.bottlenecks.items()
    }
    return MigrationGraph(
        species=species,
        mechanism=mechanism,
        hops=tuple(hops),
        host=host,
        scaled_sites=scaled_sites,
        site_names=site_names,
        site_energies_eV=energies - lowest,
        site_energy_spread_eV=spread,
        repeats=repeats,
        n_atoms=n_atoms,
        percolation=replace(through, bottlenecks=bottlenecks),
    )
