"""Uncertainty of a committee, calibrated on labels that no member was fitted to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlip.evaluation import Evaluation
from mlip.potential import Potential
from training_data import Dataset, InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Shares of a normal distribution within one and two standard deviations.
ONE_SIGMA, TWO_SIGMA = 0.6827, 0.9545
QUANTITIES = ("energy_eV_per_atom", "force_eV_per_A")
_N_BINS, LEAST_FRAMES = 10, 5


@dataclass(frozen=True, kw_only=True)
class SpreadCalibration:
    """Standard deviation of the error as a function of the members' spread.

    Parameters
    ----------
    scale
        Factor on the spread.
    floor
        Part of the error that all members share, in the unit of the quantity.
    n
        Errors that it was fitted to.

    """

    scale: float
    floor: float
    n: int

    def uncertainty(self, spreads: np.ndarray) -> np.ndarray:
        """Give the standard deviation of the error, in shape and unit of the spreads.

        Examples
        --------
        >>> SpreadCalibration(scale=2.0, floor=3.0, n=9).uncertainty(
        ...     np.array([0.0, 2.0])
        ... ).tolist()
        [3.0, 5.0]

        """
        return np.asarray(np.hypot(self.floor, self.scale * np.asarray(spreads)))


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """Whether errors are as large as they were said to be.

    Parameters
    ----------
    predicted, observed
        Root mean square of uncertainty and of error per bin of equal numbers, sorted
        by uncertainty.
    n
        Errors in all bins.
    within_one_sigma, within_two_sigma
        Share of errors no larger than once and twice the uncertainty; 0.68 and 0.95
        for normal errors.

    """

    predicted: tuple[float, ...]
    observed: tuple[float, ...]
    n: int
    within_one_sigma: float
    within_two_sigma: float


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Calibrated uncertainty of a committee, and how well it holds.

    Parameters
    ----------
    spreads
        Calibration per quantity: "energy_eV_per_atom" (of a structure) and
        "force_eV_per_A" (of one component of one atom's force).
    reliability
        On the labels that it was fitted to, per quantity.
    reliability_before
        The same for the plain spread.
    judged
        On labels that served neither training nor fitting; empty without any.
    fitted_on
        Groups of frames that it was fitted to.

    """

    spreads: Mapping[str, SpreadCalibration]
    reliability: Mapping[str, Reliability]
    reliability_before: Mapping[str, Reliability]
    judged: Mapping[str, Reliability]
    fitted_on: tuple[str, ...]

    def energy_uncertainties_eV_per_atom(  # noqa: N802
        self, found: Evaluation, *, n_atoms: np.ndarray
    ) -> np.ndarray:
        """Give the standard deviation of each structure's energy error, eV/atom."""
        spread = _needed(found.energy_spreads) / np.asarray(n_atoms)
        return self.spreads["energy_eV_per_atom"].uncertainty(spread)

    def force_uncertainties_eV_per_A(  # noqa: N802
        self, found: Evaluation
    ) -> list[np.ndarray]:
        """Give the standard deviation of each force component, atom by atom, eV/Å."""
        chosen = self.spreads["force_eV_per_A"]
        return [
            chosen.uncertainty(spread / np.sqrt(3))
            for spread in _needed(found.force_spreads)
        ]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "spreads": {name: vars(one) for name, one in self.spreads.items()},
            "fitted_on": list(self.fitted_on),
            **{
                name: {key: vars(one) for key, one in found.items()}
                for name, found in (
                    ("reliability", self.reliability),
                    ("reliability_before", self.reliability_before),
                    ("judged", self.judged),
                )
            },
        }

    def plot(
        self, ax: "Axes | None" = None, *, quantity: str = "force_eV_per_A"
    ) -> "Axes":
        """Observed against predicted errors, with the line of perfect calibration."""
        from matplotlib.figure import Figure

        if ax is None:
            ax = Figure(figsize=(4, 4), layout="constrained").add_subplot()
        unit = {"energy_eV_per_atom": "meV/atom", "force_eV_per_A": "meV/Å"}[quantity]
        shown = (
            ("spread of the members", self.reliability_before, "0.6", "s"),
            ("calibrated, fitted groups", self.reliability, "C0", "o"),
            ("calibrated, untouched groups", self.judged, "C3", "^"),
        )
        ends: list[float] = []
        for label, found, colour, marker in shown:
            if quantity not in found:
                continue
            one = found[quantity]
            points = 1e3 * np.array([one.predicted, one.observed])
            ends += points[points > 0].tolist()
            ax.plot(*points, marker, color=colour, label=label, markersize=5)
        if ends:
            limits = [0.7 * min(ends), 1.4 * max(ends)]
            ax.plot(limits, limits, color="0.3", linewidth=0.8)
            ax.set(xlim=limits, ylim=limits, xscale="log", yscale="log")
        what = quantity.partition("_")[0]
        ax.set_xlabel(f"predicted {what} error ({unit})")
        ax.set_ylabel(f"rms {what} error ({unit})")
        ax.legend(frameon=False, fontsize="small", loc="upper left")
        return ax


