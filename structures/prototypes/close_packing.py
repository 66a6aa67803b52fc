"""Close-packed anions with the octahedral sites between their planes."""

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list

from training_data.errors import InputError

OCTAHEDRON = 6
SHELL_RATIO = 1.3  # the second shell of an octahedral site is 1.7 times the first
BOUNDARY = 1e-9  # fractional: points on a cell face belong to the lower one


@dataclass(frozen=True, kw_only=True)
class ClosePacking:
    """Anion planes and octahedral sites of one period along the stacking.

    Parameters
    ----------
    cell_A
        Rows a and b span a plane, c leads to its next repetition [Å].
    anions_A
        Positions (n, 3) of the anions [Å]; every plane holds as many as a sheet.
    octahedra_A
        Positions (n, 3) of the octahedral sites [Å], sheet by sheet.
    sheet
        Number of the sheet of each octahedral site; even ones lie inside the layers
        (A), odd ones between them (B).
    sublattice
        Which of the three sqrt(3) sublattices of its sheet a site belongs to; two
        sites of one sublattice share no edge.
    ligands
        The six anions (n, 6) around each site.
    vectors_A
        Vectors (n, 6, 3) to them [Å].
    shared
        Number of anions (n, n) that two sites have in common, the largest over
        periodic images: 1 a corner, 2 an edge, 3 a face.

    """

    cell_A: np.ndarray
    anions_A: np.ndarray
    octahedra_A: np.ndarray
    sheet: np.ndarray
    sublattice: np.ndarray
    ligands: np.ndarray
    vectors_A: np.ndarray
    shared: np.ndarray

    @property
    def sites_per_sheet(self) -> int:
        """Number of octahedral sites of one sheet."""
        return int(np.count_nonzero(self.sheet == 0))


def close_packing(
    *,
    stacking: str,
    n_layers: int,
    supercell: tuple[tuple[int, int], tuple[int, int]],
    nearest_A: float,
    layer_spacing_A: float,
    layer_height_A: float,
) -> ClosePacking:
    """Close packing of anions in pairs of planes, one pair per layer.

    Parameters
    ----------
    stacking
        ``h`` and ``c`` for each plane from the bottom, repeated as needed: ``"c"`` is
        cubic, ``"h"`` hexagonal close packing (Jagodzinski's notation).
    n_layers
        Number of layers, that is of pairs of planes.
    supercell
        Rows are the in-plane cell vectors in steps of the anion lattice (60°).
    nearest_A
        Distance of neighbouring anions within a plane [Å].
    layer_spacing_A
        Distance of equivalent planes of neighbouring layers [Å].
    layer_height_A
        Distance of the two planes of one layer [Å].

    Returns
    -------
    ClosePacking
        Right-handed cell whose first vector lies along x.

    Raises
    ------
    InputError
        If the letters do not close after ``n_layers``, the supercell is singular or
        the heights do not leave octahedra.

    Notes
    -----
    Going up, an anion plane is displaced by +δ or −δ, δ the vector from an anion to
    the centre of a triangle; the sign is kept at a ``c`` plane and turned at an ``h``
    plane. An octahedral site lies at the third of the three positions.

    Examples
    --------
    >>> packing = close_packing(
    ...     stacking="c", n_layers=1, supercell=((1, 0), (0, 1)), nearest_A=3.6,
    ...     layer_spacing_A=5.88, layer_height_A=2.94,
    ... )
    >>> len(packing.anions_A), packing.sheet.tolist(), packing.shared.tolist()
    (2, [0, 1], [[2, 2], [2, 2]])

    """
    signs = _displacements(stacking, n_layers)
    points, planar, sublattice = _in_plane(supercell, nearest_A)
    if not 0 < layer_height_A < layer_spacing_A:
        raise InputError(
            "layer_height_A must be between 0 and layer_spacing_A "
            f"({layer_spacing_A!r}); got {layer_height_A!r}. Give about half of it."
        )
    step = _step(planar, supercell)
    letters = np.concatenate([[0], np.cumsum(signs)])
    heights = np.concatenate(
        [[i * layer_spacing_A, i * layer_spacing_A + layer_height_A]
         for i in range(n_layers + 1)]
    )  # fmt: skip
    anions, octahedra = [], []
    for p in range(2 * n_layers):
        anions.append(_sheet(points, letters[p] * step, heights[p]))
        middle = (heights[p] + heights[p + 1]) / 2
        octahedra.append(_sheet(points, (letters[p] - signs[p]) * step, middle))
    tallest = max(layer_height_A, layer_spacing_A - layer_height_A)
    bond = float(np.sqrt(nearest_A**2 / 3 + tallest**2 / 4))
    net = (letters[-1] + 1) % 3 - 1
    cell = np.zeros((3, 3))
    cell[:2, :2] = planar
    cell[2] = [*(net * step), n_layers * layer_spacing_A]
    return _with_ligands(
        cell,
        _wrapped(np.concatenate(anions), cell),
        _wrapped(np.concatenate(octahedra), cell),
        sheet=np.repeat(np.arange(2 * n_layers), len(points)),
        sublattice=np.tile(sublattice, 2 * n_layers),
        cutoff_A=SHELL_RATIO * bond,
    )


