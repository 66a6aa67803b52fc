"""Curves for reports: energies and temperature against time, errors as parity."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from md.dynamics.log import read_log

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from mlip.error_report import ErrorReport

INK = "#1f3b4d"
ACCENT = "#c8553d"


def new_figure(width: float, height: float) -> "Figure":
    """Figure in the style of the report, without a window behind it."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def tidy(axis: "Axes") -> None:
    """Take away the frame lines that carry nothing."""
    for edge in ("top", "right"):
        axis.spines[edge].set_visible(False)
    axis.tick_params(labelsize=9)


def draw_energies(log: Path, path: Path) -> Path:
    """Draw temperature and energies against time from an MD log."""
    columns = {name: np.array(values) for name, values in read_log(log).items()}
    times = columns["time_ps"]
    figure = new_figure(8.4, 4.6)
    upper, lower = figure.subplots(2, 1, sharex=True)
    upper.plot(times, columns["temperature_K"], color=ACCENT, lw=1.1)
    upper.set_ylabel("temperature [K]")
    potential = columns["potential_energy_eV"]
    if len(times):
        lower.plot(times, potential - potential[0], color=INK, lw=1.1)
    lower.set_ylabel("potential energy\nsince the start [eV]")
    lower.set_xlabel("time [ps]")
    for axis in (upper, lower):
        tidy(axis)
    figure.savefig(path, dpi=150)
    return path


def draw_parity(report: "ErrorReport", path: Path) -> Path:
    """Draw predicted against labelled energies, forces and stresses."""
    quantities = [name for name in ("energies", "forces", "stresses")
                  if len(report.points[name])]  # fmt: skip
    figure = new_figure(3.5 * len(quantities), 3.5)
    axes = figure.subplots(1, len(quantities), squeeze=False)[0]
    for axis, quantity in zip(axes, quantities, strict=True):
        report.plot(axis, quantity=quantity)
        axis.locator_params(nbins=4)
        tidy(axis)
    figure.savefig(path, dpi=150)
    return path
