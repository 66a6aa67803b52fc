"""Monte Carlo moves on arrangements of species, many chains in step.

A move exchanges an atom with one of all sites that hold another given species (most
often a vacancy), chosen with its Boltzmann weight: a heat bath, so that one pass over
the arrays replaces some sixty proposals of a Metropolis walk.
"""

import numpy as np

from structures.ordering_problem import VACANCY, OrderingProblem

PENALTY_eV = 100.0
"""Energy of an occupied forbidden pair while chains run; results hold none."""
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
    ``2 d (M_i - M_j)``: order n operations for an accepted move.

    ======  =================================
    symbol  variable
    ======  =================================
    M       ``problem.coupling``
    h, c    ``problem.field``, ``.constant``
    q       ``problem.charges[arrangement]``
    ======  =================================

    """

    def __init__(self, problem: OrderingProblem, arrangements: np.ndarray) -> None:
        self.problem = problem
        self.arrangements = np.array(arrangements, dtype=np.int64)
        n_chains, n = self.arrangements.shape
        self._rows = np.arange(n_chains)
        # sites sorted by what they hold: one block of columns per species
        self._order = np.argsort(self.arrangements, axis=1, kind="stable")
        self._starts = np.concatenate([[0], np.cumsum(problem.counts)])
        diagonal = np.diag(problem.coupling)
        self._exchange = (
            diagonal[:, None] + diagonal[None] - 2 * problem.coupling
        ).ravel()
        self._forbidden = PENALTY_eV * problem.forbidden
        self._n = n
        self._pairs, self._weights = _exchangeable(problem)
        self.refresh()

    @property
    def movable(self) -> bool:
        """Whether any two species can change places."""
        return bool(self._pairs)

    @property
    def moves_per_sweep(self) -> int:
        """Number of moves after which every atom has had one on average."""
        return max(1, int(self._weights.sum()))

    def refresh(self) -> None:
        """Compute energies and fields anew, without what rounding has added."""
        problem = self.problem
        charges = problem.charges[self.arrangements]
        occupied = (self.arrangements != VACANCY).astype(float)
        self.potentials = problem.field + 2 * charges @ problem.coupling
        self._crowding = occupied @ self._forbidden
        self.energies = problem.energies(self.arrangements) + PENALTY_eV * (
            problem.violations(self.arrangements)
        )

    def move(self, kT: np.ndarray, rng: np.random.Generator) -> None:
        """One heat-bath move in every chain, at temperatures kT [eV] (n_chains,)."""
        mover, partner = self._pairs[0]
        if len(self._pairs) > 1:
            share = self._weights / self._weights.sum()
            mover, partner = self._pairs[rng.choice(len(self._pairs), p=share)]
        slots = rng.integers(self.problem.counts[mover], size=len(self._rows))
        slots += self._starts[mover]
        targets = self._order[:, self._starts[partner] : self._starts[partner + 1]]
        sources = self._order[self._rows, slots]
        changes = self._changes(self._rows, sources, targets, mover, partner)
        weights = np.exp(np.minimum(changes / -kT[:, None], STEEPEST))
        # one running sum over all chains; each searches its own part of it
        running = np.cumsum(weights.ravel())
        ends = running[len(targets[0]) - 1 :: len(targets[0])]
        begins = np.concatenate([[0.0], ends[:-1]])
        drawn = rng.random(len(ends)) * (ends - begins + 1.0)  # 1: to stay
        picks = np.searchsorted(running, begins + drawn) - self._rows * len(targets[0])
        moved = np.flatnonzero((drawn < ends - begins) & (picks < len(targets[0])))
        if len(moved):
            self._apply(moved, slots[moved], picks[moved], changes, (mover, partner))

    def exchange(self, first: np.ndarray, second: np.ndarray) -> None:
        """Let chains `first` and `second` change places, as index arrays."""
        for array in (
            self.arrangements,
            self._order,
            self.potentials,
            self._crowding,
            self.energies,
        ):
            array[first], array[second] = array[second].copy(), array[first].copy()

    def quench(self) -> None:
        """Exchange the best pair in every chain until none lowers the energy."""
        active = self._rows
        while len(active) and self._pairs:
            best = np.full(len(active), -1e-9)
            step = np.full((len(active), 3), -1)  # pair, slot of mover, pick
            for number, (mover, partner) in enumerate(self._pairs):
                begin, end = self._starts[partner], self._starts[partner + 1]
                targets = self._order[active, begin:end]
                for slot in range(self._starts[mover], self._starts[mover + 1]):
                    sources = self._order[active, slot]
                    changes = self._changes(active, sources, targets, mover, partner)
                    picks = changes.argmin(axis=1)
                    lowest = changes[np.arange(len(active)), picks]
                    better = lowest < best
                    best[better] = lowest[better]
                    step[better, 0] = number
                    step[better, 1] = slot
                    step[better, 2] = picks[better]
            for number, pair in enumerate(self._pairs):
                mine = step[:, 0] == number
                if mine.any():
                    changes = np.zeros((len(self._rows), self.problem.counts[pair[1]]))
                    chains = active[mine]
                    changes[chains, step[mine, 2]] = best[mine]
                    self._apply(chains, step[mine, 1], step[mine, 2], changes, pair)
            active = active[step[:, 0] >= 0]
        self.refresh()

    def _changes(
        self,
        chains: np.ndarray,
        sources: np.ndarray,
        targets: np.ndarray,
        mover: int,
        partner: int,
    ) -> np.ndarray:
        """Energy changes [eV] of exchanging each source with each of its targets."""
        problem = self.problem
        d = problem.charges[partner] - problem.charges[mover]
        base = (chains * self._n)[:, None]
        flat = (sources * self._n)[:, None] + targets
        changes: np.ndarray = self._exchange.take(flat)
        changes *= d * d
        field = self.potentials[chains, sources][:, None] - self.potentials.take(
            base + targets
        )
        field *= d
        changes += field
        if VACANCY in (mover, partner):
            e = float(partner != VACANCY) - float(mover != VACANCY)
            crowd = self._crowding[chains, sources][:, None] - self._crowding.take(
                base + targets
            )
            crowd *= e
            changes += crowd
            changes -= self._forbidden.take(flat)
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
        pair: tuple[int, int],
    ) -> None:
        """Exchange in the given chains and bring everything up to date."""
        mover, partner = pair
        problem = self.problem
        columns = self._starts[partner] + picks
        sources = self._order[chains, slots]
        targets = self._order[chains, columns]
        self._order[chains, slots] = targets
        self._order[chains, columns] = sources
        self.arrangements[chains, sources] = partner
        self.arrangements[chains, targets] = mover
        d = problem.charges[partner] - problem.charges[mover]
        coupling = problem.coupling
        self.potentials[chains] += 2 * d * (coupling[sources] - coupling[targets])
        if VACANCY in pair:
            e = float(partner != VACANCY) - float(mover != VACANCY)
            self._crowding[chains] += e * (
                self._forbidden[sources] - self._forbidden[targets]
            )
        self.energies[chains] += changes[chains, picks]


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
