"""Least-squares problem of a powder pattern: what a set of parameters predicts."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares, lsq_linear

from structures.measured_pattern import MeasuredPattern
from structures.peak_shape import PeakShape
from structures.phase_profile import PhaseProfile

REFINABLE = ("zero", "lattice", "width", "mixing")
LARGEST_STRAIN = 0.05
LARGEST_ZERO_DEG = 0.3
SCAN_STRAINS = np.linspace(-0.03, 0.03, 25)
BLUR_DEG = 0.4
BOUND_SHARE = 1e-3  # of the range: least squares stop short of a bound


class ProfileProblem:
    """Least squares in the non-linear parameters; the linear ones are solved for.

    Parameters
    ----------
    measured
        Pattern.
    profiles
        Phases.
    refined
        What is adjusted, of ``REFINABLE``.
    n_background
        Number of Chebyshev polynomials.
    shape
        Peaks to start from.

    """

    def __init__(
        self,
        measured: MeasuredPattern,
        profiles: list[PhaseProfile],
        *,
        refined: tuple[str, ...],
        n_background: int,
        shape: PeakShape,
    ) -> None:
        self.measured, self.profiles, self.refined = measured, profiles, refined
        self.start_shape = shape
        angles = measured.two_theta_deg
        scaled = 2 * (angles - angles[0]) / (angles[-1] - angles[0]) - 1
        self.background = np.polynomial.chebyshev.chebvander(scaled, n_background - 1)
        self.slices: dict[str, slice] = {}
        low: list[float] = []
        high: list[float] = []
        start: list[float] = []

        def put(name: str, bounds: list[tuple[float, float, float]]) -> None:
            self.slices[name] = slice(len(start), len(start) + len(bounds))
            for least, most, first in bounds:
                low.append(least)
                high.append(most)
                start.append(min(max(first, least), most))

        if "zero" in refined:
            put("zero", [(-LARGEST_ZERO_DEG, LARGEST_ZERO_DEG, 0.0)])
        if "lattice" in refined:
            limits = (-LARGEST_STRAIN, LARGEST_STRAIN, 0.0)
            for k, profile in enumerate(profiles):
                put(f"lattice{k}", [limits] * profile.n_strains)
        if "width" in refined:
            first = math.sqrt(shape.w_deg2)
            put("width", [(0.005, 3.0, first), (0.0, 5.0, max(shape.u_deg2, 0.0))])
        if "mixing" in refined:
            put("mixing", [(0.0, 1.0, shape.eta)])
        self.low, self.high, self.start = map(np.array, (low, high, start))

    def at_bounds(self, values: NDArray[np.float64]) -> tuple[str, ...]:
        """Names of the parameters that ended at a bound.

        Parameters
        ----------
        values
            (n_parameters,) non-linear parameters.

        """
        near = BOUND_SHARE * (self.high - self.low)
        caught = (values <= self.low + near) | (values >= self.high - near)
        names = []
        for name, part in self.slices.items():
            if name == "width":
                names += [
                    letter
                    for letter, held in zip("WU", caught[part], strict=True)
                    if held
                ]
            elif caught[part].any():
                names.append(name.replace("lattice", "lattice "))
        return tuple(names)

    def shape(self, values: NDArray[np.float64], blur_deg: float) -> PeakShape:
        """Peak shape at given parameters.

        Parameters
        ----------
        values
            (n_parameters,) non-linear parameters.
        blur_deg
            Width added to the peaks [°].

        """
        given = self.start_shape
        w, u, eta = given.w_deg2, given.u_deg2, given.eta
        if "width" in self.slices:
            width, u = values[self.slices["width"]]
            w = width**2
        if "mixing" in self.slices:
            eta = float(values[self.slices["mixing"]][0])
        return PeakShape(
            u_deg2=float(u), v_deg2=given.v_deg2, w_deg2=float(w) + blur_deg**2, eta=eta
        )

    def zero(self, values: NDArray[np.float64]) -> float:
        """Zero shift [°] at given parameters.

        Parameters
        ----------
        values
            (n_parameters,) non-linear parameters.

        """
        return float(values[self.slices["zero"]][0]) if "zero" in self.slices else 0.0

    def strains(self, values: NDArray[np.float64], k: int) -> NDArray[np.float64]:
        """Symmetry-allowed strains of one phase at given parameters.

        Parameters
        ----------
        values
            (n_parameters,) non-linear parameters.
        k
            Which phase.

        """
        if f"lattice{k}" in self.slices:
            return np.asarray(values[self.slices[f"lattice{k}"]])
        return np.zeros(self.profiles[k].n_strains)

    def columns(
        self, values: NDArray[np.float64], blur_deg: float = 0.0
    ) -> NDArray[np.float64]:
        """(n_points, n_phases) pattern of each phase at scale 1.

        Parameters
        ----------
        values
            (n_parameters,) non-linear parameters.
        blur_deg
            Width added to the peaks [°].

        """
        shape = self.shape(values, blur_deg)
        angles = self.measured.two_theta_deg - self.zero(values)
        return np.column_stack(
            [
                profile.intensities(angles, self.strains(values, k), shape)
                for k, profile in enumerate(self.profiles)
            ]
        )

    def linear(
        self,
        values: NDArray[np.float64],
        observed: NDArray[np.float64],
        blur_deg: float = 0.0,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Best scales (not negative), background coefficients and residuals.

        Parameters
        ----------
        values
            (n_parameters,) non-linear parameters.
        observed
            (n_points,) intensities to be met.
        blur_deg
            Width added to the peaks [°].

        """
        columns = self.columns(values, blur_deg)
        weights = 1 / self.measured.sigma
        heights = np.maximum(columns.max(axis=0), np.finfo(float).tiny)
        matrix = np.hstack([columns / heights, self.background]) * weights[:, None]
        target = observed * weights
        n = columns.shape[1]
        solution, *_ = np.linalg.lstsq(matrix, target, rcond=None)
        if (solution[:n] < 0).any():
            least = np.r_[np.zeros(n), np.full(matrix.shape[1] - n, -np.inf)]
            solution = lsq_linear(matrix, target, bounds=(least, np.inf)).x
        residual = matrix @ solution - target
        scales = np.asarray(solution[:n] / heights, dtype=float)
        return scales, np.asarray(solution[n:], dtype=float), residual

    def solved(self) -> NDArray[np.float64]:
        """Non-linear parameters of the best fit."""
        if not len(self.start):
            return self.start
        values = self.start.copy()
        if "lattice" in self.refined:
            blurred = _blurred(self.measured)
            values = self._scanned(values, blurred)
            values = self._descended(values, blurred, BLUR_DEG)
        return self._descended(values, self.measured.intensity, 0.0)

    def _scanned(
        self, values: NDArray[np.float64], blurred: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Best uniform strain of each phase in turn, with blurred peaks."""
        for k, profile in enumerate(self.profiles):
            tried = []
            for strain in SCAN_STRAINS:
                trial = values.copy()
                trial[self.slices[f"lattice{k}"]] = profile.uniform_strain(strain)
                trial = np.clip(trial, self.low, self.high)
                residual = self.linear(trial, blurred, BLUR_DEG)[2]
                tried.append((float(residual @ residual), trial))
            values = min(tried, key=lambda pair: pair[0])[1]
        return values

    def _descended(
        self,
        values: NDArray[np.float64],
        observed: NDArray[np.float64],
        blur_deg: float,
    ) -> NDArray[np.float64]:
        inside = 1e-6 * (self.high - self.low)
        found = least_squares(
            lambda trial: self.linear(trial, observed, blur_deg)[2],
            np.clip(values, self.low + inside, self.high - inside),
            bounds=(self.low, self.high),
            x_scale=np.where(self.high - self.low < 1, 1e-2, 1e-1),
            max_nfev=60,
        )
        return np.asarray(found.x)


def _blurred(measured: MeasuredPattern) -> NDArray[np.float64]:
    """Measured pattern with its peaks widened by a Gaussian."""
    angles = measured.two_theta_deg
    sigma = BLUR_DEG / math.sqrt(8 * math.log(2))
    out = np.empty_like(measured.intensity)
    steps = np.gradient(angles)
    begins = np.searchsorted(angles, angles - 4 * sigma)
    ends = np.searchsorted(angles, angles + 4 * sigma)
    for i, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        part = slice(begin, end)
        weight = np.exp(-(((angles[part] - angles[i]) / sigma) ** 2) / 2) * steps[part]
        out[i] = weight @ measured.intensity[part] / weight.sum()
    return out