def calibrate(
    committee: Potential, fitted: Dataset, *, judged: Dataset | None = None
) -> Calibration:
    """Calibrate a committee on labels that none of its members was fitted to.

    Parameters
    ----------
    committee
        A potential that gives spreads (:class:`mlip.CommitteePotential`).
    fitted
        Labels at its level of theory, usually the validation groups.
    judged
        Labels that are untouched, usually the test groups: the result is checked
        there.

    Returns
    -------
    Calibration

    Raises
    ------
    InputError
        The potential gives no spread, or there are fewer than five frames.

    Notes
    -----
    Errors are taken as normal with the standard deviation
    sqrt(f² + s² σ²), see :func:`fit_spread`.

    """
    if len(fitted) < LEAST_FRAMES:
        message = (
            f"calibration must have at least {LEAST_FRAMES} validation frames; got "
            f"{len(fitted)}. Give split.fractions a larger share for validation."
        )
        raise InputError(message)
    errors = _errors(committee, fitted)
    spreads = {
        name: fit_spread(error, spread) for name, (error, spread) in errors.items()
    }
    unseen = {} if judged is None or not len(judged) else _errors(committee, judged)
    return Calibration(
        spreads=spreads,
        reliability=_judge(errors, spreads),
        reliability_before={
            name: reliability(error, spread) for name, (error, spread) in errors.items()
        },
        judged=_judge(unseen, spreads),
        fitted_on=tuple(sorted(set(fitted.group_ids))),
    )


