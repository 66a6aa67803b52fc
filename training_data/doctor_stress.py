"""Sign, unit and order of the stress, from the forces and from the energies."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training_data.doctor_collection import Collection
from training_data.doctor_forces import Slopes, nearest_unit
from training_data.doctor_pair_model import PairForces
from training_data.doctor_report import Finding, finding

UNITS = {
    "eV/Å³": 1.0,
    "GPa": 160.21766,
    "kbar": 1602.1766,
    "Ry/bohr³": 0.52917721**3 / 13.605693,
    "hartree/bohr³": 0.52917721**3 / 27.211386,
}
"""Numbers in which a stress of 1 eV/Å³ is written."""

ENERGIES = {"kJ/mol": 96.485332, "kcal/mol": 23.060548, "meV": 1000.0}
"""Numbers in which 1 eV is written, where energies and forces share the unit."""

ASE_ORDER = (0, 1, 2, 3, 4, 5)
VASP_ORDER = (0, 1, 2, 4, 5, 3)
"""Where xx yy zz yz xz xy stand among six numbers printed as xx yy zz xy yz zx."""

FEWEST = 6
CLEAR = 0.6
NEARLY = 0.3
MARGIN = 0.25
LINK_TOLERANCE, MODEL_TOLERANCE = 1.35, 2.2
LARGE_PRESSURE, FEWEST_TIGHT = 0.003, 20
LARGE_STRESS = 1.0


@dataclass(frozen=True, kw_only=True)
class StressScale:
    """How a stress is written, judged by a pair model that never saw it.

    Parameters
    ----------
    factor
        Numbers in the file over eV/Å³ with tension positive.
    correlation
        Of the parts without pressure, labels against model.
    vasp_order
        Whether the shears stand as xy yz zx.
    times_volume
        Whether it is multiplied by the volume.
    n_frames
        How many frames were compared.

    """

    factor: float
    correlation: float
    vasp_order: bool
    times_volume: bool
    n_frames: int

    @property
    def clear(self) -> bool:
        """Whether the comparison says anything."""
        return abs(self.correlation) > CLEAR and self.n_frames >= FEWEST


def stress_scale(
    collected: Collection, model: PairForces, stresses: dict[int, NDArray[np.float64]]
) -> StressScale | None:
    """Compare stresses with the virials of the pair model.

    Parameters
    ----------
    collected
        What is known of the frames.
    model
        Pair model with its virials.
    stresses
        Frame → six numbers as they stand.

    """
    rows = [k for k, f in enumerate(model.frames.tolist()) if f in stresses]
    rows = [k for k in rows if np.isfinite(stresses[int(model.frames[k])]).all()]
    if len(rows) < FEWEST:
        return None
    frames = model.frames[rows]
    labels = np.array([stresses[int(f)] for f in frames])
    volumes = np.array([collected.volumes_A3[f] for f in frames])
    expected = model.virials[rows]
    atoms = collected.n_atoms[frames][:, None]
    best: StressScale | None = None
    for vasp, order in ((False, ASE_ORDER), (True, VASP_ORDER)):
        for with_volume in (False, True):
            given = labels[:, order] * (1.0 if with_volume else volumes[:, None])
            a, b = _without_pressure(given / atoms), _without_pressure(expected / atoms)
            weight = 1 / (np.linalg.norm(b, axis=1, keepdims=True) + np.median(
                np.linalg.norm(b, axis=1)) + 1e-12)  # fmt: skip
            x, y = (b * weight).ravel(), (a * weight).ravel()
            norm = float(np.linalg.norm(x) * np.linalg.norm(y))
            if norm <= 0:
                continue
            correlation = float(x @ y) / norm
            better = best is None or abs(correlation) > abs(best.correlation) + (
                MARGIN / 5 if vasp or with_volume else 0.0
            )
            if better:
                best = StressScale(
                    factor=float(x @ y / (x @ x)),
                    correlation=correlation,
                    vasp_order=vasp,
                    times_volume=with_volume,
                    n_frames=len(rows),
                )
    return best


def _without_pressure(stress: NDArray[np.float64]) -> NDArray[np.float64]:
    """Six components less the mean of the diagonal, shears counted twice."""
    rest = stress.copy()
    rest[:, :3] -= rest[:, :3].mean(axis=1, keepdims=True)
    rest[:, 3:] *= np.sqrt(2)
    return rest


def check_stress(
    collected: Collection, model: PairForces, slopes: Slopes, *, trusted: bool
) -> tuple[list[Finding], dict[str, Any]]:
    """Sign, unit and order of the stress.

    Parameters
    ----------
    collected
        What is known of the frames.
    model
        Pair model fitted to the forces.
    slopes
        Energy differences against the work of forces and stress.
    trusted
        Whether the forces belong to their positions.

    Returns
    -------
    tuple
        Findings, and the numbers behind them.

    """
    given = {
        i: stress
        for i, stress in enumerate(collected.stresses)
        if np.isfinite(stress).all()
    }
    if not given:
        if slopes.units_differ and collected.candidates:
            return _mend_first(), {}
        return _judge_candidates(collected, model, trusted=trusted)
    if slopes.units_differ:
        # neither energies nor forces can serve as the measure of the stress
        return [*_outliers(given), *_mend_first()], {}
    scale = stress_scale(collected, model, given) if trusted else None
    by_model = scale is not None and scale.clear
    by_links = trusted and slopes.force_known and slopes.stress_known
    measured: dict[str, Any] = {
        "stress_factor_from_forces": scale.factor if scale and by_model else None,
        "stress_factor_from_energies": slopes.force / slopes.stress
        if by_links
        else None,
    }
    found = _outliers(given)
    if not by_model and not by_links:
        said = (
            "neither strained copies nor the pair model say which sign and unit the "
            "stress has; add a few strained cells of one crystal."
        )
        return [*found, finding("stress_sign", "untested", said)], measured
    factor = slopes.force / slopes.stress if by_links else 1.0
    tolerance = LINK_TOLERANCE
    if scale is not None and by_model and not by_links:
        factor, tolerance = scale.factor, MODEL_TOLERANCE
    source = "energies of strained cells" if by_links else "forces"
    if by_links and by_model and scale is not None and factor * scale.factor < 0:
        said = (
            "energies of strained cells and forces give the stress opposite signs "
            f"({factor:.3g} and {scale.factor:.3g} times eV/Å³)."
        )
        return [*found, finding("stress_sign", "warn", said)], measured
    found += _judge(factor, tolerance, source, scale if by_model else None)
    pressure = slopes.pressure_eV_per_A3
    if by_links and np.isfinite(pressure):
        measured["pressure_offset_eV_per_A3"] = pressure
    told = (
        by_links
        and slopes.n_tight >= FEWEST_TIGHT
        and abs(np.log(abs(factor))) < NEARLY
    )
    if told and factor > 0 and abs(pressure) > LARGE_PRESSURE:
        found.append(
            finding(
                "stress_offset",
                "warn",
                f"energies of strained cells ask for {160.2 * pressure:+.1f} GPa "
                "beside the stress: incomplete basis, or cells too far apart for the "
                "trapezoid rule. Energies and stresses will disagree.",
            )
        )
    return found, measured


def _mend_first() -> list[Finding]:
    said = (
        "not tested, because energies and forces differ in unit or sign: mend them "
        "first (energy_unit)."
    )
    checks = ("stress_sign", "stress_unit", "stress_order")
    return [finding(check, "untested", said) for check in checks]


def _judge(
    factor: float, tolerance: float, source: str, scale: StressScale | None
) -> list[Finding]:
    found = []
    if factor < 0:
        found.append(
            finding(
                "stress_sign",
                "fail",
                f"the stress has the other sign ({factor:.3g} times eV/Å³, from the "
                f"{source}): tension must be positive. Multiply by -1.",
            )
        )
    else:
        found.append(finding("stress_sign", "ok", f"tension is positive ({source})."))
    unit = nearest_unit(abs(factor), UNITS, tolerance=tolerance)
    if unit == "eV/Å³":
        said = f"{abs(factor):.2f} times eV/Å³, from the {source}."
        found.append(finding("stress_unit", "ok", said))
    else:
        remedy = (
            f"it looks like {unit}: divide by {UNITS[unit]:.6g}"
            if unit
            else "no usual unit explains it"
        )
        both = nearest_unit(1 / abs(factor), ENERGIES, tolerance=tolerance)
        if both:
            remedy += f"; or energies and forces are both in {both}, and it is sound"
        said = f"the stress is {abs(factor):.3g} times eV/Å³, from the {source}; "
        found.append(finding("stress_unit", "fail", f"{said}{remedy}."))
    if scale is not None and scale.vasp_order and abs(scale.correlation) > CLEAR:
        said = "the shears stand as xy yz zx; the order must be yz xz xy."
        found.append(finding("stress_order", "fail", said))
    if scale is not None and scale.times_volume:
        said = "the stress fits better as volume times stress: divide by the volume."
        found.append(finding("stress_unit", "warn", said))
    return found


def _judge_candidates(
    collected: Collection, model: PairForces, *, trusted: bool
) -> tuple[list[Finding], dict[str, Any]]:
    """Say how a stress under another key seems to be written."""
    measured: dict[str, Any] = {}
    if not collected.candidates:
        return [finding("stress_sign", "untested", "there is no stress.")], measured
    found = []
    for name, values in collected.candidates.items():
        scale = stress_scale(collected, model, values) if trusted else None
        if scale is None or not scale.clear:
            said = f"{name} may be a stress; its sign and unit cannot be told."
            found.append(finding("stress_sign", "untested", said))
            continue
        measured[f"{name}_factor_from_forces"] = scale.factor
        unit = nearest_unit(abs(scale.factor), UNITS, tolerance=MODEL_TOLERANCE)
        written = unit or f"{abs(scale.factor):.3g} times eV/Å³"
        if scale.times_volume:
            written = "eV (volume times stress)" if unit == "eV/Å³" else (
                f"{written} times volume"
            )  # fmt: skip
        found.append(
            finding(
                "stress_sign",
                "warn",
                f"{name} is no label here; it looks like a stress in {written} with "
                f"{'tension' if scale.factor > 0 else 'compression'} positive and "
                f"shears in the order {'xy yz zx' if scale.vasp_order else 'yz xz xy'} "
                f"({scale.factor:.3g} times eV/Å³, correlation "
                f"{scale.correlation:.2f}). Convert it to REF_stress.",
            )
        )
    return found, measured


def _outliers(given: dict[int, NDArray[np.float64]]) -> list[Finding]:
    large = {
        i: float(np.abs(s).max())
        for i, s in given.items()
        if np.abs(s).max() > LARGE_STRESS
    }
    if not large or len(large) > len(given) / 2:
        return []
    worst = max(large, key=lambda i: large[i])
    message = (
        f"{len(large)} frames have stresses above {LARGE_STRESS:g} eV/Å³ "
        f"(160 GPa); the largest is {large[worst]:.3g} (frame {worst})."
    )
    return [finding("stress_outliers", "warn", message, list(large))]
