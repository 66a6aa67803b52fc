"""Names of crystallographic sites, carried by integers that every file keeps."""

from collections.abc import Sequence

import numpy as np
from ase import Atoms

from training_data.errors import InputError


def label_sites(atoms: Atoms, names: Sequence[str]) -> Atoms:
    """Copy of a structure whose atoms carry the names of their sites.

    Parameters
    ----------
    atoms
        Structure; it is not changed.
    names
        Name of the site of each atom, such as ``"Li24d"`` or ``"Li_A"``.

    Returns
    -------
    Atoms
        ``arrays["site"]`` holds integers, ``info["site_names"]`` the list of names
        that they point into, in order of first appearance. Extended XYZ keeps both.

    Raises
    ------
    InputError
        If there is not one name per atom.

    Examples
    --------
    >>> labelled = label_sites(Atoms("LiCl2"), ["Li1a", "Cl2c", "Cl2c"])
    >>> labelled.arrays["site"].tolist(), labelled.info["site_names"]
    ([0, 1, 1], ['Li1a', 'Cl2c'])

    """
    if len(names) != len(atoms):
        raise InputError(
            f"names must be one per atom ({len(atoms)}); got {len(names)!r}. "
            "Give the names in the order of the atoms."
        )
    distinct = list(dict.fromkeys(names))
    labelled = atoms.copy()
    labelled.set_array("site", np.array([distinct.index(n) for n in names], dtype=int))
    labelled.info["site_names"] = distinct
    return labelled


def site_labels(atoms: Atoms) -> tuple[str, ...]:
    """Name of the site of each atom.

    Parameters
    ----------
    atoms
        Structure with ``arrays["site"]`` and ``info["site_names"]``.

    Raises
    ------
    InputError
        If the structure carries no names.

    Examples
    --------
    >>> site_labels(label_sites(Atoms("LiCl"), ["Li_A", "Cl"]))
    ('Li_A', 'Cl')

    """
    names = atoms.info.get("site_names")
    if names is None or "site" not in atoms.arrays:
        raise InputError(
            "atoms must carry site labels (arrays['site'], info['site_names']); got "
            f"arrays {sorted(atoms.arrays)!r}. Build them with label_sites."
        )
    if isinstance(names, str):
        names = names.split(",")
    return tuple(str(names[i]) for i in atoms.arrays["site"])
