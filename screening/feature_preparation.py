"""Features made ready for models: scaled, filled in, without copies."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from screening.features import FEATURES
from training_data.errors import InputError

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

N_NEIGHBOURS = 3


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
