"""Trajectories with known answers."""

from collections.abc import Callable
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
        atoms = Atoms(symbols, positions[0], cell=box, pbc=pbc)
        for name, values in (labels or {}).items():
            atoms.set_array(name, np.array(values))
        path = tmp_path / f"{next(count)}.h5"
        with TrajectoryWriter(path, atoms) as writer:
            for i, frame in enumerate(positions):
                atoms.positions = frame
                writer.append(atoms, step=i, time_ps=i * frame_time_ps)
        return open_trajectory(path)

    return make
