"""Powder patterns with answers known beforehand."""

import itertools
import math

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk, make_supercell

from structures import (
    PeakShape,
    build_prototype,
    fit_pattern,
    measured_pattern,
    read_measured_pattern,
    xray_pattern,
)
from structures.peak_shape import pseudo_voigt_sum
from structures.phase_profile import PhaseProfile, allowed_strains, lines_of
from structures.reflections import lorentz_polarisation
from structures.structure_factor import atomic_form_factor
from training_data import InputError

HALITE = build_prototype("LiCl", a_A=5.14)


def test_rock_salt_by_hand():
    """F = 4 (f_Cl ± f_Li) with 8 and 6 planes, times the Lorentz factor."""
    pattern = xray_pattern(HALITE, wavelength_A=1.5, debye_waller_B_A2=2.0)
    by_hand = []
    for hkl, planes in (((1, 1, 1), 8), ((2, 0, 0), 6), ((2, 2, 0), 12)):
        s = math.sqrt(sum(i * i for i in hkl)) / 5.14 / 2
        theta = math.asin(1.5 * s)
        f_cl, f_li = (atomic_form_factor(x, np.array(s)) for x in ("Cl", "Li"))
        sign = 1 if hkl[0] % 2 == 0 else -1
        factor = 4 * (f_cl + sign * f_li) * math.exp(-2.0 * s**2)
        lp = (1 + math.cos(2 * theta) ** 2) / 2
        lp /= math.sin(theta) ** 2 * math.cos(theta)
        by_hand.append(planes * float(factor) ** 2 * lp)
    np.testing.assert_allclose(pattern.intensity[:3], by_hand, rtol=1e-10)
    assert pattern.hkl[1] == (((2, 0, 0), 6),)


def test_centring_extinguishes():
    """Body-centred: h + k + l even; face-centred: all even or all odd."""
    for kind, rule in (
        ("bcc", lambda h: sum(h) % 2 == 0),
        ("fcc", lambda h: len({i % 2 for i in h}) == 1),
    ):
        cubic = bulk("Zr", kind, a=4.0, cubic=True)
        pattern = xray_pattern(cubic, wavelength_A=0.7, two_theta_range_deg=(5, 60))
        found = {family for peak in pattern.hkl for family, _ in peak}
        assert all(rule(hkl) for hkl in found)
        n = math.floor(2 * 4.0 * math.sin(math.radians(30)) / 0.7)
        low, high = (8 * math.sin(math.radians(x)) / 0.7 for x in (2.5, 30))
        expected = {
            tuple(sorted(hkl, reverse=True))
            for hkl in itertools.product(range(n + 1), repeat=3)
            if low**2 <= sum(i * i for i in hkl) <= high**2 and rule(hkl)
        }
        assert found == expected


def test_cell_and_origin_do_not_show():
    crystal = build_prototype("ZrCl4")
    wide = make_supercell(crystal, [[2, 1, 0], [0, 1, 0], [1, 0, 2]])
    wide.positions += (0.3, 1.1, -2.0)
    wide.rotate(50, (1, 1, 0), rotate_cell=True)
    one, other = (
        xray_pattern(a, wavelength_A=0.7, two_theta_range_deg=(5, 25))
        for a in (crystal, wide)
    )
    strong = other.relative_intensity > 0.02
    mine = one.relative_intensity > 0.02
    np.testing.assert_allclose(one.d_A[mine], other.d_A[strong], rtol=1e-9)
    np.testing.assert_allclose(
        one.relative_intensity[mine], other.relative_intensity[strong], rtol=1e-7
    )


def test_hexagonal_families_are_those_of_the_symmetry():
    """(100), (010) and (1-10) are one family; (333) and (511) are two."""
    zirconium = xray_pattern(build_prototype("Zr"))
    assert zirconium.hkl[0] == (((1, 0, 0), 6),)
    pattern = xray_pattern(HALITE, wavelength_A=0.7, two_theta_range_deg=(5, 50))
    peak = next(p for p in pattern.hkl if ((5, 1, 1), 24) in p)
    assert set(peak) == {((5, 1, 1), 24), ((3, 3, 3), 8)}


