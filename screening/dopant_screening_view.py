"""Pictures of a dopant screening: two energies compared, and dependence on content."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from screening.formula_text import label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from screening.dopant_screening import DopantScreening
    from screening.titration import Titration

CLASS_COLOURS = {
    "stable": "#1a7a5e",
    "passivating": "#e0a526",
    "mixed conducting": "#b5403a",
    "not known": "#8a8f94",
}
"""Class → colour, the same in all pictures."""
MOST_NAMES = 14
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
    rows = [each for each in found.dopants if each.anchored is not None]
    values = [
        value
        for each in rows
        for value in (each.relative_energy_eV, each.anchored_relative_energy_eV or 0.0)
    ]
    low, high = min([-1.0, *values]) * 1.3, max([0.1, *values]) + 0.1
    axes.plot([low, high], [low, high], color="0.8", lw=1, zorder=0)
    for line in (axes.axvline, axes.axhline):
        line(-found.stable_within_eV, color="0.5", lw=0.8, ls=":", zorder=0)
    for name, colour in CLASS_COLOURS.items():
        chosen = [each for each in rows if each.outcome == name]
        if chosen:
            axes.plot(
                [each.relative_energy_eV for each in chosen],
                [each.anchored_relative_energy_eV for each in chosen],
                "o",
                ms=4.5,
                color=colour,
                label=name,
                alpha=0.85,
            )
    moved = [each for each in rows if each.outcome != each.anchored_outcome]
    for each in moved[:MOST_NAMES]:
        axes.annotate(
            each.name,
            (each.relative_energy_eV, each.anchored_relative_energy_eV or 0.0),
            xytext=(4, -7),
            textcoords="offset points",
            fontsize=7,
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
    axes.set_xlabel("ΔG − ΔG(LLZO) from hull energies (eV per f.u.)")
    axes.set_ylabel("ΔG − ΔG(LLZO) from relaxed cells (eV per f.u.)")
    axes.legend(title="class from the hull", fontsize=8, loc="lower right")
    return axes


def draw_contents(
    titrations: Sequence["Titration"],
    contents: Sequence[float],
    *,
    ax: "Axes | None" = None,
    symbol: str = "x",
) -> "Axes":
    """Reaction energy against the content of a dopant, with the final products.

    Parameters
    ----------
    titrations
        One per content, the undoped compound first.
    contents
        Dopants per formula unit.
    ax
        Axes to draw on; new ones by default.
    symbol
        What the content is called.

    """
    import matplotlib.pyplot as plt

    axes = plt.subplots()[1] if ax is None else ax
    energies = [each.conversion.energy_eV_per_formula_unit for each in titrations]
    axes.plot(contents, energies, "o-", color="#1f3b4d")
    for content, energy, each in zip(contents, energies, titrations, strict=True):
        products = " + ".join(label(name) for name in each.conversion.products)
        late = content > np.mean(contents)
        axes.annotate(
            f"{energy:.3f} eV\n{products}",
            (content, energy),
            xytext=(-8 if late else 8, 6),
            textcoords="offset points",
            ha="right" if late else "left",
            fontsize=7.5,
        )
    span = max(energies) - min(energies) or 1.0
    axes.set_ylim(min(energies) - 0.12 * span, max(energies) + 0.35 * span)
    axes.margins(x=0.08)
    axes.set_xlabel(f"dopants per formula unit, {symbol}")
    axes.set_ylabel("ΔG with excess lithium (eV per f.u.)")
    return axes
