"""Prediction for unseen dopants, with how far they are from what was learnt."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from screening.dopant_folds import splits
from screening.dopant_models import Classifier, classifiers
from screening.dopant_table import DopantTable
from screening.feature_preparation import distinct_features, preparation
from screening.feature_subsets import FeatureSubset
from screening.features import DopantFeatures
from screening.fitted_classifier import FittedClassifier, fit_classifier
from screening.reaction_energy_models import validate_regressor
from screening.reaction_energy_regressors import LAPLACIAN, fit_regressor, regressors
from structures.dopants import write_ion
from training_data.errors import InputError

N_NEAREST = 3
DOMAIN_QUANTILE = 0.95
INTERVAL = 0.9


@dataclass(frozen=True, kw_only=True)
class DopantPredictionResult:
    """What the models say about one unseen dopant.

    Parameters
    ----------
    name
        Ion, such as "Si4+", with its coordination number.
    stable
        Whether it is predicted to be stable against lithium: a probability above 0.5.
    stable_probability
        Calibrated probability of it.
    reaction_energy_eV_per_formula_unit
        Predicted energy of the reaction with excess lithium per formula unit [eV].
    reaction_energy_interval_eV
        90 % interval [eV]: the error that the same regressor makes on unseen elements.
    domain_ratio
        Distance to the nearest known dopants over the distance that 95 % of the known
        ones have to dopants of other elements.
    nearest
        The known dopants nearest in the features.
    missing
        Features that had to be filled in.

    """

    name: str
    stable: bool
    stable_probability: float
    reaction_energy_eV_per_formula_unit: float
    reaction_energy_interval_eV: tuple[float, float]
    domain_ratio: float
    nearest: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def inside_domain(self) -> bool:
        """Whether known dopants lie near enough for the prediction to hold."""
        return self.domain_ratio <= 1

    def to_json(self) -> dict[str, Any]:
        """Prediction with its domain."""
        return {
            "name": self.name,
            "stable": self.stable,
            "stable_probability": self.stable_probability,
            "reaction_energy_eV_per_formula_unit": (
                self.reaction_energy_eV_per_formula_unit
            ),
            "reaction_energy_interval_eV_per_formula_unit": list(
                self.reaction_energy_interval_eV
            ),
            "domain_ratio": self.domain_ratio,
            "inside_domain": self.inside_domain,
            "nearest": list(self.nearest),
            "missing": list(self.missing),
        }


@dataclass(frozen=True, kw_only=True)
class DopantPredictor:
    """Classifier and regressor fitted to all known dopants.

    Parameters
    ----------
    known
        Dopants that were learnt from.
    subset
        Features that the classifier uses.
    error_eV
        90 % quantile of the regressor's error on unseen elements [eV].
    reach
        Distance in scaled features that 95 % of the known dopants have to the nearest
        of other elements.

    """

    known: DopantTable = field(repr=False)
    subset: FeatureSubset
    error_eV: float
    reach: float
    _judge: FittedClassifier = field(repr=False)
    _energy: Any = field(repr=False)
    _prepare: Any = field(repr=False)
    _columns: tuple[int, ...] = field(repr=False)

    def predict(
        self, dopants: Sequence[DopantFeatures]
    ) -> tuple[DopantPredictionResult, ...]:
        """Predictions in the order given.

        Parameters
        ----------
        dopants
            Features of the dopants (:func:`screening.dopant_features`).

        Raises
        ------
        InputError
            If none is given.

        """
        if not dopants:
            raise InputError(
                "dopants must hold features; got none. Give dopant_features(…)."
            )
        rows = np.array([each.row for each in dopants])
        stable, probability = self._judge(rows)
        energies = self._energy.predict(rows)
        distances = np.linalg.norm(
            self._scaled(rows)[:, None] - self._scaled(self.known.features)[None],
            axis=-1,
        )
        made = []
        for index, each in enumerate(dopants):
            order = np.argsort(distances[index])[:N_NEAREST]
            energy = float(energies[index])
            made.append(
                DopantPredictionResult(
                    name=f"{write_ion(each.element, each.oxidation_state)}, "
                    f"coordination {each.coordination_number:g}",
                    stable=bool(stable[index]),
                    stable_probability=float(probability[index]),
                    reaction_energy_eV_per_formula_unit=energy,
                    reaction_energy_interval_eV=(
                        energy - self.error_eV,
                        energy + self.error_eV,
                    ),
                    domain_ratio=float(distances[index][order].mean() / self.reach),
                    nearest=tuple(self.known.names[place] for place in order),
                    missing=each.missing,
                )
            )
        return tuple(made)

    def _scaled(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distinct features in units of their spread."""
        scaled = self._prepare.transform(features)[:, list(self._columns)]
        return np.asarray(scaled)


def dopant_predictor(
    table: DopantTable,
    *,
    rng: np.random.Generator,
    classifier: Classifier | None = None,
    sizes: Sequence[int] = (2,),
    n_folds: int = 5,
) -> DopantPredictor:
    """Models of the class and of the reaction energy, fitted to all known dopants.

    Parameters
    ----------
    table
        Known dopants.
    rng
        Source of the folds.
    classifier
        Kind of classifier; by default the support vector machine.
    sizes
        Sizes of the feature subsets that are searched.
    n_folds
        Folds, grouped by element, for features, settings, calibration and errors.

    Returns
    -------
    DopantPredictor
        Call ``predict`` with features.

    Raises
    ------
    InputError
        If a class has too few elements for the folds.

    Notes
    -----
    A dopant is inside the domain of applicability if its mean distance to the three
    nearest known dopants, in scaled features, does not exceed that which 95 % of the
    known ones have to the three nearest of other elements. The interval of the energy
    is the 90 % quantile of the absolute error in the grouped cross-validation: the same
    for all dopants, and true only inside the domain.

    Examples
    --------
    >>> from screening.dopant_table import load_dopant_table
    >>> from screening.features import dopant_features
    >>> predictor = dopant_predictor(
    ...     load_dopant_table(), rng=np.random.default_rng(0), sizes=[1], n_folds=3
    ... )
    >>> silicon = dopant_features("Si", oxidation_state=4, coordination_number=4)
    >>> (found,) = predictor.predict([silicon])
    >>> found.reaction_energy_eV_per_formula_unit < -0.5
    True

    """
    chosen = classifier or classifiers(["support vector machine"])[0]
    features, stable, elements = table.features, table.stable, table.elements
    folds = splits(stable, elements, scheme="grouped", n_folds=n_folds, rng=rng)
    (laplacian,) = regressors([LAPLACIAN])
    tested = validate_regressor(
        table, laplacian, scheme="grouped", rng=rng, n_folds=n_folds
    )
    errors = np.abs(tested.predicted_eV - tested.energies_eV)
    judge = fit_classifier(features, stable, chosen, folds=folds, sizes=sizes)
    prepare = preparation().fit(features)
    columns = distinct_features(features)
    scaled = prepare.transform(features)[:, list(columns)]
    distances = np.linalg.norm(scaled[:, None] - scaled[None], axis=-1)
    distances[elements[:, None] == elements[None]] = np.inf
    own = np.sort(distances, axis=1)[:, :N_NEAREST].mean(axis=1)
    return DopantPredictor(
        known=table,
        subset=judge.subset,
        error_eV=float(np.quantile(errors, INTERVAL)),
        reach=float(np.quantile(own, DOMAIN_QUANTILE)),
        _judge=judge,
        _energy=fit_regressor(
            features,
            table.reaction_energies_eV_per_formula_unit,
            laplacian,
            folds=folds,
        ),
        _prepare=prepare,
        _columns=columns,
    )
