"""What is to be ordered: species, counts, allowed sites, energies, forbidden pairs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ase.geometry import find_mic
from scipy.optimize import linear_sum_assignment

from structures.electrostatics import coulomb_matrix
from structures.oxidation_states import oxidation_states_of
from training_data.errors import InputError

if TYPE_CHECKING:
    from structures.disordered_crystal import DisorderedCrystal

VACANCY = 0  # index of the vacancy among the species
COUNT_TOLERANCE = 0.1
"""Contents this close to an integer are that integer (occupancies are rounded)."""
NEUTRALITY_TOLERANCE = 1e-6
FORBIDDEN = 1e6


@dataclass(frozen=True, kw_only=True)
class OrderingProblem:
    """Arrays of one ordering problem, on its disordered sites alone.

    Parameters
    ----------
    sites
        Indices of the disordered sites in the crystal, shape (n,).
    species
        Names of what may sit there; the first is the vacancy, ``"X"``.
    charges
        Their oxidation states, shape (n_species,).
    counts
        How many of each there are, shape (n_species,).
    allowed
        Whether a species may sit on a site, shape (n, n_species).
    coupling
        Coulomb matrix of the disordered sites [eV], shape (n, n).
    field
        Potential of the ordered sites, for a unit charge [eV], shape (n,).
    constant
        Energy of the ordered sites among themselves [eV].
    forbidden
        Pairs of sites of which at most one is occupied, shape (n, n).
    distances_A
        Distances of the disordered sites [Å], shape (n, n).

    """

    sites: np.ndarray
    species: tuple[str, ...]
    charges: np.ndarray
    counts: np.ndarray
    allowed: np.ndarray
    coupling: np.ndarray
    field: np.ndarray
    constant: float
    forbidden: np.ndarray
    distances_A: np.ndarray

    def energies(self, arrangements: np.ndarray) -> np.ndarray:
        """Electrostatic energies [eV] of arrangements, shape (m, n) → (m,)."""
        charges = self.charges[arrangements]
        pairs = np.einsum("ri,ri->r", charges @ self.coupling, charges)
        result: np.ndarray = self.constant + charges @ self.field + pairs
        return result

    def violations(self, arrangements: np.ndarray) -> np.ndarray:
        """Forbidden pairs that are occupied, shape (m, n) → (m,)."""
        occupied = (arrangements != VACANCY).astype(float)
        twice = np.einsum("ri,ri->r", occupied @ self.forbidden, occupied)
        result: np.ndarray = np.round(twice / 2).astype(int)
        return result

    def random_arrangement(self, rng: np.random.Generator) -> np.ndarray:
        """One allowed arrangement, forbidden pairs not looked at, shape (n,)."""
        columns = np.repeat(np.arange(len(self.species)), self.counts)
        cost = rng.random((len(self.sites), len(columns)))
        cost[~self.allowed[:, columns]] = FORBIDDEN
        rows, chosen = linear_sum_assignment(cost)
        if cost[rows, chosen].max() >= FORBIDDEN:
            named = ", ".join(
                f"{count} {name}"
                for name, count in zip(self.species, self.counts, strict=True)
                if name != "X"
            )
            raise InputError(
                f"counts must fit on the sites that allow each species; got {named} "
                f"for {len(rows)} sites. Lower a count or allow more sites."
            )
        arrangement = np.empty(len(rows), dtype=np.int64)
        arrangement[rows] = columns[chosen]
        return arrangement


def ordering_problem(
    crystal: "DisorderedCrystal",
    *,
    counts: Mapping[str, int] | None,
    oxidation_states: Mapping[str, float] | None,
    min_distance_A: float,
    exclusions: Mapping[tuple[str, str], float] | None,
) -> OrderingProblem:
    """Check everything that can be checked before a search, and compute the matrix."""
    disordered = crystal.disordered
    if not disordered.any():
        raise InputError(
            "crystal must have a site that is partly occupied or shared; got none. "
            "It is ordered already: use it as it is."
        )
    states = oxidation_states_of(crystal.content, oxidation_states)
    numbers = _counts(crystal, counts, states)
    _check_neutral(numbers, states)
    sites = np.flatnonzero(disordered)
    fixed = np.zeros(crystal.n_sites)
    fixed_counts: dict[str, int] = {}
    for index in np.flatnonzero(~disordered):
        (name,) = crystal.occupancies[index]
        fixed[index] = states[name]
        fixed_counts[name] = fixed_counts.get(name, 0) + 1
    mobile = list(dict.fromkeys(s for i in sites for s in crystal.occupancies[i]))
    free = [numbers[name] - fixed_counts.get(name, 0) for name in mobile]
    for name, number in zip(mobile, free, strict=True):
        if number < 0:
            raise InputError(
                f"counts must include the {fixed_counts[name]} {name} on ordered "
                f"sites; got {numbers[name]!r}. Give the number in the whole cell."
            )
    vacancies = len(sites) - sum(free)
    if vacancies < 0:
        raise InputError(
            f"counts must fit on the {len(sites)} disordered sites; got {sum(free)} "
            "atoms for them. Lower a count."
        )
    allowed = np.zeros((len(sites), len(mobile) + 1), dtype=bool)
    for row, index in enumerate(sites):
        for name, fraction in crystal.occupancies[index].items():
            allowed[row, 1 + mobile.index(name)] = fraction > 0
        allowed[row, VACANCY] = sum(crystal.occupancies[index].values()) < 1 - 1e-9
    matrix = coulomb_matrix(crystal.cell_A, crystal.scaled_positions)
    distances = _distances(crystal, sites)
    names = [crystal.site_names[index] for index in sites]
    return OrderingProblem(
        sites=sites,
        species=("X", *mobile),
        charges=np.array([0.0, *(states[name] for name in mobile)]),
        counts=np.array([vacancies, *free]),
        allowed=allowed,
        coupling=np.ascontiguousarray(matrix[np.ix_(sites, sites)]),
        field=2 * matrix[sites] @ fixed,
        constant=float(fixed @ matrix @ fixed),
        forbidden=_forbidden(names, distances, min_distance_A, exclusions),
        distances_A=distances,
    )


def _counts(
    crystal: "DisorderedCrystal",
    given: Mapping[str, int] | None,
    states: Mapping[str, float],
) -> dict[str, int]:
    """Whole number of atoms of every species in the cell."""
    result = {}
    content = crystal.content
    for name, number in (given or {}).items():
        if name not in content:
            raise InputError(
                f"counts must name species of the crystal; got {name!r}. "
                f"It holds {', '.join(content)}; use with_occupancy to add one."
            )
        if number != round(number) or number < 0:
            raise InputError(
                f"counts must be whole numbers of atoms; got {number!r} {name}. "
                "Round it, or take a supercell with repeat."
            )
    for name, expected in content.items():
        wanted = float(given[name]) if given and name in given else expected
        if abs(wanted - round(wanted)) > COUNT_TOLERANCE:
            others = {**content, **(given or {}), name: 0.0}
            charge = sum(number * states[other] for other, number in others.items())
            neutral = -charge / states[name] if states[name] else wanted
            whole = neutral >= 0 and abs(neutral - round(neutral)) <= COUNT_TOLERANCE
            raise InputError(
                "content must be a whole number of atoms of each species in the cell; "
                f"got {wanted:.3f} {name}. Give counts={{{name!r}: "
                f"{round(neutral if whole else wanted)}}}"
                f"{', which is neutral,' if whole else ''} or take a supercell with "
                "repeat."
            )
        result[name] = round(wanted)
    return result


def _check_neutral(numbers: Mapping[str, int], states: Mapping[str, float]) -> None:
    """Refuse a charged cell, with what would make it neutral."""
    charge = sum(number * states[name] for name, number in numbers.items())
    if abs(charge) <= NEUTRALITY_TOLERANCE:
        return
    formula = " ".join(f"{number} {name}" for name, number in numbers.items())
    remedies = [
        f"{name}: {round(number - charge / states[name])}"
        for name, number in numbers.items()
        if states[name]
        and number >= charge / states[name]
        and abs(charge / states[name] - round(charge / states[name])) < 1e-6  # noqa: PLR2004
    ]
    hint = (
        f"Neutral with one of these counts: {', '.join(remedies)}."
        if remedies
        else "Change the content, the oxidation states or the supercell."
    )
    raise InputError(
        f"counts must give a neutral cell; got charge {charge:+g} for {formula}. {hint}"
    )


def _distances(crystal: "DisorderedCrystal", sites: np.ndarray) -> np.ndarray:
    """Distances under the minimum image convention [Å], shape (n, n)."""
    scaled = crystal.scaled_positions[sites]
    difference = (scaled[:, None] - scaled[None]).reshape(-1, 3) @ crystal.cell_A
    _, lengths = find_mic(difference, crystal.cell_A)
    result: np.ndarray = lengths.reshape(len(sites), len(sites))
    return result


def _forbidden(
    names: list[str],
    distances_A: np.ndarray,
    min_distance_A: float,
    exclusions: Mapping[tuple[str, str], float] | None,
) -> np.ndarray:
    """Pairs of sites closer than allowed, as 0 and 1, shape (n, n)."""
    if not min_distance_A >= 0:
        raise InputError(
            f"min_distance_A must not be negative; got {min_distance_A!r}. "
            "0 forbids no pair."
        )
    limit = np.full(distances_A.shape, float(min_distance_A))
    labels = np.array(names)
    for (one, other), distance in (exclusions or {}).items():
        for name in (one, other):
            if name not in names:
                raise InputError(
                    f"exclusions must name disordered sites; got {name!r}. "
                    f"Choose from {', '.join(dict.fromkeys(names))}."
                )
        pair = (labels == one)[:, None] & (labels == other)[None]
        limit[pair | pair.T] = distance
    forbidden = (distances_A < limit).astype(float)
    np.fill_diagonal(forbidden, 0.0)
    return forbidden
