"""Reference phases: what a doped oxide exchanges atoms with, and their energies."""

from collections.abc import Mapping

import numpy as np
from ase import Atoms

from mlip.potential import Potential
from structures.doping_energies import MAX_STEPS
from structures.oxidation_states import oxidation_states_of
from structures.prototypes import build_prototype
from structures.reference_oxides import build_reference_oxide
from structures.relaxation import relax
from training_data.errors import Failure, InputError


def reference_structures(
    host: Atoms, *, ions: Mapping[str, int], fixed_by_host: str | None = None
) -> dict[str, Atoms]:
    """Phases that an oxide host exchanges atoms with, ready to be relaxed.

    Lithium metal, and one oxide of every cation of the host and of every dopant, so
    that each ion comes from an oxide and goes into one.

    Parameters
    ----------
    host
        Neutral oxide that contains lithium.
    ions
        Charge of each dopant [e].
    fixed_by_host
        Cation of the host (such as Zr) that gets no oxide: its chemical potential
        follows from the host, in equilibrium with all other phases.

    Returns
    -------
    dict
        Formula → structure.

    Raises
    ------
    InputError
        If the host is no oxide of lithium, or an ion has no known reference oxide.

    Notes
    -----
    With an oxide for every cation the energy of forming the host from its oxides
    cancels: Hf4+ for Zr4+ is HfO2 against ZrO2. Oxides that react with each other to
    the host are then a convention, not an equilibrium. With `fixed_by_host` the phases
    can be in equilibrium, but the dopant's phase must then be the stable one among
    those with the host's cations, or its energy is too low by that of forming it.

    Examples
    --------
    >>> garnet = Atoms("Li7La3Zr2O12", cell=[9, 9, 9], pbc=True)
    >>> sorted(reference_structures(garnet, ions={"Mg": 2}))
    ['La2O3', 'Li', 'Li2O', 'MgO', 'ZrO2']

    """
    from pymatgen.core import Composition  # noqa: PLC0415 (slow to import)

    present = set(host.get_chemical_symbols())
    if not {"Li", "O"} <= present:
        raise InputError(
            "host must be an oxide that contains lithium, for which reference phases "
            f"are known; got {host.get_chemical_formula()}. Give the phases yourself."
        )
    charges = {
        element: int(charge)
        for element, charge in oxidation_states_of(present - {"O"}).items()
    }
    if fixed_by_host is not None and fixed_by_host not in charges:
        raise InputError(
            f"fixed_by_host must be a cation of the host ({', '.join(charges)}); got "
            f"{fixed_by_host!r}. Name one of them, or none."
        )
    oxides = {e: q for e, q in charges.items() if e != fixed_by_host} | dict(ions)
    structures = [build_prototype("Li-bcc")]
    structures += [build_reference_oxide(e, q) for e, q in oxides.items()]
    return {
        Composition(s.get_chemical_formula()).reduced_formula: s for s in structures
    }


def relaxed_phases(
    structures: Mapping[str, Atoms],
    potential: Potential,
    *,
    fmax_eV_per_A: float = 0.05,
    max_steps: int = MAX_STEPS,
) -> dict[str, float | Failure]:
    """Energies of reference phases at rest, or why one has none, in one batch.

    Parameters
    ----------
    structures
        Formula → structure.
    potential
        Where the energies come from.
    fmax_eV_per_A
        Largest force left [eV/Å].
    max_steps
        Most steps of a relaxation of cell and positions.

    Returns
    -------
    dict
        Formula → energy per formula unit [eV], or the failure of that phase.

    """
    from pymatgen.core import Composition  # noqa: PLC0415 (slow to import)

    relaxed = relax(
        list(structures.values()),
        potential,
        cell="full",
        fmax_eV_per_A=fmax_eV_per_A,
        max_steps=max_steps,
    )
    energies: dict[str, float | Failure] = {}
    for formula, found in zip(structures, relaxed, strict=True):
        if found.failure is not None or not np.isfinite(found.energy_eV):
            reason = found.failure.reason if found.failure else "no energy"
            energies[formula] = Failure(formula, reason)
        elif not found.converged:
            reason = (
                f"not at rest after {found.n_steps} steps, with forces up to "
                f"{found.fmax_eV_per_A:.2g} eV/Å and stresses up to "
                f"{found.stress_max_eV_per_A3:.2g} eV/Å³"
            )
            energies[formula] = Failure(formula, reason)
        else:
            n_units = len(found.atoms) / Composition(formula).num_atoms
            energies[formula] = found.energy_eV / n_units
    return energies


def known_energies(
    phases: Mapping[str, float | Failure], *, potential_name: str
) -> dict[str, float]:
    """Energies of phases that all have one.

    Parameters
    ----------
    phases
        What :func:`relaxed_phases` found.
    potential_name
        What to call the potential in the message.

    Raises
    ------
    InputError
        If one of them has none.

    Examples
    --------
    >>> known_energies({"MgO": -12.5}, potential_name="any")
    {'MgO': -12.5}

    """
    energies = {}
    for formula, found in phases.items():
        if isinstance(found, Failure):
            raise InputError(
                f"phases must relax with the potential {potential_name!r}; got "
                f"{formula}: {found.reason}. Give another structure (--reference "
                "FILE), more steps, or another potential."
            )
        energies[formula] = found
    return energies


def phase_energies(
    structures: Mapping[str, Atoms],
    potential: Potential,
    *,
    fmax_eV_per_A: float = 0.05,
    max_steps: int = MAX_STEPS,
) -> dict[str, float]:
    """Energies of reference phases at rest, cell and positions relaxed.

    Parameters
    ----------
    structures
        Formula → structure.
    potential
        Where the energies come from.
    fmax_eV_per_A
        Largest force left [eV/Å].
    max_steps
        Most steps of a relaxation.

    Returns
    -------
    dict
        Formula → energy per formula unit [eV].

    Raises
    ------
    InputError
        If a phase cannot be relaxed, or is not at rest after these steps.

    """
    for atoms in structures.values():
        potential.check_species(atoms)
    found = relaxed_phases(
        structures, potential, fmax_eV_per_A=fmax_eV_per_A, max_steps=max_steps
    )
    return known_energies(found, potential_name=potential.name)
