"""``lithophile analyze film`` and what ``analyze dissolution`` adds to its curve."""

from pathlib import Path

from ase import Atoms
from ase.io import write

RUNS = Path(__file__).parents[2] / "md" / "data"


def test_no_film_yet_on_a_shipped_interface(tmp_path, lithophile):
    result = lithophile(
        *("analyze", "film", RUNS / "li-li2zrcl6-300K.h5", "--most-frames", "40"),
        *("--out", "film", "--json"),
    ).json
    assert {"final_thickness_A", "final_layers", "growth_law"} <= set(result)
    assert result["final_thickness_A"] == 0.0
    assert result["growth_law"] == "undetermined"
    assert result["n_contacts"] == 2
    assert (tmp_path / result["figure"]).is_file()


def test_dissolution_tells_layers_clusters_and_sites(lithophile):
    result = lithophile(
        *("analyze", "dissolution", RUNS / "li-li2zrcl6-400K.h5"),
        *("--out", "zr", "--json"),
    ).json
    assert result["n_dissolved"] == 0
    assert [row["n_atoms"] for row in result["layers"]] == [3, 3, 3, 3]
    assert result["clusters"]["final_sizes"] == []
    assert result["reduction"]["final_share_reduced"] == 0.0
    assert (result["sites"]["n_sites_A"], result["sites"]["n_sites_B"]) == (24, 27)
    assert max(result["sites"]["occupation_B"]) > 0.03


def test_film_needs_metal_and_three_elements(tmp_path, lithophile):
    frames = [Atoms("LiZrCl", positions=[[0, 0, 0], [3, 0, 0], [5.4, 0, 0]])] * 3
    for atoms in frames:
        atoms.set_cell([20, 20, 20])
        atoms.pbc = True
    write(tmp_path / "few.extxyz", frames, format="extxyz")
    command = ("analyze", "film", "few.extxyz", "--frame-time-ps", "1")
    assert "metal that touches" in lithophile(*command, code=2).message
    refused = lithophile(*command, "--cation", "Li", code=2).message
    assert "three elements" in refused
    assert "Hf" in lithophile(*command, "--cation", "Hf", code=2).message
