"""Disordered crystals from files: CIF and whatever pymatgen reads."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from structures.cif import CIF_SUFFIXES, read_cif
from structures.disordered_crystal import DisorderedCrystal
from structures.site_symmetry import wyckoff_names
from training_data.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core import Structure


def read_disordered_crystal(path: str | Path) -> DisorderedCrystal:
    """Crystal with partial occupancies from a CIF (or a pymatgen JSON file).

    Sites are named by element, multiplicity and Wyckoff letter, as in ``"Li96h"``;
    orbits that would share a name are numbered, ``"O32g_1"``. Charges that the file
    states are not kept: give them where they are needed.

    Parameters
    ----------
    path
        File.

    Returns
    -------
    DisorderedCrystal
        All sites of the cell in the file, occupied in full or in part.

    Raises
    ------
    InputError
        If there is no such file, it cannot be read or holds several crystals, or
        occupancies sum to more than 1.

    Examples
    --------
    >>> from structures.prototypes.llzo import build_llzo_cubic
    >>> _ = build_llzo_cubic().to_pymatgen().to(filename="llzo.cif")
    >>> sorted(set(read_disordered_crystal("llzo.cif").site_names))
    ['La24c', 'Li24d', 'Li96h', 'O96h', 'Zr16a']

    """
    file = Path(path)
    if not file.is_file():
        raise InputError(
            f"path must be an existing file; got {str(path)!r}. Check the name."
        )
    structure = _structure(file)
    return DisorderedCrystal(
        cell_A=structure.lattice.matrix,
        scaled_positions=structure.frac_coords % 1.0,
        occupancies=tuple(_occupancy(site) for site in structure),
        site_names=_site_names(structure),
        source=file.name,
    )


def _structure(file: Path) -> "Structure":
    """Only structure of a file; occupancies are checked by us, not corrected."""
    if file.suffix.lower() in CIF_SUFFIXES:
        return read_cif(file)
    from pymatgen.core import Structure  # noqa: PLC0415 (slow to import)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return Structure.from_file(file)
        # pymatgen raises whatever its readers happen to meet
        except Exception as error:
            raise InputError(
                f"path must be a structure file with sites; got {file.name!r}. "
                f"It could not be read: {error}. Convert it to CIF."
            ) from error


def _occupancy(site: object) -> dict[str, float]:
    """Element → fraction of a pymatgen site, charges dropped."""
    total: dict[str, float] = {}
    for species, fraction in site.species.items():  # type: ignore[attr-defined]
        symbol = species.symbol
        total[symbol] = total.get(symbol, 0.0) + float(fraction)
    return total


def _site_names(structure: "Structure") -> tuple[str, ...]:
    """Element, multiplicity and Wyckoff letter of every site."""
    species = [_first_species(site) for site in structure]
    names = wyckoff_names(
        structure.lattice.matrix,
        structure.frac_coords,
        [str(sorted(_occupancy(site).items())) for site in structure],
        species,
    )
    return tuple(f"{name}1" for name in species) if names is None else names


def _first_species(site: object) -> str:
    """Element with the largest fraction on a site."""
    occupancy = _occupancy(site)
    return max(sorted(occupancy), key=occupancy.__getitem__)
