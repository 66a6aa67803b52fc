"""Where frames come from: anything that gives blocks of positions and cells."""

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import ase.io
import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from training_data.errors import InputError

Unwrapping = Literal["stored", "images", "minimum image"]
Vector = Literal["velocities", "forces"]


class Block(NamedTuple):
    """Consecutive frames: (m, n, 3) Å, (m, 3, 3) Å."""

    positions: NDArray[np.float64]
    cells: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Header:
    """What all frames share.

    Parameters
    ----------
    template
        Atoms of the first frame: species, masses, pbc, cell, labels.
    times_ps, steps
        (n_frames,) each, growing.
    unwrapping
        Whether positions are unwrapped as stored, made so by their images, or
        still have to be unwrapped by the minimum image.

    """

    template: Atoms
    times_ps: NDArray[np.float64]
    steps: NDArray[np.int64]
    unwrapping: Unwrapping


class FrameSource(ABC):
    """Frames on disk."""

    header: Header

    @abstractmethod
    def read(self, start: int, stop: int, stride: int = 1) -> Block:
        """Read frames start, start + stride, ... before stop, as stored."""

    def observables(self) -> dict[str, NDArray[np.float64]]:
        """Scalars kept with every frame, by name."""
        return {}

    def metadata(self) -> dict[str, Any]:
        """Return what our writer recorded about the run."""
        return {}

    def events(self) -> list[dict[str, Any]]:
        """Return events recorded with the run."""
        return []

    @property
    def rotation(self) -> NDArray[np.float64]:
        """Q by which our writer turned the first frame, ``vector @ Q.T``."""
        return np.eye(3)

    @property
    def kept(self) -> frozenset[Vector]:
        """Vectors stored with every frame beside the positions."""
        return frozenset()

    def read_vectors(
        self, name: Vector, start: int, stop: int, stride: int = 1
    ) -> NDArray[np.float64]:
        """Read velocities (Å/ps) or forces (eV/Å), (m, n, 3)."""
        message = f"{name} of frames {start}:{stop}:{stride} are not kept."
        raise NotImplementedError(message)

    @abstractmethod
    def close(self) -> None:
        """Release the files."""


class SpooledFrames(FrameSource):
    """Frames of any file that ASE reads, kept in a temporary file.

    One pass over the (often textual) file, checked on the way; afterwards every
    frame is at hand without being held in memory.

    Parameters
    ----------
    path
        Any trajectory that `ase.io.iread` reads.
    frame_time_ps
        Time between frames, ps: such files do not say it in a common way.

    """

    def __init__(self, path: Path, *, frame_time_ps: float) -> None:
        self._spool = tempfile.TemporaryFile()  # noqa: SIM115 (closed in close)
        first: Atoms | None = None
        cells = []
        index = 0
        try:
            for index, atoms in enumerate(ase.io.iread(path, index=":")):
                if first is None:
                    first = atoms
                _check_frame(path, index, atoms, first)
                self._spool.write(atoms.positions.astype(float).tobytes())
                cells.append(atoms.cell.array.copy())
        except InputError:
            self._spool.close()
            raise
        except Exception as error:
            self._spool.close()
            raise InputError(
                f"trajectory must be readable by ASE; got {str(path)!r}, which fails "
                f"after frame {index} ({type(error).__name__}: {error}). "
                "Check that the file is complete."
            ) from error
        if first is None:
            self._spool.close()
            raise InputError(
                f"trajectory must hold at least one frame; got {str(path)!r}, which "
                "holds none. Check that the file is complete."
            )
        self._spool.flush()
        self._cells = np.array(cells)
        n_frames = len(cells)
        self._positions: NDArray[np.float64] = np.memmap(
            self._spool, dtype=float, mode="r", shape=(n_frames, len(first), 3)
        )
        self.header = Header(
            template=_bare(first),
            times_ps=np.asarray(frame_time_ps * np.arange(n_frames), dtype=float),
            steps=np.arange(n_frames, dtype=np.int64),
            unwrapping="minimum image",
        )

    def read(self, start: int, stop: int, stride: int = 1) -> Block:
        """Read frames start, start + stride, ... before stop, as stored."""
        frames = slice(start, stop, stride)
        return Block(np.array(self._positions[frames]), self._cells[frames].copy())

    def close(self) -> None:
        """Remove the temporary file."""
        del self._positions
        self._spool.close()


