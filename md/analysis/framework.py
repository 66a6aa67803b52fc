"""Positions in the frame of a crystal's framework: drift and strain removed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from md.trajectory import Trajectory
from training_data.errors import InputError


class FrameworkBlock(NamedTuple):
    """Consecutive frames, seen from the framework.

    ``indices`` (m,), ``mobile`` (m, n, 3) fractional positions without wrapping.
    """

    indices: NDArray[np.int64]
    mobile: NDArray[np.float64]


@dataclass(kw_only=True)
class Framework:
    """Framework of a trajectory, followed frame by frame.

    Parameters
    ----------
    trajectory
        Frames; three lattice vectors.
    mobile
        Atoms looked at, such as all lithium.
    framework
        Atoms that define the frame; by default all others.
    groups
        (n_atoms,) number of the layer of every atom; None for one rigid frame. With
        layers, an ion is seen from the layer whose mean height is nearest.

    Raises
    ------
    InputError
        If no atom is left for the framework, or the cell has no volume.

    Notes
    -----
    A position r of a frame with cell h (rows) becomes s = r h⁻¹ − d, with the drift
    d = ⟨s_f⟩ − ⟨s_f⟩₀ averaged over the framework's atoms f (relative to the first
    frame that is read). This translation makes the sum of squared displacements of
    the framework smallest. Multiplied by the mean cell, s is a position in the mean
    crystal: homogeneous strain (NPT) is removed as well. It holds in any cell.

    With layers, d is that of each layer, so that layers that slide over each other do
    not smear what lies in them. Sites between two layers then have no fixed place.

    """

    trajectory: Trajectory
    mobile: NDArray[np.int64]
    framework: NDArray[np.int64] | None = None
    groups: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        """Check what there is, and start the sums."""
        every = np.arange(self.trajectory.n_atoms)
        atoms = np.setdiff1d(every if self.framework is None else self.framework,
                             self.mobile)  # fmt: skip
        if not len(atoms):
            raise InputError(
                "framework must hold atoms that are not mobile; got none. Name the "
                "species that stay, or analyse a species of a compound."
            )
        self.atoms: NDArray[np.int64] = atoms
        self._members: list[NDArray[np.int64]] = []
        if self.groups is not None:
            of_atom = self.groups[atoms]
            self._members = [np.flatnonzero(of_atom == g) for g in np.unique(of_atom)]
        self.largest_slip_A = 0.0
        self._cell = np.zeros((3, 3))
        self._sum = np.zeros((len(atoms), 3))
        self._square = np.zeros(len(atoms))
        self._n_frames = 0
        self.drift: list[NDArray[np.float64]] = []
        self._start: NDArray[np.float64] | None = None

    def blocks(
        self, start: int = 0, stop: int | None = None, stride: int = 1
    ) -> Iterator[FrameworkBlock]:
        """Frames of a range, one block after the other; sums are updated.

        Parameters
        ----------
        start, stop, stride
            As of `range`.

        """
        for frames in self.trajectory.frames(start, stop, stride):
            volumes = np.abs(np.linalg.det(frames.cells))
            if volumes.min() <= 0:
                raise InputError(
                    "cell must have three lattice vectors in every frame; got none in "
                    f"frame {int(frames.indices[np.argmin(volumes)])}. Give the "
                    "trajectory a cell, with vacuum where there is a surface."
                )
            inverse = np.linalg.inv(frames.cells)
            fixed = frames.positions[:, self.atoms] @ inverse
            if self._start is None:
                self._start = fixed[0].mean(axis=0)
                self._reference = fixed[0]
            drift = fixed.mean(axis=1) - self._start
            fixed -= drift[:, None]
            mobile = frames.positions[:, self.mobile] @ inverse - drift[:, None]
            mobile = self._in_layers(fixed, mobile, frames.cells[0])
            moved = fixed - self._reference
            self._sum += moved.sum(axis=0)
            lengths = moved @ frames.cells[0]
            self._square += np.einsum("tni,tni->n", lengths, lengths)
            self._cell += frames.cells.sum(axis=0)
            self._n_frames += len(frames.indices)
            self.drift.append(drift)
            yield FrameworkBlock(frames.indices, mobile)

    def _in_layers(
        self,
        fixed: NDArray[np.float64],
        mobile: NDArray[np.float64],
        cell: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Ions seen from their layers; `fixed` is taken back to them in place."""
        if not self._members:
            return mobile
        slips = np.stack(
            [(fixed[:, m] - self._reference[m]).mean(axis=1) for m in self._members],
            axis=1,
        )
        lengths = np.linalg.norm(slips @ cell, axis=2)
        self.largest_slip_A = max(self.largest_slip_A, float(lengths.max()))
        heights = np.stack([fixed[:, m, 2].mean(axis=1) for m in self._members], axis=1)
        apart = mobile[:, :, None, 2] - heights[:, None]
        if self.trajectory.pbc[2]:
            apart -= np.rint(apart)
        nearest = np.abs(apart).argmin(axis=2)
        for number, members in enumerate(self._members):
            fixed[:, members] -= slips[:, number, None]
        shift: NDArray[np.float64] = np.take_along_axis(
            slips, nearest[:, :, None], axis=1
        )
        return mobile - shift

    @property
    def mean_cell(self) -> NDArray[np.float64]:
        """(3, 3) mean of the cells read so far, rows are lattice vectors, Å."""
        return self._cell / self._n_frames

    def mean_structure(self) -> Atoms:
        """Framework at its mean positions in the mean cell."""
        atoms: Atoms = self.trajectory.initial[self.atoms]
        atoms.set_cell(self.mean_cell)
        atoms.set_scaled_positions(self._reference + self._sum / self._n_frames)
        atoms.set_constraint()
        return atoms

    def rms_displacement_A(self) -> NDArray[np.float64]:  # noqa: N802
        """(n,) root of the mean squared distance of each atom from its mean, Å."""
        mean = self._sum / self._n_frames
        offset = ((mean @ self.mean_cell) ** 2).sum(axis=1)
        squares = self._square / self._n_frames - offset
        return np.asarray(np.sqrt(np.maximum(squares, 0.0)), dtype=float)

    def drift_A(self) -> float:  # noqa: N802
        """Largest distance over which the framework has drifted, Å."""
        path = np.concatenate(self.drift) @ self.mean_cell
        return float(np.linalg.norm(path, axis=1).max())


