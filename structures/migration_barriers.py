"""Barriers of all distinct hops of a crystal, from one batch of elastic bands."""

from collections.abc import Callable, Sequence
from typing import get_args

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from mlip.potential import Potential
from structures.hop_ends import Mechanism, hop_ends, supercell_repeats
from structures.hops import Hop, distinct_hops
from structures.migration_graph import HopBarrier, MigrationGraph, join_hops
from structures.minimum_energy_path import MinimumEnergyPath
from structures.nudged_elastic_band import minimum_energy_paths
from structures.periodicity import require_periodic
from structures.relaxation import Relaxation, relax
from structures.site_symmetry import wyckoff_names
from structures.voids import find_voids
from training_data.errors import Failure, InputError

SYMMETRY_A = 0.05  # of a relaxed crystal
LEFT_A = 1.0
HOST_FMAX_eV_per_A = 0.01


def migration_barriers(
    atoms: Atoms,
    potential: Potential,
    *,
    species: str = "Li",
    mechanism: Mechanism = "vacancy",
    cutoff_A: float | None = None,
    smallest_height_A: float = 10.0,
    n_images: int = 5,
    fmax_eV_per_A: float = 0.05,
    max_steps: int = 300,
    relax_cell: bool = True,
    scaled_voids: NDArray[np.float64] | None = None,
    smallest_void_A: float = 1.9,
    progress: Callable[[int, int], None] | None = None,
) -> MigrationGraph:
    """Barriers of all symmetry-distinct hops of one species, and of going through.

    Parameters
    ----------
    atoms
        Ordered crystal, any cell.
    potential
        What evaluates it.
    species
        Element that moves.
    mechanism
        ``"vacancy"`` or ``"interstitial"``.
    cutoff_A
        Longest hop [Å]; by default 5 % longer than what lets the network lead
        through the crystal.
    smallest_height_A
        Smallest distance of opposite faces of the supercell [Å].
    n_images, max_steps
        Of each elastic band.
    fmax_eV_per_A
        Largest force left on the ends and on the bands [eV/Å].
    relax_cell
        Whether the cell of the crystal is relaxed before anything is built from it;
        positions always are. Supercells with the hop keep it.
    scaled_voids
        Empty places for ``"interstitial"``, fractional, shape (n, 3); by default the
        largest voids.
    smallest_void_A
        Smallest distance of such a place to the nearest atom [Å].
    progress
        Called with the number of finished relaxations and bands and of all.

    Returns
    -------
    MigrationGraph
        Every hop with its path (or why there is none), energies of the sites, and
        barriers of percolation.

    Raises
    ------
    InputError
        If the structure is no crystal or has no such species, a number cannot be
        used, or the crystal does not come to rest.

    Notes
    -----
    One vacancy or one ion more in the supercell, without a change of charge: an
    interatomic potential knows no electrons. Its images are as far apart as the cell
    is high. An end whose moving ion, or the surroundings, leave the site by more than
    1 Å on relaxation is no minimum; its hop gets no barrier.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from ase.calculators.emt import EMT
    >>> from mlip.ase_potential import AsePotential
    >>> found = migration_barriers(
    ...     bulk("Al", a=4.05), AsePotential(EMT()), species="Al",
    ...     smallest_height_A=4.5, n_images=3,
    ... )
    >>> len(found.hops), found.hops[0].path.converged
    (1, True)

    """
    require_periodic(atoms)
    if mechanism not in get_args(Mechanism):
        raise InputError(
            f"mechanism must be vacancy or interstitial; got {mechanism!r}. Choose one."
        )
    if mechanism == "vacancy" and species not in atoms.get_chemical_symbols():
        raise InputError(
            f"species must be one of {', '.join(sorted(set(atoms.symbols)))}; got "
            f"{species!r}. They are what the structure holds."
        )
    if not smallest_height_A > 0:
        raise InputError(
            f"smallest_height_A must be positive; got {smallest_height_A!r}. Give 10."
        )
    potential.check_species(Atoms([species]))
    host = _at_rest(
        atoms, potential, fmax=min(HOST_FMAX_eV_per_A, fmax_eV_per_A),
        cell="full" if relax_cell else "fixed",
    )  # fmt: skip
    sites, names = _sites(host, species, mechanism, scaled_voids, smallest_void_A)
    hops = distinct_hops(host, sites, cutoff_A=cutoff_A, tolerance_A=SYMMETRY_A)
    repeats = supercell_repeats(host, smallest_height_A=smallest_height_A)
    ends = [
        hop_ends(
            host, hop, species=species, scaled_sites=sites, repeats=repeats,
            mechanism=mechanism,
        )
        for hop in hops
    ]  # fmt: skip
    total = 3 * len(hops)

    def say(before: int) -> Callable[[int, int], None]:
        return lambda done, _: progress(before + done, total) if progress else None

    relaxed = relax(
        [structure for pair in ends for structure in pair],
        potential,
        fmax_eV_per_A=fmax_eV_per_A / 2,
        progress=say(0),
    )
    pairs = list(zip(relaxed[::2], relaxed[1::2], strict=True))
    faults = [_fault(before, after) for before, after in zip(ends, pairs, strict=True)]
    sound = [k for k, fault in enumerate(faults) if not fault]
    paths = minimum_energy_paths(
        [(pairs[k][0].atoms, pairs[k][1].atoms) for k in sound],
        potential,
        n_images=n_images,
        fmax_eV_per_A=fmax_eV_per_A,
        max_steps=max_steps,
        progress=say(2 * len(hops)),
    )
    by_hop: dict[int, MinimumEnergyPath] = dict(zip(sound, paths, strict=True))
    barriers = _barriers(hops, by_hop, faults, names)
    return join_hops(
        barriers, host=host, species=species, mechanism=mechanism,
        scaled_sites=sites, site_names=names, repeats=repeats,
        n_atoms=len(ends[0][0]),
    )  # fmt: skip


