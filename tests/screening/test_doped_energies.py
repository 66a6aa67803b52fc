"""Doped cells, their files, and energies anchored on the table."""

from dataclasses import replace

import numpy as np
import pytest
from ase.calculators.lj import LennardJones

from mlip.ase_potential import AsePotential
from screening.dopant_screening import screen_dopants
from screening.doped_cells import (
    UNDOPED,
    RelaxedCell,
    build_primitive_garnet,
    continue_relaxation,
    formula_units_of,
    relax_doped_cells,
)
from screening.doped_energies import anchored_doped_energies, load_doped_cells
from screening.reference_compounds import build_reference_compound
from screening.reference_energies import (
    ReferenceEnergies,
    load_reference_energies,
    read_reference_energies,
)
from screening.relaxed_cell_files import read_relaxed_cells, write_relaxed_cell
from screening.shipped_entries import load_entries
from structures.dopants import load_llzo_dopants
from training_data.errors import Failure, InputError

ROWS = {row.name: row for row in load_llzo_dopants()}
PER_ATOM_eV = {"Li": -1.9, "La": -5.0, "Zr": -8.5, "O": -6.0, "Al": -3.7}


def _additive(counts):
    """Energy of a "potential" in which every reaction costs nothing."""
    return sum(n * PER_ATOM_eV[symbol] for symbol, n in counts.items())


@pytest.fixture(scope="module")
def cells():
    """Ordered cells without any step of relaxation, from the real builder."""
    potential = AsePotential(LennardJones(sigma=1.0, rc=2.5))
    found = tuple(
        relax_doped_cells(
            [None, ROWS["Al3+-Li"]],
            potential,
            fmax_eV_per_A=100.0,
            max_steps=1,
            n_runs=1,
            n_sweeps=20,
        )
    )
    return tuple(
        replace(cell, energy_eV=_additive(cell.counts), converged=True)
        for cell in found
    )


@pytest.fixture(scope="module")
def references(cells):
    amounts = {
        "Li": {"Li": 1},
        "Li2O": {"Li": 2, "O": 1},
        "La2O3": {"La": 2, "O": 3},
        "ZrO2": {"Zr": 1, "O": 2},
        "Al2O3": {"Al": 2, "O": 3},
    }
    return ReferenceEnergies(
        potential=cells[0].potential,
        energies_eV_per_formula_unit={
            formula: _additive(each) for formula, each in amounts.items()
        },
    )


def test_primitive_cell_is_half_of_the_conventional_one():
    cell = build_primitive_garnet(a_A=13.0)
    assert abs(np.linalg.det(cell.cell_A)) == pytest.approx(13.0**3 / 2, rel=1e-9)
    assert (cell.n_sites, round(cell.content["Li"])) == (128, 28)


def test_cells_are_neutral_and_keep_the_framework(cells):
    pure, doped = cells
    assert pure.counts == {"La": 12, "Li": 28, "O": 48, "Zr": 8}
    assert doped.counts == {"Al": 1, "La": 12, "Li": 25, "O": 48, "Zr": 8}


def test_energy_without_any_reaction_energy_is_that_of_the_phases(cells, references):
    entries = load_entries()
    found = anchored_doped_energies(
        cells,
        dopants=list(ROWS.values()),
        references=references,
        entries=entries,
    )["Al3+-Li"]
    by_hand = (
        24 * entries.formation_energy("Li7La3Zr2O12")
        + 0.125 * 5 * entries.formation_energy("Al2O3")
        - 0.375 * 3 * entries.formation_energy("Li2O")
    )
    assert found.anchored_eV_per_atom * 23.5 == pytest.approx(by_hand, rel=1e-9)
    assert found.reaction_energy_eV_per_formula_unit == pytest.approx(0, abs=1e-9)


def test_zero_of_the_potential_cancels_and_a_shift_of_the_cell_does_not(
    cells, references
):
    pure, doped = cells
    shifted = replace(doped, energy_eV=doped.energy_eV + 0.4)
    energies = [
        anchored_doped_energies(
            [pure, each],
            dopants=[ROWS["Al3+-Li"]],
            references=references,
            entries=load_entries(),
        )["Al3+-Li"].anchored_eV_per_atom
        for each in (doped, shifted)
    ]
    assert (energies[1] - energies[0]) * 23.5 == pytest.approx(0.1, rel=1e-6)


