"""Own entries: energies, structures, pymatgen's, JSON files, a recorded answer."""

import copy
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import ModuleType
from urllib.parse import parse_qs, urlparse

import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from pymatgen.core import SETTINGS, Composition
from pymatgen.entries.compatibility import MaterialsProject2020Compatibility
from pymatgen.entries.computed_entries import (
    ComputedEntry,
    ConstantEnergyAdjustment,
)

from mlip.ase_potential import AsePotential
from screening import (
    entries_of_computed,
    entries_of_energies,
    entries_of_structures,
    fetch_entries,
    load_entries,
    read_entries,
)
from screening.entries_files import entries_of_documents
from training_data.errors import InputError

RECORDED = Path(__file__).parent / "recorded" / "mn-o-entries.json"
MANGANESE = -265.68948764 / 29
OXYGEN = -39.58364375 / 8
MANGANOSITE = (-31.42682858 - 4.76628030192 - 2 * MANGANESE - 2 * OXYGEN) / 4
"""MnO by hand: energy, correction and elements of the recorded answer [eV/atom]."""


def test_total_energies_become_relative_to_their_own_elements():
    own = entries_of_energies(
        {"Li2": -3.8, "Li": -1.8, "O2": -9.9, "Li4O2": -28.6}, scheme="PBE", source="me"
    )
    assert len(own) == 1
    # the lower of the two lithium energies is the zero
    assert own.formation_energy("Li2O") == pytest.approx(
        (-14.3 + 2 * 1.9 + 4.95) / 3, rel=1e-12
    )


def test_missing_elements_are_named():
    with pytest.raises(InputError, match="O, Zr"):
        entries_of_energies({"Li": -1.9, "Li2ZrO3": -40.0}, scheme="PBE", source="me")
    with pytest.raises(InputError, match="finite"):
        entries_of_energies({"Li": float("nan")}, scheme="PBE", source="me")


def test_energies_of_a_potential_are_its_own_scheme():
    alloy = bulk("Cu", cubic=True)
    alloy.symbols[0] = "Au"
    broken = Atoms("Cu2", positions=[[0, 0, 0], [0, 0, 0]], cell=[9, 9, 9], pbc=True)
    potential = AsePotential(EMT(), name="emt")
    own, failures = entries_of_structures(
        [bulk("Cu"), bulk("Au"), alloy, broken], potential
    )
    energies = [
        AsePotential(EMT()).evaluate([a]).energies[0]
        for a in (bulk("Cu"), bulk("Au"), alloy)
    ]
    by_hand = (energies[2] - 3 * energies[0] - energies[1]) / 4
    assert own.formation_energy("Cu3Au") == pytest.approx(by_hand, rel=1e-9)
    assert own.scheme == potential.identity
    assert [failure.id for failure in failures] == ["3"]
    with pytest.raises(InputError, match="MP-legacy"):
        load_entries().merged_with(own)


def test_recorded_entries_are_read_with_their_scheme(tmp_path):
    own = read_entries(RECORDED)
    assert own.scheme == "MP2020"
    assert len(own) == 4
    assert own.formation_energy("MnO") == pytest.approx(MANGANOSITE, rel=1e-9)
    assert own.source_of("MnO2") == "mn-o-entries.json"
    stable = {
        e.composition.reduced_formula for e in own.phase_diagram("Mn-O").stable_entries
    }
    assert stable == {"Mn", "O2", "MnO", "Mn3O4", "Mn2O3", "MnO2"}
    with pytest.raises(InputError, match=r"'MP-legacy'.*'MP2020'"):
        load_entries().merged_with(own)
    wrapped = tmp_path / "answer.json"
    rows = json.loads(RECORDED.read_text())
    answer = {"data": [{"entries": {"GGA": row}} for row in rows]}
    wrapped.write_text(json.dumps(answer))
    assert read_entries(wrapped).formation_energy("MnO") == own.formation_energy("MnO")


