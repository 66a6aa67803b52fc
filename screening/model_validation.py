"""Nested cross-validation of the classifiers: random, by element and by family."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from screening.dopant_folds import Scheme, family, inner_scheme, splits
from screening.dopant_models import Classifier
from screening.dopant_table import DopantTable
from screening.feature_subsets import FeatureSubset
from screening.fitted_classifier import fit_classifier
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

N_BOOTSTRAP = 2000
FEWEST_PER_BIN = 5


@dataclass(frozen=True, kw_only=True)
class ClassificationResult:
    """How well a kind of classifier does on dopants that it has not seen.

    Parameters
    ----------
    model
        Kind of classifier.
    scheme
        "random"; "grouped": no element on both sides of a split; "family": no chemical
        family.
    names, elements
        Dopants and their elements, shape (n,).
    stable
        True classes, shape (n,).
    predicted
        Classes from the outer folds, shape (n,); of several rounds the majority.
    right
        Share of the rounds in which the class was right, shape (n,).
    probabilities
        Calibrated probabilities of being stable, mean over rounds, shape (n,).
    fold_accuracies
        Accuracy of every outer fold.
    accuracy_interval
        95 % interval of the mean accuracy, from resampled elements.
    chosen
        Features and settings that the inner folds chose in every outer fold.
    n_rounds
        How often the folds were drawn anew.

    """

    model: str
    scheme: Scheme
    names: tuple[str, ...]
    elements: NDArray[np.str_] = field(repr=False)
    stable: NDArray[np.bool_] = field(repr=False)
    predicted: NDArray[np.bool_] = field(repr=False)
    right: NDArray[np.float64] = field(repr=False)
    probabilities: NDArray[np.float64] = field(repr=False)
    fold_accuracies: tuple[float, ...]
    accuracy_interval: tuple[float, float]
    chosen: tuple[FeatureSubset, ...]
    n_rounds: int

    @property
    def accuracy(self) -> float:
        """Share of all dopants that is judged rightly in the outer folds."""
        return float(self.right.mean())

    @property
    def accuracy_std(self) -> float:
        """Standard deviation of the accuracy over the outer folds."""
        return float(np.std(self.fold_accuracies))

    @property
    def f1(self) -> float:
        """F1 of the stable class, of all dopants together."""
        hits = int((self.predicted & self.stable).sum())
        return 2 * hits / int(self.predicted.sum() + self.stable.sum())

    @property
    def balanced_accuracy(self) -> float:
        """Mean of the shares recognised of stable and of unstable dopants."""
        shares = [
            (self.predicted[self.stable == kind] == kind).mean()
            for kind in (True, False)
        ]
        return float(np.mean(shares))

    @property
    def auc(self) -> float:
        """Area under the curve of true against false positives."""
        from sklearn.metrics import roc_auc_score  # noqa: PLC0415

        return float(roc_auc_score(self.stable, self.probabilities))

    @property
    def brier(self) -> float:
        """Mean squared error of the calibrated probabilities."""
        return float(np.mean((self.probabilities - self.stable) ** 2))

    @property
    def misjudged(self) -> tuple[str, ...]:
        """Dopants on the wrong side."""
        wrong = np.flatnonzero(self.predicted != self.stable)
        return tuple(self.names[index] for index in wrong)

    @property
    def calibration_error(self) -> float:
        """Mean distance of share and probability over the bins of the reliability."""
        bins = self.reliability()
        return sum(n * abs(p - share) for p, share, n in bins) / len(self.names)

    def families(self) -> dict[str, tuple[int, int, float]]:
        """Count the dopants and the stable ones of every family, with the accuracy."""
        of_row = np.array([family(element) for element in self.elements])
        return {
            name: (
                int((of_row == name).sum()),
                int(self.stable[of_row == name].sum()),
                float(self.right[of_row == name].mean()),
            )
            for name in dict.fromkeys(of_row.tolist())
        }

    def reliability(self, n_bins: int = 5) -> list[tuple[float, float, int]]:
        """Mean probability, share that is stable and number, in bins of equal width.

        Parameters
        ----------
        n_bins
            Number of bins between 0 and 1.

        """
        bins = np.minimum((self.probabilities * n_bins).astype(int), n_bins - 1)
        return [
            (
                float(self.probabilities[bins == index].mean()),
                float(self.stable[bins == index].mean()),
                int((bins == index).sum()),
            )
            for index in range(n_bins)
            if (bins == index).any()
        ]

    def to_json(self) -> dict[str, Any]:
        """Scores, chosen features and the dopants on the wrong side."""
        return {
            "model": self.model,
            "scheme": self.scheme,
            "accuracy": self.accuracy,
            "accuracy_std": self.accuracy_std,
            "accuracy_interval": list(self.accuracy_interval),
            "balanced_accuracy": self.balanced_accuracy,
            "f1": self.f1,
            "auc": self.auc,
            "brier": self.brier,
            "calibration_error": self.calibration_error,
            "families": {
                name: {"n": n, "n_stable": n_stable, "accuracy": accuracy}
                for name, (n, n_stable, accuracy) in self.families().items()
            },
            "n_rounds": self.n_rounds,
            "chosen": [subset.to_json() for subset in self.chosen],
            "misjudged": list(self.misjudged),
            "reliability": [
                {"probability": p, "share_stable": share, "n": n}
                for p, share, n in self.reliability()
            ],
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Reliability of the calibrated probabilities.

        Parameters
        ----------
        ax
            Axes to draw on; new ones by default.

        Returns
        -------
        matplotlib.axes.Axes
            Share that is stable against probability, with the number of dopants.

        """
        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots(figsize=(4.2, 4.0), layout="constrained")
        said, share, numbers = zip(*self.reliability(), strict=True)
        ax.plot([0, 1], [0, 1], color="0.6", linestyle="--", label="calibrated")
        ax.plot(said, share, marker="o", color="tab:blue", label=self.model)
        for x, y, n in zip(said, share, numbers, strict=True):
            ax.annotate(
                f"n = {n}",
                (x, y),
                textcoords="offset points",
                xytext=(6, -12) if x < 0.8 else (-38, -4),  # noqa: PLR2004
                fontsize=8,
            )
        ax.set_xlabel("Predicted probability of being stable")
        ax.set_ylabel("Share that is stable")
        ax.set_title(f"Brier score {self.brier:.3f}, {self.scheme} folds", fontsize=10)
        ax.legend(loc="upper left", frameon=False)
        return ax