def framework_atoms(
    trajectory: Trajectory, species: tuple[str, ...] | None
) -> NDArray[np.int64] | None:
    """Atoms of some species; None for none: whatever is not mobile.

    Raises
    ------
    InputError
        If the trajectory lacks one of them.

    """
    if not species:
        return None
    return np.sort(np.concatenate([trajectory.indices_of(name) for name in species]))


def layers_of(
    trajectory: Trajectory, frame: Literal["whole", "layers"]
) -> NDArray[np.int64] | None:
    """Layer of every atom where ions are to be seen from their layers, else None.

    Raises
    ------
    InputError
        If the trajectory has no labels of layers.

    """
    if frame == "whole":
        return None
    if "layer" not in trajectory.initial.arrays:
        raise InputError(
            "frame must be 'whole' for a trajectory without labels of layers; got "
            f"'layers' for {str(trajectory.path)!r}. Build the structure with "
            "lithophile, or write a layer label for every atom."
        )
    return np.asarray(trajectory.initial.arrays["layer"], dtype=np.int64)


def frame_range(trajectory: Trajectory, start_ps: float) -> int:
    """First frame at or after a time since the first one.

    Raises
    ------
    InputError
        If fewer than two frames are left.

    """
    times = trajectory.times_ps - trajectory.times_ps[0]
    first = int(np.searchsorted(times, start_ps * (1 - 1e-9)))
    if start_ps < 0 or trajectory.n_frames - first < 2:  # noqa: PLR2004 (a motion)
        raise InputError(
            f"start_ps must leave two frames or more of {float(times[-1]):g} ps; got "
            f"{start_ps!r}. Take a smaller one."
        )
    return first


def run_temperature_K(  # noqa: N802
    trajectory: Trajectory, temperature_K: float | None, *, start: int = 0
) -> float:
    """Temperature as given, or the mean of the one that the run kept.

    Parameters
    ----------
    trajectory
        Frames.
    temperature_K
        K; None to take ``temperature_K`` of the trajectory.
    start
        First frame of the mean.

    Raises
    ------
    InputError
        If it is not positive, or neither given nor kept.

    """
    if temperature_K is None:
        kept = trajectory.observables.get("temperature_K")
        if kept is None:
            raise InputError(
                f"temperature_K must be given for {str(trajectory.path)!r}; got None. "
                "The file does not say the temperature of its frames."
            )
        return float(np.mean(kept[start:]))
    if not (np.isfinite(temperature_K) and temperature_K > 0):
        raise InputError(
            f"temperature_K must be positive; got {temperature_K!r}. Give kelvins."
        )
    return temperature_K
