"""Bonds between centres and ligands, with every periodic image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers

from mlip.neighbour_list import find_pairs
from mlip.potential import geometry_fault
from training_data.errors import InputError

#: Cutoff over the sum of the ionic radii: well beyond a distorted first shell,
#: well short of the second one.
CUTOFF_OVER_RADII = 1.25
COINCIDENT_A = 1e-3

Species = str | Sequence[str]
Cutoff = float | Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Bonds:
    """Bonds from centres to ligands, sorted by centre and then by length.

    Parameters
    ----------
    centre
        Atom at the centre, shape (n_bonds,).
    ligand
        Atom of the ligand, shape (n_bonds,).
    shifts
        Lattice translation of the ligand, whole numbers, shape (n_bonds, 3).
    lengths_A
        Bond lengths [Å], shape (n_bonds,).
    vectors_A
        From centre to ligand [Å], shape (n_bonds, 3).

    """

    centre: np.ndarray
    ligand: np.ndarray
    shifts: np.ndarray
    lengths_A: np.ndarray
    vectors_A: np.ndarray

    def __len__(self) -> int:
        return len(self.centre)


def choose_species(
    atoms: Atoms, *, centre: Species | None, ligand: Species | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Elements of the centres and of the ligands.

    Parameters
    ----------
    atoms
        Structure.
    centre
        Element or elements of the centres; None for all that are not ligands.
    ligand
        Element or elements of the ligands; None for the most electronegative
        element (Pauling) of the structure, its anion.

    Returns
    -------
    tuple
        Symbols of the centres and of the ligands.

    Raises
    ------
    InputError
        If an element is not in the structure, is both, or none is left.

    Examples
    --------
    >>> choose_species(Atoms("LiZrCl"), centre=None, ligand=None)
    (('Li', 'Zr'), ('Cl',))

    """
    present = sorted(set(atoms.get_chemical_symbols()))
    if ligand is None:
        ligands: tuple[str, ...] = (_most_electronegative(tuple(present)),)
    else:
        ligands = (ligand,) if isinstance(ligand, str) else tuple(ligand)
    if centre is None:
        centres = tuple(symbol for symbol in present if symbol not in ligands)
    else:
        centres = (centre,) if isinstance(centre, str) else tuple(centre)
    if centre is None and not centres:
        raise InputError(
            "atoms must hold centres beside the ligands; got only "
            f"{', '.join(present)!r}. Coordination needs two elements."
        )
    for name, chosen in (("centre", centres), ("ligand", ligands)):
        missing = [symbol for symbol in chosen if symbol not in present]
        if missing or not chosen:
            raise InputError(
                f"{name} must be an element of the structure ({', '.join(present)}); "
                f"got {', '.join(missing) or 'none'!r}. Name the element."
            )
    both = sorted(set(centres) & set(ligands))
    if both:
        raise InputError(
            f"centre must be another element than ligand; got {both[0]!r} for both. "
            "Name both, e.g. centre='Zr', ligand='Cl'."
        )
    return centres, ligands


def bond_cutoffs(
    centres: Sequence[str], ligands: Sequence[str], *, cutoff_A: Cutoff | None
) -> dict[tuple[str, str], float]:
    """Largest bond length of each kind [Å].

    Parameters
    ----------
    centres, ligands
        Elements.
    cutoff_A
        One length for all [Å], or one per kind of bond such as
        ``{"Zr-Cl": 3.2}``; what is not given is 1.25 times the sum of the ionic
        radii (Shannon, six-fold, mean over the element's usual charges).

    Returns
    -------
    dict
        From (centre, ligand) to the length.

    Raises
    ------
    InputError
        If a length is not positive, a key names no bond, or an element has no
        ionic radius and no length is given.

    References
    ----------
    R. D. Shannon, Acta Cryst. A 32, 751 (1976), doi:10.1107/S0567739476001551.

    Examples
    --------
    >>> bond_cutoffs(["Zr"], ["Cl"], cutoff_A={"Zr-Cl": 3.0})
    {('Zr', 'Cl'): 3.0}

    """
    kinds = [(c, x) for c in centres for x in ligands]
    if isinstance(cutoff_A, Mapping):
        known = {f"{c}-{x}" for c, x in kinds}
        strange = sorted(set(cutoff_A) - known)
        if strange:
            raise InputError(
                f"cutoff_A must name bonds among {', '.join(sorted(known))}; got "
                f"{strange[0]!r}. Write centre-ligand."
            )
    found = {}
    for c, x in kinds:
        length = cutoff_A.get(f"{c}-{x}") if isinstance(cutoff_A, Mapping) else cutoff_A
        if length is None:
            length = CUTOFF_OVER_RADII * _sum_of_radii(c, x)
        if not (np.isfinite(length) and length > 0):
            raise InputError(
                f"cutoff_A must be positive; got {length!r} for {c}-{x}. "
                "Give a length in Å."
            )
        found[c, x] = float(length)
    return found


