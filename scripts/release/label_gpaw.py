"""Label a pool of Li-Zr-Cl structures with PBE (GPAW) and D3(BJ) single points.

The pool is an extended XYZ file whose frames carry ``config_type``, ``parent``
and ``sampling`` (optional: ``kpts`` to fix the grid). Each finished label is
written to the output at once, so the queue can be stopped at any time and
started again with the same command: frames already labelled, or that failed
before, are recognised by a hash of the structure and skipped.

A frame whose calculation does not converge never becomes a label; it is noted
with the reason in ``LABELS.failed.json`` next to the output.

Settings (one cutoff per data set, see the README of the data set): plane waves
400 eV, PBE, Fermi-Dirac 0.05 eV, no spin, no point group, SCF to 1e-4 eV,
1e-4 electrons (both per valence electron) and 0.005 eV/A.

Example
-------
    OMP_NUM_THREADS=1 python label_gpaw.py pool.extxyz --out labels.extxyz
"""

from __future__ import annotations

import argparse
import fcntl
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ase.io import read
from gpaw_single_point import (
    STRESS_PER_ATOM,
    check,
    frame_hash,
    kpoint_grid,
    label,
)
from label_files import REQUIRED, Failures, append_label, known_hashes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ase import Atoms


def cost(atoms: Atoms) -> float:
    """Estimate the relative cost of a label (atoms^2 times k-points).

    Parameters
    ----------
    atoms : Atoms
        The structure.

    Returns
    -------
    float
        Arbitrary units.
    """
    return len(atoms) ** 2 * float(np.prod(kpoint_grid(atoms)))


def round_robin(frames: Sequence[Atoms]) -> list[Atoms]:
    """Order frames so that the queue is balanced wherever it is stopped.

    Parameters
    ----------
    frames : sequence of Atoms
        Frames with ``config_type``.

    Returns
    -------
    list of Atoms
        The cheapest frame of each config_type, then the second of each, ...
    """
    kinds: dict[str, list[Atoms]] = defaultdict(list)
    for atoms in sorted(frames, key=cost):
        kinds[str(atoms.info["config_type"])].append(atoms)
    ordered = []
    for rank in range(max((len(group) for group in kinds.values()), default=0)):
        turn = [group[rank] for group in kinds.values() if rank < len(group)]
        ordered += sorted(turn, key=cost)
    return ordered


