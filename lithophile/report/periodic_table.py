"""Periodic tables coloured by what was found for each dopant of a site."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ase.data import chemical_symbols

from lithophile.curves import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LANTHANOID_ROW = 8.6
F_BLOCK_FIRST = {57: 3, 89: 3}
UNTRIED = "#eceff1"
LAST = 94
LIGHT = 0.45
"""Brightness below which writing on a tile is white."""

Tile = tuple[str, str]
"""Colour of a tile, and the small writing in it."""


def place_of(number: int) -> tuple[float, float]:
    """Column and row of an element in the table.

    Parameters
    ----------
    number
        Atomic number.

    Examples
    --------
    >>> place_of(1), place_of(13), place_of(72), place_of(58)
    ((1, 1), (13, 3), (4, 6), (4, 8.6))

    """
    for first, row in ((57, LANTHANOID_ROW), (89, LANTHANOID_ROW + 1)):
        if first <= number <= first + 14:
            return 3 + number - first, row
    starts = (1, 3, 11, 19, 37, 55, 87)
    period = sum(number >= start for start in starts)
    offset = number - starts[period - 1]
    if period == 1:
        return (1, 1) if number == 1 else (18, 1)
    if period <= 3:  # noqa: PLR2004 (no d block)
        return (1 + offset if offset < 2 else 11 + offset), period  # noqa: PLR2004
    if period >= 6 and offset > 16:  # noqa: PLR2004 (after the f block)
        offset -= 14
    return 1 + offset, period


def draw_periodic_table(
    tiles: Mapping[str, Sequence[Tile]], *, ax: "Axes", title: str = ""
) -> "Axes":
    """Periodic table whose tiles are coloured; several charges share a tile.

    Parameters
    ----------
    tiles
        Symbol → colour and small writing of each charge, from top to bottom.
    ax
        Axes to draw on.
    title
        Heading.

    """
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Rectangle

    for number in range(1, LAST + 1):
        symbol = chemical_symbols[number]
        column, row = place_of(number)
        found = list(tiles.get(symbol, ())) or [(UNTRIED, "")]
        height = 0.94 / len(found)
        for index, (colour, writing) in enumerate(found):
            low = row + 0.94 - (index + 1) * height
            top = row + 0.94 - low - height
            ax.add_patch(
                Rectangle((column, row + top), 0.94, height, color=colour, lw=0)
            )
            dark = sum(to_rgb(colour)) / 3 < LIGHT
            ax.text(
                column + 0.9,
                row + top + height - 0.06,
                writing,
                ha="right",
                va="bottom",
                fontsize=5.4,
                color="white" if dark else "black",
            )
        tried = symbol in tiles
        dark = tried and sum(to_rgb(found[0][0])) / 3 < LIGHT
        ax.text(
            column + 0.07,
            row + 0.07,
            symbol,
            ha="left",
            va="top",
            fontsize=7.5 if tried else 6.5,
            fontweight="bold" if tried else "normal",
            color="white" if dark else ("black" if tried else "0.6"),
        )
    ax.set_xlim(0.9, 19.1)
    ax.set_ylim(LANTHANOID_ROW + 2.1, 0.9)
    ax.set_aspect("equal")
    ax.axis("off")
    ax.set_title(title, fontsize=10, loc="left")
    return ax


def draw_class_maps(
    found: Mapping[str, Mapping[str, Sequence[Tile]]],
    legend: Mapping[str, str],
) -> "Figure":
    """One table per site, with the meaning of the colours.

    Parameters
    ----------
    found
        Heading → tiles of its table.
    legend
        Class → colour.

    """
    from matplotlib.patches import Patch

    figure = new_figure(7.6, 4.5 * len(found) + 0.4)
    axes = figure.subplots(len(found), 1, squeeze=False)[:, 0]
    for axis, (title, tiles) in zip(axes, found.items(), strict=True):
        draw_periodic_table(tiles, ax=axis, title=title)
    figure.legend(
        handles=[
            Patch(color=colour, label=label)
            for label, colour in (*legend.items(), ("not tried on this site", UNTRIED))
        ],
        loc="outside lower center",
        ncols=len(legend) + 1,
        fontsize=8,
        frameon=False,
    )
    return figure


def draw_energy_maps(
    found: Mapping[str, Mapping[str, Sequence[tuple[float, str]]]],
    *,
    lowest: float,
    highest: float,
    label: str,
) -> "Figure":
    """One table per site, coloured by an energy.

    Parameters
    ----------
    found
        Heading → symbol → energy [eV] and small writing of each charge.
    lowest, highest
        Ends of the colour scale [eV]; what lies outside has the colour of the end.
    label
        What the scale shows, with its unit.

    """
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize, to_hex

    colours = colormaps["cividis"]
    scale = Normalize(lowest, highest, clip=True)
    figure = new_figure(7.6, 4.5 * len(found) + 0.6)
    axes = figure.subplots(len(found), 1, squeeze=False)[:, 0]
    for axis, (title, energies) in zip(axes, found.items(), strict=True):
        tiles = {
            symbol: [(to_hex(colours(scale(value))), text) for value, text in values]
            for symbol, values in energies.items()
        }
        draw_periodic_table(tiles, ax=axis, title=title)
    figure.colorbar(
        ScalarMappable(scale, colours),
        ax=list(axes),
        orientation="horizontal",
        fraction=0.03,
        pad=0.01,
        aspect=40,
        extend="min",
        label=label,
    )
    return figure
