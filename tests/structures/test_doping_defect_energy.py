"""Defect energies are reaction energies with the phases that are stated."""

from collections import Counter
from dataclasses import replace

import pytest
from ase import Atoms
from ase.build import bulk
from hypothesis import given, settings
from hypothesis import strategies as st

from structures.charge_balance import balance_charge
from structures.chemical_potentials import chemical_potentials
from structures.defect_energy import DefectEnergy, defect_energy
from structures.dopants import load_llzo_dopants, read_ion
from structures.reference_oxides import build_reference_oxide, oxide_ions
from structures.reference_phases import reference_structures
from training_data.errors import InputError

LLZO = {"Li": 56, "La": 24, "Zr": 16, "O": 96}
OXIDES = ("Li2O", "La2O3", "ZrO2", "Al2O3")
COUNTS = {
    "Li": {"Li": 1},
    "Li2O": {"Li": 2, "O": 1},
    "La2O3": {"La": 2, "O": 3},
    "ZrO2": {"Zr": 1, "O": 2},
    "Al2O3": {"Al": 2, "O": 3},
}
energies = st.floats(-50, 50)


def _doped():
    return balance_charge(
        LLZO, dopant="Al", oxidation_state=3, replaced="Li", n_dopants=2
    ).counts


def _aluminium(phases, doped_eV=-1500.0, host_eV=-1510.0):
    return defect_energy(
        doped_counts=_doped(),
        doped_energy_eV=doped_eV,
        host_counts=LLZO,
        host_energy_eV=host_eV,
        phases=phases,
        n_dopants=2,
    )


@settings(deadline=None)  # the first example imports pymatgen
@given(st.tuples(energies, energies, energies, energies, energies))
def test_compound_that_is_a_sum_of_its_atoms_costs_nothing(per_atom):
    """E = Σ n ε for cells and phases alike: the defect energy vanishes exactly."""
    values = dict(zip(("Li", "La", "Zr", "Al", "O"), per_atom, strict=True))

    def total(counts):
        return sum(n * values[e] for e, n in counts.items())

    found = _aluminium(
        {name: total(counts) for name, counts in COUNTS.items()},
        doped_eV=total(_doped()),
        host_eV=total(LLZO),
    )
    scale = sum(n * abs(values[e]) for e, n in LLZO.items()) + 1
    assert abs(found.energy_eV) < 1e-11 * scale
    for element, value in values.items():
        found_value = found.chemical_potentials_eV[element]
        assert found_value == pytest.approx(value, abs=1e-10 * scale)


def test_reaction_of_aluminium_in_the_garnet():
    """Host + Al2O3 → doped + 3 Li2O: two Al in, six Li out, by oxides alone."""
    phases = {"Li": -1.9, "Li2O": -14.0, "La2O3": -42.0, "ZrO2": -28.0, "Al2O3": -37.0}
    found = _aluminium(phases)
    assert found.exchanged == {"Al": 2, "Li": -6}
    assert found.reaction == {
        "Li": 0.0,
        "Li2O": -3.0,
        "La2O3": 0.0,
        "ZrO2": 0.0,
        "Al2O3": 1.0,
    }
    by_hand = (-1500.0 - 3 * 14.0) - (-1510.0 - 37.0)
    assert found.energy_eV == pytest.approx(by_hand, rel=1e-12)
    assert found.energy_per_dopant_eV == pytest.approx(by_hand / 2, rel=1e-12)


@pytest.mark.parametrize("lithium", [-5.0, -1.9, 3.0])
def test_lithium_potential_does_not_matter_for_an_oxide_of_the_same_charge(lithium):
    phases = {"Li2O": -14.0, "La2O3": -42.0, "ZrO2": -28.0, "Al2O3": -37.0}
    found = _aluminium({**phases, "Li": lithium})
    assert found.energy_eV == pytest.approx(5.0, rel=1e-9)