def read_pool(path: Path) -> list[Atoms]:
    """Read a pool and check that its frames can be labelled.

    Parameters
    ----------
    path : Path
        Extended XYZ file.

    Returns
    -------
    list of Atoms
        The frames.

    Raises
    ------
    ValueError
        If a frame lacks a key, is not periodic or has another element.
    """
    pool: list[Atoms] = read(path, index=":")
    for number, atoms in enumerate(pool):
        missing = [key for key in REQUIRED if key not in atoms.info]
        if missing:
            raise ValueError(f"frame {number} of {path} lacks {', '.join(missing)}")
        if not atoms.cell.rank == 3:
            raise ValueError(f"frame {number} of {path} has no periodic cell")
        other = set(atoms.get_chemical_symbols()) - set(STRESS_PER_ATOM)
        if other:
            raise ValueError(f"frame {number} of {path} has {sorted(other)}")
    return pool


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line.

    Parameters
    ----------
    argv : sequence of str or None
        Arguments; None takes those of the process.

    Returns
    -------
    Namespace
        The options.
    """
    parser = argparse.ArgumentParser(
        description="Label a pool with PBE (GPAW) and D3(BJ); resumable.",
        epilog="Stop it at any time; the same command goes on where it stopped.",
    )
    parser.add_argument("pool", type=Path, help="extended XYZ with the structures")
    parser.add_argument("--out", type=Path, required=True, help="file of labels")
    parser.add_argument(
        "--skip",
        type=Path,
        nargs="*",
        default=[],
        help="more label files whose frames need not be done again",
    )
    parser.add_argument(
        "--order",
        choices=["file", "round-robin"],
        default="file",
        help="as in the pool, or cheapest of each config_type in turn",
    )
    parser.add_argument("--limit", type=int, help="stop after this many labels")
    parser.add_argument(
        "--minutes", type=float, help="start no further label after this time"
    )
    parser.add_argument(
        "--max-force",
        type=float,
        default=50.0,
        help="refuse labels with larger forces [eV/A] (default: %(default)s)",
    )
    parser.add_argument(
        "--max-iterations",
        type=int,
        default=200,
        help="SCF steps before a frame has failed (default: %(default)s)",
    )
    parser.add_argument(
        "--retry-failed", action="store_true", help="try failed frames again"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="print the queue and its grids only"
    )
    parser.add_argument("--log", help="text output of GPAW (default: none)")
    return parser.parse_args(argv)


def open_queue(options: argparse.Namespace, failures: Failures) -> list[Atoms]:
    """Return the frames still to be labelled, in order.

    Parameters
    ----------
    options : Namespace
        The command line.
    failures : Failures
        Frames that failed before.

    Returns
    -------
    list of Atoms
        The queue; of frames that occur twice only the first.
    """
    done = known_hashes([options.out, *options.skip])
    queue = []
    for atoms in read_pool(options.pool):
        key = frame_hash(atoms)
        if key in done or (key in failures and not options.retry_failed):
            continue
        done.add(key)
        queue.append(atoms)
    if options.order == "round-robin":
        queue = round_robin(queue)
    return queue[: options.limit]


def run_queue(
    queue: Sequence[Atoms], options: argparse.Namespace, failures: Failures
) -> int:
    """Label the frames of a queue one after the other.

    Parameters
    ----------
    queue : sequence of Atoms
        The frames.
    options : Namespace
        The command line.
    failures : Failures
        Where failed frames are noted.

    Returns
    -------
    int
        Number of frames that failed.
    """
    n_failed = 0
    started = time.monotonic()
    for number, atoms in enumerate(queue, start=1):
        begun = time.monotonic()
        if options.minutes and begun - started > 60.0 * options.minutes:
            print("out of time", flush=True)
            break
        grid = "x".join(str(n) for n in kpoint_grid(atoms))
        where = (
            f"{number}/{len(queue)} {frame_hash(atoms)} {atoms.info['parent']}/"
            f"{atoms.info['sampling']} {len(atoms)} atoms {grid}"
        )
        if options.dry_run:
            print(where)
            continue
        try:
            labelled = label(atoms, options.log, options.max_iterations)
            check(labelled, options.max_force)
        except Exception as error:  # noqa: BLE001 - the queue has to go on
            n_failed += 1
            reason = failures.add(atoms, error)
            print(f"{where} FAILED {reason[:80]}", flush=True)
            continue
        append_label(options.out, labelled)
        failures.discard(frame_hash(atoms))
        print(f"{where} {time.monotonic() - begun:.0f} s", flush=True)
    return n_failed


def main(argv: Sequence[str] | None = None) -> int:
    """Run the queue.

    Parameters
    ----------
    argv : sequence of str or None
        Arguments; None takes those of the process.

    Returns
    -------
    int
        Exit status: 0 if no frame failed in this run, 1 if one did, 2 if the
        output is in use.
    """
    options = parse_arguments(argv)
    out: Path = options.out
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.with_name(out.name + ".lock").open("w", encoding="utf-8") as lock:
        try:
            if not options.dry_run:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print(f"{out} is being written by another process", file=sys.stderr)
            return 2
        failures = Failures(out.with_name(out.stem + ".failed.json"))
        queue = open_queue(options, failures)
        print(f"{len(queue)} frames to label", flush=True)
        return 1 if run_queue(queue, options, failures) else 0


if __name__ == "__main__":
    sys.exit(main())
