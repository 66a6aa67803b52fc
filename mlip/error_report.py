"""Errors of a potential against labels, kind of system by kind of system."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlip.evaluation import Evaluation
from mlip.potential import Potential
from training_data import Dataset, Failure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ALL = "all"


@dataclass(frozen=True, kw_only=True)
class GroupErrors:
    """Root-mean-square errors of one group of frames.

    Parameters
    ----------
    n_frames
        Frames that were compared (failed ones are left out).
    energy_rmse_meV_per_atom
        Rms over frames of the energy error per atom, meV/atom.
    energy_mean_error_meV_per_atom
        Mean of (potential minus label) per atom, meV/atom.
    energy_offset_removed
        Whether that mean was subtracted before the rms was taken.
    force_rmse_meV_per_A
        Rms over force components, meV/Å.
    rms_force_meV_per_A
        Rms of the labels' force components, meV/Å: what an error is a share of.
    stress_rmse_meV_per_A3
        Rms over the six Voigt components of frames with a stress label, meV/Å^3;
        NaN without any.

    """

    n_frames: int
    energy_rmse_meV_per_atom: float
    energy_mean_error_meV_per_atom: float
    energy_offset_removed: bool
    force_rmse_meV_per_A: float
    rms_force_meV_per_A: float
    stress_rmse_meV_per_A3: float

    def to_json(self) -> dict[str, Any]:
        """Plain values; NaN becomes None."""
        return {
            key: None if isinstance(value, float) and np.isnan(value) else value
            for key, value in asdict(self).items()
        }


@dataclass(frozen=True, kw_only=True)
class ErrorReport:
    """Errors of one potential on one data set.

    Parameters
    ----------
    groups
        Errors per config_type.
    all
        Errors over all frames.
    failures
        Frames that could not be evaluated.
    points
        Arrays "energies", "forces", "stresses" of shape (m, 2), label beside
        prediction, in eV/atom (minus the mean label), eV/Å and eV/Å^3.

    """

    groups: Mapping[str, GroupErrors]
    all: GroupErrors
    failures: tuple[Failure, ...]
    points: Mapping[str, np.ndarray]

    def to_json(self) -> dict[str, Any]:
        """Return groups, totals and failures as plain values."""
        return {
            "groups": {name: group.to_json() for name, group in self.groups.items()},
            "all": self.all.to_json(),
            "failures": [asdict(failure) for failure in self.failures],
        }

    def plot(self, ax: "Axes | None" = None, *, quantity: str = "forces") -> "Axes":
        """Predictions against labels, with the line of equality.

        Parameters
        ----------
        ax
            Axes to draw on; new ones when missing.
        quantity
            "energies", "forces" or "stresses".

        Returns
        -------
        matplotlib.axes.Axes

        """
        from matplotlib.figure import Figure

        if ax is None:
            ax = Figure(figsize=(4, 4), layout="constrained").add_subplot()
        unit = {"energies": "eV/atom", "forces": "eV/Å", "stresses": "eV/Å³"}[quantity]
        points = self.points[quantity]
        ax.plot(*points.T, ".", markersize=3, alpha=0.5, rasterized=True)
        if len(points):
            ends = [points.min(), points.max()]
            ax.plot(ends, ends, color="0.3", linewidth=0.8)
        ax.set_xlabel(f"label: {quantity} ({unit})")
        ax.set_ylabel(f"potential: {quantity} ({unit})")
        ax.set_aspect("equal", adjustable="datalim")
        return ax


def evaluate_errors(
    potential: Potential,
    dataset: Dataset,
    *,
    remove_energy_offset: bool = False,
    also: Mapping[str, np.ndarray] | None = None,
) -> ErrorReport:
    r"""Errors of energies per atom, forces and stresses, per config_type.

    Parameters
    ----------
    potential
        What is judged.
    dataset
        Labels, at the potential's level of theory.
    remove_energy_offset
        Subtract each group's mean energy error per atom first.  Only for
        potentials whose energies have another zero than the labels.
    also
        Further groups by name: masks of shape (n_frames,).

    Returns
    -------
    ErrorReport
        A frame that fails is named in `failures` and left out of the errors.

    Raises
    ------
    InputError
        An element that the potential does not know.

    Notes
    -----
    .. math::
        \mathrm{RMSE}_E = \sqrt{\frac1n \sum_i
            \left(\frac{E_i^\mathrm{pot} - E_i}{N_i}\right)^2}, \quad
        \mathrm{RMSE}_F = \sqrt{\frac{1}{3\sum_i N_i} \sum_{i,a,k}
            \left(F_{iak}^\mathrm{pot} - F_{iak}\right)^2}

    """
    found = potential.evaluate(list(dataset))
    kinds = np.array(dataset.config_types)
    masks = {str(kind): kinds == kind for kind in np.unique(kinds)} | dict(also or {})
    judged = np.isfinite(found.energies)
    comparison = _Comparison.of(dataset, found)
    groups = {
        name: comparison.errors(
            judged & mask, remove_energy_offset=remove_energy_offset
        )
        for name, mask in masks.items()
    }
    return ErrorReport(
        groups=groups,
        all=comparison.errors(judged, remove_energy_offset=remove_energy_offset),
        failures=found.failures,
        points=comparison.points(judged),
    )


@dataclass(frozen=True, kw_only=True)
class _Comparison:
    """Labels beside predictions; energies per atom."""

    energies: np.ndarray
    found_energies: np.ndarray
    forces: tuple[np.ndarray, ...]
    found_forces: tuple[np.ndarray, ...]
    stresses: np.ndarray
    found_stresses: np.ndarray

    @classmethod
    def of(cls, dataset: Dataset, found: Evaluation) -> "_Comparison":
        n_atoms = np.array([len(frame) for frame in dataset.frames], dtype=float)
        return cls(
            energies=dataset.energies / n_atoms,
            found_energies=found.energies / n_atoms,
            forces=dataset.forces,
            found_forces=found.forces,
            stresses=dataset.stresses.reshape(-1, 6),
            found_stresses=found.stresses.reshape(-1, 6),
        )

    def errors(self, chosen: np.ndarray, *, remove_energy_offset: bool) -> GroupErrors:
        energy = 1e3 * (self.found_energies - self.energies)[chosen]
        mean = float(energy.mean()) if len(energy) else float("nan")
        label = self._stack(self.forces, chosen)
        force = self._stack(self.found_forces, chosen) - label
        stress = (self.found_stresses - self.stresses)[chosen]
        return GroupErrors(
            n_frames=int(chosen.sum()),
            energy_rmse_meV_per_atom=_rms(
                energy - mean if remove_energy_offset else energy
            ),
            energy_mean_error_meV_per_atom=mean,
            energy_offset_removed=remove_energy_offset,
            force_rmse_meV_per_A=1e3 * _rms(force),
            rms_force_meV_per_A=1e3 * _rms(label),
            stress_rmse_meV_per_A3=1e3 * _rms(stress[np.isfinite(stress)]),
        )

    def points(self, chosen: np.ndarray) -> dict[str, np.ndarray]:
        stressed = chosen & np.isfinite(self.stresses + self.found_stresses).all(axis=1)
        labels = self.energies[chosen]
        zero = labels.mean() if len(labels) else 0.0
        pairs = {
            "energies": (labels - zero, self.found_energies[chosen] - zero),
            "forces": (
                self._stack(self.forces, chosen),
                self._stack(self.found_forces, chosen),
            ),
            "stresses": (self.stresses[stressed], self.found_stresses[stressed]),
        }
        return {
            name: np.column_stack([label.ravel(), found.ravel()])
            for name, (label, found) in pairs.items()
        }

    @staticmethod
    def _stack(arrays: tuple[np.ndarray, ...], chosen: np.ndarray) -> np.ndarray:
        wanted = [arrays[i] for i in np.flatnonzero(chosen)]
        return np.concatenate(wanted) if wanted else np.empty((0, 3))


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values)))) if values.size else float("nan")
