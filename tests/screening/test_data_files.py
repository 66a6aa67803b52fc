"""Shipped tables: each has its checksum, and a damaged one is never read."""

import shutil
from hashlib import sha256

import pytest

import screening.data_files
from screening import band_gap, load_entries, load_reaction_energies
from screening.data_files import CHECKSUMS, FOLDER, data_file
from screening.dopant_table import load_dopant_table
from screening.doped_energies import load_doped_cells
from screening.oxides import bond_energy, oxide_enthalpy
from screening.product_properties import product
from screening.reference_energies import load_reference_energies
from training_data.errors import InputError

TABLES = sorted(
    path.name
    for path in FOLDER.iterdir()
    if path.suffix in {".csv", ".extxyz", ".json", ".npz"}
)
READERS = {
    "ground_states.npz": load_entries,
    "band_gaps.npz": lambda: band_gap("Li2O"),
    "reaction_energies.json": load_reaction_energies,
    "product_properties.csv": lambda: product("Li2O"),
    "oxide_enthalpies.csv": lambda: oxide_enthalpy("Al", 3),
    "bond_energies.csv": lambda: bond_energy("Al"),
    "llzo_dopant_reactions.csv": load_dopant_table,
    "doped_llzo_chgnet.extxyz": load_doped_cells,
    "doped_llzo_chgnet_references.csv": load_reference_energies,
}


@pytest.mark.parametrize("name", TABLES)
def test_checksums_are_those_of_the_tables(name):
    """After building a table: python scripts/screening/write_checksums.py."""
    listed = dict(
        reversed(line.split())
        for line in (FOLDER / CHECKSUMS).read_text("utf-8").splitlines()
    )
    assert listed[name] == sha256((FOLDER / name).read_bytes()).hexdigest()
    assert data_file(name) == FOLDER / name
    assert name in READERS


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """Tables in another folder, to be damaged there; what was read is forgotten."""
    folder = tmp_path / "data"
    shutil.copytree(FOLDER, folder)
    for path in folder.iterdir():
        path.chmod(0o644)
    monkeypatch.setattr(screening.data_files, "FOLDER", folder)
    _forget()
    yield folder
    _forget()


def _forget():
    for module in (
        "band_gaps",
        "dopant_table",
        "doped_energies",
        "oxides",
        "product_properties",
        "reaction_energies",
        "reference_energies",
        "shipped_entries",
    ):
        for value in vars(getattr(screening, module)).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_damaged_table_is_refused(copied, name, damage):
    path = copied / name
    content = path.read_bytes()
    middle = len(content) // 2
    flipped = bytes([content[middle] ^ 1])
    path.write_bytes(
        {
            "cut": content[:middle],
            "flipped": content[:middle] + flipped + content[middle + 1 :],
            "empty": b"",
        }[damage]
    )
    with pytest.raises(InputError, match=rf"{name}.*damaged.*Install the package"):
        READERS[name]()


def test_list_of_checksums_may_be_damaged_too(copied):
    (copied / CHECKSUMS).write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="damaged"):
        load_entries()
