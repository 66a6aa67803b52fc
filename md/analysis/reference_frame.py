"""Positions of a species as seen from a reference: slab, framework or mean cell."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from md.analysis.pairs import complete_cell
from md.trajectory import Trajectory
from training_data.errors import InputError

Reference = Literal["others", "framework", "slab", "none"]
Direction = Literal["all", "lateral", "normal"]
_METAL_SIDE = 0
_MOBILE = "Li"
_RIGID_A = 1e-9
_DIMENSIONS: dict[Direction, int] = {"all": 3, "lateral": 2, "normal": 1}


def n_dimensions(direction: Direction) -> int:
    """Dimensions in which displacements are counted.

    Examples
    --------
    >>> n_dimensions("lateral")
    2

    """
    return _DIMENSIONS[direction]


def reference_atoms(
    trajectory: Trajectory, atoms: NDArray[np.int64], reference: Reference
) -> NDArray[np.int64]:
    """Atoms whose centre of mass is at rest by definition.

    Parameters
    ----------
    trajectory
        With the label ``side`` (0 metal, 1 electrolyte) for slab and framework; where
        there is none the framework is taken from all atoms.
    atoms
        Indices of the atoms that are measured.
    reference
        ``"others"``: all other atoms. ``"framework"``: atoms of the electrolyte that
        are neither measured nor lithium. ``"slab"``: atoms that began in the metal,
        the measured ones included. ``"none"``: no atom.

    Returns
    -------
    numpy.ndarray
        Indices; empty where there are no such atoms and nothing can be removed
        (``"others"`` alone).

    Raises
    ------
    InputError
        If slab or framework are asked for and have no atoms.

    """
    every = np.arange(trajectory.n_atoms)
    if reference == "none":
        return every[:0]
    others = np.setdiff1d(every, atoms)
    if reference == "others":
        return others
    side = trajectory.initial.arrays.get("side")
    if reference == "slab":
        if side is None or not (side == _METAL_SIDE).any():
            raise InputError(
                "reference must name atoms of the trajectory; got 'slab', but no atom "
                "has the label side 0. Use 'others' or 'none'."
            )
        return np.flatnonzero(side == _METAL_SIDE)
    symbols = np.asarray(trajectory.initial.get_chemical_symbols())
    within = symbols[others] != _MOBILE
    if side is not None:
        within &= side[others] != _METAL_SIDE
    if not within.any():
        raise InputError(
            "reference must name atoms of the trajectory; got 'framework', but beside "
            "the measured species and lithium there are none. Use 'others' or 'none'."
        )
    return np.asarray(others[within])


@dataclass(frozen=True, kw_only=True)
class Series:
    """Positions of some atoms in a reference frame.

    Parameters
    ----------
    positions
        (n, n_frames, 3) Å, time last in memory.
    origin
        (n_frames, 3) centre of mass of the reference, Å; None without a reference.
        In the mean cell, as positions are.
    mean_cell
        (3, 3) Å.
    cell_varies
        Whether positions were brought into the mean cell.

    """

    positions: NDArray[np.float64]
    origin: NDArray[np.float64] | None
    mean_cell: NDArray[np.float64]
    cell_varies: bool


def read_series(
    trajectory: Trajectory,
    atoms: NDArray[np.int64],
    *,
    reference: NDArray[np.int64],
    origin: NDArray[np.float64] | None = None,
) -> Series:
    """Positions of some atoms relative to the moving centre of mass of others.

    Parameters
    ----------
    trajectory
        Read once.
    atoms
        Whose positions are returned.
    reference
        Atoms whose centre of mass is the origin; none if empty.
    origin
        Origin of an earlier call, which is then not computed again.

    Notes
    -----
    Where the cell changes, positions are r(t) h(t)⁻¹ ⟨h⟩, with the rows of h the
    lattice vectors: the barostat moves an atom that has gone far by more than one
    near the origin, which is no motion relative to the crystal. In a fixed cell
    positions stay as they are.

    """
    n_frames = trajectory.n_frames
    out = np.empty((len(atoms), 3, n_frames))
    weights = trajectory.masses[reference]
    weights = weights / weights.sum() if len(reference) else weights
    wanted = origin is None and len(reference) > 0
    centre = np.zeros((n_frames, 3))
    first: NDArray[np.float64] | None = None
    total = np.zeros((3, 3))
    varies = False
    own, other = _as_slice(atoms), _as_slice(reference)
    for chunk in trajectory.frames():
        cells = chunk.cells
        if first is None:
            first = complete_cell(cells[0])
        total += cells.sum(axis=0)
        positions = chunk.positions
        if (
            varies
            or np.abs(cells - chunk.cells[0]).max() > _RIGID_A
            or _moved(cells[0], first)
        ):
            varies = True
            boxes = np.stack([complete_cell(cell) for cell in cells])
            positions = positions @ np.linalg.solve(
                boxes, np.broadcast_to(first, boxes.shape)
            )
        begin, end = int(chunk.indices[0]), int(chunk.indices[-1]) + 1
        out[:, :, begin:end] = positions[:, own].transpose(1, 2, 0)
        if wanted:
            centre[begin:end] = np.einsum("tni,n->ti", positions[:, other], weights)
    if first is None:
        raise InputError("trajectory must hold frames; got none. Run longer.")
    mean = complete_cell(total / n_frames)
    if varies:
        to_mean = np.linalg.solve(first, mean)
        for series in out:
            series[:] = to_mean.T @ series
        centre = centre @ to_mean
    if origin is None and len(reference):
        origin = centre
    if origin is not None:
        out -= origin.T
    return Series(
        positions=out.transpose(0, 2, 1),
        origin=origin,
        mean_cell=mean,
        cell_varies=varies,
    )


def along(
    positions: NDArray[np.float64], cell: NDArray[np.float64], direction: Direction
) -> NDArray[np.float64]:
    """Components along or across the normal of the planes of **a** and **b**.

    Parameters
    ----------
    positions
        (..., 3) Å.
    cell
        (3, 3) Å, rows are vectors; the normal of an interface is a × b.
    direction
        ``"all"``: as they are. ``"normal"``: (..., 1). ``"lateral"``: (..., 2).

    Examples
    --------
    >>> along(np.array([1.0, 2.0, 3.0]), np.eye(3), "normal").tolist()
    [3.0]

    """
    if direction == "all":
        return positions
    normal = np.cross(cell[0], cell[1])
    normal = normal / np.linalg.norm(normal)
    if direction == "normal":
        return _turned(positions, normal[None, :])
    first = cell[0] / np.linalg.norm(cell[0])
    return _turned(positions, np.stack([first, np.cross(normal, first)]))


def _turned(
    positions: NDArray[np.float64], rows: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Components along the rows, time last in memory where there is a time."""
    if positions.ndim == 1:
        return np.asarray(rows @ positions)
    return np.asarray(rows @ positions.swapaxes(-1, -2)).swapaxes(-1, -2)


def _as_slice(atoms: NDArray[np.int64]) -> NDArray[np.int64] | slice:
    """Slice where atoms are consecutive: nothing is copied then."""
    if len(atoms) and np.array_equal(atoms, np.arange(atoms[0], atoms[0] + len(atoms))):
        return slice(int(atoms[0]), int(atoms[0]) + len(atoms))
    return atoms


def _moved(cell: NDArray[np.float64], first: NDArray[np.float64]) -> bool:
    return float(np.abs(complete_cell(cell) - first).max()) > _RIGID_A
