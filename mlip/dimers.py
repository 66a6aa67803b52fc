"""Pairs of atoms at short distance: whether a potential lets them fuse."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers, covalent_radii

from mlip.potential import Potential

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Distances as fractions of the sum of the covalent radii.
CORE_BEGINS, CORE_ENDS, CURVE_ENDS = 0.3, 0.6, 2.5
#: Lowest barrier before a hole in the core that no run climbs, eV.
LEAST_BARRIER_EV = 5.0


@dataclass(frozen=True, kw_only=True)
class DimerCurves:
    """Energy and force of every pair of elements against distance.

    Parameters
    ----------
    distances_A
        Per pair ("Cl-Li"), shape (n,), ascending.
    energies_eV
        Per pair, relative to the longest distance that could be evaluated, shape (n,).
    forces_eV_per_A
        Per pair, along the bond, positive where it drives the atoms apart.
    bond_lengths_A
        Per pair: sum of the covalent radii.

    """

    distances_A: Mapping[str, np.ndarray]
    energies_eV: Mapping[str, np.ndarray]
    forces_eV_per_A: Mapping[str, np.ndarray]
    bond_lengths_A: Mapping[str, float]

    @property
    def barriers_eV(self) -> dict[str, float]:  # noqa: N802 (a unit)
        """Energy to climb from the lowest point outside the core into a hole inside.

        The core ends at 0.6 of the sum of the covalent radii. A hole is a distance in
        it at which the force does not drive the atoms apart, or the potential fails.
        Infinite for a pair without holes.
        """
        return {pair: self._barrier(pair) for pair in self.distances_A}

    @property
    def fusing(self) -> tuple[str, ...]:
        """Pairs with a hole in the core behind a barrier of less than 5 eV.

        At 1200 K, 5 eV are 48 kT: no dynamics gets there. Random structures do not
        either unless they begin with atoms inside the core.
        """
        found = self.barriers_eV
        return tuple(pair for pair in found if not found[pair] >= LEAST_BARRIER_EV)

    def _barrier(self, pair: str) -> float:
        distances, energies = self.distances_A[pair], self.energies_eV[pair]
        inside = distances <= CORE_ENDS * self.bond_lengths_A[pair]
        hole = inside & ~(self.forces_eV_per_A[pair] > 0)
        if not hole.any():
            return float("inf")
        nearest = int(np.flatnonzero(hole)[-1])
        outside = energies[~inside]
        return float(np.nanmax(energies[nearest:]) - np.nanmin(outside))

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "fusing": list(self.fusing),
            "barriers_eV": {
                pair: barrier if np.isfinite(barrier) else None
                for pair, barrier in self.barriers_eV.items()
            },
            "bond_lengths_A": dict(self.bond_lengths_A),
            **{
                name: {pair: curve.tolist() for pair, curve in curves.items()}
                for name, curves in (
                    ("distances_A", self.distances_A),
                    ("energies_eV", self.energies_eV),
                    ("forces_eV_per_A", self.forces_eV_per_A),
                )
            },
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Energy of each pair against distance; the scale is linear up to 1 eV."""
        from matplotlib.figure import Figure

        if ax is None:
            ax = Figure(figsize=(5, 3.5), layout="constrained").add_subplot()
        for pair, distances in self.distances_A.items():
            ax.plot(distances, self.energies_eV[pair], label=pair, linewidth=1.2)
        ax.set_yscale("symlog", linthresh=1.0)
        ax.axhline(0, color="0.7", linewidth=0.8)
        ax.set(xlabel="distance (Å)", ylabel="energy of the pair (eV)")
        ax.legend(frameon=False, fontsize="small", ncols=2)
        return ax


def dimer_curves(
    potential: Potential, symbols: Sequence[str], *, n_points: int = 45
) -> DimerCurves:
    """Energy curves of all pairs of the given elements, in one batch.

    Parameters
    ----------
    potential
        Any potential that knows the elements.
    symbols
        Elements; every one is also paired with itself.
    n_points
        Distances per pair, between 0.3 and 2.5 sums of the covalent radii, evenly
        spaced on a logarithmic scale.

    Returns
    -------
    DimerCurves
        NaN where the potential failed.

    Raises
    ------
    InputError
        An element that the potential does not know.

    """
    pairs = list(combinations_with_replacement(sorted(set(symbols)), 2))
    fractions = np.geomspace(CORE_BEGINS, CURVE_ENDS, n_points)
    structures, bonds = [], {}
    for one, other in pairs:
        radii = [covalent_radii[atomic_numbers[symbol]] for symbol in (one, other)]
        bonds[f"{one}-{other}"] = float(sum(radii))
        structures += [pair_of_atoms(one, other, sum(radii) * f) for f in fractions]
    found = potential.evaluate(structures)
    energies = found.energies.reshape(len(pairs), n_points)
    forces = np.array([pair[1, 0] for pair in found.forces]).reshape(energies.shape)
    return DimerCurves(
        distances_A={pair: bond * fractions for pair, bond in bonds.items()},
        energies_eV={
            pair: curve - _far(curve)
            for pair, curve in zip(bonds, energies, strict=True)
        },
        forces_eV_per_A=dict(zip(bonds, forces, strict=True)),
        bond_lengths_A=bonds,
    )


def _far(energies: np.ndarray) -> float:
    """Energy at the longest distance that could be evaluated."""
    known = energies[np.isfinite(energies)]
    return float(known[-1]) if len(known) else float("nan")


def pair_of_atoms(one: str, other: str, distance_A: float) -> Atoms:
    """Two atoms along x in a wide box without periodicity.

    Examples
    --------
    >>> float(pair_of_atoms("Li", "Cl", 2.5).get_distance(0, 1))
    2.5

    """
    return Atoms([one, other], [[0, 0, 0], [distance_A, 0, 0]], cell=[60, 60, 60])
