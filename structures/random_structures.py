"""Random crystals: any composition in a random cell, no two atoms too close."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers, covalent_radii
from ase.symbols import string2symbols
from matscipy.neighbours import neighbour_list

from training_data.errors import Failure, InputError

RANDOM_CLOSE_PACKING = 0.64
LEAST_ANGLE, LARGEST_ANGLE = 60.0, 120.0
ROUNDS = 400
MARGIN = 1.02


@dataclass(frozen=True, kw_only=True)
class RandomStructures:
    """Random crystals, and those that could not be made.

    Parameters
    ----------
    structures
        What was made.
    failures
        What was not, by number and formula, with the reason.

    """

    structures: tuple[Atoms, ...]
    failures: tuple[Failure, ...]

    def to_json(self) -> dict[str, Any]:
        """Numbers of both, and the reasons of the failures."""
        return {
            "n_structures": len(self.structures),
            "failures": [vars(failure) for failure in self.failures],
        }


def build_random_structure(
    formula: str,
    *,
    volume_per_atom_A3: tuple[float, float],
    rng: np.random.Generator,
    min_distances_A: Mapping[str, float] | None = None,
    distance_fraction: float = 0.8,
    largest_aspect: float = 2.0,
    n_attempts: int = 50,
) -> Atoms:
    r"""Random crystal of one composition in which no two atoms are too close.

    A cell of random shape and volume, atoms dropped anywhere in it, then pushed apart
    until every pair, periodic images included, keeps its distance. There is no
    symmetry beyond the lattice and no preference for any arrangement: such structures
    teach a potential what it must never find attractive, and where relaxations begin.

    Parameters
    ----------
    formula
        What the cell holds, such as ``"Li4Zr2Cl12"``.
    volume_per_atom_A3
        Least and largest volume of the cell per atom, Å³.
    rng
        Random numbers.
    min_distances_A
        Least distance of pairs of elements, ``{"Cl-Cl": 2.8}``, Å.
    distance_fraction
        Least distance of all other pairs, as a fraction of the sum of their covalent
        radii.
    largest_aspect
        Largest ratio of two lengths of the cell.
    n_attempts
        Cells tried before the composition is given up.

    Returns
    -------
    ase.Atoms
        Periodic, atoms wrapped into the cell, grouped by element.

    Raises
    ------
    InputError
        A formula or pair that is none, numbers out of range, or atoms that do not fit.

    Notes
    -----
    Cell lengths are drawn uniformly within the aspect ratio, angles from 60° to 120°,
    and the cell is scaled to a volume drawn uniformly between the limits. Atoms of
    one pair closer than d_min move apart along their connection,

    .. math::

        \Delta\mathbf r_i = \sum_j \tfrac12 (1.02\, d_\text{min} - r_{ij})\,
        \hat{\mathbf r}_{ji}

    until none is left; after 400 rounds another cell is drawn.

    References
    ----------
    C. J. Pickard, R. J. Needs, J. Phys.: Condens. Matter 23, 053201 (2011),
    doi:10.1088/0953-8984/23/5/053201 (random structures with minimum distances).

    Examples
    --------
    >>> atoms = build_random_structure(
    ...     "Li4Cl4", volume_per_atom_A3=(16, 18), rng=np.random.default_rng(0)
    ... )
    >>> atoms.get_chemical_formula(), bool(16 <= atoms.get_volume() / 8 <= 18)
    ('Cl4Li4', True)

    """
    symbols = _symbols(formula)
    low, high = _checked_volume(volume_per_atom_A3)
    if not (0 < distance_fraction <= 1.5 and largest_aspect >= 1 and n_attempts >= 1):  # noqa: PLR2004
        raise InputError(
            "distance_fraction must be above 0 and at most 1.5, largest_aspect and "
            f"n_attempts at least 1; got {distance_fraction!r}, {largest_aspect!r} and "
            f"{n_attempts!r}. Leave them out."
        )
    numbers = np.array([atomic_numbers[symbol] for symbol in symbols])
    least_A = _least_distances(set(symbols), min_distances_A or {}, distance_fraction)
    matrix = np.zeros((numbers.max() + 1,) * 2)
    for (one, other), distance in least_A.items():
        a, b = atomic_numbers[one], atomic_numbers[other]
        matrix[a, b] = matrix[b, a] = distance
    _check_room(formula, numbers, matrix, high)
    for _ in range(n_attempts):
        cell = _random_cell(len(numbers) * rng.uniform(low, high), largest_aspect, rng)
        scaled = rng.random((len(numbers), 3))
        atoms = Atoms(numbers=numbers, cell=cell, scaled_positions=scaled, pbc=True)
        if _push_apart(atoms, matrix):
            atoms.wrap()
            return atoms
    raise InputError(
        f"volume_per_atom_A3 must leave room for {formula!r}; got {low:g} to {high:g}, "
        f"in which {n_attempts} random cells kept atoms too close. Give more volume or "
        "smaller distances."
    )


def build_random_structures(
    formulas: Mapping[str, tuple[float, float]],
    *,
    n_structures: int,
    rng: np.random.Generator,
    min_distances_A: Mapping[str, float] | None = None,
    distance_fraction: float = 0.8,
) -> RandomStructures:
    """Random crystals of several compositions in turn.

    Parameters
    ----------
    formulas
        Content of the cell → least and largest volume per atom, Å³.
    n_structures
        Crystals to make; the compositions take turns.
    rng
        Random numbers.
    min_distances_A, distance_fraction
        See :func:`build_random_structure`.

    Returns
    -------
    RandomStructures
        Each with ``formula`` and ``number`` in its info; a composition that does not
        fit is among the failures.

    Raises
    ------
    InputError
        There is no composition, or a number is out of range.

    Examples
    --------
    >>> made = build_random_structures(
    ...     {"Li8": (18, 22), "Li4Cl4": (16, 20)},
    ...     n_structures=3,
    ...     rng=np.random.default_rng(0),
    ... )
    >>> [atoms.info["formula"] for atoms in made.structures]
    ['Li8', 'Li4Cl4', 'Li8']

    """
    if not formulas or n_structures < 1:
        raise InputError(
            "formulas must hold at least one composition and n_structures be at least "
            f"1; got {dict(formulas)!r} and {n_structures!r}. Give e.g. "
            "{Li4Cl4: [16, 20]}."
        )
    for formula, volume in formulas.items():
        _symbols(formula)
        _checked_volume(volume)
    structures: list[Atoms] = []
    failures: list[Failure] = []
    names = list(formulas)
    for number in range(n_structures):
        formula = names[number % len(names)]
        try:
            atoms = build_random_structure(
                formula,
                volume_per_atom_A3=formulas[formula],
                rng=rng,
                min_distances_A=min_distances_A,
                distance_fraction=distance_fraction,
            )
        except InputError as error:
            failures.append(Failure(f"{number}:{formula}", str(error)))
            continue
        atoms.info |= {"formula": formula, "number": number}
        structures.append(atoms)
    return RandomStructures(structures=tuple(structures), failures=tuple(failures))


def _symbols(formula: str) -> list[str]:
    try:
        symbols = string2symbols(formula)
    except (ValueError, KeyError, IndexError):
        symbols = []
    if not symbols or any(symbol not in atomic_numbers for symbol in symbols):
        raise InputError(
            f"formula must be a chemical formula; got {formula!r}. Write Li4Zr2Cl12."
        )
    return sorted(symbols, key=lambda symbol: atomic_numbers[symbol])


def _checked_volume(volume: Sequence[float]) -> tuple[float, float]:
    if len(volume) != 2 or not 0 < volume[0] <= volume[1] < math.inf:  # noqa: PLR2004
        raise InputError(
            "volume_per_atom_A3 must be two positive numbers, least and largest; got "
            f"{tuple(volume)!r}. LiCl at rest has 16, lithium 20."
        )
    return float(volume[0]), float(volume[1])


def _least_distances(
    species: set[str], given: Mapping[str, float], fraction: float
) -> dict[tuple[str, str], float]:
    """Least distance of every pair of elements, keys in alphabetical order."""
    least = {}
    for one, other in combinations_with_replacement(sorted(species), 2):
        radii = covalent_radii[[atomic_numbers[one], atomic_numbers[other]]]
        least[one, other] = fraction * float(radii.sum())
    for pair, distance in given.items():
        parts = sorted(pair.split("-"))
        if len(parts) != 2 or any(part not in atomic_numbers for part in parts):  # noqa: PLR2004
            raise InputError(
                f"min_distances_A must have keys such as 'Li-Cl'; got {pair!r}. "
                "Correct it."
            )
        if not 0 < distance < math.inf:
            raise InputError(
                f"min_distances_A must be positive; got {distance!r} for {pair}. "
                "Give Å."
            )
        if (parts[0], parts[1]) in least:
            least[parts[0], parts[1]] = float(distance)
    return least


def _check_room(
    formula: str, numbers: np.ndarray, matrix: np.ndarray, largest: float
) -> None:
    """Refuse what is denser than spheres can be packed at random."""
    diameters = matrix[numbers, numbers]
    filled = math.pi / 6 * float((diameters**3).mean())
    if filled > RANDOM_CLOSE_PACKING * largest:
        raise InputError(
            f"volume_per_atom_A3 must leave room for {formula!r}; got at most "
            f"{largest:g}, where its least distances need more than "
            f"{filled / RANDOM_CLOSE_PACKING:.1f}. Give more volume or smaller "
            "distances."
        )


def _random_cell(
    volume: float, largest_aspect: float, rng: np.random.Generator
) -> np.ndarray:
    """Cell of that volume (Å³), rows are vectors."""
    from ase.geometry.cell import cellpar_to_cell  # noqa: PLC0415 (slow to import)

    while True:
        lengths = rng.uniform(1.0, largest_aspect, size=3)
        angles = rng.uniform(LEAST_ANGLE, LARGEST_ANGLE, size=3)
        cosines = np.cos(np.deg2rad(angles))
        squared = 1 - (cosines**2).sum() + 2 * cosines.prod()
        if squared > 0.25:  # noqa: PLR2004 (neither flat nor no cell at all)
            cell: np.ndarray = np.asarray(cellpar_to_cell([*lengths, *angles]))
            scale = float((volume / abs(np.linalg.det(cell))) ** (1 / 3))
            return scale * cell


def _push_apart(atoms: Atoms, matrix: np.ndarray) -> bool:
    """Move atoms until none are too close; False where that did not come about."""
    numbers = atoms.numbers
    reach = float(matrix.max()) * MARGIN
    for _ in range(ROUNDS):
        i, j, vectors, r = neighbour_list("ijDd", atoms, reach)
        least = matrix[numbers[i], numbers[j]]
        close = r < least
        if not close.any():
            return True
        if (i[close] == j[close]).any():  # its own image: the cell is too narrow
            return False
        i, vectors, r, least = i[close], vectors[close], r[close], least[close]
        apart = (MARGIN * least - r)[:, None] / np.maximum(r, 1e-6)[:, None] / 2
        moves = np.zeros_like(atoms.positions)
        np.add.at(moves, i, -apart * vectors)
        atoms.positions += moves
    return False