def test_polarisation():
    theta = np.radians([10.0, 22.5, 45.0])
    tube = lorentz_polarisation(theta, 0.5, 0.0)
    lorentz = 1 / (np.sin(theta) ** 2 * np.cos(theta))
    np.testing.assert_allclose(lorentz_polarisation(theta, 0.0, 0.0), lorentz)
    np.testing.assert_allclose(tube, lorentz * (1 + np.cos(2 * theta) ** 2) / 2)
    # polarised in the plane of diffraction, nothing is scattered by 90°
    assert lorentz_polarisation(theta, 1.0, 0.0)[2] == pytest.approx(0, abs=1e-12)
    # a monochromator takes away of the part within the plane
    graphite = lorentz_polarisation(theta, 0.5, 26.6)
    share = math.cos(math.radians(26.6)) ** 2
    expected = lorentz * (1 + share * np.cos(2 * theta) ** 2) / (1 + share)
    np.testing.assert_allclose(graphite, expected)


@pytest.mark.parametrize(("eta", "inside"), [(0.0, 0.7610), (1.0, 0.5)])
def test_peaks_have_their_area_and_width(eta, inside):
    """Half of a Lorentzian, 76 % of a Gaussian lie within the full width."""
    shape = PeakShape(w_deg2=0.04, eta=eta)
    grid = np.linspace(0, 60, 60_001)
    curve = pseudo_voigt_sum(grid, np.array([30.0]), np.array([7.0]), shape)
    step = grid[1] - grid[0]
    # the tails of a Lorentzian are cut 60 widths away: 1 / (60 π) of it
    assert curve.sum() * step == pytest.approx(7.0 * (1 - eta / (60 * np.pi)), rel=1e-4)
    assert np.interp(30.1, grid, curve) == pytest.approx(curve.max() / 2, rel=1e-6)
    within = np.abs(grid - 30) <= 0.1
    assert curve[within].sum() * step / 7.0 == pytest.approx(inside, rel=0.01)


def test_caglioti_width():
    shape = PeakShape(u_deg2=0.3, v_deg2=-0.1, w_deg2=0.05)
    t = math.tan(math.radians(25))
    expected = math.sqrt(0.3 * t**2 - 0.1 * t + 0.05)
    assert shape.width_deg(np.array([50.0]))[0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "n"),
    [("LiCl", 1), ("Zr", 2), ("Li2ZrCl6-P-31c", 2), ("Li2ZrCl6", 4), ("ZrCl4", 4)],
)
def test_strains_that_keep_the_symmetry(name, n):
    """1 cubic, 2 hexagonal and trigonal, 4 monoclinic."""
    assert len(allowed_strains(build_prototype(name))) == n


SHAPE = PeakShape(w_deg2=0.015, u_deg2=0.02, eta=0.4)
ANGLES = np.arange(12.0, 55.0, 0.03)


def _curve(atoms, angles, wavelength="CuKa"):
    profile = PhaseProfile(
        atoms,
        lines=lines_of(wavelength),
        range_deg=(12.0, 55.0),
        debye_waller_B_A2=1.0,
        polarisation=0.5,
        monochromator_two_theta_deg=0.0,
    )
    return profile.intensities(angles, np.zeros(profile.n_strains), SHAPE)


def _strained(atoms, in_plane, along):
    strained = atoms.copy()
    strain = np.diag([1 + in_plane, 1 + in_plane, 1 + along])
    strained.set_cell(atoms.cell[:] @ strain, scale_atoms=True)
    return strained


@pytest.fixture(scope="module")
def mixture():
    """Count 80 % Li2ZrCl6 and 20 % LiCl by mass, lattice and zero being known."""
    halide = _strained(build_prototype("Li2ZrCl6-P-31c"), 0.012, -0.02)
    salt = HALITE
    masses = [a.get_masses().sum() * a.get_volume() for a in (halide, salt)]
    curves = [_curve(a, ANGLES - 0.05) for a in (halide, salt)]
    # scale of a phase is its share by mass over M V
    sample = 0.8 / masses[0] * curves[0] + 0.2 / masses[1] * curves[1]
    expected = 4000 * sample / sample.max() + 150 - ANGLES
    counts = np.random.default_rng(3).poisson(expected)
    return measured_pattern(ANGLES, counts.astype(float)), halide


