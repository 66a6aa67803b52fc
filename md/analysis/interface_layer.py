"""Which atoms stand in the electrolyte's layer at the interface."""

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from md.analysis.pairs import neighbour_pairs

_METAL_SIDE = 0
_TOLERANCE_A = 2.5
_FARTHEST_A = 12.0


def interface_layer(
    atoms: Atoms, candidates: NDArray[np.int64]
) -> tuple[NDArray[np.bool_] | None, str]:
    """Atoms of those layers of the electrolyte that face the metal.

    Parameters
    ----------
    atoms
        Starting structure with the labels ``side`` (0 metal, 1 electrolyte) and
        ``layer`` (counted within a side).
    candidates
        Indices of the atoms in question, for instance all zirconium.

    Returns
    -------
    mask
        (n_candidates,) true for atoms of a facing layer; None without labels.
    reason
        Why there is no mask; empty otherwise.

    Notes
    -----
    A layer faces the metal when its candidates come as near to a metal atom as those
    of any layer do, within 2.5 Å: less than half of the distance between layers, so
    that the next layer does not count, while both faces of a slab between two
    interfaces do.

    """
    missing = [name for name in ("layer", "side") if name not in atoms.arrays]
    if missing:
        return None, f"the trajectory has no labels {' and '.join(missing)}"
    side, layer = atoms.arrays["side"], atoms.arrays["layer"]
    metal = np.flatnonzero(side == _METAL_SIDE)
    within = side[candidates] != _METAL_SIDE
    if not len(metal) or not within.any():
        return None, "the labels name no metal side, or the species is not beyond it"
    pairs = neighbour_pairs(
        atoms.positions[candidates],
        atoms.positions[metal],
        atoms.cell.array,
        atoms.pbc,
        cutoff_A=_FARTHEST_A,
    )
    nearest = np.full(len(candidates), np.inf)
    np.minimum.at(nearest, pairs.first, pairs.distances)
    layers = layer[candidates]
    distance = {
        value: nearest[within & (layers == value)].min()
        for value in np.unique(layers[within])
    }
    closest = min(distance.values())
    if not np.isfinite(closest):
        return None, f"no layer is within {_FARTHEST_A:g} Å of the metal"
    facing = [value for value, d in distance.items() if d <= closest + _TOLERANCE_A]
    return within & np.isin(layers, facing), ""
