"""Classifier of chosen features, fitted and with calibrated probabilities."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from screening.dopant_models import (
    Classifier,
    Split,
    column,
    preparation,
    quick_fits,
)
from screening.feature_subsets import FeatureSubset


class FittedClassifier:
    """Classifier of given features with calibrated probabilities.

    Parameters
    ----------
    prepare
        Scaling and filling in, fitted.
    model
        Calibrated classifier, fitted.
    columns
        Features that it uses.

    """

    def __init__(self, prepare: Any, model: Any, columns: Sequence[int]) -> None:  # noqa: ANN401
        """Keep the parts."""
        self._prepare = prepare
        self._model = model
        self.columns = tuple(columns)

    def __call__(
        self, features: NDArray[np.float64]
    ) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Class and calibrated probability of being stable of every row."""
        chosen = self._prepare.transform(features)[:, list(self.columns)]
        model = self._model.calibrated_classifiers_[0].estimator
        probability = self._model.predict_proba(chosen)[:, 1]
        return np.asarray(model.predict(chosen), dtype=bool), probability


def fit_classifier(
    features: NDArray[np.float64],
    stable: NDArray[np.bool_],
    classifier: Classifier,
    *,
    subset: FeatureSubset,
    folds: Sequence[Split],
    seed: int = 0,
) -> FittedClassifier:
    """Classifier of given features, calibrated on held-out folds of its training rows.

    Parameters
    ----------
    features
        Features, shape (n, 15), NaN where missing.
    stable
        Classes, shape (n,).
    classifier
        Kind of classifier.
    subset
        Features and settings.
    folds
        Folds on whose test rows the probabilities are calibrated.
    seed
        Seed of classifiers that draw.

    Returns
    -------
    FittedClassifier
        Function of feature arrays.

    References
    ----------
    J. Platt, in Advances in Large Margin Classifiers (MIT Press, 1999), p. 61.

    Examples
    --------
    >>> from screening.dopant_models import classifiers, splits
    >>> from screening.dopant_table import load_dopant_table
    >>> from screening.feature_subsets import search_feature_subsets
    >>> table = load_dopant_table()
    >>> (tree,) = classifiers(["threshold on ΔHf"])
    >>> rng = np.random.default_rng(0)
    >>> folds = splits(
    ...     table.stable, table.elements, scheme="grouped", n_folds=3, rng=rng
    ... )
    >>> (best,) = search_feature_subsets(
    ...     table.features, table.stable, tree, folds=folds
    ... )
    >>> judge = fit_classifier(
    ...     table.features, table.stable, tree, subset=best, folds=folds
    ... )
    >>> said, probability = judge(table.features)
    >>> bool((said[probability > 0.5]).all())
    True

    """
    from sklearn.calibration import CalibratedClassifierCV  # noqa: PLC0415

    prepare = preparation().fit(features)
    columns = [column(name) for name in subset.features]
    with quick_fits():
        model = CalibratedClassifierCV(
            classifier.build(seed, **subset.settings),
            method="sigmoid",
            cv=list(folds),
            ensemble=False,
        ).fit(prepare.transform(features)[:, columns], stable)
    return FittedClassifier(prepare, model, columns)
