"""Disordered crystals from files: CIF and whatever pymatgen reads."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from structures.disordered_crystal import DisorderedCrystal
from structures.site_symmetry import symmetry_dataset
from training_data.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core import Structure

NEAR_SITES_A = 1e-2  # rows of a file this close describe one site


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
        If there is no such file, it cannot be read, or occupancies sum to more
        than 1.

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
    """First structure of a file; occupancies are checked by us, not corrected."""
    from pymatgen.core import Structure  # noqa: PLC0415 (slow to import)
    from pymatgen.io.cif import CifParser  # noqa: PLC0415 (slow to import)

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if file.suffix.lower() in {".cif", ".mcif"}:
                # sums above 1 must reach our check instead of being scaled down
                parser = CifParser(
                    file, occupancy_tolerance=100.0, site_tolerance=NEAR_SITES_A
                )
                structure = parser.parse_structures(
                    primitive=False, check_occu=False, on_error="ignore"
                )[0]
            else:
                structure = Structure.from_file(file)
    except Exception as error:
        raise InputError(
            f"path must be a structure file with sites; got {file.name!r}. "
            f"It could not be read: {error}."
        ) from error
    return structure


def _occupancy(site: object) -> dict[str, float]:
    """Element → fraction of a pymatgen site, charges dropped."""
    total: dict[str, float] = {}
    for species, fraction in site.species.items():  # type: ignore[attr-defined]
        symbol = species.symbol
        total[symbol] = total.get(symbol, 0.0) + float(fraction)
    return total


def _site_names(structure: "Structure") -> tuple[str, ...]:
    """Element, multiplicity and Wyckoff letter of every site."""
    occupancies = [str(sorted(_occupancy(site).items())) for site in structure]
    kinds = {kind: number for number, kind in enumerate(dict.fromkeys(occupancies))}
    dataset = symmetry_dataset(
        structure.lattice.matrix,
        structure.frac_coords,
        [kinds[occupancy] for occupancy in occupancies],
    )
    if dataset is None:
        return tuple(f"{_first_species(site)}1" for site in structure)
    orbits = dataset.crystallographic_orbits
    names: dict[int, str] = {}
    for index, orbit in enumerate(orbits):
        if orbit not in names:
            # per conventional cell, whatever the cell of the file
            share = abs(float(np.linalg.det(dataset.transformation_matrix)))
            multiplicity = round(int((orbits == orbit).sum()) / share)
            names[orbit] = (
                f"{_first_species(structure[index])}{multiplicity}"
                f"{dataset.wyckoffs[index]}"
            )
    return _numbered([names[orbit] for orbit in orbits], orbits)


def _first_species(site: object) -> str:
    """Element with the largest fraction on a site."""
    occupancy = _occupancy(site)
    return max(sorted(occupancy), key=occupancy.__getitem__)


def _numbered(names: list[str], orbits: "np.ndarray") -> tuple[str, ...]:
    """Names with a number where several orbits would share one."""
    members: dict[str, list[int]] = {}
    for name, orbit in zip(names, orbits, strict=True):
        known = members.setdefault(name, [])
        if orbit not in known:
            known.append(orbit)
    return tuple(
        name if len(members[name]) == 1 else f"{name}_{members[name].index(orbit) + 1}"
        for name, orbit in zip(names, orbits, strict=True)
    )
