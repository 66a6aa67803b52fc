"""Cross-validation of the reaction energy's regressors by row, element and family."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from screening.dopant_folds import Scheme, inner_scheme, splits
from screening.dopant_table import DopantTable
from screening.reaction_energy_regressors import Regressor, fit_regressor
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True)
class RegressionResult:
    """How well a regressor predicts the reaction energy of unseen dopants.

    Parameters
    ----------
    model
        Kind of regressor.
    scheme
        "random"; "grouped": no element on both sides of a split; "family": no chemical
        family.
    names
        Dopants, shape (n,).
    energies_eV
        True energies per formula unit [eV], shape (n,).
    predicted_eV
        Energies from the outer folds [eV], mean over rounds, shape (n,).
    fold_r2
        Coefficient of determination of every outer fold; NaN where all its energies
        are the same.
    fold_mae_eV
        Mean absolute error of every outer fold [eV]; the article's "MSE" by its eq. 8.
    settings
        What the inner folds chose in every outer fold.

    """

    model: str
    scheme: Scheme
    names: tuple[str, ...]
    energies_eV: NDArray[np.float64] = field(repr=False)
    predicted_eV: NDArray[np.float64] = field(repr=False)
    fold_r2: tuple[float, ...]
    fold_mae_eV: tuple[float, ...]
    settings: tuple[dict[str, Any], ...]

    @property
    def r2(self) -> float:
        """Coefficient of determination of all predictions; NaN without spread."""
        return _determination(self.predicted_eV, self.energies_eV)

    @property
    def mae_eV(self) -> float:  # noqa: N802 (unit)
        """Mean absolute error [eV per formula unit]."""
        return float(np.abs(self.predicted_eV - self.energies_eV).mean())

    @property
    def rmse_eV(self) -> float:  # noqa: N802 (unit)
        """Root mean squared error [eV per formula unit]."""
        return float(np.sqrt(np.mean((self.predicted_eV - self.energies_eV) ** 2)))

    def to_json(self) -> dict[str, Any]:
        """Errors and settings."""
        return {
            "model": self.model,
            "scheme": self.scheme,
            "r2": None if np.isnan(self.r2) else self.r2,
            "mae_eV_per_formula_unit": self.mae_eV,
            "rmse_eV_per_formula_unit": self.rmse_eV,
            "fold_r2": [None if np.isnan(each) else each for each in self.fold_r2],
            "fold_mae_eV_per_formula_unit": list(self.fold_mae_eV),
            "settings": [dict(each) for each in self.settings],
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Predicted against true energies, as in figure 6 of the article.

        Parameters
        ----------
        ax
            Axes to draw on; new ones by default.

        Returns
        -------
        matplotlib.axes.Axes
            Energies in eV per formula unit.

        """
        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots(figsize=(4.4, 4.2), layout="constrained")
        both = np.concatenate([self.energies_eV, self.predicted_eV])
        ends = [float(both.min()) - 0.1, float(both.max()) + 0.1]
        ax.plot(ends, ends, color="0.6", linestyle="--")
        ax.scatter(self.energies_eV, self.predicted_eV, s=18, alpha=0.8)
        error = np.abs(self.predicted_eV - self.energies_eV)
        for place, index in enumerate(np.argsort(error)[-4:]):
            ax.annotate(
                self.names[index],
                (self.energies_eV[index], self.predicted_eV[index]),
                textcoords="offset points",
                xytext=(6, 4 if place % 2 else -12),
                fontsize=8,
            )
        ax.set_xlabel("ΔG, hull energies (eV per formula unit)")
        ax.set_ylabel("ΔG predicted (eV per formula unit)")
        ax.set_title(
            f"{self.model}, {self.scheme} folds\n"
            f"R² {self.r2:.2f}, mean absolute error {self.mae_eV:.2f} eV",
            fontsize=9,
        )
        return ax


def validate_regressor(
    table: DopantTable,
    regressor: Regressor,
    *,
    scheme: Scheme,
    rng: np.random.Generator,
    n_folds: int = 5,
    n_rounds: int = 1,
) -> RegressionResult:
    """Nested cross-validation of a regressor of the reaction energy.

    Parameters
    ----------
    table
        Dopants.
    regressor
        Kind of regressor.
    scheme
        "random" as in the article; "grouped": all sites and charges of an element on
        one side; "family": a whole chemical family on one side.
    rng
        Source of the folds.
    n_folds
        Number of outer and of inner folds; of "family" only of inner ones.
    n_rounds
        How often the outer folds are drawn anew.

    Returns
    -------
    RegressionResult
        Errors on unseen dopants.

    Raises
    ------
    InputError
        If a class has too few dopants or elements for the folds.

    Notes
    -----
    Kernel ridge regression with the article's eq. 6,

        ΔG(x) = Σ_i ω_i exp(−|x − x_i|₁ / σ),   ω = (K + λ 1)⁻¹ ΔG,

    with scaled features and energies.

    ====== ==================
    symbol variable
    ====== ==================
    λ      ``alpha``
    1/σ    ``gamma``
    ====== ==================

    Examples
    --------
    >>> from screening.dopant_table import load_dopant_table
    >>> from screening.reaction_energy_regressors import regressors
    >>> line = regressors(["line in ΔHf"])[0]
    >>> found = validate_regressor(
    ...     load_dopant_table(), line, scheme="grouped", rng=np.random.default_rng(0)
    ... )
    >>> 0.5 < found.r2 < 0.8
    True

    """
    if n_rounds < 1:
        raise InputError(f"n_rounds must be at least 1; got {n_rounds!r}. Give 1.")
    features, energies = table.features, table.reaction_energies_eV_per_formula_unit
    stable, elements = table.stable, table.elements
    predicted = np.zeros(len(table))
    r2, mae, settings = [], [], []
    for _ in range(n_rounds):
        for train, test in splits(
            stable, elements, scheme=scheme, n_folds=n_folds, rng=rng
        ):
            inner = splits(
                stable[train],
                elements[train],
                scheme=inner_scheme(scheme),
                n_folds=n_folds,
                rng=rng,
            )
            model = fit_regressor(
                features[train],
                energies[train],
                regressor,
                folds=inner,
                seed=int(rng.integers(2**31)),
            )
            said = model.predict(features[test])
            predicted[test] += said / n_rounds
            r2.append(_determination(said, energies[test]))
            mae.append(float(np.abs(said - energies[test]).mean()))
            settings.append(dict(model.best_params_))
    return RegressionResult(
        model=regressor.name,
        scheme=scheme,
        names=table.names,
        energies_eV=energies,
        predicted_eV=predicted,
        fold_r2=tuple(r2),
        fold_mae_eV=tuple(mae),
        settings=tuple(settings),
    )


def _determination(
    predicted: NDArray[np.float64], energies: NDArray[np.float64]
) -> float:
    """Coefficient of determination; NaN where all energies are the same."""
    spread = np.sum((energies - energies.mean()) ** 2)
    if spread == 0:
        return float("nan")
    return float(1 - np.sum((predicted - energies) ** 2) / spread)