def test_charge_that_differs_from_the_oxides_takes_up_lithium():
    """Ce3+ from CeO2: each takes one Li to be reduced, and the result shows it."""
    balance = balance_charge(
        LLZO, dopant="Ce", oxidation_state=3, replaced="La", n_dopants=2
    )
    found = defect_energy(
        doped_counts=balance.counts,
        doped_energy_eV=-1.0,
        host_counts=LLZO,
        host_energy_eV=0.0,
        phases={"Li": -1.9, "Li2O": -14, "La2O3": -42, "ZrO2": -28, "CeO2": -26},
        n_dopants=2,
    )
    assert found.reaction["CeO2"] == 2
    assert found.reaction["La2O3"] == -1
    assert found.reaction["Li"] == 2
    assert found.reaction["Li2O"] == -1


@pytest.mark.parametrize(
    ("energy", "passes"), [(1.99, True), (2.01, False), (-3.0, True)]
)
def test_filter_of_two_electronvolts(energy, passes):
    found = DefectEnergy(
        energy_eV=2 * energy,
        energy_per_dopant_eV=energy,
        doped_energy_eV=0,
        host_energy_eV=0,
        exchanged={},
        reaction={},
        chemical_potentials_eV={},
        phases={},
        converged=True,
    )
    assert found.below() is passes
    assert found.below(cutoff_eV=energy + 0.1)
    with pytest.raises(InputError, match="at rest"):
        replace(found, converged=False).below()


@pytest.mark.parametrize(
    ("phases", "words"),
    [
        ({"Li": -1.9}, "every element"),
        ({"Li2O": -14.0}, "as many"),
        ({"Li": -1.9, "Li2O": float("nan")}, "finite"),
        ({"Li2O": -14.0, "Li4O2": -28.0}, "depend on each other"),
        ({"Li": -1.9, "Li2O": -14.0, "Al2O3": -37.0, "Al": -3.7}, "as many"),
    ],
)
def test_phases_that_fix_nothing_are_refused(phases, words):
    with pytest.raises(InputError, match=words):
        _aluminium(phases)


def test_potentials_are_those_of_pymatgens_equilibrium():
    """A corner of the stability region of Li2O in Li-O, where Li and Li2O meet."""
    from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram  # noqa: PLC0415

    entries = {"Li": -1.9, "O": -4.9, "Li2O": -14.3}
    diagram = PhaseDiagram([PDEntry(f, e) for f, e in entries.items()])
    corner = diagram.get_composition_chempots(
        PDEntry("Li3O", 0).composition  # between Li and Li2O
    )
    ours = chemical_potentials({"Li": -1.9, "Li2O": -14.3}).values_eV
    assert {str(e): v for e, v in corner.items()} == pytest.approx(ours, rel=1e-9)


@pytest.mark.parametrize("ion", oxide_ions())
def test_oxide_is_neutral_with_the_charge_it_stands_for(ion):
    element, charge = read_ion(ion)
    atoms = build_reference_oxide(element, charge)
    counts = Counter(atoms.get_chemical_symbols())
    lithium = counts["Li"] if element != "Li" else 0
    assert counts[element] * charge + lithium == 2 * counts["O"]


AFLOW = {
    "Na+": "AB2_cF12_225",
    "Ag+": "A2B_cP6_224",
    "Mg2+": "AB_cF8_225",
    "Zn2+": "AB_hP4_186_b_b",
    "Pb2+": "AB_tP4_129_a_c",
    "Al3+": "A2B3_hR10_167_c_e",
    "Ce3+": "A3B2_hP5_164_ad_d",
    "Th4+": "AB2_cF12_225",
    "Ti4+": "A2B_tP6_136_f_a",
    "Hf4+": "A2B_mP12_14_2e_e",
    "Nb5+": "ABC3_hR10_161_a_a_b",
}


@pytest.fixture(scope="module")
def aflow():
    """Structures of the AFLOW library, as pymatgen ships them, by label."""
    import gzip  # noqa: PLC0415
    import json  # noqa: PLC0415
    from importlib.util import find_spec  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    # importing the package would decode the whole library, which takes seconds
    spec = find_spec("pymatgen.analysis.prototypes")
    folder = Path(spec.submodule_search_locations[0])
    with gzip.open(folder / "aflow_prototypes.json.gz") as stream:
        library = json.load(stream)
    return [(entry["tags"]["aflow"], entry["snl"]) for entry in library]


