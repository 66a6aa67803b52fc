"""Activation energy of events that were counted at several temperatures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.units import kB
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import xlogy
from scipy.stats import chi2

from md.analysis.first_passage import FirstPassageResult
from md.analysis.plain import plain
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDEST_EV = 10.0


@dataclass(frozen=True, kw_only=True)
class EventArrheniusResult:
    """Rate of events against temperature.

    Parameters
    ----------
    temperatures_K, n_events, exposure_ps
        (n,) as given.
    activation_energy_eV, activation_energy_interval_eV
        Slope and its 95 % interval; bounds are infinite where counts set none. None
        with events at no temperature.
    log10_prefactor_per_ps
        Of the rate at infinite temperature; None without events.
    misfit_probability
        Probability of a deviance this large if one line describes the rates: below
        0.05 it does not. NaN with two temperatures.
    reason
        What the counts do not allow; empty otherwise.

    """

    temperatures_K: NDArray[np.float64]
    n_events: NDArray[np.int64]
    exposure_ps: NDArray[np.float64]
    activation_energy_eV: float | None
    activation_energy_interval_eV: tuple[float, float] | None
    log10_prefactor_per_ps: float | None
    misfit_probability: float
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        return dict(plain(self))

    def rate_per_ps(self, temperature_K: float) -> float:
        """Rate of the line at a temperature, 1/ps; NaN without events.

        Parameters
        ----------
        temperature_K
            K.

        """
        if self.activation_energy_eV is None or self.log10_prefactor_per_ps is None:
            return float("nan")
        exponent = -self.activation_energy_eV / (kB * temperature_K)
        return float(10**self.log10_prefactor_per_ps * np.exp(exponent))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Rates with their intervals against the inverse temperature.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5, 3.4), layout="constrained").subplots()
        x = 1000 / self.temperatures_K
        low = chi2.ppf(0.025, 2 * self.n_events) / 2 / self.exposure_ps
        high = chi2.ppf(0.975, 2 * self.n_events + 2) / 2 / self.exposure_ps
        rate = self.n_events / self.exposure_ps
        seen = self.n_events > 0
        ax.errorbar(
            x[seen],
            rate[seen],
            yerr=[(rate - low)[seen], (high - rate)[seen]],
            fmt="o",
            color="C0",
            capsize=3,
            label="counted",
        )
        ax.plot(x[~seen], high[~seen], "v", color="C0", label="none: upper bound")
        if self.activation_energy_eV is not None:
            fine = np.linspace(self.temperatures_K.min(), self.temperatures_K.max(), 99)
            ax.plot(
                1000 / fine,
                [self.rate_per_ps(t) for t in fine.tolist()],
                color="C3",
                label=f"{self.activation_energy_eV:.2f} eV",
            )
        ax.set(xlabel="1000/T (1/K)", ylabel="Rate (1/ps)", yscale="log")
        ax.legend(frameon=False, fontsize="small")
        return ax


def event_arrhenius(
    temperatures_K: NDArray[np.float64],
    n_events: NDArray[np.int64],
    exposure_ps: NDArray[np.float64],
) -> EventArrheniusResult:
    r"""Activation energy of events, by the likelihood of their counts.

    Parameters
    ----------
    temperatures_K
        (n,) two or more different ones, K.
    n_events
        (n,) events at each; none at some of them tells something too.
    exposure_ps
        (n,) time under observation at each, ps.

    Returns
    -------
    EventArrheniusResult
        Energy with its interval, and whether one line describes the rates.

    Raises
    ------
    InputError
        If there are fewer than two temperatures, or numbers are not possible.

    Notes
    -----
    Counts are Poisson numbers with the mean :math:`A\, t\, e^{-E/kT}`. The prefactor
    is eliminated,

    .. math:: \ln L(E) = \sum_i d_i \ln\frac{t_i e^{-E/kT_i}}
                         {\sum_j t_j e^{-E/kT_j}} ,

    and the interval holds all E with :math:`2 [\ln L(\hat E) - \ln L(E)] \le 3.84`.

    Examples
    --------
    >>> found = event_arrhenius(
    ...     np.array([300.0, 400.0]), np.array([4, 40]), np.array([1000.0, 1000.0])
    ... )
    >>> round(found.activation_energy_eV, 3)  # k ln 10 / (1/300 - 1/400)
    0.238

    """
    t = np.asarray(temperatures_K, dtype=float)
    d = np.asarray(n_events, dtype=np.int64)
    time = np.asarray(exposure_ps, dtype=float)
    if not (t.shape == d.shape == time.shape) or len(np.unique(t)) < 2:  # noqa: PLR2004
        raise InputError(
            "temperatures_K must hold two different ones or more, with a count and a "
            f"time for each; got {t.tolist()}, {d.tolist()}, {time.tolist()}."
        )
    if (t <= 0).any() or (time <= 0).any() or (d < 0).any():
        raise InputError(
            "temperatures_K and exposure_ps must be positive and n_events not "
            f"negative; got {t.tolist()}, {time.tolist()}, {d.tolist()}."
        )
    beta = 1 / (kB * t)

    def shares(energy: float) -> NDArray[np.float64]:
        logs = np.log(time) - energy * beta
        weights = np.exp(logs - logs.max())
        return np.asarray(weights / weights.sum(), dtype=float)

    def log_l(energy: float) -> float:
        logs = np.log(time) - energy * beta
        total = logs.max() + np.log(np.exp(logs - logs.max()).sum())
        return float((d * (logs - total)).sum())

    def slope(energy: float) -> float:
        return float(d.sum() * (shares(energy) @ beta) - (d * beta).sum())

    empty: dict[str, Any] = {
        "temperatures_K": t,
        "n_events": d,
        "exposure_ps": time,
        "misfit_probability": float("nan"),
    }
    if not d.sum():
        return EventArrheniusResult(
            activation_energy_eV=None,
            activation_energy_interval_eV=None,
            log10_prefactor_per_ps=None,
            reason="there was no event at any temperature",
            **empty,
        )
    one_sided = slope(-_WIDEST_EV) * slope(_WIDEST_EV) >= 0
    only_hot = bool((d[t < t.max()] == 0).all())
    if one_sided or only_hot or (d[t > t.min()] == 0).all():
        best = _WIDEST_EV if only_hot else -_WIDEST_EV
    else:
        best = float(brentq(slope, -_WIDEST_EV, _WIDEST_EV))
    needed = log_l(best) - float(chi2.ppf(0.95, 1)) / 2

    def excess(energy: float) -> float:
        return log_l(energy) - needed

    far = 3 * _WIDEST_EV
    low = float(brentq(excess, -far, best)) if excess(-far) < 0 else -np.inf
    high = float(brentq(excess, best, far)) if excess(far) < 0 else np.inf
    at_bound = abs(best) == _WIDEST_EV
    expected = d.sum() * shares(best)
    deviance = 2 * float((xlogy(d, d / expected) - (d - expected)).sum())
    freedom = len(t) - 2
    empty["misfit_probability"] = (
        float(chi2.sf(deviance, freedom)) if freedom > 0 else float("nan")
    )
    prefactor = np.log10(d.sum()) - _log10_sum(np.log(time) - best * beta)
    return EventArrheniusResult(
        activation_energy_eV=None if at_bound else best,
        activation_energy_interval_eV=(low, high),
        log10_prefactor_per_ps=None if at_bound else float(prefactor),
        reason="events at one end only: the energy has one bound" if at_bound else "",
        **empty,
    )


def passage_arrhenius(
    temperatures_K: Sequence[float], passages: Sequence[FirstPassageResult]
) -> EventArrheniusResult:
    """Activation energy of a first passage seen at several temperatures.

    Parameters
    ----------
    temperatures_K
        K.
    passages
        One of each temperature, from `first_passage`.

    """
    return event_arrhenius(
        np.array(temperatures_K, dtype=float),
        np.array([p.n_events for p in passages], dtype=np.int64),
        np.array([p.exposure_ps for p in passages], dtype=float),
    )


def _log10_sum(logs: NDArray[np.float64]) -> float:
    top = float(logs.max())
    return (top + float(np.log(np.exp(logs - top).sum()))) / float(np.log(10))