def test_cell_that_is_not_at_rest_or_has_no_reference_fails_alone(cells, references):
    pure, doped = cells
    options = {"dopants": [ROWS["Al3+-Li"]], "entries": load_entries()}
    loose = anchored_doped_energies(
        [pure, replace(doped, converged=False)],
        references=references,
        **options,
    )["Al3+-Li"]
    assert isinstance(loose, Failure)
    assert "at rest" in loose.reason
    energies = dict(references.energies_eV_per_formula_unit)
    del energies["Al2O3"]
    lacking = replace(references, energies_eV_per_formula_unit=energies)
    found = anchored_doped_energies(cells, references=lacking, **options)
    assert "Al2O3" in found["Al3+-Li"].reason


def test_cells_of_two_potentials_or_without_the_pure_one_are_refused(cells, references):
    pure, doped = cells
    options = {
        "dopants": [ROWS["Al3+-Li"]],
        "references": references,
        "entries": load_entries(),
    }
    with pytest.raises(InputError, match="one potential"):
        anchored_doped_energies([pure, replace(doped, potential="other")], **options)
    with pytest.raises(InputError, match="undoped"):
        anchored_doped_energies([doped], **options)


def test_references_of_another_potential_are_refused(cells, references):
    with pytest.raises(InputError, match="references must be of the cells' potential"):
        anchored_doped_energies(
            cells,
            dopants=[ROWS["Al3+-Li"]],
            references=replace(references, potential="another"),
            entries=load_entries(),
        )


def test_undoped_cell_that_is_not_at_rest_is_refused(cells, references):
    """It would shift the energies of all dopants alike, and nobody would see it."""
    pure, doped = cells
    with pytest.raises(InputError, match="at rest; got undoped"):
        anchored_doped_energies(
            [replace(pure, converged=False), doped],
            dopants=[ROWS["Al3+-Li"]],
            references=references,
            entries=load_entries(),
        )


def test_relaxation_goes_on_from_where_it_ended():
    """Steps add up, the energy falls; the cell that is given stays as it is."""
    potential = AsePotential(LennardJones(sigma=1.7, rc=4.0))
    options = {"fmax_eV_per_A": 0.01, "n_runs": 1, "n_sweeps": 5}
    (first,) = relax_doped_cells([None], potential, max_steps=2, **options)
    positions = first.atoms.positions.copy()
    second = continue_relaxation(first, potential, fmax_eV_per_A=0.01, max_steps=3)
    assert (first.converged, first.n_steps, second.n_steps) == (False, 2, 5)
    assert second.energy_eV < first.energy_eV
    assert second.seconds > first.seconds
    np.testing.assert_array_equal(first.atoms.positions, positions)
    with pytest.raises(InputError, match="the one that relaxed the cell"):
        continue_relaxation(replace(first, potential="another"), potential)


def test_table_of_references_comes_back_as_it_was_and_mixtures_are_refused(
    references, tmp_path
):
    path = tmp_path / "references.csv"
    path.write_text(references.csv(), encoding="utf-8")
    assert read_reference_energies(path) == references
    path.write_text(references.csv() + "MgO,-12.0,another\n", encoding="utf-8")
    with pytest.raises(InputError, match="of one potential; got 2"):
        read_reference_energies(path)
    path.write_text("formula,energy_eV\nLi,-1.9\n", encoding="utf-8")
    with pytest.raises(InputError, match="potential"):
        read_reference_energies(path)


def test_one_dopant_that_cannot_be_built_does_not_end_the_others():
    impossible = replace(ROWS["Al3+-Li"], oxidation_state=40)
    potential = AsePotential(LennardJones(sigma=1.0, rc=2.5))
    options = {"fmax_eV_per_A": 100.0, "max_steps": 1, "n_runs": 1, "n_sweeps": 5}
    first, second = relax_doped_cells([impossible, None], potential, **options)
    assert isinstance(first, Failure)
    assert isinstance(second, RelaxedCell)


def test_files_hold_the_cell_exactly(cells, tmp_path):
    _, doped = cells
    write_relaxed_cell(tmp_path, doped)
    write_relaxed_cell(tmp_path, Failure("Br3+-Li", "no reason"))
    back, failed = read_relaxed_cells(tmp_path)
    assert back.to_json() == doped.to_json()
    np.testing.assert_allclose(
        back.atoms.positions, doped.atoms.positions, atol=1e-7, rtol=0
    )
    assert failed == Failure("Br3+-Li", "no reason")
    write_relaxed_cell(tmp_path, replace(doped, name="Br3+-Li"))
    assert [type(each) for each in read_relaxed_cells(tmp_path)] == [RelaxedCell] * 2
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_damaged_file_is_named(tmp_path):
    path = tmp_path / "Al3+-Li.extxyz"
    path.write_text("2\nLattice=", encoding="utf-8")
    with pytest.raises(InputError, match=r"Al3\+-Li"):
        read_relaxed_cells(tmp_path)


