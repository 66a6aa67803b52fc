"""XDATCAR of VASP: species and direct coordinates."""

from io import TextIOWrapper
from itertools import groupby

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from md.trajectory.export_frames import ExportFrames, require_cell
from md.trajectory.export_text import TextSink


class XdatcarSink(TextSink):
    """XDATCAR (VASP 5 and later): positions in fractions of the lattice vectors.

    Parameters
    ----------
    stream
        Where to write.
    atoms
        Species.

    Notes
    -----
    The order of the atoms is kept: an element that comes back after another one is
    named again, as VASP itself does. The header with the lattice is repeated
    whenever the cell has changed, as VASP does with a variable cell.

    """

    needs_cell = True

    def __init__(self, stream: TextIOWrapper, atoms: Atoms) -> None:
        super().__init__(stream)
        runs = [(s, len(list(run))) for s, run in groupby(atoms.symbols)]
        names, counts = zip(*runs, strict=True)
        self._species = [" ".join(names), " ".join(map(str, counts))]
        self._title = f"{atoms.get_chemical_formula()} from lithophile"
        self._cell: NDArray[np.float64] | None = None
        self._n_written = 0
        self._template = "%.16f %.16f %.16f\n" * len(atoms)

    @property
    def quantities(self) -> tuple[str, ...]:
        """Return what the format has room for."""
        return ("species", "direct coordinates", "cell")

    def _write_frame(self, frames: ExportFrames, index: int) -> None:
        cell = frames.cells[index]
        if self._cell is None or not np.array_equal(cell, self._cell):
            require_cell(cell[None], "XDATCAR")
            vectors = [" ".join(map(repr, row.tolist())) for row in cell]
            lines = [self._title, "1.0", *vectors, *self._species]
            self._stream.write("\n".join(lines) + "\n")
            self._cell = cell.copy()
        self._n_written += 1
        direct = frames.positions[index] @ np.linalg.inv(cell)
        if frames.images is not None:  # rounding may leave -1e-17, which is 1 - 1e-17
            direct = np.where(np.abs(direct) < 1e-15, 0.0, direct)  # noqa: PLR2004
        self._stream.write(f"Direct configuration= {self._n_written:5d}\n")
        self._stream.write(self._template % tuple(direct.ravel().tolist()))
