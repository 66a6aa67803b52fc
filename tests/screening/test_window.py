"""Electrochemical window: slopes of the hull, published values, pymatgen's profile."""

import pytest
from pymatgen.core import Composition, Element

from screening import Entries, electrochemical_window, load_entries, titration
from screening.window_view import draw_windows
from training_data.errors import InputError


@pytest.fixture(scope="module")
def entries():
    return load_entries()


@pytest.mark.parametrize(
    ("formula", "reduction_V", "oxidation_V"),
    [
        ("Li7La3Zr2O12", 0.05, 2.91),  # Zhu, He, Mo 2015
        ("Li3PS4", 1.71, 2.31),  # the same
        ("Li2O", 0.0, 2.9),  # the same
        ("LiCl", 0.0, 4.23),  # measured enthalpy of formation, -408.6 kJ/mol
    ],
)
def test_published_windows(entries, formula, reduction_V, oxidation_V):
    """Within 0.06 V, what two releases of the database differ by."""
    found = electrochemical_window(formula, entries=entries)
    assert found.reduction_V == pytest.approx(reduction_V, abs=0.06)
    assert found.oxidation_V == pytest.approx(oxidation_V, abs=0.06)


@pytest.mark.parametrize(
    "formula", ["Li7La3Zr2O12", "Li6PS5Cl", "Li3YCl6", "Li6.25La3Zr2Al0.25O12"]
)
def test_window_is_that_of_pymatgen(entries, formula):
    found = electrochemical_window(formula, entries=entries)
    composition = Composition(formula)
    diagram = entries.phase_diagram({e.symbol for e in composition})
    profile = diagram.get_element_profile(Element("Li"), composition)
    voltages = {
        round(step["evolution"], 3): -float(step["chempot"]) for step in profile
    }
    # a step's chemical potential is where its evolution begins, from high to low
    first = max(voltage for n, voltage in voltages.items() if n == 0)
    after = min(voltage for n, voltage in voltages.items() if n < 0)
    assert found.reduction_V == pytest.approx(first, abs=1e-6)
    assert found.oxidation_V == pytest.approx(after, abs=1e-6)


def test_reduction_is_the_first_plateau_of_the_titration(entries):
    window = electrochemical_window("Li6PS5Cl", entries=entries)
    first = titration("Li6PS5Cl", entries=entries)
    assert window.reduction_V == pytest.approx(first.plateaus_V[0])
    assert window.reduction.products == first.kinks[1].products


def test_lower_energy_widens_the_window(entries):
    formula = "Li3YCl6"
    on_hull = electrochemical_window(formula, entries=entries)
    lower = electrochemical_window(
        formula,
        entries=entries,
        energy_eV_per_formula_unit=10 * (entries.hull_energy(formula) - 0.02),
    )
    assert lower.reduction_V < on_hull.reduction_V
    assert lower.oxidation_V > on_hull.oxidation_V
    assert lower.stable_phases == {"Li3YCl6": 1.0}
    assert on_hull.stable_phases == pytest.approx({"LiCl": 3.0, "YCl3": 1.0})
    higher = electrochemical_window(
        formula,
        entries=entries,
        energy_eV_per_formula_unit=10 * (entries.hull_energy(formula) + 0.02),
    )
    assert higher.reduction_V == pytest.approx(on_hull.reduction_V)
    assert higher.energy_above_hull_eV_per_atom == pytest.approx(0.02)


def test_compound_without_the_ion_has_no_upper_end():
    own = Entries.of({"ZrO2": -3.6, "Li2O": -2.0}, scheme="toy", source="by hand")
    found = electrochemical_window("ZrO2", entries=own)
    assert found.oxidation_V is None
    assert found.width_V is None
    assert found.reduction_V == pytest.approx(0.3)


def test_known_answer():
    own = Entries.of({"NaCl": -2.0}, scheme="toy", source="by hand")
    found = electrochemical_window("NaCl", entries=own, ion="Na")
    assert (found.reduction_V, found.oxidation_V) == (0.0, pytest.approx(4.0))
    assert found.oxidation.equation == "NaCl → 0.5 Cl2 + Na"
    assert found.to_json()["width_V"] == pytest.approx(4.0)


@pytest.mark.parametrize("ion", ["Mg", "lithium", "O"])
def test_ion_must_carry_one_charge(entries, ion):
    with pytest.raises(InputError, match="alkali"):
        electrochemical_window("Li2O", entries=entries, ion=ion)


def test_metal_itself_has_no_window(entries):
    with pytest.raises(InputError, match="another than Li, against which"):
        electrochemical_window("Li", entries=entries)
    with pytest.raises(InputError, match="Li, Na, K, Rb or Cs"):
        electrochemical_window("LiCl", ion="Mg", entries=entries)


def test_bars_stand_where_the_voltages_are(entries):
    windows = [
        electrochemical_window(formula, entries=entries) for formula in ("LiCl", "Li3N")
    ]
    bars = draw_windows(windows).patches
    for bar, window in zip(bars, windows, strict=True):
        assert bar.get_x() == pytest.approx(window.reduction_V)
        assert bar.get_width() == pytest.approx(window.width_V)
