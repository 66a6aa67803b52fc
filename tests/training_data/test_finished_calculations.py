"""Outputs of codes: units, signs, levels of theory, and what is refused.

The outputs of GPAW were made for this test (CC0). Those of VASP come with ASE. Those
of Quantum ESPRESSO and CP2K are written here in the form of the programs, with round
numbers in the programs' units.
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from ase.io import read
from ase.units import Bohr, GPa, Hartree, Rydberg

from training_data import (
    InputError,
    collect_finished_calculations,
    read_dataset,
    read_finished_calculation,
)

OUTPUTS = Path(__file__).parent / "outputs"
VASP = Path(find_spec("ase").origin).parent / "test" / "testdata" / "vasp"
needs_vasp_files = pytest.mark.skipif(
    not (VASP / "vasprun_pstress.xml").is_file(), reason="ASE came without its tests"
)


def test_gpaw_file_and_text_hold_the_same_label():
    (binary,) = read_finished_calculation(OUTPUTS / "gpaw-li.gpw")
    (text,) = read_finished_calculation(OUTPUTS / "gpaw-li.txt")
    assert text.info["functional"] == binary.info["functional"] == "PBE"
    assert text.info["code"] == "GPAW 26.7.0, PW 200 eV, Fermi-Dirac 0.1 eV"
    assert binary.info["code"] == text.info["code"]
    assert binary.info["frame_hash"] == text.info["frame_hash"]
    assert binary.info["REF_energy"] == pytest.approx(-3.965073545, abs=1e-9)
    assert text.info["REF_energy"] == pytest.approx(-3.965074, abs=1e-9)
    forces = binary.arrays["REF_forces"]
    np.testing.assert_allclose(text.arrays["REF_forces"], forces, rtol=0, atol=6e-6)
    stress = binary.info["REF_stress"]
    np.testing.assert_allclose(text.info["REF_stress"], stress, rtol=0, atol=6e-7)
    assert stress[5] == pytest.approx(0.0158341, abs=1e-6)  # xy stands last


def test_energy_of_smeared_electrons_is_the_free_energy():
    zero_width = read(OUTPUTS / "gpaw-li.gpw").calc.results["energy"]
    (frame,) = read_finished_calculation(OUTPUTS / "gpaw-li.gpw")
    assert frame.info["REF_energy"] < zero_width - 1e-3


def test_run_that_did_not_converge_is_refused_with_the_reason():
    with pytest.raises(InputError, match="did not converge"):
        read_finished_calculation(OUTPUTS / "gpaw-li-unconverged.txt")


@needs_vasp_files
def test_text_of_an_older_gpaw():
    (frame,) = read_finished_calculation(VASP.parent / "gpaw_expected_text_output")
    assert frame.info["code"] == "GPAW 20.1.1b1, Fermi-Dirac 0.1 eV"
    assert frame.info["REF_energy"] == pytest.approx(-6.707307)
    assert frame.arrays["REF_forces"][0, 2] == pytest.approx(0.44504)


@needs_vasp_files
def test_vasprun():
    (frame,) = read_finished_calculation(VASP / "vasprun_pstress.xml")
    assert frame.info["functional"] == "LDA"  # from the POTCAR: PAW C 22Mar2012
    assert frame.info["code"] == "VASP 6.3.0, ENCUT 400 eV, ISMEAR 1, SIGMA 0.2 eV"
    assert frame.info["potentials"] == {"C": "PAW C 22Mar2012"}
    # diamond stretched beyond 3.54 Å pulls itself together: tensile, positive
    assert (frame.info["REF_stress"][:3] > 0.1).all()
    text = (VASP / "vasprun_pstress.xml").read_text("utf-8")
    kilobar = float(text.split('name="stress"')[1].split("<v>")[1].split()[0])
    assert frame.info["REF_stress"][0] == pytest.approx(-0.1 * kilobar * GPa, rel=1e-9)


@needs_vasp_files
def test_vasprun_whose_electrons_did_not_converge(tmp_path):
    text = (VASP / "vasprun_pstress.xml").read_text("utf-8")
    steps = text.count("<scstep>")
    short = text.replace('name="NELM">    60', f'name="NELM">    {steps}')
    assert short != text
    path = tmp_path / "vasprun.xml"
    path.write_text(short, encoding="utf-8")
    assert read_finished_calculation(path)  # the last change lay below EDIFF
    path.write_text(
        short.replace(
            'name="EDIFF">      0.00010000', 'name="EDIFF">      0.0000000001'
        ),
        encoding="utf-8",
    )
    with pytest.raises(InputError, match=f"{steps} of at most {steps} iterations"):
        read_finished_calculation(path)


@needs_vasp_files
def test_outcar_and_its_missing_convergence(tmp_path):
    (frame,) = read_finished_calculation(VASP / "OUTCAR_example_1")
    assert frame.info["functional"] == "PBE"
    assert frame.info["code"] == "VASP 5.3.3, ENCUT 300 eV, ISMEAR 1, SIGMA 0.1 eV"
    assert frame.info["REF_energy"] == pytest.approx(-68.22868532)
    # "in kB  -4.29429 ... 0.50047 -0.94049 0.36481" in the order xx yy zz xy yz zx
    expected = -0.1 * GPa * np.array([-4.29429, -4.58894, -4.50342])
    np.testing.assert_allclose(frame.info["REF_stress"][:3], expected, rtol=1e-6)
    shear = -0.1 * GPa * np.array([-0.94049, 0.36481, 0.50047])
    np.testing.assert_allclose(frame.info["REF_stress"][3:], shear, rtol=1e-6)
    text = (VASP / "OUTCAR_example_1").read_text("utf-8")
    path = tmp_path / "OUTCAR"
    path.write_text(text.replace("because EDIFF is reached", ""), encoding="utf-8")
    with pytest.raises(InputError, match="EDIFF was not reached"):
        read_finished_calculation(path)


ESPRESSO = """
     Program PWSCF v.7.2 starts on  1Jan2024 at 12: 0: 0

     bravais-lattice index     =            0
     lattice parameter (alat)  =       8.0000  a.u.
     unit-cell volume          =     512.0000 (a.u.)^3
     number of atoms/cell      =            2
     number of atomic types    =            1
     kinetic-energy cutoff     =      60.0000  Ry
     Exchange-correlation= PBE
                           (   1   4   3   4   0   0   0)

     celldm(1)=   8.000000  celldm(2)=   0.000000  celldm(3)=   0.000000

     crystal axes: (cart. coord. in units of alat)
               a(1) = (   1.000000   0.000000   0.000000 )
               a(2) = (   0.000000   1.000000   0.000000 )
               a(3) = (   0.000000   0.000000   1.000000 )

     PseudoPot. # 1 for Li read from file:
     /pseudo/li_pbe_v1.4.uspp.F.UPF

     number of k points=     1  Fermi-Dirac smearing, width (Ry)=  0.0040
                       cart. coord. in units 2pi/alat
        k(    1) = (   0.0000000   0.0000000   0.0000000), wk =   2.0000000

   Cartesian axes

     site n.     atom                  positions (alat units)
         1           Li  tau(   1) = (   0.0000000   0.0000000   0.0000000  )
         2           Li  tau(   2) = (   0.5000000   0.5000000   0.5000000  )

