"""``lithophile build doped``: what it writes, and what it refuses."""

import csv
import inspect

import pytest
from ase.build import bulk
from ase.io import read, write

from lithophile.doping_settings import DopedSettings
from lithophile.settings_file import read_settings
from lithophile.stages.doping import doping_stage
from structures.dopants import load_llzo_dopants
from structures.doping import build_doped
from structures.prototypes.llzo import build_llzo_tetragonal
from structures.site_labels import site_labels
from training_data.errors import InputError

QUICK = {"n_runs": 1, "n_sweeps": 20, "n_candidates": 1}


def _stage(out, **options):
    settings = read_settings(DopedSettings, file=None, options={**QUICK, **options})
    return doping_stage(settings, out=out, overwrite=False, progress=lambda *_: None)


@pytest.fixture
def tetragonal(tmp_path):
    path = tmp_path / "tetragonal.extxyz"
    write(path, build_llzo_tetragonal(), format="extxyz")
    return str(path)


def test_one_dopant_from_the_command_line(lithophile, tmp_path):
    answer = lithophile(
        *("build", "doped", "--dopant", "Ta5+", "--site", "Zr", "--content", "0.25"),
        *("--candidates", "2", "--runs", "2", "--sweeps", "40"),
        *("--out", "ta", "--json"),
    ).json
    assert answer["formula"] == "Li6.75La3Zr1.75Ta0.25O12"
    assert answer["charge"] == 0
    assert answer["n_atoms"] == 190
    assert answer["minimum_distance_A"] > 1.8
    frames = read(tmp_path / answer["structure"], index=":")
    assert len(frames) == len(answer["cells"]) == 2
    assert [a.get_chemical_formula(mode="metal") for a in frames] == [
        "La24Li54Ta2Zr14O96"
    ] * 2
    labels = site_labels(frames[0])
    assert {labels[i] for i in frames[0].symbols.search("Ta")} == {"Zr16a"}
    assert (tmp_path / answer["figure"]).is_file()


def test_command_refuses_with_one_message(lithophile, tmp_path):
    answer = lithophile(
        "build", "doped", "--dopant", "Al", "--site", "Li", "--out", "out", code=2
    )
    assert answer.message.count("lithophile: ") == 1
    assert "Al3+" in answer.message
    assert not (tmp_path / "out").exists()


def test_all_dopants_of_an_ordered_host(tmp_path, tetragonal):
    """Every row is tried; those that need more lithium than sites are noted."""
    result = _stage(tmp_path / "all", every=True, host=tetragonal, content=0.125)
    rows = load_llzo_dopants()
    host_charge = {"Li": 1, "La": 3, "Zr": 4}
    need_lithium = {r.name for r in rows if r.oxidation_state < host_charge[r.site]}
    assert {failure["id"] for failure in result["failures"]} == need_lithium
    assert result["n"] == len(rows)
    assert result["n_built"] == len(rows) - len(need_lithium)
    assert result["all_neutral"] is True
    table = _table(tmp_path / "all")
    assert len(table) == len(rows)
    for line in table:
        if line["failure"]:
            assert "vacant Li" in line["failure"]
            continue
        assert line["charge"] == "0"
        assert float(line["minimum_distance_A"]) > 1.7
        atoms = read(tmp_path / "all" / line["structure"])
        assert len(atoms) == int(line["n_atoms"])


