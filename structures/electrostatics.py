"""Coulomb interactions of point charges in a periodic cell."""

import numpy as np


def coulomb_matrix(cell_A: np.ndarray, scaled_positions: np.ndarray) -> np.ndarray:
    """Ewald interactions of unit charges on the sites of a periodic cell.

    Computed once; the energy of any neutral choice of charges on the sites is then
    a quadratic form. Sites may be as close as they like, as long as they differ.

    Parameters
    ----------
    cell_A
        Lattice vectors as rows [Å], shape (3, 3).
    scaled_positions
        Fractional positions, shape (n_sites, 3).

    Returns
    -------
    ndarray
        Symmetric matrix M [eV], shape (n_sites, n_sites); the diagonal holds the
        interaction of a site with its own images.

    Notes
    -----
    ``E = sum_ij q_i M_ij q_j`` with charges q in units of e, for ``sum_i q_i = 0``.
    For a charged cell the energy of the neutralising background is left out.

    ======  ==========================================
    symbol  variable
    ======  ==========================================
    M       result
    q       oxidation states, 0 on a vacant site
    ======  ==========================================

    References
    ----------
    P. P. Ewald, Ann. Phys. 369, 253 (1921), doi:10.1002/andp.19213690304; computed
    with ``pymatgen.analysis.ewald.EwaldSummation``.

    Examples
    --------
    The Madelung constant of CsCl, 1.76267, with r the distance of the ions:

    >>> matrix = coulomb_matrix(np.eye(3), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]))
    >>> charges = np.array([1.0, -1.0])
    >>> r = np.sqrt(0.75)
    >>> round(float(-charges @ matrix @ charges * r) / 14.399645, 5)
    1.76267

    """
    from pymatgen.analysis.ewald import EwaldSummation  # noqa: PLC0415 (slow)
    from pymatgen.core import Lattice, Structure  # noqa: PLC0415 (slow)

    structure = Structure(
        Lattice(cell_A),
        ["H+"] * len(scaled_positions),  # any ion of charge 1
        scaled_positions,
    )
    matrix: np.ndarray = EwaldSummation(structure).total_energy_matrix
    return matrix
