"""Searches for arrangements of low energy: tempering, annealing and enumeration."""

import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np

from structures.ordering_moves import Chains
from structures.ordering_pool import FEWEST_KEPT, Pool
from structures.ordering_problem import VACANCY, OrderingProblem
from training_data.errors import InputError

COULOMB_eV_A = 14.399645  # e² / (4 π ε0)
WEAKEST_COUPLING, STRONGEST_COUPLING = 7.0, 14.0
LADDER_RATIO = 1.19
LADDER_ATOMS = 56  # cells with more mobile atoms need denser ladders
FEWEST_RUNGS, MOST_RUNGS = 5, 32
MOVES_BETWEEN_EXCHANGES = 10
ROUNDS_BETWEEN_REFRESHES = 500  # rounding stays far below 1e-9 eV
SAME_ENERGY_eV = 1e-5
MOST_ARRANGEMENTS = 2_000_000
BATCH = 20_000


def temperature_range(
    problem: OrderingProblem, volume_A3: float
) -> tuple[float, float]:
    """Lowest and highest temperature kT [eV] of a search, from the charges.

    Notes
    -----
    ``kT = d² e² / (4 π ε0 Γ r)`` with d the difference in charge of two species that
    change places, ``r = (V / n)^(1/3)`` the spacing of the rarer one, and the
    coupling Γ between 7 and 14, where arrangements freeze.

    """
    scales = []
    for one, other in itertools.combinations(range(len(problem.species)), 2):
        n = min(problem.counts[one], problem.counts[other])
        d = problem.charges[one] - problem.charges[other]
        shared = problem.allowed[:, one] & problem.allowed[:, other]
        if n and d and shared.any():
            scales.append(d * d * COULOMB_eV_A / (volume_A3 / n) ** (1 / 3))
    if not scales:
        return 1.0, 1.0  # charges do not tell the species apart
    return min(scales) / STRONGEST_COUPLING, max(scales) / WEAKEST_COUPLING


def temper(
    problem: OrderingProblem,
    *,
    n_runs: int,
    n_sweeps: int,
    kT_range: tuple[float, float],
    permutations: np.ndarray | None = None,
    n_keep: int = FEWEST_KEPT,
    rng: np.random.Generator,
    progress: Callable[[int, int], None] | None = None,
) -> list[np.ndarray]:
    """Arrangements of low energy that each run of parallel tempering came across.

    A run is a ladder of chains at temperatures in geometric progression;
    neighbours change places with the probability that keeps detailed balance.
    """
    n_mobile = problem.counts[1:].sum()
    low, high = kT_range
    steps = math.log(max(high / low, 1.0)) / math.log(LADDER_RATIO)
    steps *= math.sqrt(max(1.0, n_mobile / LADDER_ATOMS))
    n_rungs = min(MOST_RUNGS, max(FEWEST_RUNGS, math.ceil(steps) + 1))
    rungs = np.geomspace(low, high, n_rungs)
    kT = np.tile(rungs, n_runs)
    chains = _start(problem, n_runs * n_rungs, rng)
    found = _pools(problem, permutations, n_runs=n_runs, n_keep=n_keep)
    _remember(found, chains, n_rungs)
    n_rounds = _n_rounds(chains, n_sweeps)
    for number in range(n_rounds):
        for _ in range(MOVES_BETWEEN_EXCHANGES):
            chains.move(kT, rng)
        _remember(found, chains, n_rungs)
        first = np.arange(n_runs)[:, None] * n_rungs
        first = (first + np.arange(number % 2, n_rungs - 1, 2)).ravel()
        gain = (1 / kT[first] - 1 / kT[first + 1]) * (
            chains.energies[first] - chains.energies[first + 1]
        )
        accepted = first[np.log(rng.random(len(first))) < gain]
        chains.exchange(accepted, accepted + 1)
        if (number + 1) % ROUNDS_BETWEEN_REFRESHES == 0:
            chains.refresh()
            if progress is not None:
                progress(number + 1, n_rounds)
    return _minima(problem, found)


