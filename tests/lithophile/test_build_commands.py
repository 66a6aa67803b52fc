"""``build interface`` and ``build slab``: plans, terminations, registry, bad input."""

from inspect import Parameter, signature

import numpy as np
import pytest
from ase.io import read

from lithophile import build_settings
from lithophile.build_settings import InterfaceSettings, SlabSettings
from lithophile.build_tables import interface_to_read, slabs_to_read
from lithophile.settings_file import validate
from lithophile.stages.slab import slab_list
from structures import registry
from structures.interface import build_interface
from structures.interface_plan import plan_interfaces
from structures.prototypes import build_prototype
from structures.slabs import build_slab
from training_data.errors import InputError


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
    assert [slab["tasker_type"] for slab in found["slabs"]] == [3, 3, 3]
    assert [slab["charge_e"] for slab in found["slabs"]] == [0, -1, 1]
    assert [slab["neutrality"] for slab in found["slabs"]] == [
        "neutral",
        "charged",
        "charged",
    ]
    assert len(found["terminations"]) == 2
    best = found["slabs"][1]
    built = lithophile(
        *("build", "slab", "LiCl", "--hkl", "1,1,1", "--layers", "2"),
        *("--termination", best["bottom_termination"]),
        *("--top-termination", best["top_termination"]),
        *("--out", "slab", "--json"),
    ).json
    assert built["formula"] == best["formula"]
    assert built["symmetric"]
    assert len(read(tmp_path / built["structure"])) == best["n_atoms"]


def test_tables_tell_charge_and_why_the_cut_was_taken():
    settings = SlabSettings(structure="LiCl", miller=(1, 1, 1), layers=2)
    rows = slabs_to_read(slab_list(settings))["slabs"]
    assert [(row["charge (e)"], row[""]) for row in rows] == [
        (0.0, "neutral"),
        (-1.0, "charged"),
        (1.0, "charged"),
    ]
    garnet, lithium = build_prototype("LLZO-tetragonal"), build_prototype("Li-bcc")
    sides = {
        "metal_miller": (0, 0, 1),
        "electrolyte_layers": 1,
        "metal_layers": 2,
        "max_mismatch_percent": 4.0,
    }
    even = build_interface(garnet, lithium, electrolyte_termination=(0, 1), **sides)
    shown = interface_to_read(even.to_json())
    assert "charged (+4 e per in-plane cell)" in shown["electrolyte_surface"]
    assert "repeat of Tasker type 3" in shown["electrolyte_surface"]
    assert shown["electrolyte_termination"] == "0, 1: given"
    other = build_interface(garnet, lithium, electrolyte_miller=(1, 0, 0), **sides)
    shown = interface_to_read(other.to_json())
    assert "symmetric, neutral, repeat of Tasker type 2" in shown["electrolyte_surface"]
    assert shown["electrolyte_termination"] == (
        "0, 0: not polar, gap 0.35 Å; termination 2, the widest gap, 0.44 Å, has a "
        "dipole of 0.63 e/Å per repeat"
    )


@pytest.mark.parametrize(
    ("function", "settings", "most_missing"),
    [
        (build_slab, SlabSettings, {"crystal"}),
        (build_interface, InterfaceSettings, set()),
        (plan_interfaces, InterfaceSettings, set()),
    ],
)
def test_defaults_do_not_differ_between_library_and_command(
    function, settings, most_missing
):
    fields = settings.model_fields
    missing = set()
    for name, parameter in signature(function).parameters.items():
        if name not in fields:
            missing.add(name)
        elif parameter.default is not Parameter.empty:
            assert fields[name].default == parameter.default, name
    assert missing == most_missing


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        (InterfaceSettings, {"vacuum_A": float("inf")}),
        (InterfaceSettings, {"gap_A": float("nan")}),
        (InterfaceSettings, {"max_mismatch_percent": 60}),
        (InterfaceSettings, {"max_area_A2": float("inf")}),
        (InterfaceSettings, {"metal_thickness_A": float("inf")}),
        (InterfaceSettings, {"registry": {"n_shifts": 1, "gaps_A": [float("nan")]}}),
        (SlabSettings, {"vacuum_A": float("inf")}),
        (SlabSettings, {"thickness_A": float("nan")}),
    ],
)
def test_numbers_without_meaning_are_no_settings(settings, options):
    with pytest.raises(InputError, match=next(iter(options))):
        validate(settings, options, source="options")


def test_list_does_not_ignore_a_thickness():
    with pytest.raises(InputError, match="thickness_A must not be given with --list"):
        slab_list(SlabSettings(thickness_A=9.0))


def test_limit_of_the_registry_is_that_of_the_library():
    assert build_settings.MOST_STRUCTURES == registry.MOST_STRUCTURES


def test_registry_is_searched_with_a_potential(tmp_path, lithophile):
    result = lithophile(
        *("build", "interface", "--layers", "1", "--metal-layers", "2"),
        *("--search-registry", "--gaps-A", "2.2,3.4", "--n-shifts", "1"),
        *("--out", "a", "--json"),
    ).json
    energies = np.array(result["registry"]["energies_eV"])
    assert energies.shape == (2, 1)
    assert result["gap_A"] == [2.2, 3.4][int(energies.argmin())] == 2.2
    assert 2.2 <= result["shortest_contact_A"] < 3.4
    atoms = read(tmp_path / result["structure"])
    z, metal = atoms.positions[:, 2], atoms.arrays["side"] == 0
    np.testing.assert_allclose(z[metal].min() - z[~metal].max(), 2.2, atol=1e-6)
    assert (tmp_path / "a" / "figures" / "registry.png").is_file()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("interface", "--max-atoms", "100"), "max_atoms must be at least 173"),
        (("interface", "--termination", "a"), "must be integers; got 'a'"),
        (("interface", "--shift", "a,0"), "must be numbers; got 'a,0'"),
        (("interface", "--gap-A", "0.2"), "gap_A must keep the atoms of both sides"),
        (("interface", "--gap-A", "inf"), "gap_A"),
        (("interface", "--shift", "nan,0"), "shift"),
        (("interface", "--search-registry", "--n-shifts", "500"), "at most 2000"),
        (("interface", "--termination", "0,1,2"), "lower and the upper one"),
        (("interface", "--plan"), "--out must not be given with --plan"),
        (("slab", "--list"), "--out must not be given with --list"),
        (("slab", "--layers", "100000000"), "max_atoms must be at least 900000000"),
        (("interface", "--strain-on", "both"), "strain_on"),
        (("slab", "--thickness-A", "2"), "that of one layer, 2.82"),
    ],
)
def test_refusals(tmp_path, lithophile, options, expected):
    answer = lithophile("build", *options, "--out", "a", code=2)
    assert expected in answer.stderr
    assert "Traceback" not in answer.stderr
    assert list(tmp_path.iterdir()) == []
