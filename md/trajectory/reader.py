"""Trajectories read in blocks, positions unwrapped, times in ps."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import h5py
import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from md.trajectory.finding import (
    read_topology,
    refuse_pointer_or_damage,
    trajectory_files,
)
from md.trajectory.h5md import H5mdFrames
from md.trajectory.sources import (
    Block,
    FrameSource,
    Segments,
    SpooledFrames,
    Unwrapping,
    Vector,
)
from md.trajectory.unwrapping import Unwrapper
from training_data.errors import InputError

_BLOCK_BYTES = 32 << 20


class Frames(NamedTuple):
    """Consecutive frames.

    ``indices`` (m,), ``positions`` (m, n, 3) Å unwrapped, ``cells`` (m, 3, 3) Å.
    """

    indices: NDArray[np.int64]
    positions: NDArray[np.float64]
    cells: NDArray[np.float64]


class Trajectory:
    """Frames of one run, read in blocks of bounded size.

    Made by `open_trajectory`. Positions are unwrapped: they never jump by a lattice
    vector from frame to frame.

    Attributes
    ----------
    path
        File or folder.
    initial
        Atoms of the first frame with labels (``layer``, ``side``) and masses.
    times_ps, steps
        (n_frames,) times in ps, steps of the run.
    unwrapping
        ``"stored"``: unwrapped in the file. ``"images"``: from the image counts in
        the file. ``"minimum image"``: from frame to frame, which assumes that no
        atom moves by half a cell between two frames.
    metadata, events
        What our writer recorded about the run; empty for other files.

    """

    def __init__(self, path: Path, source: FrameSource) -> None:
        header = source.header
        self.path = path
        self.initial: Atoms = header.template
        self.times_ps = header.times_ps
        self.steps = header.steps
        self.unwrapping: Unwrapping = header.unwrapping
        self.metadata: dict[str, Any] = source.metadata()
        self.events: list[dict[str, Any]] = source.events()
        self._source = source
        self._unwrapper = Unwrapper(source, self.pbc)

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.times_ps)

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.initial)

    @property
    def numbers(self) -> NDArray[np.int64]:
        """(n,) atomic numbers."""
        return np.asarray(self.initial.numbers, dtype=np.int64)

    @property
    def species(self) -> frozenset[str]:
        """Chemical symbols present."""
        return frozenset(self.initial.symbols)

    @property
    def pbc(self) -> NDArray[np.bool_]:
        """(3,) periodic directions."""
        return np.asarray(self.initial.pbc)

    @property
    def masses(self) -> NDArray[np.float64]:
        """(n,) masses in amu."""
        return np.asarray(self.initial.get_masses())

    @property
    def observables(self) -> dict[str, NDArray[np.float64]]:
        """Scalars kept with every frame, (n_frames,) each, by name."""
        return self._source.observables()

    @property
    def rotation(self) -> NDArray[np.float64]:
        """(3, 3) Q with ``vector_here = vector_of_the_run @ Q.T`` (first frame)."""
        return self._source.rotation

    @property
    def kept(self) -> frozenset[Vector]:
        """Vectors stored with every frame: ``velocities``, ``forces``, both or none."""
        return self._source.kept

    def velocities_A_per_ps(self, frames: NDArray[np.int64]) -> NDArray[np.float64]:  # noqa: N802
        """(m, n, 3) velocities in Å/ps of evenly spaced frames.

        Parameters
        ----------
        frames
            (m,) growing indices, such as `Frames.indices`.

        Raises
        ------
        InputError
            If they are not kept.

        """
        return self._vectors("velocities", frames)

    def forces(self, frames: NDArray[np.int64]) -> NDArray[np.float64]:
        """(m, n, 3) forces in eV/Å of evenly spaced frames.

        Parameters
        ----------
        frames
            (m,) growing indices, such as `Frames.indices`.

        Raises
        ------
        InputError
            If they are not kept.

        """
        return self._vectors("forces", frames)

    def _vectors(self, name: Vector, frames: NDArray[np.int64]) -> NDArray[np.float64]:
        if name not in self.kept:
            raise InputError(
                f"trajectory must hold {name} with every frame; got "
                f"{str(self.path)!r}, which does not. Run with save: [{name}]."
            )
        if not len(frames):
            return np.empty((0, self.n_atoms, 3))
        stride = int(frames[1] - frames[0]) if len(frames) > 1 else 1
        if stride < 1 or not np.array_equal(
            np.diff(frames), [stride] * (len(frames) - 1)
        ):
            raise InputError(
                f"frames must be growing and evenly spaced; got {frames!r}. "
                "Ask for them block by block."
            )
        first, last = int(frames[0]), int(frames[-1]) + 1
        return self._source.read_vectors(name, first, last, stride)

    def indices_of(self, species: str) -> NDArray[np.int64]:
        """Atoms of one species.

        Raises
        ------
        InputError
            If the trajectory has no such atoms.

        """
        found = np.flatnonzero(
            np.asarray(self.initial.get_chemical_symbols()) == species
        )
        if not len(found):
            raise InputError(
                f"species must be one of {', '.join(sorted(self.species))}; "
                f"got {species!r}. They are what {str(self.path)!r} holds."
            )
        return found

    def frame_time_ps(self) -> float:
        """Time between frames, ps.

        Raises
        ------
        InputError
            If there is one frame only, or frames are not evenly spaced (to 0.1 %).

        """
        spacings = np.diff(self.times_ps)
        if not len(spacings):
            raise InputError(
                f"trajectory must hold two frames or more; got 1 in "
                f"{str(self.path)!r}. Run longer, or write more often."
            )
        mean = float(spacings.mean())
        worst = int(np.argmax(np.abs(spacings - mean)))
        if abs(spacings[worst] - mean) > 1e-3 * mean:
            raise InputError(
                f"frames of {str(self.path)!r} must be evenly spaced in time; got "
                f"{float(spacings[worst])!r} ps after frame {worst}, on average "
                f"{mean:g}. Cut the trajectory, or write frames at equal intervals."
            )
        return mean

    def frames(
        self,
        start: int = 0,
        stop: int | None = None,
        stride: int = 1,
        *,
        block_bytes: int = _BLOCK_BYTES,
    ) -> Iterator[Frames]:
        """Blocks of frames, one after the other.

        Parameters
        ----------
        start, stop, stride
            As of `range`; `start` and `stop` not negative.
        block_bytes
            Bound for the positions of a block.

        Yields
        ------
        Frames
            Indices, unwrapped positions and cells; arrays of their own.

        """
        end = self.n_frames if stop is None else min(stop, self.n_frames)
        per_block = max(1, block_bytes // (24 * self.n_atoms))
        chosen = np.arange(start, end, stride)
        for first in range(0, len(chosen), per_block):
            indices = chosen[first : first + per_block]
            begin, last = int(indices[0]), int(indices[-1]) + 1
            if self.unwrapping == "minimum image":
                block = self._unwrapper.read(begin, last, stride, per_block)
            else:
                block = self._source.read(begin, last, stride)
            self._check(indices, block)
            yield Frames(indices, block.positions, block.cells)

    def atoms(self, index: int) -> Atoms:
        """Atoms of one frame, with labels; negative indices count from the end."""
        index = range(self.n_frames)[index]
        frame = next(self.frames(index, index + 1))
        atoms = self.initial.copy()
        atoms.set_cell(frame.cells[0])
        atoms.positions[:] = frame.positions[0]
        return atoms

    def close(self) -> None:
        """Release the files."""
        self._source.close()

    def __enter__(self) -> Self:
        """Return the trajectory itself."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Release the files."""
        self.close()

    def _check(self, indices: NDArray[np.int64], block: Block) -> None:
        finite = np.isfinite(block.positions).all(axis=(1, 2))
        finite &= np.isfinite(block.cells).all(axis=(1, 2))
        if not finite.all():
            raise InputError(
                f"positions must be finite; got others in frame "
                f"{int(indices[np.argmin(finite)])} of {str(self.path)!r}. "
                "Cut the trajectory before it."
            )


