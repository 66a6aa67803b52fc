"""All models of the dopants side by side: three kinds of folds, with the baselines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from screening.dopant_folds import Scheme, splits
from screening.dopant_models import classifiers
from screening.dopant_prediction import DopantPredictionResult, dopant_predictor
from screening.dopant_table import DopantTable
from screening.feature_importance import FeatureImportanceResult, feature_importance
from screening.feature_subsets import FeatureSubset, search_feature_subsets
from screening.learning_curve import LearningCurveResult, learning_curve
from screening.model_validation import ClassificationResult, validate_classifier
from screening.reaction_energy_models import RegressionResult, validate_regressor
from screening.reaction_energy_regressors import regressors
from training_data.errors import InputError

SHOWN = 5
CLASSIFIER_HEADER = (
    "| classifier | accuracy, random | accuracy, by element (95 %) | "
    "accuracy, by family (95 %) | balanced, by element | balanced, by family | "
    "AUC, by element | Brier, by element | Brier, by family |"
)
REGRESSOR_HEADER = (
    "| regressor | R², random | R², by element | R², by family | "
    "mean error, random (eV/f.u.) | by element | by family |"
)
SCHEMES: tuple[Scheme, ...] = ("random", "grouped", "family")
NOT_TESTED = "–"
Result = TypeVar("Result", ClassificationResult, RegressionResult)


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
        Nested cross-validation of every classifier: random, grouped by element and
        with a chemical family left out.
    regression
        The same of every regressor.
    untested
        Schemes that the table is too small for → why.
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
    untested: dict[str, str]
    importance: FeatureImportanceResult = field(repr=False)
    curve: LearningCurveResult = field(repr=False)
    predictions: tuple[DopantPredictionResult, ...] = field(repr=False)
    predicted_energies_eV: tuple[float, ...] = field(repr=False)
    predicted_stable: tuple[bool, ...] = field(repr=False)

    @property
    def commoner_share(self) -> float:
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
            "accuracy_of_the_commoner_class": self.commoner_share,
            "top_pairs_not_nested": [pair.to_json() for pair in self.top_pairs],
            "classification": [each.to_json() for each in self.classification],
            "regression": [each.to_json() for each in self.regression],
            "untested": dict(self.untested),
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
        """Classifiers, their families and regressors as Markdown."""
        lines = [CLASSIFIER_HEADER, "|---|---|---|---|---|---|---|---|---|"]
        models = list(dict.fromkeys(each.model for each in self.classification))
        for model in models:
            random, grouped, left_out = (
                self._classified(model, scheme) for scheme in SCHEMES
            )
            cells = [
                _cell(random, lambda r: f"{r.accuracy:.2f} ± {r.accuracy_std:.2f}"),
                _cell(
                    grouped,
                    lambda r: f"{r.accuracy:.2f} ± {r.accuracy_std:.2f} {_range(r)}",
                ),
                _cell(left_out, lambda r: f"{r.accuracy:.2f} {_range(r)}"),
                _cell(grouped, lambda r: f"{r.balanced_accuracy:.2f}"),
                _cell(left_out, lambda r: f"{r.balanced_accuracy:.2f}"),
                _cell(grouped, lambda r: f"{r.auc:.2f}"),
                _cell(grouped, lambda r: f"{r.brier:.3f}"),
                _cell(left_out, lambda r: f"{r.brier:.3f}"),
            ]
            lines.append(f"| {model} | {' | '.join(cells)} |")
        lines += self._family_table(models)
        lines += ["", REGRESSOR_HEADER, "|---|---|---|---|---|---|---|"]
        for name in dict.fromkeys(each.model for each in self.regression):
            tested = [self._regressed(name, scheme) for scheme in SCHEMES]
            cells = [_cell(each, lambda r: f"{r.r2:.2f}") for each in tested]
            cells += [_cell(each, lambda r: f"{r.mae_eV:.2f}") for each in tested]
            lines.append(f"| {name} | {' | '.join(cells)} |")
        return "\n".join(lines)

    def _family_table(self, models: Sequence[str]) -> list[str]:
        """Accuracy on every family that was left out, beside its commoner class."""
        tested = [
            found
            for model in models
            if (found := self._classified(model, "family")) is not None
        ]
        if not tested:
            return []
        lines = [
            "",
            "| family left out | dopants | stable | its commoner class | "
            + " | ".join(each.model for each in tested)
            + " |",
            "|---" * (4 + len(tested)) + "|",
        ]
        for name, (n, n_stable, _) in tested[0].families().items():
            right = " | ".join(f"{each.families()[name][2]:.2f}" for each in tested)
            commoner = max(n_stable, n - n_stable) / n
            lines.append(f"| {name} | {n} | {n_stable} | {commoner:.2f} | {right} |")
        return lines

    def _classified(self, model: str, scheme: Scheme) -> ClassificationResult | None:
        return next(
            (
                each
                for each in self.classification
                if (each.model, each.scheme) == (model, scheme)
            ),
            None,
        )

    def _regressed(self, model: str, scheme: Scheme) -> RegressionResult | None:
        return next(
            (
                each
                for each in self.regression
                if (each.model, each.scheme) == (model, scheme)
            ),
            None,
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
        If a model is unknown, or a class has too few elements for the folds. Where
        this holds only without one of the chemical families, folds by family are left
        out and ``untested`` says so.

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
    >>> [each.scheme for each in found.classification]
    ['random', 'grouped', 'family']

    """
    say = progress or (lambda _: None)
    kinds = classifiers(classifier_names)
    energies = regressors(regressor_names)
    classification, regression = [], []
    untested = _too_few_for_families(table, n_folds)
    schemes = [scheme for scheme in SCHEMES if scheme not in untested]
    # All models see the same folds, so that their differences are not those of folds.
    seed = int(rng.integers(2**31))
    for kind in kinds:
        for scheme in schemes:
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
        for scheme in schemes:
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
        untested=untested,
        importance=importance,
        curve=curve,
        predictions=predictions,
        predicted_energies_eV=(
            tuple(unseen.reaction_energies_eV_per_formula_unit.tolist())
            if unseen is not None
            else ()
        ),
        predicted_stable=(tuple(unseen.stable.tolist()) if unseen is not None else ()),
    )


def _too_few_for_families(table: DopantTable, n_folds: int) -> dict[str, str]:
    """Why no family can be left out, where that is so."""
    try:
        splits(
            table.stable,
            table.elements,
            scheme="family",
            n_folds=n_folds,
            rng=np.random.default_rng(0),
        )
    except InputError as why:
        return {"family": str(why)}
    return {}


def _cell(result: Result | None, text: Callable[[Result], str]) -> str:
    """Text of a result; a dash where there is none."""
    return NOT_TESTED if result is None else text(result)


def _range(result: ClassificationResult) -> str:
    """Interval of the accuracy."""
    low, high = result.accuracy_interval
    return f"({low:.2f}–{high:.2f})"
