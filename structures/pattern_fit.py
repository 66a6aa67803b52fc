"""Simulated patterns against a measured one: scales, background, lattice, Rwp."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from structures.diffraction import wavelength_of
from structures.measured_pattern import MeasuredPattern
from structures.peak_shape import PeakShape
from structures.phase_profile import PhaseProfile, lines_of
from structures.profile_problem import REFINABLE, ProfileProblem
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UNEXPLAINED_percent = 50.0
"""Background-corrected Rwp above which a fit says nothing; without peaks it is 100."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PatternFit:
    r"""How well crystals explain a measured pattern.

    Parameters
    ----------
    rwp_percent
        Weighted profile residual [%].
    rwp_background_corrected_percent
        The same with the background taken from the denominator [%]; the one to compare
        between measurements with different backgrounds.
    rexp_percent
        Value expected from the uncertainties alone [%]; it means something only where
        they are right, such as counts.
    n_points, n_parameters
        Points fitted, and parameters adjusted.
    scales
        (n_phases,) factor of each phase's intensity.
    weight_fractions
        (n_phases,) share of each phase by mass, adding up to 1.
    cells_A
        (n_phases,) fitted cells, rows are vectors [Å].
    volume_change_percent
        (n_phases,) volume against that of the structure given [%].
    zero_shift_deg
        Zero of the instrument: measured angle minus true angle [°].
    shape
        Widths and form of the peaks.
    wavelength_A
        Wavelength, the mean where the source has a doublet [Å].
    refined
        What was adjusted beside scales and background.
    two_theta_deg, observed, calculated, background
        (n_points,) angles [°], and intensities in the unit of the measurement.
    phase_intensities
        (n_phases, n_points) share of each phase in the calculated intensity.
    formulas
        (n_phases,) formula units.
    reflections_deg
        (n_phases,) angles of the reflections of each phase [°].
    at_bounds
        Adjusted parameters that ended where they may go no further: ``"zero"``,
        ``"lattice 0"`` (strain of the first phase), ``"W"`` and ``"U"`` of the width,
        ``"mixing"``. A mixing of 0 or 1 and U = 0 are honest results, the others are
        signs that the model is wrong.

    Notes
    -----
    .. math::

        R_{wp} = \sqrt{\frac{\sum w (y_o - y_c)^2}{\sum w y_o^2}}, \qquad
        R_{exp} = \sqrt{\frac{N - P}{\sum w y_o^2}}, \qquad w = 1 / \sigma^2

    """

    rwp_percent: float
    rwp_background_corrected_percent: float
    rexp_percent: float
    n_points: int
    n_parameters: int
    scales: tuple[float, ...]
    weight_fractions: tuple[float, ...]
    cells_A: tuple[NDArray[np.float64], ...]
    volume_change_percent: tuple[float, ...]
    zero_shift_deg: float
    shape: PeakShape
    wavelength_A: float
    refined: tuple[str, ...]
    two_theta_deg: NDArray[np.float64]
    observed: NDArray[np.float64]
    calculated: NDArray[np.float64]
    background: NDArray[np.float64]
    phase_intensities: NDArray[np.float64]
    formulas: tuple[str, ...]
    reflections_deg: tuple[NDArray[np.float64], ...]
    at_bounds: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What speaks against the fit, in words; empty where nothing does."""
        told = []
        if self.rwp_background_corrected_percent > UNEXPLAINED_percent:
            told.append(
                "the structures do not explain the pattern: background-corrected Rwp "
                f"{self.rwp_background_corrected_percent:.0f} %, 100 % without any "
                "peak. Check wavelength, structures and range; the fitted numbers "
                "mean nothing."
            )
        suspect = [name for name in self.at_bounds if name not in ("U", "mixing")]
        if suspect:
            told.append(
                f"parameters at their bounds: {', '.join(suspect)}. Their values are "
                "the bounds', not the sample's."
            )
        return tuple(told)

    @property
    def chi_squared(self) -> float:
        """Square of Rwp over Rexp; 1 where only noise is left."""
        return (self.rwp_percent / self.rexp_percent) ** 2

    def to_json(self) -> dict[str, Any]:
        """Return the numbers of the fit, without the curves."""
        return {
            "rwp_percent": self.rwp_percent,
            "rwp_background_corrected_percent": self.rwp_background_corrected_percent,
            "rexp_percent": self.rexp_percent,
            "chi_squared": self.chi_squared,
            "n_points": self.n_points,
            "n_parameters": self.n_parameters,
            "phases": [
                {
                    "formula": formula,
                    "scale": scale,
                    "weight_fraction": share,
                    "cell_A": cell.tolist(),
                    "volume_change_percent": change,
                }
                for formula, scale, share, cell, change in zip(
                    self.formulas,
                    self.scales,
                    self.weight_fractions,
                    self.cells_A,
                    self.volume_change_percent,
                    strict=True,
                )
            ],
            "zero_shift_deg": self.zero_shift_deg,
            "peak_shape": self.shape.to_json(),
            "wavelength_A": self.wavelength_A,
            "refined": list(self.refined),
            "at_bounds": list(self.at_bounds),
            "warnings": list(self.warnings),
        }

    def plot(self, ax: "Axes | None" = None, *, against: str = "two_theta") -> "Axes":
        """Measured and calculated pattern, their difference, and the reflections.

        Parameters
        ----------
        ax
            Axes to draw on; new ones by default.
        against
            ``"two_theta"`` (°), ``"d"`` (Å) or ``"q"`` (1/Å).

        """
        from structures.pattern_view import draw_fit  # noqa: PLC0415 (matplotlib)

        return draw_fit(self, ax=ax, against=against)


def fit_pattern(
    measured: MeasuredPattern,
    crystals: Atoms | Sequence[Atoms],
    *,
    wavelength_A: float | str,
    refine: Sequence[str] = REFINABLE,
    n_background: int = 6,
    shape: PeakShape | None = None,
    debye_waller_B_A2: float | Mapping[str, float] = 1.0,
    polarisation: float = 0.5,
    monochromator_two_theta_deg: float = 0.0,
) -> PatternFit:
    """Fit of one or more phases to a measured pattern.

    Scales and a polynomial background are solved for exactly; what ``refine`` names is
    found by least squares around them. Atoms stay where they are in the cell: this
    tells how well structures explain a pattern, it is no Rietveld refinement.

    Parameters
    ----------
    measured
        Pattern.
    crystals
        One structure, or several phases.
    wavelength_A
        Wavelength [Å] or name of a line; ``"CuKa"`` and ``"MoKa"`` stand for both
        lines of the doublet.
    refine
        Any of ``"zero"`` (of the angle), ``"lattice"`` (all strains that keep the
        point group, within 5 %), ``"width"`` (Caglioti U and W) and ``"mixing"``
        (Lorentz against Gauss).
    n_background
        Number of Chebyshev polynomials of the background.
    shape
        Peaks to start from, or to keep.
    debye_waller_B_A2
        Isotropic displacement parameter [Å²], one for all or by element.
    polarisation
        Share of the incident intensity polarised in the plane of diffraction.
    monochromator_two_theta_deg
        Scattering angle of the monochromator of a tube [°].

    Returns
    -------
    PatternFit
        Rwp, scales, lattice and curves.

    Raises
    ------
    InputError
        If there is no phase, ``refine`` has an unknown word, or a phase has no
        reflection in the range.

    Notes
    -----
    The share of a phase by mass follows from its scale S, and the mass M and volume V
    of its cell: ``W = S M V / sum(S M V)``.

    The lattice is sought in three passes, so that a lattice which is off by a few per
    cent is not caught by a wrong peak: a scan of the volume with measured and
    calculated peaks blurred by 0.4°, a fit of these, and a fit of the data themselves.

    References
    ----------
    B. H. Toby, Powder Diffr. 21, 67 (2006), doi:10.1154/1.2179804 (R factors).
    R. J. Hill, C. J. Howard, J. Appl. Cryst. 20, 467 (1987),
    doi:10.1107/S0021889887086199 (mass fractions).

    """
    phases = [crystals] if isinstance(crystals, Atoms) else list(crystals)
    refined = _checked(phases, refine, n_background, len(measured.two_theta_deg))
    angles = measured.two_theta_deg
    profiles = [
        PhaseProfile(
            atoms,
            lines=lines_of(wavelength_A),
            range_deg=(float(angles[0]), float(angles[-1])),
            debye_waller_B_A2=debye_waller_B_A2,
            polarisation=polarisation,
            monochromator_two_theta_deg=monochromator_two_theta_deg,
        )
        for atoms in phases
    ]
    problem = ProfileProblem(
        measured,
        profiles,
        refined=refined,
        n_background=n_background,
        shape=shape or PeakShape(),
    )
    best = problem.solved()
    return _result(problem, best, measured, phases, wavelength_of(wavelength_A))


def _checked(
    phases: list[Atoms], refine: Sequence[str], n_background: int, n_points: int
) -> tuple[str, ...]:
    """Refuse what cannot be fitted; return what is to be refined."""
    if not phases:
        raise InputError("crystals must name at least one phase; got none.")
    unknown = sorted(set(refine) - set(REFINABLE))
    if unknown:
        raise InputError(
            f"refine must be any of {', '.join(REFINABLE)}; got {unknown!r}. "
            "Leave it empty to fit scales and background alone."
        )
    if not 1 <= n_background <= n_points // 4:
        raise InputError(
            f"n_background must lie between 1 and a quarter of the {n_points} points; "
            f"got {n_background!r}. Give about 6."
        )
    return tuple(name for name in REFINABLE if name in refine)


def _result(
    problem: ProfileProblem,
    values: NDArray[np.float64],
    measured: MeasuredPattern,
    phases: list[Atoms],
    wavelength: float,
) -> PatternFit:
    """Collect the curves and residuals of a finished fit."""
    scales, coefficients, residual = problem.linear(values, measured.intensity)
    background = problem.background @ coefficients
    parts = problem.columns(values).T * scales[:, None]
    weights = 1 / measured.sigma**2
    misfit = float(residual @ residual)
    total = float(weights @ measured.intensity**2)
    above = float(weights @ (measured.intensity - background) ** 2)
    n_parameters = len(values) + len(scales) + len(coefficients)
    cells = [p.cell(problem.strains(values, k)) for k, p in enumerate(problem.profiles)]
    volumes = np.array([abs(float(np.linalg.det(cell))) for cell in cells])
    masses = np.array([float(atoms.get_masses().sum()) for atoms in phases])
    amounts = scales * masses * volumes
    share = amounts / amounts.sum() if amounts.sum() > 0 else np.zeros(len(scales))
    changes = [
        100 * (volume / float(atoms.get_volume()) - 1)
        for volume, atoms in zip(volumes, phases, strict=True)
    ]
    return PatternFit(
        rwp_percent=100 * math.sqrt(misfit / total),
        rwp_background_corrected_percent=100 * math.sqrt(misfit / above),
        rexp_percent=100
        * math.sqrt(max(len(measured.intensity) - n_parameters, 1) / total),
        n_points=len(measured.intensity),
        n_parameters=n_parameters,
        scales=tuple(scales.tolist()),
        weight_fractions=tuple(share.tolist()),
        cells_A=tuple(cells),
        volume_change_percent=tuple(changes),
        zero_shift_deg=problem.zero(values),
        shape=problem.shape(values, 0.0),
        wavelength_A=wavelength,
        refined=problem.refined,
        two_theta_deg=measured.two_theta_deg,
        observed=measured.intensity,
        calculated=background + parts.sum(axis=0),
        background=background,
        phase_intensities=parts,
        formulas=tuple(
            atoms.get_chemical_formula(mode="metal", empirical=True) for atoms in phases
        ),
        reflections_deg=tuple(
            p.angles(problem.strains(values, k), wavelength) + problem.zero(values)
            for k, p in enumerate(problem.profiles)
        ),
        at_bounds=problem.at_bounds(values),
    )