@pytest.mark.parametrize("ion", AFLOW)
def test_structure_type_is_the_one_of_the_aflow_library(ion, aflow):
    from pymatgen.analysis.structure_matcher import StructureMatcher  # noqa: PLC0415
    from pymatgen.core import Structure  # noqa: PLC0415
    from pymatgen.io.ase import AseAtomsAdaptor  # noqa: PLC0415

    known = [
        Structure.from_dict(entry)
        for label, entry in aflow
        if label.startswith(AFLOW[ion])
    ]
    structure = AseAtomsAdaptor.get_structure(build_reference_oxide(*read_ion(ion)))
    matcher = StructureMatcher()
    assert known
    assert any(matcher.fit_anonymous(structure, one) for one in known)


@pytest.mark.parametrize(
    ("element", "charge", "group", "volume_A3"),
    [  # measured volumes per formula unit, room temperature
        ("Mg", 2, "Fm-3m", 18.7),
        ("Cu", 2, "C2/c", 20.3),
        ("Pd", 2, "P4_2/mmc", 24.7),
        ("Al", 3, "R-3c", 42.5),
        ("Sc", 3, "Ia-3", 119.0 / 2),
        ("La", 3, "P-3m1", 82.3),
        ("Ce", 4, "Fm-3m", 39.6),
        ("Ti", 4, "P4_2/mnm", 31.2),
        ("Hf", 4, "P2_1/c", 34.6),
        ("Te", 4, "P4_12_12", 44.1),
        ("Ta", 5, "R3c", 53.0),
        ("Mo", 6, "Pnma", 50.8),
    ],
)
def test_constructed_oxide_is_near_the_measured_one(element, charge, group, volume_A3):
    import warnings  # noqa: PLC0415

    import spglib  # noqa: PLC0415

    atoms = build_reference_oxide(element, charge)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = spglib.get_spacegroup(
            (atoms.cell[:], atoms.get_scaled_positions(), atoms.numbers), symprec=1e-3
        )
    assert found.split()[0] == group
    counts = Counter(atoms.get_chemical_symbols())
    per_formula = {1: 1, 2: 1, 3: 2, 4: 1, 5: 1, 6: 1}[charge]
    n_units = counts[element] / per_formula
    # sums of ionic radii reproduce mean distances to 0.05 Å: 3 δd/d at d = 2.1 Å. A
    # radius of another coordination number or charge is off by 0.1 Å or more
    rel = 3 * 0.05 / 2.1
    assert atoms.get_volume() / n_units == pytest.approx(volume_A3, rel=rel)


def test_ion_without_an_oxide_is_refused():
    with pytest.raises(InputError, match="reference phase"):
        build_reference_oxide("Cl", 5)


def test_most_of_the_dopant_list_has_a_reference():
    known = set(oxide_ions())
    missing = {row.ion for row in load_llzo_dopants()} - known
    listed = "As3+ Au3+ Bi3+ Bi5+ Br3+ Cl5+ Co3+ Ge2+ Hg2+ I5+ Ir3+ Pa5+ Ru3+ S4+ Sb3+"
    assert missing == {*listed.split(), "Se4+", "Te6+", "U6+"}


def test_phases_of_the_garnet():
    garnet = Atoms("Li7La3Zr2O12", cell=[9, 9, 9], pbc=True)
    phases = reference_structures(garnet, ions={"Al": 3})
    assert set(phases) == {"Li", "Li2O", "La2O3", "ZrO2", "Al2O3"}
    fewer = reference_structures(garnet, ions={"Al": 3}, fixed_by_host="Zr")
    assert set(phases) - set(fewer) == {"ZrO2"}
    with pytest.raises(InputError, match="fixed_by_host"):
        reference_structures(garnet, ions={"Al": 3}, fixed_by_host="Hf")


def test_host_without_lithium_is_refused():
    with pytest.raises(InputError, match="oxide that contains lithium"):
        reference_structures(bulk("MgO", "rocksalt", a=4.2), ions={"Al": 3})
