"""Which phase every atom is in, read from its neighbours."""

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols
from numpy.typing import NDArray

from md.analysis.pairs import neighbour_pairs
from training_data.errors import InputError

PHASES = ("electrolyte", "film", "metal", "alloy", "intermediate")
ELECTROLYTE, FILM, METAL, ALLOY, INTERMEDIATE = range(5)


@dataclass(frozen=True, kw_only=True)
class PhaseRule:
    """How many neighbours, and how near, make an atom part of a phase.

    Parameters
    ----------
    metal, cation, anion
        Chemical symbols: of the electrode, of what dissolves, of what the film holds.
    cation_anion_A, metal_anion_A, metal_metal_A
        Distances of neighbours, Å; the last also between metal and cation. The
        defaults are first minima of the pair distributions of Li | Li2ZrCl6.
    least_anions_of_cation
        A cation with as many anions or more is part of the electrolyte (3: half of
        six).
    least_anions_of_metal
        A metal atom with as many anions or more is an ion (4).
    least_metal_of_anion
        An anion that no cation of the electrolyte holds is part of the film when it
        has as many metal ions around it (4 of the 6 of rock salt; 5 at its surface).
    least_metal_of_metal
        A metal atom with fewer metal neighbours is of no phase (4).
    alloy_share
        A metal atom is in the alloy when cations are this share of its metallic
        neighbours (1/4).

    """

    metal: str = "Li"
    cation: str = "Zr"
    anion: str = "Cl"
    cation_anion_A: float = 3.4
    metal_anion_A: float = 3.5
    metal_metal_A: float = 4.1
    least_anions_of_cation: int = 3
    least_anions_of_metal: int = 4
    least_metal_of_anion: int = 4
    least_metal_of_metal: int = 4
    alloy_share: float = 0.25

    def __post_init__(self) -> None:
        """Refuse what is no rule."""
        if len({self.metal, self.cation, self.anion}) != 3:  # noqa: PLR2004
            raise InputError(
                "metal, cation and anion must be three elements; got "
                f"{self.metal}, {self.cation}, {self.anion}. Name Li, Zr and Cl, "
                "for instance."
            )
        for name in ("cation_anion_A", "metal_anion_A", "metal_metal_A"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise InputError(
                    f"{name} must be positive; got {value!r}. Give the first minimum "
                    "of the pair distribution."
                )


def phase_labels(
    atoms: Atoms,
    *,
    rule: PhaseRule | None = None,
) -> NDArray[np.int8]:
    """Phase of every atom of one structure.

    Parameters
    ----------
    atoms
        Metal, electrolyte and whatever has formed between them.
    rule
        Elements, distances and counts; those of Li | Li2ZrCl6 by default.

    Returns
    -------
    ndarray
        (n,) indices into `PHASES`.

    Raises
    ------
    InputError
        If an element of the rule is missing.

    Notes
    -----
    Cations first: electrolyte with at least ``least_anions_of_cation`` anions, alloy
    with none, intermediate between. Then anions: electrolyte when held by a cation of
    the electrolyte, else film when enough metal ions surround them. Then the metal:
    with ``least_anions_of_metal`` anions it belongs where most of these belong;
    otherwise to the alloy or the metal, by its metallic neighbours. Atoms of other
    elements are intermediate.

    Examples
    --------
    A slab of rock salt is film; a zirconium atom far from it has no anions:

    >>> from ase.build import bulk
    >>> slab = bulk("LiCl", "rocksalt", a=5.13, cubic=True) * (2, 2, 2)
    >>> slab.center(vacuum=8.0, axis=2)
    >>> slab += Atoms("Zr", positions=[[0.0, 0, 0]])
    >>> labels = phase_labels(slab)
    >>> PHASES[labels[0]], PHASES[labels[-1]], int(labels[:-1].max())
    ('film', 'alloy', 1)

    """
    return PhaseLabeller(atoms, rule=rule or PhaseRule()).labels(
        atoms.positions, atoms.cell.array
    )


class PhaseLabeller:
    """Phases of the atoms, frame by frame.

    Parameters
    ----------
    atoms
        Fixes elements and periodicity.
    rule
        Elements, distances and counts.

    """

    def __init__(self, atoms: Atoms, *, rule: PhaseRule) -> None:
        numbers = np.asarray(atoms.numbers)
        self.rule = rule
        self.of: dict[str, NDArray[np.bool_]] = {}
        for role in ("metal", "cation", "anion"):
            symbol = getattr(rule, role)
            self.of[role] = numbers == _number(symbol)
            if not self.of[role].any():
                raise InputError(
                    f"{role} must be an element of the structure; got {symbol!r}. "
                    f"It holds {', '.join(sorted(set(atoms.symbols)))}."
                )
        self._pbc = np.asarray(atoms.pbc)
        self._at = {role: np.flatnonzero(mask) for role, mask in self.of.items()}

    def labels(
        self, positions: NDArray[np.float64], cell: NDArray[np.float64]
    ) -> NDArray[np.int8]:
        """(n,) phases of one frame.

        Parameters
        ----------
        positions
            (n, 3) in Å.
        cell
            (3, 3) in Å.

        """
        rule = self.rule
        n = len(positions)
        found = np.full(n, INTERMEDIATE, dtype=np.int8)
        cations, anions = self._at["cation"], self._at["anion"]
        metals = self._at["metal"]
        c, x = self._near(positions, cell, cations, anions, rule.cation_anion_A)
        of_cation = np.bincount(c, minlength=n)
        host = self.of["cation"] & (of_cation >= rule.least_anions_of_cation)
        found[host] = ELECTROLYTE
        found[self.of["cation"] & (of_cation == 0)] = ALLOY
        held = np.bincount(x, weights=host[c], minlength=n) > 0
        m, y = self._near(positions, cell, metals, anions, rule.metal_anion_A)
        around = np.bincount(y, minlength=n)
        found[self.of["anion"] & held] = ELECTROLYTE
        salt = self.of["anion"] & ~held & (around >= rule.least_metal_of_anion)
        found[salt] = FILM
        near = np.bincount(m, minlength=n)
        in_film = np.bincount(m, weights=salt[y], minlength=n)
        in_host = np.bincount(m, weights=held[y], minlength=n)
        ion = self.of["metal"] & (near >= rule.least_anions_of_metal)
        found[ion] = np.where(in_film > in_host, FILM, ELECTROLYTE)[ion]
        bare = np.flatnonzero(self.of["metal"] & ~ion)
        free = np.concatenate([metals, cations[found[cations] == ALLOY]])
        i, j = self._near(positions, cell, bare, free, rule.metal_metal_A)
        all_metallic = np.bincount(i, minlength=n) - self.of["metal"]
        dissolved = np.bincount(i, weights=self.of["cation"][j], minlength=n)
        enough = all_metallic >= rule.least_metal_of_metal
        alloyed = dissolved >= rule.alloy_share * np.maximum(all_metallic, 1)
        kind = np.where(enough, np.where(alloyed, ALLOY, METAL), INTERMEDIATE)
        found[bare] = kind[bare]
        return found

    def _near(
        self,
        positions: NDArray[np.float64],
        cell: NDArray[np.float64],
        first: NDArray[np.int64],
        second: NDArray[np.int64],
        cutoff_A: float,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Pair up atoms that are near each other (an atom is near itself)."""
        pairs = neighbour_pairs(
            positions[first], positions[second], cell, self._pbc, cutoff_A=cutoff_A
        )
        return first[pairs.first], second[pairs.second]


def _number(symbol: str) -> int:
    return chemical_symbols.index(symbol) if symbol in chemical_symbols else -1
