"""Charge of a slab, and its dipole where that has a meaning."""

from typing import Literal, NamedTuple

import numpy as np
from ase import Atoms

from structures.oriented_crystal import NEUTRAL_e
from structures.terminations import POLAR_e_per_A

Neutrality = Literal["neutral", "charged", "unknown"]


class SlabCharge(NamedTuple):
    """Charge [e], in a word, and dipole per area [e/Å]."""

    charge_e: float | None
    neutrality: Neutrality
    dipole_e_per_A: float | None


def slab_charge(
    atoms: Atoms, charges: np.ndarray | None, *, area_A2: float, stoichiometric: bool
) -> SlabCharge:
    """Sum of the formal charges, and the dipole per area of a neutral slab.

    Parameters
    ----------
    atoms
        Slab, z along the normal.
    charges
        Formal charges [e], shape (n_atoms,); None where none are known.
    area_A2
        Area of the in-plane cell [Å²].
    stoichiometric
        Whether it has the composition of its (neutral) crystal.

    """
    if charges is None:
        return SlabCharge(None, "neutral" if stoichiometric else "unknown", None)
    total = float(charges.sum())
    if abs(total) > NEUTRAL_e:
        # moved by dz, it would have another dipole
        return SlabCharge(total, "charged", None)
    dipole = float(charges @ atoms.positions[:, 2]) / area_A2
    return SlabCharge(0.0, "neutral", 0.0 if abs(dipole) <= POLAR_e_per_A else dipole)
