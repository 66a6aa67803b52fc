"""Doped cells: composition, charge, distances, and the order of their energies."""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.lj import LennardJones

from mlip.ase_potential import AsePotential
from structures.disordered_crystal import DisorderedCrystal
from structures.doping import build_doped
from structures.doping_host import prepare_host
from structures.prototypes.llzo import build_llzo_cubic, build_llzo_tetragonal
from structures.site_labels import site_labels
from training_data.errors import InputError

CHARGES = {"Li": 1, "La": 3, "Zr": 4, "O": -2}
QUICK = {"n_runs": 2, "n_sweeps": 40}


@pytest.fixture(scope="module")
def garnet():
    return prepare_host(build_llzo_cubic())


def _dope(host, ion, charge, site, *, seed=0, **changed):
    given = {"n_dopants": 2, "n_candidates": 2, **QUICK, **changed}
    return build_doped(
        host,
        dopant=ion,
        oxidation_state=charge,
        site=site,
        rng=np.random.default_rng(seed),
        **given,
    )


def _ewald(atoms, charges):
    """Electrostatic energy by pymatgen, from the decorated structure alone."""
    from pymatgen.analysis.ewald import EwaldSummation  # noqa: PLC0415
    from pymatgen.core import Species, Structure  # noqa: PLC0415

    species = [Species(s, charges[s]) for s in atoms.get_chemical_symbols()]
    structure = Structure(atoms.cell.array, species, atoms.get_scaled_positions())
    return EwaldSummation(structure).total_energy


@pytest.mark.parametrize(
    ("ion", "charge", "site", "lithium"),
    [
        ("Al", 3, "Li", 50),
        ("Ca", 2, "La", 58),
        ("Y", 3, "Zr", 58),
        ("Ta", 5, "Zr", 54),
        ("Hf", 4, "Zr", 56),
    ],
)
def test_doped_garnet(garnet, ion, charge, site, lithium):
    doping = _dope(garnet, ion, charge, site)
    counts = {"Li": 56, "La": 24, "Zr": 16, "O": 96} | {ion: 2}
    counts[site] -= 2
    counts["Li"] = lithium
    assert len(doping.cells) == 2
    for cell in doping.cells:
        atoms = cell.atoms
        assert Counter(atoms.get_chemical_symbols()) == counts
        charges = CHARGES | {ion: charge}
        assert sum(charges[s] for s in atoms.get_chemical_symbols()) == 0
        mobile = atoms.symbols.search("Li")
        if site == "Li":
            mobile = np.append(mobile, atoms.symbols.search(ion))
        distances = atoms.get_all_distances(mic=True)
        near = distances[np.ix_(mobile, mobile)] + 99 * np.eye(len(mobile))
        assert near.min() > 2.0
        everything = distances + 99 * np.eye(len(atoms))
        assert cell.minimum_distance_A == pytest.approx(everything.min(), rel=1e-9)
        dopants = atoms.symbols.search(ion)
        others = np.setdiff1d(np.arange(len(atoms)), dopants)
        assert cell.dopant_neighbour_A == pytest.approx(
            distances[np.ix_(dopants, others)].min(), rel=1e-9
        )
        assert cell.electrostatic_energy_eV == pytest.approx(
            _ewald(atoms, charges), abs=1e-4 * len(atoms)
        )
        labels = site_labels(atoms)
        assert all(label.startswith(site) for label in cell.dopant_sites)
        assert [labels[i] for i in atoms.symbols.search(ion)] == list(cell.dopant_sites)
    energies = [cell.electrostatic_energy_eV for cell in doping.cells]
    assert energies == sorted(energies)
    assert doping.charge == 0
    assert doping.minimum_distance_A > 1.8


def test_combinations_of_sites_take_turns(garnet):
    """The four lithium placements tried first hold each combination of site names."""
    doping = _dope(garnet, "Al", 3, "Li", n_candidates=3)
    names = {tuple(sorted(cell.dopant_sites)) for cell in doping.cells}
    assert names == {
        ("Li24d", "Li24d"),
        ("Li24d", "Li96h"),
        ("Li96h", "Li96h"),
    }


def test_site_name_restricts_the_dopants(garnet):
    doping = _dope(garnet, "Ga", 3, "Li24d")
    assert {name for cell in doping.cells for name in cell.dopant_sites} == {"Li24d"}


def test_same_seed_same_cells(garnet):
    first, again = (_dope(garnet, "Ta", 5, "Zr", seed=3) for _ in range(2))
    for one, other in zip(first.cells, again.cells, strict=True):
        np.testing.assert_array_equal(one.atoms.positions, other.atoms.positions)
        np.testing.assert_array_equal(one.atoms.numbers, other.atoms.numbers)


def test_vacancy_is_where_exhaustive_search_puts_it():
    """Mg2+ and one vacancy in Li16Cl16: the best of 15 vacancies, by pymatgen."""
    host = bulk("LiCl", "rocksalt", a=5.13, cubic=True).repeat((2, 2, 1))
    doping = _dope(host, "Mg", 2, "Li", n_dopants=1, n_candidates=1, n_sweeps=100)
    charges = {"Li": 1, "Cl": -1, "Mg": 2}
    energies = []
    lithium = [i for i, s in enumerate(host.symbols) if s == "Li"]
    for vacancy in lithium[1:]:
        atoms = host.copy()
        atoms.symbols[lithium[0]] = "Mg"
        del atoms[vacancy]
        energies.append(_ewald(atoms, charges))
    assert np.ptp(energies) > 0.1
    assert doping.cells[0].electrostatic_energy_eV == pytest.approx(
        min(energies), abs=1e-3
    )


