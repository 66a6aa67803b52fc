"""How the errors fell while a potential was trained."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PANELS = {
    "energy_rmse_meV_per_atom": "energy RMSE (meV/atom)",
    "force_rmse_meV_per_A": "force RMSE (meV/Å)",
    "stress_rmse_meV_per_A3": "stress RMSE (meV/Å³)",
}


def plot_training_curve(history: Sequence[Mapping[str, float]]) -> "Figure":
    """Draw the validation errors of the averaged weights against the epoch.

    Parameters
    ----------
    history
        One mapping per epoch, as in ``training_curve.json``.

    Returns
    -------
    matplotlib.figure.Figure
        One panel each for energy, forces and stress; the loss alone when nothing
        was validated. A line marks the second stage.

    """
    from matplotlib.figure import Figure

    panels = {
        key: label for key, label in _PANELS.items() if any(key in h for h in history)
    } or {"train_loss": "training loss"}
    figure = Figure(figsize=(4 * len(panels), 3), layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    second = next((h["epoch"] for h in history if h["stage"] > 1), None)
    for ax, (key, label) in zip(axes, panels.items(), strict=True):
        shown = [h for h in history if key in h]
        ax.plot([h["epoch"] for h in shown], [h[key] for h in shown], linewidth=1.2)
        ax.set(xlabel="epoch", ylabel=label, yscale="log")
        if second is not None:
            ax.axvline(second, color="0.6", linewidth=0.8, linestyle="--")
    return figure
