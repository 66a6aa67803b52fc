"""``lithophile build llzo``: what is written, and what is refused."""

import csv

import numpy as np
import pytest
from ase.io import read

from structures.prototypes.llzo import build_llzo_cubic

SHORT = ("--runs", "2", "--sweeps", "30", "--keep", "3")


def test_orders_cubic_llzo(tmp_path, lithophile):
    result = lithophile("build", "llzo", *SHORT, "--out", "o", "--json").json
    assert result["n_atoms"] == 192
    assert result["excluded_pairs"] == 0
    assert result["n_runs"] == 2
    assert len(result["run_lowest_eV"]) == 2
    assert len(result["structures"]) == 3
    for row in result["structures"]:
        atoms = read(tmp_path / row["path"])
        assert atoms.get_chemical_formula(mode="metal") == "La24Li56Zr16O96"
        assert list(atoms.info["site_names"])[:2] == ["Li24d", "Li96h"]
        lithium = atoms[atoms.numbers == 3].get_all_distances(mic=True)
        assert np.sort(lithium, axis=1)[:, 1].min() > 2.0
    with (tmp_path / result["table"]).open() as stream:
        rows = list(csv.DictReader(stream))
    energies = [float(row["electrostatic_energy_eV"]) for row in rows]
    assert energies == sorted(energies)
    assert (tmp_path / "o" / "figures" / "energies.png").stat().st_size > 5000


def test_tetragonal_llzo_is_ordered_already(tmp_path, lithophile):
    options = ("--phase", "tetragonal", "--supercell", "1 1 2")
    result = lithophile("build", "llzo", *options, "--out", "t", "--json").json
    atoms = read(tmp_path / result["structure"])
    assert len(atoms) == result["n_atoms"] == 384
    assert atoms.info["site_names"][0] == "Li8a"


def test_supercell_holds_whole_cells(tmp_path, lithophile):
    """Two cells hold 2 x 56 lithium atoms, not the 112.1 of the occupancies."""
    options = ("--supercell", "2 1 1", "--runs", "1", "--sweeps", "150")
    result = lithophile(
        "build", "llzo", *options, "--keep", "1", "--out", "s", "--json"
    ).json
    atoms = read(tmp_path / result["structure"])
    assert atoms.get_chemical_formula(mode="metal") == "La48Li112Zr32O192"
    assert result["excluded_pairs"] == 0


def test_file_with_partial_occupancies(tmp_path, lithophile):
    crystal = build_llzo_cubic().with_occupancy("Li24d", {"Li": 0.8, "Al": 0.1})
    crystal.to_pymatgen().to(filename=str(tmp_path / "al.cif"))
    result = lithophile(
        *("build", "llzo", "--structure", "al.cif", "--counts", "Li=50,Al=2"),
        *(*SHORT, "--out", "al", "--json"),
    ).json
    assert result["formula"] == "Al2La24Li50Zr16O96"
    assert result["site_counts"]["Li24d"]["Al"] == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--counts", "Li=57"), "got charge +1"),
        (("--counts", "Li=57"), "Neutral with one of --counts Li=56"),
        (("--structure", "few.cif"), "Give --counts 'Li=56', which is neutral, or"),
        (("--supercell", "20 20 20"), "within 2500 sites; got (20, 20, 20), 2048000"),
        (("--supercell", "0 1 1"), "supercell must be at least 1 along each vector"),
        (
            ("--phase", "tetragonal", "--supercell", "9 9 9"),
            "within 100000 sites; got (9, 9, 9), 139968 sites. Take at most 520 cells",
        ),
        (
            ("--phase", "tetragonal", "--structure", "few.cif"),
            "given; got tetragonal. The file says what it holds.",
        ),
        (("--counts", "Li"), "counts must be NAME=NUMBER pairs; got 'Li'"),
        (("--structure", "none.cif"), "existing file; got 'none.cif'"),
        (("--phase", "tetragonal", "--structure", "a.cif"), "phase must be left out"),
        (("--model", "li-zr-cl"), "does not know La, O"),
    ],
)
def test_what_is_refused(tmp_path, lithophile, options, message):
    few = build_llzo_cubic().with_occupancy("Li24d", {"Li": 0.9})
    few.to_pymatgen().to(filename=str(tmp_path / "few.cif"))
    answer = lithophile("build", "llzo", *options, "--out", "x", code=2)
    assert message in answer.message
    assert "PosixPath" not in answer.message
    assert not (tmp_path / "x").exists()
