"""Energies anchored on known phases: exact cancellation, routes, records."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT

from mlip.ase_potential import AsePotential
from screening import (
    Entries,
    ReactionEnergy,
    anchored_energies,
    anchored_energy,
    hull_compound_energy,
    load_entries,
    load_reaction_energies,
    read_formula,
    with_reaction_energies,
)
from screening.balanced_formation import balanced_formation
from structures import load_llzo_dopants
from training_data.errors import Failure, InputError

ENTRIES = load_entries()
PHASES = ("Li7La3Zr2O12", "Li2O", "La2O3", "ZrO2", "Al2O3")
DOPED = "Li6.25La3Zr2Al0.25O12"


def _total(formula, entries=ENTRIES):
    n_atoms = sum(read_formula(formula).values())
    return n_atoms * entries.formation_energy(formula)


def _with_errors(formula, energy, errors):
    """Add what a potential gets wrong for each atom."""
    return energy + sum(n * errors[s] for s, n in read_formula(formula).items())


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_any_error_per_atom_cancels(seed):
    rng = np.random.default_rng(seed)
    errors = dict(zip(("Li", "La", "Zr", "Al", "O"), rng.normal(0, 5, 5), strict=True))
    truth = ENTRIES.hull_energy(DOPED) * 24.5 + 0.4 - ENTRIES.hull_energy(DOPED)
    found = anchored_energy(
        DOPED,
        energy_eV=_with_errors(DOPED, truth, errors),
        host=PHASES[0],
        phase_energies_eV={p: _with_errors(p, _total(p), errors) for p in PHASES},
        entries=ENTRIES,
        source="wrong potential",
    )
    assert found.anchored_eV_per_atom * 23.5 == pytest.approx(truth, rel=1e-9)
    assert found.energy_eV_per_atom == found.anchored_eV_per_atom
    assert found.energy_above_hull_eV_per_atom == pytest.approx(0.4 / 23.5, rel=1e-6)
    assert found.uncertainty_eV_per_atom == pytest.approx(0.4 / 23.5, rel=1e-6)


def test_error_per_bond_cancels_where_oxides_are_the_references():
    """An error of every M-O bond is one of every M in an oxide: it cancels."""
    per_metal = {"Li": 0.1, "La": 0.5, "Zr": -0.7, "Al": 1.1, "O": 0.0}
    phases = {p: _with_errors(p, _total(p), per_metal) for p in PHASES}
    truth = 23.5 * ENTRIES.hull_energy(DOPED)
    energy = _with_errors(DOPED, truth, per_metal)
    oxides = anchored_energy(
        DOPED,
        energy_eV=energy,
        host=PHASES[0],
        phase_energies_eV=phases,
        entries=ENTRIES,
        source="x",
    )
    assert oxides.energy_above_hull_eV_per_atom == pytest.approx(0.0, abs=1e-9)
    # metals have no such bonds: with them the error stays
    metals = {PHASES[0]: phases[PHASES[0]], "Al": 0.0, "Li": 0.0}
    wrong = anchored_energy(
        DOPED,
        energy_eV=energy,
        host=PHASES[0],
        phase_energies_eV=metals,
        entries=ENTRIES,
        source="x",
    )
    expected = (0.25 * per_metal["Al"] - 0.75 * per_metal["Li"]) / 23.5
    assert wrong.energy_above_hull_eV_per_atom == pytest.approx(expected, rel=1e-6)


def test_energy_per_atom_does_not_depend_on_the_size_of_the_cell():
    phases = {p: 1.1 * _total(p) for p in PHASES}
    doubled = {"Li14La6Zr4O24": 2 * phases[PHASES[0]]} | {
        p: phases[p] for p in PHASES[1:]
    }
    one = anchored_energy(
        DOPED,
        energy_eV=-75.0,
        host=PHASES[0],
        phase_energies_eV=phases,
        entries=ENTRIES,
        source="x",
    )
    cell = anchored_energy(
        "Li50La24Zr16Al2O96",
        energy_eV=-600.0,
        host="Li14La6Zr4O24",
        phase_energies_eV=doubled,
        entries=ENTRIES,
        source="x",
    )
    assert cell.energy_eV_per_atom == pytest.approx(one.energy_eV_per_atom, rel=1e-9)
    assert cell.reaction == pytest.approx(
        {"Li14La6Zr4O24": 4.0, "Al2O3": 1.0, "Li2O": -3.0}
    )
    assert one.to_json()["uncertainty_eV_per_atom"] == one.uncertainty_eV_per_atom
    assert one.to_entries().scheme == "MP-legacy"


@pytest.mark.parametrize(
    ("formula", "reaction"),
    [
        (DOPED, {"Li7La3Zr2O12": 1, "Al2O3": 0.125, "Li2O": -0.375}),
        (
            "Li7La3Zr1.75Hf0.25O12",
            {"Li7La3Zr2O12": 1, "HfO2": 0.25, "ZrO2": -0.25},
        ),
        (
            "Li7.25La2.75Ca0.25Zr2O12",
            {"Li7La3Zr2O12": 1, "CaO": 0.25, "La2O3": -0.125, "Li2O": 0.125},
        ),
        ("Li7La3Zr2O12", {"Li7La3Zr2O12": 1}),
    ],
)
def test_host_gives_all_it_can(formula, reaction):
    phases = ["Li2O", "La2O3", "ZrO2", "Al2O3", "HfO2", "CaO", "Li", "La2Zr2O7"]
    found = balanced_formation(formula, host="Li7La3Zr2O12", phases=phases)
    assert found == pytest.approx(reaction)


def test_every_dopant_balances_with_its_oxide():
    """All sites and charges: one host, no metal, no oxygen gas."""
    for dopant in load_llzo_dopants():
        x = 0.25
        charge = {"Li": 1, "La": 3, "Zr": 4}[dopant.site]
        content = {"Li": 7.0, "La": 3.0, "Zr": 2.0, "O": 12.0}
        content[dopant.site] -= x
        content["Li"] += (charge - dopant.oxidation_state) * x
        content[dopant.element] = content.get(dopant.element, 0.0) + x
        formula = "".join(f"{s}{n:g}" for s, n in content.items())
        oxide = f"{dopant.element}2O{dopant.oxidation_state}"
        found = balanced_formation(
            formula, host=PHASES[0], phases=["Li2O", "La2O3", "ZrO2", oxide]
        )
        assert found[PHASES[0]] == pytest.approx(1.0)
        assert found[oxide] == pytest.approx(x / 2)


def test_missing_phase_is_told():
    with pytest.raises(InputError, match="must balance"):
        balanced_formation(DOPED, host=PHASES[0], phases=["Li2O"])
    with pytest.raises(InputError, match="hold the host"):
        anchored_energy(
            DOPED,
            energy_eV=0.0,
            host=PHASES[0],
            phase_energies_eV={"Li2O": 1.0},
            entries=ENTRIES,
            source="x",
        )
    with pytest.raises(InputError, match="finite"):
        anchored_energy(
            DOPED,
            energy_eV=np.nan,
            host=PHASES[0],
            phase_energies_eV={PHASES[0]: 1.0},
            entries=ENTRIES,
            source="x",
        )


def test_hull_compound_energy_has_no_uncertainty():
    found = hull_compound_energy(DOPED, entries=ENTRIES)
    assert found.energy_eV_per_atom == ENTRIES.hull_energy(DOPED)
    assert found.energy_above_hull_eV_per_atom == 0.0
    assert found.uncertainty_eV_per_atom is None
    assert found.to_json()["anchored_eV_per_atom"] is None


def test_potential_evaluates_all_cells_and_one_failure_stays_one():
    host = bulk("Cu", cubic=True).repeat((2, 1, 1))
    host.symbols[0] = "Au"
    doped = host.copy()
    doped.symbols[1] = "Ag"
    broken = Atoms("Cu2", positions=[[0, 0, 0], [0, 0, 0]], cell=[9, 9, 9], pbc=True)
    foreign = bulk("Ni")
    entries = Entries.of({"Cu7Au": -0.04}, scheme="PBE", source="own")
    potential = AsePotential(EMT())
    phases = [bulk("Cu"), bulk("Ag"), bulk("Au")]
    found = anchored_energies(
        [doped, broken, foreign], potential, host=host, phases=phases, entries=entries
    )
    energies = potential.evaluate([doped, host, *phases[:2]]).energies
    change = energies[0] - energies[1] - energies[3] + energies[2]
    assert found[0].reaction == pytest.approx({"AuCu7": 1, "Cu": -1, "Ag": 1}, rel=1e-6)
    assert found[0].energy_eV_per_atom == pytest.approx(
        (8 * -0.04 + change) / 8, rel=1e-6
    )
    assert isinstance(found[1], Failure)
    assert found[1].id == "1"
    assert isinstance(found[2], Failure)
    assert "balance" in found[2].reason
    with pytest.raises(InputError, match="no energy of Cu2"):
        anchored_energies(
            [doped], potential, host=host, phases=[broken], entries=entries
        )


def test_halides_come_in_with_their_reaction_energies():
    with_halides = load_entries(with_halides=True)
    for record in load_reaction_energies():
        assert record.formula not in ENTRIES
        formed = _total(record.formula, with_halides) - sum(
            n * _total(reactant) for reactant, n in record.reactants.items()
        )
        assert formed == pytest.approx(
            record.reaction_energy_eV_per_formula_unit, abs=1e-9
        )
        assert record.kind in with_halides.source_of(record.formula)
    zirconium = load_reaction_energies()[0]
    assert (zirconium.kind, zirconium.reaction_energy_eV_per_formula_unit) == (
        "dft",
        -0.12,
    )
    # formed with energy to spare, it is stable against its chlorides
    names = {
        e.composition.reduced_formula
        for e in with_halides.phase_diagram("Li-Zr-Cl").stable_entries
    }
    assert "Li2ZrCl6" in names
    assert with_halides.scheme == ENTRIES.scheme
    assert load_entries(with_halides=True) is with_halides


def test_reaction_that_does_not_balance_is_refused():
    with pytest.raises(InputError, match=r"\+2 Li.*\+2 Cl|\+2 Cl.*\+2 Li"):
        ReactionEnergy(
            formula="Li2ZrCl6",
            reactants={"ZrCl4": 1},
            reaction_energy_eV_per_formula_unit=-0.1,
            kind="dft",
            source="x",
        )
    with pytest.raises(InputError, match="finite"):
        ReactionEnergy(
            formula="Li2ZrCl6",
            reactants={"ZrCl4": 1, "LiCl": 2},
            reaction_energy_eV_per_formula_unit=np.nan,
            kind="dft",
            source="x",
        )


def test_reactant_that_the_entries_lack_is_told():
    own = Entries.of({"LiCl": -2.0}, scheme="PBE", source="own")
    with pytest.raises(InputError, match="ZrCl4"):
        with_reaction_energies(own)
