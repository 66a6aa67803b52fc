"""Cost of writing every tenth frame, and what exporting and packing take."""

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from ase.io import read

from lithophile.build_settings import InterfaceSettings
from lithophile.stages.interface import interface_stage
from md.trajectory import TrajectoryWriter, export_trajectory, open_trajectory
from mlip import load_potential, use_threads

EVERY = 10
N_FRAMES = 56  # two chunks of 1 MB at 1,557 atoms
N_ROUNDS = 3
TARGET_PERCENT = 3.0


def main() -> None:
    """Alternate steps of the potential and writing; print ratios and sizes."""
    threads = use_threads(2)
    with tempfile.TemporaryDirectory() as folder:
        built = interface_stage(
            InterfaceSettings(), out=Path(folder) / "interface", overwrite=False
        )
        atoms = read(built["structure"])
        n_wide = round(np.sqrt(1500 / len(atoms)))
        atoms *= (n_wide, n_wide, 1)
        session = load_potential("li-zr-cl", dtype="float32").session(atoms)
        _, forces, _ = session.evaluate(atoms.positions, atoms.cell.array, stress=False)
        rng = np.random.default_rng(0)
        steps_s: list[float] = []
        writes_s: dict[bool, list[float]] = {False: [], True: []}
        for number in range(N_ROUNDS):
            moved = atoms.positions + rng.normal(0, 0.02, (len(atoms), 3))
            start = time.perf_counter()
            session.evaluate(moved, atoms.cell.array, stress=False)
            steps_s.append(time.perf_counter() - start)
            noise = rng.normal(0, 0.1, (N_FRAMES, len(atoms), 3))
            for everything, taken in writes_s.items():
                path = Path(folder) / f"{number}-{everything}.h5"
                start = time.perf_counter()
                with TrajectoryWriter(
                    path, atoms, velocities=everything, forces=everything
                ) as writer:
                    for i in range(N_FRAMES):
                        atoms.positions += noise[i] / 10
                        atoms.set_momenta(noise[i - 1])
                        writer.append(
                            atoms,
                            step=i,
                            time_ps=0.01 * i,
                            forces=forces + noise[i - 2],
                        )
                    writer.flush()
                taken.append((time.perf_counter() - start) / N_FRAMES)
        step_s = median(steps_s)
        print(f"writing: {len(atoms)} atoms, {step_s:.2f} s a step, {threads} threads")
        for everything, taken in writes_s.items():
            percent = 100 * median(taken) / (EVERY * step_s)
            what = "with velocities and forces" if everything else "positions"
            print(
                f"writing: {what}: {1e3 * median(taken):.2f} ms a frame, "
                f"{percent:.3f} % of the run at every {EVERY}th step "
                f"(target < {TARGET_PERCENT:g} %)"
            )
        with open_trajectory(path) as trajectory:
            for form in ("h5md", "extxyz", "dump", "xdatcar"):
                start = time.perf_counter()
                done = export_trajectory(
                    trajectory, Path(folder) / form, file_format=form
                )
                seconds = time.perf_counter() - start
                print(
                    f"export: {form}: {1e3 * seconds / done.n_frames:.1f} ms a frame, "
                    f"{done.n_bytes / path.stat().st_size:.2f} × the size of the run"
                )


if __name__ == "__main__":
    sys.exit(main())
