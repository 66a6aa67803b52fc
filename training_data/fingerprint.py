"""Fingerprint of a structure: smooth, and blind to how its cell was chosen."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms
from matscipy.neighbours import neighbour_list
from numpy.typing import NDArray

from training_data.errors import InputError

FIRST_SHELL_A = 1.5
"""Centre of the innermost radial function [Å]."""

DIRECTIONS = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class Fingerprint:
    """Mean atomic environment of every species of one structure.

    Parameters
    ----------
    formula
        Reduced chemical formula, elements in alphabetical order.
    species
        (n_species,) chemical symbols, alphabetical.
    vectors
        (n_species, n_features) mean power spectrum around the atoms of each species,
        float32, dimensionless.
    cutoff_A
        Radius of an environment [Å].
    n_radial, l_max
        Number of radial functions, and highest degree of the spherical harmonics.

    """

    formula: str
    species: tuple[str, ...]
    vectors: NDArray[np.float32]
    cutoff_A: float
    n_radial: int
    l_max: int

    def distance(self, other: "Fingerprint") -> float:
        """Distance to another fingerprint, from 0 (the same) to 2.

        Parameters
        ----------
        other
            Fingerprint with the same settings; infinitely far where the species
            differ.

        """
        return float(fingerprint_distances([self], [other])[0, 0])

    def to_json(self) -> dict[str, Any]:
        """Return settings and size, without the vectors."""
        return {
            "formula": self.formula,
            "species": list(self.species),
            "n_features": int(self.vectors.shape[1]),
            "cutoff_A": self.cutoff_A,
            "n_radial": self.n_radial,
            "l_max": self.l_max,
        }


def fingerprint(
    atoms: Atoms, *, cutoff_A: float = 6.0, n_radial: int = 8, l_max: int = 6
) -> Fingerprint:
    r"""Rotation-, translation-, permutation- and supercell-invariant fingerprint.

    The environment of an atom is the power spectrum of the neighbour density: which
    elements stand at which distances, and at which angles to one another. It is
    averaged over the atoms of each species, so a supercell has the fingerprint of its
    primitive cell. It changes smoothly with positions and cell.

    Parameters
    ----------
    atoms
        Crystal, slab or cluster.
    cutoff_A
        Radius of an environment [Å]; neighbours fade out smoothly towards it.
    n_radial
        Number of radial functions.
    l_max
        Highest degree of the spherical harmonics; 6 tells fcc from hcp sharply.

    Returns
    -------
    Fingerprint
        Vectors to be compared with ``Fingerprint.distance``.

    Raises
    ------
    InputError
        If there are no atoms, a position or cell is not finite, the cell is flat
        along a periodic direction, or a setting is out of range.

    Notes
    -----
    For the atom i with neighbours j of the species t, at distance r and direction u,

    .. math::

        c^i_{tnlm} = \sum_j g_n(r_{ij})\, Y_{lm}(u_{ij}), \qquad
        g_n(r) = e^{-(r - r_n)^2 / 2 w^2}\, \frac{r_1^2}{r^2}\,
        \tfrac12 \left[1 + \cos(\pi r / r_c)\right]

    .. math::

        p^s_{tn,t'n',l} = \frac{1}{N_s} \sum_{i \in s} \frac{4\pi}{2l + 1}
        \sum_m c^i_{tnlm} c^{i*}_{t'n'lm}

    The centres r_n are evenly spaced from 1.5 Å to r_c, w is their distance.

    ======  ==========================
    symbol  variable
    ======  ==========================
    r_c     ``cutoff_A``
    n       1 … ``n_radial``
    l       0 … ``l_max``
    p       ``Fingerprint.vectors``
    ======  ==========================

    The number of features grows with the square of the number of species in the
    structure. A mirror image has the same fingerprint, and so have some structures
    that differ (the mean over atoms loses which environment goes with which): equal
    fingerprints are necessary for two structures to be the same, not sufficient.

    References
    ----------
    A. P. Bartók, R. Kondor, G. Csányi, Phys. Rev. B 87, 184115 (2013),
    doi:10.1103/PhysRevB.87.184115 (power spectrum).
    S. De et al., Phys. Chem. Chem. Phys. 18, 13754 (2016), doi:10.1039/C6CP00415F
    (comparison of whole structures by averaged environments).

    Examples
    --------
    >>> from ase.build import bulk
    >>> one = fingerprint(bulk("LiCl", "rocksalt", a=5.06))
    >>> eight = fingerprint(bulk("LiCl", "rocksalt", a=5.06, cubic=True))
    >>> one.distance(eight) < 1e-5
    True

    """
    _check(atoms, cutoff_A, n_radial, l_max)
    species = tuple(sorted(set(atoms.get_chemical_symbols())))
    kinds = np.array([species.index(symbol) for symbol in atoms.symbols])
    density = _expansion(
        atoms, kinds, cutoff_A=cutoff_A, n_radial=n_radial, l_max=l_max
    )
    upper = np.triu_indices(len(species) * n_radial)
    rows = []
    for kind in range(len(species)):
        mine = density[kinds == kind].reshape(
            np.count_nonzero(kinds == kind), len(species) * n_radial, -1
        )
        spectra = []
        for degree in range(l_max + 1):
            first = degree * (degree + 1) // 2
            block = mine[:, :, first : first + degree + 1]
            weight = np.r_[1.0, np.full(degree, 2.0)]  # -m is the conjugate of m
            flat = np.swapaxes(block, 0, 1).reshape(block.shape[1], -1)
            scaled = flat * np.tile(weight, len(mine))
            power = (scaled @ flat.conj().T).real[upper]
            spectra.append(4 * math.pi / (2 * degree + 1) * power / len(mine))
        rows.append(np.concatenate(spectra))
    return Fingerprint(
        formula=_reduced_formula(atoms),
        species=species,
        vectors=np.array(rows, dtype=np.float32),
        cutoff_A=cutoff_A,
        n_radial=n_radial,
        l_max=l_max,
    )


def fingerprint_distances(
    first: Sequence[Fingerprint], second: Sequence[Fingerprint]
) -> NDArray[np.float64]:
    r"""Distances between all fingerprints of two lists.

    Parameters
    ----------
    first, second
        Fingerprints of one setting; n and m of them.

    Returns
    -------
    numpy.ndarray
        (n, m) distances from 0 to 2; infinite where the species differ.

    Raises
    ------
    InputError
        If the settings differ.

    Notes
    -----
    With the vectors p and q of the species s, of which there are S,

    .. math::

        d^2 = \frac{1}{S} \sum_s
        \frac{\| p_s - q_s \|^2}{\tfrac12 (\| p_s \|^2 + \| q_s \|^2)}

    Every species counts the same, so that the few lithium atoms are not lost among
    the chlorine.

    Examples
    --------
    >>> from ase.build import bulk
    >>> cells = bulk("Li", "fcc", a=4.2), bulk("Li", "hcp", a=4.2 / 2**0.5)
    >>> fcc, hcp = map(fingerprint, cells)
    >>> fingerprint_distances([fcc], [fcc, hcp])[0].round(2).tolist()
    [0.0, 0.1]

    """
    settings = {(f.cutoff_A, f.n_radial, f.l_max) for f in (*first, *second)}
    if len(settings) > 1:
        raise InputError(
            "fingerprints must have one cutoff_A, n_radial and l_max; got "
            f"{sorted(settings)!r}. Compute them again with the same settings."
        )
    distances = np.full((len(first), len(second)), np.inf)
    for species in {f.species for f in first}:
        rows = [i for i, f in enumerate(first) if f.species == species]
        columns = [j for j, f in enumerate(second) if f.species == species]
        if not columns:
            continue
        squared = np.zeros((len(rows), len(columns)))
        for kind in range(len(species)):
            p = np.array([first[i].vectors[kind] for i in rows], dtype=float)
            q = np.array([second[j].vectors[kind] for j in columns], dtype=float)
            p2, q2 = (p**2).sum(axis=1)[:, None], (q**2).sum(axis=1)[None, :]
            scale = (p2 + q2) / 2
            apart = np.maximum(p2 + q2 - 2 * p @ q.T, 0.0)
            squared += np.where(scale > 0, apart / np.where(scale > 0, scale, 1), 0)
        distances[np.ix_(rows, columns)] = np.sqrt(squared / len(species))
    return distances


def _check(atoms: Atoms, cutoff_A: float, n_radial: int, l_max: int) -> None:
    """Refuse what has no fingerprint."""
    if len(atoms) == 0:
        raise InputError("atoms must hold at least one atom; got none. Check the file.")
    if not (np.isfinite(atoms.positions).all() and np.isfinite(atoms.cell[:]).all()):
        raise InputError(
            "atoms must have finite positions and cell; got values that are not "
            "finite. Check what wrote the structure."
        )
    spanned = np.linalg.matrix_rank(atoms.cell[atoms.pbc]) if atoms.pbc.any() else 0
    if spanned < np.count_nonzero(atoms.pbc):
        raise InputError(
            f"cell must span every periodic direction; got {atoms.cell[:].tolist()!r} "
            f"with pbc {atoms.pbc.tolist()}. Give a cell or set pbc to False."
        )
    if not FIRST_SHELL_A < cutoff_A < math.inf:
        raise InputError(
            f"cutoff_A must be more than {FIRST_SHELL_A} Å; got {cutoff_A!r}. "
            "Give about 6."
        )
    if n_radial < 2 or l_max < 0:  # noqa: PLR2004
        raise InputError(
            "n_radial must be at least 2 and l_max not negative; got "
            f"{n_radial!r} and {l_max!r}. Leave them at 8 and 6."
        )


def _expansion(
    atoms: Atoms,
    kinds: NDArray[np.int_],
    *,
    cutoff_A: float,
    n_radial: int,
    l_max: int,
) -> NDArray[np.complex128]:
    """Neighbour density in radial functions and harmonics of m >= 0.

    Shape (n_atoms, n_species, n_radial, n_harmonics).
    """
    n_species = int(kinds.max()) + 1
    box, scaled = _box(atoms, cutoff_A)
    i, j, vectors, r = neighbour_list(
        "ijDd", positions=scaled @ box, cell=box, pbc=atoms.pbc, cutoff=float(cutoff_A)
    )
    apart = r > 0
    i, j, vectors, r = i[apart], j[apart], vectors[apart], r[apart]
    centres = np.linspace(FIRST_SHELL_A, cutoff_A, n_radial + 1)[:-1]
    width = centres[1] - centres[0]
    fade = (FIRST_SHELL_A / r) ** 2 * 0.5 * (1 + np.cos(np.pi * r / cutoff_A))
    radial = np.exp(-((r[:, None] - centres) ** 2) / (2 * width**2)) * fade[:, None]
    harmonics = _harmonics(vectors / r[:, None], l_max)
    order = np.argsort(i * n_species + kinds[j], kind="stable")
    slots = (i * n_species + kinds[j])[order]
    product = radial[order][:, :, None] * harmonics[order][:, None, :]
    density = np.zeros(
        (len(atoms) * n_species, n_radial, harmonics.shape[1]), dtype=complex
    )
    if len(slots):
        begins = np.flatnonzero(np.r_[True, np.diff(slots) > 0])
        density[slots[begins]] = np.add.reduceat(product, begins, axis=0)
    return density.reshape(len(atoms), n_species, n_radial, -1)


def _box(
    atoms: Atoms, cutoff_A: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cell that holds all atoms, and their wrapped fractional coordinates in it."""
    pbc = atoms.pbc
    box = np.zeros((DIRECTIONS, DIRECTIONS))
    box[pbc] = atoms.cell[pbc]
    if not pbc.all():  # rows orthogonal to the periodic ones, long enough for all
        beyond = np.linalg.svd(box)[2][np.count_nonzero(pbc) :]
        reach = np.ptp(atoms.positions @ beyond.T, axis=0) + 2 * cutoff_A
        box[~pbc] = beyond * reach[:, None]
    scaled = atoms.positions @ np.linalg.inv(box)
    scaled -= np.where(pbc, np.floor(scaled), scaled.min(axis=0) - 1e-3)
    return box, scaled


