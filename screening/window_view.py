"""Picture of electrochemical windows: one bar each."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from screening.formula_text import label
from screening.formulas import reduced_formula

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from screening.window import ElectrochemicalWindow

INK, ACCENT, PALE = "#1f3b4d", "#c8553d", "#8a8f94"
TOP_V = 5.0
ROOM_FOR_NUMBER_V = 0.4


def draw_windows(
    windows: Sequence["ElectrochemicalWindow"], *, ax: "Axes | None" = None
) -> "Axes":
    """Voltages of stability, one bar per compound in the order given.

    A bar without an upper end, of a compound that holds none of the ion, fades at the
    top. Compounds that are not stable themselves, whose bar is that of the phases they
    decompose to, are pale.

    Parameters
    ----------
    windows
        Windows of one ion.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    Axes
        Axes with the bars.

    """
    if ax is None:
        from matplotlib.figure import Figure

        height = 1.1 + 0.34 * len(windows)
        ax = Figure(figsize=(6.4, height), layout="constrained").subplots()
    ends = [w.oxidation_V for w in windows if w.oxidation_V is not None]
    top = max([TOP_V, *(end + 0.4 for end in ends)])
    for row, window in enumerate(windows):
        decomposes = reduced_formula(window.compound) not in window.stable_phases
        low = window.reduction_V
        high = top if window.oxidation_V is None else window.oxidation_V
        ax.barh(
            row,
            high - low,
            left=low,
            height=0.62,
            color=PALE if decomposes else INK,
            alpha=0.45 if window.oxidation_V is None else 0.9,
        )
        beside = 0.0 if low < ROOM_FOR_NUMBER_V else low
        ax.text(beside - 0.05, row, f"{low:.2f}", ha="right", va="center", fontsize=8)
        if window.oxidation_V is not None:
            ax.text(high + 0.04, row, f"{high:.2f}", va="center", fontsize=8)
    ax.set_yticks(
        range(len(windows)), [label(w.compound) for w in windows], fontsize=8.5
    )
    ax.invert_yaxis()
    ax.set_xlim(-0.45, top)
    ion = windows[0].ion if windows else "Li"
    ax.set_xlabel(f"voltage against {ion} (V)")
    ax.axvline(0, color=ACCENT, lw=1.0)
    return ax
