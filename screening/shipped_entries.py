"""The table of ground states that comes with the package."""

from functools import cache

import numpy as np

from screening.composition_table import CompositionTable
from screening.data_files import data_file
from screening.entries import Entries
from screening.reaction_energies import with_reaction_energies

MP_LEGACY = "MP-legacy"
"""PBE and PBE+U with the Materials Project's corrections of 2019-20."""

UEV_PER_EV = 1e6

TABLE = "ground_states.npz"
SOURCE = "Materials Project 2019-20 (Bartel et al. 2020)"


@cache
def load_entries(*, with_halides: bool = False) -> Entries:
    """Ground states of 85,014 compounds of the Materials Project.

    Read once; later calls return the same entries with the phase diagrams that have
    been built from them.

    Parameters
    ----------
    with_halides
        Whether Li2ZrCl6, Li2HfCl6 and Li3YCl6, which the table lacks, are among them,
        anchored by the energies of :func:`load_reaction_energies`.

    Returns
    -------
    Entries
        Formation energies of the scheme ``"MP-legacy"``: PBE and PBE+U with the
        Materials Project's corrections of 2019-20.

    Raises
    ------
    InputError
        If the table is missing from the installation.

    References
    ----------
    A. Jain et al., APL Mater. 1, 011002 (2013), doi:10.1063/1.4812323.
    C. J. Bartel et al., npj Comput. Mater. 6, 97 (2020),
    doi:10.1038/s41524-020-00362-y.

    Examples
    --------
    >>> entries = load_entries()
    >>> len(entries), entries.formation_energy("Li7La3Zr2O12")
    (85014, -3.135943)

    """
    if with_halides:
        return with_reaction_energies(load_entries())
    with np.load(data_file(TABLE)) as table:
        compositions = CompositionTable(
            n_elements=table["n_elements"],
            numbers=table["numbers"],
            amounts=table["amounts"],
        )
        energies = table["formation_energy_ueV_per_atom"] / UEV_PER_EV
    return Entries(
        compositions=compositions,
        formation_energies_eV_per_atom=energies,
        scheme=MP_LEGACY,
        sources=(SOURCE,),
        source_of_row=np.zeros(len(compositions), dtype=np.int32),
    )


@cache
def published_decomposition_enthalpies() -> np.ndarray:
    """Decomposition enthalpies that were published with the table [eV/atom].

    Returns
    -------
    np.ndarray
        One per row of :func:`load_entries`, which does not use them: they are what
        its hulls are checked against.

    Examples
    --------
    >>> len(published_decomposition_enthalpies())
    85014

    """
    with np.load(data_file(TABLE)) as table:
        return np.asarray(table["decomposition_enthalpy_ueV_per_atom"] / UEV_PER_EV)
