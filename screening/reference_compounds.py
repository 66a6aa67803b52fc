"""Compound of known formation energy that stands for each dopant."""

from collections.abc import Collection, Iterator, Sequence

import numpy as np
from ase import Atoms

from mlip.potential import Potential
from screening.formulas import reduced_formula
from structures.dopants import LlzoDopant
from structures.prototypes.lithium import build_lithium
from structures.prototypes.oxides import LI2O_SITES
from structures.prototypes.wyckoff import crystal_from_sites
from structures.reference_oxides import build_reference_oxide, oxide_ions
from structures.reference_phases import relaxed_phases
from training_data.errors import Failure, InputError

HALIDES_A = {"Cl": 5.13, "Br": 5.50, "I": 6.03}
"""Lattice constants of the lithium halides [Å], to start a relaxation from."""
CHALCOGENIDES_A = {"S": 5.72, "Se": 6.01}
PNICTIDES_A = {"Sb": 6.57, "Bi": 6.72}
OTHER_CHARGE = {
    "Te": 4,
    "Co": 2,
    "Ge": 4,
    "Ru": 4,
    "Ir": 4,
    "U": 4,
}
"""Charge with a simple oxide, where that of the dopant has none."""
METALS = {"Au": ("fcc", 4.17)}
HOST_CATIONS = (("Li", 1), ("La", 3), ("Zr", 4))
MAX_STEPS = 150


def build_reference_compound(dopant: LlzoDopant) -> Atoms:
    """Compound that fixes the energy of a dopant, to be relaxed before use.

    The oxide of the same charge where its structure is simple; else the salt that the
    element forms with lithium (LiCl, Li2S, Li3Bi), an oxide of another charge, or
    what `Notes` says.

    Parameters
    ----------
    dopant
        Row of the dopant list.

    Returns
    -------
    Atoms
        Primitive or conventional cell.

    Raises
    ------
    InputError
        If no such compound is known here.

    Notes
    -----
    The systematic error of a potential cancels best between compounds in which the
    element has one charge. Where only another is at hand the result is worth less:
    Cl5+ from LiCl compares oxidised with reduced chlorine. Hg2+ refers to LiHg (CsCl
    type), Au3+ to gold and Pa5+ to PaO2 in the structure of UO2; no compound of
    arsenic has a simple structure.

    Examples
    --------
    >>> from structures.dopants import load_llzo_dopants
    >>> rows = {row.name: row for row in load_llzo_dopants()}
    >>> build_reference_compound(rows["Al3+-Li"]).get_chemical_formula()
    'Al4O6'
    >>> build_reference_compound(rows["Cl5+-Zr"]).get_chemical_formula()
    'Cl4Li4'

    """
    element = dopant.element
    if dopant.ion in oxide_ions():
        return build_reference_oxide(element, dopant.oxidation_state)
    if element in OTHER_CHARGE:
        return build_reference_oxide(element, OTHER_CHARGE[element])
    if element == "Pa":
        atoms = build_reference_oxide("U", 4)
        atoms.symbols[np.array(atoms.get_chemical_symbols()) == "U"] = "Pa"
        return atoms
    found = _salt(element)
    if found is None:
        raise InputError(
            f"dopant must have a reference compound; got {dopant.ion}, for which none "
            "is known here. Leave it out, or give its energy from elsewhere."
        )
    return found


def relax_reference_compounds(
    dopants: Sequence[LlzoDopant],
    potential: Potential,
    *,
    known: Collection[str] = (),
) -> Iterator[tuple[str, float | Failure]]:
    """Energies of the reference compounds of many dopants, one after the other.

    Lithium and the oxides of lithium, lanthanum and zirconium come first. A compound
    that several dopants share is relaxed once; a dopant without one is left out.

    Parameters
    ----------
    dopants
        Rows of the dopant list.
    potential
        What relaxes the compounds, cell and positions.
    known
        Formulas that need not be relaxed again.

    Yields
    ------
    tuple
        Formula, and energy [eV per formula unit] or why there is none.

    """
    wanted = {"Li": build_lithium("bcc")}
    for element, charge in HOST_CATIONS:
        atoms = build_reference_oxide(element, charge)
        wanted[reduced_formula(atoms.get_chemical_formula())] = atoms
    for dopant in dopants:
        try:
            atoms = build_reference_compound(dopant)
        except InputError:
            continue
        wanted.setdefault(reduced_formula(atoms.get_chemical_formula()), atoms)
    for formula, atoms in wanted.items():
        if formula in known:
            continue
        found = relaxed_phases({formula: atoms}, potential, max_steps=MAX_STEPS)
        yield formula, found[formula]


def _salt(element: str) -> Atoms | None:
    """Compound of the element with lithium, or the metal itself."""
    if element in HALIDES_A:
        sites = [("Li4a", "Li", (0, 0, 0)), ("X4b", element, (0.5, 0.5, 0.5))]
        return _cubic(sites, HALIDES_A[element])
    if element in CHALCOGENIDES_A:
        sites = [
            (name, element if species == "O" else species, position)
            for name, species, position in LI2O_SITES
        ]
        return _cubic(sites, CHALCOGENIDES_A[element])
    if element in PNICTIDES_A:
        sites = [
            ("X4a", element, (0, 0, 0)),
            ("Li4b", "Li", (0.5, 0.5, 0.5)),
            ("Li8c", "Li", (0.25, 0.25, 0.25)),
        ]
        return _cubic(sites, PNICTIDES_A[element])
    if element == "Hg":
        return Atoms("LiHg", [(0, 0, 0), (1.64, 1.64, 1.64)], cell=[3.29] * 3, pbc=True)
    if element in METALS:
        from ase.build import bulk  # noqa: PLC0415 (slow to import)

        structure, a_A = METALS[element]
        return bulk(element, structure, a=a_A)
    return None


def _cubic(
    sites: list[tuple[str, str, tuple[float, float, float]]], a_A: float
) -> Atoms:
    return crystal_from_sites(sites, space_group=225, cell=(a_A, a_A, a_A, 90, 90, 90))
