"""One law of growth, fitted to a series whose noise is correlated."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import t as student

_FORMULAS = {
    "constant": "h = a",
    "linear": "h = a + b t",
    "parabolic": "h = (a² + b t)^½",
    "logarithmic": "h = a + b ln(1 + t/τ)",
    "saturating": "h = a + b (1 − exp(−t/τ))",
}
_PHI_MAX = 0.999
_N_PHI, _N_SHAPE = 10, 17


@dataclass(frozen=True, kw_only=True)
class LawFit:
    """One law, fitted with correlated noise.

    Parameters
    ----------
    law, formula
        Name and equation.
    parameters
        a and b, and ``tau_ps`` where the law has one: Å, ps, and for b Å/ps (linear),
        Å²/ps (parabolic) or Å.
    intervals
        95 % interval of each.
    bic
        Bayesian information criterion, relative to the best law (0).
    correlation
        φ of the noise between neighbouring blocks.
    noise_A
        Standard deviation of the noise, Å.
    fitted_A
        (n,) at the times of the blocks, Å.

    """

    law: str
    formula: str
    parameters: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    bic: float
    correlation: float
    noise_A: float
    fitted_A: NDArray[np.float64]


def _basis(law: str, t: NDArray[np.float64], shape: float) -> NDArray[np.float64]:
    """(n, p) functions whose linear combination the law is, given its shape."""
    span = float(t[-1])
    one = np.ones_like(t)
    if law == "constant":
        return one[:, None]
    if law == "linear":
        return np.stack([one, t], axis=1)
    if law == "parabolic":  # sqrt(a² + b t) = s sqrt(w + (1 - w) t / T)
        weight = 1 / (1 + np.exp(-shape))
        root = np.sqrt(weight + (1 - weight) * t / span)
        return np.asarray(root, dtype=float)[:, None]
    tau = span * np.exp(shape)
    if law == "logarithmic":
        return np.stack([one, np.log1p(t / tau)], axis=1)
    return np.stack([one, -np.expm1(-t / tau)], axis=1)


_SHAPES = {
    "constant": (0.0, 0.0),
    "linear": (0.0, 0.0),
    "parabolic": (-12.0, 6.0),
    "logarithmic": (np.log(1e-4), np.log(10.0)),
    "saturating": (np.log(5e-3), np.log(10.0)),
}


def _whitened(x: NDArray[np.float64], phi: float) -> NDArray[np.float64]:
    """Rows whose noise is white with the variance of ε."""
    first = x[:1] * np.sqrt(1 - phi**2)
    return np.asarray(np.concatenate([first, x[1:] - phi * x[:-1]]), dtype=float)


def _minus_twice_log_l(
    law: str, t: NDArray[np.float64], h: NDArray[np.float64], shape: float, phi: float
) -> float:
    basis = _whitened(_basis(law, t, shape), phi)
    target = _whitened(h, phi)
    solution = np.linalg.lstsq(basis, target, rcond=None)[0]
    left = float(((target - basis @ solution) ** 2).sum())
    variance = max(left / len(t), 1e-20)
    return float(len(t) * np.log(variance) - np.log(1 - phi**2))


def fit_law(law: str, t: NDArray[np.float64], h: NDArray[np.float64]) -> LawFit:
    """Fit one law of growth by maximum likelihood, its noise correlated.

    Parameters
    ----------
    law
        Its name.
    t, h
        (n,) time since the beginning, ps, and thickness, Å, evenly spaced.

    """
    low, high = _SHAPES[law]
    free = high > low
    shapes = np.linspace(low, high, _N_SHAPE if free else 1)
    phis = np.minimum(np.tanh(np.linspace(0, 3.8, _N_PHI)), _PHI_MAX)
    table = [
        (_minus_twice_log_l(law, t, h, shape, phi), shape, phi)
        for phi in phis.tolist()
        for shape in shapes.tolist()
    ]
    value, shape, phi = min(table)

    def objective(x: NDArray[np.float64]) -> float:
        at = float(np.clip(np.tanh(x[0]), 0.0, _PHI_MAX))
        where = float(np.clip(x[1], low, high)) if free else shape
        return _minus_twice_log_l(law, t, h, where, at)

    begin = np.array([np.arctanh(phi), shape][: 2 if free else 1])
    done = minimize(
        objective, begin, method="Nelder-Mead", options={"maxfev": 120, "xatol": 1e-4}
    )
    if done.fun < value:
        value = float(done.fun)
        phi = float(np.clip(np.tanh(done.x[0]), 0.0, _PHI_MAX))
        shape = float(np.clip(done.x[1], low, high)) if free else shape
    return _described(law, t, h, value=value, shape=shape, phi=phi)


def _described(
    law: str,
    t: NDArray[np.float64],
    h: NDArray[np.float64],
    *,
    value: float,
    shape: float,
    phi: float,
) -> LawFit:
    """Parameters in units, with intervals."""
    basis = _basis(law, t, shape)
    solution = np.linalg.lstsq(_whitened(basis, phi), _whitened(h, phi), rcond=None)[0]
    span = float(t[-1])
    theta = solution
    if law == "parabolic":
        weight = 1 / (1 + np.exp(-shape))
        s = float(solution[0])
        theta = np.array([s * np.sqrt(weight), s**2 * (1 - weight) / span])
    elif law in ("logarithmic", "saturating"):
        theta = np.append(solution, span * np.exp(shape))
    names = ["a", "b", "tau_ps"][: len(theta)]
    fitted = basis @ solution
    n = len(t)
    k = len(theta) + 2
    slopes = _jacobian(law, t, np.asarray(theta, dtype=float))
    wide = _restricted_phi(h - fitted, slopes)
    variance = float((_whitened(h - fitted, wide) ** 2).sum()) / max(n - len(theta), 1)
    freedom = max(n * (1 - wide) / (1 + wide) - len(theta), 1.0)
    slopes = _whitened(slopes, wide)
    covariance = variance * np.linalg.pinv(slopes.T @ slopes)
    width = student.ppf(0.975, freedom) * np.sqrt(np.diag(covariance))
    return LawFit(
        law=law,
        formula=_FORMULAS[law],
        parameters=dict(zip(names, theta.tolist(), strict=True)),
        intervals={
            name: (float(x - w), float(x + w))
            for name, x, w in zip(names, theta, width, strict=True)
        },
        bic=value + k * np.log(n),
        correlation=phi,
        noise_A=float(np.sqrt(variance / (1 - wide**2))),
        fitted_A=fitted,
    )


def _restricted_phi(left: NDArray[np.float64], slopes: NDArray[np.float64]) -> float:
    """φ by restricted likelihood, which the parameters do not bias towards zero."""
    n, p = slopes.shape
    scaled = slopes / np.maximum(np.linalg.norm(slopes, axis=0), 1e-300)

    def minus_twice_log_l(phi: float) -> float:
        x = _whitened(scaled, phi)
        r = _whitened(left, phi)
        r = r - x @ np.linalg.lstsq(x, r, rcond=None)[0]
        _, volume = np.linalg.slogdet(x.T @ x + 1e-14 * np.eye(p))
        variance = max(float(r @ r), 1e-300)
        return float((n - p) * np.log(variance) - np.log(1 - phi**2) + volume)

    phis = np.minimum(np.tanh(np.linspace(0, 3.8, 60)), _PHI_MAX)
    return float(min(phis.tolist(), key=minus_twice_log_l))


def _jacobian(
    law: str, t: NDArray[np.float64], theta: NDArray[np.float64]
) -> NDArray[np.float64]:
    one = np.ones_like(t)
    if law == "constant":
        return one[:, None]
    if law == "linear":
        return np.stack([one, t], axis=1)
    a, b = float(theta[0]), float(theta[1])
    if law == "parabolic":
        h = np.sqrt(np.maximum(a * a + b * t, 1e-12))
        return np.stack([a / h, t / (2 * h)], axis=1)
    tau = float(theta[2])
    if law == "logarithmic":
        return np.stack([one, np.log1p(t / tau), -b * t / (tau * (tau + t))], axis=1)
    decay = np.exp(-t / tau)
    return np.stack([one, 1 - decay, -b * t * decay / tau**2], axis=1)