def _displacements(stacking: str, n_layers: int) -> np.ndarray:
    """Sign of the displacement from every plane to the next."""
    if n_layers < 1:
        raise InputError(
            f"n_layers must be at least 1; got {n_layers!r}. Give the number of layers."
        )
    if not stacking or set(stacking) - {"h", "c"} or (2 * n_layers) % len(stacking):
        raise InputError(
            "stacking must be letters h and c whose number divides the "
            f"{2 * n_layers} anion planes; got {stacking!r}. Give 'c' or 'h'."
        )
    planes = stacking * (2 * n_layers // len(stacking))
    if planes.count("h") % 2:
        raise InputError(
            f"stacking must turn an even number of times in {2 * n_layers} planes; "
            f"got {stacking!r}. Double n_layers."
        )
    turns = np.array([-1 if letter == "h" else 1 for letter in planes])
    turns[0] = 1
    signs: np.ndarray = np.cumprod(turns)
    return signs


def _in_plane(
    supercell: tuple[tuple[int, int], tuple[int, int]], nearest_A: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lattice points inside the supercell, its two vectors, the points' sublattices."""
    matrix = np.array(supercell)
    determinant = round(float(np.linalg.det(matrix)))
    if matrix.shape != (2, 2) or determinant < 1:
        raise InputError(
            "supercell must be two integer rows with a positive determinant; got "
            f"{supercell!r}. Give for example ((3, 0), (0, 3))."
        )
    steps = nearest_A * np.array([[1.0, 0.0], [0.5, np.sqrt(3) / 2]])
    planar = matrix @ steps
    turn = planar[0] / np.linalg.norm(planar[0])
    rotation = np.array([[turn[0], -turn[1]], [turn[1], turn[0]]])
    span = range(-int(np.abs(matrix).sum()), int(np.abs(matrix).sum()) + 1)
    grid = np.array([(i, j) for i in span for j in span])
    inside = grid @ np.linalg.inv(matrix)
    keep = (np.floor(inside + BOUNDARY) == 0).all(axis=1)
    sublattice = (grid[keep, 0] - grid[keep, 1]) % 3
    return grid[keep] @ steps @ rotation, planar @ rotation, sublattice


def _step(
    planar: np.ndarray, supercell: tuple[tuple[int, int], tuple[int, int]]
) -> np.ndarray:
    """Vector from an anion to the centre of a triangle of its plane."""
    steps = np.linalg.inv(np.array(supercell)) @ planar
    vector: np.ndarray = steps.sum(axis=0) / 3
    return vector


def _sheet(points: np.ndarray, offset: np.ndarray, height: float) -> np.ndarray:
    """Lattice points displaced within the plane and lifted."""
    return np.column_stack([points + offset, np.full(len(points), height)])


def _wrapped(positions: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Positions inside the cell in the plane, heights untouched."""
    scaled = np.linalg.solve(cell.T, positions.T).T
    scaled[:, :2] -= np.floor(scaled[:, :2] + BOUNDARY)
    inside: np.ndarray = scaled @ cell
    return inside


def _with_ligands(
    cell: np.ndarray,
    anions: np.ndarray,
    octahedra: np.ndarray,
    *,
    sheet: np.ndarray,
    sublattice: np.ndarray,
    cutoff_A: float,
) -> ClosePacking:
    """Packing with the six anions of every site and the anions that sites share."""
    n = len(octahedra)
    both = Atoms(
        ["H"] * n + ["Cl"] * len(anions),
        positions=np.concatenate([octahedra, anions]),
        cell=cell,
        pbc=True,
    )
    i, j, vector, shift = neighbor_list("ijDS", both, cutoff_A)
    keep = (i < n) & (j >= n)
    i, j, vector, shift = i[keep], j[keep] - n, vector[keep], shift[keep]
    order = np.argsort(i, kind="stable")
    i, j, vector, shift = i[order], j[order], vector[order], shift[order]
    if (np.bincount(i, minlength=n) != OCTAHEDRON).any():
        raise InputError(
            "layer_height_A and layer_spacing_A must leave an octahedron at every "
            f"site; got {sorted(set(np.bincount(i, minlength=n).tolist()))!r} anions. "
            "Choose heights near 0.8 of the anion distance."
        )
    return ClosePacking(
        cell_A=cell,
        anions_A=anions,
        octahedra_A=octahedra,
        sheet=sheet,
        sublattice=sublattice,
        ligands=j.reshape(n, OCTAHEDRON),
        vectors_A=vector.reshape(n, OCTAHEDRON, 3),
        shared=_shared(i, j, shift, n),
    )


def _shared(i: np.ndarray, j: np.ndarray, shift: np.ndarray, n: int) -> np.ndarray:
    """Anions in common of every pair of sites, the largest number over images."""
    counts: dict[tuple[int, ...], int] = {}
    for anion in np.unique(j):
        around = np.flatnonzero(j == anion)
        for a in around:
            for b in around:
                image = tuple(int(k) for k in shift[a] - shift[b])
                if i[a] == i[b] and not any(image):
                    continue
                key = (int(i[a]), int(i[b]), *image)
                counts[key] = counts.get(key, 0) + 1
    shared = np.zeros((n, n), dtype=int)
    for (first, second, *_), count in counts.items():
        shared[first, second] = max(int(shared[first, second]), count)
    return shared
