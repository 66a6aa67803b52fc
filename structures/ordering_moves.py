"""Monte Carlo moves on arrangements of species, many chains in step.

A move exchanges an atom with one of all sites that hold another given species (most
often a vacancy), chosen with its Boltzmann weight: a heat bath, so that one pass over
the arrays replaces some sixty proposals of a Metropolis walk.
"""

import numpy as np

from structures.ordering_problem import VACANCY, OrderingProblem

PENALTY_eV = 100.0
"""Energy of an occupied forbidden pair while chains run; results hold none."""
QUENCHED_eV = 1e-9
STEEPEST = 20.0  # exponents are capped here, so that sums keep their small terms


class Chains:
    """Arrangements of many chains with their energies and local fields.

    Parameters
    ----------
    problem
        What is ordered.
    arrangements
        Species index on every site, shape (n_chains, n); copied.

    Notes
    -----
    ``E = c + h·q + q·M·q`` with the field ``V = h + 2 M q``. Exchanging what is on
    sites i and j changes the charge of i by d and that of j by -d:
    ``ΔE = d (V_i - V_j) + d² (M_ii + M_jj - 2 M_ij)``; then V changes by
    ``2 d (M_i - M_j)``: order n operations for an accepted move. Occupied forbidden
    pairs cost ``½ o·X·o`` with o 1 on an occupied site, in the same way. Per pair of
    species, ``d V`` and the field of X are kept as one array.

    ======  =================================
    symbol  variable
    ======  =================================
    M       ``problem.coupling``
    h, c    ``problem.field``, ``.constant``
    q       ``problem.charges[arrangement]``
    X       ``problem.forbidden`` in eV
    ======  =================================

    """

    def __init__(self, problem: OrderingProblem, arrangements: np.ndarray) -> None:
        self.problem = problem
        self.arrangements = np.array(arrangements, dtype=np.int64)
        n_chains, self._n = self.arrangements.shape
        self._rows = np.arange(n_chains)
        # sites sorted by what they hold: one block of columns per species
        self._order = np.argsort(self.arrangements, axis=1, kind="stable")
        self._starts = np.concatenate([[0], np.cumsum(problem.counts)])
        self._pairs, self._weights = _exchangeable(problem)
        occupied = np.arange(len(problem.species)) != VACANCY
        one, other = np.array(self._pairs, dtype=int).reshape(-1, 2).T
        self._d = problem.charges[other] - problem.charges[one]
        self._e = occupied[other].astype(float) - occupied[one]
        penalty = PENALTY_eV * problem.forbidden
        diagonal = np.diag(problem.coupling)
        self_and_pair = diagonal[:, None] + diagonal[None] - 2 * problem.coupling
        self._exchanges = [
            (d * d * self_and_pair - e * e * penalty).ravel()
            for d, e in zip(self._d, self._e, strict=True)
        ]
        self._responses = [  # of the field of each pair to an exchange of another
            [2 * d * d0 * problem.coupling + e * e0 * penalty for d, e in self._steps]
            for d0, e0 in self._steps
        ]
        self.refresh()

    @property
    def movable(self) -> bool:
        """Whether any two species can change places."""
        return bool(self._pairs)

    @property
    def moves_per_sweep(self) -> int:
        """Number of moves after which every atom has had one on average."""
        return max(1, int(self._weights.sum()))

    @property
    def _steps(self) -> list[tuple[float, float]]:
        """Change in charge and in occupation of a site, per pair of species."""
        return list(zip(self._d.tolist(), self._e.tolist(), strict=True))

    def refresh(self) -> None:
        """Compute energies and fields anew, without what rounding has added."""
        problem = self.problem
        charges = problem.charges[self.arrangements]
        occupied = (self.arrangements != VACANCY).astype(float)
        potentials = problem.field + 2 * charges @ problem.coupling
        crowding = PENALTY_eV * occupied @ problem.forbidden
        self._fields = [d * potentials + e * crowding for d, e in self._steps]
        self.energies = problem.energies(self.arrangements) + PENALTY_eV * (
            problem.violations(self.arrangements)
        )

    def move(self, kT: np.ndarray, rng: np.random.Generator) -> None:
        """One heat-bath move in every chain, at temperatures kT [eV] (n_chains,)."""
        pair = 0
        if len(self._pairs) > 1:
            share = self._weights / self._weights.sum()
            pair = int(rng.choice(len(self._pairs), p=share))
        mover, _ = self._pairs[pair]
        slots = rng.integers(self.problem.counts[mover], size=len(self._rows))
        slots += self._starts[mover]
        changes = self._changes(self._rows, slots, pair)
        n_targets = changes.shape[1]
        weights = changes * (-1 / kT)[:, None]
        np.minimum(weights, STEEPEST, out=weights)
        np.exp(weights, out=weights)
        # one running sum over all chains; each searches its own part of it
        running = np.cumsum(weights.ravel())
        ends = running[n_targets - 1 :: n_targets]
        begins = np.concatenate([[0.0], ends[:-1]])
        drawn = rng.random(len(ends)) * (ends - begins + 1.0)  # 1: to stay
        picks = np.searchsorted(running, begins + drawn) - self._rows * n_targets
        moved = np.flatnonzero((drawn < ends - begins) & (picks < n_targets))
        if len(moved):
            picks = picks[moved]
            self._apply(moved, slots[moved], picks, changes[moved, picks], pair)

    def exchange(self, first: np.ndarray, second: np.ndarray) -> None:
        """Let chains `first` and `second` change places, as index arrays."""
        for array in (self.arrangements, self._order, self.energies, *self._fields):
            array[first], array[second] = array[second].copy(), array[first].copy()

    def quench(self) -> None:
        """Exchange the best pair in every chain until none lowers the energy."""
        active = self._rows
        while len(active) and self._pairs:
            best = np.full(len(active), -QUENCHED_eV)
            step = np.full((len(active), 3), -1)  # pair, slot, pick
            for pair, (mover, _) in enumerate(self._pairs):
                for slot in range(self._starts[mover], self._starts[mover + 1]):
                    slots = np.full(len(active), slot)
                    changes = self._changes(active, slots, pair)
                    picks = changes.argmin(axis=1)
                    lowest = changes[np.arange(len(active)), picks]
                    better = lowest < best
                    best[better] = lowest[better]
                    step[better] = np.column_stack(
                        [np.full(better.sum(), pair), slots[better], picks[better]]
                    )
            for pair in range(len(self._pairs)):
                mine = step[:, 0] == pair
                if mine.any():
                    slots, picks = step[mine, 1], step[mine, 2]
                    self._apply(active[mine], slots, picks, best[mine], pair)
            active = active[step[:, 0] >= 0]
        self.refresh()

    def _changes(self, chains: np.ndarray, slots: np.ndarray, pair: int) -> np.ndarray:
        """Energy of exchanging what is in a slot of each chain with each partner."""
        problem = self.problem
        mover, partner = self._pairs[pair]
        targets = self._order[chains, self._starts[partner] : self._starts[partner + 1]]
        sources = self._order[chains, slots]
        field = self._fields[pair]
        changes: np.ndarray = self._exchanges[pair].take(
            (sources * self._n)[:, None] + targets
        )
        changes -= field.take((chains * self._n)[:, None] + targets)
        changes += field[chains, sources][:, None]
        if not problem.allowed[:, mover].all():
            changes[~problem.allowed[targets, mover]] = np.inf
        if not problem.allowed[:, partner].all():
            changes[~problem.allowed[sources, partner]] = np.inf
        return changes

    def _apply(
        self,
        chains: np.ndarray,
        slots: np.ndarray,
        picks: np.ndarray,
        changes: np.ndarray,
        pair: int,
    ) -> None:
        """Exchange in the given chains and bring everything up to date."""
        mover, partner = self._pairs[pair]
        columns = self._starts[partner] + picks
        sources = self._order[chains, slots]
        targets = self._order[chains, columns]
        self._order[chains, slots] = targets
        self._order[chains, columns] = sources
        self.arrangements[chains, sources] = partner
        self.arrangements[chains, targets] = mover
        for field, response in zip(self._fields, self._responses[pair], strict=True):
            field[chains] += response[sources] - response[targets]
        self.energies[chains] += changes


def _exchangeable(
    problem: OrderingProblem,
) -> tuple[list[tuple[int, int]], np.ndarray]:
    """Pairs (rarer species, other species) that share a site, and how often each."""
    pairs, weights = [], []
    for one in range(len(problem.species)):
        for other in range(one + 1, len(problem.species)):
            mover, partner = sorted((one, other), key=lambda s: problem.counts[s])
            shared = (problem.allowed[:, one] & problem.allowed[:, other]).any()
            if shared and problem.counts[mover] > 0:
                pairs.append((mover, partner))
                weights.append(float(problem.counts[mover]))
    return pairs, np.array(weights)
