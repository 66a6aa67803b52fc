"""Phases whose energies in the shipped table are known to be far too low."""

from collections.abc import Iterable

from screening.formulas import read_formula
from screening.shipped_entries import MP_LEGACY

OXIDISED = frozenset({"Br", "Cl", "I", "N", "S", "Se"})
OXYGEN_CHARGE = 2


def holds_oxyanion(formula: str) -> bool:
    """Whether a compound holds Cl, Br, I, S, Se or N oxidised by oxygen.

    Parameters
    ----------
    formula
        Formula in any form.

    Notes
    -----
    Charges are counted: where the oxygen takes up more electrons than all other
    elements can give away at their highest common charge, one of these six must give
    some. An oxychloride, oxysulfide or oxynitride, in which they are anions, has
    electrons to spare.

    Examples
    --------
    >>> holds_oxyanion("LiClO4"), holds_oxyanion("Li2SO4"), holds_oxyanion("NO2")
    (True, True, True)
    >>> holds_oxyanion("LaOCl"), holds_oxyanion("La2O2S"), holds_oxyanion("Li6PS5Cl")
    (False, False, False)

    """
    from pymatgen.core import Element  # noqa: PLC0415 (slow to import)

    amounts = read_formula(formula)
    if "O" not in amounts or not OXIDISED & set(amounts):
        return False
    given = sum(
        amount * max(Element(symbol).common_oxidation_states, default=0)
        for symbol, amount in amounts.items()
        if symbol != "O" and symbol not in OXIDISED
    )
    return bool(given < OXYGEN_CHARGE * amounts["O"])


def doubtful_phases(formulas: Iterable[str], *, scheme: str) -> tuple[str, ...]:
    """Phases with oxyanions of Cl, Br, I, S, Se or N, where the scheme fails for them.

    Parameters
    ----------
    formulas
        Phases; each is looked at once.
    scheme
        Correction scheme of the entries. Others than ``"MP-legacy"`` have not been
        compared with measurements here, and nothing is said of them.

    Examples
    --------
    >>> doubtful_phases(["LiCl", "LiClO4"], scheme="MP-legacy")
    ('LiClO4',)

    """
    if scheme != MP_LEGACY:
        return ()
    return tuple(f for f in dict.fromkeys(formulas) if holds_oxyanion(f))


def oxyanion_notes(phases: Iterable[str]) -> tuple[str, ...]:
    """Note on such phases, for a result; no note where there are none.

    Parameters
    ----------
    phases
        What :func:`doubtful_phases` found.

    Examples
    --------
    >>> oxyanion_notes([])
    ()

    """
    named = ", ".join(phases)
    if not named:
        return ()
    note = (
        f"{named}: Cl, Br, I, S, Se or N oxidised by oxygen. The energies of such "
        "phases in the table lie 0.2 to 0.5 eV per atom below measured ones; reactions "
        "that form them are favoured too much, and may not take place at all."
    )
    return (note,)
