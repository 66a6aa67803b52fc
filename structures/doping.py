"""Doped crystals: dopants placed, charge compensated, the rest ordered."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from ase import Atoms

from mlip.potential import Potential
from structures.charge_balance import ChargeBalance, balance_charge, dopants_of_content
from structures.compensation import order_ions
from structures.disordered_crystal import DisorderedCrystal
from structures.dopants import write_ion
from structures.doping_host import MIN_DISTANCE_A, DopingHost, prepare_host
from structures.doping_result import DopedCell, Doping
from structures.oxidation_states import oxidation_states_of
from structures.placements import (
    Placement,
    PlacementKind,
    distinct_placements,
)
from structures.site_labels import label_sites
from training_data.errors import InputError

PLACEMENTS_LOOKED_AT = 200


def build_doped(
    host: Atoms | DisorderedCrystal | DopingHost,
    *,
    dopant: str,
    oxidation_state: int,
    site: str,
    rng: np.random.Generator,
    n_dopants: int | None = None,
    content: float | None = None,
    placement: PlacementKind = "apart",
    n_candidates: int = 4,
    compensating: str | Mapping[str, int] = "Li",
    oxidation_states: Mapping[str, float] | None = None,
    n_formula_units: int | None = None,
    min_distance_A: float = MIN_DISTANCE_A,
    n_runs: int = 8,
    n_sweeps: int = 400,
    potential: Potential | None = None,
) -> Doping:
    """Charge-neutral doped cells, symmetry-distinct and ranked by energy.

    Dopants take sites of the host; other ions leave, or come in on vacant sites, so
    that the cell is neutral. The compensating ions, and all others on partly occupied
    sites, are then ordered by electrostatics around each placement of the dopants.

    Parameters
    ----------
    host
        Ordered crystal, crystal with partly occupied sites, or either of them from
        :func:`prepare_host`, which saves the work when many dopants are built.
    dopant
        Chemical symbol.
    oxidation_state
        Its charge [e].
    site
        Element that is replaced ("Zr"), or the name of its sites ("Li24d").
    rng
        Source of the placements that are drawn and of the ordering.
    n_dopants, content
        Dopants in the cell, or per formula unit of the host (the x of the formula).
        One of the two.
    placement
        "apart", "clustered" or "random"; see :func:`distinct_placements`.
    n_candidates
        How many placements to build. Combinations of site names take turns, so that
        each is tried once before any is tried twice.
    compensating
        Element that keeps the cell neutral: Li, or for example O for oxygen vacancies.
        Or exact changes of several in the cell, such as ``{"Li": -2, "O": -1}``.
    oxidation_states
        Charges of host elements whose charge is not obvious, or differs [e].
    n_formula_units
        Formula units in the cell; by default the greatest common divisor of the
        host's content. To be given where the host is doped already.
    min_distance_A
        Mobile ions and dopants stay at least so far apart [Å].
    n_runs
        Annealing runs per placement; how many agree is in the result.
    n_sweeps
        Moves per mobile ion of each run.
    potential
        Where given, evaluates all cells in one batch and ranks them instead.

    Returns
    -------
    Doping
        Ranked cells with composition, charge and distances.

    Raises
    ------
    InputError
        If the charge cannot be balanced, a species has no oxidation state, the site
        does not exist, the content is not whole, ions must be added and no site is
        vacant, or the dopants do not fit.

    Notes
    -----
    Compositions: see :func:`balance_charge`. Ranking by point charges orders the
    arrangements of one composition; it says nothing about different dopants, for
    which the defect energy of a potential is meant.

    References
    ----------
    B. Liu et al., J. Mater. Chem. A 7, 19961 (2019), doi:10.1039/C9TA06748E.

    Examples
    --------
    >>> from ase.build import bulk
    >>> salt = bulk("LiCl", "rocksalt", a=5.13, cubic=True)
    >>> doping = build_doped(
    ...     salt,
    ...     dopant="Mg",
    ...     oxidation_state=2,
    ...     site="Li",
    ...     n_dopants=1,
    ...     rng=np.random.default_rng(0),
    ... )
    >>> doping.formula, doping.charge, len(doping.atoms)
    ('Li0.5Mg0.25Cl', 0, 7)

    """
    prepared = host if isinstance(host, DopingHost) else prepare_host(host)
    replaced, sites = _sites_to_replace(prepared, site)
    balance = balance_charge(
        prepared.counts,
        dopant=dopant,
        oxidation_state=oxidation_state,
        replaced=replaced,
        n_dopants=_number(prepared, n_dopants, content, n_formula_units),
        compensating=compensating,
        oxidation_states=oxidation_states,
        n_formula_units=n_formula_units,
    )
    for name, value in (
        ("n_candidates", n_candidates),
        ("n_runs", n_runs),
        ("n_sweeps", n_sweeps),
    ):
        if value < 1:
            raise InputError(f"{name} must be at least 1; got {value!r}. Give more.")
    _check_room(prepared, balance)
    found = distinct_placements(
        sites.tolist(),
        n_dopants=balance.n_dopants,
        distances_A=prepared.distances_A,
        permutations=prepared.permutations,
        placement=placement,
        n_placements=PLACEMENTS_LOOKED_AT,
        min_distance_A=min_distance_A if prepared.disordered[sites].any() else 0.0,
        rng=rng,
    )
    chosen = _taking_turns(found, prepared.labels)[:n_candidates]
    cells = [
        _doped_cell(
            prepared,
            balance,
            each,
            min_distance_A=min_distance_A,
            n_runs=n_runs,
            n_sweeps=n_sweeps,
            rng=rng,
        )
        for each in chosen
    ]
    return _ranked(balance, cells, potential)


def order_host(
    host: DopingHost,
    *,
    rng: np.random.Generator,
    oxidation_states: Mapping[str, float] | None = None,
    min_distance_A: float = MIN_DISTANCE_A,
    n_runs: int = 8,
    n_sweeps: int = 400,
) -> Atoms:
    """Undoped cell, ordered as the doped ones are: what defect energies compare with.

    Parameters
    ----------
    host
        Host of :func:`prepare_host`; an ordered one comes back as it is.
    rng
        Source of the ordering.
    oxidation_states
        Charges of elements whose charge is not obvious, or differs [e].
    min_distance_A, n_runs, n_sweeps
        As in :func:`build_doped`.

    Returns
    -------
    Atoms
        Cell with site labels.

    Examples
    --------
    >>> from structures.prototypes.llzo import build_llzo_cubic
    >>> cell = order_host(
    ...     prepare_host(build_llzo_cubic()), rng=np.random.default_rng(0), n_sweeps=50
    ... )
    >>> len(cell)
    192

    """
    charges = oxidation_states_of(host.counts, oxidation_states)
    ordered = order_ions(
        host,
        counts=host.counts,
        oxidation_states={element: round(q) for element, q in charges.items()},
        dopants={},
        leaving=(),
        min_distance_A=min_distance_A,
        n_runs=n_runs,
        n_sweeps=n_sweeps,
        rng=rng,
    )
    return _occupied(host, ordered.species)[0]


def _number(
    host: DopingHost,
    n_dopants: int | None,
    content: float | None,
    n_formula_units: int | None,
) -> int:
    """Count of the dopants, from whichever of the two was given."""
    if (n_dopants is None) == (content is None):
        raise InputError(
            "n_dopants or content must be given, one of the two; got "
            f"n_dopants={n_dopants!r} and content={content!r}. Leave one out."
        )
    if n_dopants is not None:
        return n_dopants
    units = n_formula_units or int(np.gcd.reduce(list(host.counts.values())))
    return dopants_of_content(content or 0.0, n_formula_units=units)


def _sites_to_replace(host: DopingHost, site: str) -> tuple[str, np.ndarray]:
    """Element that is replaced, and its sites."""
    by_element = np.array([element == site for element in host.elements])
    by_name = np.array([label == site for label in host.labels])
    mask = by_element if by_element.any() else by_name
    if not mask.any():
        known = dict.fromkeys((*host.elements, *host.labels))
        raise InputError(
            f"site must be an element or a site name of the host; got {site!r}. "
            f"Choose one of {', '.join(known)}."
        )
    indices = np.flatnonzero(mask)
    return host.elements[indices[0]], indices


def _check_room(host: DopingHost, balance: ChargeBalance) -> None:
    """Refuse ions that would have to come in where no site is vacant."""
    for element in balance.compensation:
        n_sites = host.elements.count(element)
        n_sites -= balance.n_dopants if balance.replaced == element else 0
        needed = balance.counts.get(element, 0)
        if needed > n_sites:
            ion = write_ion(balance.dopant, balance.oxidation_state)
            raise InputError(
                f"host must have vacant {element} sites for {needed - n_sites} more "
                f"{element}, which {balance.n_dopants} {ion} on {balance.replaced} ask "
                f"for; got {n_sites} sites, all occupied. Give a host with partly "
                "occupied sites, such as cubic LLZO (LLZO-cubic, build_llzo_cubic())."
            )


def _taking_turns(
    placements: Sequence[Placement], labels: Sequence[str]
) -> list[Placement]:
    """First of every combination of site names, then the second of each, and so on."""
    seen: dict[tuple[str, ...], int] = {}
    turns = []
    for placement in placements:
        names = tuple(sorted(labels[site] for site in placement.sites))
        seen[names] = seen.get(names, -1) + 1
        turns.append(seen[names])
    order = sorted(range(len(placements)), key=lambda index: turns[index])
    return [placements[index] for index in order]


def _doped_cell(
    host: DopingHost,
    balance: ChargeBalance,
    placement: Placement,
    *,
    min_distance_A: float,
    n_runs: int,
    n_sweeps: int,
    rng: np.random.Generator,
) -> DopedCell:
    """Cell with the dopants placed and everything else ordered around them."""
    ordered = order_ions(
        host,
        counts=balance.counts,
        oxidation_states=balance.oxidation_states,
        dopants=dict.fromkeys(placement.sites, balance.dopant),
        leaving=[e for e, change in balance.compensation.items() if change < 0],
        min_distance_A=min_distance_A,
        n_runs=n_runs,
        n_sweeps=n_sweeps,
        rng=rng,
    )
    energy = ordered.energy_eV
    atoms, kept = _occupied(host, ordered.species)
    atoms.info |= {
        "dopant": write_ion(balance.dopant, balance.oxidation_state),
        "replaced": balance.replaced,
        "content": balance.content,
        "electrostatic_energy_eV": energy,
    }
    distances = host.distances_A[np.ix_(kept, kept)]
    one, other = np.unravel_index(int(distances.argmin()), distances.shape)
    symbols = atoms.get_chemical_symbols()
    to_dopants = host.distances_A[list(placement.sites)].min(axis=0)
    to_dopants[list(placement.sites)] = np.inf
    return DopedCell(
        atoms=atoms,
        dopant_sites=tuple(host.labels[site] for site in placement.sites),
        dopant_distance_A=placement.dopant_distance_A,
        dopant_neighbour_A=float(to_dopants[kept].min()),
        minimum_distance_A=float(distances[one, other]),
        closest_pair=(symbols[one], symbols[other]),
        electrostatic_energy_eV=energy,
        potential_energy_eV=None,
        multiplicity=placement.multiplicity,
        n_runs=ordered.n_runs,
        n_runs_lowest=ordered.n_runs_lowest,
    )


def _occupied(
    host: DopingHost, species: Sequence[str | None]
) -> tuple[Atoms, np.ndarray]:
    """Atoms on the occupied sites, labelled, and the mask of these sites."""
    kept = np.array([name is not None for name in species])
    atoms = host.atoms[kept]
    atoms.set_chemical_symbols([name for name in species if name is not None])
    labels = [label for label, keep in zip(host.labels, kept, strict=True) if keep]
    return label_sites(atoms, labels), kept


def _ranked(
    balance: ChargeBalance, cells: Sequence[DopedCell], potential: Potential | None
) -> Doping:
    """Cells in order of energy, the potential's where there is one."""
    if potential is None:
        ranked = sorted(cells, key=lambda cell: cell.electrostatic_energy_eV)
        return Doping(balance=balance, cells=tuple(ranked))
    evaluation = potential.evaluate([cell.atoms for cell in cells])
    evaluated = [
        replace(cell, potential_energy_eV=float(energy))
        for cell, energy in zip(cells, evaluation.energies, strict=True)
        if np.isfinite(energy)
    ]
    if not evaluated:
        raise InputError(
            f"potential must evaluate at least one cell; got {len(cells)} failures of "
            f"{potential.name!r}, the first: {evaluation.failures[0].reason}. "
            "Rank without a potential."
        )
    ranked = sorted(evaluated, key=lambda cell: cell.potential_energy_eV or 0.0)
    return Doping(balance=balance, cells=tuple(ranked), failures=evaluation.failures)
