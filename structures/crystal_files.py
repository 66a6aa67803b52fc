"""Crystals that users bring: CIF, POSCAR, extended XYZ, Materials Project JSON."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from ase.neighborlist import neighbor_list

from structures.cif import CIF_SUFFIXES, read_cif
from structures.periodicity import require_finite
from structures.site_labels import label_sites
from structures.site_symmetry import wyckoff_names
from training_data.errors import InputError
from training_data.partial_occupancies import OCCUPANCY_TOLERANCE, ORDER_FIRST
from training_data.reading import read_structures

if TYPE_CHECKING:
    from pymatgen.core import Structure

CLOSEST_A = 0.5
CLOSEST_RATIO = 0.6
VECTORS = 3


def read_crystal(path: str | Path) -> Atoms:
    """Ordered crystal of a file, refused when it cannot be one.

    Parameters
    ----------
    path
        CIF (``.cif``), a pymatgen ``Structure`` or a Materials Project document
        (``.json``), or whatever else ASE reads (POSCAR, extended XYZ, …), of which
        the last frame is taken.

    Returns
    -------
    Atoms
        Periodic crystal. From CIF and JSON the labels of the sites come along as
        ``arrays["site"]`` and ``info["site_names"]`` (Wyckoff names such as ``Li4a``
        where the file labels equivalent atoms differently), and the document's
        ``info["material_id"]``; the cell is the one of the file, not reduced.

    Raises
    ------
    InputError
        When the file is missing or unreadable, holds several crystals (CIF, JSON),
        none, one without three lattice vectors, sites that are partly occupied or
        more than full, or atoms that overlap.

    Notes
    -----
    Atoms i and j overlap when they are closer than 0.5 Å or than 0.6 times the sum
    of their covalent radii (Cordero et al., as in ASE).

    References
    ----------
    B. Cordero et al., Dalton Trans. 2832 (2008), doi:10.1039/b801115j.

    Examples
    --------
    >>> from ase.build import bulk
    >>> bulk("LiCl", "rocksalt", a=5.06).write("licl.vasp")
    >>> read_crystal("licl.vasp").get_chemical_formula()
    'ClLi'

    """
    path = Path(path)
    if not path.is_file():
        raise InputError(
            f"path must be an existing file; got {str(path)!r}. Check the name, or "
            "give a prototype where one is taken."
        )
    suffix = path.suffix.lower()
    if suffix in CIF_SUFFIXES:
        atoms = _ordered(read_cif(path), path)
    elif suffix == ".json":
        atoms = _from_json(path)
    else:
        atoms = read_structures(path, index="-1")[0]
    check_crystal(atoms, name=str(path))
    atoms.pbc = True
    return atoms


def check_crystal(atoms: Atoms, *, name: str = "crystal") -> None:
    """Refusal of a structure that is not a crystal or whose atoms overlap.

    Parameters
    ----------
    atoms
        Structure to look at.
    name
        What to call it in the message.

    Raises
    ------
    InputError
        If it is empty, has fewer than three lattice vectors, positions that are not
        finite, or atoms closer than 0.5 Å or 0.6 times the sum of their covalent
        radii.

    Examples
    --------
    >>> check_crystal(Atoms("Li2", positions=[(0, 0, 0), (0, 0, 1)], cell=[9, 9, 9]))
    Traceback (most recent call last):
    training_data.errors.InputError: crystal must have no overlapping atoms; got
    Li 0 and Li 1 1.000 Å apart. Remove one of them or check cell and units (Å).

    """
    require_finite(atoms, name=name)
    if len(atoms) == 0 or atoms.cell.rank < VECTORS:
        raise InputError(
            f"{name} must have atoms and three lattice vectors; got "
            f"{atoms.get_chemical_formula()!r} with {atoms.cell.rank} vectors. "
            "Give a crystal."
        )
    periodic = atoms.copy()
    periodic.pbc = True
    half = np.maximum(CLOSEST_RATIO * covalent_radii[atoms.numbers], CLOSEST_A / 2)
    i, j, d = neighbor_list("ijd", periodic, half)
    if len(d):
        k = int(d.argmin())
        pair = f"{atoms.symbols[i[k]]} {i[k]} and {atoms.symbols[j[k]]} {j[k]}"
        raise InputError(
            f"{name} must have no overlapping atoms; got {pair} {d[k]:.3f} Å apart. "
            "Remove one of them or check cell and units (Å)."
        )


def _from_json(path: Path) -> Atoms:
    """Crystal of a pymatgen Structure or of a Materials Project document."""
    from pymatgen.core import Structure  # noqa: PLC0415 - slow to import

    try:
        document = json.loads(path.read_text("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(
            f"path must be valid JSON; got {str(path)!r}: {error}. Download it again."
        ) from error
    entry = _only_entry(document, path)
    described = entry.get("structure", entry)
    try:
        structure = Structure.from_dict(described)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            "path must hold a pymatgen Structure or a Materials Project document with "
            f"the key 'structure'; got keys {sorted(entry)[:8]!r} in {str(path)!r}. "
            "Request the field 'structure'."
        ) from error
    atoms = _ordered(structure, path)
    if "material_id" in entry:
        atoms.info["material_id"] = str(entry["material_id"])
    return atoms


def _only_entry(document: object, path: Path) -> dict[str, Any]:
    """Single document, alone or wrapped as the Materials Project sends it."""
    if isinstance(document, dict) and isinstance(document.get("data"), list):
        document = document["data"]
    if isinstance(document, list):
        if len(document) != 1:
            raise InputError(
                f"path must hold one crystal; got {len(document)} in {str(path)!r}. "
                "Write one document per file."
            )
        document = document[0]
    if not isinstance(document, dict):
        raise InputError(
            f"path must hold a JSON object; got {type(document).__name__!r} in "
            f"{str(path)!r}. Give a pymatgen Structure or a document."
        )
    return document


def _ordered(structure: "Structure", path: Path) -> Atoms:
    """Atoms of a structure whose sites are all occupied by one species."""
    for site in structure:
        occupancies = site.species.get_el_amt_dict()
        total = sum(occupancies.values())
        listed = ", ".join(f"{name} {x:g}" for name, x in occupancies.items())
        if total > 1 + OCCUPANCY_TOLERANCE or min(occupancies.values()) < 0:
            raise InputError(
                f"occupancies of site {site.label!r} in {str(path)!r} must be between "
                f"0 and 1 in sum; got {listed}. Correct the file."
            )
        if len(occupancies) > 1 or total < 1 - OCCUPANCY_TOLERANCE:
            raise InputError(
                f"sites of {str(path)!r} must be fully occupied by one species; got "
                f"{listed} on {site.label!r}. {ORDER_FIRST}"
            )
    symbols = [next(iter(site.species.get_el_amt_dict())) for site in structure]
    try:
        atoms = Atoms(
            symbols,
            scaled_positions=structure.frac_coords,
            cell=structure.lattice.matrix,
            pbc=True,
        )
    except KeyError as error:
        raise InputError(
            f"species of {str(path)!r} must be chemical elements; got {error}. "
            "Replace placeholder species."
        ) from error
    return label_sites(atoms, _site_names(atoms, [str(s.label) for s in structure]))


def _site_names(atoms: Atoms, labels: list[str]) -> list[str]:
    """Labels of the file, or Wyckoff names where they split what is equivalent.

    Files without symmetry number every atom; taken as sites, those numbers would keep
    slabs and matchers from seeing that the atoms are alike.
    """
    names = wyckoff_names(
        atoms.cell[:], atoms.get_scaled_positions(), list(atoms.numbers), atoms.symbols
    )
    if names is None:
        return labels
    given: dict[str, set[str]] = {}
    for name, label in zip(names, labels, strict=True):
        given.setdefault(name, set()).add(label)
    split = any(len(different) > 1 for different in given.values())
    return list(names) if split else labels
