"""``analyze crystal`` and ``analyze xrd`` as a user runs them."""

import csv
import math

import numpy as np
import pytest
from ase.build import bulk
from ase.io import read, write

from structures import PeakShape, build_prototype, xray_pattern


def test_crystals_are_described_and_duplicates_found(tmp_path, lithophile):
    crystal = build_prototype("Li2ZrCl6")
    wide = crystal.repeat((2, 1, 1))
    wide.rattle(0.02, seed=1)
    write(tmp_path / "two.extxyz", [wide, build_prototype("LiCl")])
    found = lithophile(
        "analyze", "crystal", "Li2ZrCl6", "two.extxyz", "--out", "a", "--json"
    ).json
    assert found["n_distinct"] == 2
    assert found["groups"] == [["Li2ZrCl6", "two.extxyz#0"], ["two.extxyz#1"]]
    first = found["structures"][0]
    assert first["space_group"] == "C2/m"
    assert first["density_g_per_cm3"] == pytest.approx(2.6575, rel=1e-3)
    assert first["coordination"]["Zr"]["numbers"] == {"6": 1}
    assert first["shared_edges"]["Zr"] == 0
    assert len(read(tmp_path / found["distinct"], ":")) == 2
    assert {"config.yaml", "provenance.json", "result.json"} <= {
        path.name for path in (tmp_path / "a").iterdir()
    }


def test_one_bad_structure_of_several(tmp_path, lithophile):
    overlapping = bulk("LiCl", "rocksalt", a=1.0)
    write(tmp_path / "both.extxyz", [overlapping, build_prototype("LiCl")])
    found = lithophile("analyze", "crystal", "both.extxyz", "--json").json
    assert [failure["id"] for failure in found["failures"]] == ["both.extxyz#0"]
    assert "overlapping" in found["failures"][0]["reason"]
    assert len(found["structures"]) == 1
    assert (tmp_path / "crystal-both.extxyz" / "result.json").is_file()


def test_pattern_of_a_prototype(tmp_path, lithophile):
    found = lithophile(
        *("analyze", "xrd", "LiCl", "--wavelength", "1.5406", "--out", "x", "--json")
    ).json
    lines = found["phases"][0]["reflections"]
    reference = xray_pattern(
        build_prototype("LiCl"), wavelength_A=1.5406, debye_waller_B_A2=1.0
    )
    assert lines[0]["hkl"] == [[1, 1, 1]]
    assert lines[0]["two_theta_deg"] == pytest.approx(reference.two_theta_deg[0])
    assert lines[0]["relative_intensity"] == pytest.approx(
        reference.relative_intensity[0]
    )
    assert (tmp_path / found["figure"]).stat().st_size > 10_000
    with (tmp_path / found["curves"]).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert float(rows[0]["two_theta_deg"]) == 5.0


def test_fit_to_a_measured_pattern(tmp_path, lithophile):
    crystal = build_prototype("LiCl", a_A=5.12)
    angles = np.arange(25, 65, 0.08)
    pattern = xray_pattern(crystal, wavelength_A=1.5406, debye_waller_B_A2=1.0)
    curve = pattern.profile(angles, shape=PeakShape(w_deg2=0.04))
    counts = np.random.default_rng(1).poisson(3000 * curve / curve.max() + 100)
    np.savetxt(tmp_path / "measured.xy", np.column_stack([angles, counts]))
    found = lithophile(
        *("analyze", "xrd", "LiCl", "--pattern", "measured.xy"),
        *("--wavelength", "1.5406", "--out", "fit", "--json"),
    ).json
    assert found["rwp_percent"] < 1.3 * found["rexp_percent"]
    assert found["phases"][0]["cell_A"][0][0] == pytest.approx(5.12, abs=2e-3)
    assert found["n_points"] == len(angles)
    coarse = lithophile(
        *("analyze", "xrd", "LiCl", "--pattern", "measured.xy", "--refine", "none"),
        *("--wavelength", "1.5406", "--out", "fit", "--overwrite", "--json"),
    ).json
    assert coarse["rwp_percent"] > 2 * found["rwp_percent"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("crystal",), "structures must name at least one"),
        (("crystal", "LiCl", "--centre", "Zr"), "Zr"),
        (("xrd", "LiCl", "--wavelength", "CuQ"), "must be a number or one of"),
        (("xrd", "LiCl", "--pattern", "no.xy"), "got 'no.xy'"),
        (("xrd", "LiCl", "--two-theta", "40", "10"), "must ascend"),
    ],
)
def test_wrong_input_gets_one_message(lithophile, arguments, message):
    answer = lithophile("analyze", *arguments, "--out", "new", code=2)
    assert message in answer.message
    assert "Traceback" not in answer.message


def test_monochromator_weakens_the_lines_in_its_plane(lithophile):
    """Graphite, 2θ = 26.6°: lines times (1 + c² cos²2θ)/(1 + cos²2θ), c = cos 26.6°."""
    options = ("analyze", "xrd", "LiCl", "--wavelength", "1.5406", "--json")
    heights, angles = [], []
    for name, given in (("a", ()), ("b", ("--monochromator-deg", "26.6"))):
        (phase,) = lithophile(*options, *given, "--out", name).json["phases"]
        lines = phase["reflections"]
        heights.append([line["relative_intensity"] for line in lines])
        angles = [math.radians(line["two_theta_deg"]) for line in lines]
    share = math.cos(math.radians(26.6)) ** 2
    squared = np.cos(angles) ** 2
    expected = (1 + share * squared) / (1 + squared)
    without, with_crystal = np.array(heights)
    strongest = int(np.argmax(without))
    np.testing.assert_allclose(
        with_crystal / without, expected / expected[strongest], rtol=1e-6
    )
