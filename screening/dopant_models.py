"""Classifiers of dopants: the article's five, and one threshold to compare with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from types import MappingProxyType
from typing import Any

from training_data.errors import InputError

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
