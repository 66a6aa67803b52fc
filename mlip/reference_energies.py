"""Energies of the elements that a network's own energy is added to."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers

from training_data.errors import InputError


@dataclass(frozen=True, kw_only=True)
class ReferenceEnergies:
    """One energy per element and what it leaves over, group by group.

    Parameters
    ----------
    energies_eV
        Energy per atom of each element, eV.
    rank
        Independent compositions in the data: with fewer than there are elements,
        only some sums of the energies mean anything.
    group_offsets_meV_per_atom
        Mean of (label minus what is already explained) per group, meV/atom: what
        the network has to learn on top.
    source
        "least_squares", "least_squares from <model>" or "given".

    """

    energies_eV: dict[str, float]
    rank: int
    group_offsets_meV_per_atom: dict[str, float]
    source: str


def fit_reference_energies(
    structures: Sequence[Atoms],
    *,
    energies: np.ndarray,
    explained: np.ndarray | None = None,
    start: Mapping[str, float] | None = None,
    groups: Sequence[str] | None = None,
    new: Sequence[str] = (),
) -> ReferenceEnergies:
    r"""Fit reference energies by least squares of the energies on the composition.

    Without a starting model every energy is a sum over elements plus what the
    network adds.  With one, `explained` is the starting model's total energy and
    `start` its reference energies: the smallest *change* of the references is
    fitted to the residual, so that the start disturbs the network least and
    elements (or sums of elements) that the data say nothing about keep theirs.

    Parameters
    ----------
    structures
        n frames; only the numbers of atoms per element are used.
    energies
        (n,) labels, eV.
    explained
        (n,) total energies of the starting model, eV.
    start
        Reference energies of the starting model, eV/atom.
    groups
        (n,) name of each frame's group, for the offsets; one group when missing.
    new
        Elements whose energies in `start` are guesses: these take up all that they
        can before any other energy changes.

    Returns
    -------
    ReferenceEnergies

    Raises
    ------
    InputError
        No frames, or an element that the starting model does not know.

    Notes
    -----
    .. math:: \min_e \sum_i \left(\frac{E_i - \sum_s N_{is} e_s}{N_i}\right)^2

    ============  =====================
    symbol        variable
    ============  =====================
    :math:`E_i`   energies (− explained)
    :math:`N_is`  atoms of s in frame i
    :math:`e_s`   energies_eV (− start)
    ============  =====================

    Examples
    --------
    >>> frames = [Atoms("Li2"), Atoms("Cl2"), Atoms("LiCl")]
    >>> fit = fit_reference_energies(frames, energies=np.array([-4.0, -2.0, -3.0]))
    >>> {s: round(e, 6) for s, e in fit.energies_eV.items()}
    {'Li': -2.0, 'Cl': -1.0}

    """
    if len(structures) == 0:
        raise InputError("dataset must hold frames; got none. Give labelled frames.")
    present = {s for atoms in structures for s in atoms.get_chemical_symbols()}
    known = present if start is None else set(start)
    if present - known:
        raise InputError(
            "dataset must hold only elements of the starting model; got "
            f"{sorted(present - known)!r} beside {sorted(known)!r}. "
            "Train from scratch, or start from a model that knows them."
        )
    species = sorted(known, key=lambda symbol: atomic_numbers[symbol])
    counts = count_elements(structures, species=species)
    n_atoms = counts.sum(axis=1)
    residual = np.asarray(energies, dtype=float)
    if explained is not None:
        residual = residual - np.asarray(explained, dtype=float)
    shares = counts / n_atoms[:, None]
    free = np.isin(species, list(new))
    change = np.zeros(len(species))
    change[free] = np.linalg.lstsq(shares[:, free], residual / n_atoms, rcond=None)[0]
    rest = residual / n_atoms - shares @ change
    more, _, rank, _ = np.linalg.lstsq(shares, rest, rcond=None)
    change += more
    base = np.array([0.0 if start is None else start[s] for s in species])
    left_over = 1000 * (residual - counts @ change) / n_atoms
    return ReferenceEnergies(
        energies_eV=dict(zip(species, (base + change).tolist(), strict=True)),
        rank=int(rank),
        group_offsets_meV_per_atom=_group_means(left_over, groups),
        source="least_squares",
    )


def given_reference_energies(
    energies_eV: Mapping[str, float],
    structures: Sequence[Atoms],
    *,
    energies: np.ndarray,
    groups: Sequence[str] | None = None,
) -> ReferenceEnergies:
    """Take the reference energies that the user states, with what they leave.

    Parameters
    ----------
    energies_eV
        Energy per atom of each element, eV.
    structures
        n frames.
    energies
        (n,) labels, eV.
    groups
        (n,) name of each frame's group.

    Returns
    -------
    ReferenceEnergies

    Raises
    ------
    InputError
        An element of the data is missing.

    Examples
    --------
    >>> given = given_reference_energies(
    ...     {"Li": -2.0}, [Atoms("Li2")], energies=np.array([-4.2])
    ... )
    >>> round(given.group_offsets_meV_per_atom["all"], 6)
    -100.0

    """
    present = {s for atoms in structures for s in atoms.get_chemical_symbols()}
    missing = sorted(present - set(energies_eV))
    if missing:
        raise InputError(
            f"reference_energies must name every element of the data; {missing!r} "
            "are missing. Add them or use least_squares."
        )
    species = sorted(energies_eV, key=lambda symbol: atomic_numbers[symbol])
    counts = count_elements(structures, species=species)
    references = np.array([energies_eV[s] for s in species])
    n_atoms = counts.sum(axis=1)
    left_over = 1000 * (np.asarray(energies) - counts @ references) / n_atoms
    return ReferenceEnergies(
        energies_eV={s: float(energies_eV[s]) for s in species},
        rank=int(np.linalg.matrix_rank(counts)),
        group_offsets_meV_per_atom=_group_means(left_over, groups),
        source="given",
    )


def count_elements(
    structures: Sequence[Atoms], *, species: Sequence[str]
) -> np.ndarray:
    """Numbers of atoms per element, shape (n, len(species)).

    Parameters
    ----------
    structures
        n frames.
    species
        Chemical symbols, in the order of the columns.

    Returns
    -------
    numpy.ndarray
        Counts as float.

    Examples
    --------
    >>> count_elements([Atoms("Li2ZrCl6")], species=["Li", "Cl", "Zr"]).tolist()
    [[2.0, 6.0, 1.0]]

    """
    counters = [Counter(atoms.get_chemical_symbols()) for atoms in structures]
    return np.array([[c[s] for s in species] for c in counters], dtype=float)


def _group_means(values: np.ndarray, groups: Sequence[str] | None) -> dict[str, float]:
    names = np.array(["all"] * len(values) if groups is None else list(groups))
    return {str(g): float(values[names == g].mean()) for g in np.unique(names)}
