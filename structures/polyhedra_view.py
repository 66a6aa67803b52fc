"""Pictures of coordination polyhedra and of bond lengths."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from structures.coordination import Coordination
    from structures.polyhedra import Polyhedra

SHOWN_A = 16.0  # cells are repeated to about this width
BIN_A = 0.02
SAME_DEPTH_A = 0.5
PALEST = 0.65
CORNERS_OF_A_FACE = 3
PLANES = {"x": (1, 2, 0), "y": (0, 2, 1), "z": (0, 1, 2)}  # right, up, towards the eye
TOWARDS = {"x": 1.0, "y": -1.0, "z": 1.0}
LABELS = "xyz"


def draw_polyhedra(
    found: "Polyhedra", *, ax: "Axes | None" = None, along: str = "z"
) -> "Axes":
    """Projection of polyhedra along an axis, near ones in front.

    Parameters
    ----------
    found
        Polyhedra of a structure.
    ax
        Axes to draw on; new ones by default.
    along
        Axis of view, ``"x"``, ``"y"`` or ``"z"``.

    Returns
    -------
    matplotlib.axes.Axes
        Both axes in Å, equal scale.

    Raises
    ------
    InputError
        If the axis is not one of the three.

    """
    from matplotlib.collections import PolyCollection
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    from training_data.errors import InputError  # noqa: PLC0415

    if along not in PLANES:
        raise InputError(f"along must be x, y or z; got {along!r}. Give one of them.")
    if ax is None:
        ax = Figure(figsize=(5, 4.6), layout="constrained").subplots()
    right, up, depth = PLANES[along]
    outlines, depths, colours = [], [], []
    origins = _images(found, right, up, depth)
    for centre, symbol, corners in zip(
        found.centres, found.species, found.vertices(), strict=True
    ):
        outline = _outline(corners[:, [right, up]])
        if len(outline) < CORNERS_OF_A_FACE:
            continue
        for origin in origins:
            place = found.atoms.positions[centre] + origin
            outlines.append(outline + place[[right, up]])
            depths.append(TOWARDS[along] * place[depth])
            colours.append(_colour(symbol))
    order = np.argsort(depths, kind="stable")
    nearness = _nearness(np.array(depths))
    ax.add_collection(
        PolyCollection(
            [outlines[i] for i in order],
            facecolors=[_faded(colours[i], nearness[i]) for i in order],
            edgecolors="white",
            linewidths=0.7,
        )
    )
    ax.autoscale_view()
    ax.set_aspect("equal")
    ax.set_xlabel(f"{LABELS[right]} (Å)")
    ax.set_ylabel(f"{LABELS[up]} (Å)")
    ax.legend(
        handles=[
            Patch(facecolor=_colour(symbol), label=_name(found, symbol))
            for symbol in dict.fromkeys(found.species)
        ],
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=4,
        frameon=False,
    )
    return ax


def draw_bond_lengths(found: "Coordination", *, ax: "Axes | None" = None) -> "Axes":
    """Histogram of bond lengths per element of the centres, with the cutoffs.

    Parameters
    ----------
    found
        Coordination of a structure.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        Bonds per centre in bins of 0.02 Å against length in Å.

    """
    from matplotlib.figure import Figure

    if ax is None:
        ax = Figure(figsize=(5, 3.2), layout="constrained").subplots()
    for symbol in dict.fromkeys(found.species):
        rows = found.of(symbol)
        lengths = np.concatenate([found.bond_lengths_A[i] for i in rows])
        if len(lengths) == 0:
            continue
        edges = BIN_A * np.arange(
            np.floor(lengths.min() / BIN_A) - 1, np.ceil(lengths.max() / BIN_A) + 2
        )
        ax.hist(
            lengths,
            bins=edges.tolist(),
            weights=np.full(len(lengths), 1 / len(rows)),
            color=_colour(symbol),
            alpha=0.75,
            label=f"{symbol}: {found.numbers[rows].mean():.2f} ligands",
        )
    for kind, cutoff in found.cutoffs_A.items():
        ax.axvline(cutoff, color=_colour(kind.split("-")[0]), ls="--", lw=1)
    ax.set_xlabel(f"bond length to {', '.join(found.ligands)} (Å)")
    ax.set_ylabel(f"bonds per centre in {BIN_A:g} Å")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
    return ax


def _colour(symbol: str) -> str | tuple[float, ...]:
    """Colour of an element, as in the side views."""
    from ase.data import atomic_numbers  # noqa: PLC0415
    from ase.data.colors import jmol_colors  # noqa: PLC0415

    from structures.side_view import COLOURS  # noqa: PLC0415

    if symbol in COLOURS:
        return COLOURS[symbol]
    return tuple(float(c) for c in jmol_colors[atomic_numbers[symbol]])


def _name(found: "Polyhedra", symbol: str) -> str:
    """Name the polyhedra of one element, such as ZrCl6 or LiO4–6."""
    numbers = found.numbers[np.array(found.species) == symbol]
    low, high = int(numbers.min()), int(numbers.max())
    ligands = "/".join(found.ligands)
    return f"{symbol}{ligands}{low}" + (f"–{high}" if high > low else "")


def _nearness(depths: np.ndarray) -> np.ndarray:
    """Scale from 0, the farthest, to 1, the nearest."""
    spread = float(np.ptp(depths)) if len(depths) else 0.0
    if spread < SAME_DEPTH_A:
        return np.ones(len(depths))
    return np.asarray((depths - depths.min()) / spread)


def _faded(
    colour: str | tuple[float, ...], nearness: float
) -> tuple[float, float, float]:
    """Colour, paler the farther away."""
    from matplotlib.colors import to_rgb

    share = PALEST * (1 - nearness)
    r, g, b = to_rgb(colour)
    return r + (1 - r) * share, g + (1 - g) * share, b + (1 - b) * share


def _outline(points: np.ndarray) -> np.ndarray:
    """Corners of the convex hull in the plane, in order; all points where flat."""
    from scipy.spatial import ConvexHull, QhullError  # noqa: PLC0415

    if len(points) < CORNERS_OF_A_FACE:
        return points
    try:
        return np.asarray(points[ConvexHull(points).vertices])
    except QhullError:
        return points[:0]


def _images(found: "Polyhedra", right: int, up: int, depth: int) -> np.ndarray:
    """Lattice vectors that fill about 16 Å of the picture; none leads into it."""
    counts = []
    for vector, periodic in zip(found.atoms.cell.array, found.atoms.pbc, strict=True):
        reach = float(np.hypot(vector[right], vector[up]))
        lies_flat = bool(periodic) and reach > 1 and reach >= abs(vector[depth])
        counts.append(max(1, round(SHOWN_A / reach)) if lies_flat else 1)
    return np.array([np.array(n) @ found.atoms.cell.array for n in np.ndindex(*counts)])
