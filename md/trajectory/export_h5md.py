"""Packed H5MD: the same layout, compressed, maybe at a coarser resolution."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from md.trajectory.export_frames import ExportFrames, FrameSink
from md.trajectory.layout import (
    EVENT_BYTES,
    GROUP,
    PARAMETERS,
    create_layout,
    frames_per_chunk,
)
from md.trajectory.sources import Vector
from md.trajectory.writer import KJ_PER_MOL_PER_EV

_ELEMENTS: Mapping[Vector, str] = {"velocities": "velocity", "forces": "force"}
_KEPT_BITS = 23  # of single precision


class H5mdSink(FrameSink):
    """Compressed H5MD file in the layout of `TrajectoryWriter`.

    Parameters
    ----------
    path
        File to create.
    atoms
        Species, masses, pbc and labels; its cell is that of the first frame.
    kept
        Vectors that come with the frames.
    observables
        Scalars that come with the frames.
    metadata, events
        What the run recorded.
    rotation
        (3, 3) Q by which the run turned its vectors, ``vector @ Q.T``.
    resolution_A
        Positions are rounded to a grid of this spacing or finer (a power of two, so
        that rounded numbers are exact), velocities and forces to 24 bits; None
        keeps every bit.

    Notes
    -----
    The last bits of a thermal position are noise, which no compression shortens.
    Lossless packing saves about 14 %; what is rounded at 1e-6 Å takes less than half.

    """

    standard_orientation = True

    def __init__(
        self,
        path: Path,
        atoms: Atoms,
        *,
        kept: frozenset[Vector],
        observables: tuple[str, ...],
        metadata: Mapping[str, Any],
        events: Sequence[Mapping[str, Any]],
        rotation: NDArray[np.float64],
        resolution_A: float | None = None,
    ) -> None:
        self._kept = [name for name in _ELEMENTS if name in kept]
        self._observables = observables
        self._resolution_A = resolution_A
        self._file = h5py.File(path, "w-", libver=("v108", "v108"))
        per_chunk = frames_per_chunk(len(atoms))
        create_layout(
            self._file,
            atoms,
            vectors=("position", *(_ELEMENTS[name] for name in self._kept)),
            frames_per_chunk=per_chunk,
            observables=observables,
            metadata=metadata,
            creator="lithophile",
            author="unknown",
            compressed=True,
        )
        turned = self._file[f"{PARAMETERS}/rotation"]
        turned[...] = turned[()] @ rotation
        texts = [json.dumps(dict(event)).encode() for event in events]
        short = [text for text in texts if len(text) <= EVENT_BYTES]
        if short:
            self._extend(f"{PARAMETERS}/events", np.array(short, dtype="S1024"))

    @property
    def quantities(self) -> tuple[str, ...]:
        """Return elements, scalars, and what else is kept."""
        vectors = ("positions", *self._kept)
        return (*vectors, "cell", "step", "time_ps", *self._observables, "events")

    def write(self, frames: ExportFrames) -> None:
        """Append frames."""
        positions = frames.positions
        if self._resolution_A is not None:
            positions = rounded_to_grid(positions, self._resolution_A)
        self._extend(f"{GROUP}/position/value", positions)
        velocities, forces = frames.velocities_A_per_ps, frames.forces
        if velocities is not None:
            self._extend(f"{GROUP}/velocity/value", self._short(velocities))
        if forces is not None:
            stored = self._short(forces * KJ_PER_MOL_PER_EV)
            self._extend(f"{GROUP}/force/value", stored)
        self._extend(f"{GROUP}/box/edges/value", frames.cells)
        for name in self._observables:
            self._extend(f"observables/{name}/value", frames.observables[name])
        self._extend(f"{GROUP}/time", frames.times_ps)
        self._extend(f"{GROUP}/step", frames.steps)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _short(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return values if self._resolution_A is None else rounded_to_single(values)

    def _extend(self, name: str, values: NDArray[Any]) -> None:
        dataset = self._file[name]
        start = len(dataset)
        dataset.resize(start + len(values), axis=0)
        dataset[start:] = values


def rounded_to_grid(values: NDArray[np.float64], spacing: float) -> NDArray[np.float64]:
    """Values rounded to multiples of the largest power of two up to `spacing`.

    Examples
    --------
    >>> rounded_to_grid(np.array([0.3, 1.0]), 0.3).tolist()
    [0.25, 1.0]

    """
    step = 2.0 ** np.floor(np.log2(spacing))
    return np.asarray(np.round(values / step) * step)


def rounded_to_single(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values rounded to the 24 bits of single precision, exponents as they were.

    Examples
    --------
    >>> bool(rounded_to_single(np.array([1e-300]))[0] > 0)
    True
    >>> float(rounded_to_single(np.array([np.pi]))[0]) == float(np.float32(np.pi))
    True

    """
    mantissa, exponent = np.frexp(values)
    scale = 2.0 ** (_KEPT_BITS + 1)
    return np.asarray(np.ldexp(np.round(mantissa * scale) / scale, exponent))
