"""Diffusivities and their intervals beside kinisi's, on the same lags.

``--python`` names an interpreter of an environment that has kinisi (2.1 was used).
A walk with a known diffusivity comes first, then the trajectories that are named.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from md.analysis.mean_squared_displacement import mean_squared_displacement
from md.analysis.msd_regression import regressed_diffusivity
from md.analysis.reference_frame import read_series, reference_atoms
from md.trajectory import Trajectory, TrajectoryWriter, open_trajectory

FRAME_TIME_PS, STEP_A = 0.1, 0.3
EXACT_D = STEP_A**2 / (2 * FRAME_TIME_PS) * 1e-4


def main() -> None:
    """Print one line for each trajectory and method."""
    parser = argparse.ArgumentParser()
    parser.add_argument("trajectories", nargs="*", type=Path)
    parser.add_argument("--python", required=True)
    parser.add_argument("--fit-ps", nargs=2, type=float, default=(1.0, 10.0))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "walk.h5"
        write_walk(path)
        print(f"walk: exact {EXACT_D:.3e} cm²/s")
        for name in (path, *options.trajectories):
            with open_trajectory(name) as trajectory:
                compare(trajectory, name.stem, options, Path(folder) / "frames.npz")


def write_walk(path: Path) -> None:
    """Write 32 lithium atoms that walk among chlorine at rest."""
    rng = np.random.default_rng(5)
    atoms = Atoms("Li32Cl32", rng.uniform(0, 20, (64, 3)), cell=[20] * 3, pbc=True)
    with TrajectoryWriter(path, atoms) as writer:
        for step in range(1000):
            atoms.positions[:32] += rng.normal(0, STEP_A, (32, 3))
            writer.append(atoms, step=step, time_ps=step * FRAME_TIME_PS)


def compare(
    trajectory: Trajectory, name: str, options: argparse.Namespace, frames: Path
) -> None:
    """Three estimates with intervals."""
    first, last = options.fit_ps
    spacing = trajectory.frame_time_ps()
    lags = np.arange(round(first / spacing), round(last / spacing) + 1)
    blocks = mean_squared_displacement(trajectory, fit_ps=(first, last))
    tell(name, "blocks", blocks.to_json())
    atoms = trajectory.indices_of("Li")
    reference = reference_atoms(trajectory, atoms, "others")
    series = read_series(trajectory, atoms, reference=reference)
    regressed = regressed_diffusivity(
        series.positions, lags=lags, frame_time_ps=spacing
    )
    tell(name, "least squares", regressed.to_json())
    np.savez(
        frames,
        positions=np.concatenate([c.positions for c in trajectory.frames()]),
        numbers=trajectory.numbers,
        cell=trajectory.initial.cell.array,
        species="Li",
        frame_time_ps=spacing,
        lags_ps=lags * spacing,
    )
    worker = Path(__file__).with_name("kinisi_worker.py")
    done = subprocess.run(  # noqa: S603 (our own file)
        [options.python, str(worker), str(frames)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(f"{name}: kinisi failed: {done.stderr.strip().splitlines()[-1]}")
        return
    tell(name, "kinisi", json.loads(done.stdout.strip().splitlines()[-1]))


def tell(name: str, method: str, found: dict[str, Any]) -> None:
    """One line."""
    value, interval = (
        found["diffusivity_cm2_per_s"],
        found["diffusivity_interval_cm2_per_s"],
    )
    shown = "none" if value is None else f"{value:.3e}"
    if interval is not None:
        shown += f" ({interval[0]:.3e} to {interval[1]:.3e})"
    print(f"{name}: {method}: {shown} cm²/s {found.get('reason', '')}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
