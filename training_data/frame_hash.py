"""Hash of a structure: the name under which a label is recognised."""

import hashlib

import numpy as np
from ase import Atoms

RESOLUTION_PER_A = 1e5
DECIMALS = 8


def frame_hash(atoms: Atoms) -> str:
    """Hash of species, cell, positions and periodicity.

    Parameters
    ----------
    atoms
        Structure; lengths are compared to 1e-5 Å, and the order of the atoms counts.

    Returns
    -------
    str
        Sixteen hexadecimal digits.

    Examples
    --------
    >>> frame_hash(Atoms("Li", cell=[3, 3, 3], pbc=True))
    '56ea4119c65a88a0'

    """
    digest = hashlib.sha256(np.asarray(atoms.numbers, "<i4").tobytes())
    for lengths in (atoms.cell.array, atoms.positions):
        whole = np.rint(np.asarray(lengths) * RESOLUTION_PER_A)
        digest.update(whole.astype("<i8").tobytes())
    digest.update(np.asarray(atoms.pbc, "u1").tobytes())
    return digest.hexdigest()[:16]


def as_written(atoms: Atoms) -> Atoms:
    """Structure with the positions that a label file will hold.

    Extended XYZ keeps eight decimals. What is computed and hashed is the structure as
    it stands in the file, so that one in memory and the same one read back are one.

    Parameters
    ----------
    atoms
        Structure; it stays as it is.

    Returns
    -------
    ase.Atoms
        Species, positions, cell, periodicity, magnetic moments and info; nothing else.

    Examples
    --------
    >>> float(as_written(Atoms("Li", [(1 / 3, 0, 0)])).positions[0, 0])
    0.33333333

    """
    positions = [
        [float(f"{length:.{DECIMALS}f}") for length in row] for row in atoms.positions
    ]
    copy = Atoms(
        numbers=atoms.numbers,
        positions=np.array(positions).reshape(-1, 3),
        cell=atoms.cell.array,
        pbc=atoms.pbc,
        info=dict(atoms.info),
    )
    if atoms.has("initial_magmoms"):
        copy.set_initial_magnetic_moments(atoms.get_initial_magnetic_moments())
    return copy
