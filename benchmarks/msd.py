"""Mean squared displacement beside MDAnalysis, from memory and from the same file.

MDAnalysis needs tidynamics for its Fourier transforms; without it only our own times
are printed. Times are those of the processor, on one thread, so that other programs
on the machine count for neither. ``--large`` writes 10 GB and shows what memory the
analysis takes.
"""

import argparse
import importlib.util
import resource
import sys
import tempfile
import time
from pathlib import Path

import MDAnalysis
import numpy as np
from ase import Atoms
from MDAnalysis.analysis.msd import EinsteinMSD
from numpy.typing import NDArray

from md.analysis.diffusivity import choose_window
from md.analysis.displacement_sums import DisplacementSums
from md.analysis.displacements import mean_squared_displacements
from md.analysis.mean_squared_displacement import mean_squared_displacement
from md.trajectory import TrajectoryWriter, open_trajectory

FRAME_TIME_PS = 0.1
TARGET = 5.0
MEMORY_LIMIT_GB = 1.0
CELL_A = 60.0


def main() -> None:
    """Print times, their ratio and the largest difference of the two."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--atoms", type=int, default=1000)
    parser.add_argument("--frames", type=int, default=20000)
    parser.add_argument("--large", action="store_true")
    options = parser.parse_args()
    if options.large:
        large()
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "walk.h5"
        write(path, n_lithium=options.atoms, n_others=0, n_frames=options.frames)
        compare(path)


def write(path: Path, *, n_lithium: int, n_others: int, n_frames: int) -> None:
    """Random walk, which float32 holds: MDAnalysis reads no more than that."""
    rng = np.random.default_rng(0)
    n_atoms = n_lithium + n_others
    positions = rng.uniform(0, CELL_A, (n_atoms, 3)).astype(np.float32)
    atoms = Atoms(f"Li{n_lithium}Cl{n_others}", cell=[CELL_A] * 3, pbc=True)
    with TrajectoryWriter(path, atoms, sync=False) as writer:
        for step in range(n_frames):
            positions += rng.normal(0, 0.1, positions.shape).astype(np.float32)
            atoms.positions = positions
            writer.append(atoms, step=step, time_ps=step * FRAME_TIME_PS)


def compare(path: Path) -> None:
    """Both programs on one file."""
    start = time.process_time()
    with open_trajectory(path) as trajectory:
        ours = mean_squared_displacement(
            trajectory, reference="none", max_lag_fraction=1.0
        )
    whole_s = time.process_time() - start
    frames = frames_in_memory(path)
    n_frames, n_atoms, _ = frames.shape
    start = time.process_time()
    mean_squared_displacements(frames.transpose(1, 0, 2), n_lags=n_frames)
    bare_s = time.process_time() - start
    window = choose_window(n_frames, fit_frames=None, n_blocks=8)
    start = time.process_time()
    sums = DisplacementSums(n_atoms, n_frames, window, FRAME_TIME_PS)
    sums.add(0, frames.transpose(1, 0, 2))
    memory_s = time.process_time() - start
    print(f"msd: {n_atoms} Li, {n_frames} frames, all lags, processor time")
    print(f"msd: from memory, displacements of all particles {bare_s:.2f} s")
    print(f"msd: from memory, mean, error and slopes of blocks {memory_s:.2f} s")
    print(f"msd: from file, with diffusivity and interval {whole_s:.2f} s")
    if importlib.util.find_spec("tidynamics") is None:
        print("msd: tidynamics is not installed; MDAnalysis cannot be timed")
        return
    against_mdanalysis(path, ours.msd_A2, bare_s=bare_s, whole_s=whole_s)


def frames_in_memory(path: Path) -> NDArray[np.float64]:
    """(t, n, 3) Å, frame by frame as other programs keep them."""
    with open_trajectory(path) as trajectory:
        return np.concatenate([chunk.positions for chunk in trajectory.frames()])


def against_mdanalysis(
    path: Path, msd_A2: NDArray[np.float64], *, bare_s: float, whole_s: float
) -> None:
    """Time EinsteinMSD(fft) from a MemoryReader and from the file."""
    universe = MDAnalysis.Universe.empty(msd_n_atoms(path))
    universe.load_new(str(path), format="H5MD")
    start = time.process_time()
    analysis = EinsteinMSD(universe, select="all", msd_type="xyz", fft=True).run()
    file_s = time.process_time() - start
    difference = np.abs(analysis.results.timeseries[1:] / msd_A2[1:] - 1).max()
    print(
        f"msd: MDAnalysis from file {file_s:.2f} s, ratio {file_s / whole_s:.1f} "
        f"(target ≥ {TARGET:g}); largest relative difference {difference:.1e}"
    )
    universe.trajectory.close()
    frames = frames_in_memory(path).astype(np.float32)
    universe = MDAnalysis.Universe.empty(frames.shape[1])
    universe.load_new(frames, order="fac")
    start = time.process_time()
    EinsteinMSD(universe, select="all", msd_type="xyz", fft=True).run()
    array_s = time.process_time() - start
    print(
        f"msd: MDAnalysis from memory {array_s:.2f} s, ratio "
        f"{array_s / bare_s:.1f} (target ≥ {TARGET:g})"
    )


def msd_n_atoms(path: Path) -> int:
    """Atoms in the file."""
    with open_trajectory(path) as trajectory:
        return trajectory.n_atoms


def large() -> None:
    """Write 10 GB, and print the peak memory of the analysis."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.h5"
        write(path, n_lithium=4000, n_others=16833, n_frames=20000)
        size_GB = path.stat().st_size / 1e9
        start = time.process_time()
        with open_trajectory(path) as trajectory:
            mean_squared_displacement(trajectory)
        seconds = time.process_time() - start
    peak_GB = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"msd: {size_GB:.1f} GB, 4,000 Li of 20,833 atoms, drift removed: "
        f"{seconds:.0f} s, peak {peak_GB:.2f} GB (limit {MEMORY_LIMIT_GB:g})"
    )


if __name__ == "__main__":
    sys.exit(main())