def fit_spread(errors: np.ndarray, spreads: np.ndarray) -> SpreadCalibration:
    r"""Scale and floor that make the errors most likely.

    Parameters
    ----------
    errors
        Prediction minus label, shape (n,).
    spreads
        Standard deviation between the members, shape (n,), same unit.

    Returns
    -------
    SpreadCalibration

    Notes
    -----
    The smallest negative log likelihood of normal errors,

    .. math:: \min_{s, f \ge 0} \sum_i \left[ \tfrac12 \ln u_i^2
              + \frac{e_i^2}{2 u_i^2} \right], \qquad u_i^2 = f^2 + s^2 \sigma_i^2

    ================  ==========
    symbol            variable
    ================  ==========
    :math:`e_i`       errors
    :math:`\sigma_i`  spreads
    :math:`s`         scale
    :math:`f`         floor
    ================  ==========

    References
    ----------
    G. Imbalzano et al., J. Chem. Phys. 154, 074102 (2021), doi:10.1063/5.0036522
    (scale); the floor is what members of one data set and one form share.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> spreads = rng.uniform(0.1, 1.0, 20000)
    >>> errors = rng.normal(size=20000) * np.hypot(0.2, 3 * spreads)
    >>> fit = fit_spread(errors, spreads)
    >>> abs(fit.scale - 3) < 0.1, abs(fit.floor - 0.2) < 0.1
    (True, True)

    """
    from scipy.optimize import minimize  # noqa: PLC0415 (slow, and rarely wanted)

    errors, spreads = np.ravel(errors), np.ravel(spreads)
    size = float(np.sqrt(np.mean(errors**2))) or 1.0
    width = float(np.sqrt(np.mean(spreads**2))) or 1.0
    e2, s2 = (errors / size) ** 2, (spreads / width) ** 2

    def cost(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        weights = np.exp(2 * parameters)
        u2 = weights[0] * s2 + weights[1]
        slope = (1 - e2 / u2) / u2
        gradient = np.array([(slope * s2).mean(), slope.mean()]) * weights
        return float(0.5 * np.mean(np.log(u2) + e2 / u2)), gradient

    bounds = [(np.log(1e-6), np.log(1e3))] * 2
    tries = (
        minimize(cost, np.log(start), jac=True, bounds=bounds, method="L-BFGS-B")
        for start in ((1.0, 0.1), (0.1, 1.0), (0.7, 0.7))
    )
    scale, floor = np.exp(min(tries, key=lambda found: float(found.fun)).x)
    return SpreadCalibration(
        scale=float(scale * size / width), floor=float(floor * size), n=len(errors)
    )


def reliability(errors: np.ndarray, uncertainties: np.ndarray) -> Reliability:
    """Errors against the uncertainties that were given for them.

    Parameters
    ----------
    errors
        Prediction minus label, shape (n,).
    uncertainties
        Standard deviations said beforehand, shape (n,).

    Returns
    -------
    Reliability
        Ten bins, fewer where there are fewer than five errors to a bin.

    Examples
    --------
    >>> found = reliability(np.array([1.0, -1.0, 2.0]), np.array([1.0, 1.0, 1.0]))
    >>> round(found.within_one_sigma, 3), round(found.observed[0] ** 2, 3)
    (0.667, 2.0)

    """
    errors, uncertainties = np.ravel(errors), np.ravel(uncertainties)
    order = np.argsort(uncertainties, kind="stable")
    bins = np.array_split(order, max(1, min(_N_BINS, len(errors) // LEAST_FRAMES)))
    share = np.abs(errors) / np.maximum(uncertainties, np.finfo(float).tiny)
    return Reliability(
        predicted=tuple(_rms(uncertainties[chosen]) for chosen in bins),
        observed=tuple(_rms(errors[chosen]) for chosen in bins),
        n=len(errors),
        within_one_sigma=float(np.mean(share <= 1)),
        within_two_sigma=float(np.mean(share <= 2)),  # noqa: PLR2004
    )


def _errors(
    committee: Potential, dataset: Dataset
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Error and spread of every energy per atom and every force component."""
    found = committee.evaluate(list(dataset))
    n_atoms = np.array([len(frame) for frame in dataset.frames], dtype=float)
    good = np.isfinite(found.energies)
    of_atoms = _needed(found.force_spreads)
    forces = [
        (found.forces[i] - dataset.forces[i]).ravel() for i in np.flatnonzero(good)
    ]
    spreads = [np.repeat(of_atoms[i], 3) / np.sqrt(3) for i in np.flatnonzero(good)]
    return {
        "energy_eV_per_atom": (
            ((found.energies - dataset.energies) / n_atoms)[good],
            (_needed(found.energy_spreads) / n_atoms)[good],
        ),
        "force_eV_per_A": (np.concatenate(forces), np.concatenate(spreads)),
    }


def _judge(
    errors: Mapping[str, tuple[np.ndarray, np.ndarray]],
    spreads: Mapping[str, SpreadCalibration],
) -> dict[str, Reliability]:
    return {
        name: reliability(error, spreads[name].uncertainty(spread))
        for name, (error, spread) in errors.items()
    }


def _needed(spreads: Any) -> Any:  # noqa: ANN401 -- array, or one per structure
    if spreads is None:
        message = (
            "potential must be a committee to have an uncertainty; got one that gives "
            "no spread. Load 'committee:FOLDER'."
        )
        raise InputError(message)
    return spreads


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values)))) if len(values) else 0.0
