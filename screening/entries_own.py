"""Entries from a user's own energies, relative to the user's own elements."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms

from mlip.potential import Potential
from screening.entries import Entries
from screening.formulas import read_formula
from screening.shipped_entries import MP_LEGACY
from training_data.errors import Failure, InputError

if TYPE_CHECKING:
    from pymatgen.entries.computed_entries import ComputedEntry

MP_2020 = "MP2020"
"""PBE and PBE+U with the Materials Project's corrections since 2021."""

SCHEME_OF_CLASS = {
    "MaterialsProjectCompatibility": MP_LEGACY,
    "MaterialsProject2020Compatibility": MP_2020,
    "MaterialsProjectDFTMixingScheme": "MP-r2SCAN-mixed",
}
"""pymatgen's class that made an energy's corrections → name of the scheme."""
CORRECTED = (MP_LEGACY, MP_2020)
"""Schemes in which every compound of oxygen is corrected."""
SHOWN = 5


def entries_of_energies(
    energies_eV: Mapping[str, float], *, scheme: str, source: str
) -> Entries:
    """Entries from total energies of one kind, the elements among them.

    Parameters
    ----------
    energies_eV
        Formula → total energy of just these atoms [eV]: ``"Li2O"`` per formula unit,
        ``"Li4O2"`` for twice that. Every element must be there, for it is the zero.
    scheme
        Level of theory and corrections, as one name. Energies of different schemes are
        never mixed.
    source
        Where the energies come from.

    Returns
    -------
    Entries
        Formation energies, the lowest one where a composition comes several times.

    Raises
    ------
    InputError
        If an element has no energy, or an energy is not finite.

    Notes
    -----
    ΔE_f = (E − Σ n_i E_i) / Σ n_i, with E_i the lowest energy per atom of element i.

    Examples
    --------
    >>> own = entries_of_energies(
    ...     {"Li": -1.9, "Cl2": -3.6, "LiCl": -7.2}, scheme="PBE", source="GPAW"
    ... )
    >>> round(own.formation_energy("LiCl"), 3)
    -1.75

    """
    rows = [(formula, float(energy)) for formula, energy in energies_eV.items()]
    return _relative_to_elements(rows, scheme=scheme, source=source)


def entries_of_structures(
    structures: Sequence[Atoms], potential: Potential, *, source: str | None = None
) -> tuple[Entries, tuple[Failure, ...]]:
    """Entries from the energies of a potential, evaluated in one batch.

    Parameters
    ----------
    structures
        Crystals at rest, each element among them.
    potential
        What evaluates them. Its name, level and weights are the scheme.
    source
        Where the energies come from; by default the potential's name.

    Returns
    -------
    Entries
        Formation energies relative to the elements of the same potential.
    tuple of Failure
        Structures without an energy.

    Raises
    ------
    InputError
        If an element is not among the structures.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from ase.calculators.emt import EMT
    >>> from mlip.ase_potential import AsePotential
    >>> alloy = bulk("Cu", cubic=True)
    >>> alloy.symbols[0] = "Au"
    >>> found, failures = entries_of_structures(
    ...     [bulk("Cu"), bulk("Au"), alloy], AsePotential(EMT(), name="emt")
    ... )
    >>> len(found), found.scheme, len(failures)
    (1, 'emt (empirical)', 0)

    """
    evaluation = potential.evaluate(list(structures))
    rows = [
        (atoms.get_chemical_formula(), float(energy))
        for atoms, energy in zip(structures, evaluation.energies, strict=True)
        if np.isfinite(energy)
    ]
    entries = _relative_to_elements(
        rows, scheme=potential.identity, source=source or potential.name
    )
    return entries, tuple(evaluation.failures)