def _harmonics(directions: NDArray[np.float64], l_max: int) -> NDArray[np.complex128]:
    """Spherical harmonics of m >= 0 of unit vectors, (n, (l_max + 1)(l_max + 2) / 2).

    Index ``l (l + 1) / 2 + m``. Upward recursion of the normalised Legendre functions,
    with (x + i y)^m in place of sin^m θ e^{imφ}, which has no pole at the axis.
    """
    x, y, z = directions.T
    out = np.zeros((len(z), (l_max + 1) * (l_max + 2) // 2), dtype=complex)
    turning = np.ones(len(z), dtype=complex)
    top = math.sqrt(1 / (4 * math.pi))
    for m in range(l_max + 1):
        if m:
            turning = turning * (x + 1j * y)
            top *= -math.sqrt((2 * m + 1) / (2 * m))
        below, here = np.zeros_like(z), np.full_like(z, top)
        for degree in range(m, l_max + 1):
            out[:, degree * (degree + 1) // 2 + m] = here * turning
            up = degree + 1
            a = math.sqrt((4 * up**2 - 1) / (up**2 - m**2))
            b = math.sqrt((degree**2 - m**2) / (4 * degree**2 - 1)) if degree else 0.0
            below, here = here, a * (z * here - b * below)
    return out


def _reduced_formula(atoms: Atoms) -> str:
    """Reduced formula with the elements in alphabetical order."""
    counts = atoms.symbols.formula.count()
    divisor = math.gcd(*counts.values())
    return "".join(
        f"{symbol}{'' if n == divisor else n // divisor}"
        for symbol, n in sorted(counts.items())
    )
