"""Features of a dopant: what it is, how it is coordinated, how it binds oxygen."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from ase import Atoms

from screening.oxides import bond_energy, oxide_enthalpy
from structures.coordination import coordination
from training_data.errors import InputError

FEATURES = (
    "oxidation_state",
    "ionic_radius_A",
    "crystal_radius_A",
    "atomic_mass_amu",
    "electronegativity",
    "ionization_energy_eV",
    "oxide_enthalpy_eV_per_atom",
    "coordination_number",
    "coordination_times_enthalpy_per_cation_eV",
    "coordination_times_enthalpy_per_oxygen_eV",
    "radius_ratio",
    "n_sp_electrons",
    "n_d_electrons",
    "n_f_electrons",
    "bond_energy_eV",
)
"""The fifteen features, in the order of the article."""
SYMBOLS = MappingProxyType(
    {
        "oxidation_state": "VS",
        "ionic_radius_A": "rⁱ",
        "crystal_radius_A": "rᶜ",
        "atomic_mass_amu": "AM",
        "electronegativity": "χ",
        "ionization_energy_eV": "IE",
        "oxide_enthalpy_eV_per_atom": "ΔHf,x+y",
        "coordination_number": "CN",
        "coordination_times_enthalpy_per_cation_eV": "CN×ΔHf,x",
        "coordination_times_enthalpy_per_oxygen_eV": "CN×ΔHf,y",
        "radius_ratio": "rⁱ/rO",
        "n_sp_electrons": "s+p",
        "n_d_electrons": "d",
        "n_f_electrons": "f",
        "bond_energy_eV": "BDE",
    }
)
"""Feature → its symbol in the article."""
OXYGEN_RADIUS_A = 1.40
"""Shannon's ionic radius of O2− in sixfold coordination."""
CRYSTAL_MINUS_IONIC_A = 0.14
"""Shannon's crystal radii of cations are larger than his ionic radii by this."""
ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")


@dataclass(frozen=True, kw_only=True)
class DopantFeatures:
    """Fifteen features of one ion on one site, each with its source.

    Parameters
    ----------
    element
        Chemical symbol.
    oxidation_state
        Charge of the ion [e].
    coordination_number
        Number of oxygen neighbours.
    values
        Feature → value; None where no source gives it.
    sources
        Feature → where the value comes from, or why there is none.

    """

    element: str
    oxidation_state: int
    coordination_number: float
    values: Mapping[str, float | None]
    sources: Mapping[str, str]

    @property
    def missing(self) -> tuple[str, ...]:
        """Features without a value."""
        return tuple(name for name in FEATURES if self.values[name] is None)

    @property
    def row(self) -> tuple[float, ...]:
        """Values in the order of :data:`FEATURES`, NaN where missing."""
        return tuple(
            float("nan") if (value := self.values[name]) is None else value
            for name in FEATURES
        )

    def to_json(self) -> dict[str, Any]:
        """Values and sources."""
        return {
            "element": self.element,
            "oxidation_state": self.oxidation_state,
            "coordination_number": self.coordination_number,
            "values": dict(self.values),
            "sources": dict(self.sources),
        }


def dopant_features(
    element: str, *, oxidation_state: int, coordination_number: float
) -> DopantFeatures:
    """Fifteen features of an ion, after Liu et al., with a source for every number.

    Parameters
    ----------
    element
        Chemical symbol.
    oxidation_state
        Charge of the ion [e], positive.
    coordination_number
        Number of oxygen neighbours on its site; need not be whole (see
        :func:`dopant_coordination`). Shannon's radius is taken at the nearest whole
        number.

    Returns
    -------
    DopantFeatures
        Values, None where no source gives one, and sources.

    Raises
    ------
    InputError
        If the element is unknown, the charge not positive or the number not above 0.

    Notes
    -----
    The article speaks of ionic and "atomic" radii from Shannon, who lists ionic and
    *crystal* radii; the latter are taken. They differ by 0.14 Å for every cation, and
    the ratio to oxygen is the ionic radius over 1.40 Å: three features, one number.
    Electrons are those of the neutral atom's ground state outside the noble-gas core.

    ==================== =============================================
    symbol               variable
    ==================== =============================================
    VS                   ``oxidation_state``
    r^i, r^c, r^i/r_O    ``ionic_radius_A``, ``crystal_radius_A``, ``radius_ratio``
    AM, χ, IE            ``atomic_mass_amu``, ``electronegativity``,
                         ``ionization_energy_eV``
    ΔH_f,x+y             ``oxide_enthalpy_eV_per_atom``
    CN                   ``coordination_number``
    CN×ΔH_f,x, CN×ΔH_f,y ``coordination_times_enthalpy_per_cation_eV``,
                         ``coordination_times_enthalpy_per_oxygen_eV``
    s+p, d, f            ``n_sp_electrons``, ``n_d_electrons``, ``n_f_electrons``
    BDE                  ``bond_energy_eV``
    ==================== =============================================

    References
    ----------
    B. Liu et al., J. Mater. Chem. A 7, 19961 (2019), doi:10.1039/C9TA06748E.
    R. D. Shannon, Acta Cryst. A 32, 751 (1976), doi:10.1107/S0567739476001551.

    Examples
    --------
    >>> found = dopant_features("Al", oxidation_state=3, coordination_number=4)
    >>> found.values["ionic_radius_A"], found.values["bond_energy_eV"]
    (0.39, 5.165)
    >>> dopant_features("Ce", oxidation_state=4, coordination_number=6).missing
    ('bond_energy_eV',)

    """
    if not coordination_number > 0:
        raise InputError(
            f"coordination_number must be positive; got {coordination_number!r}. "
            "Give the number of oxygen neighbours, for example 6."
        )
    oxide = oxide_enthalpy(element, oxidation_state)
    found: dict[str, tuple[float | None, str]] = {
        "oxidation_state": (float(oxidation_state), "given"),
        "coordination_number": (float(coordination_number), "given"),
        **_of_element(element),
        **_radii(element, oxidation_state, coordination_number),
    }
    if oxide is None:
        nothing = (None, "no oxide known")
        found["oxide_enthalpy_eV_per_atom"] = nothing
        found["coordination_times_enthalpy_per_cation_eV"] = nothing
        found["coordination_times_enthalpy_per_oxygen_eV"] = nothing
    else:
        told = f"{oxide.formula}: {oxide.source}"
        found["oxide_enthalpy_eV_per_atom"] = (oxide.per_atom_eV, told)
        found["coordination_times_enthalpy_per_cation_eV"] = (
            coordination_number * oxide.per_cation_eV,
            told,
        )
        found["coordination_times_enthalpy_per_oxygen_eV"] = (
            coordination_number * oxide.per_oxygen_eV,
            told,
        )
    found["bond_energy_eV"] = bond_energy(element) or (None, "in no source used here")
    return DopantFeatures(
        element=element,
        oxidation_state=oxidation_state,
        coordination_number=float(coordination_number),
        values=MappingProxyType({name: found[name][0] for name in FEATURES}),
        sources=MappingProxyType({name: found[name][1] for name in FEATURES}),
    )


