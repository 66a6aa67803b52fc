"""Time and memory to load 30,000 labelled configurations of 30 atoms."""

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from ase.io import write

from training_data import load_shipped, read_dataset

N_FRAMES = 30_000
N_ATOMS = 30


def main() -> None:
    """Write the file, read it in this process and print what it took."""
    rng = np.random.default_rng(0)
    template = next(f for f in load_shipped() if len(f) >= N_ATOMS)[:N_ATOMS]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "many.extxyz"
        for _ in range(N_FRAMES // 1000):
            block = []
            for _ in range(1000):
                frame = template.copy()
                frame.positions += rng.normal(scale=0.05, size=(N_ATOMS, 3))
                block.append(frame)
            write(path, block, format="extxyz", append=True)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.perf_counter()
        dataset = read_dataset(path)
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"loading: {len(dataset)} configurations of {N_ATOMS} atoms in {seconds:.1f} s "
        f"(target < 30 s), peak memory {peak / 2**20:.2f} GiB (target < 2 GB; "
        f"{before / 2**20:.2f} GiB before)"
    )


if __name__ == "__main__":
    sys.exit(main())
