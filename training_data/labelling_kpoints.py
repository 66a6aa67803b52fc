"""k-point grid of a structure to be labelled."""

import numpy as np
from ase import Atoms
from pydantic import BaseModel, ConfigDict, Field

DIMENSIONS = 3


class KPoints(BaseModel):
    """How dense the Monkhorst-Pack grid of a structure is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    insulating_A: float = Field(
        1.7, gt=0, description="Points per reciprocal length of an insulator [Å]"
    )
    metallic_A: float = Field(
        2.8, gt=0, description="Points per reciprocal length of a metal [Å]"
    )
    long_axis_A: float = Field(
        14.0,
        gt=0,
        description="Lattice planes farther apart than this mark a slab or interface, "
        "which takes the nearest number of points, not the next even one [Å]",
    )
    many_atoms: int = Field(
        20, ge=1, description="Metallic cells of more atoms take the nearest number too"
    )
    charges: dict[str, int] = Field(
        {"Li": 1, "Zr": 4, "Hf": 4, "Cl": -1},
        description="Charges whose balance marks an insulator [e]; `metallic` in the "
        "info of a frame decides where it is given",
    )
    insulating_types: tuple[str, ...] = Field(
        ("LiCl",), description="Kinds of system that are insulators with vacancies too"
    )


def is_insulating(atoms: Atoms, *, kpoints: KPoints) -> bool:
    """Whether the k-point grid of an insulator is dense enough.

    Parameters
    ----------
    atoms
        Structure. ``metallic`` in its info decides where it is given, then its
        ``config_type``, then whether the charges balance. An element without a charge
        makes it a metal, whose grid is the safe one.
    kpoints
        Charges and kinds of system.

    Examples
    --------
    >>> is_insulating(Atoms("Li2ZrCl6"), kpoints=KPoints())
    True
    >>> is_insulating(Atoms("Li3ZrCl6"), kpoints=KPoints())
    False

    """
    if "metallic" in atoms.info:
        return not bool(atoms.info["metallic"])
    if atoms.info.get("config_type") in kpoints.insulating_types:
        return True
    symbols = atoms.get_chemical_symbols()
    if not set(symbols) <= set(kpoints.charges):
        return False
    return sum(kpoints.charges[symbol] for symbol in symbols) == 0


def kpoint_grid(atoms: Atoms, *, kpoints: KPoints) -> tuple[int, int, int]:
    """Monkhorst-Pack grid of a structure.

    Parameters
    ----------
    atoms
        Structure; ``kpts`` in its info takes precedence.
    kpoints
        Densities and limits.

    Returns
    -------
    tuple of int
        Number of points along the three reciprocal axes.

    Notes
    -----
    ``n = 2π |b| d``, raised to the next even number in bulk cells and rounded to the
    nearest whole one in slabs, interfaces and larger metallic cells.

    ====== ==============================================
    symbol variable
    ====== ==============================================
    b      reciprocal lattice vector, 1/Å (without the 2π)
    d      ``insulating_A`` or ``metallic_A``
    ====== ==============================================

    Examples
    --------
    >>> from ase.build import bulk
    >>> kpoint_grid(bulk("Li", "bcc", a=3.44, cubic=True), kpoints=KPoints())
    (6, 6, 6)

    """
    if "kpts" in atoms.info:
        n1, n2, n3 = (int(n) for n in atoms.info["kpts"])
        return n1, n2, n3
    insulating = is_insulating(atoms, kpoints=kpoints)
    density = kpoints.insulating_A if insulating else kpoints.metallic_A
    reciprocal = np.linalg.norm(atoms.cell.reciprocal(), axis=1)
    ideal = 2.0 * np.pi * reciprocal * density
    many = not insulating and len(atoms) > kpoints.many_atoms
    if many or (1.0 / reciprocal).max() > kpoints.long_axis_A:
        n1, n2, n3 = (max(1, round(float(n))) for n in ideal)
    else:
        n1, n2, n3 = (2 * max(1, int(np.ceil(n / 2.0))) for n in ideal)
    return n1, n2, n3
