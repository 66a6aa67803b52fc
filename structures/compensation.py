"""Ordering of the mobile ions of a doped cell by electrostatics."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from structures.ordering_problem import OrderingProblem
from structures.ordering_runs import anneal, temperature_range
from training_data.errors import InputError

if TYPE_CHECKING:
    from structures.doping_host import DopingHost

SAME_ENERGY_eV = 1e-3


@dataclass(frozen=True, kw_only=True)
class Compensation:
    """What sits on every site of a doped cell, and how sure that is.

    Parameters
    ----------
    species
        Element on each site; None where it is vacant.
    energy_eV
        Ewald energy of the formal charges [eV].
    n_runs
        Annealing runs; 0 where nothing could move.
    n_runs_lowest
        Runs that found this energy, within 1 meV.

    """

    species: tuple[str | None, ...]
    energy_eV: float
    n_runs: int
    n_runs_lowest: int


def order_ions(
    host: "DopingHost",
    *,
    counts: Mapping[str, int],
    oxidation_states: Mapping[str, int],
    dopants: Mapping[int, str],
    leaving: Collection[str],
    min_distance_A: float,
    n_runs: int,
    n_sweeps: int,
    rng: np.random.Generator,
) -> Compensation:
    """Arrangement of the ions around given dopants, lowest in electrostatic energy.

    Dopants are fixed. What is partly occupied, and the sublattice that ions leave, is
    arranged by simulated annealing so that the Ewald energy is lowest.

    Parameters
    ----------
    host
        Sites with their Coulomb interactions.
    counts
        Atoms of each element to reach, dopants included.
    oxidation_states
        Their charges [e].
    dopants
        Site → element put on it.
    leaving
        Elements that become fewer, whose sites may then become vacant.
    min_distance_A
        Two mobile ions, or a dopant and a mobile ion on partly occupied sites, stay
        at least so far apart [Å].
    n_runs
        Independent annealing runs.
    n_sweeps
        Moves per mobile ion of each.
    rng
        Source of the moves.

    Raises
    ------
    InputError
        If no arrangement respects the smallest distance.

    """
    species: list[str | None] = list(host.elements)
    placed = np.array(sorted(dopants), dtype=int)
    for site in placed:
        species[site] = dopants[int(site)]
    mobile = host.disordered.copy()
    for each in leaving:
        of_leaving = np.array([element == each for element in host.elements])
        if not (of_leaving & host.disordered).any():
            mobile |= of_leaving
    mobile[placed] = False
    crowded = (host.distances_A[placed] < min_distance_A).any(axis=0)
    blocked = crowded & mobile & host.disordered
    for site in np.flatnonzero(blocked):
        species[site] = None
    mobile &= ~blocked
    free = _counts(counts, species, mobile)
    n_sites = int(mobile.sum())
    if sum(free.values()) > n_sites:
        raise InputError(
            f"host must have sites for {sum(free.values())} mobile ions; got "
            f"{n_sites} at least {min_distance_A:g} Å from the dopants. "
            "Take fewer dopants or a smaller min_distance_A."
        )
    problem = _problem(
        host, species, mobile, free, oxidation_states, min_distance_A=min_distance_A
    )
    if not n_sites:
        return Compensation(
            species=tuple(species),
            energy_eV=problem.constant,
            n_runs=0,
            n_runs_lowest=0,
        )
    arrangement, energies = _lowest(
        problem, host.atoms.get_volume(), n_runs=n_runs, n_sweeps=n_sweeps, rng=rng
    )
    for site, index in zip(problem.sites, arrangement, strict=True):
        species[site] = problem.species[index] if index else None
    lowest = min(energies)
    return Compensation(
        species=tuple(species),
        energy_eV=lowest,
        n_runs=n_runs,
        n_runs_lowest=sum(energy < lowest + SAME_ENERGY_eV for energy in energies),
    )


def _problem(
    host: "DopingHost",
    species: list[str | None],
    mobile: np.ndarray,
    free: Mapping[str, int],
    charges: Mapping[str, int],
    *,
    min_distance_A: float,
) -> OrderingProblem:
    """Arrays of the mobile sites, in the field of all others."""
    sites = np.flatnonzero(mobile)
    names = list(free)
    fixed = np.array(
        [
            0.0 if moves or name is None else float(charges[name])
            for moves, name in zip(mobile, species, strict=True)
        ]
    )
    of_site = np.array([names.index(host.elements[site]) for site in sites], dtype=int)
    allowed = np.zeros((len(sites), 1 + len(names)), dtype=bool)
    allowed[:, 0] = True
    allowed[np.arange(len(sites)), 1 + of_site] = True
    distances = host.distances_A[np.ix_(sites, sites)]
    close = distances < min_distance_A
    close &= host.disordered[sites][:, None] & host.disordered[sites][None]
    np.fill_diagonal(close, val=False)
    return OrderingProblem(
        sites=sites,
        species=("X", *names),
        charges=np.array([0.0, *(float(charges[name]) for name in names)]),
        counts=np.array([len(sites) - sum(free.values()), *free.values()]),
        allowed=allowed,
        coupling=np.ascontiguousarray(host.coulomb_eV[np.ix_(sites, sites)]),
        field=2 * host.coulomb_eV[sites] @ fixed,
        constant=float(fixed @ host.coulomb_eV @ fixed),
        forbidden=close.astype(float),
        distances_A=distances,
    )


def _counts(
    counts: Mapping[str, int], species: list[str | None], mobile: np.ndarray
) -> dict[str, int]:
    """How many of each mobile element go on the mobile sites."""
    names = dict.fromkeys(
        name for name, moves in zip(species, mobile, strict=True) if moves and name
    )
    held = [n for n, moves in zip(species, mobile, strict=True) if not moves and n]
    return {name: counts.get(name, 0) - held.count(name) for name in names}


def _lowest(
    problem: OrderingProblem,
    volume_A3: float,
    *,
    n_runs: int,
    n_sweeps: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, list[float]]:
    """Best arrangement without a forbidden pair, and the lowest energy of each run."""
    runs = anneal(
        problem,
        n_runs=n_runs,
        n_sweeps=n_sweeps,
        kT_range=temperature_range(problem, volume_A3),
        rng=rng,
    )
    lowest: list[float] = []
    best: np.ndarray | None = None
    for run in runs:
        found = run[problem.violations(run) == 0] if len(run) else run
        if not len(found):
            continue
        energies = problem.energies(found)
        if not lowest or energies.min() < min(lowest):
            best = found[energies.argmin()]
        lowest.append(float(energies.min()))
    if best is None:
        raise InputError(
            "min_distance_A must leave an arrangement of the mobile ions; got none "
            f"in {n_runs} annealing runs of {n_sweeps} sweeps. Raise n_sweeps, lower "
            "the distance, or take fewer ions."
        )
    return best, lowest
