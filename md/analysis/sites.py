"""Sites that ions occupy: from a structure, from its holes, or from a density."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from ase.geometry import minkowski_reduce
from numpy.typing import NDArray
from scipy import ndimage

from md.analysis.density_grid import smoothed
from md.analysis.ion_density import IonDensityResult
from md.analysis.plain import plain
from md.analysis.site_assignment import NearestSite
from structures.anion_holes import SHAPES, anion_holes
from structures.layered_sites import layered_sites
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEAST_DISTANCE_A = 0.3


@dataclass(frozen=True, kw_only=True)
class Sites:
    """Places of ions in a crystal.

    Parameters
    ----------
    fractional
        (n, 3) positions as fractions of `cell_A`.
    cell_A
        (3, 3) lattice vectors (rows), Å.
    labels
        Kind of each site; equivalent sites share one.
    source
        How they were found.
    sheets
        (n,) sheet of a layered crystal; None elsewhere.

    """

    fractional: NDArray[np.float64]
    cell_A: NDArray[np.float64]
    labels: tuple[str, ...]
    source: str
    sheets: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        """Refuse no sites, sites on top of each other, and labels that do not fit."""
        if len(self.fractional) != len(self.labels) or not len(self.labels):
            raise InputError(
                f"labels must be one for each of the sites, at least one; got "
                f"{len(self.labels)} for {len(self.fractional)}. Name every site."
            )
        shortest = (
            2 * NearestSite(fractional=self.fractional, cell_A=self.cell_A).safe_A
        )
        if shortest < _LEAST_DISTANCE_A:
            raise InputError(
                f"sites must be {_LEAST_DISTANCE_A} Å or more from each other; got "
                f"{shortest:.2f} Å between two. Merge them."
            )

    @property
    def kinds(self) -> tuple[str, ...]:
        """Distinct labels, sorted."""
        return tuple(sorted(set(self.labels)))

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        return dict(plain(self))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Sites by kind: first and third fractional coordinate.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(4, 3.4), layout="constrained").subplots()
        labels = np.array(self.labels)
        for kind in self.kinds:
            places = self.fractional[labels == kind]
            ax.plot(places[:, 0], places[:, 2], "o", ms=4, label=kind)
        ax.set(xlabel="Fraction of a", ylabel="Fraction of c")
        ax.legend(frameon=False, fontsize="small")
        return ax

    def to_atoms(self, symbol: str = "X") -> Atoms:
        """Sites as atoms, for looking at them."""
        return Atoms(
            [symbol] * len(self.labels),
            scaled_positions=self.fractional,
            cell=self.cell_A,
            pbc=True,
        )


def sites_from_structure(
    atoms: Atoms, *, species: str = "Li", labels: Sequence[str] | None = None
) -> Sites:
    """Sites at the places of one species of a structure.

    Parameters
    ----------
    atoms
        Structure with three lattice vectors in the frame of the trajectory.
    species
        Symbol of the atoms that mark sites (``X`` for markers).
    labels
        Kind of each of these atoms, in their order; by default its name of the site
        where the structure has one, else the symbol.

    Raises
    ------
    InputError
        If there is no such atom.

    """
    chosen = np.flatnonzero(np.asarray(atoms.get_chemical_symbols()) == species)
    if not len(chosen):
        raise InputError(
            f"species must be one of {atoms.symbols!s}; got {species!r}. Its places "
            "are the sites."
        )
    if labels is None:
        names = atoms.info.get("site_names")
        labels = [species] * len(chosen)
        if names is not None and "site" in atoms.arrays:
            labels = [str(names[int(i)]) for i in atoms.arrays["site"][chosen]]
    return Sites(
        fractional=atoms.get_scaled_positions(wrap=True)[chosen],
        cell_A=np.asarray(atoms.cell[:], dtype=float),
        labels=tuple(labels),
        source=f"places of {species} in a structure",
    )


def sites_from_holes(
    structure: Atoms, *, anions: Sequence[str] = ("Cl",), n_anions: Sequence[int] = (6,)
) -> Sites:
    """Sites at the octahedral or tetrahedral holes between anions.

    Parameters
    ----------
    structure
        Framework, such as ``IonDensityResult.structure``.
    anions, n_anions
        See `structures.anion_holes.anion_holes`.

    Raises
    ------
    InputError
        If there is no hole.

    """
    holes = anion_holes(structure, anions=anions, n_anions=n_anions)
    if not len(holes.radii_A):
        raise InputError(
            f"structure must have holes between {tuple(anions)!r}; got none. Name the "
            "anions, or take sites from the density."
        )
    return Sites(
        fractional=holes.fractional,
        cell_A=np.asarray(structure.cell[:], dtype=float),
        labels=tuple(SHAPES[int(n)] for n in holes.n_anions),
        source=f"holes between {', '.join(anions)}",
    )


def sites_from_layers(
    structure: Atoms, *, metal: str = "Zr", anion: str = "Cl", ion: str = "Li"
) -> Sites:
    """Sites Li_A and Li_B of a layered halide.

    Parameters
    ----------
    structure
        Framework, such as ``IonDensityResult.structure``.
    metal, anion, ion
        See `structures.layered_sites.layered_sites`.

    """
    found = layered_sites(structure, metal=metal, anion=anion, ion=ion)
    return Sites(
        fractional=found.fractional,
        cell_A=np.asarray(structure.cell[:], dtype=float),
        labels=found.labels,
        source=f"octahedra of {anion} in sheets with more (A) or less (B) {metal}",
        sheets=found.sheets,
    )


def sites_from_density(
    density: IonDensityResult,
    *,
    smoothing_A: float = 0.4,
    distance_A: float = 1.5,
    least_occupation: float = 0.02,
) -> Sites:
    """Sites at the maxima of an ion's density.

    Parameters
    ----------
    density
        The map.
    smoothing_A
        Standard deviation of the Gaussian before maxima are looked for, Å.
    distance_A
        Of two maxima that are closer than this the higher one is kept, Å.
    least_occupation
        Ions that are nearest to a site, averaged over time: below this it is none.

    Raises
    ------
    InputError
        If no site is left.

    """
    cell = density.cell_A
    field = smoothed(density.density_per_A3, cell, smoothing_A)
    shape = np.array(field.shape)
    highest = ndimage.maximum_filter(field, size=3, mode="wrap")
    peaks = np.argwhere((field == highest) & (field > 0))
    order = np.argsort(-field[tuple(peaks.T)], kind="stable")
    places = peaks[order] / shape
    kept = np.empty((0, 3))
    for place in places:
        apart = kept - place
        apart -= np.rint(apart)
        if not len(kept) or np.linalg.norm(apart @ cell, axis=1).min() >= distance_A:
            kept = np.vstack([kept, place])
    kept = kept[_occupations(density, kept) >= least_occupation]
    if not len(kept):
        raise InputError(
            f"least_occupation must leave a site; got {least_occupation!r}. Take a "
            "smaller one."
        )
    return Sites(
        fractional=kept,
        cell_A=cell,
        labels=(density.species,) * len(kept),
        source=f"maxima of the density, {distance_A} Å or more apart",
    )


def _occupations(
    density: IonDensityResult, places: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Ions nearest to each place, averaged over time."""
    values = density.density_per_A3
    voxels = np.argwhere(values > 0)
    nearest = NearestSite(fractional=places, cell_A=density.cell_A)
    owner, _ = nearest.of(voxels / np.array(values.shape))
    weights = values[tuple(voxels.T)] * abs(np.linalg.det(density.cell_A)) / values.size
    found = np.bincount(owner, weights=weights, minlength=len(places))
    return np.asarray(found, dtype=float)


def shortest_distances(
    apart: NDArray[np.float64], cell: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Lengths of differences of positions over periodic images, Å.

    Parameters
    ----------
    apart
        (..., 3) differences, fractions of the cell.
    cell
        (3, 3) lattice vectors (rows), Å.

    Notes
    -----
    In the cell of shortest vectors (Minkowski) the nearest image is one of 27.

    Examples
    --------
    >>> shortest_distances(np.array([0.9, 0.0, 0.5]), 10 * np.eye(3)).round(4)
    np.float64(5.099)

    """
    reduced, _ = minkowski_reduce(cell)
    inside = apart @ cell @ np.linalg.inv(reduced)
    places = (inside - np.rint(inside)) @ reduced
    best = np.full(places.shape[:-1], np.inf)
    for shift in np.ndindex(3, 3, 3):
        moved = places + (np.array(shift) - 1) @ reduced
        np.minimum(best, np.einsum("...i,...i->...", moved, moved), out=best)
    return np.asarray(np.sqrt(best), dtype=float)[()]
