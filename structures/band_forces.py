"""Forces on an elastic band: the potential's across it, springs along it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class BandForces(NamedTuple):
    """Forces on the inner images and the slope of the energy at every image.

    ``forces`` (n - 2, n_atoms, 3) eV/Å; ``slopes`` (n,) eV/Å along the path.
    """

    forces: NDArray[np.float64]
    slopes: NDArray[np.float64]


LEAD = 0.05  # of the height of the path


def climbing_image(
    energies: NDArray[np.float64], *, before: int | None = None
) -> int | None:
    """Index of the highest image, None where that is one of the ends.

    Parameters
    ----------
    energies
        (n,) energies of all images, eV.
    before
        Image that climbed so far: it goes on unless another one is higher by 5 % of
        the height of the path, since two that take turns never come to rest.

    Examples
    --------
    >>> climbing_image(np.array([0.0, 0.2, 0.5, 0.1]))
    2
    >>> climbing_image(np.array([0.0, 0.2, 0.5])) is None
    True

    """
    highest = int(np.argmax(energies))
    if before is not None:
        lead = float(energies[highest] - energies[before])
        if lead < LEAD * float(np.ptp(energies)):
            return before
    return highest if 0 < highest < len(energies) - 1 else None


def band_forces(
    path: NDArray[np.float64],
    energies: NDArray[np.float64],
    forces: NDArray[np.float64],
    *,
    spring: float,
    climbing: int | None = None,
) -> BandForces:
    """Nudged forces with the improved tangent.

    Parameters
    ----------
    path, forces
        (n, n_atoms, 3) positions in Å and forces of the potential in eV/Å.
    energies
        (n,) eV.
    spring
        Stiffness of the springs, eV/Å².
    climbing
        Index of the image that climbs, or None.

    Examples
    --------
    A force along the path does not act on an image in the middle.

    >>> path = np.array([[[x, 0, 0]] for x in (0.0, 1.0, 2.0)])
    >>> pulled = np.zeros((3, 1, 3)); pulled[1] = [0.5, 0.25, 0]
    >>> energies = np.array([0.0, -0.5, -1.0])
    >>> band_forces(path, energies, pulled, spring=1.0).forces.tolist()
    [[[0.0, 0.25, 0.0]]]

    """
    forward = path[2:] - path[1:-1]
    backward = path[1:-1] - path[:-2]
    up = energies[2:] - energies[1:-1]
    down = energies[:-2] - energies[1:-1]
    larger = np.maximum(np.abs(up), np.abs(down))
    smaller = np.minimum(np.abs(up), np.abs(down))
    rising, falling = (up > 0) & (down < 0), (up < 0) & (down > 0)
    ahead = np.where(up > down, larger, smaller)
    behind = np.where(up > down, smaller, larger)
    flat = (ahead == 0) & (behind == 0)
    ahead = np.where(rising | flat, 1.0, np.where(falling, 0.0, ahead))
    behind = np.where(falling | flat, 1.0, np.where(rising, 0.0, behind))
    tangent = _unit(ahead[:, None, None] * forward + behind[:, None, None] * backward)
    along = np.einsum("iax,iax->i", forces[1:-1], tangent)
    lengths = np.linalg.norm(np.diff(path, axis=0), axis=(1, 2))
    pull = spring * np.diff(lengths) - along
    if climbing is not None:
        pull[climbing - 1] = -2 * along[climbing - 1]
    nudged = forces[1:-1] + pull[:, None, None] * tangent
    ends = _unit(np.stack([path[1] - path[0], path[-1] - path[-2]]))
    at_ends = np.einsum("iax,iax->i", forces[[0, -1]], ends)
    slopes = -np.concatenate([at_ends[:1], along, at_ends[1:]])
    return BandForces(nudged, slopes)


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    sizes = np.linalg.norm(vectors, axis=(1, 2))
    found: NDArray[np.float64] = vectors / np.maximum(sizes, 1e-300)[:, None, None]
    return found
