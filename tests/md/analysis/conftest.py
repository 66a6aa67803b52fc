"""Trajectories with known answers."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from numpy.typing import NDArray

from md.trajectory import Trajectory, TrajectoryWriter, open_trajectory

MakeTrajectory = Callable[..., Trajectory]


@pytest.fixture
def make_trajectory(tmp_path: Path) -> MakeTrajectory:
    """Build a trajectory from positions (m, n, 3) in Å."""
    count = iter(range(100))

    def make(
        symbols: str,
        positions: NDArray[np.float64],
        *,
        cell: Any = 30.0,
        frame_time_ps: float = 0.1,
        labels: dict[str, list[int]] | None = None,
        pbc: Any = True,
    ) -> Trajectory:
        box = cell * np.eye(3) if np.isscalar(cell) else np.asarray(cell, dtype=float)
        boxes = np.broadcast_to(box, (len(positions), 3, 3))
        atoms = Atoms(symbols, positions[0], cell=boxes[0], pbc=pbc)
        for name, values in (labels or {}).items():
            atoms.set_array(name, np.array(values))
        path = tmp_path / f"{next(count)}.h5"
        with TrajectoryWriter(path, atoms) as writer:
            for i, frame in enumerate(positions):
                atoms.set_cell(boxes[i])
                atoms.positions = frame
                writer.append(atoms, step=i, time_ps=i * frame_time_ps)
        return open_trajectory(path)

    return make


SALT_A = 5.13
N_WIDE = 3
N_DOUBLE = 6


@dataclass(frozen=True)
class MadeUpSalt:
    """Rock salt whose double layers are held by Zr until these leave for the metal.

    Every Zr (in a tetrahedral gap) holds four Cl that no other one holds: each that
    leaves gives four Cl to the film.
    """

    symbols: str
    positions: NDArray[np.float64]
    cell: NDArray[np.float64]
    zr: NDArray[np.int64]
    area_A2: float
    labels: dict[str, list[int]]


@pytest.fixture
def made_up_salt() -> Callable[..., MadeUpSalt]:
    """Build a Li | salt | Li stack from the times (frames) at which Zr leave."""

    def make(
        leaves: dict[int, int],
        n_frames: int,
        *,
        drift_A: float = 0.0,
        stretch: float = 0.0,
        noise_A: float = 0.0,
        skewed: bool = False,
        wrapped: bool = False,
    ) -> MadeUpSalt:
        width, half = N_WIDE * SALT_A, SALT_A / 2
        grid = [(i, j) for i in range(2 * N_WIDE) for j in range(2 * N_WIDE)]
        li, cl = [], []
        for plane in range(2 * N_DOUBLE):
            for i, j in grid:
                (cl if (i + j + plane) % 2 == 0 else li).append(
                    (i * half, j * half, plane * half)
                )
        zr = [
            ((i + 0.25) * SALT_A, (j + 0.25) * SALT_A, (d + 0.25) * SALT_A)
            for d in range(N_DOUBLE)
            for i in range(N_WIDE)
            for j in range(N_WIDE)
        ]
        top = (2 * N_DOUBLE - 1) * half
        gap, bcc, n_metal = 2.6, width / 4, 12
        metal = [
            ((i + k % 2 / 2) * bcc, (j + k % 2 / 2) * bcc, top + gap + k * bcc / 2)
            for k in range(n_metal)
            for i in range(4)
            for j in range(4)
        ]
        height = top + 2 * gap + (n_metal - 1) * bcc / 2
        resting = np.array(li + metal + zr + cl)
        first_zr = len(li) + len(metal)
        order = np.arange(len(zr)) + first_zr
        frames = np.repeat(resting[None], n_frames, axis=0)
        rng = np.random.default_rng(3)
        frames += rng.normal(0, noise_A, frames.shape) if noise_A else 0.0
        middle = top + gap + (n_metal // 2) * bcc / 2 + bcc / 4
        for slot, (which, frame) in enumerate(sorted(leaves.items())):
            place = ((slot % 4 + 0.5) * bcc, (slot // 4 % 4) * bcc, middle)
            frames[frame:, order[which]] = place
        vectors = np.diag([width, width, height])
        if skewed:
            vectors = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1]], dtype=float) @ vectors
            vectors[2] += 2 * vectors[0] + vectors[1]
        cells = np.repeat(vectors[None], n_frames, axis=0)
        growth = 1 + stretch * np.arange(n_frames) / max(n_frames - 1, 1)
        frames *= growth[:, None, None]
        cells *= growth[:, None, None]
        frames[..., 2] += drift_A * np.arange(n_frames)[:, None]
        if wrapped:
            fractional = frames @ np.linalg.inv(cells)
            frames = (fractional - np.floor(fractional)) @ cells
        n = (len(li), len(metal), len(zr), len(cl))
        return MadeUpSalt(
            symbols=f"Li{n[0] + n[1]}Zr{n[2]}Cl{n[3]}",
            positions=frames,
            cell=cells,
            zr=order,
            area_A2=width**2,
            labels={
                "side": [1] * n[0] + [0] * n[1] + [1] * (n[2] + n[3]),
                "layer": [int(z / SALT_A + 1e-6) for z in resting[: n[0], 2]]
                + [k for k in range(n_metal) for _ in range(16)]
                + [int(z / SALT_A + 1e-6) for z in resting[first_zr:, 2]],
            },
        )

    return make
