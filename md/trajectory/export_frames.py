"""Frames on their way into another format, and what every such format can do."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from ase.data import atomic_masses
from numpy.typing import NDArray

from md.trajectory.orientation import standard_orientation
from md.trajectory.unwrapping import completed_cell
from training_data.errors import InputError

if TYPE_CHECKING:
    from ase import Atoms

_DIMENSIONS = 3


@dataclass(frozen=True, kw_only=True)
class ExportFrames:
    """Consecutive frames with everything that is stored with them.

    Parameters
    ----------
    steps, times_ps
        (m,) steps of the run and times in ps.
    positions
        (m, n, 3) Å, unwrapped unless there are images.
    cells
        (m, 3, 3) Å, rows are lattice vectors.
    images
        (m, n, 3) whole lattice vectors by which positions were folded into the cell:
        unwrapped = positions + images @ cell; None where they were not folded.
    velocities_A_per_ps
        (m, n, 3), None where they are not kept.
    forces
        (m, n, 3) eV/Å, None where they are not kept.
    observables
        Scalars (m,) by name.

    """

    steps: NDArray[np.int64]
    times_ps: NDArray[np.float64]
    positions: NDArray[np.float64]
    cells: NDArray[np.float64]
    velocities_A_per_ps: NDArray[np.float64] | None
    forces: NDArray[np.float64] | None
    observables: Mapping[str, NDArray[np.float64]]
    images: NDArray[np.int64] | None = None

    def wrapped(self, pbc: NDArray[np.bool_]) -> "ExportFrames":
        """Fold positions into the cell along its periodic vectors.

        Parameters
        ----------
        pbc
            (3,) periodic directions; along the others nothing is folded.

        Examples
        --------
        >>> frames = ExportFrames(
        ...     steps=np.array([0]), times_ps=np.zeros(1), cells=4.0 * np.eye(3)[None],
        ...     positions=np.array([[[9.0, -1.0, 9.0]]]),
        ...     velocities_A_per_ps=None, forces=None, observables={},
        ... )
        >>> folded = frames.wrapped(np.array([True, True, False]))
        >>> folded.positions.tolist(), folded.images.tolist()
        ([[[1.0, 3.0, 9.0]]], [[[2, -1, 0]]])

        """
        complete = np.array([completed_cell(cell) for cell in self.cells])
        fractional = self.positions @ np.linalg.inv(complete)
        images = np.floor(fractional) * pbc
        return replace(
            self,
            positions=self.positions - images @ complete,
            images=images.astype(np.int64),
        )

    def in_standard_orientation(self) -> "ExportFrames":
        """Turn each cell to a along x and b in the xy plane, vectors with it.

        A cell that stands so keeps every bit of its vectors.
        """
        turned = [standard_orientation(cell) for cell in self.cells]
        if all(rotation is None for _, rotation in turned):
            return self
        rotations = np.array([np.eye(3) if q is None else q for _, q in turned])

        def rotate(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.asarray(vectors @ rotations.transpose(0, 2, 1))

        velocities, forces = self.velocities_A_per_ps, self.forces
        return replace(
            self,
            cells=np.array([cell for cell, _ in turned]),
            positions=rotate(self.positions),
            velocities_A_per_ps=None if velocities is None else rotate(velocities),
            forces=None if forces is None else rotate(forces),
        )


class FrameSink(ABC):
    """File of another format that takes frames block by block.

    Attributes
    ----------
    standard_orientation
        Frames must come in standard orientation.
    needs_cell
        Three lattice vectors are needed.

    """

    standard_orientation = False
    needs_cell = False

    @property
    @abstractmethod
    def quantities(self) -> tuple[str, ...]:
        """Name what the file keeps of each atom or frame."""

    @abstractmethod
    def write(self, frames: ExportFrames) -> None:
        """Write frames that follow those written before."""

    @abstractmethod
    def close(self) -> None:
        """Finish the file: all bytes are on their way to the disk."""


def labels_of(atoms: "Atoms") -> dict[str, NDArray[np.int64]]:
    """Whole numbers that every atom carries (``layer``, ``side``, ``tags``).

    Examples
    --------
    >>> from ase import Atoms
    >>> atoms = Atoms("LiCl")
    >>> atoms.set_array("layer", np.array([0, 1]))
    >>> {name: values.tolist() for name, values in labels_of(atoms).items()}
    {'layer': [0, 1]}

    """
    return {
        name: np.asarray(values, dtype=np.int64)
        for name, values in atoms.arrays.items()
        if name != "numbers" and values.dtype.kind in "biu" and values.ndim == 1
    }


def own_masses(atoms: "Atoms") -> NDArray[np.float64] | None:
    """Masses (amu) where they differ from the standard ones, else None.

    Examples
    --------
    >>> from ase import Atoms
    >>> own_masses(Atoms("Li")) is None
    True
    >>> own_masses(Atoms("Li", masses=[6.015])).tolist()
    [6.015]

    """
    masses = np.asarray(atoms.get_masses(), dtype=float)
    return None if np.array_equal(masses, atomic_masses[atoms.numbers]) else masses


def require_cell(cells: NDArray[np.float64], file_format: str) -> None:
    """Refuse frames without three lattice vectors.

    Raises
    ------
    InputError
        If a cell of `cells` spans less than a volume.

    """
    for cell in cells:
        if np.linalg.matrix_rank(cell) < _DIMENSIONS:
            raise InputError(
                f"cell must have three lattice vectors for {file_format}; got "
                f"{cell.tolist()!r}. Export to extxyz, or give the structure a cell."
            )