@pytest.mark.parametrize("content", [0.0, -0.25, 0.3])
def test_content_without_a_cell_is_refused(content):
    with pytest.raises(InputError, match="multiple of 1/8"):
        formula_units_of(content)


def test_reference_compounds_hold_their_dopant_and_are_in_the_table():
    entries = load_entries()
    without = []
    named = ("Cl5+-Zr", "S4+-Zr", "Bi5+-Zr", "Pa5+-Zr", "Hg2+-La", "Au3+-Zr", "As3+-Zr")
    for row in (ROWS[name] for name in (*named, "Ta5+-Zr", "Co3+-Zr")):
        try:
            atoms = build_reference_compound(row)
        except InputError:
            without.append(row.name)
            continue
        symbols = atoms.get_chemical_symbols()
        assert row.element in symbols, row.name
        entries.formation_energy(atoms.get_chemical_formula())
    assert without == ["As3+-Zr"]


def test_shipped_cells_are_at_rest_and_of_the_composition_they_claim():
    """All at one largest force: else those relaxed less would seem less stable."""
    names = {cell.name for cell in load_doped_cells()}
    assert names == {UNDOPED, *ROWS}
    for cell in load_doped_cells():
        assert cell.converged, cell.name
        assert cell.fmax_eV_per_A <= 0.05, cell.name
        if cell.name == UNDOPED:
            continue
        row = ROWS[cell.name]
        added = row.oxidation_state - {"Li": 1, "La": 3, "Zr": 4}[row.site]
        lithium = 28 - added - (row.site == "Li")
        assert cell.counts["Li"] == lithium, cell.name
        assert cell.counts[row.element] == 1
    shipped = load_reference_energies()
    assert {"Li2O", "Al2O3", "LiTaO3"} <= set(shipped.energies_eV_per_formula_unit)
    assert {cell.potential for cell in load_doped_cells()} == {shipped.potential}


@pytest.fixture(scope="module")
def shipped():
    """All dopants with the energies of the cells that come with the package."""
    rows = list(ROWS.values())
    energies = anchored_doped_energies(
        load_doped_cells(),
        dopants=rows,
        references=load_reference_energies(),
        entries=load_entries(),
    )
    found = screen_dopants(rows, entries=load_entries(), energies=energies)
    return energies, found


def test_energies_of_aluminium_are_those_of_the_documentation(shipped):
    _, found = shipped
    aluminium = next(each for each in found.dopants if each.name == "Al3+-Li")
    assert aluminium.relative_energy_eV_per_formula_unit == pytest.approx(
        -0.308, abs=1e-3
    )
    assert aluminium.anchored_reaction_energy_eV_per_formula_unit == pytest.approx(
        -0.859, abs=1e-3
    )
    assert aluminium.anchored_relative_energy_eV_per_formula_unit == pytest.approx(
        -0.361, abs=1e-3
    )
    assert aluminium.spread_eV_per_formula_unit == pytest.approx(0.053, abs=1e-3)
    assert aluminium.anchored_outcome == "mixed conducting"


def test_agreement_with_the_article_is_that_of_the_documentation(shipped):
    energies, found = shipped
    failed = {name for name, each in energies.items() if isinstance(each, Failure)}
    assert failed == {"As3+-Zr", "Re4+-Zr"}
    assert found.agreement() == found.agreement(with_cell=True) == (36, 40)
    assert found.agreement(anchored=True) == (28, 40)
    changed = [
        each
        for each in found.dopants
        if each.anchored_outcome not in (None, each.outcome)
    ]
    assert len(changed) == 15
    assert {each.outcome for each in changed} == {"stable"}
    spread = [
        each.spread_eV_per_formula_unit
        for each in found.dopants
        if each.spread_eV_per_formula_unit is not None
    ]
    assert len(spread) == 115
    assert np.median(spread) == pytest.approx(0.081, abs=1e-3)
    assert max(spread) == pytest.approx(0.550, abs=1e-3)


def test_halides_that_are_added_to_the_table_change_no_reaction(shipped):
    _, found = shipped
    rows = [each.dopant for each in found.dopants]
    with_halides = screen_dopants(rows, entries=load_entries(with_halides=True))
    for one, other in zip(found.dopants, with_halides.dopants, strict=True):
        assert one.outcome == other.outcome
        assert one.reaction_energy_eV_per_formula_unit == pytest.approx(
            other.reaction_energy_eV_per_formula_unit, rel=1e-9
        )
