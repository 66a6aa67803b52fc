"""Defect energies of the doping stage: one host, all cells, one batch."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from ase import Atoms

from lithophile.console import Progress
from lithophile.doping_settings import DopedSettings
from lithophile.stages.doping_wanted import WantedDopant
from mlip import Potential
from structures.defect_energy import DefectEnergy, defect_energy_of
from structures.doping import order_host
from structures.doping_energies import CellEnergy, cell_energies
from structures.doping_host import DopingHost
from structures.doping_result import Doping
from structures.reference_phases import (
    known_energies,
    reference_structures,
    relaxed_phases,
)
from training_data import Failure, InputError


@dataclass(frozen=True, kw_only=True)
class DopantEnergies:
    """Energies of all cells of one dopant.

    Parameters
    ----------
    cells
        Energy of each cell, or why it has none.
    defects
        Defect energy of each cell, or why it has none.

    """

    cells: tuple[CellEnergy | Failure, ...]
    defects: tuple[DefectEnergy | Failure, ...]

    @property
    def lowest(self) -> DefectEnergy | Failure:
        """Lowest of the cells at rest, else of all; a failure where none has one."""
        found = [each for each in self.defects if isinstance(each, DefectEnergy)]
        if not found:
            return self.defects[0]
        return min(found, key=lambda each: (not each.converged, each.energy_eV))

    def passes(self, cutoff_eV: float) -> bool | None:
        """Whether the dopant passes the filter; None where that is open.

        One cell at rest below the filter is enough to pass. To fail, all cells must
        be at rest above it.
        """
        at_rest = [
            each.below(cutoff_eV)
            for each in self.defects
            if isinstance(each, DefectEnergy) and each.converged
        ]
        if any(at_rest):
            return True
        return False if len(at_rest) == len(self.defects) else None


def dopant_energies(
    host: DopingHost,
    *,
    wanted: Sequence[WantedDopant],
    dopings: Sequence[Doping | Failure],
    settings: DopedSettings,
    potential: Potential,
    references: Sequence[Atoms],
    progress: Progress,
) -> list[DopantEnergies | Failure | None]:
    """Defect energies of all dopants; None for one that could not be built.

    The host and the cells of all dopants are relaxed together, and before them all
    reference phases together; each structure is relaxed once.
    """
    undoped = order_host(
        host,
        rng=np.random.default_rng(settings.seed),
        oxidation_states=settings.oxidation_states,
        min_distance_A=settings.min_distance_A,
        n_runs=settings.n_runs,
        n_sweeps=settings.n_sweeps,
    )
    results: list[DopantEnergies | Failure | None] = [None] * len(wanted)
    phases: dict[int, dict[str, Atoms]] = {}
    for index, doping in enumerate(dopings):
        if isinstance(doping, Doping):
            with _noted(index, wanted, results, every=settings.every):
                phases[index] = phases_of(undoped, wanted[index], references)
    at_rest = relaxed_phases(
        {name: atoms for each in phases.values() for name, atoms in each.items()},
        potential,
        fmax_eV_per_A=settings.fmax_eV_per_A,
    )
    energies: dict[int, dict[str, float]] = {}
    for index, each in phases.items():
        with _noted(index, wanted, results, every=settings.every):
            energies[index] = known_energies(
                {name: at_rest[name] for name in each}, potential_name=potential.name
            )
    built = {
        index: doping
        for index in energies
        if isinstance(doping := dopings[index], Doping)
    }
    first, *others = cell_energies(
        [undoped, *(cell.atoms for doping in built.values() for cell in doping.cells)],
        potential,
        fmax_eV_per_A=settings.fmax_eV_per_A,
        max_steps=settings.max_steps,
        progress=lambda done, n: progress(done, n, {"relaxed cells": done}),
    )
    if isinstance(first, Failure):
        raise InputError(
            f"host must have an energy with {potential.name!r}; got none of "
            f"{undoped.get_chemical_formula()}: {first.reason}. Take another potential."
        )
    for index, doping in built.items():
        cells, others = others[: len(doping.cells)], others[len(doping.cells) :]
        with _noted(index, wanted, results, every=settings.every):
            results[index] = DopantEnergies(
                cells=tuple(cells),
                defects=tuple(
                    cell
                    if isinstance(cell, Failure)
                    else defect_energy_of(
                        cell,
                        first,
                        dopant=wanted[index].element,
                        phases=energies[index],
                    )
                    for cell in cells
                ),
            )
    return results


def phases_of(
    host: Atoms, wanted: WantedDopant, references: Sequence[Atoms]
) -> dict[str, Atoms]:
    """Phases that one dopant refers to; a given one replaces its built-in oxide."""
    given = [a for a in references if wanted.element in a.get_chemical_symbols()]
    if len(given) > 1:
        raise InputError(
            f"references must hold {wanted.element} once; got it in "
            f"{', '.join(a.get_chemical_formula() for a in given)}. Leave one out."
        )
    if not given:
        ions = {wanted.element: wanted.oxidation_state}
        return reference_structures(host, ions=ions)
    return {**reference_structures(host, ions={}), _formula(given[0]): given[0]}


@contextmanager
def _noted(
    index: int,
    wanted: Sequence[WantedDopant],
    results: list[DopantEnergies | Failure | None],
    *,
    every: bool,
) -> Iterator[None]:
    """Refusal of one dopant of many is only noted."""
    try:
        yield
    except InputError as error:
        if not every:
            raise
        results[index] = Failure(wanted[index].name, str(error))


def _formula(atoms: Atoms) -> str:
    """Reduced formula, by which phases are named."""
    from pymatgen.core import Composition  # noqa: PLC0415 (slow to import)

    formula: str = Composition(atoms.get_chemical_formula()).reduced_formula
    return formula