def test_fit_finds_lattice_zero_shape_and_shares(mixture):
    measured, halide = mixture
    start = build_prototype("Li2ZrCl6-P-31c")
    fit = fit_pattern(measured, [start, HALITE], wavelength_A="CuKa")
    assert fit.chi_squared == pytest.approx(1.0, abs=0.15)
    assert fit.weight_fractions[0] == pytest.approx(0.8, abs=0.02)
    assert fit.zero_shift_deg == pytest.approx(0.05, abs=0.005)
    lengths = np.linalg.norm(fit.cells_A[0], axis=1)
    np.testing.assert_allclose(lengths, halide.cell.lengths(), rtol=5e-4)
    assert fit.shape.eta == pytest.approx(0.4, abs=0.1)
    assert math.sqrt(fit.shape.w_deg2) == pytest.approx(math.sqrt(0.015), rel=0.1)
    # Rwp once more, from the curves themselves
    weights = 1 / measured.sigma**2
    misfit = weights @ (fit.observed - fit.calculated) ** 2
    total = weights @ fit.observed**2
    assert fit.rwp_percent == pytest.approx(100 * math.sqrt(misfit / total))
    above = weights @ (fit.observed - fit.background) ** 2
    corrected = 100 * math.sqrt(misfit / above)
    assert fit.rwp_background_corrected_percent == pytest.approx(corrected)
    np.testing.assert_allclose(
        fit.background + fit.phase_intensities.sum(axis=0), fit.calculated
    )


def test_wrong_structure_fits_worse(mixture):
    measured, _ = mixture
    right, wrong, half = (
        fit_pattern(measured, crystals, wavelength_A="CuKa").rwp_percent
        for crystals in (
            [build_prototype("Li2ZrCl6-P-31c"), HALITE],
            [build_prototype("ZrCl3"), HALITE],
            build_prototype("Li2ZrCl6-P-31c"),
        )
    )
    assert right < 0.6 * half < 0.6 * wrong


def test_a_fit_that_explains_nothing_says_so(mixture):
    """The wrong wavelength is warned of, the right one is not."""
    measured, _ = mixture
    phases = [build_prototype("Li2ZrCl6-P-31c"), HALITE]
    assert fit_pattern(measured, phases, wavelength_A="CuKa").warnings == ()
    wrong = fit_pattern(measured, HALITE, wavelength_A=0.702)
    assert wrong.rwp_background_corrected_percent > 90
    assert "do not explain the pattern" in wrong.warnings[0]
    assert wrong.at_bounds
    assert wrong.to_json()["warnings"] == list(wrong.warnings)


def test_parameters_at_bounds_are_named():
    """A zero 0.5° off lies beyond the 0.3° that is allowed."""
    counts = 100 * _curve(HALITE, ANGLES - 0.5) + 50
    fit = fit_pattern(
        measured_pattern(ANGLES, counts),
        HALITE,
        wavelength_A="CuKa",
        refine=("zero",),
        shape=SHAPE,
    )
    assert fit.at_bounds == ("zero",)
    assert "parameters at their bounds: zero." in fit.warnings[-1]


def test_without_noise_the_residual_vanishes():
    counts = 100 * _curve(HALITE, ANGLES) + 50
    fit = fit_pattern(
        measured_pattern(ANGLES, counts),
        HALITE,
        wavelength_A="CuKa",
        refine=(),
        shape=SHAPE,
        n_background=1,
    )
    assert fit.rwp_percent < 1e-6
    assert fit.scales[0] == pytest.approx(100)
    assert fit.n_parameters == 2
    doubled = fit_pattern(
        measured_pattern(ANGLES, 2 * counts),
        HALITE,
        wavelength_A="CuKa",
        refine=(),
        shape=SHAPE,
        n_background=1,
    )
    assert doubled.scales[0] == pytest.approx(200)


def test_a_phase_that_is_not_there_gets_nothing(mixture):
    measured, _ = mixture
    zirconium = build_prototype("Zr")
    fit = fit_pattern(
        measured,
        [build_prototype("Li2ZrCl6-P-31c"), HALITE, zirconium],
        wavelength_A="CuKa",
    )
    assert min(fit.scales) >= 0
    assert fit.weight_fractions[2] < 0.01


