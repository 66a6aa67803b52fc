"""Crystals of users: every format read, everything wrong refused with a remedy."""

import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.io import read as ase_read
from ase.io import write
from pymatgen.io.ase import AseAtomsAdaptor

from lithophile.stages.inputs import read_crystal as crystal_of_stage
from structures.crystal_files import check_crystal, read_crystal
from structures.disordered_crystal_files import read_disordered_crystal
from structures.prototypes import build_prototype
from structures.site_labels import site_labels
from structures.slabs import build_slab
from training_data.errors import InputError
from training_data.partial_occupancies import refuse_partial_occupancies
from training_data.reading import read_structures

CIF = """data_{name}
_symmetry_space_group_name_H-M 'P -3 m 1'
_symmetry_Int_Tables_number 164
_cell_length_a 3.9381
_cell_length_b 3.9381
_cell_length_c 6.1361
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 120
loop_
_symmetry_equiv_pos_as_xyz
'x, y, z'
'-y, x-y, z'
'-x+y, -x, z'
'y, x, -z'
'x-y, -y, -z'
'-x, -x+y, -z'
'-x, -y, -z'
'y, -x+y, -z'
'x-y, x, -z'
'-y, -x, z'
'-x+y, y, z'
'x, x-y, z'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
La1 La3+ 0.3333 0.6667 0.2467 {la}
{second}
O1 O2- 0 0 0 {o}
O2 O2- 0.3333 0.6667 0.647 1
"""


def cif(
    path: Path, *, name: str = "a", la: str = "1", o: str = "1", second: str = ""
) -> Path:
    """File of A-type La2O3 with the occupancies given."""
    text = CIF.format(name=name, la=la, o=o, second=second)
    path.write_text("\n".join(line for line in text.splitlines() if line) + "\n")
    return path


def bonds(atoms: Atoms) -> np.ndarray:
    """Sorted distances below 3 Å per atom, whatever the cell's setting."""
    distances = atoms.repeat((2, 2, 2)).get_all_distances(mic=True)
    return np.sort(distances[(distances > 0) & (distances < 3)])[:: len(atoms)]


def test_cif_with_rounded_thirds_is_the_prototype(tmp_path):
    """0.3333 and 0.6667 must not split a special position into several atoms."""
    atoms = read_crystal(cif(tmp_path / "la2o3.cif"))
    assert atoms.get_chemical_formula(mode="metal") == "La2O3"
    np.testing.assert_allclose(bonds(atoms), bonds(build_prototype("La2O3")), rtol=1e-3)
    assert set(site_labels(atoms)) == {"La1", "O1", "O2"}
    assert atoms.pbc.all()


@pytest.mark.parametrize("suffix", ["vasp", "extxyz", "cif", "json"])
@pytest.mark.parametrize("name", ["Li2ZrCl6", "La2O3", "Li2ZrO3", "ZrCl4"])
def test_a_prototype_written_is_read_back(tmp_path, suffix, name):
    crystal = build_prototype(name)
    path = tmp_path / f"crystal.{suffix}"
    if suffix == "json":
        path.write_text(AseAtomsAdaptor.get_structure(crystal).to_json())
    else:
        write(path, crystal)
    atoms = read_crystal(path)
    assert atoms.get_chemical_formula() == crystal.get_chemical_formula()
    np.testing.assert_allclose(atoms.get_volume(), crystal.get_volume(), rtol=1e-5)
    np.testing.assert_allclose(bonds(atoms), bonds(crystal), rtol=1e-4)


@pytest.mark.parametrize("name", ["Li-fcc", "LiCl", "Li2ZrO3", "Li2ZrCl6-P-3m1"])
def test_a_file_without_symmetry_names_equivalent_atoms_alike(tmp_path, name):
    """Files in P1 number every atom; slabs must not take the numbers for sites."""
    crystal = build_prototype(name)
    numbered = AseAtomsAdaptor.get_structure(crystal)
    numbered.add_site_property("label", [f"X{i}" for i in range(len(crystal))])
    numbered.to(str(tmp_path / "p1.cif"))
    atoms = read_crystal(tmp_path / "p1.cif")
    assert len(set(site_labels(atoms))) < len(atoms)
    given, read = (
        build_slab(a, miller=(0, 0, 1), layers=2).atoms for a in (crystal, atoms)
    )
    assert len(read) == len(given)


