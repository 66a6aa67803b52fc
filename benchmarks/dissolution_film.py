"""Dissolution and film of 20,000 frames of 1,000 atoms, from file.

The frames are those of a shipped interface run at 400 K, repeated sideways and played
forwards and backwards, so that distances, bonds and their changes are real.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from md.analysis.dissolution import dissolution
from md.analysis.film import film
from md.trajectory import TrajectoryWriter, example_trajectory, open_trajectory

EXAMPLE = "li-li2zrcl6-400K"
REPEAT = (3, 2, 1)
TARGET_S = 60.0


def write(path: Path, n_frames: int) -> int:
    """Write the long trajectory and return its number of atoms."""
    with open_trajectory(example_trajectory(EXAMPLE)) as short:
        frames = next(short.frames())
        start = short.initial.copy()
    many = start * REPEAT
    there_and_back = [*range(len(frames.positions)), *range(1, len(frames.positions))]
    there_and_back[len(frames.positions) :] = range(len(frames.positions) - 2, 0, -1)
    shifts = many.positions.reshape(-1, len(start), 3) - start.positions
    with TrajectoryWriter(path, many, sync=False) as writer:
        for step in range(n_frames):
            at = there_and_back[step % len(there_and_back)]
            many.positions[:] = (frames.positions[at] + shifts).reshape(-1, 3)
            writer.append(many, step=step, time_ps=0.1 * step)
    return len(many)


def timed(what: str, path: Path) -> tuple[float, float, float]:
    """Seconds by the clock and of the core, largest memory (MB) of one analysis."""
    core = time.process_time()
    start = time.perf_counter()
    with open_trajectory(path) as trajectory:
        (film if what == "film" else dissolution)(trajectory)
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return time.perf_counter() - start, time.process_time() - core, used


def main() -> int:
    """Print seconds of both, one after the other and side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=20_000)
    n_frames = parser.parse_args().frames
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.h5"
        n_atoms = write(path, n_frames)
        size = path.stat().st_size / 1e6
        print(
            f"dissolution and film: {n_frames} frames, {n_atoms} atoms, {size:.0f} MB"
        )
        start = time.perf_counter()
        with ProcessPoolExecutor(2) as pool:
            names = ("dissolution", "film")
            for name, (seconds, core, memory) in zip(
                names, pool.map(timed, names, [path] * 2), strict=True
            ):
                print(
                    f"  {name}: {seconds:.1f} s ({core:.1f} s of a core), "
                    f"{memory:.0f} MB"
                )
        both = time.perf_counter() - start
        allowed = TARGET_S * n_frames / 20_000
        print(
            f"  both, on two of {os.cpu_count()} cores: {both:.1f} s "
            f"(target < {allowed:.0f} s; load {os.getloadavg()[0]:.1f})"
        )
    return int(both > allowed)


if __name__ == "__main__":
    np.seterr(all="raise", under="ignore")
    sys.exit(main())
