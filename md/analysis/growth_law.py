"""Which law a film grows by, told by an information criterion."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import t as student

from md.analysis.plain import plain, thinned
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Law = Literal[
    "constant", "linear", "parabolic", "logarithmic", "saturating", "undetermined"
]
LAWS = ("constant", "linear", "parabolic", "logarithmic", "saturating")
_CONTAINS = {
    ("linear", "constant"),
    ("logarithmic", "constant"),
    ("logarithmic", "linear"),
    ("saturating", "constant"),
    ("saturating", "linear"),
    ("parabolic", "constant"),
}
"""(richer, simpler): the simpler law is a limit of the richer one."""
_FORMULAS = {
    "constant": "h = a",
    "linear": "h = a + b t",
    "parabolic": "h = (a² + b t)^½",
    "logarithmic": "h = a + b ln(1 + t/τ)",
    "saturating": "h = a + b (1 − exp(−t/τ))",
}
_BLOCKS = 120
_LEAST = 12
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


@dataclass(frozen=True, kw_only=True)
class GrowthLawResult:
    """Laws in order of the criterion, and whether one of them stands out.

    Parameters
    ----------
    law
        The law that stands out; ``"undetermined"`` where none does or nothing grows.
    reason
        One sentence.
    fits
        All laws, the best first.
    times_ps, thickness_A
        (n,) means of blocks that were fitted, ps and Å.
    evidence
        Difference of the criterion that a law without kinship had to exceed.

    """

    law: Law
    reason: str
    fits: tuple[LawFit, ...]
    times_ps: NDArray[np.float64]
    thickness_A: NDArray[np.float64]
    evidence: float

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        kept = thinned(len(self.times_ps))
        fits = tuple(replace(f, fitted_A=f.fitted_A[kept]) for f in self.fits)
        return dict(plain(replace(self, fits=fits)))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Thickness with all laws, the best drawn heavily.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5, 3.4), layout="constrained").subplots()
        ax.plot(self.times_ps, self.thickness_A, ".", color="0.6", markersize=3)
        for rank, fit in enumerate(self.fits):
            ax.plot(
                self.times_ps,
                fit.fitted_A,
                linewidth=2.0 if rank == 0 else 0.9,
                label=f"{fit.law} (ΔBIC {fit.bic:.1f})",
            )
        ax.set(xlabel="Time (ps)", ylabel="Film thickness (Å)", title=self.law)
        ax.legend(frameon=False, fontsize="small")
        return ax


def growth_law(
    times_ps: NDArray[np.float64],
    thickness_A: NDArray[np.float64],
    *,
    evidence: float = 6.0,
    evidence_nested: float = 2.0,
) -> GrowthLawResult:
    r"""Growth law of a film: constant, linear, parabolic, logarithmic or saturating.

    Parameters
    ----------
    times_ps
        (n,) growing, ps; counted from the first.
    thickness_A
        (n,) Å.
    evidence
        How much worse (in the criterion) laws must be that are no relatives of the
        best; 6 is odds of 20 to 1.
    evidence_nested
        How much worse a law must be that contains the best as a limit, or is
        contained in it; 2 is odds of 2.7 to 1.

    Returns
    -------
    GrowthLawResult
        The law, or ``"undetermined"`` with the reason.

    Raises
    ------
    InputError
        If there are fewer than 12 values, or they are not finite.

    Notes
    -----
    The series is averaged over at most 120 blocks. Its noise is correlated (a film
    grows atom by atom, and every atom stays): it is taken as an autoregressive process
    of first order and fitted along with the law, by maximum likelihood.

    .. math:: r_i = \phi\, r_{i-1} + \epsilon_i, \qquad
              \mathrm{BIC} = -2 \ln L + k \ln n

    | symbol | meaning |
    |---|---|
    | r | thickness less law |
    | φ | correlation of neighbouring blocks, 0 to 0.999 |
    | ε | white noise |
    | k | parameters of law and noise |
    | n | blocks |

    Intervals are those of generalised least squares, with φ by restricted likelihood
    and Student's t of the effective number of blocks, n (1 − φ)/(1 + φ). A law that is
    a limit of the best one (linear of logarithmic and of saturating growth for large
    τ) needs less evidence against it, since the shorter description is preferred
    already.

    References
    ----------
    Schwarz, Ann Stat 6, 461 (1978), doi:10.1214/aos/1176344136

    Examples
    --------
    >>> times = np.linspace(0.0, 100.0, 400)
    >>> noise = np.random.default_rng(0).normal(0, 0.1, 400)
    >>> growth_law(times, np.sqrt(1 + 2 * times) + noise).law
    'parabolic'

    """
    times = np.asarray(times_ps, dtype=float)
    values = np.asarray(thickness_A, dtype=float)
    if len(times) < _LEAST or times.shape != values.shape:
        raise InputError(
            f"times_ps and thickness_A must hold {_LEAST} values or more, as many "
            f"each; got {len(times)} and {len(values)}. Run longer or write more often."
        )
    if not (np.isfinite(values).all() and (np.diff(times) > 0).all()):
        raise InputError(
            "times_ps must grow and thickness_A be finite; got others. "
            "Leave those frames out."
        )
    t, h = _blocks(times - times[0], values)
    shown = t + times[0]
    if np.ptp(h) <= 1e-9 * max(1.0, float(np.abs(h).max())):
        return GrowthLawResult(
            law="undetermined",
            reason=f"the thickness is {h[0]:.2f} Å throughout: nothing grows",
            fits=(),
            times_ps=shown,
            thickness_A=h,
            evidence=evidence,
        )
    fits = sorted((_fit(law, t, h) for law in LAWS), key=lambda fit: fit.bic)
    lowest = fits[0].bic
    fits = [replace(fit, bic=fit.bic - lowest) for fit in fits]
    law, reason = _judged(fits, evidence, evidence_nested)
    return GrowthLawResult(
        law=law,
        reason=reason,
        fits=tuple(fits),
        times_ps=shown,
        thickness_A=h,
        evidence=evidence,
    )


def _judged(fits: list[LawFit], evidence: float, nested: float) -> tuple[Law, str]:
    best = fits[0]
    if best.law == "constant":
        return "undetermined", "no growth stands out of the noise"
    if best.fitted_A[-1] <= best.fitted_A[0]:
        return "undetermined", "the film does not grow: it becomes thinner"
    rivals = [
        f"{other.law} (ΔBIC {other.bic:.1f})"
        for other in fits[1:]
        if other.bic
        < (
            nested
            if {(best.law, other.law), (other.law, best.law)} & _CONTAINS
            else evidence
        )
    ]
    if rivals:
        return (
            "undetermined",
            f"{best.law} describes it best, but not clearly better than "
            + " and ".join(rivals),
        )
    law: Any = best.law
    return law, (
        f"{best.law} over these {best.fitted_A.size} blocks; next is {fits[1].law} "
        f"(ΔBIC {fits[1].bic:.1f})"
    )


def _blocks(
    t: NDArray[np.float64], h: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    size = -(-len(t) // _BLOCKS)
    usable = len(t) - len(t) % size
    return (
        t[:usable].reshape(-1, size).mean(axis=1),
        h[:usable].reshape(-1, size).mean(axis=1),
    )


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


def _fit(law: str, t: NDArray[np.float64], h: NDArray[np.float64]) -> LawFit:
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
