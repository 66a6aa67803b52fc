"""Confidence interval of a rate whose events were counted."""

from scipy.stats import chi2


def poisson_interval(
    n_events: int, exposure: float, *, level: float = 0.95
) -> tuple[float, float]:
    """Exact interval of a rate from a count (Garwood).

    Parameters
    ----------
    n_events
        Events that were seen.
    exposure
        Time, summed over whatever could have had the event; the interval is in
        events per unit of it. Without exposure nothing is known: 0 to infinity.
    level
        Confidence level.

    References
    ----------
    Garwood, Biometrika 28, 437 (1936), doi:10.1093/biomet/28.3-4.437

    Examples
    --------
    >>> low, high = poisson_interval(0, 2.0)
    >>> low, round(high, 4)  # -ln(0.025) / 2
    (0.0, 1.8444)

    """
    if exposure <= 0:
        return 0.0, float("inf")
    tail = (1 - level) / 2
    low = float(chi2.ppf(tail, 2 * n_events)) / 2 if n_events else 0.0
    high = float(chi2.ppf(1 - tail, 2 * n_events + 2)) / 2
    return low / exposure, high / exposure
