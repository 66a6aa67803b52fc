"""Accuracy on unseen elements against the number of elements that were learnt."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from screening.dopant_models import ARTICLE_PAIR, BASELINE, Classifier, classifiers
from screening.dopant_table import DopantTable
from screening.feature_preparation import column, preparation, quick_fits
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TEST_SHARE = 0.2
FEWEST_ELEMENTS = 3


@dataclass(frozen=True, kw_only=True)
class LearningCurveResult:
    """Accuracy on elements that were not learnt.

    Parameters
    ----------
    n_elements
        Elements learnt from, shape (m,).
    accuracy
        Mean accuracy of every model, shape (m,).
    accuracy_std
        Standard deviation over the draws, shape (m,).

    """

    n_elements: tuple[int, ...]
    accuracy: dict[str, NDArray[np.float64]] = field(repr=False)
    accuracy_std: dict[str, NDArray[np.float64]] = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """Curve of every model."""
        return {
            "n_elements": list(self.n_elements),
            "accuracy": {name: v.tolist() for name, v in self.accuracy.items()},
            "accuracy_std": {name: v.tolist() for name, v in self.accuracy_std.items()},
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Accuracy against the number of elements, with standard deviations.

        Parameters
        ----------
        ax
            Axes to draw on; new ones by default.

        Returns
        -------
        matplotlib.axes.Axes
            One curve per model.

        """
        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots(figsize=(5.0, 3.8), layout="constrained")
        for place, (name, mean) in enumerate(self.accuracy.items()):
            ax.errorbar(
                np.array(self.n_elements) + 0.7 * (place - 1),
                mean,
                yerr=self.accuracy_std[name],
                marker="o",
                markersize=4,
                capsize=2,
                elinewidth=0.8,
                label=name,
            )
        ax.set_xlabel("Elements learnt from")
        ax.set_ylabel("Accuracy on unseen elements")
        ax.set_ylim(top=1.0)
        ax.legend(loc="lower right", fontsize=8, framealpha=0.9)
        return ax


def learning_curve(
    table: DopantTable,
    *,
    rng: np.random.Generator,
    models: Sequence[tuple[Classifier, tuple[str, ...]]] | None = None,
    shares: Sequence[float] = (0.15, 0.3, 0.45, 0.6, 0.8, 1.0),
    n_draws: int = 30,
) -> LearningCurveResult:
    """Accuracy on unseen elements as more elements are learnt.

    In every draw a fifth of the elements is put aside for the test; the training
    elements of a smaller share are among those of a larger one.

    Parameters
    ----------
    table
        Dopants.
    rng
        Source of the draws.
    models
        Classifiers with the features that each uses; by default the support vector
        machine of the article's pair, logistic regression of the same, and one
        threshold on ΔHf.
    shares
        Shares of the training elements that are learnt from, ascending.
    n_draws
        Number of draws.

    Returns
    -------
    LearningCurveResult
        Mean and standard deviation.

    Raises
    ------
    InputError
        If a share is not above 0 and at most 1, there is no draw, or the table holds
        one class or fewer than three elements.

    Examples
    --------
    >>> from screening.dopant_table import load_dopant_table
    >>> found = learning_curve(
    ...     load_dopant_table(), rng=np.random.default_rng(0), shares=[1.0], n_draws=2
    ... )
    >>> found.n_elements
    (54,)

    """
    if n_draws < 1 or not shares or min(shares) <= 0 or max(shares) > 1:
        raise InputError(
            "shares must lie above 0 and up to 1, and n_draws be at least 1; got "
            f"{list(shares)!r} and {n_draws!r}. Give for example (0.5, 1.0) and 30."
        )
    wanted = _default() if models is None else tuple(models)
    known = np.array(sorted(set(table.elements)))
    if len(known) < FEWEST_ELEMENTS or len(set(table.stable.tolist())) < 2:  # noqa: PLR2004
        raise InputError(
            f"table must hold both classes and at least {FEWEST_ELEMENTS} elements; "
            f"got {int(table.stable.sum())} stable of {len(table)} dopants, "
            f"{len(known)} elements. Give more dopants or another margin."
        )
    n_test = round(TEST_SHARE * len(known))
    n_train = len(known) - n_test
    numbers = tuple(max(2, round(share * n_train)) for share in shares)
    found: dict[str, list[list[float]]] = {each.name: [] for each, _ in wanted}
    with quick_fits():
        for _ in range(n_draws):
            order = _draw(table, known, n_test, min(numbers), rng)
            test = np.isin(table.elements, order[:n_test])
            for each, features in wanted:
                found[each.name].append(
                    [
                        _accuracy(
                            table,
                            np.isin(table.elements, order[n_test : n_test + number]),
                            test,
                            each,
                            features,
                        )
                        for number in numbers
                    ]
                )
    return LearningCurveResult(
        n_elements=numbers,
        accuracy={name: np.mean(rows, axis=0) for name, rows in found.items()},
        accuracy_std={name: np.std(rows, axis=0) for name, rows in found.items()},
    )


def _default() -> tuple[tuple[Classifier, tuple[str, ...]], ...]:
    """Models of the article's pair of features, and the threshold."""
    machine, logistic, threshold = classifiers(
        ["support vector machine", "logistic regression", BASELINE]
    )
    return (
        (machine, ARTICLE_PAIR),
        (logistic, ARTICLE_PAIR),
        (threshold, threshold.fixed),
    )


def _draw(
    table: DopantTable,
    known: NDArray[np.str_],
    n_test: int,
    fewest: int,
    rng: np.random.Generator,
) -> NDArray[np.str_]:
    """Elements in random order, both classes among the first that are learnt."""
    while True:
        order = rng.permutation(known)
        first = np.isin(table.elements, order[n_test : n_test + fewest])
        if table.stable[first].any() and not table.stable[first].all():
            return order


def _accuracy(
    table: DopantTable,
    train: NDArray[np.bool_],
    test: NDArray[np.bool_],
    classifier: Classifier,
    features: tuple[str, ...],
) -> float:
    """Accuracy on the test rows."""
    columns = [column(name) for name in features]
    prepare = preparation().fit(table.features[train])
    model = classifier.build(0).fit(
        prepare.transform(table.features[train])[:, columns], table.stable[train]
    )
    said = model.predict(prepare.transform(table.features[test])[:, columns])
    return float((said == table.stable[test]).mean())
