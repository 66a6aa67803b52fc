"""When something first happens, over many runs of which some saw nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import xlogy
from scipy.stats import chi2, norm

from md.analysis.dissolution_result import DissolutionResult
from md.analysis.plain import plain
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDEST_SHAPE = 50.0


@dataclass(frozen=True, kw_only=True)
class FirstPassageResult:
    """Waiting times with those cut short, and the rate behind them.

    Parameters
    ----------
    n_runs, n_events
        Runs, and those in which it happened.
    exposure_ps
        Time under observation of all runs, each until its event or its end.
    rate_per_ps, rate_interval_per_ps
        Events over exposure, and its 95 % interval.
    mean_time_ps, mean_time_interval_ps
        Their inverse; None (no upper bound) where nothing happened.
    times_ps, survival
        Kaplan–Meier estimate: (m,) times of events, and the probability that nothing
        has happened until after each of them.
    survival_low, survival_high
        (m,) its 95 % interval at each time.
    median_ps
        Time at which half of the runs have had their event; None where survival stays
        above one half.
    weibull_shape, weibull_shape_interval
        Exponent of t in the logarithm of survival, and its 95 % interval: 1 for a
        constant rate, above 1 where runs wait (an induction time), below where some
        are quick. None with fewer than two events.
    exponential
        Whether that interval holds 1, so that one rate describes it; None if not told.

    """

    n_runs: int
    n_events: int
    exposure_ps: float
    rate_per_ps: float
    rate_interval_per_ps: tuple[float, float]
    mean_time_ps: float | None
    mean_time_interval_ps: tuple[float, float | None]
    times_ps: NDArray[np.float64]
    survival: NDArray[np.float64]
    survival_low: NDArray[np.float64]
    survival_high: NDArray[np.float64]
    median_ps: float | None
    weibull_shape: float | None
    weibull_shape_interval: tuple[float, float] | None
    exponential: bool | None

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        return dict(plain(self))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Survival with its interval, and the exponential of the rate.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5, 3.4), layout="constrained").subplots()
        end = float(max(self.times_ps.max(initial=0.0), self.exposure_ps / self.n_runs))
        t = np.concatenate([[0.0], self.times_ps, [1.1 * end]])

        def steps(values: NDArray[np.float64]) -> NDArray[np.float64]:
            last = values[-1:] if len(values) else np.ones(1)
            return np.concatenate([[1.0], values, last])

        ax.fill_between(
            t,
            steps(self.survival_low),
            steps(self.survival_high),
            step="post",
            alpha=0.2,
            linewidth=0,
            color="C0",
        )
        ax.step(t, steps(self.survival), where="post", color="C0", label="Kaplan–Meier")
        fine = np.linspace(0, 1.1 * end, 200)
        ax.plot(
            fine,
            np.exp(-self.rate_per_ps * fine),
            color="C3",
            linewidth=1.0,
            label="constant rate",
        )
        ax.set(
            xlabel="Time (ps)",
            ylabel="Share without an event",
            xlim=(0, 1.1 * end),
            ylim=(0, 1.03),
        )
        ax.legend(frameon=False, fontsize="small")
        return ax


def first_passage(
    times_ps: NDArray[np.float64],
    happened: NDArray[np.bool_],
) -> FirstPassageResult:
    r"""First-passage statistics of runs, those that ended before any event included.

    Parameters
    ----------
    times_ps
        (n,) when it happened in each run or, where it did not, when the run ended, ps.
    happened
        (n,) whether it did.

    Returns
    -------
    FirstPassageResult
        Rate, Kaplan–Meier survival, and whether one rate describes them.

    Raises
    ------
    InputError
        If there is no run, or a time is not positive.

    Notes
    -----
    .. math:: \hat k = \frac{d}{\sum_i t_i}, \qquad
              2\, d \ln\frac{\hat k}{k} - 2\, d + 2\, k \sum_i t_i
              \le \chi^2_{1,\,0.95}

    | symbol | variable |
    |---|---|
    | k | ``rate_per_ps``: the right inequality bounds it (likelihood ratio) |
    | d | ``n_events`` |
    | t | ``times_ps`` |

    With d = 0 the upper bound is −ln(0.025)/Σt. The interval of the survival is that
    of Greenwood on the scale ln(−ln S).

    References
    ----------
    Kaplan, Meier, J Am Stat Assoc 53, 457 (1958), doi:10.1080/01621459.1958.10501452

    Examples
    --------
    Two events at 10 and 30 ps, one run of 60 ps without:

    >>> found = first_passage(
    ...     np.array([10.0, 30.0, 60.0]), np.array([True, True, False])
    ... )
    >>> found.rate_per_ps, [round(s, 4) for s in found.survival.tolist()]
    (0.02, [0.6667, 0.3333])

    """
    times = np.asarray(times_ps, dtype=float)
    seen = np.asarray(happened, dtype=bool)
    if not len(times) or times.shape != seen.shape:
        raise InputError(
            "times_ps and happened must hold one value for every run; got "
            f"{len(times)} and {len(seen)}."
        )
    if not (np.isfinite(times).all() and (times > 0).all()):
        raise InputError(
            f"times_ps must be positive; got {float(times.min())!r}. "
            "Count time from the beginning of each run."
        )
    n_events, exposure = int(seen.sum()), float(times.sum())
    low, high = _rate_interval(n_events, exposure)
    at, survival, below, above = _kaplan_meier(times, seen)
    reached = np.flatnonzero(survival <= 0.5)  # noqa: PLR2004 (median)
    shape, bounds = _weibull(times, seen)
    return FirstPassageResult(
        n_runs=len(times),
        n_events=n_events,
        exposure_ps=exposure,
        rate_per_ps=n_events / exposure,
        rate_interval_per_ps=(low, high),
        mean_time_ps=exposure / n_events if n_events else None,
        mean_time_interval_ps=(1 / high, 1 / low if low > 0 else None),
        times_ps=at,
        survival=survival,
        survival_low=below,
        survival_high=above,
        median_ps=float(at[reached[0]]) if len(reached) else None,
        weibull_shape=shape,
        weibull_shape_interval=bounds,
        exponential=None if bounds is None else bounds[0] <= 1 <= bounds[1],
    )


def first_dissolution(results: Sequence[DissolutionResult]) -> FirstPassageResult:
    """First-passage statistics of the first dissolved atom of each run.

    Parameters
    ----------
    results
        One of every replica, from `dissolution`.

    Raises
    ------
    InputError
        If there is none.

    """
    times = [
        r.times_ps[-1] - r.times_ps[0]
        if r.first_event_ps is None
        else r.first_event_ps - r.times_ps[0]
        for r in results
    ]
    return first_passage(
        np.array(times, dtype=float),
        np.array([r.first_event_ps is not None for r in results], dtype=bool),
    )


def _rate_interval(n_events: int, exposure: float) -> tuple[float, float]:
    if n_events == 0:
        return 0.0, float(-np.log(0.025) / exposure)
    limit = float(chi2.ppf(0.95, 1))
    best = n_events / exposure

    def excess(factor: float) -> float:
        return float(2 * n_events * (factor - 1 - np.log(factor)) - limit)

    low = brentq(excess, 1e-12, 1.0)
    high = brentq(excess, 1.0, 2 + limit)
    return best * float(low), best * float(high)


def _kaplan_meier(
    times: NDArray[np.float64], seen: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], ...]:
    at = np.unique(times[seen])
    events = np.array([(seen & (times == t)).sum() for t in at], dtype=float)
    at_risk = np.array([(times >= t).sum() for t in at], dtype=float)
    survival = np.cumprod(1 - events / at_risk)
    left = np.maximum(at_risk - events, 0)
    terms = np.divide(
        events, at_risk * left, out=np.full_like(events, np.inf), where=left > 0
    )
    greenwood = np.cumsum(terms)
    inner = (survival > 0) & (survival < 1)
    log_s = np.log(np.where(inner, survival, 0.5))
    spread = norm.ppf(0.975) * np.sqrt(np.where(inner, greenwood, 0.0)) / -log_s
    low = np.where(inner, np.exp(log_s * np.exp(spread)), 0.0)
    high = np.where(inner, np.exp(log_s * np.exp(-spread)), 1.0)
    if len(high) and not inner[-1]:
        high[-1] = high[-2] if len(high) > 1 else 1.0
    return at, survival, low, high


def _weibull(
    times: NDArray[np.float64], seen: NDArray[np.bool_]
) -> tuple[float | None, tuple[float, float] | None]:
    """Shape by maximum likelihood (scale profiled), interval by likelihood ratio."""
    d = int(seen.sum())
    if d < 2 or np.ptp(times) == 0:  # noqa: PLR2004 (one event has no shape)
        return None, None
    scaled = times / times.max()
    logs = float(np.log(scaled[seen]).sum())

    def log_l(shape: float) -> float:
        total = float((scaled**shape).sum())
        return float(xlogy(d, shape) - xlogy(d, total / d) + (shape - 1) * logs)

    def slope(shape: float) -> float:
        powers = scaled**shape
        mean = float((powers * np.log(scaled)).sum() / powers.sum())
        return float(d / shape + logs - d * mean)

    if slope(_WIDEST_SHAPE) > 0:
        return None, None
    best = float(brentq(slope, 1e-3, _WIDEST_SHAPE))
    needed = log_l(best) - float(chi2.ppf(0.95, 1)) / 2

    def excess(shape: float) -> float:
        return log_l(shape) - needed

    low = float(brentq(excess, 1e-4, best)) if excess(1e-4) < 0 else 0.0
    far = 4 * _WIDEST_SHAPE
    high = float(brentq(excess, best, far)) if excess(far) < 0 else far
    return best, (low, high)
