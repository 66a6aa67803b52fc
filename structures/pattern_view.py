"""Pictures of powder patterns, against the angle, d or Q."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from structures.peak_shape import PeakShape
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from structures.diffraction_pattern import DiffractionPattern
    from structures.pattern_fit import PatternFit

INK, ACCENT, PALE = "#1f3b4d", "#c8553d", "#8a8f94"
LABELS = {
    "two_theta": "2θ (°), λ = {:.4g} Å",
    "d": "lattice spacing d (Å)",
    "q": "scattering vector Q (1/Å)",
}
LABELLED_PERCENT = 12.0
MOST_LABELS = 10
SAMPLES_PER_WIDTH = 10.0
TICK_SHARE = 0.045


def draw_pattern(
    pattern: "DiffractionPattern",
    *,
    ax: "Axes | None" = None,
    against: str = "two_theta",
    shape: PeakShape | None = None,
) -> "Axes":
    """Broadened pattern over sticks, the strongest reflections with their indices.

    Parameters
    ----------
    pattern
        Reflections.
    ax
        Axes to draw on; new ones by default.
    against
        ``"two_theta"``, ``"d"`` or ``"q"``.
    shape
        Width and form of the peaks.

    """
    ax = _axes(ax)
    shape = shape or PeakShape()
    low, high = pattern.range_deg
    width = float(shape.width_deg(pattern.two_theta_deg).min())
    n = int(min(20_000, (high - low) / width * SAMPLES_PER_WIDTH)) + 2
    # sample the peaks too, or their tops are cut
    grid = np.unique(np.r_[np.linspace(low, high, n), pattern.two_theta_deg])
    curve = pattern.profile(grid, shape=shape)
    curve = 100 * curve / curve.max()
    x = _abscissa(grid, pattern.wavelength_A, against)
    sticks = _abscissa(pattern.two_theta_deg, pattern.wavelength_A, against)
    ax.plot(x, curve, color=INK, lw=1.1)
    ax.vlines(sticks, 0, pattern.relative_intensity, color=ACCENT, lw=0.9, alpha=0.7)
    strongest = np.argsort(-pattern.relative_intensity)[:MOST_LABELS]
    span = float(np.ptp(x))
    reach = max(width, 0.008 * (high - low))
    taken: list[float] = []
    for i in strongest:
        if pattern.relative_intensity[i] < LABELLED_PERCENT:
            continue
        if any(abs(sticks[i] - other) < 0.028 * span for other in taken):
            continue
        taken.append(float(sticks[i]))
        near = np.abs(grid - pattern.two_theta_deg[i]) <= reach
        height = max(float(pattern.relative_intensity[i]), float(curve[near].max()))
        ax.annotate(
            _name(pattern.hkl[i][0][0]),
            (float(sticks[i]), height),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontsize=7,
            rotation=90,
            va="bottom",
        )
    _finish(ax, x, against, pattern.wavelength_A)
    ax.set_ylim(0, 122)
    ax.set_ylabel("intensity (% of the highest)")
    ax.set_title(pattern.formula, fontsize=9)
    return ax


def draw_fit(
    fit: "PatternFit", *, ax: "Axes | None" = None, against: str = "two_theta"
) -> "Axes":
    """Measured points, calculated curve, reflections and the difference below.

    Parameters
    ----------
    fit
        Fit of a measured pattern.
    ax
        Axes to draw on; new ones by default.
    against
        ``"two_theta"``, ``"d"`` or ``"q"``.

    """
    ax = _axes(ax)
    x = _abscissa(fit.two_theta_deg - fit.zero_shift_deg, fit.wavelength_A, against)
    top = float(max(fit.observed.max(), fit.calculated.max()))
    bottom = float(min(fit.observed.min(), fit.background.min(), 0.0))
    height = top - bottom
    ax.plot(x, fit.observed, ".", color=PALE, ms=2.5, label="measured")
    ax.plot(x, fit.calculated, color=ACCENT, lw=1.0, label="calculated")
    ax.plot(x, fit.background, color=PALE, lw=0.8, ls="--", label="background")
    lowest, highest = float(fit.two_theta_deg.min()), float(fit.two_theta_deg.max())
    for k, angles in enumerate(fit.reflections_deg):
        seen = angles[(angles >= lowest) & (angles <= highest)] - fit.zero_shift_deg
        level = bottom - (k + 1) * TICK_SHARE * height
        ax.plot(
            _abscissa(seen, fit.wavelength_A, against),
            np.full(len(seen), level),
            "|",
            color=f"C{k}",
            ms=5,
            label=f"{fit.formulas[k]}, {100 * fit.weight_fractions[k]:.0f} % by mass",
        )
    difference = fit.observed - fit.calculated
    below = bottom - (len(fit.formulas) + 1) * TICK_SHARE * height
    shift = below - max(float(difference.max()), 0.0)
    ax.plot(x, difference + shift, color=INK, lw=0.7, label="difference")
    _finish(ax, x, against, fit.wavelength_A)
    ax.set_ylabel("intensity (unit of the measurement)")
    ax.set_title(
        f"Rwp = {fit.rwp_percent:.1f} %, background-corrected "
        f"{fit.rwp_background_corrected_percent:.1f} %",
        fontsize=9,
    )
    ax.legend(fontsize=7, frameon=False)
    return ax


def _axes(ax: "Axes | None") -> "Axes":
    if ax is None:
        from matplotlib.figure import Figure

        ax = Figure(figsize=(6.4, 3.6), layout="constrained").subplots()
    return ax


def _abscissa(
    two_theta_deg: NDArray[np.float64], wavelength_A: float, against: str
) -> NDArray[np.float64]:
    """Angles as angle, d or Q."""
    if against not in LABELS:
        raise InputError(
            f"against must be one of {', '.join(LABELS)}; got {against!r}."
            " Choose the horizontal axis."
        )
    if against == "two_theta":
        return two_theta_deg
    q = 4 * np.pi * np.sin(np.radians(two_theta_deg) / 2) / wavelength_A
    q = np.maximum(q, 1e-3)
    return np.asarray(q if against == "q" else 2 * np.pi / q)


def _finish(
    ax: "Axes", x: NDArray[np.float64], against: str, wavelength_A: float
) -> None:
    ax.set_xlabel(LABELS[against].format(wavelength_A))
    ax.set_xlim(float(x.min()), float(x.max()))
    if against == "d":
        ax.set_xscale("log")
        ticks = [
            t
            for t in (0.5, 0.7, 1, 1.5, 2, 3, 4, 6, 8, 12, 20)
            if x.min() <= t <= x.max()
        ]
        ax.set_xticks(ticks, [f"{t:g}" for t in ticks])
        ax.minorticks_off()
        ax.invert_xaxis()
    for edge in ("top", "right"):
        ax.spines[edge].set_visible(False)


def _name(hkl: tuple[int, int, int]) -> str:
    """Miller indices as crystallographers write them, bars for minus signs."""
    return "".join(f"{abs(i)}\u0305" if i < 0 else str(i) for i in hkl)
