"""Which features matter: forest, permutation on unseen elements, correlations."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from screening.dopant_folds import splits
from screening.dopant_table import DopantTable
from screening.feature_preparation import preparation, quick_fits
from screening.features import FEATURES, SYMBOLS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

N_TREES = 300
N_PERMUTATIONS = 20


@dataclass(frozen=True, kw_only=True)
class FeatureImportanceResult:
    """Importance of the features for the class, and their correlations.

    Parameters
    ----------
    forest
        (15,) mean decrease of impurity in a random forest, adding up to 1.
    permutation
        (15,) loss of accuracy on dopants of unseen elements when a feature is shuffled.
    permutation_std
        (15,) standard deviation of it over the folds.
    pearson
        (15, 15) correlation coefficients, over the dopants that have both features;
        NaN for a feature that is the same in all of them.
    pearson_energy
        (15,) correlation of every feature with the reaction energy.

    """

    forest: NDArray[np.float64] = field(repr=False)
    permutation: NDArray[np.float64] = field(repr=False)
    permutation_std: NDArray[np.float64] = field(repr=False)
    pearson: NDArray[np.float64] = field(repr=False)
    pearson_energy: NDArray[np.float64] = field(repr=False)

    @property
    def ranking(self) -> tuple[str, ...]:
        """Features by the forest's importance, the most important first."""
        return tuple(FEATURES[index] for index in np.argsort(-self.forest))

    def to_json(self) -> dict[str, Any]:
        """Both importances of every feature, and the matrix."""
        return {
            "features": [
                {
                    "feature": name,
                    "forest": float(self.forest[index]),
                    "permutation": float(self.permutation[index]),
                    "permutation_std": float(self.permutation_std[index]),
                    "pearson_with_reaction_energy": _number(self.pearson_energy[index]),
                }
                for index, name in enumerate(FEATURES)
            ],
            "pearson": [
                [_number(value) for value in row] for row in np.round(self.pearson, 4)
            ],
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Bars of both importances, as in figure 3 of the article.

        Parameters
        ----------
        ax
            Axes to draw on; new ones by default.

        Returns
        -------
        matplotlib.axes.Axes
            Features in the order of the forest's importance.

        """
        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots(figsize=(5.2, 4.6), layout="constrained")
        order = np.argsort(self.forest)
        places = np.arange(len(order))
        ax.barh(places + 0.2, self.forest[order], 0.4, label="random forest (impurity)")
        ax.barh(
            places - 0.2,
            self.permutation[order],
            0.4,
            xerr=self.permutation_std[order],
            error_kw={"elinewidth": 0.8},
            label="permutation, unseen elements",
        )
        ax.set_yticks(places, [SYMBOLS[FEATURES[index]] for index in order])
        ax.axvline(0, color="black", linewidth=0.6)
        ax.set_xlabel("Importance (share of impurity; loss of accuracy)")
        ax.legend(loc="lower right", frameon=False, fontsize=9)
        return ax

    def plot_correlations(self, ax: "Axes | None" = None) -> "Axes":
        """Pearson matrix of the features.

        Parameters
        ----------
        ax
            Axes to draw on; new ones by default.

        Returns
        -------
        matplotlib.axes.Axes
            Coloured matrix with its numbers.

        """
        import matplotlib.pyplot as plt

        if ax is None:
            _, ax = plt.subplots(figsize=(7.2, 6.4), layout="constrained")
        image = ax.imshow(self.pearson, cmap="RdBu_r", vmin=-1, vmax=1)
        labels = [SYMBOLS[name] for name in FEATURES]
        ax.set_xticks(range(len(labels)), labels, rotation=60, ha="right")
        ax.set_yticks(range(len(labels)), labels)
        for row, values in enumerate(self.pearson):
            for place, value in enumerate(values):
                ax.text(
                    place,
                    row,
                    "–" if np.isnan(value) else f"{value:.1f}".replace("-0.0", "0.0"),
                    ha="center",
                    va="center",
                    fontsize=7,
                    color="white" if abs(value) > 0.6 else "black",  # noqa: PLR2004
                )
        ax.figure.colorbar(image, ax=ax, label="Pearson correlation", shrink=0.8)
        return ax


def feature_importance(
    table: DopantTable, *, rng: np.random.Generator, n_folds: int = 5
) -> FeatureImportanceResult:
    """Weight of every feature for the class of a dopant.

    Parameters
    ----------
    table
        Dopants.
    rng
        Source of the forest, the folds and the permutations.
    n_folds
        Folds, grouped by element, for the permutations.

    Returns
    -------
    FeatureImportanceResult
        Both importances and the correlations.

    Raises
    ------
    InputError
        If a class has too few elements for the folds.

    Notes
    -----
    The impurity importance is learnt on all dopants, as in the article. It divides what
    correlated features say among them (the three radii), and knows nothing of unseen
    dopants; the permutation importance does, but a feature with a copy can be shuffled
    without loss. Radii that are copies of each other are therefore shuffled together.

    References
    ----------
    L. Breiman, Machine Learning 45, 5 (2001), doi:10.1023/A:1010933404324.

    Examples
    --------
    >>> from screening.dopant_table import load_dopant_table
    >>> found = feature_importance(
    ...     load_dopant_table(), rng=np.random.default_rng(0), n_folds=2
    ... )
    >>> round(float(found.forest.sum()), 6)
    1.0

    """
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415

    features, stable = table.features, table.stable
    correlations = _pearson(
        np.column_stack([features, table.reaction_energies_eV_per_formula_unit])
    )
    copies = [np.flatnonzero(row > 1 - 1e-9) for row in correlations[:-1, :-1]]
    losses = []
    with quick_fits():
        seed = int(rng.integers(2**31))
        forest = RandomForestClassifier(N_TREES, random_state=seed).fit(
            preparation().fit_transform(features), stable
        )
        for train, test in splits(
            stable, table.elements, scheme="grouped", n_folds=n_folds, rng=rng
        ):
            prepare = preparation().fit(features[train])
            model = RandomForestClassifier(N_TREES, random_state=seed).fit(
                prepare.transform(features[train]), stable[train]
            )
            seen = prepare.transform(features[test])
            right = (model.predict(seen) == stable[test]).mean()
            losses.append(
                [
                    right - _shuffled_accuracy(model, seen, stable[test], same, rng)
                    for same in copies
                ]
            )
    return FeatureImportanceResult(
        forest=np.asarray(forest.feature_importances_),
        permutation=np.mean(losses, axis=0),
        permutation_std=np.std(losses, axis=0),
        pearson=correlations[:-1, :-1],
        pearson_energy=correlations[-1, :-1],
    )


def _shuffled_accuracy(
    model: Any,  # noqa: ANN401 (scikit-learn has no types)
    features: NDArray[np.float64],
    stable: NDArray[np.bool_],
    columns: NDArray[np.intp],
    rng: np.random.Generator,
) -> float:
    """Accuracy with some columns shuffled together, mean over permutations."""
    copies = np.tile(features, (N_PERMUTATIONS, 1, 1))
    for copy in copies:
        copy[:, columns] = copy[rng.permutation(len(copy))][:, columns]
    said = model.predict(copies.reshape(-1, features.shape[1]))
    return float((said.reshape(N_PERMUTATIONS, -1) == stable).mean())


def _pearson(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlations of columns over the rows that have both."""
    n = columns.shape[1]
    found = np.eye(n)
    for one in range(n):
        for other in range(one):
            both = np.isfinite(columns[:, [one, other]]).all(axis=1)
            x, y = columns[both, one], columns[both, other]
            # One number throughout has rounding errors for a spread.
            if x.size and np.ptp(x) > 0 and np.ptp(y) > 0:
                together = np.mean((x - x.mean()) * (y - y.mean()))
                value = together / (x.std() * y.std())
            else:
                value = np.nan
            found[one, other] = found[other, one] = value
    return found


def _number(value: float) -> float | None:
    """Plain number; None where there is none."""
    return None if np.isnan(value) else float(value)
