"""``build interface`` and ``build slab``: plans, terminations, registry, bad input."""

import numpy as np
import pytest
from ase.io import read


def test_published_interface_with_its_numbers(tmp_path, lithophile):
    answer = lithophile(
        *("build", "interface", "--electrolyte", "Li2ZrCl6", "--hkl", "0,0,1"),
        *("--layers", "4", "--metal", "Li-fcc", "--metal-hkl", "1,1,1"),
        *("--metal-layers", "5", "--out", "li-lzc", "--json"),
    )
    result = answer.json
    assert result["n_atoms"] == len(read(tmp_path / result["structure"])) == 173
    for name, published in result["published"].items():
        np.testing.assert_allclose(result[name], published, rtol=0.016)
    assert result["published"].keys() == {
        "mismatch_percent",
        "thickness_electrolyte_A",
        "thickness_metal_A",
    }
    assert "principal strains" in result["mismatch_from"]
    assert result["lattice_metal_A_degree"] == [4.2, 4.2, 4.2, 90.0, 90.0, 90.0]
    assert (tmp_path / "li-lzc" / "figures" / "interface.png").is_file()


def test_written_interface_keeps_its_labels(tmp_path, lithophile):
    lithophile(
        *("build", "interface", "--layers", "1", "--metal-layers", "2"),
        *("--strain-on", "shared", "--shift", "0.5,0", "--out", "a"),
    )
    atoms = read(tmp_path / "a" / "interface.extxyz")
    names = np.array(atoms.info["site_names"])[atoms.arrays["site"]]
    assert set(names[atoms.arrays["side"] == 0]) == {"Li"}
    assert atoms.arrays["layer"].dtype.kind == "i"
    assert set(atoms.arrays["layer"]) == {0, 1}


def test_plan_builds_nothing(tmp_path, lithophile):
    plan = lithophile(
        *("build", "interface", "--max-area-A2", "110", "--plan", "--json")
    ).json
    assert len(plan["electrolyte_terminations"]) == 3
    assert len(plan["metal_terminations"]) == 1
    assert [match["metal_multiple"] for match in plan["matches"]] == [13, 13]
    assert {row["n_atoms"] for row in plan["interfaces"]} == {173}
    assert list(tmp_path.iterdir()) == []


def test_list_of_slabs_puts_the_best_first(tmp_path, lithophile):
    found = lithophile(
        *("build", "slab", "LiCl", "--hkl", "1,1,1", "--layers", "2", "--list"),
        "--json",
    ).json
    assert [slab["tasker_type"] for slab in found["slabs"]] == [2, 2, 3]
    assert len(found["terminations"]) == 2
    best = found["slabs"][0]
    built = lithophile(
        *("build", "slab", "LiCl", "--hkl", "1,1,1", "--layers", "2"),
        *("--termination", best["bottom_termination"]),
        *("--top-termination", best["top_termination"]),
        *("--out", "slab", "--json"),
    ).json
    assert built["formula"] == best["formula"]
    assert built["symmetric"]
    assert len(read(tmp_path / built["structure"])) == best["n_atoms"]


def test_registry_is_searched_with_a_potential(tmp_path, lithophile):
    result = lithophile(
        *("build", "interface", "--layers", "1", "--metal-layers", "2"),
        *("--search-registry", "--gaps-A", "2.2,3.4", "--n-shifts", "1"),
        *("--out", "a", "--json"),
    ).json
    energies = np.array(result["registry"]["energies_eV"])
    assert energies.shape == (2, 1)
    assert result["gap_A"] == [2.2, 3.4][int(energies.argmin())] == 2.2
    atoms = read(tmp_path / result["structure"])
    z, metal = atoms.positions[:, 2], atoms.arrays["side"] == 0
    np.testing.assert_allclose(z[metal].min() - z[~metal].max(), 2.2, atol=1e-6)
    assert (tmp_path / "a" / "figures" / "registry.png").is_file()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("interface", "--max-atoms", "100"), "max_atoms must be at least 173"),
        (("interface", "--termination", "a"), "must be numbers; got 'a'"),
        (("interface", "--strain-on", "both"), "strain_on"),
        (("slab", "--thickness-A", "2"), "that of one layer, 2.82"),
    ],
)
def test_refusals(tmp_path, lithophile, options, expected):
    answer = lithophile("build", *options, "--out", "a", code=2)
    assert expected in answer.stderr
    assert "Traceback" not in answer.stderr
    assert list(tmp_path.iterdir()) == []
