"""All models of the dopants side by side: random and grouped, with the baselines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from screening.dopant_models import Scheme, classifiers, splits
from screening.dopant_prediction import DopantPredictionResult, dopant_predictor
from screening.dopant_table import DopantTable
from screening.feature_importance import FeatureImportanceResult, feature_importance
from screening.feature_subsets import FeatureSubset, search_feature_subsets
from screening.learning_curve import LearningCurveResult, learning_curve
from screening.model_validation import ClassificationResult, validate_classifier
from screening.reaction_energy_models import RegressionResult, validate_regressor
from screening.reaction_energy_regressors import regressors

SHOWN = 5
CLASSIFIER_HEADER = (
    "| classifier | accuracy, random | accuracy, grouped (95 %) | balanced, grouped | "
    "F1, grouped | AUC, grouped | Brier, grouped |"
)
REGRESSOR_HEADER = (
    "| regressor | R², random | R², grouped | mean error, random (eV/f.u.) | "
    "mean error, grouped (eV/f.u.) |"
)
SCHEMES: tuple[Scheme, ...] = ("random", "grouped")


@dataclass(frozen=True, kw_only=True)
class DopantStudyResult:
    """Models of one table of dopants, and how far to trust them.

    Parameters
    ----------
    n_dopants, n_elements, n_stable
        Size of the table.
    labels
        What the classes rest on.
    top_pairs
        Best pairs of the support vector machine by plain random cross-validation on
        all dopants: the article's procedure, in which the test rows choose the pair.
    classification
        Nested cross-validation of every classifier, random and grouped.
    regression
        Nested cross-validation of every regressor, random and grouped.
    importance
        Importance of the features.
    curve
        Learning curve on unseen elements.
    predictions
        Predictions for dopants that were not learnt from.
    predicted_energies_eV, predicted_stable
        What the hulls say of these afterwards: reaction energies [eV], classes.

    """

    n_dopants: int
    n_elements: int
    n_stable: int
    labels: str
    top_pairs: tuple[FeatureSubset, ...]
    classification: tuple[ClassificationResult, ...] = field(repr=False)
    regression: tuple[RegressionResult, ...] = field(repr=False)
    importance: FeatureImportanceResult = field(repr=False)
    curve: LearningCurveResult = field(repr=False)
    predictions: tuple[DopantPredictionResult, ...] = field(repr=False)
    predicted_energies_eV: tuple[float, ...] = field(repr=False)
    predicted_stable: tuple[bool, ...] = field(repr=False)

    @property
    def always_reduced(self) -> float:
        """Accuracy of calling every dopant by the commoner class."""
        share = self.n_stable / self.n_dopants
        return max(share, 1 - share)

    def to_json(self) -> dict[str, Any]:
        """Everything but the plots."""
        return {
            "n_dopants": self.n_dopants,
            "n_elements": self.n_elements,
            "n_stable": self.n_stable,
            "labels": self.labels,
            "accuracy_of_the_commoner_class": self.always_reduced,
            "top_pairs_not_nested": [pair.to_json() for pair in self.top_pairs],
            "classification": [each.to_json() for each in self.classification],
            "regression": [each.to_json() for each in self.regression],
            "importance": self.importance.to_json(),
            "learning_curve": self.curve.to_json(),
            "predictions": [
                each.to_json()
                | {
                    "hull_reaction_energy_eV_per_formula_unit": energy,
                    "hull_stable": stable,
                }
                for each, energy, stable in zip(
                    self.predictions,
                    self.predicted_energies_eV,
                    self.predicted_stable,
                    strict=True,
                )
            ],
        }

    def tables(self) -> str:
        """Classifiers and regressors as Markdown, random beside grouped."""
        lines = [CLASSIFIER_HEADER, "|---|---|---|---|---|---|---|"]
        for model in dict.fromkeys(each.model for each in self.classification):
            random, grouped = (self._classified(model, scheme) for scheme in SCHEMES)
            low, high = grouped.accuracy_interval
            lines.append(
                f"| {model} | {random.accuracy:.2f} ± {random.accuracy_std:.2f} | "
                f"{grouped.accuracy:.2f} ± {grouped.accuracy_std:.2f} "
                f"({low:.2f}–{high:.2f}) | {grouped.balanced_accuracy:.2f} | "
                f"{grouped.f1:.2f} | {grouped.auc:.2f} | {grouped.brier:.3f} |"
            )
        lines += ["", REGRESSOR_HEADER, "|---|---|---|---|---|"]
        for model in dict.fromkeys(each.model for each in self.regression):
            one, other = (self._regressed(model, scheme) for scheme in SCHEMES)
            lines.append(
                f"| {model} | {one.r2:.2f} | {other.r2:.2f} | "
                f"{one.mae_eV:.2f} | {other.mae_eV:.2f} |"
            )
        return "\n".join(lines)

    def _classified(self, model: str, scheme: Scheme) -> ClassificationResult:
        return next(
            each
            for each in self.classification
            if (each.model, each.scheme) == (model, scheme)
        )

    def _regressed(self, model: str, scheme: Scheme) -> RegressionResult:
        return next(
            each
            for each in self.regression
            if (each.model, each.scheme) == (model, scheme)
        )


def study_dopants(
    table: DopantTable,
    *,
    rng: np.random.Generator,
    unseen: DopantTable | None = None,
    classifier_names: Sequence[str] | None = None,
    regressor_names: Sequence[str] | None = None,
    sizes: Sequence[int] | None = None,
    n_folds: int = 5,
    n_rounds: int = 1,
    progress: Callable[[str], None] | None = None,
) -> DopantStudyResult:
    """Train, test and apply every model of the dopants.

    Parameters
    ----------
    table
        Dopants that are learnt from.
    rng
        Source of all folds.
    unseen
        Dopants that are predicted, and compared afterwards with their own energies.
    classifier_names, regressor_names
        Models that are compared; all by default.
    sizes
        Sizes of the feature subsets; by default those of every classifier.
    n_folds
        Outer and inner folds.
    n_rounds
        How often the outer folds are drawn anew.
    progress
        Called with what is being done.

    Returns
    -------
    DopantStudyResult
        All results.

    Raises
    ------
    InputError
        If a model is unknown, or a class has too few elements for the folds.

    References
    ----------
    B. Liu et al., J. Mater. Chem. A 7, 19961 (2019), doi:10.1039/C9TA06748E.

    Examples
    --------
    >>> from screening.dopant_table import load_dopant_table
    >>> found = study_dopants(
    ...     load_dopant_table(),
    ...     rng=np.random.default_rng(0),
    ...     classifier_names=["threshold on ΔHf"],
    ...     regressor_names=["line in ΔHf"],
    ...     n_folds=2,
    ... )
    >>> [(each.model, each.scheme) for each in found.classification]
    [('threshold on ΔHf', 'random'), ('threshold on ΔHf', 'grouped')]

    """
    say = progress or (lambda _: None)
    kinds = classifiers(classifier_names)
    energies = regressors(regressor_names)
    classification, regression = [], []
    # All models see the same folds, so that their differences are not those of folds.
    seed = int(rng.integers(2**31))
    for kind in kinds:
        for scheme in SCHEMES:
            say(f"{kind.name}, {scheme} folds")
            classification.append(
                validate_classifier(
                    table,
                    kind,
                    scheme=scheme,
                    rng=np.random.default_rng(seed),
                    n_folds=n_folds,
                    n_rounds=n_rounds,
                    sizes=sizes,
                )
            )
    for regressor in energies:
        for scheme in SCHEMES:
            say(f"{regressor.name}, {scheme} folds")
            regression.append(
                validate_regressor(
                    table,
                    regressor,
                    scheme=scheme,
                    rng=np.random.default_rng(seed),
                    n_folds=n_folds,
                    n_rounds=n_rounds,
                )
            )
    say("pairs of features as in the article")
    (machine,) = classifiers(["support vector machine"])
    folds = splits(
        table.stable, table.elements, scheme="random", n_folds=n_folds, rng=rng
    )
    pairs = search_feature_subsets(
        table.features,
        table.stable,
        machine,
        folds=folds,
        sizes=(2,),
        exhaustive=True,
    )
    say("importance of the features")
    importance = feature_importance(table, rng=rng, n_folds=n_folds)
    say("learning curve")
    curve = learning_curve(table, rng=rng)
    predictions: tuple[DopantPredictionResult, ...] = ()
    if unseen is not None:
        say("unseen dopants")
        predictor = dopant_predictor(table, rng=rng, n_folds=n_folds)
        predictions = predictor.predict([row.features for row in unseen.rows])
    return DopantStudyResult(
        n_dopants=len(table),
        n_elements=len(set(table.elements)),
        n_stable=int(table.stable.sum()),
        labels=table.labels,
        top_pairs=pairs[:SHOWN],
        classification=tuple(classification),
        regression=tuple(regression),
        importance=importance,
        curve=curve,
        predictions=predictions,
        predicted_energies_eV=(
            tuple(unseen.reaction_energies_eV.tolist()) if unseen is not None else ()
        ),
        predicted_stable=(tuple(unseen.stable.tolist()) if unseen is not None else ()),
    )
