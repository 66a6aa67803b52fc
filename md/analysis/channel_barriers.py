"""Effective barrier of each channel from its rates at several temperatures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import chi2

from md.analysis.channels import ChannelsResult
from md.analysis.density_grid import BOLTZMANN_eV_PER_K
from md.analysis.plain import plain
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDEST_eV = 10.0
_CURVED = 0.01


@dataclass(frozen=True, kw_only=True)
class ChannelBarrier:
    """Arrhenius law of one channel.

    Parameters
    ----------
    name
        Channel.
    n_hops
        At each temperature.
    rates_per_ps, rate_intervals_per_ps
        At each temperature, with 95 % intervals (Poisson).
    barrier_eV, barrier_interval_eV
        Effective barrier and its 95 % interval (profile likelihood); an end that the
        counts leave open is None.
    prefactor_per_ps
        Rate at infinite temperature; None without a barrier.
    misfit_p
        Probability of deviations as large as those from the line; None for two
        temperatures. A small one says that the law does not hold.
    reason
        Why there is no barrier; empty otherwise.

    """

    name: str
    n_hops: tuple[int, ...]
    rates_per_ps: tuple[float | None, ...]
    rate_intervals_per_ps: tuple[tuple[float, float], ...]
    barrier_eV: float | None
    barrier_interval_eV: tuple[float | None, float | None]
    prefactor_per_ps: float | None
    misfit_p: float | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class ChannelBarriersResult:
    """Effective barriers of the channels of a layered halide.

    Parameters
    ----------
    temperatures_K
        Of the runs, ascending.
    barriers
        One for each of I, II, III.

    """

    temperatures_K: tuple[float, ...]
    barriers: tuple[ChannelBarrier, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        return dict(plain(self))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Rates against inverse temperature, with the fitted lines.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5, 3.4), layout="constrained").subplots()
        inverse = 1000 / np.array(self.temperatures_K)
        for number, channel in enumerate(self.barriers):
            color, shift = f"C{number}", 0.004 * (number - 1) * float(np.ptp(inverse))
            label = channel.name
            if channel.barrier_eV is not None:
                low, high = (
                    "…" if end is None else f"{end:.2f}"
                    for end in channel.barrier_interval_eV
                )
                label += f": {channel.barrier_eV:.2f} ({low} to {high}) eV"
            else:
                label += f": {channel.reason}"
            ax.plot([], [], "o-", color=color, label=label, ms=4)
            for x, n, rate, ends in zip(
                inverse, channel.n_hops, channel.rates_per_ps,
                channel.rate_intervals_per_ps, strict=True,
            ):  # fmt: skip
                if n and rate is not None:
                    error = [[rate - ends[0]], [ends[1] - rate]]
                    ax.errorbar(x + shift, rate, error, fmt="o", ms=4, color=color)
                elif np.isfinite(ends[1]):
                    ax.plot(x + shift, ends[1], "v", mfc="none", color=color)
            if channel.barrier_eV is not None and channel.prefactor_per_ps is not None:
                line = np.linspace(inverse.min(), inverse.max(), 30)
                slope = channel.barrier_eV / (1000 * BOLTZMANN_eV_PER_K)
                ax.plot(line, channel.prefactor_per_ps * np.exp(-slope * line),
                        color=color, lw=1)  # fmt: skip
        ax.set(xlabel="1000 / T (1/K)", ylabel="Hops per ion and ps", yscale="log")
        ax.legend(frameon=False, fontsize="small")
        return ax


def channel_barriers(runs: Sequence[ChannelsResult]) -> ChannelBarriersResult:
    """Effective barriers of channels I, II and III from runs at several temperatures.

    Parameters
    ----------
    runs
        Results of `md.analysis.channels.channels`, of two temperatures or more.

    Returns
    -------
    ChannelBarriersResult
        With a reason where the hops do not allow a barrier.

    Raises
    ------
    InputError
        If there are fewer than two temperatures.

    Notes
    -----
    See `arrhenius_of_counts`.

    """
    ordered = sorted(runs, key=lambda run: run.temperature_K)
    temperatures = tuple(run.temperature_K for run in ordered)
    if len(set(temperatures)) < 2:  # noqa: PLR2004 (a slope)
        raise InputError(
            f"runs must have two temperatures or more; got {list(temperatures)}. A "
            "barrier is a slope."
        )
    barriers = []
    for place, channel in enumerate(ordered[0].channels):
        if channel.name == "other":
            continue
        rows = [run.channels[place] for run in ordered]
        fit = arrhenius_of_counts(
            np.array([row.n_hops for row in rows]),
            np.array([row.time_ps for row in rows]),
            np.array(temperatures),
        )
        barriers.append(
            ChannelBarrier(
                name=channel.name,
                n_hops=tuple(row.n_hops for row in rows),
                rates_per_ps=tuple(row.rate_per_ps for row in rows),
                rate_intervals_per_ps=tuple(row.rate_interval_per_ps for row in rows),
                **fit,
            )
        )
    return ChannelBarriersResult(temperatures_K=temperatures, barriers=tuple(barriers))


def arrhenius_of_counts(
    n_hops: NDArray[np.int64],
    time_ps: NDArray[np.float64],
    temperatures_K: NDArray[np.float64],
) -> dict[str, Any]:
    r"""Barrier and prefactor of a rate that was counted, by maximum likelihood.

    Parameters
    ----------
    n_hops, time_ps, temperatures_K
        (n,) counts, times over which they were counted (ps), temperatures (K).

    Returns
    -------
    dict
        ``barrier_eV``, ``barrier_interval_eV``, ``prefactor_per_ps``, ``misfit_p``
        and ``reason`` of a `ChannelBarrier`.

    Notes
    -----
    Counts are Poisson with mean ν Tᵢ exp(−E / kTᵢ). For a given E the best ν makes
    the sum of the means the sum of the counts, and what is left is the likelihood of
    how the counts are shared between temperatures, log L(E) = Σ nᵢ log pᵢ(E) with
    pᵢ ∝ Tᵢ exp(−E / kTᵢ). It needs no logarithm of a count, so temperatures without a
    hop count as well. The interval is where log L is within 1.92 of its maximum.

    Examples
    --------
    >>> kT = 8.617333262e-5 * np.array([400.0, 600.0])
    >>> times = 1e3 / np.exp(-0.3 / kT)
    >>> fit = arrhenius_of_counts(np.array([1000, 1000]), times, np.array([400, 600.0]))
    >>> round(fit["barrier_eV"], 4)
    0.3

    """
    used = time_ps > 0
    counts, times = n_hops[used], time_ps[used]
    beta = 1.0 / (BOLTZMANN_eV_PER_K * temperatures_K[used])
    nothing = {
        "barrier_eV": None,
        "barrier_interval_eV": (None, None),
        "prefactor_per_ps": None,
        "misfit_p": None,
    }
    total = int(counts.sum())
    if not total or np.ptp(beta) == 0:
        return {**nothing, "reason": "no hop" if not total else "one temperature"}
    mean_beta = float((counts * beta).sum() / total)

    def shares(barrier: float) -> NDArray[np.float64]:
        weights = np.log(times) - barrier * beta
        weights = np.exp(weights - weights.max())
        return np.asarray(weights / weights.sum(), dtype=float)

    def slope(barrier: float) -> float:
        return float((shares(barrier) * beta).sum()) - mean_beta

    def loss(barrier: float) -> float:
        logs = np.log(times) - barrier * beta
        return float((counts * (logs - np.logaddexp.reduce(logs))).sum())

    edge = _WIDEST_eV
    ends = {float(beta.min()): edge, float(beta.max()): -edge}
    at_end = np.ptp(beta[counts > 0]) == 0 and float(beta[counts > 0][0]) in ends
    if at_end:
        best = ends[float(beta[counts > 0][0])]
    else:
        best = float(brentq(slope, -edge, edge))
    level = loss(best) - chi2.ppf(0.95, 1) / 2
    low, high = (
        None
        if loss(end) >= level or end == best
        else float(brentq(lambda e: loss(e) - level, *sorted((end, best))))
        for end in (-edge, edge)
    )
    if at_end:
        bound = (low, None) if best > 0 else (None, high)
        return {**nothing, "barrier_interval_eV": bound,
                "reason": "hops at one end of the temperatures only"}  # fmt: skip
    expected = total * shares(best)
    misfit = None
    if len(counts) > 2:  # noqa: PLR2004 (two points lie on a line)
        ratio = np.where(counts > 0, counts / expected, 1.0)
        deviance = 2 * float((counts * np.log(ratio)).sum())
        misfit = float(chi2.sf(max(deviance, 0.0), len(counts) - 2))
    return {
        "barrier_eV": best,
        "barrier_interval_eV": (low, high),
        "prefactor_per_ps": float(total / (times * np.exp(-best * beta)).sum()),
        "misfit_p": misfit,
        "reason": "",
    }