def entries_of_computed(
    computed: Iterable["ComputedEntry"],
    *,
    source: str,
    scheme: str | None = None,
) -> Entries:
    """Entries from pymatgen's, with the corrections that these carry.

    Parameters
    ----------
    computed
        Entries of pymatgen, for example of the Materials Project, each element among
        them.
    source
        Where they come from.
    scheme
        Name of the correction scheme. By default it is read from the entries'
        corrections; entries without any leave it open and need the name.

    Returns
    -------
    Entries
        Formation energies relative to the elements among the entries.

    Raises
    ------
    InputError
        If the entries carry corrections of two schemes, or of another than the given
        one, or of none where none is given; if compounds of oxygen, which every scheme
        of the Materials Project corrects, carry none in such a scheme; or if an element
        is missing.

    Examples
    --------
    >>> from pymatgen.core import Composition
    >>> from pymatgen.entries.computed_entries import ComputedEntry
    >>> bare = [
    ...     ComputedEntry(Composition("Li"), -1.9),
    ...     ComputedEntry(Composition("O2"), -9.9),
    ...     ComputedEntry(Composition("Li2O"), -14.3),
    ... ]
    >>> own = entries_of_computed(bare, source="our own VASP", scheme="PBE")
    >>> round(own.formation_energy("Li2O"), 3), own.scheme
    (-1.85, 'PBE')

    """
    all_of_them = list(computed)
    found = {name for entry in all_of_them for name in _schemes(entry)}
    if scheme is not None:
        found.add(scheme)
    if len(found) > 1:
        raise InputError(
            "computed must have the corrections of one scheme; got "
            f"{' and '.join(sorted(found))}. Keep the entries of one of them."
        )
    if not found:
        raise InputError(
            "scheme must be given for entries that carry no corrections; got None. "
            "Name their level of theory, such as scheme='PBE'."
        )
    named = found.pop()
    bare = sorted(
        {
            entry.composition.reduced_formula
            for entry in all_of_them
            if "O" in entry.composition
            and len(entry.composition) > 1
            and not _schemes(entry)
        }
    )
    if bare and named in CORRECTED:
        raise InputError(
            f"computed must carry the corrections of {named} for all compounds of "
            f"oxygen; got none for {', '.join(bare[:SHOWN])}. Correct them with "
            "pymatgen's compatibility classes, or name their own level, such as "
            "scheme='PBE'."
        )
    rows = [
        (_text(entry.composition.get_el_amt_dict()), float(entry.energy))
        for entry in all_of_them
    ]
    return _relative_to_elements(rows, scheme=named, source=source)


def _schemes(entry: "ComputedEntry") -> set[str]:
    """Names of the schemes whose corrections an entry carries."""
    names = set()
    for adjustment in getattr(entry, "energy_adjustments", ()):
        made_by: Any = adjustment.cls
        name = (
            made_by.get("@class")
            if isinstance(made_by, dict)
            else type(made_by).__name__
        )
        if name and name != "NoneType":
            names.add(SCHEME_OF_CLASS.get(name, name))
    return names


def _relative_to_elements(
    rows: Sequence[tuple[str, float]], *, scheme: str, source: str
) -> Entries:
    """Turn total energies into formation energies, the lowest of each element zero."""
    amounts = [read_formula(formula) for formula, _ in rows]
    zeros: dict[str, float] = {}
    for each, (formula, energy) in zip(amounts, rows, strict=True):
        if not np.isfinite(energy):
            raise InputError(
                f"energies_eV must be finite; got {energy!r} for {formula}. "
                "Leave out what has no energy."
            )
        if len(each) == 1:
            ((symbol, amount),) = each.items()
            zeros[symbol] = min(zeros.get(symbol, np.inf), energy / amount)
    missing = sorted({s for each in amounts for s in each} - set(zeros))
    if missing:
        raise InputError(
            "energies must include every element, relative to which compounds form; "
            f"got none for {', '.join(missing)}. Add it, calculated in the same way, "
            "or anchor the compound on phases of known energy (anchored_energy)."
        )
    compounds: dict[str, float] = {}
    for each, (formula, energy) in zip(amounts, rows, strict=True):
        if len(each) > 1:
            relative = energy - sum(n * zeros[symbol] for symbol, n in each.items())
            relative /= sum(each.values())
            compounds[formula] = min(compounds.get(formula, np.inf), relative)
    return Entries.of(compounds, scheme=scheme, source=source)


def _text(amounts: Mapping[str, float]) -> str:
    """Write amounts as a formula that can be read again, without exponents."""
    return "".join(
        f"{re.sub('[^A-Za-z]', '', symbol)}{amount:.10f}".rstrip("0").rstrip(".")
        for symbol, amount in amounts.items()
    )
