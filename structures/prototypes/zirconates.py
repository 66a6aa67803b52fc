"""Zirconates Li2ZrO3, Li6Zr2O7 and La2Zr2O7."""

from ase import Atoms

from structures.prototypes.wyckoff import crystal_from_sites

LA2ZR2O7_A = 10.80
O48F_X = 0.3341


def build_lithium_zirconate() -> Atoms:
    """Li2ZrO3 of the rock-salt family, C2/c, 4 formula units.

    Returns
    -------
    Atoms
        Periodic monoclinic cell (b unique), 24 atoms.

    Notes
    -----
    The lattice is the measured one (a = 5.4163, b = 9.0262, c = 5.4156 Å,
    β = 112.615°; ICSD 94894 by way of the OBELiX data set, whose coordinates carry
    noise on purpose). Coordinates were relaxed from there in that cell with CHGNet
    and put on the sites of C2/c: six Zr-O of 2.085 to 2.133 Å.

    References
    ----------
    F. Therrien et al., OBELiX, arXiv:2502.14234 (CC BY 4.0). J. L. Hodeau et al., J.
    Solid State Chem. 45, 170 (1982), for the structure.

    Examples
    --------
    >>> build_lithium_zirconate().get_chemical_formula(mode="metal")
    'Li8Zr4O12'

    """
    return crystal_from_sites(
        [
            ("Li4e_1", "Li", (0, 0.2599, 0.75)),
            ("Li4e_2", "Li", (0, 0.4231, 0.25)),
            ("Zr4e", "Zr", (0, 0.0898, 0.25)),
            ("O8f", "O", (0.2338, 0.0786, 0.0123)),
            ("O4d", "O", (0.25, 0.25, 0.5)),
        ],
        space_group=15,
        cell=(5.4163, 9.0262, 5.4156, 90, 112.615, 90),
    )


def build_hexalithium_zirconate() -> Atoms:
    """Li6Zr2O7, C2/c, 4 formula units.

    Returns
    -------
    Atoms
        Periodic monoclinic cell (b unique), 60 atoms.

    Notes
    -----
    The lattice is the measured one (a = 10.445, b = 5.989, c = 10.200 Å,
    β = 100.26°). Coordinates were relaxed in that cell with CHGNet, starting from
    those of the OBELiX data set (ICSD 73835 with noise added on purpose), and put on
    the sites of C2/c. As published, lithium is coordinated by five oxygen atoms in a
    square pyramid, zirconium by six; oxygen fills seven eighths of the anion sites of
    rock salt.

    References
    ----------
    R. Czekalla, W. Jeitschko, Z. Anorg. Allg. Chem. 619, 2038 (1993),
    doi:10.1002/zaac.19936191212. F. Therrien et al., OBELiX, arXiv:2502.14234
    (CC BY 4.0).

    Examples
    --------
    >>> build_hexalithium_zirconate().get_chemical_formula(mode="metal")
    'Li24Zr8O28'

    """
    return crystal_from_sites(
        [
            ("Li8f_1", "Li", (0.0656, 0.1044, 0.1046)),
            ("Li8f_2", "Li", (0.0609, 0.3573, 0.5893)),
            ("Li8f_3", "Li", (0.2038, 0.3700, 0.3920)),
            ("Zr8f", "Zr", (0.1835, 0.1196, 0.8670)),
            ("O8f_1", "O", (0.1210, 0.1246, 0.4810)),
            ("O8f_2", "O", (0.1308, 0.3715, 0.0015)),
            ("O8f_3", "O", (0.2548, 0.3811, 0.7556)),
            ("O4e", "O", (0, 0.1563, 0.75)),
        ],
        space_group=15,
        cell=(10.445, 5.989, 10.200, 90, 100.26, 90),
    )


def build_lanthanum_zirconate(*, a_A: float = LA2ZR2O7_A) -> Atoms:
    """La2Zr2O7, pyrochlore, Fd-3m, conventional cell (88 atoms).

    Parameters
    ----------
    a_A
        Lattice constant [Å]; by default the measured one, rounded.

    Returns
    -------
    Atoms
        Periodic cubic cell; sites Zr16c, La16d, O48f and O8b.

    Notes
    -----
    Origin at zirconium (choice 2). The only free coordinate, x of O 48f, was relaxed
    with CHGNet at a = 10.80 Å: x = 0.3341, which gives six Zr-O of 2.114 Å and eight
    La-O (2.338 and 2.618 Å).

    References
    ----------
    M. A. Subramanian, G. Aravamudan, G. V. Subba Rao, Prog. Solid State Chem. 15, 55
    (1983), doi:10.1016/0079-6786(83)90001-8, for the structure and the lattice.

    Examples
    --------
    >>> build_lanthanum_zirconate().get_chemical_formula(mode="metal")
    'La16Zr16O56'

    """
    return crystal_from_sites(
        [
            ("Zr16c", "Zr", (0, 0, 0)),
            ("La16d", "La", (0.5, 0.5, 0.5)),
            ("O48f", "O", (O48F_X, 0.125, 0.125)),
            ("O8b", "O", (0.375, 0.375, 0.375)),
        ],
        space_group=227,
        origin_choice=2,
        cell=(a_A, a_A, a_A, 90, 90, 90),
    )
