"""Duplicates among many structures, all at once or as a search finds them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms

from structures.matching import STRICT, ComparedCrystal, MatchCriteria, sites_match
from training_data.errors import Failure, InputError
from training_data.fingerprint import Fingerprint


@dataclass(frozen=True, kw_only=True)
class Duplicates:
    """Structures grouped by what they are.

    Parameters
    ----------
    groups
        Indices of the structures of each group, the first seen first; the first of a
        group represents it.
    failures
        Structures that could not be compared; ``id`` is their index.
    n_structures
        Number of structures that were given.
    n_site_comparisons
        Pairs whose sites were compared, all others having been told apart before.

    """

    groups: tuple[tuple[int, ...], ...]
    failures: tuple[Failure, ...]
    n_structures: int
    n_site_comparisons: int

    @property
    def representatives(self) -> tuple[int, ...]:
        """Index of the first structure of every group."""
        return tuple(group[0] for group in self.groups)

    def to_json(self) -> dict[str, Any]:
        """Return groups and counts."""
        return {
            "n_structures": self.n_structures,
            "n_distinct": len(self.groups),
            "groups": [list(group) for group in self.groups],
            "failures": [vars(failure) for failure in self.failures],
            "n_site_comparisons": self.n_site_comparisons,
        }


def find_duplicates(
    structures: Sequence[Atoms],
    *,
    energies_eV_per_atom: Sequence[float] | None = None,
    energy_tolerance_eV_per_atom: float = 0.005,
    criteria: MatchCriteria = STRICT,
) -> Duplicates:
    """Group equal structures.

    Parameters
    ----------
    structures
        Periodic crystals; one that cannot be compared becomes a ``Failure``.
    energies_eV_per_atom
        Energies of relaxed structures [eV/atom]; with them, structures whose energies
        differ by more than the tolerance are told apart at once.
    energy_tolerance_eV_per_atom
        Largest difference of energy within a group [eV/atom].
    criteria
        When two structures count as the same.

    Returns
    -------
    Duplicates
        Groups in the order in which they were first seen.

    Raises
    ------
    InputError
        If the energies are not one a structure, or the tolerance is not positive.

    Notes
    -----
    Being the same within a tolerance is not transitive. Every structure is compared
    with the first of each group, the nearest fingerprint first, so a group is what
    lies within the tolerance of its first member.

    The default criteria survive rattling and merge ordered displacements below 0.5 Å,
    such as ZrCl3 with and without paired Zr (0.2 Å). Relaxed structures are told apart
    more finely by ``criteria=RELAXED``, or by their energies.

    Examples
    --------
    >>> from ase.build import bulk
    >>> cells = [bulk("Li", "fcc", a=4.2), bulk("Li", "bcc", a=3.4)]
    >>> cells.append(cells[0].repeat((2, 1, 1)))
    >>> find_duplicates(cells).groups
    ((0, 2), (1,))

    """
    energies: Sequence[float | None] = [None] * len(structures)
    if energies_eV_per_atom is not None:
        if len(energies_eV_per_atom) != len(structures):
            raise InputError(
                "energies_eV_per_atom must be one a structure; got "
                f"{len(energies_eV_per_atom)} for {len(structures)}. Leave it out "
                "where they are not known."
            )
        energies = [float(energy) for energy in energies_eV_per_atom]
    known = UniqueStructures(
        energy_tolerance_eV_per_atom=energy_tolerance_eV_per_atom, criteria=criteria
    )
    members: list[list[int]] = []
    failures = []
    for index, (atoms, energy) in enumerate(zip(structures, energies, strict=True)):
        try:
            group = known.add(atoms, energy_eV_per_atom=energy)
        except InputError as error:
            failures.append(Failure(str(index), str(error)))
            continue
        if group == len(members):
            members.append([])
        members[group].append(index)
    return Duplicates(
        groups=tuple(map(tuple, members)),
        failures=tuple(failures),
        n_structures=len(structures),
        n_site_comparisons=known.n_site_comparisons,
    )


class UniqueStructures:
    """Distinct structures seen so far, for searches that add one at a time.

    Parameters
    ----------
    energy_tolerance_eV_per_atom
        Largest difference of energy of equal structures [eV/atom].
    criteria
        When two structures count as the same.

    Examples
    --------
    >>> from ase.build import bulk
    >>> known = UniqueStructures()
    >>> [known.add(bulk("Li", kind, a=3.4)) for kind in ("bcc", "fcc", "bcc")]
    [0, 1, 0]

    """

    def __init__(
        self,
        *,
        energy_tolerance_eV_per_atom: float = 0.005,
        criteria: MatchCriteria = STRICT,
    ) -> None:
        if not energy_tolerance_eV_per_atom > 0:
            raise InputError(
                "energy_tolerance_eV_per_atom must be positive; got "
                f"{energy_tolerance_eV_per_atom!r}. Give about 0.005."
            )
        self.criteria = criteria
        self.energy_tolerance_eV_per_atom = energy_tolerance_eV_per_atom
        self.n_site_comparisons = 0
        self._crystals: list[ComparedCrystal] = []
        self._energies: list[float] = []
        self._shelves: dict[str, _Shelf] = {}

    def __len__(self) -> int:
        return len(self._crystals)

    @property
    def structures(self) -> tuple[Atoms, ...]:
        """Distinct structures in the order in which they came, as copies."""
        return tuple(crystal.atoms.copy() for crystal in self._crystals)

    def add(self, atoms: Atoms, *, energy_eV_per_atom: float | None = None) -> int:
        """Index of the equal structure; that of a new one where there is none.

        Parameters
        ----------
        atoms
            Periodic crystal.
        energy_eV_per_atom
            Its energy [eV/atom], if known.

        """
        new = ComparedCrystal(atoms, self.criteria)
        energy = math.nan if energy_eV_per_atom is None else float(energy_eV_per_atom)
        shelf = self._shelves.setdefault(new.fingerprint.formula, _Shelf())
        for index in shelf.near(new.fingerprint, self.criteria.fingerprint_tolerance):
            gap = abs(self._energies[index] - energy)
            if gap > self.energy_tolerance_eV_per_atom:  # never true of unknown ones
                continue
            self.n_site_comparisons += 1
            if sites_match(self._crystals[index], new, self.criteria):
                return index
        self._crystals.append(new)
        self._energies.append(energy)
        shelf.put(new.fingerprint, len(self._crystals) - 1)
        return len(self._crystals) - 1


class _Shelf:
    """Fingerprints of one formula, compared all at once."""

    def __init__(self) -> None:
        self._indices: list[int] = []
        self._vectors = np.empty((0, 0, 0), dtype=np.float32)
        self._squares = np.empty((0, 0))

    def put(self, new: Fingerprint, index: int) -> None:
        """Add a fingerprint."""
        n = len(self._indices)
        if n == len(self._vectors):  # double, so that adding stays cheap
            room = max(16, 2 * n)
            vectors = np.zeros((room, *new.vectors.shape), dtype=np.float32)
            squares = np.zeros((room, len(new.species)))
            if n:
                vectors[:n], squares[:n] = self._vectors, self._squares
            self._vectors, self._squares = vectors, squares
        self._vectors[n] = new.vectors
        self._squares[n] = _squares(new)
        self._indices.append(index)

    def near(self, new: Fingerprint, tolerance: float) -> list[int]:
        """Find the fingerprints within the tolerance, nearest first."""
        n = len(self._indices)
        if n == 0:
            return []
        mine = _squares(new)
        squares = self._squares[:n]
        scale = np.maximum((squares + mine) / 2, np.finfo(float).tiny)
        # | |p| - |q| | never exceeds |p - q|
        least = ((np.sqrt(squares) - np.sqrt(mine)) ** 2 / scale).mean(axis=1)
        rows = np.flatnonzero(least <= tolerance**2)
        products = np.einsum(
            "nsf,sf->ns", self._vectors[rows], new.vectors, dtype=np.float64
        )
        apart = np.maximum(squares[rows] + mine - 2 * products, 0.0) / scale[rows]
        distance = np.sqrt(apart.mean(axis=1))
        order = np.argsort(distance, kind="stable")
        return [self._indices[rows[k]] for k in order if distance[k] <= tolerance]


def _squares(new: Fingerprint) -> np.ndarray:
    """Squared lengths of the vectors of a fingerprint."""
    return np.asarray((new.vectors.astype(float) ** 2).sum(axis=1))
