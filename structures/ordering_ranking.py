"""From arrangements that runs found to ranked, symmetry-distinct structures."""

from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms

from structures.disordered_crystal import DisorderedCrystal
from structures.ordering import Ordering
from structures.ordering_problem import VACANCY, OrderingProblem
from structures.site_symmetry import canonical_arrangement
from structures.space_group import symmetry_dataset
from training_data.errors import Failure, InputError

if TYPE_CHECKING:
    from mlip.potential import Potential

RUNS_AGREE_eV = 1e-3
SAME_ENERGY_eV = 1e-4
MOST_RANKED = 5
"""Structures that a potential sees at most, for each one that is wanted."""


def rank_arrangements(
    crystal: DisorderedCrystal,
    problem: OrderingProblem,
    by_run: list[np.ndarray],
    *,
    permutations: np.ndarray,
    method: str,
    oxidation_states: dict[str, float],
    n_keep: int,
    potential: "Potential | None",
) -> Ordering:
    """Distinct arrangements of all runs, lowest first, as structures."""
    by_run = [found[problem.violations(found) == 0] for found in by_run]
    energies = [problem.energies(found) for found in by_run]
    run_lowest = [float(e.min()) if len(e) else np.inf for e in energies]
    if not np.isfinite(min(run_lowest)):
        raise InputError(
            "min_distance_A and exclusions must leave an arrangement without forbidden "
            f"pairs; got none in {len(by_run)} runs. Lower the distances or the counts."
        )
    pool = np.vstack(by_run)
    pool_energies = np.concatenate(energies)
    # a potential also sees what ties with the last one that is wanted
    n_seen = n_candidates(n_keep, potential)
    last = np.inf
    distinct: dict[bytes, tuple[np.ndarray, float, int]] = {}
    for index in np.argsort(pool_energies, kind="stable"):
        energy = float(pool_energies[index])
        if len(distinct) >= n_seen or (
            len(distinct) >= n_keep and energy > last + SAME_ENERGY_eV
        ):
            break
        name, images = canonical_arrangement(pool[index], permutations)
        if name not in distinct:
            distinct[name] = (pool[index], energy, images)
            last = energy if len(distinct) <= n_keep else last
    chosen = list(distinct.values())
    structures = [_structure(crystal, problem, found) for found, _, _ in chosen]
    order, answers, failures = _by_potential(structures, potential, n_keep)
    violations = problem.violations(np.array([found for found, _, _ in chosen]))
    return Ordering(
        structures=tuple(structures[i] for i in order),
        electrostatic_energies_eV=tuple(chosen[i][1] for i in order),
        potential_energies_eV=answers,
        n_equivalent=tuple(chosen[i][2] for i in order),
        space_groups=tuple(_space_group(structures[i]) for i in order),
        site_counts=tuple(_site_counts(structures[i]) for i in order),
        excluded_pairs=tuple(int(violations[i]) for i in order),
        forbidden_pairs=_forbidden_pairs(crystal, problem),
        run_lowest_eV=tuple(run_lowest),
        n_runs=len(by_run),
        n_runs_lowest=sum(e <= min(run_lowest) + RUNS_AGREE_eV for e in run_lowest),
        method=method,
        oxidation_states=oxidation_states,
        failures=failures,
    )


def n_candidates(n_keep: int, potential: "Potential | None") -> int:
    """How many orders are looked at for as many as are wanted."""
    return n_keep if potential is None else MOST_RANKED * n_keep


def _structure(
    crystal: DisorderedCrystal, problem: OrderingProblem, arrangement: np.ndarray
) -> Atoms:
    """Arrangement as labelled atoms, in the order of the crystal's sites."""
    species = [next(iter(occupancy)) for occupancy in crystal.occupancies]
    present = np.ones(crystal.n_sites, dtype=bool)
    for site, kind in zip(problem.sites, arrangement, strict=True):
        species[site] = problem.species[kind]
        present[site] = kind != VACANCY
    names = list(dict.fromkeys(crystal.site_names))
    kept = np.flatnonzero(present)
    atoms = Atoms(
        [species[index] for index in kept],
        scaled_positions=crystal.scaled_positions[kept],
        cell=crystal.cell_A,
        pbc=True,
    )
    atoms.set_array(
        "site", np.array([names.index(crystal.site_names[i]) for i in kept], dtype=int)
    )
    atoms.info["site_names"] = names
    return atoms


def _space_group(atoms: Atoms) -> str:
    """Symbol and number of the space group."""
    found = symmetry_dataset(
        atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers
    )
    return "P1 (1)" if found is None else f"{found.international} ({found.number})"


def _site_counts(atoms: Atoms) -> dict[str, dict[str, int]]:
    """Atoms per site name and species."""
    counts: dict[str, dict[str, int]] = {}
    for site, symbol in zip(atoms.arrays["site"], atoms.symbols, strict=True):
        row = counts.setdefault(atoms.info["site_names"][site], {})
        row[symbol] = row.get(symbol, 0) + 1
    return counts


def _forbidden_pairs(
    crystal: DisorderedCrystal, problem: OrderingProblem
) -> tuple[tuple[str, str, float, float, int], ...]:
    """Forbidden pairs by site names: distances and number."""
    groups: dict[tuple[str, str], list[float]] = {}
    for one, other in zip(*np.nonzero(np.triu(problem.forbidden)), strict=True):
        names = sorted(crystal.site_names[problem.sites[i]] for i in (one, other))
        groups.setdefault((names[0], names[1]), []).append(
            float(problem.distances_A[one, other])
        )
    return tuple(
        (one, other, min(lengths), max(lengths), len(lengths))
        for (one, other), lengths in sorted(groups.items())
    )


def _by_potential(
    structures: list[Atoms], potential: "Potential | None", n_keep: int
) -> tuple[list[int], tuple[float, ...] | None, tuple[Failure, ...]]:
    """Order of the structures, their energies by the potential, and failures."""
    if potential is None:
        return list(range(len(structures))), None, ()
    evaluation = potential.evaluate(structures)
    energies = np.asarray(evaluation.energies, dtype=float)
    # NaN comes last
    order = [int(i) for i in np.argsort(energies, kind="stable")[:n_keep]]
    return order, tuple(float(energies[i]) for i in order), tuple(evaluation.failures)
