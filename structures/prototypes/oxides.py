"""Binary oxides Li2O and La2O3."""

from ase import Atoms

from structures.prototypes.wyckoff import crystal_from_sites

LI2O_A = 4.619
LA2O3_A = 3.9381
LA2O3_C = 6.1361
LI2O_SITES = (("Li8c", "Li", (0.25, 0.25, 0.25)), ("O4a", "O", (0.0, 0.0, 0.0)))
LA2O3_SITES = (
    ("La2d", "La", (1 / 3, 2 / 3, 0.2467)),
    ("O1a", "O", (0.0, 0.0, 0.0)),
    ("O2d", "O", (1 / 3, 2 / 3, 0.6470)),
)


def build_lithium_oxide(*, a_A: float = LI2O_A) -> Atoms:
    """Li2O, antifluorite, Fm-3m, conventional cell (12 atoms).

    Parameters
    ----------
    a_A
        Lattice constant [Å]; by default measured at room temperature.

    Returns
    -------
    Atoms
        Periodic cubic cell; sites Li8c and O4a, Li-O = sqrt(3)/4 a = 2.000 Å.

    References
    ----------
    E. Zintl, A. Harder, B. Dauth, Z. Elektrochem. 40, 588 (1934) (a = 4.619 Å).

    Examples
    --------
    >>> build_lithium_oxide().get_chemical_formula(mode="metal")
    'Li8O4'

    """
    return crystal_from_sites(
        LI2O_SITES, space_group=225, cell=(a_A, a_A, a_A, 90, 90, 90)
    )


def build_lanthanum_oxide(*, a_A: float = LA2O3_A, c_A: float = LA2O3_C) -> Atoms:
    """La2O3 of the A type, P-3m1, 1 formula unit.

    Parameters
    ----------
    a_A, c_A
        Lattice constants [Å]; by default measured by neutron diffraction.

    Returns
    -------
    Atoms
        Periodic hexagonal cell, 5 atoms; sites La2d, O1a and O2d.

    Notes
    -----
    La on 2d with z = 0.2467, O on 2d with z = 0.6470 and on 1a: seven La-O, 3 x 2.365,
    2.456 and 3 x 2.731 Å. CHGNet moves no atom by more than 0.006 Å in this cell.

    References
    ----------
    P. Aldebert, J. P. Traverse, Mater. Res. Bull. 14, 303 (1979),
    doi:10.1016/0025-5408(79)90095-3.

    Examples
    --------
    >>> build_lanthanum_oxide().get_chemical_formula(mode="metal")
    'La2O3'

    """
    return crystal_from_sites(
        LA2O3_SITES, space_group=164, cell=(a_A, a_A, c_A, 90, 90, 120)
    )