def validate_classifier(
    table: DopantTable,
    classifier: Classifier,
    *,
    scheme: Scheme,
    rng: np.random.Generator,
    n_folds: int = 5,
    n_rounds: int = 1,
    sizes: Sequence[int] | None = None,
) -> ClassificationResult:
    """Nested cross-validation: everything is chosen inside the outer training rows.

    In every outer fold, features and settings are chosen by inner folds of the same
    kind (with "family": by element), the probabilities are calibrated on inner folds
    that took no part in the choice (:func:`screening.fitted_classifier.fit_classifier`)
    and the outer test rows are judged once.

    Parameters
    ----------
    table
        Dopants.
    classifier
        Kind of classifier.
    scheme
        "random" as in the article; "grouped": all sites and charges of an element on
        one side; "family": a whole chemical family on one side, such as the rare
        earths.
    rng
        Source of the folds.
    n_folds
        Number of outer and of inner folds; of "family" only of inner ones.
    n_rounds
        How often the outer folds are drawn anew.
    sizes
        Sizes of the feature subsets; by default those of the classifier.

    Returns
    -------
    ClassificationResult
        Scores on unseen dopants.

    Raises
    ------
    InputError
        If a class has too few dopants or elements for the folds.

    References
    ----------
    S. Varma, R. Simon, BMC Bioinformatics 7, 91 (2006), doi:10.1186/1471-2105-7-91.

    Examples
    --------
    >>> from screening.dopant_models import classifiers
    >>> from screening.dopant_table import load_dopant_table
    >>> (threshold,) = classifiers(["threshold on ΔHf"])
    >>> found = validate_classifier(
    ...     load_dopant_table(),
    ...     threshold,
    ...     scheme="grouped",
    ...     rng=np.random.default_rng(0),
    ... )
    >>> found.accuracy > 0.8
    True

    """
    if n_rounds < 1:
        raise InputError(f"n_rounds must be at least 1; got {n_rounds!r}. Give 1.")
    features, stable, elements = table.features, table.stable, table.elements
    votes = np.zeros(len(table))
    probabilities = np.zeros(len(table))
    accuracies, chosen = [], []
    for _ in range(n_rounds):
        for train, test in splits(
            stable, elements, scheme=scheme, n_folds=n_folds, rng=rng
        ):
            inner = splits(
                stable[train],
                elements[train],
                scheme=inner_scheme(scheme),
                n_folds=n_folds,
                rng=rng,
            )
            judge = fit_classifier(
                features[train],
                stable[train],
                classifier,
                folds=inner,
                sizes=sizes,
                seed=int(rng.integers(2**31)),
            )
            said, probability = judge(features[test])
            votes[test] += said / n_rounds
            probabilities[test] += probability / n_rounds
            accuracies.append(float((said == stable[test]).mean()))
            chosen.append(judge.subset)
    right = np.where(stable, votes, 1 - votes)
    return ClassificationResult(
        model=classifier.name,
        scheme=scheme,
        names=table.names,
        elements=elements,
        stable=stable,
        predicted=votes > 0.5,  # noqa: PLR2004 (majority)
        right=right,
        probabilities=probabilities,
        fold_accuracies=tuple(accuracies),
        accuracy_interval=_interval(right, elements, rng),
        chosen=tuple(chosen),
        n_rounds=n_rounds,
    )


def _interval(
    right: NDArray[np.float64], elements: NDArray[np.str_], rng: np.random.Generator
) -> tuple[float, float]:
    """95 % interval of the mean, elements drawn with replacement."""
    known = sorted(set(elements))
    hits = np.array([right[elements == element].sum() for element in known])
    numbers = np.array([(elements == element).sum() for element in known])
    drawn = rng.integers(len(known), size=(N_BOOTSTRAP, len(known)))
    means = hits[drawn].sum(axis=1) / numbers[drawn].sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)
