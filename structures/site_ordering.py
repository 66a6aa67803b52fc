"""Ordered structures from partial occupancies, by electrostatics."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np

from structures.disordered_crystal import DisorderedCrystal
from structures.ordering import Ordering
from structures.ordering_problem import ordering_problem
from structures.ordering_ranking import n_candidates, rank_arrangements
from structures.ordering_runs import (
    anneal,
    enumerate_arrangements,
    temper,
    temperature_range,
)
from structures.oxidation_states import oxidation_states_of
from structures.site_symmetry import permutations_within, site_permutations
from training_data.errors import InputError

if TYPE_CHECKING:
    from mlip.potential import Potential

OrderingMethod = Literal["tempering", "annealing", "enumeration"]

BEYOND = 400  # enumerated arrangements kept per structure asked for, for symmetry


def order_sites(
    crystal: DisorderedCrystal,
    *,
    counts: Mapping[str, int] | None = None,
    oxidation_states: Mapping[str, float] | None = None,
    min_distance_A: float = 2.0,
    exclusions: Mapping[tuple[str, str], float] | None = None,
    method: OrderingMethod = "tempering",
    n_runs: int = 10,
    n_sweeps: int = 1500,
    kT_range: tuple[float, float] | None = None,
    n_keep: int = 10,
    potential: "Potential | None" = None,
    progress: Callable[[int, int], None] | None = None,
    rng: np.random.Generator,
) -> Ordering:
    """Lowest ordered structures of a disordered crystal.

    Every species is put on sites that the crystal allows it, its number in the cell
    kept, so that the electrostatic energy of the formal charges is lowest. Sites that
    are full of one species stay as they are.

    Parameters
    ----------
    crystal
        Crystal with partial occupancies; any number of species may share a site.
    counts
        Species → number of atoms in the whole cell. Left out, the number that the
        occupancies give, which must be whole (within 0.1).
    oxidation_states
        Species → charge. Needed for species with several oxidation states.
    min_distance_A
        Disordered sites closer than this [Å] are never occupied together.
    exclusions
        Pairs of site names → distance [Å] that replaces ``min_distance_A`` for them.
    method
        ``"tempering"``: parallel tempering. ``"annealing"``: simulated annealing.
        ``"enumeration"``: every arrangement, for up to two million.
    n_runs
        Number of independent runs; their agreement is the evidence that the lowest
        was found.
    n_sweeps
        Length of a run: moves of every atom, on average.
    kT_range
        Lowest and highest temperature [eV]; by default from the charges.
    n_keep
        Number of symmetry-distinct structures wanted at most.
    potential
        Evaluates the structures as they are, in one batch, and ranks them instead of
        the electrostatic energy. It also sees those that tie with the last one wanted
        (0.1 meV), up to five times ``n_keep``.
    progress
        Called with the number of rounds of moves that are done, and of all.
    rng
        Source of random numbers.

    Returns
    -------
    Ordering
        Structures, energies and the statistics of the runs.

    Raises
    ------
    InputError
        If the content is not whole or not neutral, a species has no oxidation state,
        there is nothing to order, or no arrangement avoids all forbidden pairs.

    Notes
    -----
    Energy: ``E = sum_ij q_i M_ij q_j`` with the Ewald matrix M, computed once. Formal
    charges, no screening and no relaxation: differences are several times larger than
    real ones, and good for a ranking.

    References
    ----------
    S. P. Ong et al., Comput. Mater. Sci. 68, 314 (2013),
    doi:10.1016/j.commatsci.2012.10.028 (the Ewald sum). R. H. Swendsen, J.-S. Wang,
    Phys. Rev. Lett. 57, 2607 (1986), doi:10.1103/PhysRevLett.57.2607 (exchange of
    replicas). S. Kirkpatrick, C. D. Gelatt, M. P. Vecchi, Science 220, 671 (1983),
    doi:10.1126/science.220.4598.671 (annealing).

    Examples
    --------
    Two lithium atoms on the four corners of a square net keep apart:

    >>> net = DisorderedCrystal(
    ...     cell_A=np.diag([6.0, 6.0, 9.0]),
    ...     scaled_positions=np.array(
    ...         [[0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0.5, 0.5, 0], [0, 0, 0.5]]
    ...     ),
    ...     occupancies=({"Li": 0.5},) * 4 + ({"O": 1.0},),
    ...     site_names=("Li",) * 4 + ("O",),
    ... )
    >>> ordering = order_sites(net, method="enumeration", rng=np.random.default_rng(1))
    >>> best = ordering.structures[0]
    >>> round(float(best.get_distance(0, 1, mic=True)), 3), len(ordering.structures)
    (4.243, 4)

    """
    _check(method, n_runs, n_sweeps, n_keep, kT_range)
    problem = ordering_problem(
        crystal,
        counts=counts,
        oxidation_states=oxidation_states,
        min_distance_A=min_distance_A,
        exclusions=exclusions,
    )
    if potential is not None and potential.species is not None:
        unknown = sorted(set(crystal.content) - set(potential.species))
        if unknown:
            raise InputError(
                f"potential must know every species; got {potential.name!r}, which "
                f"does not know {', '.join(unknown)}. Choose another, or none."
            )
    problem.random_arrangement(rng)  # raises where the counts do not fit
    permutations = permutations_within(site_permutations(crystal), problem.sites)
    if method == "enumeration":
        by_run = [enumerate_arrangements(problem, n_keep=BEYOND * n_keep)]
    else:
        volume = abs(float(np.linalg.det(crystal.cell_A)))
        by_run = (temper if method == "tempering" else anneal)(
            problem,
            n_runs=n_runs,
            n_sweeps=n_sweeps,
            kT_range=kT_range or temperature_range(problem, volume),
            permutations=permutations,
            n_keep=n_candidates(n_keep, potential),
            rng=rng,
            progress=progress,
        )
    return rank_arrangements(
        crystal,
        problem,
        by_run,
        permutations=permutations,
        method=method,
        oxidation_states=oxidation_states_of(crystal.content, oxidation_states),
        n_keep=n_keep,
        potential=potential,
    )


def _check(
    method: str,
    n_runs: int,
    n_sweeps: int,
    n_keep: int,
    kT_range: tuple[float, float] | None,
) -> None:
    """Refuse settings that make no search."""
    if method not in ("tempering", "annealing", "enumeration"):
        raise InputError(
            f"method must be 'tempering', 'annealing' or 'enumeration'; got {method!r}."
            " Tempering finds the lowest most often."
        )
    for name, value in (("n_runs", n_runs), ("n_sweeps", n_sweeps), ("n_keep", n_keep)):
        if value < 1:
            raise InputError(f"{name} must be at least 1; got {value!r}. Give more.")
    if kT_range is not None and not 0 < kT_range[0] <= kT_range[1]:
        raise InputError(
            f"kT_range must be positive and ascending; got {kT_range!r}. "
            "Give energies in eV, such as (0.3, 0.6)."
        )