@pytest.mark.parametrize("name", ["Li2ZrO3", "Li6Zr2O7", "La2O3"])
def test_wyckoff_names_of_a_file_in_p1_are_those_of_the_prototype(tmp_path, name):
    crystal = build_prototype(name)
    AseAtomsAdaptor.get_structure(crystal).to(str(tmp_path / "p1.cif"))
    atoms = read_crystal(tmp_path / "p1.cif")
    assert Counter(site_labels(atoms)) == Counter(site_labels(crystal))


def test_document_of_the_materials_project(tmp_path):
    structure = AseAtomsAdaptor.get_structure(build_prototype("Li2O")).as_dict()
    document = {"material_id": "mp-1960", "formula_pretty": "Li2O"}
    for content in (
        {**document, "structure": structure},
        [{**document, "structure": structure}],
        {"data": [{**document, "structure": structure}]},
    ):
        path = tmp_path / "mp.json"
        path.write_text(json.dumps(content))
        atoms = read_crystal(path)
        assert atoms.get_chemical_formula(mode="metal") == "Li8O4"
        assert atoms.info["material_id"] == "mp-1960"


def test_last_frame_of_several(tmp_path):
    frames = [build_prototype("LiCl", a_A=a) for a in (5.0, 5.1)]
    write(tmp_path / "two.extxyz", frames)
    atoms = read_crystal(tmp_path / "two.extxyz")
    np.testing.assert_allclose(atoms.cell[0, 0], 5.1, rtol=1e-12)


def test_the_stage_takes_a_name_or_a_file(tmp_path):
    write(tmp_path / "licl.vasp", build_prototype("LiCl"))
    assert len(crystal_of_stage("LiCl")) == 8
    assert len(crystal_of_stage(str(tmp_path / "licl.vasp"))) == 8
    with pytest.raises(InputError, match="must be a prototype"):
        crystal_of_stage("LiCl2")


def _json(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content))
    return path


def _several(path: Path) -> Path:
    one = cif(path.with_name("one.cif"))
    two = cif(path.with_name("two.cif"), name="b")
    path.write_text(one.read_text() + two.read_text())
    return path


def _overlapping(path: Path) -> Path:
    crystal = build_prototype("Li2ZrCl6")
    crystal += Atoms("Cl", positions=[crystal.positions[0] + (0.7, 0, 0)])
    write(path, crystal)
    return path


def _molecule(path: Path) -> Path:
    write(path, Atoms("LiCl", positions=[(0, 0, 0), (0, 0, 2)]))
    return path


def test_several_crystals_in_one_cif_are_refused_by_both_readers(tmp_path):
    path = _several(tmp_path / "both.cif")
    for read in (read_crystal, read_disordered_crystal):
        with pytest.raises(InputError, match=r"one crystal; got 2 .*blocks a, b"):
            read(path)


def test_blocks_without_sites_do_not_count(tmp_path):
    path = cif(tmp_path / "a.cif")
    path.write_text("data_global\n_journal_year 2011\n" + path.read_text())
    assert len(read_crystal(path)) == 5
    assert read_disordered_crystal(path).n_sites == 5


def test_both_readers_name_the_sites_alike(tmp_path):
    """Labels of the file that number every atom give way to Wyckoff names."""
    path = tmp_path / "p1.cif"
    write(path, build_prototype("Li2ZrO3"))
    atoms = read_crystal(path)
    other = read_disordered_crystal(path)
    np.testing.assert_allclose(
        atoms.get_scaled_positions(), other.scaled_positions, atol=1e-12
    )
    assert site_labels(atoms) == other.site_names
    assert {"Zr4e", "Li4e_1"} & set(other.site_names)


