"""When a reaction has come to rest, judged by a series of one number."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from md.analysis.plain import plain
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BLOCKS = 5  # in each half of the window
_T_95 = 2.306  # Student's t, two-sided 95 %, 2 × (5 - 1) degrees of freedom
_LEAST_PER_BLOCK = 2


@dataclass(frozen=True, kw_only=True)
class PlateauResult:
    """Whether a series stands still, and by how much it could still move.

    Parameters
    ----------
    reached
        Whether it has come to rest.
    reason
        One sentence.
    change
        Mean of the second half of the window less that of the first, in the unit of
        the series.
    change_bound
        What the magnitude of the change stays below with 95 % confidence.
    progress
        Distance from where the reaction began to where the series stands now.
    tolerance
        Largest bound that counts as rest, as a fraction of the progress.
    times_ps, values
        The window.

    """

    reached: bool
    reason: str
    change: float
    change_bound: float
    progress: float
    tolerance: float
    times_ps: NDArray[np.float64]
    values: NDArray[np.float64]

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        return dict(plain(self))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Series in the window, with the means of both halves.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5, 3.4), layout="constrained").subplots()
        ax.plot(self.times_ps, self.values, color="0.6", lw=0.8)
        for half in np.array_split(np.arange(len(self.times_ps)), 2):
            if len(half):
                ends = self.times_ps[half[[0, -1]]]
                ax.plot(ends, [self.values[half].mean()] * 2, color="C3", lw=2)
        ax.set(xlabel="Time (ps)", ylabel="Value")
        return ax


def plateau(
    times_ps: NDArray[np.float64],
    values: NDArray[np.float64],
    *,
    window_ps: float,
    direction: Literal["rising", "falling"],
    tolerance: float = 0.05,
) -> PlateauResult:
    r"""Plateau of a reaction, judged by the last part of a series.

    A short or a noisy stretch always looks flat. So it is not enough that no change is
    seen: the change that could hide in the noise must be small beside what the
    reaction has done so far. Before anything has happened there is no plateau.

    Parameters
    ----------
    times_ps
        Evenly spaced, (n,).
    values
        The series, (n,): a dissolved fraction, a potential energy (eV).
    window_ps
        Time for which it must have stood still.
    direction
        ``"rising"`` as a dissolved fraction does, ``"falling"`` as an energy does.
    tolerance
        ε below.

    Returns
    -------
    PlateauResult

    Raises
    ------
    InputError
        When the window or the tolerance is not positive.

    Notes
    -----
    The window is cut into two halves of five blocks each.

    .. math:: |d| + t_{0.975,8}\, s \le \varepsilon X, \qquad
              d = \bar x_2 - \bar x_1, \qquad
              s^2 = \tfrac15 (s_1^2 + s_2^2), \qquad
              X = \pm (\bar x_2 - x_0) > t_{0.975,8}\, s

    The blocks must be longer than the correlation time of the noise: give a window of
    at least ten of those. Where the series cannot move at all between events, as a
    fraction with few atoms, s is 0 and the criterion is that nothing has happened in
    the window; the rate is then below 3/window with 95 % confidence, no less.

    | symbol | variable |
    |---|---|
    | x̄₁, x̄₂ | means of the halves |
    | s₁, s₂ | standard deviations of the means of their blocks |
    | d | ``change`` |
    | left-hand side | ``change_bound`` |
    | x₀ | lowest (rising) or highest (falling) mean of a block since the start |
    | X | ``progress`` |
    | ε | ``tolerance`` |

    Examples
    --------
    >>> times = np.arange(0.0, 100.0, 0.5)
    >>> def settled(until):
    ...     known = times < until
    ...     return plateau(
    ...         times[known], 1 - np.exp(-times[known] / 5), window_ps=20,
    ...         direction="rising",
    ...     ).reached
    >>> settled(20), settled(100)
    (False, True)

    """
    for name, value in (("window_ps", window_ps), ("tolerance", tolerance)):
        if not (np.isfinite(value) and value > 0):
            raise InputError(
                f"{name} must be positive; got {value!r}. A window of ten correlation "
                "times and a tolerance of 0.05 are a beginning."
            )
    spacing = float(times_ps[1] - times_ps[0]) if len(times_ps) > 1 else np.inf
    per_block = round(window_ps / spacing / (2 * _BLOCKS))
    n_window = 2 * _BLOCKS * per_block

    def result(*, reached: bool, reason: str, **numbers: float) -> PlateauResult:
        shown = {"change": np.nan, "change_bound": np.nan, "progress": np.nan}
        start = max(0, len(values) - max(n_window, 1))
        return PlateauResult(
            reached=reached,
            reason=reason,
            tolerance=tolerance,
            times_ps=np.asarray(times_ps[start:], dtype=float),
            values=np.asarray(values[start:], dtype=float),
            **{**shown, **numbers},
        )

    if np.isfinite(spacing) and per_block < _LEAST_PER_BLOCK:
        return result(
            reached=False,
            reason=f"a window of {window_ps:g} ps holds fewer than "
            f"{2 * _BLOCKS * _LEAST_PER_BLOCK} values",
        )
    if len(values) < n_window or not np.isfinite(spacing):
        return result(
            reached=False, reason=f"the series is shorter than {window_ps:g} ps"
        )
    usable = len(values) - len(values) % per_block
    means = values[len(values) - usable :].reshape(-1, per_block).mean(axis=1)
    first, second = means[-2 * _BLOCKS : -_BLOCKS], means[-_BLOCKS:]
    change = float(second.mean() - first.mean())
    noise = np.sqrt((first.var(ddof=1) + second.var(ddof=1)) / _BLOCKS)
    hidden = _T_95 * float(noise)
    bound = abs(change) + hidden
    rising = direction == "rising"
    progress = float(
        second.mean() - means.min() if rising else means.max() - second.mean()
    )
    numbers = {"change": change, "change_bound": bound, "progress": progress}
    if progress <= hidden:
        reason = "nothing has happened yet that stands out of the noise"
        return result(reached=False, reason=reason, **numbers)
    allowed = tolerance * progress
    reached = bound <= allowed
    reason = (
        f"in the last {window_ps:g} ps it changed by {change:+.3g}, with 95 % "
        f"confidence by less than {bound:.3g}; {allowed:.3g} is {tolerance:.0%} of "
        f"the {progress:.3g} since the reaction began"
    )
    return result(reached=reached, reason=reason, **numbers)
