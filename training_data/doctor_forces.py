"""Whether forces belong to their positions, and energies to their forces."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training_data.doctor_links import Links
from training_data.doctor_pair_model import PairForces
from training_data.doctor_report import Finding, finding

NOTICEABLE_FORCE = 0.1
FEWEST, MANY = 6, 30
GOOD, SURE, BAD = 0.6, 0.75, 0.5
UNRELATED = 0.25
WIDE, CLEARLY = 5.0, 1.5
NORMAL_QUINTILE = 0.8416
FEWEST_LINKS = 8
DETERMINED = 0.15
NEAR_ONE = (0.7, 1.4)
FIXED_CELL = 1e-4
TIGHT_EV = 0.01
TOLERANCE = 1.35

ENERGY_UNITS = {
    "the energies are in Ry": 1 / 13.605693,
    "the energies are in hartree": 1 / 27.211386,
    "the energies are in kcal/mol": 23.060548,
    "the energies are in kJ/mol": 96.485332,
    "the forces are in Ry/bohr": 25.711043,
    "the forces are in hartree/bohr": 51.422067,
    "energies and forces are in atomic units (Ry and Ry/bohr, or hartree and "
    "hartree/bohr)": 1 / 0.52917721,
    "the forces are gradients, of the other sign": -1.0,
}
"""Slope of the energy differences against the work of the forces, per mistake."""


@dataclass(frozen=True, kw_only=True)
class Slopes:
    """Energy differences of links against the work of their forces and stresses.

    Parameters
    ----------
    force, force_error
        Slope against the work of the forces and its standard error; 1 when energies
        and forces have one unit, NaN when the links do not say.
    stress, stress_error
        Slope against the work of the stress.
    pressure_eV_per_A3
        Constant that the energies ask for beside the stress.
    n_links, n_tight
        How many links were used, and how many of them are strained and so near that
        the pressure means something.

    """

    force: float
    force_error: float
    stress: float
    stress_error: float
    pressure_eV_per_A3: float
    n_links: int
    n_tight: int

    @property
    def force_known(self) -> bool:
        """Whether the links determine the slope against the forces."""
        return bool(self.force_error < DETERMINED * abs(self.force))

    @property
    def units_differ(self) -> bool:
        """Whether energies and forces are known to differ in unit or sign."""
        return self.force_known and not NEAR_ONE[0] < self.force < NEAR_ONE[1]

    @property
    def stress_known(self) -> bool:
        """Whether the links determine the slope against the stress."""
        return bool(self.stress_error < DETERMINED * abs(self.stress))


def check_forces(model: PairForces) -> tuple[list[Finding], bool, list[int]]:
    """Find forces that do not belong to the positions of their frame.

    Parameters
    ----------
    model
        Labels beside the pair model.

    Returns
    -------
    tuple
        Findings, whether the forces as a whole can be trusted, and the frames whose
        forces cannot.

    """
    noticeable = model.force_rms > NOTICEABLE_FORCE
    sure: list[int] = []
    unsure: list[int] = []
    medians = []
    for family in np.unique(model.family):
        mine = noticeable & (model.family == family)
        if mine.sum() < FEWEST:
            continue
        cosine = model.correlation[mine]
        low, middle = np.percentile(cosine, [20, 50])
        medians += [middle] * int(mine.sum())
        if middle < GOOD:
            continue
        spread = max((middle - low) / NORMAL_QUINTILE, 0.02)
        size = model.force_rms[mine]
        low_cosine = cosine < min(BAD, middle - WIDE * spread)
        # forces smaller than the model's usual error say nothing about the frame
        low_cosine &= size > CLEARLY * np.median(model.error[mine] * size)
        odd = low_cosine & (model.error[mine] > GOOD)
        certain = low > SURE and mine.sum() >= MANY
        (sure if certain else unsure).extend(model.frames[mine][odd].tolist())
    if not medians:
        said = "too few frames with forces to compare them with a pair model."
        return [finding("shuffled_forces", "untested", said)], True, []
    typical = float(np.median(medians))
    if typical < UNRELATED:
        said = (
            "the forces have no relation to the distances between the atoms (cosine "
            f"with a fitted pair model: median {typical:.2f}): shuffled among the "
            "atoms or the frames, or the positions are those of another step."
        )
        spoilt = model.frames.tolist()
        return [finding("shuffled_forces", "fail", said, spoilt)], False, spoilt
    if sure or unsure:
        frames = sorted([*sure, *unsure])
        worst = {
            int(f): c for f, c in zip(model.frames, model.correlation, strict=True)
        }
        said = ", ".join(f"{f} ({worst[f]:.2f})" for f in frames[:5])
        return (
            [
                finding(
                    "shuffled_forces",
                    "fail" if sure else "warn",
                    f"the forces of {len(frames)} frames do not belong to their "
                    f"positions: frame (cosine with a fitted pair model) {said}; "
                    f"{typical:.2f} is usual here. Shuffled atoms, another step, or an "
                    "unconverged run?",
                    frames,
                )
            ],
            True,
            frames,
        )
    said = (
        f"forces follow the distances (cosine with a fitted pair model: median "
        f"{typical:.2f})."
    )
    return [finding("shuffled_forces", "ok", said)], True, []


def link_slopes(links: Links) -> Slopes:
    r"""Slopes of the energy differences against the works.

    Parameters
    ----------
    links
        Near pairs of frames.

    Notes
    -----
    Weighted least squares, with links far off the line given less weight (Huber), of

    .. math::

        \Delta E = a\, W_F + b\, W_\sigma + p\, \Delta V

    With sound labels a = b = 1, and p is the pressure that an incomplete basis leaves.
    Without stresses, links at fixed cell give a alone.

    """
    nan = float("nan")
    stretched = (links.strain > FIXED_CELL) & np.isfinite(links.stress_work)
    with_stress = np.where(stretched, links.stress_work, 0.0)
    usable = (
        (stretched | (links.strain <= FIXED_CELL))
        & np.isfinite(links.energy)
        & np.isfinite(links.force_work)
    )
    columns = [links.force_work]
    if (stretched & usable).sum() >= FEWEST_LINKS:
        columns += [with_stress, np.where(stretched, links.volume, 0.0)]
    x = np.stack(columns, axis=1)[usable]
    y, weight = links.energy[usable], 1 / links.uncertainty[usable]
    used = np.abs(x).max(axis=0, initial=0) > 0
    if len(y) < FEWEST_LINKS or not used.any():
        return Slopes(
            force=nan, force_error=nan, stress=nan, stress_error=nan,
            pressure_eV_per_A3=nan, n_links=len(y), n_tight=0,
        )  # fmt: skip
    values, errors = np.full(3, nan), np.full(3, nan)
    found, error = _robust(x[:, used], y, weight)
    where = np.flatnonzero(used)
    values[where], errors[where] = found, error
    return Slopes(
        force=float(values[0]),
        force_error=float(errors[0]),
        stress=float(values[1]),
        stress_error=float(errors[1]),
        pressure_eV_per_A3=float(values[2]),
        n_links=len(y),
        n_tight=int((stretched & usable & (links.uncertainty < TIGHT_EV)).sum()),
    )


def _robust(
    x: NDArray[np.float64], y: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coefficients and standard errors by Huber's iteration."""
    scale = np.linalg.norm(x * weight[:, None], axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    trust = np.ones(len(y))
    for _ in range(10):
        a = x * (weight * np.sqrt(trust))[:, None] / scale
        b = y * weight * np.sqrt(trust)
        found = np.linalg.lstsq(a, b, rcond=None)[0]
        misfit = np.abs(y - x @ (found / scale)) * weight
        typical = max(float(np.median(misfit)) * 1.4826, 1e-12)
        trust = np.minimum(1.0, 2 * typical / np.maximum(misfit, 1e-300))
    free = max(len(y) - x.shape[1], 1)
    variance = float((trust * misfit**2).sum() / free)
    covariance = np.linalg.pinv(a.T @ a) * variance
    return found / scale, np.sqrt(np.diag(covariance)) / scale


def check_energy_unit(slopes: Slopes, *, trusted: bool) -> list[Finding]:
    """Whether energies and forces have one unit.

    Parameters
    ----------
    slopes
        Slopes of the links.
    trusted
        Whether the forces belong to their positions.

    """
    check = "energy_unit"
    if not trusted:
        said = "not tested, because the forces do not belong to the positions."
        return [finding(check, "untested", said)]
    if not np.isfinite(slopes.force) or not slopes.force_known:
        said = (
            f"{slopes.n_links} links between near frames do not determine how energy "
            "differences follow the forces; give frames of one trajectory, or rattled "
            "copies with their atoms in one order."
        )
        return [finding(check, "untested", said)]
    text = f"{slopes.force:.3g} ± {2 * slopes.force_error:.1g}"
    if not slopes.units_differ:
        said = f"energy differences are {text} times the work of the forces."
        return [finding(check, "ok", said)]
    cause = nearest_unit(slopes.force, ENERGY_UNITS, tolerance=TOLERANCE)
    reason = (
        f"it looks as if {cause}"
        if cause
        else "no usual unit explains it; perhaps some forces belong to other positions"
    )
    return [
        finding(
            check,
            "fail",
            f"energy differences between near frames are {text} times the work of the "
            f"forces, where 1 is right: {reason}. Energies must be total energies in "
            "eV, forces in eV/Å.",
        )
    ]


def nearest_unit(
    factor: float, units: dict[str, float], *, tolerance: float
) -> str | None:
    """Mistake whose factor is nearest to the one found.

    Parameters
    ----------
    factor
        Factor found.
    units
        Factor of each mistake.
    tolerance
        Largest ratio between the two.

    Examples
    --------
    >>> nearest_unit(0.075, {"Ry": 0.0735, "hartree": 0.0367}, tolerance=1.3)
    'Ry'

    """
    distance = {
        name: abs(np.log(factor / value)) for name, value in units.items()
        if factor / value > 0
    }  # fmt: skip
    if not distance:
        return None
    name = min(distance, key=lambda each: distance[each])
    return name if distance[name] < np.log(tolerance) else None
