"""H5MD files read: ours and those of other programs."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import h5py
import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from md.trajectory.h5md_clock import read_clock, series
from md.trajectory.h5md_species import read_masses, read_numbers
from md.trajectory.layout import PARAMETERS
from md.trajectory.quantities import (
    A_PER_PS_PER,
    ANGSTROM_PER,
    EV_PER_A_PER,
    factor,
    text_of,
    unit_of,
)
from md.trajectory.refusal import refusal
from md.trajectory.sources import Block, FrameSource, Header, Unwrapping, Vector
from training_data.errors import InputError

_VECTORS_PER_FRAME = 3  # dimensions of an array (frames, atoms, 3)
_STORED: Mapping[Vector, tuple[str, Mapping[str, float]]] = MappingProxyType(
    {"velocities": ("velocity", A_PER_PS_PER), "forces": ("force", EV_PER_A_PER)}
)


class H5mdFrames(FrameSource):
    """Frames of one H5MD file.

    Parameters
    ----------
    path
        H5MD 1.0 or 1.1 file.
    frame_time_ps
        Time between frames, ps; only for a file that does not say it.
    topology
        Atoms that give the species where the file has none.

    Raises
    ------
    InputError
        If the file is not H5MD, or species, units, box or times are missing or
        contradict one another.

    """

    def __init__(
        self,
        path: Path,
        *,
        frame_time_ps: float | None = None,
        topology: Atoms | None = None,
    ) -> None:
        self._path = path
        try:
            self._file = h5py.File(path, "r")
        except OSError as error:
            raise InputError(
                f"trajectory must be a complete HDF5 file; got {str(path)!r} "
                f"({error}). Copy the file again, or use its last intact version."
            ) from error
        try:
            self._open(frame_time_ps, topology)
        except BaseException:
            self._file.close()
            raise

    def read(self, start: int, stop: int, stride: int = 1) -> Block:
        """Read frames start, start + stride, ... before stop, as stored."""
        frames = slice(start, stop, stride)
        values = self._group["position/value"][frames]
        positions = np.asarray(values, dtype=float) * self._length
        cells = self._cells(start, stop, stride)
        if self._images is not None:
            images = (
                self._images[frames]
                if self._images.ndim == _VECTORS_PER_FRAME
                else self._images
            )
            positions += np.asarray(images, dtype=float) @ cells
        return Block(positions, cells)

    @property
    def rotation(self) -> NDArray[np.float64]:
        """Q by which our writer turned the first frame, ``vector @ Q.T``."""
        if f"{PARAMETERS}/rotation" not in self._file:
            return np.eye(3)
        return np.asarray(self._file[f"{PARAMETERS}/rotation"][()], dtype=float)

    @property
    def kept(self) -> frozenset[Vector]:
        """Vectors stored at the very steps of the positions."""
        return frozenset(name for name in _STORED if self._matches(_STORED[name][0]))

    def read_vectors(
        self, name: Vector, start: int, stop: int, stride: int = 1
    ) -> NDArray[np.float64]:
        """Read velocities (Å/ps) or forces (eV/Å), (m, n, 3)."""
        element, known = _STORED[name]
        value = self._group[f"{element}/value"]
        unit = unit_of(value, self._path, f"{element}/value")
        stored = np.asarray(value[start:stop:stride], dtype=float)
        return stored * factor(unit, known, self._path)

    def _matches(self, element: str) -> bool:
        """Whether an element is there, sampled as the positions are."""
        if f"{element}/value" not in self._group:
            return False
        value, positions = self._group[f"{element}/value"], self._group["position"]
        n_frames = len(self.header.times_ps)
        if len(value) < n_frames or value.shape[1:] != positions["value"].shape[1:]:
            return False
        own, other = self._group[f"{element}/step"], positions["step"]
        if own.ndim == 0 or other.ndim == 0:
            return bool(own.shape == other.shape and own[()] == other[()])
        return own == other or np.array_equal(own[:n_frames], other[:n_frames])

    def observables(self) -> dict[str, NDArray[np.float64]]:
        """Scalars kept with every frame, by name."""
        found = {}
        n_frames = len(self.header.times_ps)
        for name, element in self._file.get("observables", {}).items():
            value = element.get("value") if isinstance(element, h5py.Group) else None
            if value is not None and value.ndim == 1 and len(value) >= n_frames:
                found[name] = np.asarray(value[:n_frames], dtype=float)
        return found

    def metadata(self) -> dict[str, Any]:
        """Return what our writer recorded about the run."""
        if f"{PARAMETERS}/metadata" not in self._file:
            return {}
        return dict(json.loads(self._file[f"{PARAMETERS}/metadata"].asstr()[()]))

    def events(self) -> list[dict[str, Any]]:
        """Return events recorded with the run."""
        if f"{PARAMETERS}/events" not in self._file:
            return []
        return [json.loads(text) for text in self._file[f"{PARAMETERS}/events"][()]]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _refuse(
        self, name: str, constraint: str, got: object, remedy: str
    ) -> InputError:
        return refusal(self._path, name, constraint, got, remedy)

    def _open(self, frame_time_ps: float | None, topology: Atoms | None) -> None:
        groups = self._file.get("particles")
        if not isinstance(groups, h5py.Group) or "h5md" not in self._file:
            raise self._refuse(
                "content",
                "H5MD (groups h5md and particles)",
                sorted(self._file),
                "Convert it to H5MD or extxyz.",
            )
        names = sorted(groups)
        if len(names) > 1 and "all" not in names:
            raise self._refuse(
                "particles", "one group, or one named 'all'", names, "Keep one group."
            )
        if not names:
            raise self._refuse("particles", "one group", names, "Write positions.")
        self._group = groups["all" if "all" in names else names[0]]
        if "position/value" not in self._group:
            raise self._refuse(
                "position", "a time-dependent element", sorted(self._group), "Write it."
            )
        value = self._group["position/value"]
        self._length = factor(
            unit_of(value, self._path, "position/value"), ANGSTROM_PER, self._path
        )
        own = PARAMETERS in self._file
        n_frames, steps, times = read_clock(
            self._group["position"], self._path, own=own, frame_time_ps=frame_time_ps
        )
        self._open_box(steps, n_frames, own=own)
        self._images = self._find_images(n_frames)
        unwrapping: Unwrapping = "minimum image"
        if self._images is not None:
            unwrapping = "images"
        elif own and self._file[PARAMETERS].attrs.get("positions") == "unwrapped":
            unwrapping = "stored"
        numbers = read_numbers(self._group, self._path, value.shape[1], topology)
        first = self.read(0, 1)
        template = Atoms(
            numbers=numbers,
            positions=first.positions[0],
            cell=first.cells[0],
            pbc=self._pbc,
        )
        template.set_masses(read_masses(self._group, numbers))
        if own:
            for name, values in self._file[f"{PARAMETERS}/arrays"].items():
                template.set_array(name, values[()])
        self.header = Header(
            template=template, times_ps=times, steps=steps, unwrapping=unwrapping
        )

    def _open_box(self, steps: NDArray[np.int64], n_frames: int, *, own: bool) -> None:
        box = self._group.get("box")
        if box is None or "boundary" not in box.attrs:
            raise self._refuse(
                "box", "a group with 'boundary'", None, "Write the box as H5MD asks."
            )
        boundary = [text_of(b) for b in np.atleast_1d(box.attrs["boundary"])]
        if len(boundary) != 3 or set(boundary) - {"periodic", "none", "nonperiodic"}:  # noqa: PLR2004
            raise self._refuse(
                "box boundary",
                "three of 'periodic' and 'none'",
                boundary,
                "Correct it.",
            )
        self._pbc = np.array([b == "periodic" for b in boundary])
        edges = box.get("edges")
        self._edge_rows: NDArray[np.int64] | None = None
        if edges is None:
            if self._pbc.any():
                raise self._refuse("box edges", "present", None, "Write them.")
            self._edges: Any = np.zeros((3, 3))
            self._edge_length = 1.0
            return
        self._edges = edges["value"] if isinstance(edges, h5py.Group) else edges[()]
        unit = edges["value"] if isinstance(edges, h5py.Group) else edges
        self._edge_length = self._length
        if "unit" in unit.attrs:
            self._edge_length = factor(
                unit_of(unit, self._path, "box/edges"), ANGSTROM_PER, self._path
            )
        if not isinstance(edges, h5py.Group):
            return
        n_edges = len(self._edges)
        edge_steps = series(edges.get("step"), n_edges)
        if edge_steps is None or (own and n_edges >= n_frames):
            rows = np.arange(n_frames)
        else:
            rows = np.searchsorted(edge_steps[:n_edges], steps, side="right") - 1
        if n_edges == 0 or rows.min() < 0 or rows.max() >= n_edges:
            raise self._refuse(
                "box edges",
                "known at every frame",
                n_edges,
                "Write them for each frame.",
            )
        self._edge_rows = rows

    def _cells(self, start: int, stop: int, stride: int) -> NDArray[np.float64]:
        n_frames = len(range(start, stop, stride))
        if self._edge_rows is None:
            edges = np.broadcast_to(self._edges, (n_frames, *np.shape(self._edges)))
        else:
            rows = self._edge_rows[start:stop:stride]
            edges = self._edges[int(rows[0]) : int(rows[-1]) + 1][rows - rows[0]]
        cells = np.array(edges, dtype=float) * self._edge_length
        if cells.ndim == 2:  # noqa: PLR2004
            cells = cells[:, :, None] * np.eye(3)
        return cells

    def _find_images(self, n_frames: int) -> Any:  # noqa: ANN401 (dataset or array)
        image = self._group.get("image")
        if image is None:
            return None
        values = image["value"] if isinstance(image, h5py.Group) else image[()]
        if values.ndim == _VECTORS_PER_FRAME and len(values) < n_frames:
            raise self._refuse(
                "image",
                "given for every frame",
                len(values),
                "Write it with positions.",
            )
        return values
