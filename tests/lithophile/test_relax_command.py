"""``lithophile relax``: chosen strains, held layers, and bad files among good ones."""

import numpy as np
import pytest
from ase.build import bulk
from ase.io import read, write

from structures import build_prototype


@pytest.fixture
def lithium(tmp_path):
    atoms = bulk("Li", "bcc", a=3.5, cubic=True)
    atoms.set_array("layer", np.array([0, 1]))
    atoms.positions[1] += (0.15, 0, 0)
    write(tmp_path / "lithium.extxyz", atoms)
    return atoms


def test_strains_and_layers_are_chosen(tmp_path, lithophile, lithium):
    found = lithophile(
        *("relax", "lithium.extxyz", "--cell", "xx,yy", "--fixed-layer", "-1"),
        *("--algorithm", "fire", "--fmax", "0.2", "--out", "out", "--json"),
    ).json["structures"][0]
    assert found["converged"]
    relaxed = read(tmp_path / found["path"])
    assert relaxed.cell.array[2, 2] == pytest.approx(3.5, rel=1e-9)
    assert relaxed.cell.array[0, 0] < 3.45
    # held in fractional coordinates
    scaled = relaxed.get_scaled_positions()[1]
    assert scaled == pytest.approx(lithium.get_scaled_positions()[1], rel=1e-7)


@pytest.mark.usefixtures("lithium")
def test_bad_files_among_good_ones(tmp_path, lithophile):
    """An unknown element and coincident atoms do not stop the third structure."""
    write(tmp_path / "gold.extxyz", bulk("Au"))
    twins = build_prototype("LiCl")
    twins.positions[1] = twins.positions[0]
    write(tmp_path / "twins.extxyz", twins)
    gold, coincident, good = lithophile(
        *("relax", "gold.extxyz", "twins.extxyz", "lithium.extxyz"),
        *("--out", "out", "--json"),
    ).json["structures"]
    assert "'Au'" in gold["failure"]
    assert "apart" in coincident["failure"]
    assert gold["energy_eV"] is None
    assert good["converged"]
    assert good["failure"] is None


def test_unknown_element_alone_is_refused(tmp_path, lithophile):
    write(tmp_path / "gold.extxyz", bulk("Au"))
    message = lithophile("relax", "gold.extxyz", "--out", "out", code=2).message
    assert "elements must be among" in message
    assert not (tmp_path / "out").exists()


def test_overlapping_atoms_alone_are_refused(tmp_path, lithophile):
    close = build_prototype("LiCl")
    close.positions[1] = close.positions[0] + (0.17, 0, 0)
    write(tmp_path / "ov.extxyz", close)
    message = lithophile("relax", "ov.extxyz", "--out", "out", code=2).message
    assert "ov: structure must have no overlapping atoms; got" in message
    assert "0.170 Å apart" in message
    assert not list((tmp_path / "out").glob("*.extxyz"))


def test_nothing_free_is_refused(tmp_path, lithophile):
    crystal = build_prototype("LiCl")
    crystal.set_array("layer", np.zeros(len(crystal), dtype=int))
    write(tmp_path / "bulk.extxyz", crystal)
    arguments = ("relax", "bulk.extxyz", "--fixed-layer", "0", "--out", "out")
    message = lithophile(*arguments, code=2).message
    assert "bulk: structure must have a free atom or a free cell; got" in message
    assert ".." not in message


@pytest.mark.usefixtures("lithium")
def test_strain_that_does_not_exist(tmp_path, lithophile):
    arguments = ("relax", "lithium.extxyz", "--cell", "xw", "--out", "out")
    message = lithophile(*arguments, code=2).message
    assert "cell" in message
    assert "'xw'" in message
    assert not (tmp_path / "out").exists()