def test_oxygen_vacancies_on_request():
    """Two Y3+ in Zr4O8 and one oxygen less; the vacancy's place is exhaustive too."""
    zirconia = bulk("ZrO2", "fluorite", a=5.1, cubic=True)
    doping = _dope(zirconia, "Y", 3, "Zr", compensating="O", n_sweeps=100)
    assert doping.formula == "Zr0.5Y0.5O1.75"
    charges = {"Zr": 4, "Y": 3, "O": -2}
    zirconium = [i for i, s in enumerate(zirconia.symbols) if s == "Zr"]
    oxygen = [i for i, s in enumerate(zirconia.symbols) if s == "O"]
    lowest = min(
        _ewald(_without(zirconia, pair, vacancy), charges)
        for pair in list(combinations(zirconium, 2))[:1]
        for vacancy in oxygen
    )
    assert doping.cells[0].electrostatic_energy_eV == pytest.approx(lowest, abs=1e-3)


def _without(zirconia, pair, vacancy):
    atoms = zirconia.copy()
    atoms.symbols[list(pair)] = "Y"
    del atoms[vacancy]
    return atoms


def test_ordered_host_keeps_its_labels_and_stays_as_it_was():
    host = build_llzo_tetragonal()
    before = host.copy()
    doping = _dope(host, "Ta", 5, "Zr", n_candidates=1)
    assert host == before
    assert host.info == before.info
    assert doping.formula == "Li6.75La3Zr1.75Ta0.25O12"
    assert set(doping.cells[0].dopant_sites) == {"Zr16c"}
    assert doping.atoms.info["dopant"] == "Ta5+"
    kept = Counter(site_labels(doping.atoms))
    assert kept["Zr16c"] == 16
    assert kept["Li8a"] + kept["Li16f"] + kept["Li32g"] == 54


def test_two_dopants_one_after_the_other():
    """Al on Li, then Ta on Zr: Li6.25-0.25... with the first dopant's charge given."""
    first = _dope(build_llzo_tetragonal(), "Al", 3, "Li", n_candidates=1)
    second = _dope(first.atoms, "Ta", 5, "Zr", n_candidates=1, n_formula_units=8)
    assert Counter(second.atoms.get_chemical_symbols()) == {
        "Li": 48,
        "Al": 2,
        "La": 24,
        "Zr": 14,
        "Ta": 2,
        "O": 96,
    }
    assert second.charge == 0


def test_potential_ranks_in_one_batch():
    """A potential that finds like dopants repulsive orders them by distance."""
    host = bulk("LiCl", "rocksalt", a=5.13, cubic=True).repeat((2, 1, 1))
    potential = AsePotential(LennardJones(sigma=2.5, epsilon=0.1, rc=6.0))
    doping = _dope(
        host, "Na", 1, "Li", n_candidates=6, potential=potential, placement="clustered"
    )
    energies = [cell.potential_energy_eV for cell in doping.cells]
    assert energies == sorted(energies)
    expected = potential.evaluate([cell.atoms for cell in doping.cells]).energies
    np.testing.assert_allclose(energies, expected, rtol=1e-10)


@pytest.mark.parametrize(
    ("host", "changed", "words"),
    [
        (build_llzo_tetragonal, {"ion": "Ca", "charge": 2, "site": "La"}, "vacant Li"),
        (build_llzo_tetragonal, {"site": "Hf"}, "site must be"),
        (build_llzo_tetragonal, {"n_dopants": None}, "one of the two"),
        (build_llzo_tetragonal, {"content": 0.25}, "one of the two"),
        (build_llzo_tetragonal, {"n_dopants": None, "content": 0.2}, "whole number"),
        (build_llzo_tetragonal, {"placement": "near"}, "placement"),
        (build_llzo_tetragonal, {"n_candidates": 0}, "n_candidates"),
        (lambda: Atoms("LiCl", positions=[(0, 0, 0), (2, 0, 0)]), {}, "periodic"),
        (
            lambda: Atoms("LiClLi", cell=[4, 4, 4], pbc=True, positions=np.eye(3) / 9),
            {},
            "overlapping",
        ),
        (lambda: bulk("FeO", "rocksalt", a=4.3), {"site": "Fe"}, "oxidation_states"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_built_is_refused(host, changed, words):
    given = {"ion": "Ta", "charge": 5, "site": "Zr", **changed}
    with pytest.raises(InputError, match=words):
        _dope(host(), given.pop("ion"), given.pop("charge"), given.pop("site"), **given)


def _shared(occupancy):
    return DisorderedCrystal(
        cell_A=4.0 * np.eye(3),
        scaled_positions=np.array([[0, 0, 0], [0.5, 0.5, 0.5]]),
        occupancies=(occupancy, {"Cl": 1.0}),
        site_names=("Li1a", "Cl1b"),
    )


@pytest.mark.parametrize(
    ("occupancy", "words"),
    [({"Li": 0.5, "Na": 0.5}, "one element per site"), ({"Li": 0.4}, "whole number")],
)
def test_host_that_is_not_settled_is_refused(occupancy, words):
    with pytest.raises(InputError, match=words):
        prepare_host(_shared(occupancy))


def test_charged_host_is_refused_before_anything_is_built(garnet):
    charged = prepare_host(build_llzo_cubic(), counts={"Li": 55})
    with pytest.raises(InputError, match="neutral"):
        _dope(charged, "Ta", 5, "Zr")
    assert garnet.counts["Li"] == 56
