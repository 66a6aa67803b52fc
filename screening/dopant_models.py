"""Classifiers of dopants: the article's five, and one threshold to compare with."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from screening.features import FEATURES
from training_data.errors import InputError

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

Scheme = Literal["random", "grouped"]
Split = tuple[NDArray[np.intp], NDArray[np.intp]]
N_NEIGHBOURS = 3
BASELINE = "threshold on ΔHf"
ARTICLE_MODEL = "support vector machine, article's pair"
ARTICLE_PAIR = (
    "oxide_enthalpy_eV_per_atom",
    "coordination_times_enthalpy_per_cation_eV",
)
NOTHING: Mapping[str, Sequence[Any]] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Classifier:
    """Kind of classifier, and how it is searched.

    Parameters
    ----------
    name
        What it is called in tables.
    build
        Makes an untrained one from a seed and its settings.
    sizes
        Sizes of the feature subsets that are searched.
    settings
        Setting → values tried for the best subsets.
    fixed
        Features that it always uses; nothing is searched.

    """

    name: str
    build: Callable[..., Any]
    sizes: tuple[int, ...] = (2, 3)
    settings: Mapping[str, Sequence[Any]] = field(default_factory=lambda: NOTHING)
    fixed: tuple[str, ...] = ()

    def choices(self) -> list[dict[str, Any]]:
        """All combinations of settings; the first is the default."""
        names = list(self.settings)
        return [
            dict(zip(names, values, strict=True))
            for values in product(*self.settings.values())
        ]


def classifiers(names: Sequence[str] | None = None) -> tuple[Classifier, ...]:
    """Classifiers that are compared, the one-threshold baseline first.

    Parameters
    ----------
    names
        Those to take; all by default.

    Returns
    -------
    tuple of Classifier
        In a fixed order.

    Raises
    ------
    InputError
        If a name is unknown.

    Examples
    --------
    >>> [each.name for each in classifiers()][:2]
    ['threshold on ΔHf', 'support vector machine']

    """
    known = {each.name: each for each in _all()}
    wanted = list(known) if names is None else list(names)
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise InputError(
            f"names must be among {', '.join(known)}; got {', '.join(unknown)}. "
            "Choose from these."
        )
    return tuple(known[name] for name in wanted)


def preparation() -> "Pipeline":
    """Scaling to unit variance and filling in of missing features, untrained.

    A missing feature becomes the mean over the three dopants of the training data that
    are nearest in the other features. Nothing says any more that it was missing: that
    a bond energy is in no table would itself betray a lanthanide.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Transformer of feature arrays.

    Examples
    --------
    >>> features = np.array([[0.0, 1.0], [2.0, 1.0], [4.0, np.nan], [6.0, 7.0]])
    >>> preparation().fit_transform(features).shape
    (4, 2)

    """
    from sklearn.impute import KNNImputer  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    return make_pipeline(
        StandardScaler(),
        KNNImputer(n_neighbors=N_NEIGHBOURS, keep_empty_features=True),
    )


def distinct_features(features: NDArray[np.float64]) -> tuple[int, ...]:
    """Columns that say different things, the first of each set of copies.

    Parameters
    ----------
    features
        Array of features, shape (n, m), NaN where missing.

    Returns
    -------
    tuple of int
        Columns that are not a linear function of an earlier one.

    Examples
    --------
    >>> distinct_features(np.array([[1.0, 2.0, 0.0], [2.0, 3.0, 5.0], [4.0, 5.0, 1.0]]))
    (0, 2)

    """
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    scaled = StandardScaler().fit_transform(features)
    kept: list[int] = []
    for column in range(scaled.shape[1]):
        both = [
            np.nan_to_num(scaled[:, column]) - np.nan_to_num(sign * scaled[:, other])
            for other in kept
            for sign in (1, -1)
        ]
        if all(np.abs(difference).max() > 1e-9 for difference in both):  # noqa: PLR2004
            kept.append(column)
    return tuple(kept)


def splits(
    stable: NDArray[np.bool_],
    elements: NDArray[np.str_],
    *,
    scheme: Scheme,
    n_folds: int,
    rng: np.random.Generator,
) -> list[Split]:
    """Folds with like shares of stable dopants; "grouped" keeps elements together.

    Parameters
    ----------
    stable
        Classes, shape (n,).
    elements
        Element of every dopant, shape (n,).
    scheme
        "random", or "grouped": all sites and charges of an element in one fold.
    n_folds
        Number of folds.
    rng
        Source of the shuffle.

    Returns
    -------
    list
        Training and test rows of every fold.

    Raises
    ------
    InputError
        If there are fewer dopants of a class (grouped: elements) than folds.

    Examples
    --------
    >>> elements = np.array(["Al", "Al", "Ga", "Ga", "Y", "Y", "Ce", "Ce"])
    >>> stable = np.array([False] * 4 + [True] * 4)
    >>> rng = np.random.default_rng(0)
    >>> folds = splits(stable, elements, scheme="grouped", n_folds=2, rng=rng)
    >>> [sorted(set(elements[test]) & set(elements[train])) for train, test in folds]
    [[], []]

    """
    from sklearn.model_selection import (  # noqa: PLC0415
        StratifiedGroupKFold,
        StratifiedKFold,
    )

    if scheme not in ("random", "grouped"):
        raise InputError(
            f"scheme must be random or grouped; got {scheme!r}. Choose one."
        )
    for name, members in (("stable", stable), ("unstable", ~stable)):
        there = members.sum() if scheme == "random" else len(set(elements[members]))
        if there < n_folds or n_folds < 2:  # noqa: PLR2004
            what = "dopants" if scheme == "random" else "elements"
            raise InputError(
                f"n_folds must lie between 2 and the number of {name} {what}, "
                f"{there}; got {n_folds!r}. Take fewer folds or more dopants."
            )
    seed = int(rng.integers(2**31))
    grouped = scheme == "grouped"
    kind = StratifiedGroupKFold if grouped else StratifiedKFold
    folds = kind(n_splits=n_folds, shuffle=True, random_state=seed)
    groups = elements if grouped else None
    return list(folds.split(np.zeros(len(stable)), stable, groups))


@contextmanager
def quick_fits() -> Iterator[None]:
    """Thousands of small fits without the checks and warnings of each."""
    import sklearn  # noqa: PLC0415
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415

    with (
        warnings.catch_warnings(),
        sklearn.config_context(assume_finite=True, skip_parameter_validation=True),
    ):
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def _all() -> tuple[Classifier, ...]:
    """Classifiers with their search."""
    return (
        Classifier(
            name=BASELINE,
            build=_threshold,
            sizes=(),
            fixed=("oxide_enthalpy_eV_per_atom",),
        ),
        Classifier(
            name="support vector machine",
            build=_support_vector,
            sizes=(2, 3, 4),
            settings={"C": (10.0, 1.0, 100.0), "gamma": (0.5, 0.1, 2.0)},
        ),
        Classifier(
            name=ARTICLE_MODEL,
            build=_support_vector,
            sizes=(),
            settings={"C": (10.0, 1.0, 100.0), "gamma": (0.5, 0.1, 2.0)},
            fixed=ARTICLE_PAIR,
        ),
        Classifier(
            name="logistic regression",
            build=_logistic,
            sizes=(2, 3, 4),
            settings={"C": (1.0, 0.1, 10.0)},
        ),
        Classifier(
            name="decision tree", build=_tree, settings={"max_depth": (3, 2, 4)}
        ),
        Classifier(
            name="extra tree", build=_extra_tree, settings={"max_depth": (4, 3, 5)}
        ),
        Classifier(
            name="neural network",
            build=_network,
            sizes=(2,),
            settings={"alpha": (0.1, 1.0)},
        ),
    )


def _threshold(seed: int) -> Any:  # noqa: ANN401 (scikit-learn has no types)
    from sklearn.tree import DecisionTreeClassifier  # noqa: PLC0415

    return DecisionTreeClassifier(max_depth=1, random_state=seed)


def _support_vector(seed: int, *, C: float = 10.0, gamma: float = 0.5) -> Any:  # noqa: ANN401
    from sklearn.svm import SVC  # noqa: PLC0415

    return SVC(C=C, gamma=gamma, random_state=seed)


def _logistic(seed: int, *, C: float = 1.0) -> Any:  # noqa: ANN401
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    return LogisticRegression(C=C, solver="newton-cholesky", random_state=seed)


def _tree(seed: int, *, max_depth: int = 3) -> Any:  # noqa: ANN401
    from sklearn.tree import DecisionTreeClassifier  # noqa: PLC0415

    return DecisionTreeClassifier(max_depth=max_depth, random_state=seed)


def _extra_tree(seed: int, *, max_depth: int = 4) -> Any:  # noqa: ANN401
    from sklearn.tree import ExtraTreeClassifier  # noqa: PLC0415

    return ExtraTreeClassifier(max_depth=max_depth, random_state=seed)


def _network(seed: int, *, alpha: float = 0.1) -> Any:  # noqa: ANN401
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415

    return MLPClassifier(
        hidden_layer_sizes=(6,),
        solver="lbfgs",
        alpha=alpha,
        max_iter=60,
        random_state=seed,
    )


def column(name: str) -> int:
    """Place of a feature in the arrays.

    Parameters
    ----------
    name
        Feature.

    Raises
    ------
    InputError
        If there is no such feature.

    Examples
    --------
    >>> column("oxidation_state")
    0

    """
    if name not in FEATURES:
        raise InputError(
            f"feature must be one of {', '.join(FEATURES)}; got {name!r}. "
            "Choose from these."
        )
    return FEATURES.index(name)
