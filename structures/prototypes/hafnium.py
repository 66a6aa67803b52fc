"""Metallic hafnium and its chlorides."""

from ase import Atoms
from ase.build import bulk

from structures.prototypes.zirconium_chlorides import (
    build_zirconium_tetrachloride,
    build_zirconium_trichloride,
)

A_A = 3.1946
C_A = 5.0510
SHRINKAGE = 0.995


def build_hafnium(*, a_A: float = A_A, c_A: float = C_A) -> Atoms:
    """Primitive cell of hcp hafnium (2 atoms).

    Parameters
    ----------
    a_A, c_A
        Lattice constants [Å]; by default measured at room temperature.

    Returns
    -------
    Atoms
        Periodic hexagonal cell.

    References
    ----------
    W. M. Haynes (ed.), CRC Handbook of Chemistry and Physics, 92nd ed. (2011),
    crystal structures of the elements (a = 3.1946, c = 5.0510 Å).

    Examples
    --------
    >>> build_hafnium().get_chemical_formula()
    'Hf2'

    """
    return bulk("Hf", "hcp", a=a_A, c=c_A)


def build_hafnium_tetrachloride() -> Atoms:
    """HfCl4 of zigzag chains, P2/c, 2 formula units, constructed from ZrCl4.

    Returns
    -------
    Atoms
        Periodic monoclinic cell (b unique), 10 atoms.

    Notes
    -----
    The compound is isotypic with ZrCl4. The cell and coordinates of ZrCl4 are scaled
    by 0.995, the ratio of the measured a and b (a = 6.327, b = 7.377 Å for HfCl4;
    6.361, 7.407 Å for ZrCl4). Hf-Cl = 2.34, 2.49 and 2.71 Å follow; they are not
    measured ones.

    References
    ----------
    R. Niewa, H. Jacobs, Z. Kristallogr. 210, 687 (1995), for the structure.

    Examples
    --------
    >>> build_hafnium_tetrachloride().get_chemical_formula()
    'Cl8Hf2'

    """
    return _of_hafnium(build_zirconium_tetrachloride())


def build_hafnium_trichloride() -> Atoms:
    """HfCl3 of face-sharing chains, P6_3/mcm, 2 formula units, constructed from ZrCl3.

    Returns
    -------
    Atoms
        Periodic hexagonal cell, 8 atoms, chains along c.

    Notes
    -----
    The cell and coordinates of ZrCl3 are scaled by 0.995, the ratio found for the
    tetrachlorides; no measured structure is used.

    Examples
    --------
    >>> build_hafnium_trichloride().get_chemical_formula()
    'Cl6Hf2'

    """
    return _of_hafnium(build_zirconium_trichloride())


def _of_hafnium(chloride: Atoms) -> Atoms:
    """Zirconium replaced in a cell scaled for hafnium."""
    atoms = chloride.copy()
    atoms.set_cell(SHRINKAGE * chloride.cell[:], scale_atoms=True)
    atoms.symbols[chloride.symbols == "Zr"] = "Hf"
    return atoms
