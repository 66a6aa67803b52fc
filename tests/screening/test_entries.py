"""Entries: found by formula and by system, one diagram per system, one scheme."""

import time

import numpy as np
import pytest
from ase.data import atomic_numbers

from screening import Entries, load_entries, read_formula, reduced_formula
from screening.composition_table import CompositionTable
from screening.formulas import read_elements, whole_amounts
from training_data.errors import InputError

ENTRIES = load_entries()


def _brute_force(elements):
    table = ENTRIES.compositions
    ends = np.cumsum(table.n_elements.astype(int))
    allowed = {atomic_numbers[symbol] for symbol in elements}
    return [
        row
        for row, numbers in enumerate(np.split(table.numbers, ends[:-1]))
        if set(numbers.tolist()) <= allowed
    ]


@pytest.mark.parametrize("elements", ["Li-La-Zr-O-Al", "Li-Zr-Cl", "Fe-O", "U-Np-Pu"])
def test_rows_of_a_system_are_those_of_a_walk_through_all(elements):
    symbols = elements.split("-")
    rows = ENTRIES.compositions.rows_within(symbols)
    assert rows.tolist() == _brute_force(symbols)
    assert len(rows) > 0


def test_formula_is_found_in_any_form_and_only_there():
    energy = ENTRIES.formation_energy("Li7La3Zr2O12")
    assert energy == -3.135943
    for same in ("O12Zr2La3Li7", "Li14La6Zr4O24", "Li3.5La1.5ZrO6", "Li7(LaO)3Zr2O9"):
        assert ENTRIES.formation_energy(same) == energy
        assert same in ENTRIES
    assert "Li7La3Zr2O11" not in ENTRIES
    with pytest.raises(InputError, match="Li7La3Zr2O11"):
        ENTRIES.formation_energy("Li7La3Zr2O11")


def test_rows_are_found_by_its_formula():
    table = ENTRIES.compositions
    for row in range(0, len(table), 500):
        amounts = table.composition(row)
        formula = "".join(f"{symbol}{2 * n}" for symbol, n in amounts.items())
        assert table.row(formula) == row


def test_chemical_system_holds_elements_at_zero_and_says_scheme_and_source():
    entries = ENTRIES.chemical_system({"Li", "O"})
    energies = {entry.composition.reduced_formula: entry for entry in entries}
    assert energies["Li"].energy == 0.0
    assert energies["O2"].energy == 0.0
    lithia = energies["Li2O"]
    assert lithia.energy_per_atom == pytest.approx(
        ENTRIES.formation_energy("Li2O"), rel=1e-12
    )
    assert lithia.attribute["scheme"] == "MP-legacy"
    assert "Materials Project" in lithia.attribute["source"]


def test_one_diagram_is_built_per_system_and_then_reused():
    assert ENTRIES.phase_diagram("Li-Zr-O") is ENTRIES.phase_diagram({"O", "Zr", "Li"})
    assert ENTRIES.phase_diagram("Li-Zr-O") is not ENTRIES.phase_diagram("Li-O")
    assert load_entries() is load_entries()


def test_pure_llzo_lies_just_above_the_hull():
    assert ENTRIES.energy_above_hull("Li7La3Zr2O12") == pytest.approx(6.65e-3, rel=0.01)
    products = ENTRIES.decomposition("Li7La3Zr2O12")
    assert products == pytest.approx({"Li6Zr2O7": 1, "La2O3": 1.5, "Li2O": 0.5})


def test_hull_needs_no_entry_and_balances():
    formula = "Li6.25La3Zr2Al0.25O12"
    energy = 0.0
    atoms: dict[str, float] = {}
    for product, units in ENTRIES.decomposition(formula).items():
        amounts = read_formula(product)
        energy += units * sum(amounts.values()) * ENTRIES.formation_energy(product)
        for symbol, amount in amounts.items():
            atoms[symbol] = atoms.get(symbol, 0) + units * amount
    assert atoms == pytest.approx(read_formula(formula), rel=1e-9)
    assert ENTRIES.hull_energy(formula) == pytest.approx(energy / 23.5, rel=1e-9)
    assert ENTRIES.energy_above_hull(
        formula, formation_energy_eV_per_atom=energy / 23.5 - 0.01
    ) == pytest.approx(-0.01, rel=1e-6)


def test_elements_and_oxygen_alone():
    assert ENTRIES.formation_energy("O2") == 0.0
    assert ENTRIES.energy_above_hull("Zr") == pytest.approx(0.0, abs=1e-12)
    assert ENTRIES.decomposition("Li2O5") == pytest.approx({"Li2O2": 1, "O2": 1.5})


def test_own_entries_merge_where_the_scheme_is_the_same():
    own = Entries.of(
        {"Li4O2": -3.0, "ZrO2": -1.0, "Li2ZrCl6": -2.2}, scheme="MP-legacy", source="me"
    )
    before = ENTRIES.formation_energy("Li2O")
    merged = ENTRIES.merged_with(own)
    assert len(merged) == len(ENTRIES) + 1
    assert merged.formation_energy("Li2O") == -3.0
    assert merged.source_of("Li2O") == "me"
    assert merged.source_of("Li2ZrCl6") == "me"
    assert merged.formation_energy("ZrO2") == ENTRIES.formation_energy("ZrO2")
    assert "Materials Project" in merged.source_of("ZrO2")
    assert merged.formation_energy("Zr3O") == ENTRIES.formation_energy("Zr3O")
    assert ENTRIES.formation_energy("Li2O") == before
    assert "Li2ZrCl6" not in ENTRIES
    replaced = ENTRIES.merged_with(own, replace_known=True)
    assert replaced.formation_energy("ZrO2") == -1.0
    assert merged.phase_diagram("Li-O") is not ENTRIES.phase_diagram("Li-O")


