"""Ionic conductivity from diffusivities, and the Haven ratio."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.units import kB

from md.analysis.mean_squared_displacement import (
    MeanSquaredDisplacementResult,
    mean_squared_displacement,
)
from md.analysis.plain import plain
from md.analysis.reference_frame import Reference
from md.analysis.temperature import mean_temperature, mean_volume
from md.trajectory import Trajectory
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Interval = tuple[float, float]
_COULOMB = 1.602176634e-19
_MS_PER_CM_PER_S_PER_M = 10.0


@dataclass(frozen=True, kw_only=True)
class ConductivityResult:
    """Conductivity of one carrier, without and with its correlations.

    Parameters
    ----------
    species, charge_e, n_carriers, volume_A3, temperature_K
        What carries, and where.
    nernst_einstein_mS_per_cm, nernst_einstein_interval_mS_per_cm
        From the tracer diffusivity: as if carriers moved independently. None where
        there is no diffusivity.
    einstein_green_kubo_mS_per_cm, einstein_green_kubo_interval_mS_per_cm
        From the displacement of all carriers together.
    haven_ratio, haven_ratio_interval
        Tracer over collective diffusivity and its 95 % interval; None where the
        collective one is not known well enough to divide by it.
    tracer, collective
        The displacements with fit windows and reasons.

    """

    species: str
    charge_e: float
    n_carriers: int
    volume_A3: float
    temperature_K: float
    nernst_einstein_mS_per_cm: float | None
    nernst_einstein_interval_mS_per_cm: Interval | None
    einstein_green_kubo_mS_per_cm: float | None
    einstein_green_kubo_interval_mS_per_cm: Interval | None
    haven_ratio: float | None
    haven_ratio_interval: Interval | None
    tracer: MeanSquaredDisplacementResult
    collective: MeanSquaredDisplacementResult

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        own = {k: v for k, v in vars(self).items() if k not in ("tracer", "collective")}
        return {
            **plain(own),
            "tracer": self.tracer.to_json(),
            "collective": self.collective.to_json(),
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Tracer and collective mean squared displacement in one picture.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5, 3.4), layout="constrained").subplots()
        for result, label in ((self.tracer, "tracer"), (self.collective, "collective")):
            shown = (result.lag_times_ps > 0) & (result.msd_A2 > 0)
            ax.plot(result.lag_times_ps[shown], result.msd_A2[shown], label=label)
        ax.axvspan(
            self.tracer.fit_start_ps, self.tracer.fit_end_ps, color="0.92", zorder=0
        )
        ax.set(
            xlabel="Lag time (ps)",
            ylabel=f"MSD of {self.species} (Å²)",
            xscale="log",
            yscale="log",
        )
        ax.legend(frameon=False, fontsize="small")
        return ax


def conductivity_mS_per_cm(  # noqa: N802 (unit)
    diffusivity_cm2_per_s: float,
    *,
    carriers_per_A3: float,
    temperature_K: float,
    charge_e: float = 1.0,
) -> float:
    """Conductivity by the Nernst–Einstein relation.

    Parameters
    ----------
    diffusivity_cm2_per_s
        Tracer or collective.
    carriers_per_A3
        Number density.
    temperature_K
        Temperature.
    charge_e
        Charge of a carrier.

    Notes
    -----
    σ = n q² D / k_B T.

    Examples
    --------
    >>> round(conductivity_mS_per_cm(1e-8, carriers_per_A3=0.01, temperature_K=300), 3)
    0.62

    """
    per_m3 = carriers_per_A3 * 1e30
    si = (
        per_m3
        * charge_e**2
        * _COULOMB
        * diffusivity_cm2_per_s
        * 1e-4
        / (kB * temperature_K)
    )
    return float(si * _MS_PER_CM_PER_S_PER_M)


def conductivity(
    trajectory: Trajectory,
    *,
    species: str = "Li",
    charge_e: float = 1.0,
    temperature_K: float | None = None,
    volume_A3: float | None = None,
    reference: Reference = "others",
    fit_ps: tuple[float, float] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ConductivityResult:
    r"""Ionic conductivity by Nernst–Einstein and Einstein–Green–Kubo.

    Parameters
    ----------
    trajectory
        Frames at equal intervals.
    species, charge_e
        The carrier; all other atoms are taken as the frame at rest and carry nothing.
    temperature_K
        By default the mean of the observable of that name.
    volume_A3
        Volume of the carriers; by default the mean volume of the cell, which must
        then be a crystal without metal or vacuum.
    reference, fit_ps
        As of `md.analysis.mean_squared_displacement`.
    progress
        Called with the atoms done and all atoms.

    Raises
    ------
    InputError
        If temperature or volume are unknown or not positive.

    Notes
    -----
    .. math:: \sigma = \frac{N q^2}{V k_B T} D, \qquad
              D^* = \lim \frac{\langle |\Delta r_i|^2 \rangle}{6t}, \qquad
              D_\sigma = \lim \frac{\langle |\sum_i \Delta r_i|^2 \rangle}{6Nt}

    Nernst–Einstein takes D*, Einstein–Green–Kubo D_σ. The Haven ratio is
    H = D* / D_σ; its interval adds those of both on the axis of the logarithm, as if
    they were independent (they are positively correlated: it is rather too wide).
    The collective displacement is one walker, however many atoms there are: its
    diffusivity needs a run N times as long for the error of the tracer's. It is found
    by least squares over correlated lags (`md.analysis.msd_regression`).

    References
    ----------
    Marcolongo, Marzari, Phys. Rev. Materials 1, 025402 (2017),
    doi:10.1103/PhysRevMaterials.1.025402

    """
    if temperature_K is None:
        temperature_K = mean_temperature(trajectory)[0]
    if volume_A3 is None:
        volume_A3 = mean_volume(trajectory)
    for name, value in (("temperature_K", temperature_K), ("volume_A3", volume_A3)):
        if not (np.isfinite(value) and value > 0):
            raise InputError(
                f"{name} must be positive; got {value!r}. Give it in the unit named."
            )
    tracer = mean_squared_displacement(
        trajectory,
        species=species,
        reference=reference,
        fit_ps=fit_ps,
        progress=progress,
    )
    collective = mean_squared_displacement(
        trajectory,
        species=species,
        reference=reference,
        fit_ps=fit_ps,
        motion="collective",
    )
    per_diffusivity = conductivity_mS_per_cm(
        1.0,
        carriers_per_A3=tracer.n_atoms / volume_A3,
        temperature_K=temperature_K,
        charge_e=charge_e,
    )
    ratio = interval = None
    if tracer.diffusivity_cm2_per_s and collective.diffusivity_cm2_per_s:
        ratio = tracer.diffusivity_cm2_per_s / collective.diffusivity_cm2_per_s
        interval = _ratio_interval(tracer, collective)
    return ConductivityResult(
        species=species,
        charge_e=charge_e,
        n_carriers=tracer.n_atoms,
        volume_A3=volume_A3,
        temperature_K=temperature_K,
        nernst_einstein_mS_per_cm=_times(tracer.diffusivity_cm2_per_s, per_diffusivity),
        nernst_einstein_interval_mS_per_cm=_both(
            tracer.diffusivity_interval_cm2_per_s, per_diffusivity
        ),
        einstein_green_kubo_mS_per_cm=_times(
            collective.diffusivity_cm2_per_s, per_diffusivity
        ),
        einstein_green_kubo_interval_mS_per_cm=_both(
            collective.diffusivity_interval_cm2_per_s, per_diffusivity
        ),
        haven_ratio=ratio,
        haven_ratio_interval=interval,
        tracer=tracer,
        collective=collective,
    )


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _both(interval: Interval | None, factor: float) -> Interval | None:
    return None if interval is None else (interval[0] * factor, interval[1] * factor)


def _ratio_interval(
    above: MeanSquaredDisplacementResult, below: MeanSquaredDisplacementResult
) -> Interval | None:
    """95 % interval of the ratio of two diffusivities, None where it is unbounded."""
    bounds = (
        above.diffusivity_interval_cm2_per_s,
        below.diffusivity_interval_cm2_per_s,
    )
    if bounds[0] is None or bounds[1] is None or bounds[1][0] <= 0:
        return None
    if not above.diffusivity_cm2_per_s or not below.diffusivity_cm2_per_s:
        return None
    ratio = above.diffusivity_cm2_per_s / below.diffusivity_cm2_per_s
    # On the axis of the logarithm the halves on either side add as independent ones.
    up = above.diffusivity_cm2_per_s, below.diffusivity_cm2_per_s
    low_above = np.log(up[0] / max(bounds[0][0], 1e-12 * up[0]))
    high_above = np.log(bounds[0][1] / up[0])
    low_below, high_below = np.log(up[1] / bounds[1][0]), np.log(bounds[1][1] / up[1])
    low = float(np.hypot(low_above, high_below))
    high = float(np.hypot(high_above, low_below))
    return float(ratio * np.exp(-low)), float(ratio * np.exp(high))
