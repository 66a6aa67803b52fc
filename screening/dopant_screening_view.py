"""Picture of a dopant screening: two energies compared."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from screening.dopant_screening import DopantScreening

CLASS_COLOURS = {
    "stable": "#1a7a5e",
    "passivating": "#e0a526",
    "mixed conducting": "#b5403a",
    "not known": "#8a8f94",
}
"""Class → colour, the same in all pictures."""
MOST_NAMES = 20
LEADING_POINTS = 9
"""Least distance of two names on one side."""
LINEAR_EV = 0.3


def draw_energies_compared(
    found: "DopantScreening", *, ax: "Axes | None" = None
) -> "Axes":
    """Relative reaction energies: anchored on relaxed cells against those of the hull.

    Both axes are linear near zero and logarithmic beyond 0.3 eV. Dopants whose class
    differs between the two carry their name.

    Parameters
    ----------
    found
        Screening in which some dopants have an anchored energy.
    ax
        Axes to draw on; new ones by default.

    """
    import matplotlib.pyplot as plt

    axes = plt.subplots()[1] if ax is None else ax
    rows = [
        (
            each.relative_energy_eV_per_formula_unit,
            each.anchored_relative_energy_eV_per_formula_unit,
            each,
        )
        for each in found.dopants
        if each.anchored_relative_energy_eV_per_formula_unit is not None
    ]
    values = [value for x, y, _ in rows for value in (x, y)]
    low, high = min([-1.0, *values]) * 1.3, max([0.1, *values]) + 0.1
    axes.plot([low, high], [low, high], color="0.8", lw=1, zorder=0)
    for line in (axes.axvline, axes.axhline):
        line(
            -found.stable_within_eV_per_formula_unit,
            color="0.5",
            lw=0.8,
            ls=":",
            zorder=0,
        )
    for name, colour in CLASS_COLOURS.items():
        chosen = [(x, y) for x, y, each in rows if each.outcome == name]
        if chosen:
            axes.plot(
                *zip(*chosen, strict=True),
                "o",
                ms=4.5,
                color=colour,
                label=name,
                alpha=0.85,
            )
    for scale in (axes.set_xscale, axes.set_yscale):
        scale("symlog", linthresh=LINEAR_EV)
    ticks = [t for t in (-4, -2, -1, -0.5, -0.3, -0.1, 0.1, 0.3) if low < t < high]
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
        axis.set_ticks([], minor=True)
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.set_aspect("equal")
    moved = [row for row in rows if row[2].outcome != row[2].anchored_outcome]
    _name(axes, [(x, y, each.name) for x, y, each in moved])
    axes.set_xlabel("ΔG − ΔG(LLZO) from hull energies (eV per f.u.)")
    axes.set_ylabel("ΔG − ΔG(LLZO) from relaxed cells (eV per f.u.)")
    axes.legend(title="class from the hull", fontsize=8, loc="lower right")
    return axes


def _name(axes: "Axes", points: Sequence[tuple[float, float, str]]) -> None:
    """Names beside their points, those on the left to the left, none upon another."""
    middle = float(np.median([x for x, _, _ in points])) if points else 0.0
    figure = axes.get_figure(root=True)
    if figure is None:
        return
    axes.apply_aspect()
    points_per_pixel = 72 / figure.dpi
    free = [np.inf, np.inf]  # lowest height that is taken, right and left
    ordered = sorted(points, key=lambda each: -each[1])[:MOST_NAMES]
    for x, y, name in ordered:
        side = int(x < middle)
        height = float(axes.transData.transform((x, y))[1]) * points_per_pixel
        text = min(height, free[side] - LEADING_POINTS)
        free[side] = text
        axes.annotate(
            name,
            (x, y),
            xytext=(-12 if side else 12, text - height),
            textcoords="offset points",
            ha="right" if side else "left",
            va="center",
            fontsize=7,
            arrowprops={"arrowstyle": "-", "lw": 0.4, "color": "0.5", "shrinkB": 2},
        )