class Segments(FrameSource):
    """Several sources one after the other in time.

    Where two overlap, as after a restart from a checkpoint, the later one counts
    from its first frame on.

    Parameters
    ----------
    parts
        Sources in any order.
    names
        Their files, for messages.

    """

    def __init__(self, parts: list[FrameSource], names: list[str]) -> None:
        order = sorted(
            range(len(parts)), key=lambda i: (parts[i].header.times_ps[0], names[i])
        )
        self._parts = [parts[i] for i in order]
        headers = [part.header for part in self._parts]
        self._kept = []
        for i, header in enumerate(headers):
            end = len(header.times_ps)
            for later in headers[i + 1 :]:
                end = min(end, int(np.searchsorted(header.times_ps, later.times_ps[0])))
            if end == 0:
                raise InputError(
                    "segments must follow one another in time; got "
                    f"{names[order[i]]!r}, which starts no earlier than the next one. "
                    "Put segments of one run only into the folder."
                )
            self._kept.append(end)
        first = headers[0].template
        for header, i in zip(headers, order, strict=True):
            if not np.array_equal(header.template.numbers, first.numbers):
                raise InputError(
                    f"segments must hold the same atoms; got {names[i]!r} with "
                    f"{header.template.symbols!s} after {first.symbols!s}. "
                    "Put segments of one run only into the folder."
                )
        kept = list(zip(headers, self._kept, strict=True))
        ways = {header.unwrapping for header in headers}
        self.header = Header(
            template=first,
            times_ps=np.concatenate([h.times_ps[:n] for h, n in kept]),
            steps=np.concatenate([h.steps[:n] for h, n in kept]),
            unwrapping=ways.pop() if len(ways) == 1 else "minimum image",
        )
        self._starts = np.concatenate([[0], np.cumsum(self._kept)])

    def read(self, start: int, stop: int, stride: int = 1) -> Block:
        """Read frames start, start + stride, ... before stop, as stored."""
        blocks = [
            part.read(first, last, stride)
            for part, first, last in self._ranges(start, stop, stride)
        ]
        return Block(*(np.concatenate(each) for each in zip(*blocks, strict=True)))

    def read_vectors(
        self, name: Vector, start: int, stop: int, stride: int = 1
    ) -> NDArray[np.float64]:
        """Read velocities (Å/ps) or forces (eV/Å), (m, n, 3)."""
        each = [
            part.read_vectors(name, first, last, stride)
            for part, first, last in self._ranges(start, stop, stride)
        ]
        return np.concatenate(each)

    @property
    def rotation(self) -> NDArray[np.float64]:
        """That of the first segment."""
        return self._parts[0].rotation

    @property
    def kept(self) -> frozenset[Vector]:
        """Vectors that every segment keeps."""
        return frozenset.intersection(*(part.kept for part in self._parts))

    def metadata(self) -> dict[str, Any]:
        """Return what the first segment records about the run."""
        return self._parts[0].metadata()

    def events(self) -> list[dict[str, Any]]:
        """Return events of all segments, without those that were repeated later."""
        found = []
        starts = [int(part.header.steps[0]) for part in self._parts[1:]]
        for part, end in zip(self._parts, [*starts, None], strict=True):
            events = part.events()
            found += [e for e in events if end is None or e.get("step", 0) < end]
        return found

    def _ranges(
        self, start: int, stop: int, stride: int
    ) -> Iterator[tuple[FrameSource, int, int]]:
        """Segments with the first and last frame (of their own) that is wanted."""
        for part, n_kept, offset in zip(
            self._parts, self._kept, self._starts, strict=False
        ):
            skipped = max(0, -(-(int(offset) - start) // stride))
            first = start + skipped * stride - int(offset)
            last = min(stop - int(offset), n_kept)
            if first < last:
                yield part, first, last

    def observables(self) -> dict[str, NDArray[np.float64]]:
        """Scalars that every segment keeps, by name."""
        each = [part.observables() for part in self._parts]
        common = set.intersection(*(set(values) for values in each))
        return {
            name: np.concatenate(
                [v[name][:n] for v, n in zip(each, self._kept, strict=True)]
            )
            for name in sorted(common)
        }

    def close(self) -> None:
        """Release all files."""
        for part in self._parts:
            part.close()


def _check_frame(path: Path, index: int, atoms: Atoms, first: Atoms) -> None:
    if not np.array_equal(atoms.numbers, first.numbers):
        raise InputError(
            f"atoms must be the same in all frames of {str(path)!r}; got "
            f"{atoms.symbols!s} in frame {index} after {first.symbols!s}. "
            "Give frames of one run, atoms in one order."
        )
    if not (np.isfinite(atoms.positions).all() and np.isfinite(atoms.cell.array).all()):
        raise InputError(
            f"positions and cell must be finite; got others in frame {index} of "
            f"{str(path)!r}. Cut the trajectory before it."
        )


def _bare(atoms: Atoms) -> Atoms:
    """Copy without calculator, velocities and results; integer labels stay."""
    bare = Atoms(
        numbers=atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=atoms.pbc
    )
    bare.set_masses(atoms.get_masses())
    for name, values in atoms.arrays.items():
        if name != "numbers" and values.dtype.kind in "biu":
            bare.set_array(name, values)
    return bare
