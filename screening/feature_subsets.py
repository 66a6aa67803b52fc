"""Search for the features that a classifier needs, by inner cross-validation."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from screening.dopant_models import (
    Classifier,
    Split,
    column,
    distinct_features,
    preparation,
    quick_fits,
)
from screening.features import FEATURES
from training_data.errors import InputError

KEPT_SHARE = 0.5
TUNED = 8


@dataclass(frozen=True, kw_only=True)
class FeatureSubset:
    """Features of a classifier, with their score in the search.

    Parameters
    ----------
    features
        Names.
    settings
        Settings of the classifier.
    accuracy
        Mean accuracy over the inner folds.
    accuracy_std
        Standard deviation over the inner folds.
    f1
        Mean F1 of the stable class over the inner folds.

    """

    features: tuple[str, ...]
    settings: dict[str, Any]
    accuracy: float
    accuracy_std: float
    f1: float

    def to_json(self) -> dict[str, Any]:
        """Names and scores."""
        return {
            "features": list(self.features),
            "settings": self.settings,
            "accuracy": self.accuracy,
            "accuracy_std": self.accuracy_std,
            "f1": self.f1,
        }


def search_feature_subsets(
    features: NDArray[np.float64],
    stable: NDArray[np.bool_],
    classifier: Classifier,
    *,
    folds: Sequence[Split],
    sizes: Sequence[int] | None = None,
    seed: int = 0,
    exhaustive: bool = False,
) -> tuple[FeatureSubset, ...]:
    """Feature subsets of a classifier in the order of their inner accuracy.

    All subsets of the asked sizes are tried. After each inner fold the better half goes
    on to the next one, unless the search is exhaustive; the best of those that saw all
    folds are then tried with all settings of the classifier.

    Parameters
    ----------
    features
        Features, shape (n, 15), NaN where missing.
    stable
        Classes, shape (n,).
    classifier
        What is fitted.
    folds
        Inner folds; scaling and filling in are learnt from their training rows.
    sizes
        Numbers of features; by default those of the classifier.
    seed
        Seed of classifiers that draw.
    exhaustive
        Whether every subset sees every fold.

    Returns
    -------
    tuple of FeatureSubset
        Best first; equal ones in the order of fewer features.

    Raises
    ------
    InputError
        If a size is not between 1 and the number of distinct features.

    Notes
    -----
    Features that are the same after scaling (the three radii) count once.

    Examples
    --------
    >>> from screening.dopant_models import classifiers, splits
    >>> from screening.dopant_table import load_dopant_table
    >>> table = load_dopant_table()
    >>> rng = np.random.default_rng(0)
    >>> folds = splits(
    ...     table.stable, table.elements, scheme="grouped", n_folds=3, rng=rng
    ... )
    >>> (tree,) = classifiers(["decision tree"])
    >>> found = search_feature_subsets(
    ...     table.features, table.stable, tree, folds=folds, sizes=[1]
    ... )
    >>> len(found[0].features), found[0].accuracy > 0.85
    (1, True)

    """
    prepared = _prepared(features, stable, folds)
    if classifier.fixed:
        subsets = [tuple(column(name) for name in classifier.fixed)]
    else:
        there = distinct_features(features)
        wanted = tuple(classifier.sizes if sizes is None else sizes)
        if not wanted or min(wanted) < 1 or max(wanted) > len(there):
            raise InputError(
                f"sizes must lie between 1 and {len(there)}, the number of distinct "
                f"features; got {wanted!r}. Give for example (2, 3)."
            )
        subsets = [s for size in sorted(wanted) for s in combinations(there, size)]
    default = classifier.choices()[0]
    with quick_fits():
        scores: dict[tuple[int, ...], list[tuple[float, float]]] = {}
        alive = subsets
        for index in range(len(folds)):
            for subset in alive:
                score = _score(classifier, prepared[index], subset, default, seed)
                scores.setdefault(subset, []).append(score)
            if not exhaustive:
                alive = sorted(alive, key=lambda s: -_mean(scores[s]))
                enough = max(TUNED, int(np.ceil(KEPT_SHARE * len(alive))))
                alive = alive[:enough]
        found = [_subset(subset, default, scores[subset]) for subset in alive]
        found.sort(key=_order)
        for best in found[:TUNED]:
            subset = tuple(column(name) for name in best.features)
            for choice in classifier.choices()[1:]:
                tried = [
                    _score(classifier, fold, subset, choice, seed) for fold in prepared
                ]
                found.append(_subset(subset, choice, tried))
    best_of: dict[tuple[str, ...], FeatureSubset] = {}
    for each in sorted(found, key=_order):
        best_of.setdefault(each.features, each)
    return tuple(sorted(best_of.values(), key=_order))


Fold = tuple[
    NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64], NDArray[np.bool_]
]


def _prepared(
    features: NDArray[np.float64], stable: NDArray[np.bool_], folds: Sequence[Split]
) -> list[Fold]:
    """Scaled and filled features of every fold, from its training rows alone."""
    made = []
    for train, test in folds:
        prepare = preparation().fit(features[train])
        made.append(
            (
                prepare.transform(features[train]),
                stable[train],
                prepare.transform(features[test]),
                stable[test],
            )
        )
    return made


def _score(
    classifier: Classifier,
    fold: Fold,
    subset: tuple[int, ...],
    settings: dict[str, Any],
    seed: int,
) -> tuple[float, float]:
    """Accuracy and F1 on the test rows of one fold."""
    columns = list(subset)
    train, train_stable, test, test_stable = fold
    model = classifier.build(seed, **settings).fit(train[:, columns], train_stable)
    said = model.predict(test[:, columns])
    hits = int((said & test_stable).sum())
    named = int(said.sum() + test_stable.sum())
    return float((said == test_stable).mean()), 2 * hits / named if named else 1.0


def _mean(scores: Sequence[tuple[float, float]]) -> float:
    return float(np.mean([accuracy for accuracy, _ in scores]))


def _subset(
    subset: tuple[int, ...],
    settings: dict[str, Any],
    scores: Sequence[tuple[float, float]],
) -> FeatureSubset:
    """Scores of one subset together."""
    accuracy, f1 = np.array(scores).T
    return FeatureSubset(
        features=tuple(FEATURES[index] for index in subset),
        settings=dict(settings),
        accuracy=float(accuracy.mean()),
        accuracy_std=float(accuracy.std()),
        f1=float(f1.mean()),
    )


def _order(subset: FeatureSubset) -> tuple[float, int]:
    return -round(subset.accuracy, 9), len(subset.features)
