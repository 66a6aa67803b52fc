"""Exploration in active learning: dynamics and random crystals find what is unknown."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.io import write

from lithophile.console import Progress
from lithophile.learning_settings import (
    DynamicsExploration,
    LearnSettings,
    RandomExploration,
)
from lithophile.stages.inputs import read_crystal
from md.dynamics import (
    Frame,
    Replica,
    ReplicaOutcome,
    StopCondition,
    build_replicas,
    simulate_replicas,
)
from md.dynamics.collected import read_collected
from md.trajectory import open_trajectory
from mlip import Potential, committee_disagreements
from structures.close_pairs import closest_overlap
from structures.random_structures import build_random_structures
from structures.relaxation import relax

SPREAD = "max_force_spread_eV_per_A"
SEEDS_OF_A_ROUND = 10_000
"""Distance of the seeds of two rounds; there are fewer runs in one."""


@dataclass(frozen=True, kw_only=True)
class Explored:
    """Candidates for labelling, and how uncertain the committee was.

    Parameters
    ----------
    candidates
        Structures that it doubts, with its disagreement and their origin in info.
    numbers
        What is kept of the exploration as a whole.

    """

    candidates: tuple[Atoms, ...]
    numbers: Mapping[str, Any]


def start_structures(options: DynamicsExploration) -> dict[str, Atoms]:
    """Structures that dynamics start from, by a name for their labels.

    Raises
    ------
    InputError
        One of them is neither a prototype nor an ordered crystal in a file.

    """
    starts: dict[str, Atoms] = {}
    for given in options.structures:
        name = Path(given).stem
        while name in starts:
            name += "-"
        starts[name] = read_crystal(given).repeat(options.repeat)
    return starts


def explore_dynamics(
    settings: LearnSettings,
    committee: Potential,
    *,
    number: int,
    out: Path,
    progress: Progress,
) -> Explored:
    """Run dynamics under a watched committee and keep the frames that it doubts.

    A frame is uncertain when the largest disagreement about a force in it is at least
    ``selection.least_eV_per_A``. A run ends where it exceeds
    ``selection.most_eV_per_A``, or where a guard trips; the frames that it did not
    reach count as uncertain.
    """
    options = settings.exploration
    if options is None or not options.structures:
        return Explored(candidates=(), numbers={})
    starts = start_structures(options)
    replicas = _replicas(settings, options, starts, number)
    done = simulate_replicas(
        replicas,
        committee,
        out=out,
        resume=True,
        stop_when={
            replica.name: _past_hope(settings.selection.most_eV_per_A)
            for replica in replicas
        },
        progress=progress,
    )
    least = settings.selection.least_eV_per_A
    runs_of_a_start = len(replicas) // len(starts)
    names = [name for name in starts for _ in range(runs_of_a_start)]
    planned = 1 + options.dynamics.n_steps // options.dynamics.every
    candidates: list[Atoms] = []
    uncertain = missing = 0
    largest: list[float] = []
    for name, outcome in zip(names, done.replicas, strict=True):
        spreads, doubted = _doubted(outcome, least)
        uncertain += int((spreads >= least).sum())
        missing += max(0, planned - len(spreads))
        largest += [float(value) for value in spreads]
        for atoms in doubted:
            atoms.info = {
                "config_type": "learned-md",
                "parent": f"learned-{name}-round{number}-{outcome.name}",
                "sampling": f"md{outcome.temperature_K:g}",
            }
            candidates.append(atoms)
    total = planned * len(replicas)
    return Explored(
        candidates=tuple(candidates),
        numbers={
            "n_md_runs": len(replicas),
            "n_md_runs_ended_early": sum(
                outcome.result is None
                or outcome.result.n_steps < options.dynamics.n_steps
                for outcome in done.replicas
            ),
            "n_md_frames": total,
            "fraction_uncertain_md": (uncertain + missing) / total,
            "median_disagreement_md_eV_per_A": (
                float(np.median(largest)) if largest else None
            ),
        },
    )


def explore_random(
    settings: LearnSettings, committee: Potential, *, number: int
) -> Explored:
    """Make random crystals and keep them at some steps of their way downhill."""
    options = settings.random
    if options is None:
        return Explored(candidates=(), numbers={})
    made = build_random_structures(
        options.formulas,
        n_structures=options.n_structures,
        rng=np.random.default_rng([settings.seed, number, 1]),
        min_distances_A=options.min_distances_A,
        distance_fraction=options.distance_fraction,
    )
    candidates = _on_the_way_down(made.structures, committee, options, number)
    found = committee_disagreements(candidates, committee).disagreements_eV_per_A
    doubted = ~(found < settings.selection.least_eV_per_A)  # also what has none
    return Explored(
        candidates=tuple(candidates),
        numbers={
            "n_random": len(made.structures),
            "n_random_not_built": len(made.failures),
            "fraction_uncertain_random": (
                float(doubted.mean()) if len(candidates) else None
            ),
        },
    )


def write_candidates(
    path: Path, explored: Sequence[Explored], committee: Potential
) -> dict[str, Any]:
    """Write all candidates with the disagreement of the committee about each.

    Structures with overlapping atoms are left out, as are those that cannot be
    evaluated.
    """
    found = [atoms for each in explored for atoms in each.candidates]
    sound = [atoms for atoms in found if not closest_overlap(atoms)]
    told = committee_disagreements(sound, committee).disagreements_eV_per_A
    kept = []
    for atoms, value in zip(sound, told, strict=True):
        if np.isfinite(value):
            atoms.info[SPREAD] = float(value)
            kept.append(atoms)
    write_structures(path, kept)
    return {
        "n_candidates": len(kept),
        "n_unusable": len(found) - len(kept),
    }


def write_structures(path: Path, structures: Sequence[Atoms]) -> None:
    """Write an extended XYZ file, completely or not at all; none makes it empty."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", encoding="utf-8") as stream:
        if structures:
            write(stream, list(structures), format="extxyz")
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)