def open_trajectory(
    path: str | Path,
    *,
    frame_time_ps: float | None = None,
    topology: Atoms | str | Path | None = None,
) -> Trajectory:
    """Open a trajectory of any origin.

    Parameters
    ----------
    path
        H5MD file; folder with segments (``*.h5``), or run folder that holds
        ``trajectory.h5`` or ``trajectory/*.h5``; or any file that ASE reads.
    frame_time_ps
        Time between frames, ps. Needed for files that do not say it (extxyz and
        everything else that ASE reads).
    topology
        Atoms, or a file that ASE reads, whose species are used for an H5MD file
        that names none.

    Returns
    -------
    Trajectory
        Times in ps whatever the unit in the file, positions in Å and unwrapped.

    Raises
    ------
    InputError
        If the path does not exist, is no trajectory, is damaged or ambiguous.

    """
    path = Path(path)
    if frame_time_ps is not None and not (
        np.isfinite(frame_time_ps) and frame_time_ps > 0
    ):
        raise InputError(
            f"frame_time_ps must be positive; got {frame_time_ps!r}. "
            "Give the time between two frames."
        )
    if not path.exists():
        raise InputError(
            f"trajectory must be an existing file or folder; got {str(path)!r}. "
            "Check the path."
        )
    if topology is not None and not isinstance(topology, Atoms):
        topology = read_topology(Path(topology))
    files = trajectory_files(path)
    if len(files) > 1:
        return Trajectory(path, _segments(files, frame_time_ps, topology))
    file = files[0]
    if h5py.is_hdf5(file):
        h5md = H5mdFrames(file, frame_time_ps=frame_time_ps, topology=topology)
        return Trajectory(path, h5md)
    refuse_pointer_or_damage(file)
    if frame_time_ps is None:
        raise InputError(
            f"frame_time_ps must be given for {str(file)!r}; got None. "
            "The file does not say the time between its frames."
        )
    return Trajectory(path, SpooledFrames(file, frame_time_ps=frame_time_ps))


def _segments(
    files: list[Path], frame_time_ps: float | None, topology: Atoms | None
) -> Segments:
    with ExitStack() as opened:
        parts: list[FrameSource] = [
            opened.enter_context(
                closing(H5mdFrames(f, frame_time_ps=frame_time_ps, topology=topology))
            )
            for f in files
        ]
        segments = Segments(parts, [str(file) for file in files])
        opened.pop_all()
    return segments