def dopant_coordination(
    atoms: Atoms, *, element: str, ligand: str = "O", cutoff_A: float | None = None
) -> float:
    """Mean number of ligands around the dopants of a structure.

    Parameters
    ----------
    atoms
        Doped structure, best at rest.
    element
        Dopant.
    ligand
        Element that is counted.
    cutoff_A
        Longest bond [Å]; by default the one of :func:`structures.coordination`.

    Returns
    -------
    float
        Mean over all atoms of that element.

    Raises
    ------
    InputError
        If the element or the ligand is not in the structure, or nothing is bonded.

    Examples
    --------
    >>> from ase.build import bulk
    >>> magnesia = bulk("MgO", "rocksalt", a=4.21)
    >>> dopant_coordination(magnesia, element="Mg")
    6.0

    """
    for name, symbol in (("element", element), ("ligand", ligand)):
        if symbol not in atoms.get_chemical_symbols():
            raise InputError(
                f"{name} must be in the structure; got {symbol!r} for "
                f"{atoms.get_chemical_formula()}. Name an element that it holds."
            )
    found = coordination(atoms, centre=element, ligand=ligand, cutoff_A=cutoff_A)
    number = float(np.mean(found.numbers))
    if number == 0:
        raise InputError(
            f"cutoff_A must reach {ligand} around {element}; got {cutoff_A!r}, within "
            "which there is none. Give a longer one."
        )
    return number


def _of_element(element: str) -> dict[str, tuple[float | None, str]]:
    """Features of the element alone, from pymatgen's periodic table."""
    from pymatgen.core import Element  # noqa: PLC0415

    entry = Element(element)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # says only that χ is missing; None says so too
        electronegativity = float(entry.X)
    energy = entry.ionization_energy
    electrons = {"s": 0, "p": 0, "d": 0, "f": 0}
    for part in entry.electronic_structure.split("."):
        if not part.startswith("["):
            electrons[part[1]] += int(part[2:])
    ground_state = "ground state of the neutral atom (pymatgen)"
    return {
        "atomic_mass_amu": (float(entry.atomic_mass), "pymatgen"),
        "electronegativity": (
            (electronegativity, "Pauling (pymatgen)")
            if electronegativity > 0
            else (None, "Pauling gives none")
        ),
        "ionization_energy_eV": (
            (None, "NIST gives none") if energy is None else (energy, "NIST (pymatgen)")
        ),
        "n_sp_electrons": (float(electrons["s"] + electrons["p"]), ground_state),
        "n_d_electrons": (float(electrons["d"]), ground_state),
        "n_f_electrons": (float(electrons["f"]), ground_state),
    }


def _radii(
    element: str, oxidation_state: int, coordination_number: float
) -> dict[str, tuple[float | None, str]]:
    """Shannon's radii at one coordination; high spin where he gives both."""
    from pymatgen.core import Element  # noqa: PLC0415

    table = (Element(element).data.get("Shannon radii") or {}).get(
        str(oxidation_state), {}
    )
    nearest = min(max(round(coordination_number), 1), len(ROMAN))
    number = ROMAN[nearest - 1]
    kind = next((key for key in (number, f"{number}SQ") if key in table), None)
    names = ("ionic_radius_A", "crystal_radius_A", "radius_ratio")
    if kind is None:
        told = f"Shannon gives none at coordination {number}"
        return dict.fromkeys(names, (None, told))
    radius = max(float(spin["ionic_radius"]) for spin in table[kind].values())
    values = (
        radius,
        round(radius + CRYSTAL_MINUS_IONIC_A, 4),
        radius / OXYGEN_RADIUS_A,
    )
    told = f"Shannon 1976, coordination {kind} (pymatgen)"
    return {name: (value, told) for name, value in zip(names, values, strict=True)}
