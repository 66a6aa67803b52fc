"""Numbers that follow a run frame by frame, for eyes rather than for papers."""

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from md.analysis.bonds import BondCriterion, BondHistory
from md.analysis.pairs import PairBlock, neighbour_pairs
from training_data.errors import InputError


class RunningDissolution:
    """Atoms that have lost their last bond so far, as `dissolution` counts them.

    Parameters
    ----------
    atoms
        Fixes elements and periodicity.
    times_ps
        Of all frames that will come, (n_frames,).
    species, ligand
        What dissolves, and what holds it.
    criterion
        When bonds form and break.

    Examples
    --------
    >>> pair = Atoms("ZrCl", positions=[[0, 0, 0], [2.4, 0, 0]])
    >>> rule = BondCriterion(form_A=2.7, break_A=3.4, hold_ps=0.0)
    >>> running = RunningDissolution(
    ...     pair, np.array([0.0, 1.0]), species="Zr", ligand="Cl", criterion=rule
    ... )
    >>> running.advance(pair.positions, pair.cell.array)
    0.0
    >>> running.advance(2 * pair.positions, pair.cell.array)
    1.0

    """

    def __init__(
        self,
        atoms: Atoms,
        times_ps: NDArray[np.float64],
        *,
        species: str,
        ligand: str,
        criterion: BondCriterion,
    ) -> None:
        symbols = np.array(atoms.get_chemical_symbols())
        self._centres = np.flatnonzero(symbols == species)
        self._ligands = np.flatnonzero(symbols == ligand)
        for name, found in ((species, self._centres), (ligand, self._ligands)):
            if not len(found):
                raise InputError(
                    f"species must be in the structure; got {name!r}, which is not. "
                    "Name another."
                )
        self._pbc = np.array(atoms.pbc)
        self._cutoff_A = criterion.break_A
        self._history = BondHistory(
            criterion, len(self._centres), len(self._ligands), times_ps
        )
        self._frame = 0

    def advance(
        self, positions: NDArray[np.float64], cell: NDArray[np.float64]
    ) -> float:
        """Take in the next frame, and return the fraction that has dissolved.

        Parameters
        ----------
        positions
            (n, 3) in Å.
        cell
            Rows are vectors, (3, 3) in Å.

        """
        pairs = neighbour_pairs(
            positions[self._centres],
            positions[self._ligands],
            cell,
            self._pbc,
            cutoff_A=self._cutoff_A,
        )
        keys = pairs.first * len(self._ligands) + pairs.second
        order = np.lexsort((pairs.distances, keys))
        unique, first = np.unique(keys[order], return_index=True)
        self._history.advance(
            PairBlock(
                frames=np.array([self._frame]),
                keys=unique,
                distances=pairs.distances[order][first][None, :],
            )
        )
        self._frame += 1
        dissolved = sum(end is None for _, _, end in self._history.bare)
        return dissolved / len(self._centres)


class RunningDisplacement:
    """Mean squared displacement of one species since the start (Å²).

    Parameters
    ----------
    atoms
        Fixes elements and masses.
    species
        Whose motion is measured; the drift of all other atoms is removed.

    Examples
    --------
    >>> atoms = Atoms("Li2Cl", positions=[[0, 0, 0], [3, 0, 0], [6, 0, 0]])
    >>> running = RunningDisplacement(atoms, species="Li")
    >>> running.advance(atoms.positions)
    0.0
    >>> running.advance(atoms.positions + [[2, 0, 0], [0, 0, 0], [0, 0, 0]])
    2.0

    """

    def __init__(self, atoms: Atoms, *, species: str) -> None:
        own = np.array(atoms.get_chemical_symbols()) == species
        if not own.any():
            raise InputError(
                f"species must be in the structure; got {species!r}, which is not. "
                "Name another."
            )
        self._own = own
        self._weights = np.where(own, 0.0, atoms.get_masses())
        self._start: NDArray[np.float64] | None = None

    def advance(self, positions: NDArray[np.float64]) -> float:
        """Take in the next frame, (n, 3) unwrapped in Å."""
        if self._start is None:
            self._start = positions.copy()
        moved = positions - self._start
        if self._weights.any():
            moved = moved - self._weights @ moved / self._weights.sum()
        return float((moved[self._own] ** 2).sum(axis=1).mean())


def rough_diffusivity_cm2_per_s(
    times_ps: NDArray[np.float64], displacements_A2: NDArray[np.float64]
) -> float:
    """Slope of the second half of a mean squared displacement, over six.

    One time origin, no error: good for watching a run. ``analyze msd`` measures.

    Parameters
    ----------
    times_ps
        (n,)
    displacements_A2
        Mean squared displacement since the start (Å²), (n,).

    Examples
    --------
    >>> times = np.arange(10.0)
    >>> round(rough_diffusivity_cm2_per_s(times, 6.0 * times), 12)
    0.0001

    """
    half = len(times_ps) // 2
    if len(times_ps) - half < 3:  # noqa: PLR2004 (a line through two points says little)
        return float("nan")
    slope = np.polyfit(times_ps[half:], displacements_A2[half:], 1)[0]
    return float(slope) / 6.0 * 1e-4