!    total energy              =     -29.00000000 Ry
!    total energy              =     -30.00000000 Ry

     {end}

     Forces acting on atoms (cartesian axes, Ry/au):

     atom    1 type  1   force =     0.01000000    0.00000000    0.00000000
     atom    2 type  1   force =    -0.01000000    0.00000000    0.00000000

     Total force =     0.014142     Total SCF correction =     0.000000

     Computing stress (Cartesian axis) and pressure

          total   stress  (Ry/bohr**3)                   (kbar)     P=       14.71
   0.00010000   0.00000000   0.00000000           14.71        0.00        0.00
   0.00000000   0.00020000   0.00000000            0.00       29.42        0.00
   0.00000000   0.00000000   0.00030000            0.00        0.00       44.13

     JOB DONE.
"""


def test_espresso(tmp_path):
    path = tmp_path / "pw.out"
    path.write_text(
        ESPRESSO.format(end="convergence has been achieved in   9 iterations"),
        encoding="utf-8",
    )
    (frame,) = read_finished_calculation(path)
    assert frame.info["code"] == (
        "Quantum ESPRESSO 7.2, cutoff 60 Ry, Fermi-Dirac 0.004 Ry"
    )
    assert frame.info["functional"] == "PBE"
    assert frame.info["potentials"] == {"Li": "/pseudo/li_pbe_v1.4.uspp.F.UPF"}
    # the last of the marked energies, not the first
    assert frame.info["REF_energy"] == pytest.approx(-30 * Rydberg, rel=1e-6)
    np.testing.assert_allclose(
        frame.arrays["REF_forces"][0], [0.01 * Rydberg / Bohr, 0, 0], rtol=1e-6
    )
    # under pressure: ASE's stress is negative
    np.testing.assert_allclose(
        frame.info["REF_stress"][:3],
        -np.array([1e-4, 2e-4, 3e-4]) * Rydberg / Bohr**3,
        rtol=1e-6,
    )
    assert frame.cell.lengths() == pytest.approx([8 * Bohr] * 3, rel=1e-6)
    failed = "convergence NOT achieved after 100 iterations: stopping"
    path.write_text(ESPRESSO.format(end=failed), encoding="utf-8")
    with pytest.raises(InputError, match="did not converge"):
        read_finished_calculation(path)


CP2K_HEAD = """
 CP2K| version string:                                       CP2K version {version}
 CELL| Volume [angstrom^3]:                                           64.000000
 CELL| Vector a [angstrom]:       4.000     0.000     0.000   |a| =     4.000000
 CELL| Vector b [angstrom]:       0.000     4.000     0.000   |b| =     4.000000
 CELL| Vector c [angstrom]:       0.000     0.000     4.000   |c| =     4.000000
 CELL| Periodicity                                                           XYZ
 FUNCTIONAL| PBE:
 vdW POTENTIAL|          BJ Damping
 QS| Density cutoff [a.u.]:                                                200.0
  1. Atomic kind: Li                                    Number of atoms:       2
     Orbital Basis Set                                        DZVP-MOLOPT-SR-GTH
     GTH Potential information for                                    GTH-PBE-q3

 MODULE QUICKSTEP: ATOMIC COORDINATES IN ANGSTROM

   Atom Kind Element         X             Y             Z       Z(eff)     Mass
      1    1 Li    3      0.000000      0.000000      0.000000   3.0000   6.9400
      2    1 Li    3      2.000000      2.000000      2.100000   3.0000   6.9400

  *** SCF run {end} ***

 ENERGY| Total FORCE_EVAL ( QS ) energy [{unit}             -15.000000000000000
"""
CP2K_OLD = """
 ATOMIC FORCES in [a.u.]

 # Atom   Kind   Element          X              Y              Z
      1      1      Li          0.00000000     0.00000000     0.02000000
      2      1      Li          0.00000000     0.00000000    -0.02000000
 SUM OF ATOMIC FORCES           0.00000000     0.00000000     0.00000000     0.0
"""
CP2K_NEW = """
 FORCES| Atomic forces [hartree/bohr]
 FORCES|   Atom     x               y               z               |f|
 FORCES|      1  0.00000000E+00  0.00000000E+00  2.00000000E-02  2.00000000E-02
 FORCES|      2  0.00000000E+00  0.00000000E+00 -2.00000000E-02  2.00000000E-02
 FORCES| Sum     0.00000000E+00  0.00000000E+00  0.00000000E+00
"""
CP2K_STRESS = """
 STRESS| Analytical stress tensor [GPa]
 STRESS|                        x                   y                   z
 STRESS|      x        1.00000000000E+00   1.00000000000E-01   2.00000000000E-01
 STRESS|      y        1.00000000000E-01   2.00000000000E+00   3.00000000000E-01
 STRESS|      z        2.00000000000E-01   3.00000000000E-01   3.00000000000E+00
"""


@pytest.mark.parametrize(
    ("version", "unit", "forces"),
    [("2024.1", "a.u.]:", CP2K_OLD), ("2025.2", "hartree]", CP2K_NEW)],
)
def test_cp2k(version, unit, forces, tmp_path):
    path = tmp_path / "cp2k.out"
    head = CP2K_HEAD.format(version=version, unit=unit, end="converged in  12 steps")
    path.write_text(head + forces + CP2K_STRESS, encoding="utf-8")
    (frame,) = read_finished_calculation(path)
    assert frame.info["code"] == (
        f"CP2K {version}, density cutoff 400 Ry, DZVP-MOLOPT-SR-GTH"
    )
    assert (frame.info["functional"], frame.info["dispersion"]) == ("PBE", "D3(BJ)")
    assert frame.info["potentials"] == {"Li": "GTH-PBE-q3"}
    assert frame.info["REF_energy"] == pytest.approx(-15 * Hartree)
    np.testing.assert_allclose(
        frame.arrays["REF_forces"][:, 2], np.array([0.02, -0.02]) * Hartree / Bohr
    )
    np.testing.assert_allclose(
        frame.info["REF_stress"], -GPa * np.array([1, 2, 3, 0.3, 0.2, 0.1]), rtol=1e-9
    )
    bad = CP2K_HEAD.format(version=version, unit=unit, end="NOT converged")
    path.write_text(bad + forces, encoding="utf-8")
    with pytest.raises(InputError, match="did not converge"):
        read_finished_calculation(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("    WELCOME TO ABACUS v3.5\n", "an output of ABACUS. Convert it"),
        ("hello\n", "something else"),
        (CP2K_HEAD.format(version="9", unit="a.u.]:", end="converged in"), "no forces"),
        ("     Program PWSCF v.7.2 starts on\n", "did the calculation|Did the"),
    ],
)
def test_what_cannot_be_read_is_told(text, words, tmp_path):
    path = tmp_path / "some.out"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        read_finished_calculation(path)


@needs_vasp_files
def test_collection_has_one_level_and_names_what_it_left_out(tmp_path):
    out = tmp_path / "labels.extxyz"
    paths = [
        OUTPUTS / "gpaw-li.gpw",
        OUTPUTS / "gpaw-li-unconverged.txt",
        VASP / "OUTCAR_example_1",
        tmp_path / "none.xml",
    ]
    result = collect_finished_calculations(paths, out, config_type="Li")
    assert (result.n_labelled, result.n_new, result.n_failed) == (1, 1, 3)
    reasons = "\n".join(failure.reason for failure in result.failures)
    for words in ("did not converge", "level of the labels before it", "must exist"):
        assert words in reasons
    again = collect_finished_calculations(paths[:1], out)
    assert (again.n_new, again.n_skipped) == (0, 1)
    labels = read_dataset(out)
    assert labels.level.functional == "PBE"
    assert labels.config_types == ("Li",)
    assert labels.parents == (str(OUTPUTS / "gpaw-li.gpw"),)
