"""Powder patterns against pymatgen's, and form factors against other tables."""

import numpy as np
import pytest
from ase.utils.xrdebye import XrDebye
from pymatgen.analysis.diffraction.xrd import XRDCalculator
from pymatgen.core import Lattice, Structure

from structures import build_prototype, xray_pattern
from structures.structure_factor import atomic_form_factor

NAMES = ("LiCl", "Li-bcc", "Zr", "ZrCl4", "Li2ZrCl6", "Li2ZrCl6-P-31c", "Li2O")


def _pymatgen(atoms, wavelength, low, high, **options):
    structure = Structure(
        Lattice(atoms.cell[:]),
        atoms.get_chemical_symbols(),
        atoms.get_scaled_positions(),
    )
    calculator = XRDCalculator(wavelength, **options)
    return calculator.get_pattern(structure, two_theta_range=(low, high))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("wavelength", [1.54184, 0.6888])
def test_positions_and_intensities_are_those_of_pymatgen(name, wavelength):
    atoms = build_prototype(name)
    ours = xray_pattern(atoms, wavelength_A=wavelength, two_theta_range_deg=(5.0, 60.0))
    theirs = _pymatgen(atoms, wavelength, 5.0, 60.0)
    strong = ours.relative_intensity > 0.05
    reference = theirs.y > 0.05
    np.testing.assert_allclose(
        ours.two_theta_deg[strong], theirs.x[reference], rtol=1e-9
    )
    np.testing.assert_allclose(
        ours.relative_intensity[strong], theirs.y[reference], rtol=1e-7
    )


def test_displacements_weaken_as_in_pymatgen():
    atoms = build_prototype("Li2ZrCl6")
    given = {"Li": 3.0, "Zr": 0.8, "Cl": 1.6}
    ours = xray_pattern(
        atoms,
        wavelength_A=1.54184,
        two_theta_range_deg=(5.0, 80.0),
        debye_waller_B_A2=given,
    )
    theirs = _pymatgen(atoms, 1.54184, 5.0, 80.0, debye_waller_factors=given)
    strong, reference = ours.relative_intensity > 0.05, theirs.y > 0.05
    np.testing.assert_allclose(
        ours.relative_intensity[strong], theirs.y[reference], rtol=1e-7
    )


@pytest.mark.parametrize("symbol", ["O", "Cl", "S", "P"])
def test_form_factors_are_near_those_of_waasmaier_and_kirfel(symbol):
    """Independent fit, as ASE carries it: within 2 % up to sin θ / λ = 0.5 / Å."""
    table = XrDebye(build_prototype("LiCl"), 1.0, method="Iwasa")
    s = np.array([0.05, 0.15, 0.3, 0.5])
    theirs = [table.get_waasmaier(symbol, value) for value in s]
    np.testing.assert_allclose(atomic_form_factor(symbol, s), theirs, rtol=0.02)


@pytest.mark.parametrize(
    ("symbol", "values"),
    [
        ("Li", (2.215, 1.742, 1.512, 1.270)),
        ("La", (51.973, 45.220, 39.188, 34.405)),
        ("Hf", (67.777, 60.858, 54.087, 47.696)),
    ],
)
def test_form_factors_of_metals_are_within_four_percent(symbol, values):
    """Values of Waasmaier and Kirfel, Acta Cryst. A 51, 416 (1995), at 0.1 … 0.4 / Å.

    The docs state this bound; it is that of the coefficients, not of our formula.
    """
    s = np.array([0.1, 0.2, 0.3, 0.4])
    np.testing.assert_allclose(atomic_form_factor(symbol, s), values, rtol=0.04)


def test_number_of_planes_is_that_of_pymatgen():
    atoms = build_prototype("LiCl")
    ours = xray_pattern(atoms, two_theta_range_deg=(5.0, 120.0))
    theirs = _pymatgen(atoms, 1.541874, 5.0, 120.0)
    planes = [sum(count for _, count in families) for families in ours.hkl]
    reference = [sum(h["multiplicity"] for h in peak) for peak in theirs.hkls]
    assert planes == reference
