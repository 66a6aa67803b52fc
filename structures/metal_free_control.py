"""Electrolyte of an interface without its metal: the control of every result."""

from ase import Atoms

from structures.interface import ELECTROLYTE, Interface


def build_metal_free_control(interface: Interface) -> Atoms:
    """Electrolyte slab of an interface in the same cell, the metal taken out.

    What the electrolyte does in the same cell, at the same temperature and for the
    same time without lithium is the control of every dissolution result.

    Parameters
    ----------
    interface
        Interface as built.

    Returns
    -------
    Atoms
        Electrolyte atoms, unmoved, with vacuum where the metal was.

    Examples
    --------
    >>> from structures.interface import build_interface
    >>> from structures.prototypes import build_prototype
    >>> interface = build_interface(
    ...     build_prototype("Li2ZrCl6"), build_prototype("Li-fcc"), electrolyte_layers=1
    ... )
    >>> build_metal_free_control(interface).get_chemical_formula(mode="metal")
    'Li6Zr3Cl18'

    """
    return interface.atoms[interface.atoms.arrays["side"] == ELECTROLYTE]
