"""Band gaps: those of the table, and what is not known."""

import pytest

from screening import band_gap


@pytest.mark.parametrize(
    ("formula", "lowest", "measured"),
    [("LiCl", 5.928, 9.33), ("La4O6", 3.411, 5.4), ("Zr4O", 0.0, None)],
)
def test_gaps_of_products(formula, lowest, measured):
    gap = band_gap(formula)
    assert gap.pbe_lowest_eV == lowest
    assert gap.pbe_highest_eV >= lowest
    assert gap.measured_eV == measured
    assert gap.n_polymorphs >= 1
    assert gap.known


def test_gap_that_is_not_known_is_not_zero():
    gap = band_gap("Li6.25La3Zr2Al0.25O12")
    assert (gap.pbe_lowest_eV, gap.measured_eV, gap.known) == (None, None, False)
    assert gap.formula == "Li25La12Zr8AlO48"
    assert gap.to_json()["pbe_lowest_eV"] is None


def test_compound_that_was_measured_alone():
    gap = band_gap("Ag0.5Ge1Pb1.75S4")
    assert gap.measured_eV == 1.83
    assert gap.pbe_lowest_eV is None
    assert gap.known