BAD = {
    "missing": (lambda d: d / "nowhere.cif", "must be an existing file"),
    "partial": (lambda d: cif(d / "a.cif", o="0.5"), "fully occupied.*O 0.5.*order_si"),
    "shared": (
        lambda d: cif(
            d / "a.cif", la="0.5", second="Nd1 Nd3+ 0.3333 0.6667 0.2467 0.5"
        ),
        "fully occupied by one species.*order_sites",
    ),
    "sum above one": (
        lambda d: cif(
            d / "a.cif", la="0.8", second="Nd1 Nd3+ 0.3333 0.6667 0.2467 0.5"
        ),
        "between 0 and 1 in sum; got La 0.8, Nd 0.5",
    ),
    "occupancy above one": (lambda d: cif(d / "a.cif", la="1.3"), "in sum; got La 1.3"),
    "several": (lambda d: _several(d / "both.cif"), "must hold one crystal; got 2"),
    "no cif": (
        lambda d: Path(shutil.copy(__file__, d / "a.cif")),
        "must be a readable CIF|must hold one crystal; got 0",
    ),
    "overlap": (
        lambda d: _overlapping(d / "a.vasp"),
        r"overlapping atoms; got Zr 0 and Cl 9 0\.700 Å",
    ),
    "molecule": (lambda d: _molecule(d / "a.xyz"), "three lattice vectors"),
    "two documents": (lambda d: _json(d / "a.json", [{}, {}]), "one crystal; got 2"),
    "no structure": (
        lambda d: _json(d / "a.json", {"material_id": "mp-1"}),
        "Request the field 'structure'",
    ),
    "a number": (lambda d: _json(d / "a.json", 3), "must hold a JSON object"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_used_is_refused_with_a_remedy(tmp_path, case):
    make, expected = BAD[case]
    with pytest.raises(InputError, match=expected):
        read_crystal(make(tmp_path))


def test_no_json_is_refused(tmp_path):
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(InputError, match="must be valid JSON"):
        read_crystal(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("symbols", "distance_A", "refused"),
    [
        ("LiLi", 1.53, True),
        ("LiLi", 1.55, False),
        ("HH", 0.49, True),
        ("HH", 0.51, False),
        ("LaO", 1.62, True),
        ("LaO", 1.65, False),
    ],
)
def test_limit_of_overlap(symbols, distance_A, refused):
    """0.6 times the sum of radii (Li 1.28, La 2.07, O 0.66 Å), at least 0.5 Å."""
    atoms = Atoms(symbols, positions=[(0, 0, 0), (0, 0, distance_A)], cell=[9, 9, 9])
    if refused:
        with pytest.raises(InputError, match="overlapping"):
            check_crystal(atoms)
    else:
        check_crystal(atoms)


def test_an_atom_that_meets_its_own_image_overlaps():
    with pytest.raises(InputError, match="overlapping"):
        check_crystal(Atoms("Li", cell=[1.2, 9, 9]))


@pytest.mark.parametrize("occupancy", ["0.5", "1"])
def test_occupancies_that_ase_keeps_aside_are_noticed(tmp_path, occupancy):
    """ASE alone reads a half-occupied site as a full atom."""
    atoms = ase_read(cif(tmp_path / "a.cif", o=occupancy))
    assert len(atoms) == 5
    if occupancy == "1":
        refuse_partial_occupancies(atoms)
    else:
        with pytest.raises(InputError, match=r"O 0\.5 on site 1"):
            refuse_partial_occupancies(atoms)
        # relax, md, run and analyze read through this one
        with pytest.raises(InputError, match=r"O 0\.5 on site 1"):
            read_structures(tmp_path / "a.cif")


def test_positions_must_be_numbers():
    with pytest.raises(InputError, match="finite"):
        check_crystal(Atoms("Li", positions=[(np.nan, 0, 0)], cell=[9, 9, 9]))
