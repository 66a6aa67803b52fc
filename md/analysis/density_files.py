"""Density maps as files for VESTA and other viewers."""

from pathlib import Path
from typing import Literal

import numpy as np
from ase import Atoms
from ase.io.cube import write_cube
from ase.io.xsf import write_xsf
from pymatgen.io.ase import AseAtomsAdaptor
from pymatgen.io.vasp.inputs import Poscar
from pymatgen.io.vasp.outputs import Chgcar

from md.analysis.ion_density import IonDensityResult

DensityFormat = Literal["cube", "chgcar", "xsf"]


def write_density(
    density: IonDensityResult, path: str | Path, *, file_format: DensityFormat
) -> Path:
    """Write a density map with the framework's mean structure.

    Parameters
    ----------
    density
        The map.
    path
        File to write.
    file_format
        ``cube`` (density in Å⁻³, lengths in bohr as the format has it), ``chgcar``
        (density times the cell's volume, so that VESTA shows e/Å³ as ions/Å³) or
        ``xsf`` (Å⁻³).

    Returns
    -------
    Path
        The file.

    Notes
    -----
    Voxels are centred on the grid points i/n₁, j/n₂, k/n₃ of the cell, which is what
    all three formats mean. In xsf the first plane is repeated at the end.

    """
    path = Path(path)
    values = density.density_per_A3
    comment = f"{density.species} density [1/A^3], {density.n_frames} frames"
    if file_format == "chgcar":
        structure = AseAtomsAdaptor.get_structure(_bare(density))
        grid = values * abs(np.linalg.det(density.cell_A))
        Chgcar(Poscar(structure, comment=comment), {"total": grid}).write_file(path)
        return path
    with path.open("w", encoding="ascii") as stream:
        if file_format == "cube":
            write_cube(stream, _bare(density), data=values, comment=comment)
        else:
            write_xsf(stream, [_bare(density)], data=values)
    return path


def _bare(density: IonDensityResult) -> Atoms:
    """Species, positions in the cell and cell only."""
    atoms = density.structure
    return Atoms(
        atoms.numbers,
        scaled_positions=atoms.get_scaled_positions(wrap=True),
        cell=atoms.cell,
        pbc=True,
    )