def _replicas(
    settings: LearnSettings,
    options: DynamicsExploration,
    starts: Mapping[str, Atoms],
    number: int,
) -> tuple[Replica, ...]:
    guards = options.dynamics.guards.model_copy(
        update={
            "max_force_spread_eV_per_A": settings.selection.least_eV_per_A,
            "policy": "collect",
            "policies": {},
        }
    )
    config = options.dynamics.model_copy(
        update={
            "guards": guards,
            "seed": settings.seed + SEEDS_OF_A_ROUND * (number + 1),
        }
    )
    return build_replicas(
        list(starts.values()),
        config,
        temperatures_K=options.temperatures_K,
        copies=options.copies,
    )


def _past_hope(most_eV_per_A: float) -> StopCondition:
    """Reason to end a run in which the committee has lost its way."""

    def ended(frame: Frame) -> str | None:
        spread = frame.max_force_spread_eV_per_A
        if spread is None or spread <= most_eV_per_A:
            return None
        return (
            f"The committee disagrees by {spread:.3g} eV/Å, beyond "
            f"{most_eV_per_A:g}: what follows is no place to learn from."
        )

    return ended


def _doubted(outcome: ReplicaOutcome, least: float) -> tuple[np.ndarray, list[Atoms]]:
    """Disagreement at every saved frame, and the structures beyond the limit."""
    doubted = [_bare(atoms) for atoms in read_collected(_collected(outcome))]
    if not (outcome.folder / "trajectory.h5").is_file():
        return np.empty(0), doubted
    with open_trajectory(outcome.folder) as trajectory:
        spreads = np.asarray(
            trajectory.observables.get(SPREAD, np.full(trajectory.n_frames, np.inf))
        )
        beyond = np.flatnonzero(spreads >= least)
        doubted += [_bare(trajectory.atoms(int(index))) for index in beyond]
    return spreads, doubted


def _collected(outcome: ReplicaOutcome) -> Path:
    return outcome.folder / "collected.extxyz"


def _bare(atoms: Atoms) -> Atoms:
    """Elements, positions in the cell and cell alone."""
    bare = Atoms(
        numbers=atoms.numbers,
        positions=atoms.positions,
        cell=atoms.cell.array,
        pbc=atoms.pbc,
    )
    bare.wrap()
    return bare


def _on_the_way_down(
    structures: Sequence[Atoms],
    committee: Potential,
    options: RandomExploration,
    number: int,
) -> list[Atoms]:
    candidates: list[Atoms] = []
    current = [
        (f"learned-random-round{number}-{atoms.info['number']}", _bare(atoms))
        for atoms in structures
    ]
    before = 0
    for steps in options.relax_steps:
        if not current:
            break
        relaxed = relax(
            [atoms for _, atoms in current], committee, max_steps=steps - before
        )
        current = [
            (parent, _bare(found.atoms))
            for (parent, _), found in zip(current, relaxed, strict=True)
            if found.failure is None
        ]
        before = steps
        for parent, atoms in current:
            atoms.info = {
                "config_type": "learned-random",
                "parent": parent,
                "sampling": f"step{steps}",
            }
            candidates.append(atoms.copy())
    return candidates
