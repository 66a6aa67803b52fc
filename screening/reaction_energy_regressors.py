"""Regressors of the reaction energy, and how one is fitted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from screening.dopant_folds import Split
from screening.feature_preparation import column, preparation, quick_fits
from training_data.errors import InputError

ENERGY_BASELINE = "line in ΔHf"
LAPLACIAN = "kernel ridge, Laplacian"
NOTHING: Mapping[str, Sequence[Any]] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Regressor:
    """Kind of regressor, and the settings that the inner folds choose from.

    Parameters
    ----------
    name
        What it is called in tables.
    build
        Makes an untrained one from a seed.
    settings
        Setting → values tried.
    fixed
        Features that it uses; all by default.

    """

    name: str
    build: Callable[[int], Any]
    settings: Mapping[str, Sequence[Any]] = field(default_factory=lambda: NOTHING)
    fixed: tuple[str, ...] = ()


def regressors(names: Sequence[str] | None = None) -> tuple[Regressor, ...]:
    """Regressors that are compared, the straight line in ΔHf first.

    Parameters
    ----------
    names
        Those to take; all by default.

    Returns
    -------
    tuple of Regressor
        In a fixed order.

    Raises
    ------
    InputError
        If a name is unknown.

    Examples
    --------
    >>> [each.name for each in regressors()][:2]
    ['line in ΔHf', 'kernel ridge, Laplacian']

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


def fit_regressor(
    features: NDArray[np.float64],
    energies_eV: NDArray[np.float64],
    regressor: Regressor,
    *,
    folds: Sequence[Split],
    seed: int = 0,
) -> Any:  # noqa: ANN401 (scikit-learn has no types)
    """Regressor with the settings that do best on the folds, fitted to all rows.

    Parameters
    ----------
    features
        Features, shape (n, 15), NaN where missing.
    energies_eV
        Energies [eV], shape (n,).
    regressor
        Kind of regressor.
    folds
        Folds of these rows that the settings are chosen on.
    seed
        Seed of regressors that draw.

    Returns
    -------
    sklearn.pipeline.Pipeline
        With ``predict``, ``best_params_``.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> features = rng.normal(size=(30, 15))
    >>> line = regressors(["line in ΔHf"])[0]
    >>> folds = [(np.arange(20), np.arange(20, 30))]
    >>> fitted = fit_regressor(features, 2.0 * features[:, 6] - 1.0, line, folds=folds)
    >>> predicted = fitted.predict(features)
    >>> bool(np.abs(predicted - 2.0 * features[:, 6] + 1.0).max() < 1e-9)
    True

    """
    from sklearn.compose import TransformedTargetRegressor  # noqa: PLC0415
    from sklearn.pipeline import Pipeline  # noqa: PLC0415
    from sklearn.preprocessing import (  # noqa: PLC0415
        FunctionTransformer,
        StandardScaler,
    )

    columns = [column(name) for name in regressor.fixed] or list(
        range(features.shape[1])
    )

    def untrained(settings: Mapping[str, Any]) -> Any:  # noqa: ANN401
        model = regressor.build(seed).set_params(**settings)
        return TransformedTargetRegressor(model, transformer=StandardScaler())

    choices = [
        dict(zip(regressor.settings, values, strict=True))
        for values in product(*regressor.settings.values())
    ]
    errors = np.zeros(len(choices))
    with quick_fits():
        for train, test in folds:
            # Scaling and filling in are learnt once per fold, from its training rows.
            prepare = preparation().fit(features[train])
            learnt = prepare.transform(features[train])[:, columns]
            asked = prepare.transform(features[test])[:, columns]
            for place, settings in enumerate(choices):
                model = untrained(settings).fit(learnt, energies_eV[train])
                missed = model.predict(asked) - energies_eV[test]
                errors[place] += np.mean(missed**2)
        best = choices[int(np.argmin(errors))]
        fitted = Pipeline(
            [
                ("prepare", preparation()),
                ("columns", FunctionTransformer(_Columns(columns))),
                ("regressor", untrained(best)),
            ]
        ).fit(features, energies_eV)
    fitted.best_params_ = best
    return fitted


@dataclass(frozen=True)
class _Columns:
    """Choice of columns, as a function that can be written to a file."""

    columns: Sequence[int]

    def __call__(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Chosen columns."""
        return features[:, list(self.columns)]


def _all() -> tuple[Regressor, ...]:
    """Regressors with their settings."""
    alpha, gamma = np.logspace(-4, 0, 5).tolist(), np.logspace(-3, 0, 7).tolist()
    return (
        Regressor(
            name=ENERGY_BASELINE, build=_line, fixed=("oxide_enthalpy_eV_per_atom",)
        ),
        Regressor(
            name=LAPLACIAN,
            build=lambda _: _kernel_ridge("laplacian"),
            settings={"alpha": alpha, "gamma": gamma},
        ),
        Regressor(
            name="kernel ridge, Gaussian",
            build=lambda _: _kernel_ridge("rbf"),
            settings={"alpha": alpha, "gamma": gamma},
        ),
        Regressor(
            name="support vector regression",
            build=_support_vector,
            settings={"C": (1.0, 10.0, 100.0), "gamma": (0.01, 0.03, 0.1)},
        ),
        Regressor(
            name="ridge regression", build=_ridge, settings={"alpha": (0.1, 1.0, 10.0)}
        ),
        Regressor(name="random forest", build=_forest),
    )


def _line(_: int) -> Any:  # noqa: ANN401
    from sklearn.linear_model import LinearRegression  # noqa: PLC0415

    return LinearRegression()


def _kernel_ridge(kernel: str) -> Any:  # noqa: ANN401
    from sklearn.kernel_ridge import KernelRidge  # noqa: PLC0415

    return KernelRidge(kernel=kernel)


def _support_vector(_: int) -> Any:  # noqa: ANN401
    from sklearn.svm import SVR  # noqa: PLC0415

    return SVR(epsilon=0.02)


def _ridge(_: int) -> Any:  # noqa: ANN401
    from sklearn.linear_model import Ridge  # noqa: PLC0415

    return Ridge()


def _forest(seed: int) -> Any:  # noqa: ANN401
    from sklearn.ensemble import RandomForestRegressor  # noqa: PLC0415

    return RandomForestRegressor(n_estimators=100, random_state=seed)
