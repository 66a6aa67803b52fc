"""Pictures for reports: structures seen from the side, on one scale."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms

from lithophile.curves import new_figure, tidy
from structures.side_view import draw_side_view

PANEL_HEIGHT_INCH = 6.2
LARGEST_WIDTH_INCH = 9.5
MARGIN_INCH = 1.2

Panel = tuple[str, Atoms, Sequence[int]]
"""Title, structure, indices of the atoms to highlight."""


def draw_panels(panels: Sequence[Panel], path: Path) -> Path:
    """Draw structures side by side, on one scale.

    Parameters
    ----------
    panels
        Title, structure and indices of the atoms to highlight, one panel each.
    path
        PNG file to write.

    """
    figure = new_figure(LARGEST_WIDTH_INCH, PANEL_HEIGHT_INCH)
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axis, (title, atoms, highlighted) in zip(axes, panels, strict=True):
        marked = np.asarray(highlighted, dtype=int)
        draw_side_view(_boxed(atoms), ax=axis, highlight=marked)
        axis.set_title(title, fontsize=10, pad=24)
        tidy(axis)
    widths = [float(np.ptp(axis.get_xlim())) for axis in axes]
    heights = [axis.get_ylim() for axis in axes]
    bottom, top = min(low for low, _ in heights), max(high for _, high in heights)
    scale = min(PANEL_HEIGHT_INCH / (top - bottom), LARGEST_WIDTH_INCH / sum(widths))
    for axis in axes:
        axis.set_ylim(bottom, top)
    for axis in axes[1:]:
        axis.set_ylabel("")
        axis.set_yticklabels([])
    axes[0].get_gridspec().set_width_ratios(widths)
    figure.set_size_inches(
        sum(widths) * scale + MARGIN_INCH, (top - bottom) * scale + MARGIN_INCH
    )
    figure.savefig(path, dpi=140)
    return path


def _boxed(atoms: Atoms) -> Atoms:
    """Give a cluster, a chain or a molecule a box to be drawn in."""
    if atoms.cell.rank == len(atoms.cell):
        return atoms
    boxed = atoms.copy()
    boxed.center(vacuum=2.0)
    return boxed
