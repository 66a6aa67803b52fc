"""LAMMPS dump (text) in units metal."""

from io import TextIOWrapper

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from md.trajectory.export_frames import (
    ExportFrames,
    labels_of,
    own_masses,
    require_cell,
)
from md.trajectory.export_text import TextSink, beside, of_frame
from md.trajectory.sources import Vector


class DumpSink(TextSink):
    """LAMMPS dump in units metal: Å, ps, Å/ps, eV/Å.

    Parameters
    ----------
    stream
        Where to write.
    atoms
        Species, masses, pbc and labels.
    kept
        Vectors that come with the frames.
    wrapped
        Positions come folded, with image counts.
    unit_lines
        Write ``ITEM: UNITS`` and ``ITEM: TIME``, as LAMMPS does after
        ``dump_modify units yes time yes``. MDAnalysis cannot read such a file.

    Notes
    -----
    The box is LAMMPS' restricted triclinic one, **a** = (lx, 0, 0),
    **b** = (xy, ly, 0), **c** = (xz, yz, lz), with its origin at zero. What stands
    in the file is the box around it:

        xlo_bound = min(0, xy, xz, xy + xz),  xhi_bound = lx + max(0, xy, xz, xy + xz)
        ylo_bound = min(0, yz),               yhi_bound = ly + max(0, yz)

    References
    ----------
    A. P. Thompson et al., Comput. Phys. Commun. 271, 108171 (2022),
    doi:10.1016/j.cpc.2021.108171; https://docs.lammps.org/Howto_triclinic.html.

    """

    standard_orientation = True
    needs_cell = True

    def __init__(
        self,
        stream: TextIOWrapper,
        atoms: Atoms,
        *,
        kept: frozenset[Vector],
        wrapped: bool,
        unit_lines: bool = False,
    ) -> None:
        super().__init__(stream)
        self._unit_lines = unit_lines
        self._first = True
        self._boundary = " ".join("pp" if periodic else "ff" for periodic in atoms.pbc)
        self.species = tuple(dict.fromkeys(atoms.symbols))
        masses, labels = own_masses(atoms), labels_of(atoms)
        self._masses = None if masses is None else masses[:, None]
        columns = ["id", "type", "element"]
        columns += ["x", "y", "z"] if wrapped else ["xu", "yu", "zu"]
        columns += ["vx", "vy", "vz"] * ("velocities" in kept)
        columns += ["fx", "fy", "fz"] * ("forces" in kept)
        columns += ["mass"] * (masses is not None)
        columns += ["ix", "iy", "iz"] * wrapped
        self._columns = [*columns, *(f"i_{name}" for name in labels)]
        types = {symbol: i + 1 for i, symbol in enumerate(self.species)}
        self._heads = [
            f"{i + 1} {types[symbol]} {symbol} "
            for i, symbol in enumerate(atoms.symbols)
        ]
        rows = zip(*labels.values(), strict=True) if labels else [()] * len(atoms)
        self._labels = ["".join(f" {value}" for value in row) for row in rows]
        self._n_atoms = len(atoms)

    @property
    def quantities(self) -> tuple[str, ...]:
        """Columns of the atoms, and the step of each frame."""
        extra = ("time_ps",) if self._unit_lines else ()
        return (*self._columns, "step", *extra)

    def _write_frame(self, frames: ExportFrames, index: int) -> None:
        cell = frames.cells[index]
        require_cell(cell[None], "a LAMMPS dump")
        lines = []
        if self._unit_lines:
            lines += ["ITEM: UNITS", "metal"] * self._first
            lines += ["ITEM: TIME", repr(float(frames.times_ps[index]))]
        self._first = False
        lines += ["ITEM: TIMESTEP", str(frames.steps[index])]
        lines += ["ITEM: NUMBER OF ATOMS", str(self._n_atoms)]
        lines += box_lines(cell, self._boundary)
        lines.append(f"ITEM: ATOMS {' '.join(self._columns)}")
        self._stream.write("\n".join(lines) + "\n")
        tails = self._labels
        if frames.images is not None:
            counts = frames.images[index].tolist()
            tails = [
                f" {x} {y} {z}{label}"
                for (x, y, z), label in zip(counts, tails, strict=True)
            ]
        self._write_rows(
            self._heads,
            beside(
                frames.positions[index],
                of_frame(frames.velocities_A_per_ps, index),
                of_frame(frames.forces, index),
                self._masses,
            ),
            tails,
        )


def box_lines(cell: NDArray[np.float64], boundary: str) -> list[str]:
    """Box of one frame as a LAMMPS dump states it.

    Parameters
    ----------
    cell
        (3, 3) Å, rows are lattice vectors, lower triangular.
    boundary
        ``pp`` or ``ff`` of the three directions.

    Examples
    --------
    >>> box_lines(np.array([[6.0, 0, 0], [-3, 5, 0], [1, 0, 9]]), "pp pp pp")
    ['ITEM: BOX BOUNDS xy xz yz pp pp pp', '-3.0 7.0 -3.0', '0.0 5.0 1.0', '0.0 9.0 0.0']
    >>> box_lines(np.diag([4.0, 5.0, 6.0]), "pp pp ff")
    ['ITEM: BOX BOUNDS pp pp ff', '0.0 4.0', '0.0 5.0', '0.0 6.0']

    """  # noqa: E501  (the answer stands on one line)
    (lx, _, _), (xy, ly, _), (xz, yz, lz) = (row.tolist() for row in cell)
    if not (xy or xz or yz):
        return [
            f"ITEM: BOX BOUNDS {boundary}",
            *(f"0.0 {length!r}" for length in (lx, ly, lz)),
        ]
    across = (0.0, xy, xz, xy + xz)
    return [
        f"ITEM: BOX BOUNDS xy xz yz {boundary}",
        f"{min(across)!r} {lx + max(across)!r} {xy!r}",
        f"{min(0.0, yz)!r} {ly + max(0.0, yz)!r} {xz!r}",
        f"0.0 {lz!r} {yz!r}",
    ]
