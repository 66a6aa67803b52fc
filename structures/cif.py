"""The one way in which CIF files are read."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from training_data.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core import Structure

CIF_SUFFIXES = (".cif", ".mcif")
SAME_SITE = 2e-3  # in fractions of the cell: thirds may be printed as 0.333


def read_cif(path: str | Path) -> "Structure":
    """Only structure of a CIF, occupancies as they stand.

    Parameters
    ----------
    path
        File with one block of data that has sites; blocks without any, as journals
        add them, do not count.

    Returns
    -------
    pymatgen.core.Structure
        All sites of the cell in the file; sums of occupancies are not corrected, so
        that they can be checked.

    Raises
    ------
    InputError
        If the file cannot be read, or several blocks or none have sites.

    Examples
    --------
    >>> from ase.build import bulk
    >>> bulk("LiCl", "rocksalt", a=5.06, cubic=True).write("licl.cif")
    >>> len(read_cif("licl.cif"))
    8

    """
    from pymatgen.io.cif import CifParser  # noqa: PLC0415 (slow to import)

    path = Path(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they repeat what is checked afterwards
        try:
            parser = CifParser(
                path, occupancy_tolerance=float("inf"), site_tolerance=SAME_SITE
            )
            blocks = [
                name
                for name, block in parser.as_dict().items()
                if any(key.startswith("_atom_site_fract") for key in block)
            ]
            found = parser.parse_structures(primitive=False, check_occu=False)
        # pymatgen raises whatever its parser happens to meet
        except Exception as error:
            raise InputError(
                "path must be a readable CIF; got "
                f"{str(path)!r}. It could not be read: {error}. Open it in a viewer, "
                "or convert it to POSCAR."
            ) from error
    if len(blocks) != 1 or len(found) != 1:
        raise InputError(
            f"path must hold one crystal; got {max(len(blocks), len(found))} in "
            f"{str(path)!r} (blocks {', '.join(blocks)}). "
            "Split the file into one CIF per data block."
        )
    structure: Structure = found[0]
    return structure
