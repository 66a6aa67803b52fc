"""Energies of host and doped cells, relaxed together in one batch."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms

from mlip.potential import Potential
from structures.relaxation import relax
from training_data.errors import Failure

MAX_STEPS = 500


@dataclass(frozen=True, kw_only=True)
class CellEnergy:
    """Energy of one cell with the evidence that it is at rest.

    Parameters
    ----------
    atoms
        Cell, relaxed where steps were allowed.
    energy_eV
        Its energy [eV].
    fmax_eV_per_A
        Largest force that is left [eV/Å].
    relaxed
        Whether its positions were free to relax.
    converged
        Whether that force is below the threshold.

    """

    atoms: Atoms
    energy_eV: float
    fmax_eV_per_A: float
    relaxed: bool
    converged: bool

    @property
    def counts(self) -> dict[str, int]:
        """Atoms of each element."""
        return dict(Counter(self.atoms.get_chemical_symbols()))

    def to_json(self) -> dict[str, Any]:
        """Numbers of the cell, without its atoms."""
        return {
            "formula": self.atoms.get_chemical_formula(mode="metal"),
            "energy_eV": self.energy_eV,
            "fmax_eV_per_A": self.fmax_eV_per_A,
            "relaxed": self.relaxed,
            "converged": self.converged,
        }


def cell_energies(
    cells: Sequence[Atoms],
    potential: Potential,
    *,
    fmax_eV_per_A: float = 0.05,
    max_steps: int = MAX_STEPS,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[CellEnergy | Failure, ...]:
    """Energies of cells at rest: positions relaxed in the fixed cell, all together.

    Parameters
    ----------
    cells
        Host and doped cells, of any number of dopants.
    potential
        What evaluates them, in one call per step.
    fmax_eV_per_A
        Largest force left [eV/Å].
    max_steps
        Most steps of a cell; 0 takes the cells as they are.
    progress
        Called with the number of finished cells and of all.

    Returns
    -------
    tuple
        An energy, or a failure with the index of the cell, per cell.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from ase.calculators.emt import EMT
    >>> from mlip.ase_potential import AsePotential
    >>> (found,) = cell_energies([bulk("Cu")], AsePotential(EMT()))
    >>> found.relaxed, found.converged, found.counts
    (True, True, {'Cu': 1})

    """
    found = relax(
        list(cells),
        potential,
        fmax_eV_per_A=fmax_eV_per_A,
        max_steps=max_steps,
        progress=progress,
    )
    return tuple(
        CellEnergy(
            atoms=each.atoms,
            energy_eV=each.energy_eV,
            fmax_eV_per_A=each.fmax_eV_per_A,
            relaxed=max_steps > 0,
            converged=each.converged,
        )
        if np.isfinite(each.energy_eV)
        else each.failure or Failure(str(index), "its energy is not finite")
        for index, each in enumerate(found)
    )
