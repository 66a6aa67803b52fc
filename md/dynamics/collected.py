"""Structures that a run puts aside to be labelled."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read, write

from md.dynamics.events import Event


def as_collected(
    atoms: Atoms, event: Event, *, step: int, force_spreads: np.ndarray | None = None
) -> Atoms:
    """Copy of a structure with the reason for which it is kept.

    Parameters
    ----------
    atoms
        Positions (Å), cell and momenta.
    event
        What the guard found.
    step
        Of the structure, which may be the one before the event.
    force_spreads
        Disagreement of a committee on each atom, (n,) in eV/Å.

    """
    kept: Atoms = atoms.copy()
    kept.calc = None
    kept.set_constraint()
    kept.info = {
        "config_type": f"collected-{event.kind}",
        "guard": event.kind,
        "step": step,
        "tripped_at_step": event.step,
        "time_ps": event.time_ps,
        "reason": event.message,
    }
    if event.value is not None and np.isfinite(event.value):
        kept.info["value"] = event.value
    if force_spreads is not None:
        kept.arrays["force_spread_eV_per_A"] = force_spreads
    return kept


def read_collected(path: Path) -> list[Atoms]:
    """Structures put aside so far; none when there is no file."""
    return list(read(path, index=":", format="extxyz")) if path.exists() else []


def write_collected(path: Path, structures: Sequence[Atoms]) -> None:
    """Replace the file in one move, after its bytes are on the disk."""
    if not structures:
        path.unlink(missing_ok=True)
        return
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", encoding="utf-8") as stream:
        write(stream, list(structures), format="extxyz")
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)


def keep_first(path: Path, n_kept: int) -> None:
    """Forget what was put aside after the state that a run resumes from."""
    structures = read_collected(path)
    if len(structures) > n_kept:
        write_collected(path, structures[:n_kept])
