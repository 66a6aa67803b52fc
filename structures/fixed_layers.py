"""Atoms held in place, chosen by the labels of their layer and side."""

from collections.abc import Sequence

import numpy as np
from ase import Atoms

from training_data.errors import InputError


def labelled_atoms(
    atoms: Atoms, *, layers: Sequence[int] = (), side: int | None = None
) -> np.ndarray:
    """Atoms of chosen layers, of a side, or of chosen layers of a side.

    Parameters
    ----------
    atoms
        Structure with integer ``arrays["layer"]`` and, of an interface,
        ``arrays["side"]`` (0 metal, 1 electrolyte).
    layers
        Labels of layers; negative ones count from the top, -1 being the last. None
        means all.
    side
        Label of the side, or None for both.

    Returns
    -------
    numpy.ndarray
        Indices, ascending; none when neither is given.

    Raises
    ------
    InputError
        If a label is missing or no atom carries it.

    Examples
    --------
    >>> slab = Atoms("Li4")
    >>> slab.set_array("layer", np.array([0, 0, 1, 2]))
    >>> labelled_atoms(slab, layers=(0, -1))
    array([0, 1, 3])

    """
    if side is None and not layers:
        return np.zeros(0, dtype=int)
    chosen = np.ones(len(atoms), dtype=bool)
    if side is not None:
        labels = _labels(atoms, "side")
        _refuse_absent("fixed_side", side, labels)
        chosen &= labels == side
    if layers:
        labels = _labels(atoms, "layer")
        top = int(labels[chosen].max())
        wanted = []
        for layer in layers:
            label = top + 1 + layer if layer < 0 else layer
            _refuse_absent("fixed_layers", layer, labels[chosen], label=label)
            wanted.append(label)
        chosen &= np.isin(labels, wanted)
    return np.flatnonzero(chosen)


def _labels(atoms: Atoms, name: str) -> np.ndarray:
    if name not in atoms.arrays:
        raise InputError(
            f"structure must carry the labels {name!r} for its atoms to be fixed by "
            f"them; got arrays {', '.join(sorted(atoms.arrays))!r}. Build it with "
            "build_slab or build_interface, or set a FixAtoms constraint."
        )
    return np.asarray(atoms.arrays[name])


def _refuse_absent(
    name: str, given: int, labels: np.ndarray, *, label: int | None = None
) -> None:
    if (given if label is None else label) not in labels:
        present = ", ".join(str(value) for value in np.unique(labels))
        raise InputError(
            f"{name} must be among the labels of the structure ({present}); got "
            f"{given!r}. Count from 0."
        )
