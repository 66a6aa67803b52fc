"""Sites of a layered halide: octahedra in metal-rich and metal-poor sheets."""

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from structures.anion_holes import anion_holes
from training_data.errors import InputError

_SHEET_GAP_A = 1.0
_OCCUPIED_A = 1.2


@dataclass(frozen=True, kw_only=True)
class LayeredSites:
    """Octahedral sites between close-packed planes of anions.

    Parameters
    ----------
    fractional
        (n, 3) positions in the cell.
    labels
        ``Li_A`` (sheet inside a layer, metal-rich) or ``Li_B`` (between layers); with
        the ion's symbol for Li.
    sheets
        (n,) number of the sheet, upwards from 0.
    metal_per_site
        Metal atoms over octahedra of each sheet.

    """

    fractional: NDArray[np.float64]
    labels: tuple[str, ...]
    sheets: NDArray[np.int64]
    metal_per_site: tuple[float, ...]


def layered_sites(
    atoms: Atoms, *, metal: str = "Zr", anion: str = "Cl", ion: str = "Li"
) -> LayeredSites:
    """Sites Li_A and Li_B of a layered halide, from the places of metal and anions.

    Parameters
    ----------
    atoms
        Crystal or slab, layers normal to the plane of the first two lattice vectors.
    metal, anion
        Symbols of the metal ion that makes a sheet an A sheet, and of the anion.
    ion
        Symbol in the labels.

    Returns
    -------
    LayeredSites
        Every octahedron that holds no metal, vacant ones included.

    Raises
    ------
    InputError
        If there are no octahedra, or every sheet holds as much metal as the others,
        so that A and B cannot be told apart.

    Notes
    -----
    Octahedra (`anion_holes`) are put into sheets by their height; gaps of more than
    1 Å part them. A sheet with more metal per octahedron than the mean of all sheets
    is A, one with less is B.

    Examples
    --------
    >>> from structures import build_prototype
    >>> sites = layered_sites(build_prototype("Li2ZrCl6"))
    >>> sites.labels
    ('Li_A', 'Li_A', 'Li_B', 'Li_B', 'Li_B')

    """
    holes = anion_holes(atoms, anions=(anion,))
    if not len(holes.radii_A):
        raise InputError(
            f"atoms must hold octahedra of {anion}; got none in {atoms.symbols!s}. "
            "Name the anion, or give sites of your own."
        )
    cell = np.asarray(atoms.cell[:], dtype=float)
    height = abs(np.linalg.det(cell)) / np.linalg.norm(np.cross(cell[0], cell[1]))
    sheet = _sheets(
        holes.fractional[:, 2] * height, height, periodic=bool(atoms.pbc[2])
    )
    places = atoms.get_scaled_positions(wrap=False)
    metals = places[np.asarray(atoms.get_chemical_symbols()) == metal]
    if not len(metals):
        raise InputError(
            f"metal must be a species of {atoms.symbols!s}; got {metal!r}. Name the "
            "metal ion of the halide."
        )
    apart = metals[:, None] - holes.fractional
    apart -= np.rint(apart)
    distances = np.linalg.norm(apart @ cell, axis=2)
    nearest = distances.argmin(axis=1)
    n_sheets = int(sheet.max()) + 1
    per_sheet = np.bincount(sheet, minlength=n_sheets)
    rich = np.bincount(sheet[nearest], minlength=n_sheets) / per_sheet
    if np.ptp(rich) < 1e-6:  # noqa: PLR2004 (shares of small integers)
        raise InputError(
            f"sheets must differ in their {metal}; got {rich[0]:.2f} per octahedron in "
            f"all {n_sheets}. A and B cannot be told apart in this structure."
        )
    free = distances.min(axis=0) > _OCCUPIED_A
    is_a = rich > rich.mean()
    return LayeredSites(
        fractional=holes.fractional[free],
        labels=tuple(f"{ion}_{'A' if is_a[s] else 'B'}" for s in sheet[free]),
        sheets=sheet[free],
        metal_per_site=tuple(float(share) for share in rich),
    )


def _sheets(
    heights_A: NDArray[np.float64], period_A: float, *, periodic: bool
) -> NDArray[np.int64]:
    """Sheet of each height, numbered from the bottom; gaps part sheets."""
    order = np.argsort(heights_A)
    numbers = np.zeros(len(order), dtype=np.int64)
    numbers[order[1:]] = np.cumsum(np.diff(heights_A[order]) > _SHEET_GAP_A)
    around = heights_A[order[0]] + period_A - heights_A[order[-1]]
    if periodic and numbers.max() > 0 and around <= _SHEET_GAP_A:
        numbers[numbers == numbers.max()] = 0
    return numbers
