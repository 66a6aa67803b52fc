"""The complete state of a run, written so that a kill at any moment leaves one."""

import hashlib
import json
import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from md.dynamics.config import DynamicsConfig
from training_data.errors import InputError

_FREE = ("checkpoint_interval_s", "guards")  # they do not change the motion


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """State after one step, from which the run repeats itself bit by bit.

    Parameters
    ----------
    step
        Steps done.
    positions, momenta, forces
        (n, 3) in Å, ASE units and eV/Å.
    energy
        Potential energy (eV).
    rng_state
        State of the random numbers, ``Generator.bit_generator.state``; the only
        memory of Langevin, Bussi's thermostat and the barostat.
    guards
        Memory of the guards.
    config
        The configuration, as JSON would hold it.
    potential
        Name and level of theory.
    structure_sha256
        Of the structure that the run was started from.
    final
        Empty while the run goes on, else what the finished run returned.
    integrator
        What else the integrator remembers: the links of a Nosé–Hoover chain.
    cell
        Rows are vectors, (3, 3) in Å; empty where it never changes.
    stress
        Of the potential where the barostat is about to use it, (6,) in eV/Å³.
    detours
        Memory of the policies; empty before any has acted.

    """

    step: int
    positions: np.ndarray
    momenta: np.ndarray
    forces: np.ndarray
    energy: float
    rng_state: dict[str, Any]
    guards: dict[str, Any]
    config: dict[str, Any]
    potential: str
    structure_sha256: str
    final: dict[str, Any]
    integrator: dict[str, Any] = field(default_factory=dict)
    cell: list[list[float]] = field(default_factory=list)
    stress: list[float] = field(default_factory=list)
    detours: dict[str, Any] = field(default_factory=dict)


_ARRAYS = ("positions", "momenta", "forces")
# what reading raises on other files, empty and cut ones
_NOT_ONE = (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile)


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint in one atomic move, after its bytes are on the disk."""
    plain = {k: v for k, v in vars(checkpoint).items() if k not in _ARRAYS}
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as stream:
        np.savez(
            stream,
            meta=np.array(json.dumps(plain)),
            **{name: getattr(checkpoint, name) for name in _ARRAYS},
        )
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_checkpoint(path: Path) -> Checkpoint:
    """Checkpoint from its file.

    Raises
    ------
    InputError
        When the file is not one.

    """
    try:
        with path.open("rb") as stream, np.load(stream) as stored:
            arrays = {name: stored[name] for name in _ARRAYS}
            return Checkpoint(**json.loads(str(stored["meta"])), **arrays)
    except _NOT_ONE as error:
        raise InputError(
            f"checkpoint must be one that simulate wrote; got {str(path)!r} "
            f"({type(error).__name__}). Remove it to start the run again."
        ) from error


def hash_structure(atoms: Atoms, *, with_momenta: bool) -> str:
    """Fingerprint of what the run starts from: atoms, cell, masses, constraints."""
    digest = hashlib.sha256()
    parts = [atoms.numbers, atoms.positions, atoms.cell.array, atoms.pbc]
    parts += [atoms.get_masses(), atoms.get_momenta() if with_momenta else np.empty(0)]
    for part in parts:
        digest.update(np.ascontiguousarray(part).tobytes())
    described = sorted(json.dumps(_plain(c.todict())) for c in atoms.constraints)
    digest.update("".join(described).encode())
    return digest.hexdigest()


def _plain(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, np.integer) else value


def require_same_run(
    checkpoint: Checkpoint,
    config: DynamicsConfig,
    *,
    potential: str,
    structure_sha256: str,
) -> None:
    """Refuse to resume a run as another one.

    Raises
    ------
    InputError
        Naming every setting that differs. More steps, further segments of a schedule,
        other guards and another checkpoint_interval_s are allowed.

    """
    defaults = DynamicsConfig().model_dump(mode="json")  # of settings that are newer
    before, now = {**defaults, **checkpoint.config}, config.model_dump(mode="json")
    changed = [
        f"{key} ({before[key]!r}, now {now[key]!r})"
        for key in now
        if before[key] != now[key] and key not in _FREE
        if not (key == "n_steps" and now[key] > before[key])
        if not (key == "schedule" and _goes_on(before[key], now[key]))
    ]
    if checkpoint.potential != potential:
        changed.append(f"potential ({checkpoint.potential!r}, now {potential!r})")
    if checkpoint.structure_sha256 != structure_sha256:
        changed.append("structure (another file, or edited)")
    if changed:
        raise InputError(
            "settings must be those the run was started with, except that n_steps "
            f"may grow; got {', '.join(changed)}. Set them back, or start a new "
            "folder."
        )


def _goes_on(before: list[dict[str, Any]], now: list[dict[str, Any]]) -> bool:
    """Whether a schedule begins with all of an earlier one, whose end was set."""
    closed = bool(before) and (before[-1]["n_steps"] or before[-1]["duration_ps"])
    return bool(closed) and now[: len(before)] == before
