"""Formation energies of doped LLZO from relaxed cells, anchored on the table."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from screening.compound_energies import CompoundEnergy, anchored_energy
from screening.data_files import data_file
from screening.doped_cells import UNDOPED, RelaxedCell
from screening.doped_formula import LLZO
from screening.entries import Entries
from screening.formulas import reduced_formula
from screening.reference_compounds import build_reference_compound
from screening.reference_energies import ReferenceEnergies
from screening.relaxed_cell_files import read_relaxed_cells
from structures.dopants import LlzoDopant
from training_data.errors import Failure, InputError

HOST_OXYGEN = 12
HOST_PHASES = ("Li2O", "La2O3", "ZrO2", "Li")
"""Phases that bring and take the atoms of the host; lithium where a charge changes."""
CELLS = "doped_llzo_chgnet.extxyz"


def anchored_doped_energies(
    cells: Iterable[RelaxedCell],
    *,
    dopants: Sequence[LlzoDopant],
    references: ReferenceEnergies,
    entries: Entries,
) -> dict[str, CompoundEnergy | Failure]:
    """Anchored formation energies of relaxed doped cells, per formula unit of LLZO.

    Parameters
    ----------
    cells
        Relaxed cells of one potential, the undoped one among them.
    dopants
        Rows of the dopant list that the cells belong to; others are left out.
    references
        Energies by the same potential of Li, Li2O, La2O3, ZrO2 and of each dopant's
        reference compound.
    entries
        Formation energies that everything is anchored on.

    Returns
    -------
    dict
        Name of the dopant → energies, or why there is none.

    Raises
    ------
    InputError
        If the undoped cell is missing or not at rest, or cells and references are of
        two potentials.

    Notes
    -----
    The host that stands for the entry Li7La3Zr2O12 is a cell built as the doped ones
    are, so that what the ordering of lithium costs is on both sides. See
    :func:`screening.compound_energies.anchored_energy` for the equation.

    """
    cells = list(cells)
    potentials = sorted({cell.potential for cell in cells})
    if len(potentials) > 1:
        raise InputError(
            f"cells must be of one potential; got {' and '.join(potentials)}. Their "
            "energies have different zeros: relax all with one."
        )
    if potentials and potentials != [references.potential]:
        raise InputError(
            f"references must be of the cells' potential, {potentials[0]}; got "
            f"{references.potential}. Their energies have different zeros: relax both "
            "with one."
        )
    pure = next((cell for cell in cells if cell.name == UNDOPED), None)
    if pure is None:
        raise InputError(
            "cells must hold the undoped one, on which the others are anchored; got "
            f"{len(cells)} without it. Relax it too."
        )
    _at_rest(pure)
    host_eV = pure.energy_eV / _units(pure)
    rows = {dopant.name: dopant for dopant in dopants}
    found: dict[str, CompoundEnergy | Failure] = {}
    for cell in cells:
        if cell.name not in rows:
            continue
        try:
            found[cell.name] = _anchored(
                cell,
                rows[cell.name],
                host_eV,
                references.energies_eV_per_formula_unit,
                entries,
            )
        except InputError as error:
            found[cell.name] = Failure(cell.name, str(error))
    return found


def _anchored(
    cell: RelaxedCell,
    dopant: LlzoDopant,
    host_eV: float,
    references_eV: Mapping[str, float],
    entries: Entries,
) -> CompoundEnergy:
    """Energy of one cell against host, host's oxides and the dopant's reference."""
    _at_rest(cell)
    compound = build_reference_compound(dopant)
    wanted = [*HOST_PHASES, reduced_formula(compound.get_chemical_formula())]
    missing = [each for each in wanted if each not in references_eV]
    if missing:
        raise InputError(
            f"references must hold the phases of {cell.name}; got none of "
            f"{', '.join(missing)}. Relax them with the same potential."
        )
    units = _units(cell)
    return anchored_energy(
        "".join(f"{symbol}{n / units:g}" for symbol, n in cell.counts.items()),
        energy_eV=cell.energy_eV / units,
        host=LLZO,
        phase_energies_eV={LLZO: host_eV, **{p: references_eV[p] for p in wanted}},
        entries=entries,
        source=cell.potential,
    )


def _at_rest(cell: RelaxedCell) -> None:
    """Refuse a cell whose energy would still fall."""
    if not cell.converged:
        raise InputError(
            f"cells must be at rest; got {cell.name} with forces up to "
            f"{cell.fmax_eV_per_A:.2g} eV/Å after {cell.n_steps} steps. Raise "
            "max_steps and resume: the cell goes on from where it is."
        )


def _units(cell: RelaxedCell) -> float:
    """LLZO units in a cell, which keeps all of its oxygen."""
    return cell.counts["O"] / HOST_OXYGEN


@cache
def load_doped_cells() -> tuple[RelaxedCell, ...]:
    """Doped cells that were relaxed with CHGNet and come with the package.

    Returns
    -------
    tuple of RelaxedCell
        One dopant (x = 0.25) in the primitive cell each, and the undoped cell.

    References
    ----------
    B. Deng et al., Nat. Mach. Intell. 5, 1031 (2023), doi:10.1038/s42256-023-00716-3.

    Examples
    --------
    >>> any(cell.name == "undoped" for cell in load_doped_cells())
    True

    """
    return tuple(
        cell
        for cell in read_relaxed_cells(data_file(CELLS))
        if isinstance(cell, RelaxedCell)
    )
