"""Host crystal prepared once for many dopings: sites, symmetry, Coulomb matrix."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.geometry import find_mic, minkowski_reduce

from structures.crystal_files import check_crystal
from structures.disordered_crystal import DisorderedCrystal
from structures.electrostatics import coulomb_matrix
from structures.periodicity import require_periodic
from structures.site_labels import site_labels
from structures.site_symmetry import permutations_of_sites
from training_data.errors import InputError

MIN_DISTANCE_A = 2.0
"""Sites closer than this are never both occupied by mobile ions or dopants."""
COUNT_TOLERANCE = 0.1


@dataclass(frozen=True, kw_only=True)
class DopingHost:
    """Sites of a host with everything that does not depend on the dopant.

    Parameters
    ----------
    atoms
        One atom per site, occupied or not, with site labels; arrays and info of an
        ordered host are kept.
    elements
        Element that belongs on each site.
    labels
        Name of each site.
    disordered
        Mask of the sites that are only partly occupied, shape (n_sites,).
    counts
        Atoms of each element in the neutral host cell.
    coulomb_eV
        Ewald interactions of unit charges [eV], shape (n_sites, n_sites).
    permutations
        Symmetry of the sites, shape (n_operations, n_sites).
    distances_A
        Distances to the nearest image [Å]; the diagonal holds the own images.

    """

    atoms: Atoms
    elements: tuple[str, ...]
    labels: tuple[str, ...]
    disordered: np.ndarray
    counts: dict[str, int]
    coulomb_eV: np.ndarray
    permutations: np.ndarray
    distances_A: np.ndarray

    @property
    def n_sites(self) -> int:
        """Number of sites, occupied or not."""
        return len(self.elements)


def prepare_host(
    host: "Atoms | DisorderedCrystal", *, counts: Mapping[str, int] | None = None
) -> DopingHost:
    """Host ready for :func:`structures.doping.build_doped`, to be used many times.

    Parameters
    ----------
    host
        Ordered crystal, or one with partly occupied sites, each of one element.
    counts
        Atoms of each element in the cell of a disordered host, where its occupancies
        do not give whole numbers; 56 Li for LLZO.

    Returns
    -------
    DopingHost
        Sites with symmetry, distances and Coulomb interactions.

    Raises
    ------
    InputError
        If the host is not periodic, atoms overlap (closer than 0.5 Å or 0.6 times the
        sum of their covalent radii), a site is shared by two elements,
        or a content is not whole.

    Examples
    --------
    >>> from structures.prototypes.llzo import build_llzo_cubic
    >>> host = prepare_host(build_llzo_cubic())
    >>> host.n_sites, host.counts
    (256, {'Li': 56, 'La': 24, 'Zr': 16, 'O': 96})

    """
    if isinstance(host, DisorderedCrystal):
        atoms, elements, disordered = _of_sites(host)
        labels = host.site_names
        whole = _whole_counts(host.content, counts)
    else:
        require_periodic(host, name="host")
        atoms = host.copy()
        atoms.calc = None
        elements = tuple(atoms.get_chemical_symbols())
        disordered = np.zeros(len(atoms), dtype=bool)
        labels = site_labels(atoms) if "site" in atoms.arrays else elements
        whole = {e: elements.count(e) for e in dict.fromkeys(elements)}
    distances = _distances(atoms)
    if not disordered.all():  # partly occupied sites may be close
        check_crystal(atoms[~disordered], name="host")
    scaled = atoms.get_scaled_positions()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        matrix = coulomb_matrix(atoms.cell.array, scaled)
    return DopingHost(
        atoms=atoms,
        elements=elements,
        labels=tuple(labels),
        disordered=disordered,
        counts=whole,
        coulomb_eV=matrix,
        permutations=permutations_of_sites(
            atoms.cell.array,
            scaled,
            [(e, bool(d)) for e, d in zip(elements, disordered, strict=True)],
        ),
        distances_A=distances,
    )


def _of_sites(
    host: DisorderedCrystal,
) -> tuple[Atoms, tuple[str, ...], np.ndarray]:
    """One atom per site, its element, and whether it is partly vacant."""
    elements: list[str] = []
    for name, occupancy in zip(host.site_names, host.occupancies, strict=True):
        if len(occupancy) != 1:
            raise InputError(
                f"host must hold one element per site; got {dict(occupancy)!r} on "
                f"{name}. Order these sites first, with order_sites."
            )
        elements.extend(occupancy)
    atoms = Atoms(
        elements, scaled_positions=host.scaled_positions, cell=host.cell_A, pbc=True
    )
    return atoms, tuple(elements), np.array(host.disordered, dtype=bool)


def _whole_counts(
    content: Mapping[str, float], given: Mapping[str, int] | None
) -> dict[str, int]:
    """Atoms of each element as whole numbers."""
    whole = {}
    for element, expected in content.items():
        number = (given or {}).get(element, expected)
        if abs(number - round(number)) > COUNT_TOLERANCE:
            raise InputError(
                "host must hold a whole number of each element; got "
                f"{number:.3f} {element}. Give counts={{{element!r}: {int(number)}}}, "
                "or take a supercell with repeat."
            )
        whole[element] = round(number)
    return whole


def _distances(atoms: Atoms) -> np.ndarray:
    """Distances to the nearest image, own images on the diagonal [Å]."""
    first, second = np.triu_indices(len(atoms), k=1)
    _, lengths = find_mic(atoms.positions[second] - atoms.positions[first], atoms.cell)
    distances = np.zeros((len(atoms), len(atoms)))
    distances[first, second] = distances[second, first] = lengths
    reduced, _ = minkowski_reduce(atoms.cell.array)
    np.fill_diagonal(distances, np.linalg.norm(reduced, axis=1).min())
    return distances
