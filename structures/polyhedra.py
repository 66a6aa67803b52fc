"""Coordination polyhedra and how they share corners, edges and faces."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms

from structures.bonds import (
    Bonds,
    Cutoff,
    Species,
    bond_cutoffs,
    choose_species,
    find_bonds,
)
from structures.polyhedron_links import EDGE, FACE, Link, Sharing, shared_ligands

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True)
class Polyhedra:
    """Polyhedra of ligands around centres, and the links between them.

    Parameters
    ----------
    atoms
        Structure, unwrapped as it was given.
    centres
        Atoms at the centres, shape (n,).
    species
        Their elements.
    ligands
        Elements of the ligands.
    bonds
        Bonds from centres to ligands.
    first, second
        Centres (atoms) of each link, ``first <= second``, shape (n_links,).
    shifts
        Lattice translation of the second centre, shape (n_links, 3).
    n_shared
        Ligands in common, shape (n_links,).
    distances_A
        From centre to centre [Å], shape (n_links,).

    """

    atoms: Atoms
    centres: np.ndarray
    species: tuple[str, ...]
    ligands: tuple[str, ...]
    bonds: Bonds
    first: np.ndarray
    second: np.ndarray
    shifts: np.ndarray
    n_shared: np.ndarray
    distances_A: np.ndarray

    @property
    def numbers(self) -> np.ndarray:
        """Ligands of each polyhedron, shape (n,)."""
        rows = np.searchsorted(self.centres, self.bonds.centre)
        return np.bincount(rows, minlength=len(self.centres))

    @property
    def volumes_A3(self) -> np.ndarray:  # noqa: N802 (unit)
        """Volume of each polyhedron [Å³], shape (n,); NaN where it is flat."""
        from structures.polyhedron_shape import hull_volume  # noqa: PLC0415 (scipy)

        return np.array([hull_volume(vertices) for vertices in self.vertices()])

    @property
    def length_distortions(self) -> np.ndarray:
        """Mean deviation of the bond lengths over their mean (Baur), shape (n,)."""
        lengths = np.split(self.bonds.lengths_A, self._ends())
        return np.array(
            [
                np.abs(x - x.mean()).mean() / x.mean() if len(x) else np.nan
                for x in lengths
            ]
        )

    def vertices(self) -> list[np.ndarray]:
        """Ligands of each polyhedron from its centre [Å], arrays (n_ligands, 3)."""
        return np.split(self.bonds.vectors_A, self._ends())

    def between(self, first: str, second: str) -> Sharing:
        """Links between the polyhedra of two elements (or of one).

        Parameters
        ----------
        first, second
            Elements, in either order.

        Returns
        -------
        Sharing
            Counts per cell.

        """
        chosen = self.n_shared[self._links_between(first, second)]
        return Sharing(
            corner=int((chosen == 1).sum()),
            edge=int((chosen == EDGE).sum()),
            face=int((chosen >= FACE).sum()),
        )

    def links(self, first: str, second: str) -> tuple[Link, ...]:
        """Links between the polyhedra of two elements (or of one), one by one."""
        return tuple(
            Link(
                first=int(self.first[i]),
                second=int(self.second[i]),
                shift=(
                    int(self.shifts[i, 0]),
                    int(self.shifts[i, 1]),
                    int(self.shifts[i, 2]),
                ),
                n_shared=int(self.n_shared[i]),
                distance_A=float(self.distances_A[i]),
            )
            for i in np.flatnonzero(self._links_between(first, second))
        )

    def neighbours(self, first: str, second: str) -> np.ndarray:
        """Neighbours that each polyhedron of one element has among another's.

        Parameters
        ----------
        first
            Element of the polyhedra that are counted for.
        second
            Element of their neighbours.

        Returns
        -------
        numpy.ndarray
            Across a corner, an edge and a face, shape (n_first, 3).

        """
        symbols = np.array(self.atoms.get_chemical_symbols())
        own = self.centres[np.array(self.species) == first]
        counts = np.zeros((len(self.atoms), 3), dtype=int)
        kind = np.minimum(self.n_shared, FACE) - 1
        for here, there in ((self.first, self.second), (self.second, self.first)):
            chosen = (symbols[here] == first) & (symbols[there] == second)
            np.add.at(counts, (here[chosen], kind[chosen]), 1)
        return np.asarray(counts[own])

    def dimensionality(self, species: Species | None = None, *, shared: int = 1) -> int:
        """Directions in which linked polyhedra go on without end.

        Parameters
        ----------
        species
            Element or elements of the polyhedra; all by default.
        shared
            Ligands that a link must have in common: 2 for edges and faces alone.

        Returns
        -------
        int
            0 for islands, 1 for chains, 2 for layers, 3 for a framework; that of
            the most extended component.

        """
        from structures.polyhedron_shape import network_rank  # noqa: PLC0415

        chosen = set(self.species) if species is None else {species}
        if species is not None and not isinstance(species, str):
            chosen = set(species)
        symbols = np.array(self.atoms.get_chemical_symbols())
        inside = np.isin(symbols, list(chosen))
        keep = inside[self.first] & inside[self.second] & (self.n_shared >= shared)
        return network_rank(self.first[keep], self.second[keep], self.shifts[keep])

    def to_json(self) -> dict[str, Any]:
        """Coordination, shape and links by element."""
        kinds = list(dict.fromkeys(self.species))
        species = np.array(self.species)
        numbers, volumes = self.numbers, self.volumes_A3
        distortions = self.length_distortions
        shapes = {}
        for symbol in kinds:
            rows = species == symbol
            values, counts = np.unique(numbers[rows], return_counts=True)
            known = rows & np.isfinite(volumes)
            shapes[symbol] = {
                "n_centres": int(rows.sum()),
                "numbers": {
                    str(n): int(k) for n, k in zip(values, counts, strict=True)
                },
                "mean_volume_A3": float(volumes[known].mean()) if known.any() else None,
                "mean_length_distortion": (
                    float(np.nanmean(distortions[rows]))
                    if np.isfinite(distortions[rows]).any()
                    else None
                ),
                "dimensionality_by_edges": self.dimensionality(symbol, shared=EDGE),
            }
        return {
            "ligands": list(self.ligands),
            "polyhedra": shapes,
            "links": {
                f"{a}-{b}": self.between(a, b).to_json()
                for i, a in enumerate(kinds)
                for b in kinds[i:]
            },
        }

    def plot(self, ax: "Axes | None" = None, *, along: str = "z") -> "Axes":
        """Projection of the polyhedra, near ones in front.

        Parameters
        ----------
        ax
            Axes to draw on; new ones by default.
        along
            Axis of view, ``"x"``, ``"y"`` or ``"z"``.

        Returns
        -------
        matplotlib.axes.Axes
            Both axes in Å, equal scale.

        """
        from structures.polyhedra_view import draw_polyhedra  # noqa: PLC0415

        return draw_polyhedra(self, ax=ax, along=along)

    def _ends(self) -> np.ndarray:
        return np.searchsorted(self.bonds.centre, self.centres[1:])

    def _links_between(self, first: str, second: str) -> np.ndarray:
        symbols = np.array(self.atoms.get_chemical_symbols())
        one, other = symbols[self.first], symbols[self.second]
        linked = ((one == first) & (other == second)) | (
            (one == second) & (other == first)
        )
        return np.asarray(linked)


def polyhedra(
    atoms: Atoms,
    *,
    centre: Species | None = None,
    ligand: Species | None = None,
    cutoff_A: Cutoff | None = None,
) -> Polyhedra:
    """Coordination polyhedra of a structure and the links between them.

    Two polyhedra share a corner, an edge or a face when they have one, two, or three
    and more ligands in common. A ligand and its periodic image are different
    corners, so that small cells give what large ones give.

    Parameters
    ----------
    atoms
        Structure; any mixture of periodic and open directions.
    centre
        Element or elements at the centres; by default all that are not ligands.
    ligand
        Element or elements around them; by default the most electronegative one.
    cutoff_A
        Largest bond length [Å], one for all or per kind such as ``{"Zr-Cl": 3.2}``;
        by default 1.25 times the sum of Shannon's ionic radii.

    Returns
    -------
    Polyhedra

    Raises
    ------
    InputError
        If elements or lengths cannot be used.

    Examples
    --------
    In rock salt every octahedron shares edges with twelve others, and a corner with
    the six beyond an anion.

    >>> from ase.build import bulk
    >>> halite = polyhedra(bulk("LiCl", "rocksalt", a=5.14))
    >>> halite.neighbours("Li", "Li")
    array([[ 6, 12,  0]])
    >>> halite.between("Li", "Li")
    Sharing(corner=3, edge=6, face=0)

    """
    centres, ligands = choose_species(atoms, centre=centre, ligand=ligand)
    cutoffs = bond_cutoffs(centres, ligands, cutoff_A=cutoff_A)
    bonds = find_bonds(atoms, cutoffs)
    symbols = np.array(atoms.get_chemical_symbols())
    found = np.flatnonzero(np.isin(symbols, centres))
    first, second, shifts, n_shared = shared_ligands(bonds)
    vectors = (
        atoms.positions[second] - atoms.positions[first] + shifts @ atoms.cell.array
    )
    own = atoms.copy()
    own.calc = None
    return Polyhedra(
        atoms=own,
        centres=found,
        species=tuple(symbols[found].tolist()),
        ligands=ligands,
        bonds=bonds,
        first=first,
        second=second,
        shifts=shifts,
        n_shared=n_shared,
        distances_A=np.linalg.norm(vectors, axis=1),
    )


def shared_edges(
    atoms: Atoms,
    centre: str,
    *,
    ligand: Species | None = None,
    cutoff_A: Cutoff | None = None,
) -> tuple[Link, ...]:
    """Pairs of polyhedra of one element that share an edge or a face.

    Empty where the rule of the layered halides holds that no two MCl6 share an edge.

    Parameters
    ----------
    atoms
        Structure.
    centre
        Element at the centres, such as Zr.
    ligand
        Element or elements around them; by default the most electronegative one.
    cutoff_A
        Largest bond length [Å]; by default 1.25 times the sum of the ionic radii.

    Returns
    -------
    tuple of Link
        With at least two ligands in common; a shared face contains edges.

    Raises
    ------
    InputError
        If elements or lengths cannot be used.

    References
    ----------
    F. Li et al., Nano Lett. 22, 2461 (2022), doi:10.1021/acs.nanolett.2c00187.

    Examples
    --------
    >>> from structures.prototypes import build_prototype
    >>> shared_edges(build_prototype("Li2ZrCl6"), "Zr")
    ()
    >>> len(shared_edges(build_prototype("ZrCl4"), "Zr"))  # zigzag chains
    2

    """
    found = polyhedra(atoms, centre=centre, ligand=ligand, cutoff_A=cutoff_A)
    return tuple(link for link in found.links(centre, centre) if link.n_shared >= EDGE)
