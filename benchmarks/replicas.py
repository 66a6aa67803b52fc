"""Time of many replicas side by side over that of the same runs one after another.

Three ways to make the same steps alternate, so that a busy machine slows all of them
alike: ``in turn``, one `simulate` after another; ``each``, `simulate_replicas` with a
session for every replica (bit for bit); ``together``, one call of the network for all.
Given are medians of wall time and of processor time, which other processes disturb
less. Files, guards and thermostats are part of all three.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from md.dynamics import (
    DynamicsConfig,
    Replica,
    build_replicas,
    simulate,
    simulate_replicas,
)
from mlip import load_potential, use_threads
from mlip.potential import Potential
from structures.prototypes import build_prototype

CELLS = {"36": (2, 2, 1), "108": (2, 2, 3), "216": (4, 3, 2)}
TARGET = 1.05  # side by side must cost no more than one after another


def in_turn(replicas: tuple[Replica, ...], potential: Potential, folder: Path) -> None:
    """Run one replica after another."""
    for replica in replicas:
        simulate(replica.atoms, potential, replica.config, out=folder / replica.name)


def side_by_side(batch: str) -> Callable[..., None]:
    """Return a function that runs all replicas at once."""

    def run(replicas: tuple[Replica, ...], potential: Potential, folder: Path) -> None:
        simulate_replicas(replicas, potential, out=folder, batch=batch)

    return run


WAYS: dict[str, Callable[..., None]] = {
    "in turn": in_turn,
    "each": side_by_side("each"),
    "together": side_by_side("together"),
}


def measure(
    replicas: tuple[Replica, ...], potential: Potential, *, repeats: int
) -> dict[str, tuple[float, float]]:
    """Return median wall and processor seconds of each way, first pass left out."""
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in WAYS}
    for _ in range(repeats + 1):
        for name, run in WAYS.items():
            with tempfile.TemporaryDirectory() as folder:
                wall, processor = time.perf_counter(), time.process_time()
                run(replicas, potential, Path(folder))
                seconds[name].append(
                    (time.perf_counter() - wall, time.process_time() - processor)
                )
    return {
        name: (float(wall), float(processor))
        for name, values in seconds.items()
        for wall, processor in [np.median(values[1:], axis=0)]
    }


def main() -> None:
    """Print one line for each size and way; leave with 1 beyond the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--atoms", nargs="+", choices=CELLS, default=["108"])
    parser.add_argument("--replicas", type=int, default=16)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--dtype", default="float64", choices=["float32", "float64"])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--network-only", action="store_true", help="without D3")
    given = parser.parse_args()
    threads = use_threads(given.threads)
    potential = load_potential(dtype=given.dtype, device=given.device)
    if given.network_only:
        potential = getattr(potential, "base", potential)
    crystal = build_prototype("Li2ZrCl6")
    print(f"{potential.name}, {given.dtype}, {given.device}, {threads} thread(s)")
    worst = 0.0
    for size in given.atoms:
        config = DynamicsConfig(n_steps=given.steps, every=given.steps)
        replicas = build_replicas(crystal * CELLS[size], config, copies=given.replicas)
        times = measure(replicas, potential, repeats=given.repeats)
        wall_alone, processor_alone = times["in turn"]
        calls = given.replicas * (given.steps + 1)
        for name, (wall, processor) in times.items():
            print(
                f"{size:>4} atoms x {given.replicas}  {name:<9}"
                f"{1000 * wall / calls:8.1f} ms per replica and step;  in turn over "
                f"{name}: {wall_alone / wall:.2f} wall, "
                f"{processor_alone / processor:.2f} processor",
                flush=True,
            )
        worst = max(worst, times["each"][1] / processor_alone)
    sys.exit(worst > TARGET)


if __name__ == "__main__":
    main()