def _table(out):
    with (out / "dopants.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_settings_have_the_defaults_of_the_library():
    parameters = inspect.signature(build_doped).parameters
    shared = set(DopedSettings.model_fields) & {
        name
        for name, parameter in parameters.items()
        if parameter.default is not inspect.Parameter.empty
    }
    assert len(shared - {"oxidation_states"}) >= 6
    for name in shared - {"oxidation_states"}:
        default = DopedSettings.model_fields[name].default
        assert default == parameters[name].default, name


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "dopant or every"),
        ({"dopant": "Ta5+", "site": "Zr", "every": True}, "dopant or every"),
        ({"dopant": "Ta5+"}, "site must be given"),
        ({"dopant": "Ta", "site": "Zr"}, "Al3"),
        ({"dopant": "Ta5+", "site": "Hf"}, "element or a site name"),
        ({"dopant": "Ta5+", "site": "Zr", "content": 0.2}, "whole number of dopants"),
        (
            {"dopant": "Ta5+", "site": "Zr", "content": 0.25, "n_dopants": 2},
            "must not both",
        ),
        ({"dopant": "W6+", "site": "Zr", "n_dopants": 17}, "n_dopants"),
        ({"dopant": "Ta5+", "site": "Zr", "host": "absent.cif"}, "absent.cif"),
        ({"dopant": "Ta5+", "site": "Zr", "defect_energy": True}, "--model"),
        (
            {"dopant": "Ta5+", "site": "Zr", "n_dopants": 2, "counts": {"Li": 55}},
            "host must be neutral",
        ),
        (
            {"dopant": "Ta5+", "site": "Zr", "compensating": "N"},
            "compensating must be",
        ),
        (
            {"dopant": "Y3+", "site": "Zr", "compensating": "O", "n_dopants": 1},
            "multiple of 2",
        ),
        ({"dopant": "Li+", "site": "La", "model": "absent"}, "absent"),
        (
            {"dopant": "Y3+", "site": "Zr", "n_dopants": 4, "compensation": {"Li": 2}},
            "must make the cell neutral",
        ),
        ({"every": True, "compensation": {"Li": 2}}, "one dopant"),
        (
            {
                "dopant": "Y3+",
                "site": "Zr",
                "compensating": "O",
                "compensation": {"Li": 2},
            },
            "must not both",
        ),
    ],
)
def test_wrong_input_is_refused_and_nothing_written(tmp_path, options, words):
    with pytest.raises(InputError, match=words):
        _stage(tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_dopant_without_reference_phase(tmp_path):
    options = {
        "dopant": "Cl5+",
        "site": "Zr",
        "model": "chgnet",
        "defect_energy": True,
    }
    with pytest.raises(InputError, match="--reference FILE"):
        _stage(tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_defect_energy_with_a_phase_of_the_user(tmp_path):
    """Mg in Li2O against MgO from a file: host + MgO → doped + Li2O."""
    for name, atoms in (
        ("magnesia", bulk("MgO", "rocksalt", a=4.21)),
        ("lithia", bulk("OLi2", "fluorite", a=4.61, cubic=True)),
    ):
        write(tmp_path / f"{name}.extxyz", atoms)
    result = _stage(
        tmp_path / "out",
        host=str(tmp_path / "lithia.extxyz"),
        dopant="Mg2+",
        site="Li",
        n_dopants=1,
        model="chgnet",
        defect_energy=True,
        references=(tmp_path / "magnesia.extxyz",),
    )
    defect = result["defect_energy"]
    assert defect["reaction"] == {"Li": 0.0, "Li2O": -1.0, "MgO": 1.0}
    assert defect["exchanged"] == {"Li": -2, "Mg": 1}
    assert 0 < defect["energy_per_dopant_eV"] < 4
    assert defect["relaxed"] is defect["converged"] is result["passes"] is True
    (row,) = _table(tmp_path / "out")
    assert row["relaxed"] == row["converged"] == row["passes"] == "True"
    cells = read(tmp_path / "out" / row["relaxed_structure"], index=":")
    assert [a.info["converged"] for a in cells] == [True]
    assert cells[0].info["relaxed_energy_eV"] == pytest.approx(
        defect["doped_energy_eV"], rel=1e-9
    )


def test_several_elements_compensate_from_the_command_line(lithophile, tmp_path):
    """Two Y3+ on Zr4+ lack two charges: two O leave, and two Li with them."""
    answer = lithophile(
        *("build", "doped", "--host", "Li2ZrO3", "--dopant", "Y3+", "--site", "Zr"),
        *("--n-dopants", "2", "--compensate", "Li=-2 O=-2", "--candidates", "1"),
        *("--runs", "1", "--sweeps", "20", "--out", "y", "--json"),
    ).json
    assert answer["charge"] == 0
    assert answer["compensation"] == {"Li": -2, "O": -2}
    atoms = read(tmp_path / answer["structure"])
    assert atoms.get_chemical_formula(mode="metal") == "Li6Y2Zr2O10"


def test_host_without_vacant_lithium_sites(tmp_path, tetragonal):
    with pytest.raises(InputError, match="LLZO-cubic"):
        _stage(tmp_path / "out", host=tetragonal, dopant="Ca2+", site="La")


def test_host_with_overlapping_atoms(tmp_path):
    salt = bulk("LiCl", "rocksalt", a=5.13, cubic=True)
    salt.positions[1] = salt.positions[0] + 0.1
    write(tmp_path / "salt.extxyz", salt)
    with pytest.raises(InputError, match=r"apart|overlap"):
        _stage(
            tmp_path / "out",
            host=str(tmp_path / "salt.extxyz"),
            dopant="Na+",
            site="Li",
        )


def test_host_with_a_species_without_oxidation_state(tmp_path):
    write(tmp_path / "feo.extxyz", bulk("FeO", "rocksalt", a=4.3, cubic=True))
    options = {
        "host": str(tmp_path / "feo.extxyz"),
        "dopant": "Mg2+",
        "site": "Fe",
        "n_dopants": 1,
        "compensating": "Fe",
    }
    with pytest.raises(InputError, match="oxidation_states"):
        _stage(tmp_path / "out", **options)
    result = _stage(tmp_path / "out", **options, oxidation_states={"Fe": 2})
    assert result["charge"] == 0


@pytest.mark.filterwarnings("ignore:Set OLD_ERROR_HANDLING:DeprecationWarning")
def test_host_with_occupancies_above_one(tmp_path):
    path = tmp_path / "wrong.cif"
    path.write_text(
        "data_wrong\n_cell_length_a 5.1\n_cell_length_b 5.1\n_cell_length_c 5.1\n"
        "_cell_angle_alpha 90\n_cell_angle_beta 90\n_cell_angle_gamma 90\n"
        "_symmetry_space_group_name_H-M 'P 1'\n"
        "loop_\n_atom_site_label\n_atom_site_type_symbol\n_atom_site_fract_x\n"
        "_atom_site_fract_y\n_atom_site_fract_z\n_atom_site_occupancy\n"
        "Li1 Li 0 0 0 0.8\nNa1 Na 0 0 0 0.7\nCl1 Cl 0.5 0.5 0.5 1.0\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError, match="sum to at most 1"):
        _stage(tmp_path / "out", host=str(path), dopant="Na+", site="Li")
