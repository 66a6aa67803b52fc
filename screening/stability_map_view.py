"""Picture of a chemical stability map."""

from typing import TYPE_CHECKING

import numpy as np

from screening.formula_text import label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from screening.stability_map import StabilityMap

MEV = 1000
SCALE = ("#ffffff", "#fcbba1", "#fb6a4a", "#cb181d", "#67000d")
NOT_A_PAIR = "#d9d9d9"
SMALLEST_BAR_ROWS = 4
"""With fewer rows the colour bar is too short for its label on one line."""
DARK_SHARE = 0.6
"""Fields darker than this share of the scale carry white numbers."""


def draw_stability_map(found: "StabilityMap", *, ax: "Axes | None" = None) -> "Axes":
    """Energies in colour, white where nothing reacts, with numbers in meV per atom.

    Where a compound meets itself the field is grey.

    Parameters
    ----------
    found
        Stability map.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    Axes
        Axes with the map.

    """
    n_rows, n_columns = found.energies_eV_per_atom.shape
    if ax is None:
        from matplotlib.figure import Figure

        size = (2.8 + 0.85 * n_columns, max(1.3 + 0.42 * n_rows, 2.2))
        ax = Figure(figsize=size, layout="constrained").subplots()
    released = np.abs(MEV * found.energies_eV_per_atom)
    highest = max(float(np.nanmax(np.nan_to_num(released))), 1.0)
    from matplotlib.colors import LinearSegmentedColormap

    colours = LinearSegmentedColormap.from_list("released", SCALE)
    image = ax.imshow(
        np.ma.masked_invalid(released),
        cmap=colours.with_extremes(bad=NOT_A_PAIR),
        vmin=0,
        vmax=1.15 * highest,
        aspect="auto",
    )
    for row in range(n_rows):
        for column in range(n_columns):
            value = released[row, column]
            text = "–" if np.isnan(value) else f"{value:.0f}"
            dark = value > DARK_SHARE * highest
            ax.text(
                column,
                row,
                text,
                ha="center",
                va="center",
                fontsize=8,
                color="white" if dark else "black",
            )
    ax.set_xticks(
        range(n_columns),
        [label(electrode) for electrode in found.electrodes],
        rotation=30,
        ha="right",
        rotation_mode="anchor",
        fontsize=8.5,
    )
    ax.set_yticks(
        range(n_rows), [label(one) for one in found.electrolytes], fontsize=8.5
    )
    ax.tick_params(length=0)
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.9, pad=0.02)
    break_or_not = "\n" if n_rows < SMALLEST_BAR_ROWS else " "
    bar.set_label(f"energy released{break_or_not}(meV/atom)", fontsize=9)
    return ax