def anneal(
    problem: OrderingProblem,
    *,
    n_runs: int,
    n_sweeps: int,
    kT_range: tuple[float, float],
    permutations: np.ndarray | None = None,
    n_keep: int = FEWEST_KEPT,
    rng: np.random.Generator,
    progress: Callable[[int, int], None] | None = None,
) -> list[np.ndarray]:
    """Arrangements of low energy that each run of simulated annealing came across.

    A run is as many independent chains as a ladder of tempering has at least, all
    cooled in geometric progression, so that both methods cost the same.
    """
    chains = _start(problem, n_runs * FEWEST_RUNGS, rng)
    found = _pools(problem, permutations, n_runs=n_runs, n_keep=n_keep)
    _remember(found, chains, FEWEST_RUNGS)
    n_rounds = _n_rounds(chains, n_sweeps)
    for number, temperature in enumerate(np.geomspace(*kT_range[::-1], n_rounds)):
        kT = np.full(len(chains.energies), temperature)
        for _ in range(MOVES_BETWEEN_EXCHANGES):
            chains.move(kT, rng)
        _remember(found, chains, FEWEST_RUNGS)
        if (number + 1) % ROUNDS_BETWEEN_REFRESHES == 0:
            chains.refresh()
            if progress is not None:
                progress(number + 1, n_rounds)
    return _minima(problem, found)


def enumerate_arrangements(problem: OrderingProblem, *, n_keep: int) -> np.ndarray:
    """Lowest arrangements of all that there are, forbidden pairs left out.

    Raises
    ------
    InputError
        If there are more than two million.

    """
    n = len(problem.sites)
    total = math.factorial(n)
    for count in problem.counts:
        total //= math.factorial(int(count))
    if total > MOST_ARRANGEMENTS:
        raise InputError(
            f"method must be 'tempering' or 'annealing' for {total:.2g} arrangements; "
            f"got 'enumeration'. It takes up to {MOST_ARRANGEMENTS:,}."
        )
    kept = np.empty((0, n), dtype=np.int64)
    energies = np.empty(0)
    source = _all_arrangements(n, [int(count) for count in problem.counts])
    while batch := list(itertools.islice(source, BATCH)):
        arrangements = np.array(batch)
        fine = problem.allowed[np.arange(n), arrangements].all(axis=1)
        arrangements = arrangements[fine]
        arrangements = arrangements[problem.violations(arrangements) == 0]
        kept = np.vstack([kept, arrangements])
        energies = np.concatenate([energies, problem.energies(arrangements)])
        order = np.argsort(energies, kind="stable")
        if len(order) > n_keep:
            limit = energies[order[n_keep - 1]] + SAME_ENERGY_eV
            order = order[energies[order] <= limit]
        kept, energies = kept[order], energies[order]
    return kept


def _all_arrangements(n: int, counts: list[int]) -> Iterator[np.ndarray]:
    """Every way to put the species on n sites, one array of species per way."""

    def fill(
        partial: np.ndarray, free: tuple[int, ...], species: int
    ) -> Iterator[np.ndarray]:
        if species == len(counts):
            yield partial
            return
        for chosen in itertools.combinations(free, counts[species]):
            filled = partial.copy()
            filled[list(chosen)] = species
            rest = tuple(site for site in free if site not in set(chosen))
            yield from fill(filled, rest, species + 1)

    return fill(np.full(n, VACANCY, dtype=np.int64), tuple(range(n)), 1)


def _pools(
    problem: OrderingProblem,
    permutations: np.ndarray | None,
    *,
    n_runs: int,
    n_keep: int,
) -> list[Pool]:
    """One pool a run; without symmetry every arrangement is an order of its own."""
    if permutations is None:
        permutations = np.arange(len(problem.sites))[None]
    return [Pool(permutations, n_keep=n_keep) for _ in range(n_runs)]


def _start(problem: OrderingProblem, n_chains: int, rng: np.random.Generator) -> Chains:
    """Chains that start from random arrangements."""
    return Chains(
        problem, np.array([problem.random_arrangement(rng) for _ in range(n_chains)])
    )


def _n_rounds(chains: Chains, n_sweeps: int) -> int:
    """How often chains exchange places; never where nothing can move."""
    if not chains.movable:
        return 0
    return math.ceil(n_sweeps * chains.moves_per_sweep / MOVES_BETWEEN_EXCHANGES)


def _remember(found: list[Pool], chains: Chains, per_run: int) -> None:
    """Offer every chain that is low enough to the pool of its run."""
    limits = np.repeat([pool.limit_eV for pool in found], per_run)
    for index in np.flatnonzero(chains.energies < limits):
        found[index // per_run].offer(
            float(chains.energies[index]), chains.arrangements[index]
        )


def _minima(problem: OrderingProblem, found: list[Pool]) -> list[np.ndarray]:
    """Arrangements of every run as found and after a quench, each of shape (m, n)."""
    result = []
    for pool in found:
        before = pool.lowest()
        if not len(before):
            result.append(np.empty((0, len(problem.sites)), dtype=np.int64))
            continue
        chains = Chains(problem, before)
        chains.quench()
        both = np.vstack([before, chains.arrangements])
        result.append(np.unique(both, axis=0))
    return result
