"""Zirconium chlorides: ZrCl4 chains, ZrCl3 chains and ZrCl2 layers."""

import numpy as np
from ase import Atoms


def build_zirconium_tetrachloride() -> Atoms:
    """ZrCl4 of edge-sharing zigzag chains, P2/c, 2 formula units.

    Returns
    -------
    Atoms
        Periodic monoclinic cell (b unique), 10 atoms.

    Notes
    -----
    The lattice is the measured one (a = 6.361, b = 7.407, c = 6.256 Å,
    β = 109.30°). Coordinates were relaxed in that cell with CHGNet + D3(BJ) and
    put on the sites of P2/c: Zr on 2f, Cl on 4g. They give Zr-Cl = 2.35, 2.50 and
    2.72 Å (measured 2.307, 2.498, 2.655 Å).

    References
    ----------
    B. Krebs, Z. Anorg. Allg. Chem. 378, 263 (1970), doi:10.1002/zaac.19703780308.

    Examples
    --------
    >>> build_zirconium_tetrachloride().get_chemical_formula()
    'Cl8Zr2'

    """
    y = 0.3319
    zr = [(0.5, y, 0.25), (0.5, 1 - y, 0.75)]
    cl = []
    for x, v, z in ((0.2545, 0.1304, -0.0008), (0.2662, 0.3912, 0.4952)):
        cl += [(x, v, z), (-x, v, 0.5 - z), (-x, -v, -z), (x, -v, 0.5 + z)]
    return Atoms(
        ["Zr"] * 2 + ["Cl"] * 8,
        scaled_positions=np.array(zr + cl) % 1.0,
        cell=[6.361, 7.407, 6.256, 90, 109.30, 90],
        pbc=True,
    )


def build_zirconium_trichloride() -> Atoms:
    """ZrCl3 of face-sharing chains (TiI3 type), P6_3/mcm, 2 formula units.

    Returns
    -------
    Atoms
        Periodic hexagonal cell, 8 atoms, chains along c.

    Notes
    -----
    a = 6.383, c = 6.135 Å (measured); Zr on 2b, Cl on 6g with x = 0.317, which
    gives Zr-Cl = 2.54 Å. Zr-Zr along the chain is c/2 = 3.07 Å. Spin polarisation
    and pairing along the chain are not in this structure.

    References
    ----------
    J. A. Watts, Inorg. Chem. 5, 281 (1966) and E. M. Larsen et al., Inorg. Chem.
    13, 574 (1974), for the structure type and the lattice.

    Examples
    --------
    >>> build_zirconium_trichloride().get_chemical_formula()
    'Cl6Zr2'

    """
    x = 0.317
    zr = [(0, 0, 0), (0, 0, 0.5)]
    lower = [(x, 0, 0.25), (0, x, 0.25), (-x, -x, 0.25)]
    upper = [(-x, 0, 0.75), (0, -x, 0.75), (x, x, 0.75)]
    return Atoms(
        ["Zr"] * 2 + ["Cl"] * 6,
        scaled_positions=np.array(zr + lower + upper) % 1.0,
        cell=[6.383, 6.383, 6.135, 90, 90, 120],
        pbc=True,
    )


def build_zirconium_dichloride() -> Atoms:
    """ZrCl2 of trigonal-prismatic layers (3R-MoS2 type), primitive cell.

    Returns
    -------
    Atoms
        Periodic rhombohedral cell with a and b in the layer, 3 atoms.

    Notes
    -----
    a = 3.3819 Å and a layer spacing of c/3 = 19.378/3 Å (measured); chlorine at
    ±1.70 Å above and below Zr, which gives Zr-Cl = 2.59 Å.

    References
    ----------
    A. Cisar, J. D. Corbett, R. L. Daake, Inorg. Chem. 18, 836 (1979).

    Examples
    --------
    >>> build_zirconium_dichloride().get_chemical_formula()
    'Cl2Zr'

    """
    a, spacing, height = 3.3819, 19.378 / 3, 1.70
    planar = a * np.array([[1.0, 0.0], [-0.5, np.sqrt(3) / 2]])
    site = np.array([1 / 3, 2 / 3]) @ planar
    cell = np.zeros((3, 3))
    cell[:2, :2] = planar
    cell[2] = [*(np.array([2 / 3, 1 / 3]) @ planar), spacing]
    return Atoms(
        "ZrCl2",
        positions=[(0, 0, height), (*site, 0), (*site, 2 * height)],
        cell=cell,
        pbc=True,
    )
