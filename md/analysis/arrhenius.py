"""Activation energy from diffusivities at several temperatures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.units import kB
from numpy.typing import NDArray
from scipy import stats

from md.analysis.conductivity import conductivity_mS_per_cm
from md.analysis.plain import plain
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Interval = tuple[float, float]
_LEAST = 3
_STEPS = 20
_SCATTERED = 0.05


@dataclass(frozen=True, kw_only=True)
class ArrheniusPoint:
    """Diffusivity at one temperature.

    Parameters
    ----------
    temperature_K, temperature_error_K
        Mean and its standard error.
    diffusivity_cm2_per_s, diffusivity_interval_cm2_per_s
        None where there is none; the 95 % interval is Student's.
    degrees_of_freedom
        Behind the interval: blocks less one.
    reason
        Why there is no diffusivity; empty otherwise.

    """

    temperature_K: float
    temperature_error_K: float = 0.0
    diffusivity_cm2_per_s: float | None
    diffusivity_interval_cm2_per_s: Interval | None
    degrees_of_freedom: int = 7
    reason: str = ""

    @property
    def log_error(self) -> float:
        """Standard error of the logarithm of the diffusivity."""
        if (
            not self.diffusivity_cm2_per_s
            or self.diffusivity_interval_cm2_per_s is None
        ):
            return float("nan")
        low, high = self.diffusivity_interval_cm2_per_s
        t = float(stats.t.ppf(0.975, self.degrees_of_freedom))
        return (high - low) / (2 * t * self.diffusivity_cm2_per_s)

    @property
    def usable(self) -> bool:
        """Whether it can be fitted."""
        return bool(np.isfinite(self.log_error) and self.log_error > 0)


@dataclass(frozen=True, kw_only=True)
class ArrheniusResult:
    """Activation energy, and what follows at a temperature that was not simulated.

    Parameters
    ----------
    activation_energy_eV, interval_eV
        Slope of ln D against 1/k_B T and its 95 % interval; None with fewer than
        three temperatures.
    prefactor_cm2_per_s, prefactor_interval_cm2_per_s
        D at infinite temperature.
    at_K
        Temperature asked for.
    diffusivity_cm2_per_s, diffusivity_interval_cm2_per_s
        There, with the 95 % interval.
    conductivity_mS_per_cm, conductivity_interval_mS_per_cm
        There, by Nernst–Einstein; None without a density of carriers.
    carriers_per_A3
        The density it was computed with.
    range_K
        Lowest and highest temperature that were fitted.
    beyond_range_K
        How far `at_K` lies outside; 0 within.
    scatter_p_value
        Probability of so large a scatter about the line by the errors alone.
    error_factor
        By what all errors were multiplied because the scatter is larger than they
        tell (p below 0.05); 1 otherwise.
    points
        All temperatures, those without a diffusivity included.
    reason
        Why there is no activation energy; empty otherwise.

    """

    activation_energy_eV: float | None
    interval_eV: Interval | None
    prefactor_cm2_per_s: float | None
    prefactor_interval_cm2_per_s: Interval | None
    at_K: float
    diffusivity_cm2_per_s: float | None
    diffusivity_interval_cm2_per_s: Interval | None
    conductivity_mS_per_cm: float | None
    conductivity_interval_mS_per_cm: Interval | None
    carriers_per_A3: float | None
    range_K: Interval | None
    beyond_range_K: float | None
    scatter_p_value: float | None
    error_factor: float
    points: tuple[ArrheniusPoint, ...]
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        return dict(plain(self))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Diffusivity against 1000/T with the line and its 95 % interval at `at_K`.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5, 3.4), layout="constrained").subplots()
        for point in self.points:
            if not point.diffusivity_cm2_per_s:
                continue
            value = point.diffusivity_cm2_per_s
            low, high = point.diffusivity_interval_cm2_per_s or (value, value)
            ax.errorbar(
                1000 / point.temperature_K,
                value,
                yerr=[[value - max(low, value / 100)], [high - value]],
                fmt="o",
                color="C0",
                capsize=2,
            )
        if self.activation_energy_eV is not None and self.prefactor_cm2_per_s:
            ends = [self.at_K, *(p.temperature_K for p in self.points)]
            inverse = np.linspace(1 / max(ends), 1 / min(ends), 50)
            line = np.exp(-self.activation_energy_eV / kB * inverse)
            ax.plot(
                1000 * inverse,
                self.prefactor_cm2_per_s * line,
                "--",
                color="C1",
                label=self._label(),
            )
        else:
            ax.plot([], [], " ", label=f"no line: {self.reason}")
        if self.diffusivity_cm2_per_s and self.diffusivity_interval_cm2_per_s:
            value = self.diffusivity_cm2_per_s
            low, high = self.diffusivity_interval_cm2_per_s
            ax.errorbar(
                1000 / self.at_K,
                value,
                yerr=[[value - low], [high - value]],
                fmt="s",
                mfc="white",
                color="C1",
                capsize=2,
                label=f"{self.at_K:g} K",
            )
        ax.set(xlabel="1000/T (1/K)", ylabel="Diffusivity (cm²/s)", yscale="log")
        ax.legend(frameon=False, fontsize="small")
        return ax

    def _label(self) -> str:
        if self.interval_eV is None:
            return f"{self.activation_energy_eV:.3f} eV"
        low, high = self.interval_eV
        return f"{self.activation_energy_eV:.3f} eV ({low:.3f} to {high:.3f})"


def arrhenius(
    points: Sequence[ArrheniusPoint],
    *,
    at_K: float = 303.15,
    carriers_per_A3: float | None = None,
    charge_e: float = 1.0,
) -> ArrheniusResult:
    r"""Activation energy from diffusivities with errors in D and in T.

    Parameters
    ----------
    points
        One for each temperature.
    at_K
        Temperature to which the line is drawn.
    carriers_per_A3, charge_e
        Density and charge of the carriers, for the conductivity there.

    Returns
    -------
    ArrheniusResult
        Without an activation energy, and with the reason, where fewer than three
        temperatures have a diffusivity.

    Raises
    ------
    InputError
        If a temperature is not positive, or all are the same.

    Notes
    -----
    .. math:: \ln D = \ln D_0 - \frac{E_a}{k_B T}, \qquad
              s_i^2 = \left(\frac{s_{D,i}}{D_i}\right)^2
                    + \left(\frac{E_a s_{T,i}}{k_B T_i^2}\right)^2

    is fitted by weighted least squares with weights 1/(s_i² + ⟨s²⟩) (the second term
    by iteration, York's effective variance); the errors s_i are then carried through.
    Errors of single points come from few blocks; an interval is
    Student's with the effective degrees of freedom of Welch and Satterthwaite for the
    quantity in question. Where the points scatter about the line by more than their
    errors (χ² with p < 0.05), all errors are multiplied by the root of χ² over its
    degrees of freedom (Birge).

    Temperatures without a diffusivity are left out. They tend to be the cold ones,
    whose D the run cannot resolve; a cold one that is kept because it came out high
    by chance makes E_a too small, so that runs at the cold end should be long enough
    not to be near that limit. The interval at `at_K` holds if the line does: if the
    same mechanism carries at that temperature.

    | symbol | variable |
    |---|---|
    | E_a | ``activation_energy_eV`` |
    | D₀ | ``prefactor_cm2_per_s`` |
    | s_D | half of ``diffusivity_interval_cm2_per_s`` over Student's t |
    | s_T | ``temperature_error_K`` |

    References
    ----------
    York, Evensen, López Martínez, De Basabe Delgado, Am. J. Phys. 72, 367 (2004),
    doi:10.1119/1.1632486

    """
    temperatures = np.array([p.temperature_K for p in points] + [at_K], dtype=float)
    if not (np.isfinite(temperatures) & (temperatures > 0)).all():
        raise InputError(
            f"temperatures must be positive; got {temperatures.tolist()!r}. "
            "Give them in K."
        )
    used = [p for p in points if p.usable]
    if len(used) < _LEAST:
        return _nothing(
            points,
            at_K,
            carriers_per_A3,
            f"{len(used)} temperatures have a diffusivity; three are needed",
        )
    T = np.array([p.temperature_K for p in used])
    if np.ptp(T) == 0:
        raise InputError(
            f"temperatures must differ; got {T.tolist()!r}. Run at others."
        )
    fit = _Line(used)
    energy, energy_interval = fit.quantity(np.array([0.0, 1.0]))
    log_prefactor, log_prefactor_interval = fit.quantity(np.array([1.0, 0.0]))
    log_d, log_d_interval = fit.quantity(np.array([1.0, -1 / (kB * at_K)]))
    diffusivity = float(np.exp(log_d))
    interval = _exp(log_d_interval)
    conductivity = conductivity_interval = None
    if carriers_per_A3 is not None:
        factor = conductivity_mS_per_cm(
            1.0,
            carriers_per_A3=carriers_per_A3,
            temperature_K=at_K,
            charge_e=charge_e,
        )
        conductivity = diffusivity * factor
        conductivity_interval = (interval[0] * factor, interval[1] * factor)
    low, high = float(T.min()), float(T.max())
    return ArrheniusResult(
        activation_energy_eV=energy,
        interval_eV=energy_interval,
        prefactor_cm2_per_s=float(np.exp(log_prefactor)),
        prefactor_interval_cm2_per_s=_exp(log_prefactor_interval),
        at_K=at_K,
        diffusivity_cm2_per_s=diffusivity,
        diffusivity_interval_cm2_per_s=interval,
        conductivity_mS_per_cm=conductivity,
        conductivity_interval_mS_per_cm=conductivity_interval,
        carriers_per_A3=carriers_per_A3,
        range_K=(low, high),
        beyond_range_K=max(low - at_K, at_K - high, 0.0),
        scatter_p_value=fit.p_value,
        error_factor=fit.factor,
        points=tuple(points),
        reason="",
    )


class _Line:
    """Weighted least squares of ln D = c₀ − c₁ / k_B T."""

    def __init__(self, points: Sequence[ArrheniusPoint]) -> None:
        T = np.array([p.temperature_K for p in points])
        dT = np.array([p.temperature_error_K for p in points])
        log_d = np.log([p.diffusivity_cm2_per_s or np.nan for p in points])
        own = np.array([p.log_error for p in points])
        self._freedom = np.array([p.degrees_of_freedom for p in points], dtype=float)
        design = np.stack([np.ones_like(T), -1 / (kB * T)], axis=1)
        coefficients = np.zeros(2)
        for _ in range(_STEPS):
            variance = own**2 + (coefficients[1] * dT / (kB * T**2)) ** 2
            # Errors of few blocks are themselves uncertain. Half of the mean in the
            # weights keeps a point with a small one by chance from ruling the line;
            # the interval takes the errors as they are.
            weighted = design / ((variance + variance.mean()) / 2)[:, None]
            # (2, n): every coefficient is a sum over points
            self._influence: NDArray[np.float64] = np.linalg.solve(
                design.T @ weighted, weighted.T
            )
            coefficients = self._influence @ log_d
        self._variance = variance
        self._coefficients = coefficients
        residual = log_d - design @ coefficients
        chi2, freedom = float((residual**2 / variance).sum()), len(points) - 2
        self.p_value = float(stats.chi2.sf(chi2, freedom))
        self.factor = 1.0
        if self.p_value < _SCATTERED:
            self.factor = float(np.sqrt(chi2 / freedom))

    def quantity(self, direction: NDArray[np.float64]) -> tuple[float, Interval]:
        """Sum of coefficients with its 95 % interval."""
        value = float(direction @ self._coefficients)
        parts = (direction @ self._influence) ** 2 * self._variance
        variance = float(parts.sum())
        freedom = variance**2 / float((parts**2 / self._freedom).sum())
        half = float(stats.t.ppf(0.975, freedom)) * np.sqrt(variance) * self.factor
        return value, (float(value - half), float(value + half))


def _exp(interval: Interval) -> Interval:
    return float(np.exp(interval[0])), float(np.exp(interval[1]))


def _nothing(
    points: Sequence[ArrheniusPoint],
    at_K: float,
    carriers_per_A3: float | None,
    reason: str,
) -> ArrheniusResult:
    return ArrheniusResult(
        activation_energy_eV=None,
        interval_eV=None,
        prefactor_cm2_per_s=None,
        prefactor_interval_cm2_per_s=None,
        at_K=at_K,
        diffusivity_cm2_per_s=None,
        diffusivity_interval_cm2_per_s=None,
        conductivity_mS_per_cm=None,
        conductivity_interval_mS_per_cm=None,
        carriers_per_A3=carriers_per_A3,
        range_K=None,
        beyond_range_K=None,
        scatter_p_value=None,
        error_factor=1.0,
        points=tuple(points),
        reason=reason,
    )
