"""Selection of structures to label: those a committee doubts, far from each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms

from mlip.potential import Potential
from training_data.errors import Failure, InputError
from training_data.fingerprint import Fingerprint, fingerprint, fingerprint_distances

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FARTHEST = 2.0
"""Largest distance of two fingerprints; counts for structures of other elements."""


@dataclass(frozen=True, kw_only=True)
class DisagreementResult:
    """How far the members of a committee disagree about structures.

    Parameters
    ----------
    disagreements_eV_per_A
        Of each structure the largest spread of the force on one of its atoms, eV/Å,
        shape (n_structures,); NaN where it could not be evaluated.
    failures
        Structures that could not be evaluated, by index.

    """

    disagreements_eV_per_A: np.ndarray
    failures: tuple[Failure, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values; NaN becomes None."""
        return {
            "disagreements_eV_per_A": [
                float(value) if np.isfinite(value) else None
                for value in self.disagreements_eV_per_A
            ],
            "failures": [vars(failure) for failure in self.failures],
        }


@dataclass(frozen=True, kw_only=True)
class SelectionResult:
    """Structures chosen for labelling, and why.

    Parameters
    ----------
    chosen
        Indices of the chosen candidates, the most wanted first.
    distances
        Of each chosen one, its fingerprint distance from what was known or chosen
        before it, 0 to 2; 2 for elements that never occurred together before.
    disagreements_eV_per_A
        Of all candidates, eV/Å, NaN where one could not be evaluated.
    least_eV_per_A, most_eV_per_A
        Limits between which a candidate was considered, eV/Å.
    n_accurate, n_uncertain, n_hopeless
        Candidates below the limits, between them, and above them or not evaluated.
    n_repeated
        Uncertain candidates that lay too close to others to be of use.

    """

    chosen: tuple[int, ...]
    distances: tuple[float, ...]
    disagreements_eV_per_A: tuple[float, ...]
    least_eV_per_A: float
    most_eV_per_A: float
    n_accurate: int
    n_uncertain: int
    n_hopeless: int
    n_repeated: int

    def to_json(self) -> dict[str, Any]:
        """Plain values; numbers that are not finite become None."""
        plain = dict(vars(self))
        plain["chosen"] = list(self.chosen)
        plain["distances"] = list(self.distances)
        plain["disagreements_eV_per_A"] = [
            value if np.isfinite(value) else None
            for value in self.disagreements_eV_per_A
        ]
        if not np.isfinite(self.most_eV_per_A):
            plain["most_eV_per_A"] = None
        return plain

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Disagreement of the candidates, those chosen apart, with the limits."""
        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots()
        values = np.array(self.disagreements_eV_per_A, dtype=float)
        picked = values[list(self.chosen)]
        known = values[np.isfinite(values) & (values > 0)]
        if len(known):
            low = min(known.min(), self.least_eV_per_A or known.min())
            high = max(known.max(), self.least_eV_per_A)
            bins = np.geomspace(0.8 * low, 1.25 * high, 25).tolist()
            ax.hist(known, bins=bins, color="#9fb4c4", label="all candidates")
            ax.hist(picked, bins=bins, color="#c8553d", label="chosen")
            ax.set_xscale("log")
            ax.set_xlim(bins[0], bins[-1])
            ax.locator_params(axis="y", integer=True)
            for limit in (self.least_eV_per_A, self.most_eV_per_A):
                if bins[0] < limit < bins[-1]:
                    ax.axvline(limit, color="#1f3b4d", lw=1, ls="--", label="limit")
            ax.legend(frameon=False, fontsize=8)
        ax.set_xlabel("largest force spread of a structure (eV/Å)")
        ax.set_ylabel("structures")
        return ax


def committee_disagreements(
    structures: Sequence[Atoms], committee: Potential
) -> DisagreementResult:
    """Disagreement of a committee about each structure, in one batched call.

    Parameters
    ----------
    structures
        What to ask about.
    committee
        A :class:`~mlip.committee.CommitteePotential`, with or without dispersion.

    Returns
    -------
    DisagreementResult

    Raises
    ------
    InputError
        The potential is no committee.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from ase.calculators.lj import LennardJones
    >>> from mlip.ase_potential import AsePotential
    >>> from mlip.committee import CommitteePotential
    >>> pair = Atoms("Ar2", [[0, 0, 0], [3, 0, 0]])  # force of 24 ε/σ between them
    >>> wells = [AsePotential(LennardJones(sigma=3, epsilon=e)) for e in (1, 3)]
    >>> found = committee_disagreements([pair], CommitteePotential(wells))
    >>> found.disagreements_eV_per_A.round(6).tolist()
    [8.0]

    """
    if not structures:
        return DisagreementResult(disagreements_eV_per_A=np.empty(0), failures=())
    told = committee.evaluate(list(structures))
    failed = {int(failure.id) for failure in told.failures}
    if told.force_spreads is None and len(failed) < len(structures):
        raise InputError(
            f"committee must be one; got {committee.name!r}, which has no members to "
            "disagree. Build it with build_committee."
        )
    spreads = told.force_spreads or ()
    largest = [
        np.nan if index in failed else float(spreads[index].max())
        for index in range(len(structures))
    ]
    return DisagreementResult(
        disagreements_eV_per_A=np.array(largest), failures=tuple(told.failures)
    )


def select_structures(
    candidates: Sequence[Atoms],
    disagreements_eV_per_A: Sequence[float] | np.ndarray,
    *,
    n_wanted: int,
    known: Sequence[Atoms] = (),
    least_eV_per_A: float = 0.1,
    most_eV_per_A: float = np.inf,
    min_distance: float = 0.0,
) -> SelectionResult:
    r"""Candidates that a committee doubts most and that resemble each other least.

    Of the candidates whose disagreement lies between the limits one is taken at a
    time: the one for which disagreement times distance from everything known and
    chosen so far is largest. Ten neighbouring frames of a trajectory that has run
    astray give one label, not ten.

    Parameters
    ----------
    candidates
        Structures that could be labelled.
    disagreements_eV_per_A
        Of each candidate, see :func:`committee_disagreements`; NaN: not evaluated.
    n_wanted
        Most structures to choose.
    known
        Structures with labels, such as the training set.
    least_eV_per_A
        Disagreement below which the committee is believed, eV/Å.
    most_eV_per_A
        Disagreement above which a structure is past hope, eV/Å: its geometry comes
        from a potential that had already failed.
    min_distance
        Fingerprint distance (0 to 2) below which a candidate repeats another.

    Returns
    -------
    SelectionResult

    Raises
    ------
    InputError
        Numbers out of range, or not one disagreement for each candidate.

    Notes
    -----
    .. math::

        k^* = \arg\max_k \; \sigma_k \min_{j \in K \cup C} d(k, j), \qquad
        \sigma_\text{least} \le \sigma_k \le \sigma_\text{most}

    Farthest-point sampling weighted by disagreement; with equal σ it is the greedy
    2-approximation of the k-centre problem. The result depends on nothing but its
    input: no random numbers, ties go to the earlier candidate.

    ======  ==============================================================
    symbol  variable
    ======  ==============================================================
    σ       ``disagreements_eV_per_A``
    d       :func:`~training_data.fingerprint.fingerprint_distances`; 2 for
            structures with other elements
    K       ``known``
    C       ``chosen`` so far
    ======  ==============================================================

    References
    ----------
    T. F. Gonzalez, Theor. Comput. Sci. 38, 293 (1985),
    doi:10.1016/0304-3975(85)90224-5 (farthest point).
    Y. Zhang et al., Comput. Phys. Commun. 253, 107206 (2020),
    doi:10.1016/j.cpc.2020.107206 (two limits of the disagreement).

    Examples
    --------
    Two equal cells and another one: of the equal ones only the first is chosen.

    >>> from ase.build import bulk
    >>> cells = [bulk("Li", "fcc", a=4.2), bulk("Li", "fcc", a=4.2), bulk("Li", "bcc")]
    >>> select_structures(cells, [0.3, 0.3, 0.2], n_wanted=3, min_distance=0.01).chosen
    (0, 2)

    """
    sigma = np.asarray(disagreements_eV_per_A, dtype=float)
    _check(candidates, sigma, n_wanted, (least_eV_per_A, most_eV_per_A), min_distance)
    uncertain = (sigma >= least_eV_per_A) & (sigma <= most_eV_per_A)
    asked = np.flatnonzero(uncertain)
    chosen, distances, repeated = _farthest(
        [fingerprint(candidates[int(i)]) for i in asked],
        _alike(known, [candidates[int(i)] for i in asked]),
        sigma[asked],
        n_wanted=n_wanted,
        min_distance=min_distance,
    )
    accurate = int((sigma < least_eV_per_A).sum())
    return SelectionResult(
        chosen=tuple(int(asked[k]) for k in chosen),
        distances=tuple(distances),
        disagreements_eV_per_A=tuple(float(value) for value in sigma),
        least_eV_per_A=float(least_eV_per_A),
        most_eV_per_A=float(most_eV_per_A),
        n_accurate=accurate,
        n_uncertain=len(asked),
        n_hopeless=len(sigma) - accurate - len(asked),
        n_repeated=repeated,
    )


def _farthest(
    prints: Sequence[Fingerprint],
    known: Sequence[Fingerprint],
    sigma: np.ndarray,
    *,
    n_wanted: int,
    min_distance: float,
) -> tuple[list[int], list[float], int]:
    """Order of choice, the distance at each choice, and how many were repetitions."""
    nearest = np.full(len(prints), FARTHEST)
    if prints and known:
        apart = fingerprint_distances(prints, known).min(axis=1)
        nearest = np.minimum(nearest, apart)
    chosen: list[int] = []
    distances: list[float] = []
    free = np.ones(len(prints), dtype=bool)
    while len(chosen) < n_wanted:
        open_ = free & (nearest >= min_distance)
        if not open_.any():
            break
        best = int(np.argmax(np.where(open_, sigma * nearest, -1.0)))
        chosen.append(best)
        distances.append(float(nearest[best]))
        free[best] = False
        apart = fingerprint_distances(prints, [prints[best]])[:, 0]
        nearest = np.minimum(nearest, apart)
    repeated = int((free & (nearest < min_distance)).sum())
    return chosen, distances, repeated


def _alike(known: Sequence[Atoms], candidates: Sequence[Atoms]) -> list[Fingerprint]:
    """Fingerprints of what is known, where a candidate has the same elements."""
    wanted = {frozenset(atoms.symbols) for atoms in candidates}
    return [fingerprint(atoms) for atoms in known if frozenset(atoms.symbols) in wanted]


def _check(
    candidates: Sequence[Atoms],
    sigma: np.ndarray,
    n_wanted: int,
    limits: tuple[float, float],
    min_distance: float,
) -> None:
    if sigma.shape != (len(candidates),):
        raise InputError(
            f"disagreements_eV_per_A must have shape ({len(candidates)},), one number "
            f"a candidate; got {sigma.shape}. Ask committee_disagreements."
        )
    if n_wanted < 1:
        raise InputError(f"n_wanted must be at least 1; got {n_wanted!r}. Take 30.")
    least, most = limits
    if not 0 <= least < most:
        raise InputError(
            "least_eV_per_A must be zero or positive and below most_eV_per_A; got "
            f"{least!r} and {most!r}. Take 0.1 and 1."
        )
    if not 0 <= min_distance < FARTHEST:
        raise InputError(
            f"min_distance must be from 0 to below {FARTHEST:g}; got {min_distance!r}. "
            "Take 0.02."
        )