def find_bonds(atoms: Atoms, cutoffs_A: Mapping[tuple[str, str], float]) -> Bonds:
    """All bonds up to the cutoff of their kind.

    Parameters
    ----------
    atoms
        Structure; any mixture of periodic and open directions.
    cutoffs_A
        From (centre, ligand) to the largest length [Å].

    Returns
    -------
    Bonds

    Raises
    ------
    InputError
        If positions or cell are not finite, the cell is flat, or a centre and a
        ligand coincide.

    Examples
    --------
    >>> from ase.build import bulk
    >>> len(find_bonds(bulk("LiCl", "rocksalt", a=5.14), {("Li", "Cl"): 3.0}))
    6

    """
    fault = geometry_fault(atoms)
    if fault:
        raise InputError(
            f"atoms must have a sound geometry; got one where {fault}. "
            "Check positions and cell."
        )
    pairs = find_pairs(
        atoms.positions, atoms.cell.array, atoms.pbc, cutoff=max(cutoffs_A.values())
    )
    first = np.concatenate([pairs.first, pairs.second])
    second = np.concatenate([pairs.second, pairs.first])
    shifts = np.concatenate([pairs.shifts, -pairs.shifts])
    table = np.zeros((len(atomic_numbers), len(atomic_numbers)))
    for (c, x), cutoff_A in cutoffs_A.items():
        table[atomic_numbers[c], atomic_numbers[x]] = cutoff_A
    limit = table[atoms.numbers[first], atoms.numbers[second]]
    possible = limit > 0
    first, second, shifts, limit = (
        first[possible],
        second[possible],
        shifts[possible],
        limit[possible],
    )
    vectors = (
        atoms.positions[second] - atoms.positions[first] + shifts @ atoms.cell.array
    )
    lengths = np.linalg.norm(vectors, axis=1)
    coincident = np.flatnonzero(lengths < COINCIDENT_A)
    if len(coincident):
        one = coincident[0]
        raise InputError(
            f"atoms must not coincide; got atoms {first[one]} and {second[one]}, "
            f"{lengths[one]:.1g} Å apart. Remove one of them."
        )
    near = np.flatnonzero(lengths <= limit)
    order = near[np.lexsort((lengths[near], first[near]))]
    return Bonds(
        centre=first[order],
        ligand=second[order],
        shifts=shifts[order],
        lengths_A=lengths[order],
        vectors_A=vectors[order],
    )


@lru_cache(maxsize=256)
def _most_electronegative(symbols: tuple[str, ...]) -> str:
    from pymatgen.core.periodic_table import Element  # noqa: PLC0415 (heavy)

    if not symbols:
        raise InputError("atoms must hold at least one atom; got none. Add atoms.")
    return max(symbols, key=lambda symbol: float(Element(symbol).X))


@lru_cache(maxsize=1024)
def _sum_of_radii(centre: str, ligand: str) -> float:
    """Sum of the ionic radii of a cation and an anion [Å]."""
    from pymatgen.core.periodic_table import Element  # noqa: PLC0415 (heavy)

    cation = float(Element(centre).average_cationic_radius)
    anion = float(Element(ligand).average_anionic_radius)
    for symbol, radius, kind in ((centre, cation, "cation"), (ligand, anion, "anion")):
        if not radius > 0:
            raise InputError(
                f"cutoff_A must be given for {centre}-{ligand}, as {symbol} has no "
                f"ionic radius as {kind}; got None. Give a length in Å."
            )
    return cation + anion
