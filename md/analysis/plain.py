"""Results as plain JSON: numbers, strings, lists, and null for what is not a number."""

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

_MOST_POINTS = 2000


def plain(value: Any) -> Any:  # noqa: ANN401 (JSON)
    """Plain Python types of a result's field.

    Arrays become lists, NaN and infinities None, dataclasses dictionaries.

    Examples
    --------
    >>> plain({"a": np.array([1.0, np.nan]), "n": np.int64(3)})
    {'a': [1.0, None], 'n': 3}

    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name)) for field in fields(value)
        }
    return str(value) if isinstance(value, Path) else value


def thinned(n_points: int, *, most: int = _MOST_POINTS) -> np.ndarray[Any, Any]:
    """Select indices of a long series for JSON, evenly spread, ends included.

    Examples
    --------
    >>> thinned(5).tolist()
    [0, 1, 2, 3, 4]
    >>> thinned(5, most=3).tolist()
    [0, 2, 4]

    """
    if n_points <= most:
        return np.arange(n_points)
    return np.unique(np.linspace(0, n_points - 1, most).round().astype(int))
