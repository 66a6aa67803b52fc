"""Side view of a slab or an interface."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from ase.data import atomic_numbers, covalent_radii
from ase.data.colors import jmol_colors

if TYPE_CHECKING:
    from ase import Atoms
    from matplotlib.axes import Axes

# Purple Li, cyan Zr and green Cl, as published pictures of these interfaces have.
COLOURS = {
    "Li": "#a070d8",
    "Zr": "#35c4d4",
    "Hf": "#d98a3d",
    "Cl": "#4cb84c",
    "La": "#3f6fc0",
    "O": "#e04a3a",
}
RADII_A = {"Li": 0.80, "Zr": 0.95, "Hf": 0.95, "Cl": 0.95, "La": 1.10, "O": 0.70}
SHOWN_WIDTH_A = 20.0
TALLEST = 4.0  # height over width beyond which a picture cannot be read
EDGE_A = 0.05
FAR_PALENESS = 0.6


def draw_side_view(
    atoms: "Atoms",
    *,
    ax: "Axes | None" = None,
    highlight: "np.ndarray | None" = None,
) -> "Axes":
    """Projection along y, near atoms in front and far ones pale, by element.

    Narrow cells are repeated along x to about 20 Å, tall ones to a quarter of their
    height; the dashed line is one cell.

    Parameters
    ----------
    atoms
        Structure with z along the normal.
    ax
        Axes to draw on; new ones by default.
    highlight
        Indices of atoms drawn in yellow in front of all others, such as dissolved
        ones.

    Returns
    -------
    matplotlib.axes.Axes
        x to the right and z upwards, both in Å, equal scale.

    """
    from matplotlib import pyplot as plt
    from matplotlib.collections import EllipseCollection
    from matplotlib.lines import Line2D
    from matplotlib.ticker import MaxNLocator

    wrapped = atoms.copy()
    wrapped.wrap(eps=1e-6)
    edge, height = float(wrapped.cell[0, 0]), float(wrapped.cell[2, 2])
    n_cells = max(1, round(max(SHOWN_WIDTH_A, height / TALLEST) / edge))
    width = n_cells * edge
    marked = np.zeros(len(wrapped), dtype=bool)
    if highlight is not None:
        marked[np.asarray(highlight, dtype=int)] = True
    shown = _strip(wrapped, edge, width, marked)
    if ax is None:
        size = 4.2, 4.2 * min(max((height + 3) / (width + 2), 0.6), 2.6)
        _, ax = plt.subplots(figsize=size, layout="constrained")
    symbols = wrapped.get_chemical_symbols()
    diameters = np.array([2 * _radius(symbols[i]) for i in shown.which])
    faces = [
        _faded("#f5c518" if marked[i] else _colour(symbols[i]), depth)
        for i, depth in zip(shown.which, shown.depth, strict=True)
    ]
    ax.add_collection(
        EllipseCollection(
            diameters,
            diameters,
            np.zeros(len(diameters)),
            units="x",
            offsets=shown.xz,
            transOffset=ax.transData,
            facecolors=faces,
            edgecolors=[_faded("#202020", depth) for depth in shown.depth],
            linewidths=0.5,
        )
    )
    ax.set(xlim=(-1.2, width + 1.2), ylim=(-1.2, height + 1.2), aspect="equal")
    ax.plot(
        [0, edge, edge, 0, 0],
        [0, 0, height, height, 0],
        ls="--",
        lw=0.8,
        c="0.35",
        zorder=3,
    )
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.set_xlabel("x (Å)")
    ax.set_ylabel("z (Å)")
    handles = [
        Line2D([], [], ls="", marker="o", ms=7, mfc=_colour(s), mec="#303030", label=s)
        for s in sorted(set(symbols), key=lambda s: atomic_numbers[s])
    ]
    ax.legend(
        handles=handles,
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=len(handles),
        frameon=False,
        handletextpad=0.2,
        columnspacing=1.0,
    )
    return ax


class _Strip(NamedTuple):
    """Atoms to draw, far ones first."""

    which: "np.ndarray"  # (m,) index of the atom
    xz: "np.ndarray"  # (m, 2) [Å]
    depth: "np.ndarray"  # (m,) 0 near, 1 far


def _strip(atoms: "Atoms", edge: float, width: float, marked: "np.ndarray") -> _Strip:
    """Images of the atoms in the upright strip 0 <= x <= width."""
    x, y, z = atoms.positions.T
    base = (x + EDGE_A) % edge - EDGE_A  # the strip is equivalent to a skewed cell
    turns = np.arange(int(np.ceil(width / edge)) + 1)
    x_all = (base[None, :] + edge * turns[:, None]).ravel()
    index = np.tile(np.arange(len(atoms)), len(turns))
    keep = x_all <= width + EDGE_A
    index, x_all = index[keep], x_all[keep]
    depth = (y - y.min()) / max(float(np.ptp(y)), 1e-9)
    depth[marked] = 0.0
    order = np.lexsort((index, -np.round(y[index], 3), marked[index]))
    index = index[order]
    return _Strip(index, np.column_stack([x_all[order], z[index]]), depth[index])


def _faded(colour: str | tuple[float, ...], depth: float) -> tuple[float, ...]:
    """Colour mixed with white by depth."""
    from matplotlib.colors import to_rgb

    share = FAR_PALENESS * depth
    return tuple(float(c + (1 - c) * share) for c in to_rgb(colour))


def _colour(symbol: str) -> str | tuple[float, ...]:
    """Colour of an element."""
    if symbol in COLOURS:
        return COLOURS[symbol]
    return tuple(float(c) for c in jmol_colors[atomic_numbers[symbol]])


def _radius(symbol: str) -> float:
    """Drawn radius of an element [Å]."""
    return RADII_A.get(symbol, 0.7 * float(covalent_radii[atomic_numbers[symbol]]))