def test_scheme_of_the_corrections_must_be_one():
    rows = json.loads(RECORDED.read_text())
    other = copy.deepcopy(rows)
    for adjustment in other[1]["energy_adjustments"]:
        adjustment["cls"]["@class"] = "MaterialsProjectCompatibility"
    with pytest.raises(InputError, match="MP-legacy and MP2020"):
        entries_of_documents(other, source="mixed")
    with pytest.raises(InputError, match="MP-legacy and MP2020"):
        entries_of_documents(rows, source="mixed", scheme="MP-legacy")


def test_corrections_made_by_an_object_are_recognised():
    made_by = MaterialsProject2020Compatibility()
    oxide = ComputedEntry(
        Composition("Li2O"),
        -14.3,
        energy_adjustments=[ConstantEnergyAdjustment(-0.687, cls=made_by)],
    )
    elements = [ComputedEntry(Composition("Li"), -1.9), ComputedEntry("O2", -9.9)]
    own = entries_of_computed([oxide, *elements], source="me")
    assert own.scheme == "MP2020"
    assert own.formation_energy("Li2O") == pytest.approx(
        (-14.3 - 0.687 + 3.8 + 4.95) / 3, rel=1e-9
    )


def test_entries_without_corrections_need_a_name():
    bare = [ComputedEntry("Li", -1.9), ComputedEntry("O2", -9.9)]
    with pytest.raises(InputError, match="scheme must be given"):
        entries_of_computed(bare, source="me")


def test_documents_of_formation_energies():
    documents = [
        {
            "material_id": "mp-24230",
            "formula_pretty": "HCNO",
            "formation_energy_per_atom": -0.9689243143125003,
        },
        {"formula_pretty": "HCNO", "formation_energy_per_atom": -0.9},
    ]
    own = entries_of_documents(documents, source="documents", scheme="MP2020")
    assert own.formation_energy("HCNO") == -0.9689243143125003
    with pytest.raises(InputError, match="got none"):
        entries_of_documents(documents, source="documents")
    documents[0]["thermo_type"] = "R2SCAN"
    with pytest.raises(InputError, match="MP-r2SCAN and MP2020"):
        entries_of_documents(documents, source="documents", scheme="MP2020")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "JSON file"),
        ("[]", "list of entries"),
        ("3", "list of entries"),
        ('[{"formula": "Li2O"}]', "formation_energy_per_atom"),
        ('[{"formula": "Li2O", "formation_energy_per_atom": "x"}]', "number; got 'x'"),
        ('[{"formula": 3, "formation_energy_per_atom": -2.0}]', "text; got 3"),
        ('{"a": 1}', "under 'data'; got an object with the keys a"),
        ("[3]", "entry 0 of own.json must be an object with keys; got 3"),
        ('[{"@class": "ComputedEntry", "energy": 1}]', "cannot be read"),
    ],
)
def test_files_that_hold_no_entries_are_refused(tmp_path, text, words):
    path = tmp_path / "own.json"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_entries(path, scheme="PBE")


def test_missing_file_is_told(tmp_path):
    with pytest.raises(InputError, match="JSON file"):
        read_entries(tmp_path / "none.json")


