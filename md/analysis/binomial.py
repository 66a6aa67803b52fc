"""Confidence interval of a fraction that was counted."""

from scipy.stats import beta


def clopper_pearson(
    n_successes: int, n_trials: int, *, level: float = 0.95
) -> tuple[float, float]:
    """Exact (Clopper–Pearson) interval of a probability.

    It covers the true probability in at least `level` of all cases when the trials
    are independent, and is then wider than necessary for few of them.

    Parameters
    ----------
    n_successes, n_trials
        Counts.
    level
        Confidence level.

    References
    ----------
    Clopper, Pearson, Biometrika 26, 404 (1934), doi:10.1093/biomet/26.4.404

    Examples
    --------
    >>> low, high = clopper_pearson(0, 10)
    >>> low, round(high, 4)  # 1 - 0.025**(1/10)
    (0.0, 0.3085)

    """
    tail = (1 - level) / 2
    low, high = 0.0, 1.0
    if n_successes > 0:
        low = float(beta.ppf(tail, n_successes, n_trials - n_successes + 1))
    if n_successes < n_trials:
        high = float(beta.ppf(1 - tail, n_successes + 1, n_trials - n_successes))
    return low, high
