"""Folds of dopants: random, grouped by element, and one chemical family left out."""

from types import MappingProxyType
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from training_data.errors import InputError

Scheme = Literal["random", "grouped", "family"]
Split = tuple[NDArray[np.intp], NDArray[np.intp]]
FEWEST_FOLDS = 2
FAMILIES = MappingProxyType(
    {
        "s block": "Li Na K Rb Cs Fr Be Mg Ca Sr Ba Ra",
        "rare earths": "Sc Y La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu",
        "actinides": "Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr",
        "early transition metals": "Ti Zr Hf V Nb Ta Cr Mo W Mn Tc Re",
        "late transition metals": "Fe Co Ni Cu Zn Ru Rh Pd Ag Cd Os Ir Pt Au Hg",
    }
)
"""Family → its elements; whatever is not named is of the p block."""
P_BLOCK = "p block"


def family(element: str) -> str:
    """Chemical family of an element: the groups of the leave-family-out folds.

    Parameters
    ----------
    element
        Chemical symbol.

    Returns
    -------
    str
        s block, rare earths (with scandium and yttrium), actinides, early (groups 4
        to 7) and late (groups 8 to 12) transition metals, or p block.

    Examples
    --------
    >>> [family(element) for element in ("Y", "Nd", "Hf", "Al")]
    ['rare earths', 'rare earths', 'early transition metals', 'p block']

    """
    return next(
        (name for name, members in FAMILIES.items() if element in members.split()),
        P_BLOCK,
    )


def inner_scheme(scheme: Scheme) -> Scheme:
    """Folds inside the training rows of an outer fold.

    Parameters
    ----------
    scheme
        Outer folds.

    Returns
    -------
    str
        The same; inside a family that is left out, folds by element: families differ
        too much in size and in their classes to choose features by.

    Examples
    --------
    >>> inner_scheme("random"), inner_scheme("family")
    ('random', 'grouped')

    """
    return "grouped" if scheme == "family" else scheme


def splits(
    stable: NDArray[np.bool_],
    elements: NDArray[np.str_],
    *,
    scheme: Scheme,
    n_folds: int,
    rng: np.random.Generator,
) -> list[Split]:
    """Folds whose test rows together are all dopants, each once.

    Parameters
    ----------
    stable
        Classes, shape (n,).
    elements
        Element of every dopant, shape (n,).
    scheme
        "random": like shares of stable dopants; "grouped": the same with all sites and
        charges of an element in one fold; "family": a chemical family is one fold.
    n_folds
        Number of folds; with "family" that of the inner folds, there are as many
        outer ones as families.
    rng
        Source of the shuffle; "family" draws nothing.

    Returns
    -------
    list
        Training and test rows of every fold.

    Raises
    ------
    InputError
        If there are fewer dopants of a class (grouped: elements) than folds, or
        without one family fewer elements of a class than folds.

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

    if scheme not in get_args(Scheme):
        raise InputError(
            f"scheme must be random, grouped or family; got {scheme!r}. Choose one."
        )
    if scheme == "family":
        return _without_one_family(stable, elements, n_folds)
    grouped = scheme == "grouped"
    _refuse_few(stable, elements, n_folds=n_folds, grouped=grouped)
    seed = int(rng.integers(2**31))
    kind = StratifiedGroupKFold if grouped else StratifiedKFold
    folds = kind(n_splits=n_folds, shuffle=True, random_state=seed)
    groups = elements if grouped else None
    return list(folds.split(np.zeros(len(stable)), stable, groups))


def _without_one_family(
    stable: NDArray[np.bool_], elements: NDArray[np.str_], n_folds: int
) -> list[Split]:
    """Training rows of all families but one, and the rows of that one."""
    families = np.array([family(element) for element in elements])
    found = []
    for name in dict.fromkeys(families.tolist()):
        train, test = np.flatnonzero(families != name), np.flatnonzero(families == name)
        _refuse_few(
            stable[train],
            elements[train],
            n_folds=n_folds,
            grouped=True,
            left_out=f" without {name}",
        )
        found.append((train, test))
    return found


def _refuse_few(
    stable: NDArray[np.bool_],
    elements: NDArray[np.str_],
    *,
    n_folds: int,
    grouped: bool,
    left_out: str = "",
) -> None:
    """Refuse more folds than a class has members."""
    for name, members in (("stable", stable), ("unstable", ~stable)):
        there = len(set(elements[members])) if grouped else members.sum()
        if there < n_folds or n_folds < FEWEST_FOLDS:
            what = "elements" if grouped else "dopants"
            raise InputError(
                f"n_folds must lie between {FEWEST_FOLDS} and the number of {name} "
                f"{what}{left_out}, {there}; got {n_folds!r}. Take fewer folds or more "
                "dopants."
            )
