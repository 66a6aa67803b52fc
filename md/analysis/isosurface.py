"""Surfaces of equal density in a periodic cell, and their picture."""

from typing import TYPE_CHECKING

import numpy as np
from ase.data import covalent_radii
from ase.data.colors import jmol_colors
from numpy.typing import NDArray
from scipy.signal import resample

from md.analysis.density_grid import smoothed
from md.analysis.ion_density import IonDensityResult
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Six tetrahedra around the diagonal from corner 0 to corner 7 of a voxel; corner
# numbers are bits: 1 along k, 2 along j, 4 along i.
_TETRAHEDRA = np.array(
    [(0, 1, 3, 7), (0, 3, 2, 7), (0, 2, 6, 7), (0, 6, 4, 7), (0, 4, 5, 7), (0, 5, 1, 7)]
)
_CORNERS = np.array([(c >> 2 & 1, c >> 1 & 1, c & 1) for c in range(8)])
_PICTURE_A = 0.5
_BOHR_LIKE_A2 = 30.0


def isosurface(values: NDArray[np.float64], level: float) -> NDArray[np.float64]:
    """Triangles of the surface on which a periodic map has one value.

    Parameters
    ----------
    values
        (i, j, k) map on the grid of the cell.
    level
        Value on the surface.

    Returns
    -------
    numpy.ndarray
        (n, 3, 3) corners of triangles as fractions of the cell, up to 1 at its end.

    Notes
    -----
    Every voxel is cut into six tetrahedra, and every tetrahedron whose corners lie on
    both sides of the level into one or two triangles, with corners placed linearly
    along the edges: the surface has no holes.

    Examples
    --------
    >>> values = np.zeros((4, 4, 4))
    >>> values[:, :, 2] = 1.0  # a slab: two planes
    >>> heights = isosurface(values, 0.5)[..., 2]
    >>> np.unique(heights).tolist()
    [0.375, 0.625]

    """
    shape = np.array(values.shape)
    padded = np.pad(values, ((0, 1), (0, 1), (0, 1)), mode="wrap")
    corners = np.stack(
        [padded[i : i + shape[0], j : j + shape[1], k : k + shape[2]]
         for i, j, k in _CORNERS], axis=-1,
    )  # fmt: skip
    crossed = (corners.min(axis=-1) < level) & (corners.max(axis=-1) >= level)
    origin = np.argwhere(crossed)
    found = []
    for tetrahedron in _TETRAHEDRA:
        value = corners[crossed][:, tetrahedron]
        place = origin[:, None] + _CORNERS[tetrahedron]
        found.append(_cut(value, place.astype(float), level))
    return np.asarray(np.concatenate(found) / shape, dtype=float)


def _cut(
    value: NDArray[np.float64], place: NDArray[np.float64], level: float
) -> NDArray[np.float64]:
    """Triangles in (n) tetrahedra, values (n, 4) at places (n, 4, 3)."""
    order = np.argsort(value < level, axis=1, kind="stable")  # those above first
    value = np.take_along_axis(value, order, axis=1)
    place = np.take_along_axis(place, order[:, :, None], axis=1)
    n_above = (value >= level).sum(axis=1)

    def between(chosen: NDArray[np.bool_], a: int, b: int) -> NDArray[np.float64]:
        one, other = value[chosen, a], value[chosen, b]
        share = ((level - one) / (other - one))[:, None]
        return np.asarray(
            place[chosen, a] + share * (place[chosen, b] - place[chosen, a])
        )

    one, two, three = (n_above == n for n in (1, 2, 3))
    quad = [between(two, a, b) for a, b in ((0, 2), (0, 3), (1, 3), (1, 2))]
    pieces = [
        np.stack([between(one, 0, b) for b in (1, 2, 3)], axis=1),
        np.stack([between(three, a, 3) for a in (0, 1, 2)], axis=1),
        np.stack([quad[0], quad[1], quad[2]], axis=1),
        np.stack([quad[0], quad[2], quad[3]], axis=1),
    ]
    return np.concatenate(pieces)


def draw_isosurface(
    density: IonDensityResult, *, share: float = 0.9, smoothing_A: float = 0.35
) -> "Figure":
    """Picture of the density in the cell with the framework, from two directions.

    Parameters
    ----------
    density
        The map.
    share
        The surface encloses this share of the ions.
    smoothing_A
        Width of the Gaussian that makes the surface smooth, Å.

    Returns
    -------
    matplotlib.figure.Figure
        Along the third lattice vector, and from the side.

    Raises
    ------
    InputError
        If `share` is not between 0 and 1.

    """
    if not 0 < share < 1:
        raise InputError(
            f"share must be between 0 and 1; got {share!r}. Take 0.5 to 0.95."
        )
    from matplotlib.colors import LightSource
    from matplotlib.figure import Figure
    from mpl_toolkits.mplot3d.art3d import (  # type: ignore[import-untyped] # noqa: PLC0415
        Poly3DCollection,
    )

    field = smoothed(density.density_per_A3, density.cell_A, smoothing_A)
    lengths = np.linalg.norm(density.cell_A, axis=1)
    for axis, length in enumerate(lengths):  # it is smooth: fewer points will do
        n_points = min(field.shape[axis], int(np.ceil(length / _PICTURE_A)))
        field = resample(field, n_points, axis=axis)
    falling = np.sort(field.ravel())[::-1]
    level = falling[np.searchsorted(np.cumsum(falling), share * falling.sum())]
    triangles = isosurface(field, float(level)) @ density.cell_A
    figure = Figure(figsize=(8, 5), layout="constrained")
    atoms = density.structure
    places = atoms.get_scaled_positions(wrap=True) @ density.cell_A
    for number, (elevation, azimuth) in enumerate(((89, -90), (8, -80))):
        ax = figure.add_subplot(1, 2, number + 1, projection="3d")
        surface = Poly3DCollection(
            triangles, facecolors="#c8a23d", shade=True,
            lightsource=LightSource(-60, 50), alpha=0.75, linewidths=0,
        )  # fmt: skip
        ax.add_collection3d(surface)
        ax.scatter(*places.T, s=_BOHR_LIKE_A2 * covalent_radii[atoms.numbers] ** 2,
                   c=jmol_colors[atoms.numbers], edgecolors="0.4", linewidths=0.4,
                   depthshade=False)  # fmt: skip
        _frame(ax, density.cell_A)
        ax.view_init(elev=elevation, azim=azimuth)
        ax.set_axis_off()
    figure.suptitle(
        f"{density.species} density, {share:.0%} of the ions, "
        f"{density.temperature_K:.0f} K; cell "
        + " × ".join(f"{n:.1f}" for n in lengths)
        + " Å", fontsize="medium",
    )  # fmt: skip
    return figure


def _frame(ax: object, cell: NDArray[np.float64]) -> None:
    """Edges of the cell, and equal scales."""
    corners = _CORNERS @ cell
    for axis in range(3):
        for corner in _CORNERS[_CORNERS[:, axis] == 0]:
            ends = np.stack([corner @ cell, corner @ cell + cell[axis]])
            ax.plot(*ends.T, color="0.5", lw=0.7)  # type: ignore[attr-defined]
    low, high = corners.min(axis=0), corners.max(axis=0)
    for name, one, other in zip("xyz", low, high, strict=True):
        getattr(ax, f"set_{name}lim")(one, other)
    ax.set_box_aspect(high - low, zoom=1.25)  # type: ignore[attr-defined]