def test_merged_twice_keeps_every_source():
    one = Entries.of({"LiKr": -0.1}, scheme="MP-legacy", source="one")
    two = Entries.of({"LiXe": -0.1}, scheme="MP-legacy", source="two")
    merged = ENTRIES.merged_with(one).merged_with(two)
    assert (merged.source_of("LiKr"), merged.source_of("LiXe")) == ("one", "two")
    assert merged.formation_energy("LiXe") == -0.1


def test_more_merges_than_fit_a_byte_keep_their_sources():
    merged = Entries.of({"Li2O": -2.0}, scheme="PBE", source="first")
    for n in range(1, 300):
        own = Entries.of({f"LiO{n + 1}": -0.1}, scheme="PBE", source=f"run {n}")
        merged = merged.merged_with(own)
    assert merged.source_of("Li2O") == "first"
    assert merged.source_of("LiO300") == "run 299"
    assert merged.source_of("LiO21") == "run 20"


def test_elements_are_zero_and_nothing_else():
    own = Entries.of({"Li": 0.0, "O2": 0.1, "Li2O": -2.0}, scheme="PBE", source="me")
    assert len(own) == 1
    assert own.phase_diagram("Li-O").el_refs
    with pytest.raises(InputError, match=r"reference states; got -1\.9 for Li"):
        Entries.of({"Li": -1.9, "Li2O": -14.3}, scheme="PBE", source="me")


def test_mixing_schemes_is_refused_with_both_names():
    own = Entries.of({"Li2O": -2.0}, scheme="MP2020", source="me")
    with pytest.raises(InputError, match=r"'MP-legacy'.*'MP2020'"):
        ENTRIES.merged_with(own)


def test_lower_of_two_energies_of_one_composition_is_kept():
    own = Entries.of({"TiO2": -3.0, "Ti2O4": -3.1}, scheme="PBE", source="me")
    assert len(own) == 1
    assert own.formation_energy("TiO2") == -3.1


def test_energies_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        ENTRIES.formation_energies_eV_per_atom[0] = 0.0


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("Xx2O", "Xx"),
        ("D2O", "with D"),
        ("", "chemical formula"),
        ("li2o", "chemical formula"),
        ("Li2(O", "chemical formula"),
        ("Li+", "charges"),
        ("LiO0", "positive amount"),
        ("Li-2O", "chemical formula"),
        (None, "text"),
    ],
)
def test_bad_formulas_are_refused(formula, words):
    with pytest.raises(InputError, match=words):
        read_formula(formula)


@pytest.mark.parametrize("elements", ["Li-Xx", set(), "Li-", {"Li", "X"}])
def test_unknown_elements_are_refused(elements):
    with pytest.raises(InputError, match="chemical symbols"):
        read_elements(elements)


def test_amount_too_small_for_a_formula_is_refused():
    with pytest.raises(InputError, match="10,000"):
        whole_amounts({"Li": 1.0, "Al": 1e-9})


@pytest.mark.parametrize(
    ("formula", "reduced"),
    [("Li0.5O0.25", "Li2O"), ("Ti4O8", "TiO2"), ("O3", "O2"), ("Li6.5Ta0.5", "Li13Ta")],
)
def test_formulas_are_reduced(formula, reduced):
    assert reduced_formula(formula) == reduced


def test_table_with_rows_left_out_finds_the_others():
    table = CompositionTable.of(
        [{"Li": 1, "F": 1}, {"Li": 2, "O": 1}, {"U": 1, "O": 2}]
    )
    less = table.without([1])
    assert len(less) == 2
    assert less.row("U2O4") == 1
    assert less.row("Li2O") is None
    assert less.joined(table).row("Li2O") == 3


def test_loading_and_systems_are_quick():
    loading, system = [], []
    for _ in range(3):
        start = time.process_time()
        fresh = load_entries.__wrapped__()
        fresh.compositions.rows_within({"Li"})
        loading.append(time.process_time() - start)
        start = time.process_time()
        fresh.chemical_system("Li-La-Zr-O-Al")
        system.append(time.process_time() - start)
    assert np.median(loading) < 1.0
    assert np.median(system) < 0.05


def test_missing_table_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr("screening.data_files.FOLDER", tmp_path)
    with pytest.raises(InputError, match=r"ground_states\.npz"):
        load_entries.__wrapped__()


def test_no_energy_that_is_none():
    with pytest.raises(InputError, match="finite"):
        Entries.of({"Li2O": np.nan}, scheme="PBE", source="me")


def test_arrays_of_the_caller_stay_his_and_those_of_the_entries_theirs():
    amounts = np.array([2, 1], dtype=np.int32)
    compositions = CompositionTable(
        n_elements=np.array([2], dtype=np.uint8),
        numbers=np.array([3, 8], dtype=np.uint8),
        amounts=amounts,
    )
    energies, rows = np.array([-2.0]), np.array([0])
    own = Entries(
        compositions=compositions,
        formation_energies_eV_per_atom=energies,
        scheme="PBE",
        sources=("me",),
        source_of_row=rows,
    )
    energies[0], amounts[0] = -5.0, 7
    assert own.formation_energy("Li2O") == -2.0
    for kept in (
        own.formation_energies_eV_per_atom,
        own.source_of_row,
        own.compositions.amounts,
        own.compositions.numbers,
        own.compositions.n_elements,
    ):
        with pytest.raises(ValueError, match="read-only"):
            kept[0] = 0