@pytest.mark.parametrize("separator", [" ", "\t", ", ", ";"])
@pytest.mark.parametrize("with_error", [False, True])
def test_files_are_read(tmp_path, separator, with_error):
    rows = [(10 + 0.1 * i, 100 + i, 3.0) for i in range(30)]
    lines = ["# a comment", "2theta I sigma"]
    width = 3 if with_error else 2
    lines += [separator.join(map(str, row[:width])) for row in rows]
    path = tmp_path / "pattern.xy"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    measured = read_measured_pattern(path)
    np.testing.assert_allclose(measured.two_theta_deg, [row[0] for row in rows])
    np.testing.assert_allclose(measured.intensity, [row[1] for row in rows])
    expected = 3.0 if with_error else math.sqrt(100)
    assert measured.sigma[0] == pytest.approx(expected)
    assert measured.sigma_from == ("file" if with_error else "counting")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "two or three columns"),
        ("10 1\n11 2 3\n", "two or three columns"),
        ("10 1\n11 2\n", "at least 20 points"),
        ("10 1\nend of file\n", "numbers only"),
        ("\n".join(f"{10 + i % 20} 5" for i in range(40)), "different angles"),
        ("\n".join(f"{10 + i} 0" for i in range(40)), "positive maximum"),
        ("\n".join(f"{10 + 9 * i} 7" for i in range(40)), "between 0 and 180"),
    ],
)
def test_bad_files_are_refused(tmp_path, text, message):
    path = tmp_path / "pattern.xy"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_measured_pattern(path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"wavelength_A": "CuKz"}, "must be a number or one of"),
        ({"wavelength_A": -1.0}, "must be positive"),
        ({"two_theta_range_deg": (30.0, 20.0)}, "must ascend"),
        ({"debye_waller_B_A2": {"Na": 1.0}}, "must name elements"),
        ({"debye_waller_B_A2": -1.0}, "must not be negative"),
        ({"polarisation": 2.0}, "between 0 and 1"),
        ({"two_theta_range_deg": (5.0, 10.0)}, "must hold a reflection"),
        ({"wavelength_A": 0.01}, "fewer reflections"),
    ],
)
def test_bad_settings_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        xray_pattern(HALITE, **options)


def test_other_bad_input_is_refused(mixture):
    measured, _ = mixture
    with pytest.raises(InputError, match="periodic in three directions"):
        xray_pattern(Atoms("Li"))
    with pytest.raises(InputError, match="X-ray scattering factor"):
        xray_pattern(bulk("X", "fcc", a=4.0))
    with pytest.raises(InputError, match="refine must be any of"):
        fit_pattern(measured, HALITE, wavelength_A="CuKa", refine=("phase",))
    with pytest.raises(InputError, match="at least one phase"):
        fit_pattern(measured, [], wavelength_A="CuKa")
    with pytest.raises(InputError, match="eta must lie"):
        PeakShape(eta=2)


@pytest.mark.parametrize("against", ["two_theta", "d", "q"])
def test_pictures_have_units(mixture, against):
    measured, _ = mixture
    pattern = xray_pattern(HALITE)
    fit = fit_pattern(measured, HALITE, wavelength_A="CuKa", refine=())
    unit = {"two_theta": "°", "d": "(Å)", "q": "(1/Å)"}[against]
    for picture in (pattern.plot(against=against), fit.plot(against=against)):
        assert unit in picture.get_xlabel()
        picture.figure.canvas.draw()
    with pytest.raises(InputError, match="against must be one of"):
        pattern.plot(against="energy")


PUBLISHED_DENSITY = 2.31 / 0.9094  # g/cm³; of the pellets, over their relative density


def at_published_density(name):
    """Prototype with all lengths stretched to the density of the measured crystal."""
    atoms = build_prototype(name)
    density = atoms.get_masses().sum() / atoms.get_volume() * 1e24 / units.mol
    stretched = atoms.cell.array * (density / PUBLISHED_DENSITY) ** (1 / 3)
    atoms.set_cell(stretched, scale_atoms=True)
    return atoms


@pytest.mark.parametrize(
    ("name", "hexagonal"),
    [
        ("Li2ZrCl6-P-31c", True),
        ("Li2ZrCl6-P-3m1", True),
        ("Li2ZrCl6-P2m", True),
        ("Li2ZrCl6", False),
        ("Li2ZrCl6-C2m", False),
    ],
)
def test_layered_halide_against_the_published_line(name, hexagonal):
    """0.285 nm and 14.15° fix the wavelength; where the strong lines then fall."""
    wavelength = 2 * 2.85 * math.sin(math.radians(14.15 / 2))
    assert wavelength == pytest.approx(0.702, abs=5e-4)
    pattern = xray_pattern(
        at_published_density(name),
        wavelength_A=wavelength,
        two_theta_range_deg=(4.0, 30.0),
    )
    # one window for both stackings: fringes of a micrograph are good to 2 %
    near = np.abs(pattern.d_A / 2.85 - 1) < 0.02
    strongest = pattern.relative_intensity[near].max(initial=0)
    assert strongest == 100 if hexagonal else strongest < 1