def _barriers(
    hops: Sequence[Hop],
    paths: dict[int, MinimumEnergyPath],
    faults: Sequence[str],
    names: Sequence[str],
) -> tuple[HopBarrier, ...]:
    found = []
    for k, hop in enumerate(hops):
        reason = faults[k]
        path = paths.get(k)
        if path is not None and path.failure is not None:
            reason = path.failure.reason
        elif path is not None and not path.converged:
            reason = (
                f"not at rest after {path.n_steps} steps, with forces up to "
                f"{path.fmax_eV_per_A:.2g} eV/Å"
            )
        found.append(
            HopBarrier(
                hop=hop, start_name=names[hop.start], end_name=names[hop.end],
                path=path, failure=Failure(str(k), reason) if reason else None,
            )
        )  # fmt: skip
    return tuple(found)


def _at_rest(atoms: Atoms, potential: Potential, *, fmax: float, cell: str) -> Atoms:
    crystal = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=True)
    for name in ("site", "layer"):
        if name in atoms.arrays:
            crystal.set_array(name, atoms.arrays[name])
    crystal.info.update(
        {key: atoms.info[key] for key in ("site_names",) if key in atoms.info}
    )
    found = relax(crystal, potential, fmax_eV_per_A=fmax, cell=cell)
    if not found.converged:
        reason = found.failure.reason if found.failure else "still moving"
        raise InputError(
            f"atoms must come to rest in the potential; got {reason} after "
            f"{found.n_steps} steps, with forces up to {found.fmax_eV_per_A:.2g} eV/Å. "
            "Relax the structure first, or take another potential."
        )
    return found.atoms


def _sites(
    host: Atoms,
    species: str,
    mechanism: Mechanism,
    scaled_voids: NDArray[np.float64] | None,
    smallest_void_A: float,
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Fractional positions between which ions hop, and what they are called."""
    if mechanism == "interstitial":
        if scaled_voids is not None:
            given = np.asarray(scaled_voids, dtype=float).reshape(-1, 3)
            return given, tuple(f"void{k + 1}" for k in range(len(given)))
        voids = find_voids(host, smallest_A=smallest_void_A)
        return voids.scaled_positions, _numbered(
            [f"void{orbit + 1}" for orbit in voids.orbits]
        )
    scaled = host.get_scaled_positions()
    chosen = [k for k, symbol in enumerate(host.symbols) if symbol == species]
    if "site" in host.arrays and "site_names" in host.info:
        names = [host.info["site_names"][k] for k in host.arrays["site"]]
    else:
        symbols = host.get_chemical_symbols()
        found = wyckoff_names(host.cell.array, scaled, symbols, symbols)
        names = list(found) if found is not None else symbols
    return scaled[chosen], _numbered([names[k] for k in chosen])


def _numbered(names: Sequence[str]) -> tuple[str, ...]:
    """Names told apart where several sites share one: ``Li4g.1``, ``Li4g.2``."""
    seen: dict[str, int] = {}
    numbered = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        several = list(names).count(name) > 1
        numbered.append(f"{name}.{seen[name]}" if several else name)
    return tuple(numbered)


def _fault(before: tuple[Atoms, Atoms], after: tuple[Relaxation, Relaxation]) -> str:
    """Why two relaxed ends are not those of a hop; empty where they are."""
    for name, start, end in zip(("start", "end"), before, after, strict=True):
        if end.failure is not None:
            return f"the {name} cannot be relaxed: {end.failure.reason}"
        if not end.converged:
            return f"the {name} is not at rest after {end.n_steps} steps"
        moved = np.linalg.norm(end.atoms.positions - start.positions, axis=1)
        if moved[-1] > LEFT_A:
            return (
                f"the {name} is no minimum: the ion moved {moved[-1]:.2f} Å from its "
                "site"
            )
    apart = after[1].atoms.positions[-1] - after[0].atoms.positions[-1]
    if float(np.linalg.norm(apart)) < LEFT_A / 2:
        return "start and end relax to one minimum"
    return ""
