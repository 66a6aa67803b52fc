"""Assignment of 200 ions to 1,000 sites: milliseconds per frame (target: 1).

Run ``python benchmarks/site_occupation.py``. A sheared cell of 1,000 sites 3 Å apart;
200 ions vibrate (0.45 Å per direction) and hop. Timed: `site_occupation` from a file,
with reading, the framework's frame (400 atoms) and the filter of recrossings; and
the assignment alone, beside a k-d tree asked for every ion in every frame.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from ase import Atoms

from md.analysis.hops import hops
from md.analysis.site_assignment import NearestSite
from md.analysis.site_occupation import site_occupation
from md.analysis.sites import Sites
from md.trajectory import TrajectoryWriter, open_trajectory

CELL = np.array([[30.0, 0, 0], [12, 28, 0], [5, 6, 27]])


def main() -> None:
    """Print one line for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=2000)
    n_frames = parser.parse_args().frames
    rng = np.random.default_rng(1)
    grid = np.stack(np.meshgrid(*[np.arange(10) / 10] * 3, indexing="ij"), -1)
    places = grid.reshape(-1, 3)
    home = places[rng.choice(1000, 200, replace=False)]
    jumped = np.cumsum(rng.random((n_frames, 200)) < 0.005, axis=0) % 2
    noise = rng.normal(0, 0.45, (n_frames, 200, 3)) @ np.linalg.inv(CELL)
    ions = home + jumped[..., None] * np.array([0.1, 0, 0]) + noise
    framework = rng.random((400, 3))
    symbols = "Cl400Li200"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.h5"
        atoms = Atoms(symbols, np.zeros((600, 3)), cell=CELL, pbc=True)
        with TrajectoryWriter(path, atoms, sync=False) as writer:
            for step, frame in enumerate(ions):
                atoms.positions = np.concatenate([framework, frame]) @ CELL
                writer.append(atoms, step=step, time_ps=0.1 * step)
        sites = Sites(fractional=places, cell_A=CELL, labels=("a",) * 1000, source="")
        start = time.perf_counter()
        with open_trajectory(path) as trajectory:
            found = site_occupation(trajectory, sites=sites, hold_ps=0.5)
        whole = time.perf_counter() - start
        start = time.perf_counter()
        hops(found)
        rates = time.perf_counter() - start
    nearest = NearestSite(fractional=places, cell_A=CELL)
    start = time.perf_counter()
    last = None
    for begin in range(0, n_frames, 64):
        followed, _ = nearest.follow(ions[begin : begin + 64], last)
        last = followed[-1]
    alone = time.perf_counter() - start
    start = time.perf_counter()
    for frame in ions:
        nearest.of(frame)
    tree = time.perf_counter() - start
    print(f"{n_frames} frames, 200 ions, 1,000 sites, {found.n_hops} hops")
    for name, seconds in (
        ("site_occupation, from file", whole),
        ("assignment alone", alone),
        ("k-d tree for all", tree),
    ):
        print(f"{name:28s} {1e3 * seconds / n_frames:6.3f} ms per frame")
    print(f"{'hops (rates, once)':28s} {rates:6.3f} s")


if __name__ == "__main__":
    main()