class _Recorded(BaseHTTPRequestHandler):
    """Answers as the Materials Project did, from the recorded file."""

    asked: list[dict]

    def do_GET(self):
        query = parse_qs(urlparse(self.path).query)
        self.asked.append({"query": query, "key": self.headers["x-api-key"]})
        rows = json.loads(RECORDED.read_text())
        wanted = query["chemsys"][0].split(",")
        data = [
            {"entries": {row["parameters"]["run_type"]: row}}
            for row in rows
            if "-".join(sorted(row["composition"])) in wanted
        ]
        body = json.dumps({"data": data}).encode()
        self.send_response(200 if self.headers["x-api-key"] == "k" * 32 else 403)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def materials_project(monkeypatch):
    handler = type("Handler", (_Recorded,), {"asked": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"
    monkeypatch.setitem(SETTINGS, "PMG_MAPI_ENDPOINT", address)
    yield handler.asked
    server.shutdown()
    server.server_close()


@pytest.fixture
def without_mp_api(monkeypatch):
    monkeypatch.setitem(sys.modules, "mp_api", None)
    monkeypatch.setitem(sys.modules, "mp_api.client", None)


@pytest.mark.usefixtures("without_mp_api")
def test_fetching_over_http_from_a_recorded_answer(materials_project):
    found = fetch_entries("Mn-O", api_key="k" * 32)
    assert found.scheme == "MP2020"
    assert len(found) == 4
    # the client applies today's corrections: -0.687 eV per O, -1.668 eV per Mn
    by_hand = (-31.42682858 - 2 * 0.687 - 2 * 1.668 - 2 * MANGANESE - 2 * OXYGEN) / 4
    assert found.formation_energy("MnO") == pytest.approx(by_hand, rel=1e-6)
    assert materials_project[0]["query"]["chemsys"] == ["Mn,O,Mn-O"]
    assert materials_project[0]["key"] == "k" * 32


@pytest.mark.usefixtures("without_mp_api")
def test_refused_key_is_told(materials_project):
    with pytest.raises(InputError, match="403"):
        fetch_entries("Mn-O", api_key="x" * 32)
    assert len(materials_project) == 1


@pytest.mark.usefixtures("without_mp_api")
def test_no_key_and_a_short_key_are_told(monkeypatch):
    for name in ("MP_API_KEY", "PMG_MAPI_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InputError, match="api_key must be given"):
        fetch_entries("Mn-O")
    with pytest.raises(InputError, match="5 characters"):
        fetch_entries("Mn-O", api_key="short")
    with pytest.raises(InputError, match="chemical symbols"):
        fetch_entries("Mn-Qq", api_key="k" * 32)


class RecordedClient:
    """Entries as mp-api returns them, from the recorded file."""

    def get_entries_in_chemsys(self, elements):
        rows = json.loads(RECORDED.read_text())
        entries = [ComputedEntry.from_dict(row) for row in rows]
        return [
            e
            for e in entries
            if set(e.composition.chemical_system_set) <= set(elements)
        ]


def test_any_client_with_the_same_method_will_do():
    found = fetch_entries({"Mn", "O"}, client=RecordedClient())
    assert found.formation_energy("MnO") == pytest.approx(MANGANOSITE, rel=1e-9)
    assert found.source_of("MnO") == "Materials Project, fetched"


def test_an_uncorrected_oxide_among_corrected_ones_is_refused():
    rows = RecordedClient().get_entries_in_chemsys(["Mn", "O"])
    bare = ComputedEntry(Composition("Mn2O2"), -31.4)
    with pytest.raises(InputError, match=r"corrections of MP2020 .*; got none for MnO"):
        entries_of_computed([*rows, bare], source="mixed")
    alone = [bare, *(row for row in rows if len(row.composition) == 1)]
    with pytest.raises(InputError, match="got none for MnO"):
        entries_of_computed(alone, source="mine", scheme="MP2020")


def test_a_mistake_of_the_client_is_not_taken_for_a_refusal():
    class Broken:
        def get_entries_in_chemsys(self, elements):
            return elements.entries

    with pytest.raises(AttributeError, match="entries"):
        fetch_entries("Mn-O", client=Broken())

    class Offline:
        def get_entries_in_chemsys(self, elements):
            raise ConnectionError(f"no way to ask for {elements}")

    with pytest.raises(InputError, match="must answer for Mn-O; got ConnectionError"):
        fetch_entries("Mn-O", client=Offline())


def test_mp_api_is_asked_for_one_level_of_theory(monkeypatch):
    """By default its answer mixes r2SCAN in."""
    asked = {}

    class MPRester(RecordedClient):
        def __init__(self, key):
            asked["key"] = key

        def get_entries_in_chemsys(self, elements, additional_criteria=None):
            asked["criteria"] = additional_criteria
            return super().get_entries_in_chemsys(elements)

    module = ModuleType("mp_api.client")
    module.MPRester = MPRester
    monkeypatch.setitem(sys.modules, "mp_api", ModuleType("mp_api"))
    monkeypatch.setitem(sys.modules, "mp_api.client", module)
    assert len(fetch_entries("Mn-O", api_key="k" * 32)) == 4
    assert asked["criteria"] == {"thermo_types": ["GGA_GGA+U"]}
