"""Search for the features that a classifier needs, by inner cross-validation."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from screening.dopant_folds import Split
from screening.dopant_models import Classifier
from screening.feature_preparation import (
    column,
    distinct_features,
    preparation,
    quick_fits,
)
from screening.features import FEATURES
from training_data.errors import InputError

KEPT_SHARE = 0.25
TUNED = 4


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

    All subsets of the asked sizes are tried. After each inner fold the best quarter
    goes on to the next one, unless the search is exhaustive; the best four of those
    that saw all folds are then tried with all settings of the classifier.

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
    >>> from screening.dopant_folds import splits
    >>> from screening.dopant_models import classifiers
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
    return SubsetSearch(
        features, stable, classifier, folds=folds, sizes=sizes, seed=seed
    ).ranked(exhaustive=exhaustive)


class SubsetSearch:
    """Search whose scores are kept, so that it can be repeated on some of the folds.

    Parameters
    ----------
    features, stable, classifier, folds, sizes, seed
        As in :func:`search_feature_subsets`.

    """

    def __init__(
        self,
        features: NDArray[np.float64],
        stable: NDArray[np.bool_],
        classifier: Classifier,
        *,
        folds: Sequence[Split],
        sizes: Sequence[int] | None = None,
        seed: int = 0,
    ) -> None:
        """Prepare the folds."""
        self.classifier = classifier
        self.seed = seed
        self.folds = _prepared(features, stable, folds)
        self._subsets = _subsets(features, classifier, sizes)
        self._choices = classifier.choices()
        self._scores: dict[tuple[tuple[int, ...], int, int], tuple[float, float]] = {}

    def ranked(
        self, *, without: int | None = None, exhaustive: bool = False
    ) -> tuple[FeatureSubset, ...]:
        """Subsets, best first, by all folds or by all but one.

        Parameters
        ----------
        without
            Fold on whose test rows nothing is scored.
        exhaustive
            Whether every subset sees every fold.

        """
        folds = [index for index in range(len(self.folds)) if index != without]
        alive = self._subsets
        with quick_fits():
            for place in range(len(folds)):
                seen = folds[: place + 1]
                scored = {s: self._accuracy(s, seen) for s in alive}
                if not exhaustive:
                    alive = sorted(alive, key=lambda s: -scored[s])
                    enough = max(TUNED, int(np.ceil(KEPT_SHARE * len(alive))))
                    alive = alive[:enough]
            found = sorted((self._subset(s, 0, folds) for s in alive), key=_order)
            for best in found[:TUNED]:
                subset = tuple(column(name) for name in best.features)
                found += [
                    self._subset(subset, choice, folds)
                    for choice in range(1, len(self._choices))
                ]
        best_of: dict[tuple[str, ...], FeatureSubset] = {}
        for each in sorted(found, key=_order):
            best_of.setdefault(each.features, each)
        return tuple(sorted(best_of.values(), key=_order))

    def _score(
        self, subset: tuple[int, ...], choice: int, fold: int
    ) -> tuple[float, float]:
        """Accuracy and F1 on the test rows of one fold."""
        known = self._scores.get((subset, choice, fold))
        if known is None:
            settings = self._choices[choice]
            train, train_stable, test, test_stable = self.folds[fold]
            columns = list(subset)
            model = self.classifier.build(self.seed, **settings)
            said = model.fit(train[:, columns], train_stable).predict(test[:, columns])
            hits = int((said & test_stable).sum())
            named = int(said.sum() + test_stable.sum())
            right = float((said == test_stable).mean())
            known = right, 2 * hits / named if named else 1.0
            self._scores[(subset, choice, fold)] = known
        return known

    def _accuracy(self, subset: tuple[int, ...], folds: Sequence[int]) -> float:
        """Mean accuracy with the default settings."""
        return float(np.mean([self._score(subset, 0, fold)[0] for fold in folds]))

    def _subset(
        self, subset: tuple[int, ...], choice: int, folds: Sequence[int]
    ) -> FeatureSubset:
        """Scores of one subset together."""
        accuracy, f1 = np.array([self._score(subset, choice, f) for f in folds]).T
        return FeatureSubset(
            features=tuple(FEATURES[index] for index in subset),
            settings=dict(self._choices[choice]),
            accuracy=float(accuracy.mean()),
            accuracy_std=float(accuracy.std()),
            f1=float(f1.mean()),
        )


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


def _subsets(
    features: NDArray[np.float64],
    classifier: Classifier,
    sizes: Sequence[int] | None,
) -> list[tuple[int, ...]]:
    """Columns of every subset that is searched."""
    if classifier.fixed:
        return [tuple(column(name) for name in classifier.fixed)]
    there = distinct_features(features)
    wanted = tuple(classifier.sizes if sizes is None else sizes)
    if not wanted or min(wanted) < 1 or max(wanted) > len(there):
        raise InputError(
            f"sizes must lie between 1 and {len(there)}, the number of distinct "
            f"features; got {wanted!r}. Give for example (2, 3)."
        )
    return [s for size in sorted(wanted) for s in combinations(there, size)]


def _order(subset: FeatureSubset) -> tuple[float, int]:
    return -round(subset.accuracy, 9), len(subset.features)
