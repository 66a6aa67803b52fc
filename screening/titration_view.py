"""Picture of a titration: energy against amount, with the products at the kinks."""

from typing import TYPE_CHECKING

from screening.formula_text import label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from screening.reaction import Reaction
    from screening.titration import Titration

INK, ACCENT, PALE = "#1f3b4d", "#c8553d", "#8a8f94"
CROWDED = 0.05
"""Kinks nearer than this share of both axes to one with a number have none."""
LINE = 0.09
"""Room above the curve for each line of the list, in units of its depth."""
BEYOND = 0.18
"""Length of the line drawn beyond the last kink, as a share of the axis."""


def draw_titration(found: "Titration", *, ax: "Axes | None" = None) -> "Axes":
    """Energy against the amount of the electrode, each kink with its products.

    Kinks are numbered; the list beside the curve names what is there at each. The last
    one, from which on the electrode stays as it is, is a square.

    Parameters
    ----------
    found
        Titration.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    Axes
        Axes with the curve.

    """
    if ax is None:
        from matplotlib.figure import Figure

        ax = Figure(figsize=(6.4, 4.4), layout="constrained").subplots()
    amounts = [kink.electrode_per_formula_unit for kink in found.kinks]
    energies = [kink.energy_eV_per_formula_unit for kink in found.kinks]
    reach = max(amounts[-1], 1.0) * (1 + BEYOND)
    ax.axhline(0, color=PALE, lw=0.7)
    ax.plot(amounts, energies, "-o", color=INK, ms=4, lw=1.2, mfc="white")
    ax.plot([amounts[-1], reach], [energies[-1]] * 2, "--", color=INK, lw=1.0)
    ax.plot(amounts[-1], energies[-1], "s", color=ACCENT, ms=7)
    depth = -min(*energies, -0.02)
    labelled = (-reach, 0.0)
    for number, (x, y) in enumerate(zip(amounts, energies, strict=True), start=1):
        apart = abs(x - labelled[0]) / reach + abs(y - labelled[1]) / depth
        if apart < CROWDED and number < len(amounts):
            continue
        labelled = (x, y)
        ax.annotate(
            str(number),
            (x, y),
            xytext=(-4, -5),
            textcoords="offset points",
            ha="right",
            va="top",
            fontsize=7.5,
            color=ACCENT,
        )
    ax.set_ylim(-1.14 * depth, depth * (0.12 + LINE * len(amounts)))
    ax.set_yticks([tick for tick in ax.get_yticks() if -1.14 * depth <= tick <= 0])
    ax.set_xlim(-0.06 * reach, reach)
    ax.text(
        0.985,
        0.975,
        "\n".join(
            f"{number}  {_products(kink)}"
            for number, kink in enumerate(found.kinks, start=1)
        ),
        transform=ax.transAxes,
        ha="right",
        va="top",
        fontsize=7.5,
        linespacing=1.35,
        color=INK,
    )
    ax.set_xlabel(f"{label(found.electrode)} per formula unit of electrolyte")
    ax.set_ylabel("reaction energy (eV per formula unit)")
    ax.set_title(f"{label(found.compound)} + {label(found.electrode)}", fontsize=10)
    return ax


def _products(kink: "Reaction") -> str:
    """Products of one kink, the one of which most forms first."""
    return " + ".join(label(formula) for formula in kink.products)
