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
        (("--counts", "Li"), "counts must be NAME=NUMBER pairs; got 'Li'"),
        (("--structure", "none.cif"), "existing file; got 'none.cif'"),
        (("--phase", "tetragonal", "--structure", "a.cif"), "phase must be left out"),
        (("--model", "li-zr-cl"), "does not know La, O"),
    ],
)
def test_what_is_refused(tmp_path, lithophile, options, message):
    answer = lithophile("build", "llzo", *options, "--out", "x", code=2)
    assert message in answer.message
    assert not (tmp_path / "x").exists()
