"""Metallic zirconium, hexagonal close-packed."""

from ase import Atoms
from ase.build import bulk

A_A = 3.232
C_A = 5.147


def build_zirconium(*, a_A: float = A_A, c_A: float = C_A) -> Atoms:
    """Primitive cell of hcp zirconium (2 atoms).

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
    J. Goldak, L. T. Lloyd, C. S. Barrett, Phys. Rev. 144, 478 (1966),
    doi:10.1103/PhysRev.144.478 (a = 3.232, c = 5.147 Å).

    Examples
    --------
    >>> build_zirconium().get_chemical_formula()
    'Zr2'

    """
    return bulk("Zr", "hcp", a=a_A, c=c_A)
