"""Start of an elastic band on which no two atoms come close: IDPP."""

import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list
from numpy.typing import NDArray

from structures.band_descent import BandDescent
from structures.band_forces import band_forces

CUTOFF_A = 6.0
FMAX = 0.1
MOST_STEPS = 200
SPRING = 1.0
CLOSEST_A = 0.1


def pair_distance_path(atoms: Atoms, path: NDArray[np.float64]) -> NDArray[np.float64]:
    r"""Path on which distances of pairs go evenly from those of one end to the other.

    Parameters
    ----------
    atoms
        Elements (not used), cell and periodicity.
    path
        (n, n_atoms, 3) straight path with both ends, Å.

    Returns
    -------
    numpy.ndarray
        (n, n_atoms, 3) positions, Å; the ends are the same.

    Notes
    -----
    Image-dependent pair potential: image κ of n feels

    .. math:: S_\kappa = \sum_{i<j} \frac{(d_{ij} - d^\kappa_{ij})^2}{d_{ij}^4},\qquad
        d^\kappa_{ij} = d^1_{ij} + \tfrac{\kappa-1}{n-1}(d^n_{ij} - d^1_{ij})

    in a nudged elastic band. Pairs, periodic images included, are those within 6 Å
    in the first, middle or last image of the straight path.

    References
    ----------
    S. Smidstrup, A. Pedersen, K. Stokbro, H. Jónsson, J. Chem. Phys. 140, 214106
    (2014), doi:10.1063/1.4878664.

    Examples
    --------
    An atom goes around another one instead of through it.

    >>> from ase import Atoms
    >>> ends = [[(-2.0, 0, 0), (0, 0.2, 0)], [(2.0, 0, 0), (0, 0.2, 0)]]
    >>> path = np.linspace(*np.array(ends), 5)
    >>> found = pair_distance_path(Atoms("LiCl"), path)
    >>> distances = np.linalg.norm(found[:, 0] - found[:, 1], axis=1)
    >>> bool(distances.min() > 1.5)
    True

    """
    i, j, shifts = _pairs(atoms, path)
    offsets = shifts @ atoms.cell.array
    at_ends = [_distances(path[k], i, j, offsets)[1] for k in (0, -1)]
    share = np.linspace(0, 1, len(path))[:, None]
    wanted = (1 - share) * at_ends[0] + share * at_ends[1]
    found = path.copy()
    descent = BandDescent()
    for _ in range(MOST_STEPS):
        energies, forces = _pair_potential(found, wanted, i, j, offsets)
        band = band_forces(found, energies, forces, spring=SPRING)
        if float(np.linalg.norm(band.forces, axis=2).max()) < FMAX:
            break
        found[1:-1] += descent.step(found[1:-1], band.forces)
    return found


def _pairs(
    atoms: Atoms, path: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Pairs that are near somewhere on the path, each once, none with itself."""
    rows = []
    for positions in (path[0], path[len(path) // 2], path[-1]):
        image = Atoms(atoms.numbers, positions, cell=atoms.cell, pbc=atoms.pbc)
        i, j, shifts = neighbor_list("ijS", image, CUTOFF_A)
        rows.append(np.column_stack([i, j, shifts])[i < j])
    unique = np.unique(np.concatenate(rows), axis=0)
    return unique[:, 0], unique[:, 1], unique[:, 2:]


def _distances(
    positions: NDArray[np.float64],
    i: NDArray[np.int64],
    j: NDArray[np.int64],
    offsets: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    vectors = positions[j] + offsets - positions[i]
    return vectors, np.maximum(np.linalg.norm(vectors, axis=1), CLOSEST_A)


def _pair_potential(
    path: NDArray[np.float64],
    wanted: NDArray[np.float64],
    i: NDArray[np.int64],
    j: NDArray[np.int64],
    offsets: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Energies (n,) and forces (n, n_atoms, 3) of all images."""
    energies, forces = np.zeros(len(path)), np.zeros_like(path)
    for k, positions in enumerate(path):
        vectors, d = _distances(positions, i, j, offsets)
        miss = d - wanted[k]
        energies[k] = np.sum(miss**2 / d**4)
        slope = 2 * miss / d**4 - 4 * miss**2 / d**5
        pulls = (slope / d)[:, None] * vectors
        for axis in range(3):
            forces[k, :, axis] = np.bincount(
                i, pulls[:, axis], len(positions)
            ) - np.bincount(j, pulls[:, axis], len(positions))
    return energies, forces
