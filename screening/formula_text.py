"""Formulas as labels of pictures, with their numbers set low."""

import re


def label(formula: str) -> str:
    """Subscripted formula, in matplotlib's own notation.

    Parameters
    ----------
    formula
        Chemical formula.

    Examples
    --------
    >>> label("Li6.25La3Zr2Al0.25O12")
    'Li$_{6.25}$La$_{3}$Zr$_{2}$Al$_{0.25}$O$_{12}$'

    """
    return re.sub(r"(\d+(?:\.\d+)?)", r"$_{\1}$", formula)
