"""Energy of putting dopants into a host, against the phases it exchanges atoms with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms

from mlip.potential import Potential
from structures.chemical_potentials import chemical_potentials
from structures.doping_energies import MAX_STEPS, CellEnergy, cell_energies
from training_data.errors import Failure, InputError

PAPER_CUTOFF_eV = 2.0


@dataclass(frozen=True, kw_only=True)
class DefectEnergy:
    """Energy of one charge-neutral substitution.

    Parameters
    ----------
    energy_eV
        Energy of the exchange for the whole cell [eV]; positive costs energy.
    energy_per_dopant_eV
        The same per dopant [eV].
    doped_energy_eV, host_energy_eV
        Energies of the two cells [eV].
    exchanged
        Change of the number of atoms of each element.
    reaction
        Formula units of each reference phase that are taken up (positive) or given
        off (negative) when the host becomes the doped cell.
    chemical_potentials_eV
        Chemical potential of each element [eV per atom].
    phases
        Reference phases with their energies [eV per formula unit].
    relaxed
        Whether both cells were relaxed. Unrelaxed, each energy is above that at rest,
        by different amounts: their difference is no bound.
    converged
        Whether the forces of both are below the threshold. Where they are not, no
        filter is applied.

    """

    energy_eV: float
    energy_per_dopant_eV: float
    doped_energy_eV: float
    host_energy_eV: float
    exchanged: dict[str, int]
    reaction: dict[str, float]
    chemical_potentials_eV: dict[str, float]
    phases: dict[str, float]
    relaxed: bool = False
    converged: bool = False

    def below(self, cutoff_eV: float = PAPER_CUTOFF_eV) -> bool:
        """Whether the energy per dopant passes the filter of the screening [eV].

        Raises
        ------
        InputError
            If host or doped cell is not at rest: such numbers allow no verdict.

        """
        if not self.converged:
            raise InputError(
                "cells must be at rest before the filter is applied; got "
                f"relaxed={self.relaxed}, converged={self.converged}. Raise max_steps, "
                "or say converged=True of energies that are."
            )
        return self.energy_per_dopant_eV < cutoff_eV

    def to_json(self) -> dict[str, Any]:
        """Energy with its references."""
        return {
            "energy_eV": self.energy_eV,
            "energy_per_dopant_eV": self.energy_per_dopant_eV,
            "doped_energy_eV": self.doped_energy_eV,
            "host_energy_eV": self.host_energy_eV,
            "exchanged": self.exchanged,
            "reaction": self.reaction,
            "chemical_potentials_eV": self.chemical_potentials_eV,
            "phases_eV_per_formula_unit": self.phases,
            "relaxed": self.relaxed,
            "converged": self.converged,
        }


def defect_energy(
    *,
    doped_counts: Mapping[str, int],
    doped_energy_eV: float,
    host_counts: Mapping[str, int],
    host_energy_eV: float,
    phases: Mapping[str, float],
    n_dopants: int,
    relaxed: bool = False,
    converged: bool = False,
) -> DefectEnergy:
    """Energy of a doped cell against its host and the reference phases.

    Parameters
    ----------
    doped_counts, host_counts
        Atoms of each element in the two cells.
    doped_energy_eV, host_energy_eV
        Their energies [eV].
    phases
        Formula → energy per formula unit [eV] of the phases in equilibrium, as many
        as there are elements (see :func:`chemical_potentials`).
    n_dopants
        Number of dopants in the cell.
    relaxed, converged
        Whether both cells were relaxed and are at rest; kept in the result.

    Raises
    ------
    InputError
        If the phases do not fix the chemical potential of every element.

    Notes
    -----
    ``E_def = E(doped) − E(host) − Σ_e Δn_e μ_e``, the cells being neutral. With
    ``Σ_p c_p n_pe = Δn_e`` it is the energy of the reaction
    ``host + Σ_p c_p p → doped``, and ``reaction`` holds the c_p: a phase with c_p = 0
    has no influence. Where the dopant keeps its charge in its reference oxide this
    holds for the phase that sets the oxygen potential, so that the energy does not
    depend on the atmosphere.

    ====== ==========================
    symbol variable
    ====== ==========================
    Δn_e   ``exchanged``
    μ_e    ``chemical_potentials_eV``
    c_p    ``reaction``
    ====== ==========================

    References
    ----------
    L. J. Miara, W. D. Richards, Y. E. Wang, G. Ceder, Chem. Mater. 27, 4040 (2015),
    doi:10.1021/acs.chemmater.5b01023, whose defect energies the screening of B. Liu
    et al. (doi:10.1039/C9TA06748E) follows with its filter of 2 eV.

    Examples
    --------
    Two Li replaced by one Mg in Li2O: MgO goes in, Li2O comes out.

    >>> found = defect_energy(
    ...     doped_counts={"Li": 6, "Mg": 1, "O": 4},
    ...     doped_energy_eV=-54.0,
    ...     host_counts={"Li": 8, "O": 4},
    ...     host_energy_eV=-56.0,
    ...     phases={"Li": -2.0, "Li2O": -14.0, "MgO": -12.5},
    ...     n_dopants=1,
    ... )
    >>> found.reaction["MgO"], found.reaction["Li2O"], found.reaction["Li"]
    (1.0, -1.0, 0.0)
    >>> found.energy_per_dopant_eV
    0.5

    """
    exchanged = {
        element: change
        for element in sorted({*doped_counts, *host_counts})
        if (change := doped_counts.get(element, 0) - host_counts.get(element, 0))
    }
    potentials = chemical_potentials(phases)
    missing = sorted(set(exchanged) - set(potentials.values_eV))
    if missing:
        raise InputError(
            f"phases must hold every element that is exchanged; got none with "
            f"{', '.join(missing)}. Add a phase, for example its oxide."
        )
    reaction = _reaction(exchanged, tuple(phases))
    energy = doped_energy_eV - host_energy_eV
    energy -= sum(reaction[formula] * phases[formula] for formula in phases)
    return DefectEnergy(
        energy_eV=energy,
        energy_per_dopant_eV=energy / n_dopants,
        doped_energy_eV=doped_energy_eV,
        host_energy_eV=host_energy_eV,
        exchanged=exchanged,
        reaction=reaction,
        chemical_potentials_eV=potentials.values_eV,
        phases=potentials.phases,
        relaxed=relaxed,
        converged=converged,
    )


def _reaction(
    exchanged: Mapping[str, int], formulas: Sequence[str]
) -> dict[str, float]:
    """Amount of each phase that makes up the exchanged atoms."""
    from pymatgen.core import Composition  # noqa: PLC0415 (slow to import)

    contents = [Composition(formula) for formula in formulas]
    elements = sorted({str(e) for content in contents for e in content})
    amounts = np.array([[c[e] for c in contents] for e in elements])
    wanted = np.array([exchanged.get(e, 0) for e in elements], dtype=float)
    taken = np.linalg.solve(amounts, wanted)
    taken = np.round(taken, 9) + 0.0  # no minus zero
    return {f: float(c) for f, c in zip(formulas, taken, strict=True)}


def defect_energy_of(
    doped: CellEnergy,
    host: CellEnergy,
    *,
    dopant: str,
    phases: Mapping[str, float],
) -> DefectEnergy:
    """Defect energy of one doped cell from energies that are known.

    Parameters
    ----------
    doped, host
        Cells of one size with their energies, from :func:`cell_energies`.
    dopant
        Element that is counted.
    phases
        Formula → energy per formula unit [eV] of the reference phases, from the same
        potential. Where they are one fewer than the elements, the host is added with
        the energy that it has here.

    Raises
    ------
    InputError
        If the cell holds no dopant, or the phases do not fix the chemical potentials.

    """
    number = doped.counts.get(dopant, 0)
    if not number:
        raise InputError(
            f"doped must hold the dopant {dopant}; got "
            f"{doped.atoms.get_chemical_formula()}. Check the order."
        )
    return defect_energy(
        doped_counts=doped.counts,
        doped_energy_eV=doped.energy_eV,
        host_counts=host.counts,
        host_energy_eV=host.energy_eV,
        phases=_with_host(phases, [host.atoms, doped.atoms], host.energy_eV),
        n_dopants=number,
        relaxed=doped.relaxed and host.relaxed,
        converged=doped.converged and host.converged,
    )


def defect_energies(
    doped: Sequence[Atoms],
    host: Atoms,
    potential: Potential,
    *,
    dopant: str,
    phases: Mapping[str, float],
    fmax_eV_per_A: float = 0.05,
    max_steps: int = MAX_STEPS,
) -> tuple[DefectEnergy | Failure, ...]:
    """Defect energies of many doped cells, relaxed together with their host.

    Parameters
    ----------
    doped
        Neutral doped cells.
    host
        Undoped cell of the same size. It is relaxed once, as the doped ones are.
    potential
        Where the energies come from.
    dopant
        Element that is counted.
    phases
        As in :func:`defect_energy_of`.
    fmax_eV_per_A
        Largest force left when the positions are relaxed [eV/Å].
    max_steps
        Most steps of that relaxation, in the fixed cell; 0 takes the cells as they
        are, and the energies then pass no filter unless the forces are that small.

    Returns
    -------
    tuple
        A result, or a failure with the index of the cell, per doped cell.

    Raises
    ------
    InputError
        If the potential does not know an element, a cell holds no dopant, the host
        cannot be evaluated, or the phases do not fix the chemical potentials.

    """
    for index, atoms in enumerate(doped):
        potential.check_species(atoms, frame=index)
        if dopant not in atoms.get_chemical_symbols():
            raise InputError(
                f"doped must hold the dopant {dopant}; got "
                f"{atoms.get_chemical_formula()} in frame {index}. Check the order."
            )
    first, *others = cell_energies(
        [host, *doped], potential, fmax_eV_per_A=fmax_eV_per_A, max_steps=max_steps
    )
    if isinstance(first, Failure):
        raise InputError(
            f"host must have an energy; got none of {host.get_chemical_formula()}: "
            f"{first.reason}. Relax the host first."
        )
    return tuple(
        Failure(str(index), found.reason)
        if isinstance(found, Failure)
        else defect_energy_of(found, first, dopant=dopant, phases=phases)
        for index, found in enumerate(others)
    )


def _with_host(
    phases: Mapping[str, float], cells: Sequence[Atoms], host_energy_eV: float
) -> dict[str, float]:
    """Phases as given, and the host with its energy where they are one too few."""
    from pymatgen.core import Composition  # noqa: PLC0415 (slow to import)

    elements = {symbol for atoms in cells for symbol in atoms.get_chemical_symbols()}
    if len(phases) + 1 != len(elements):
        return dict(phases)
    content = Composition(cells[0].get_chemical_formula())
    formula, n_units = content.get_reduced_formula_and_factor()
    return {formula: host_energy_eV / n_units, **phases}
