"""Classifier with features chosen and probabilities calibrated on held-out folds."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from screening.dopant_folds import Split
from screening.dopant_models import Classifier
from screening.feature_preparation import column, preparation, quick_fits
from screening.feature_subsets import FeatureSubset, SubsetSearch

EVEN = 0.5


class FittedClassifier:
    """Classifier of chosen features with calibrated probabilities.

    Parameters
    ----------
    prepare
        Scaling and filling in, fitted.
    model
        Classifier, fitted.
    subset
        Features and settings that were chosen.
    slope, intercept
        Log odds of being stable are ``slope * score + intercept``.

    """

    def __init__(
        self,
        prepare: Any,  # noqa: ANN401 (scikit-learn has no types)
        model: Any,  # noqa: ANN401
        subset: FeatureSubset,
        *,
        slope: float,
        intercept: float,
    ) -> None:
        """Keep the parts."""
        self._prepare = prepare
        self._model = model
        self.subset = subset
        self.slope = slope
        self.intercept = intercept

    def __call__(
        self, features: NDArray[np.float64]
    ) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Class and calibrated probability of being stable of every row.

        A dopant is called stable where the probability exceeds one half.
        """
        columns = [column(name) for name in self.subset.features]
        scores = _scores(self._model, self._prepare.transform(features)[:, columns])
        odds = np.clip(self.slope * scores + self.intercept, -500, 500)
        probability = 1 / (1 + np.exp(-odds))
        return probability > EVEN, probability


def fit_classifier(
    features: NDArray[np.float64],
    stable: NDArray[np.bool_],
    classifier: Classifier,
    *,
    folds: Sequence[Split],
    sizes: Sequence[int] | None = None,
    seed: int = 0,
) -> FittedClassifier:
    """Classifier whose features, settings and calibration come from folds of its rows.

    Parameters
    ----------
    features
        Features, shape (n, 15), NaN where missing.
    stable
        Classes, shape (n,).
    classifier
        Kind of classifier.
    folds
        Folds that features and settings are chosen on, and that probabilities are
        calibrated on.
    sizes
        Sizes of the feature subsets that are searched; by default those of the
        classifier.
    seed
        Seed of classifiers that draw.

    Returns
    -------
    FittedClassifier
        Function of feature arrays.

    Notes
    -----
    Probabilities follow Platt,

        p = 1 / (1 + exp(−a s − b)),

    fitted to the scores of the test rows of all folds.

    ====== =====================================================
    symbol variable
    ====== =====================================================
    s      score: decision function, or probability where it has none
    a      ``slope``, not below 0
    b      ``intercept``
    ====== =====================================================

    The score of a test row comes from features and settings that were chosen on the
    *other* folds: rows that took part in the choice look surer than new ones are
    (Tsamardinos et al. drop the same part of that bias). A slope below 0 says that
    the scores order unseen rows the wrong way; then every row gets the share of stable
    ones.

    References
    ----------
    J. Platt, in Advances in Large Margin Classifiers (MIT Press, 1999), p. 61.

    I. Tsamardinos, E. Greasidou, G. Borboudakis, Machine Learning 107, 1895 (2018),
    doi:10.1007/s10994-018-5714-4.

    Examples
    --------
    >>> from screening.dopant_folds import splits
    >>> from screening.dopant_models import classifiers
    >>> from screening.dopant_table import load_dopant_table
    >>> table = load_dopant_table()
    >>> (tree,) = classifiers(["threshold on ΔHf"])
    >>> rng = np.random.default_rng(0)
    >>> folds = splits(
    ...     table.stable, table.elements, scheme="grouped", n_folds=3, rng=rng
    ... )
    >>> judge = fit_classifier(table.features, table.stable, tree, folds=folds)
    >>> said, probability = judge(table.features)
    >>> bool((said == (probability > 0.5)).all())
    True

    """
    search = SubsetSearch(
        features, stable, classifier, folds=folds, sizes=sizes, seed=seed
    )
    scores = np.full(len(stable), np.nan)
    with quick_fits():
        for index, (_, test) in enumerate(folds):
            # With a single fold there is no other to choose on.
            others = index if len(folds) > 1 else None
            chosen = search.ranked(without=others)[0]
            columns = [column(name) for name in chosen.features]
            train, train_stable, seen, _ = search.folds[index]
            model = classifier.build(seed, **chosen.settings)
            model.fit(train[:, columns], train_stable)
            scores[test] = _scores(model, seen[:, columns])
        there = np.isfinite(scores)
        slope, intercept = platt(scores[there], stable[there])
        best = search.ranked()[0]
        columns = [column(name) for name in best.features]
        prepare = preparation().fit(features)
        model = classifier.build(seed, **best.settings)
        model.fit(prepare.transform(features)[:, columns], stable)
    return FittedClassifier(prepare, model, best, slope=slope, intercept=intercept)


def platt(
    scores: NDArray[np.float64], stable: NDArray[np.bool_]
) -> tuple[float, float]:
    """Slope and intercept of the log odds against the score.

    Parameters
    ----------
    scores
        Scores of dopants that were not learnt from, shape (n,).
    stable
        Their classes, shape (n,).

    Returns
    -------
    tuple of float
        Slope, not below 0, and intercept.

    Notes
    -----
    Platt's targets (N₊ + 1)/(N₊ + 2) and 1/(N₋ + 2) take the place of 1 and 0, so that
    classes that are fully separated have finite odds.

    Examples
    --------
    >>> slope, intercept = platt(np.array([0.0, 0.0]), np.array([True, False]))
    >>> slope, round(intercept, 6)
    (0.0, 0.0)

    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    n_stable = int(stable.sum())
    n_unstable = len(stable) - n_stable
    target = np.where(stable, (n_stable + 1) / (n_stable + 2), 1 / (n_unstable + 2))
    middle, spread = scores.mean(), scores.std()
    if spread > 0:
        scaled = (scores - middle) / spread
        # A row of target t is a stable one of weight t and an unstable one of 1 − t.
        line = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10)
        fitted = line.fit(
            np.concatenate([scaled, scaled])[:, None],
            np.repeat([True, False], len(scaled)),
            sample_weight=np.concatenate([target, 1 - target]),
        )
        slope = float(fitted.coef_[0, 0] / spread)
        if slope > 0:
            return slope, float(fitted.intercept_[0]) - slope * float(middle)
    share = target.mean()
    return 0.0, float(np.log(share / (1 - share)))


def _scores(model: Any, columns: NDArray[np.float64]) -> NDArray[np.float64]:  # noqa: ANN401
    """Larger where a row looks more stable."""
    if hasattr(model, "decision_function"):
        return np.asarray(model.decision_function(columns))
    return np.asarray(model.predict_proba(columns)[:, 1])
