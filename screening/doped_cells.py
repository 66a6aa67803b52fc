"""Cells of doped LLZO, small enough that a potential relaxes one in seconds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np
from ase import Atoms

from mlip.potential import Potential
from structures.disordered_crystal import DisorderedCrystal
from structures.dopants import LlzoDopant
from structures.doping import build_doped, order_host
from structures.doping_host import DopingHost, prepare_host
from structures.prototypes.llzo import CUBIC_A, build_llzo_cubic
from structures.relaxation import relax
from structures.space_group import primitive_cell
from training_data.errors import Failure, InputError

UNDOPED = "undoped"
"""Name of the pure cell among the rows."""
FORMULA_UNITS = {4: 1, 8: 2}
"""Formula units of the cells → primitive cells in each."""
CHGNET_A = 13.064
"""Lattice constant of pure LLZO with CHGNet [Å], by ``relaxed_lattice_constant``."""
WHOLE = 1e-6


@dataclass(frozen=True, kw_only=True)
class RelaxedCell:
    """One doped cell at rest in a potential, or as near as the steps allowed.

    Parameters
    ----------
    name
        Ion and site, such as ``"Al3+-Li"``; ``"undoped"`` for the pure cell.
    atoms
        Relaxed cell.
    energy_eV
        Its energy in the potential [eV].
    fmax_eV_per_A
        Largest force left [eV/Å].
    converged
        Whether that is below what was asked.
    n_steps
        Evaluations after the first.
    seconds
        Wall time of ordering and relaxation [s].
    potential
        Identity of the potential.

    """

    name: str
    atoms: Atoms
    energy_eV: float
    fmax_eV_per_A: float
    converged: bool
    n_steps: int
    seconds: float
    potential: str

    @property
    def counts(self) -> dict[str, int]:
        """Atoms of each element in the cell."""
        symbols = self.atoms.get_chemical_symbols()
        return {each: symbols.count(each) for each in sorted(set(symbols))}

    def to_json(self) -> dict[str, Any]:
        """Numbers of the cell, without its atoms."""
        return {
            "name": self.name,
            "counts": self.counts,
            "energy_eV": self.energy_eV,
            "fmax_eV_per_A": self.fmax_eV_per_A,
            "converged": self.converged,
            "n_steps": self.n_steps,
            "seconds": round(self.seconds, 1),
            "potential": self.potential,
        }


def build_primitive_garnet(*, a_A: float = CUBIC_A) -> DisorderedCrystal:
    """Primitive cell of cubic LLZO with its partly occupied lithium sites.

    Parameters
    ----------
    a_A
        Lattice constant of the conventional cell [Å]; by default measured.

    Returns
    -------
    DisorderedCrystal
        4 formula units: 96 atoms on 128 sites. One dopant is x = 0.25.

    Raises
    ------
    InputError
        If the lattice constant is not positive.

    Examples
    --------
    >>> cell = build_primitive_garnet()
    >>> cell.n_sites, round(cell.content["La"])
    (128, 12)

    """
    if not a_A > 0:
        raise InputError(f"a_A must be positive; got {a_A!r}. Give it in Å.")
    cubic = build_llzo_cubic(a_A=a_A)
    names = list(dict.fromkeys(cubic.site_names))
    kinds = [names.index(name) for name in cubic.site_names]
    found = primitive_cell(cubic.cell_A, cubic.scaled_positions, kinds)
    if found is None:
        raise InputError(
            f"a_A must give a crystal with symmetry; got {a_A!r}. Give about 13 Å."
        )
    cell, scaled, kinds_there = found
    occupancy = dict(zip(cubic.site_names, cubic.occupancies, strict=True))
    there = [names[kind] for kind in kinds_there]
    return replace(
        cubic,
        cell_A=cell,
        scaled_positions=scaled,
        occupancies=tuple(occupancy[name] for name in there),
        site_names=tuple(there),
    )


def relax_doped_cells(
    dopants: Sequence[LlzoDopant | None],
    potential: Potential,
    *,
    a_A: float = CHGNET_A,
    content: float = 0.25,
    seed: int = 0,
    fmax_eV_per_A: float = 0.05,
    max_steps: int = 60,
    n_runs: int = 4,
    n_sweeps: int = 200,
) -> Iterator[RelaxedCell | Failure]:
    """Doped cells of LLZO, relaxed one after the other; each is handed out when done.

    Dopants are put into the primitive or conventional cell, charge is balanced by
    lithium, and the lithium is ordered by electrostatics; then the positions relax in
    the fixed cell of pure LLZO. One that cannot be built or relaxed is a failure, and
    the rest goes on.

    Parameters
    ----------
    dopants
        Rows of the dopant list; None stands for the pure cell.
    potential
        What relaxes the cells.
    a_A
        Lattice constant of pure LLZO in the potential [Å].
    content
        Dopants per formula unit: a multiple of 1/4 in the primitive cell, or of 1/8
        in the conventional one, which is taken where it must be.
    seed
        Seed of the ordering, the same for every dopant.
    fmax_eV_per_A
        Largest force left [eV/Å].
    max_steps
        Most steps of one cell.
    n_runs, n_sweeps
        Annealing runs of the ordering, and moves per ion of each.

    Yields
    ------
    RelaxedCell or Failure
        In the order given.

    Raises
    ------
    InputError
        If neither cell holds a whole number of dopants.

    Notes
    -----
    A cell that keeps the volume of the pure crystal costs B V (ΔV/V)²/2: for a dopant
    that would swell the cell by 0.5 %, with B = 100 GPa, 2 meV per formula unit.

    """
    n_units = formula_units_of(content)
    host = _host(n_units, a_A)
    n_dopants = round(content * n_units)
    for dopant in dopants:
        name = UNDOPED if dopant is None else dopant.name
        start = perf_counter()
        try:
            atoms = _cell(host, dopant, n_dopants, seed, n_runs, n_sweeps)
        except InputError as error:
            yield Failure(name, str(error))
            continue
        yield _relaxed(name, atoms, potential, fmax_eV_per_A, max_steps, start)


def continue_relaxation(
    cell: RelaxedCell,
    potential: Potential,
    *,
    fmax_eV_per_A: float = 0.05,
    max_steps: int = 60,
) -> RelaxedCell | Failure:
    """Cell that goes on from where its relaxation ended.

    Parameters
    ----------
    cell
        Relaxed cell, at rest or not; it is not changed.
    potential
        What relaxed it.
    fmax_eV_per_A
        Largest force left [eV/Å].
    max_steps
        Most steps from here on.

    Returns
    -------
    RelaxedCell or Failure
        Steps and seconds are those of all relaxations together.

    Raises
    ------
    InputError
        If the cell is of another potential.

    """
    if cell.potential != potential.identity:
        raise InputError(
            f"potential must be the one that relaxed the cell, {cell.potential}; got "
            f"{potential.identity}. Load that one, or relax the cell from the start."
        )
    start = perf_counter()
    found = _relaxed(cell.name, cell.atoms, potential, fmax_eV_per_A, max_steps, start)
    if isinstance(found, Failure):
        return found
    return replace(
        found,
        n_steps=cell.n_steps + found.n_steps,
        seconds=cell.seconds + found.seconds,
    )


def formula_units_of(content: float) -> int:
    """Smallest cell with a whole number of dopants, as its number of formula units.

    Parameters
    ----------
    content
        Dopants per formula unit.

    Raises
    ------
    InputError
        If neither the primitive nor the conventional cell holds a whole number.

    Examples
    --------
    >>> formula_units_of(0.25), formula_units_of(0.125)
    (4, 8)

    """
    for n_units in FORMULA_UNITS:
        number = content * n_units
        if number > 0 and abs(number - round(number)) < WHOLE:
            return n_units
    raise InputError(
        f"content must be a positive multiple of 1/8 for cells to be built; got "
        f"{content!r}. Take 0.125, 0.25 or 0.5, or leave the cells out."
    )


def _relaxed(  # noqa: PLR0917 (numbers of one call, handed through)
    name: str,
    atoms: Atoms,
    potential: Potential,
    fmax_eV_per_A: float,
    max_steps: int,
    start: float,
) -> RelaxedCell | Failure:
    """Relax one cell, timed from `start`."""
    try:
        found = relax(
            atoms, potential, fmax_eV_per_A=fmax_eV_per_A, max_steps=max_steps
        )
    except InputError as error:
        return Failure(name, str(error))
    if found.failure is not None or not np.isfinite(found.energy_eV):
        reason = found.failure.reason if found.failure else "energy not finite"
        return Failure(name, reason)
    return RelaxedCell(
        name=name,
        atoms=found.atoms,
        energy_eV=found.energy_eV,
        fmax_eV_per_A=found.fmax_eV_per_A,
        converged=found.converged,
        n_steps=found.n_steps,
        seconds=perf_counter() - start,
        potential=potential.identity,
    )


def _host(n_units: int, a_A: float) -> DopingHost:
    """Primitive or conventional cell, ready to be doped."""
    small = FORMULA_UNITS[n_units] == 1
    crystal = build_primitive_garnet(a_A=a_A) if small else build_llzo_cubic(a_A=a_A)
    counts = {"Li": 7, "La": 3, "Zr": 2, "O": 12}
    return prepare_host(
        crystal, counts={symbol: n_units * n for symbol, n in counts.items()}
    )


def _cell(  # noqa: PLR0917 (numbers of one call, handed through)
    host: DopingHost,
    dopant: LlzoDopant | None,
    n_dopants: int,
    seed: int,
    n_runs: int,
    n_sweeps: int,
) -> Atoms:
    """Cell of lowest electrostatic energy, ordered."""
    rng = np.random.default_rng(seed)
    if dopant is None:
        return order_host(host, rng=rng, n_runs=n_runs, n_sweeps=n_sweeps)
    return build_doped(
        host,
        dopant=dopant.element,
        oxidation_state=dopant.oxidation_state,
        site=dopant.site,
        n_dopants=n_dopants,
        n_candidates=2 if dopant.site == "Li" else 1,
        n_runs=n_runs,
        n_sweeps=n_sweeps,
        rng=rng,
    ).atoms


def relaxed_lattice_constant(
    potential: Potential, *, seed: int = 0, fmax_eV_per_A: float = 0.05
) -> float:
    """Lattice constant of the ordered pure cell in a potential, its shape kept [Å].

    Parameters
    ----------
    potential
        What relaxes the cell.
    seed
        Seed of the ordering.
    fmax_eV_per_A
        Largest force left [eV/Å].

    Returns
    -------
    float
        Edge of the conventional cube whose half is the primitive cell.

    """
    host = _host(4, CUBIC_A)
    found = relax(
        _cell(host, None, 1, seed, 4, 200),
        potential,
        fmax_eV_per_A=fmax_eV_per_A,
        cell="isotropic",
    )
    volume_A3: float = 2.0 * found.atoms.get_volume()
    return float(np.cbrt(volume_A3))
