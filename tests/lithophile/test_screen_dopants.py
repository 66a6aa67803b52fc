"""``lithophile screen dopants``: what it writes, refuses, and keeps when killed."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from lithophile.dopant_screening_settings import DopantScreeningSettings
from lithophile.report.dopants import write_dopant_report
from lithophile.run_folder import RunFolder
from lithophile.stages.dopant_cells import anchored_energies, doped_cells
from lithophile.stages.dopant_models import model_table, table_hash
from lithophile.stages.dopant_screening import chosen_dopants
from screening.dopant_prediction import DopantPredictionResult
from screening.dopant_screening import screen_dopants
from screening.doped_cells import UNDOPED
from screening.doped_energies import anchored_doped_energies, load_doped_cells
from screening.features import dopant_coordination
from screening.reference_energies import load_reference_energies
from screening.relaxed_cell_files import write_relaxed_cell
from screening.shipped_entries import load_entries
from structures.dopants import load_llzo_dopants
from training_data.errors import Failure, InputError

QUICK = (
    *("--dopant", "Al3+-Li", "--dopant", "Ga3+-Li"),
    *("--dopant", "Nb5+-Zr", "--dopant", "Ta5+-Zr", "--no-models"),
)
BARRIERS = (*QUICK, "--bond-valence", "--resolution-A", "0.6")


def test_all_that_is_promised_is_written(lithophile, tmp_path):
    answer = lithophile(
        *("screen", "dopants", *QUICK, "--dopant", "Sc3+-Zr"), "--out", "out", "--json"
    ).json
    assert answer["n"] == 5
    assert answer["classes"]["stable"] == 1
    with (tmp_path / answer["table"]).open(encoding="utf-8", newline="") as stream:
        rows = {row["dopant"]: row for row in csv.DictReader(stream)}
    assert float(
        rows["Al3+-Li"]["reaction_energy_eV_per_formula_unit"]
    ) == pytest.approx(-0.646, abs=1e-3)
    assert float(rows["Al3+-Li"]["anchored_reaction_energy_eV_per_formula_unit"]) < -0.6
    assert set(rows["Al3+-Li"]["products"].split()) == {
        *("La2O3", "Li2O", "Zr4O", "Zr3Al")
    }
    everything = json.loads((tmp_path / answer["all"]).read_text("utf-8"))
    assert everything["dopants"][0]["titration"]["kinks"]
    page = (tmp_path / answer["report"]).read_text("utf-8")
    assert page.count("data:image/png;base64,") >= 4
    assert "Al3+-Li" in page
    again = lithophile(
        *("screen", "dopants", *QUICK, "--dopant", "Sc3+-Zr"),
        *("--out", "out", "--resume", "--json"),
    ).json
    assert again == answer


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--dopant", "Al4+-Li", "--no-models"), "Al3+-Li"),
        (("--dopant", "Al3+-Li"), "--no-models"),
        (("--content", "0.3", "--relax"), "multiple of 1/8"),
        (("--model", "mace-mp:small"), "model must come with relax"),
        (("--dopant", "Al3+-Li", "--dopant", "Al3+-Li", "--no-models"), "once each"),
        (
            ("--bond-valence", "--content", "0.125", "--no-models"),
            "content must be 0.25 for barriers",
        ),
        (("--dopant", "Cl5+-Zr", "--content", "3", "--no-models"), "n_dopants must"),
    ],
)
def test_wrong_input_is_refused_before_any_work(lithophile, tmp_path, options, said):
    answer = lithophile("screen", "dopants", *options, "--out", "out", code=2)
    assert said in answer.message
    assert not (tmp_path / "out").exists()


def test_killed_run_goes_on_and_loses_nothing(lithophile, tmp_path):
    """Killed after the first barrier; what was there is not computed again."""
    whole = lithophile(
        *("screen", "dopants", *BARRIERS, "--out", "whole", "--json")
    ).json
    command = [sys.executable, "-m", "lithophile", "screen", "dopants", *BARRIERS]
    process = subprocess.Popen(
        [*command, "--out", "killed"],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    folder = tmp_path / "killed" / "barriers"
    deadline = time.monotonic() + 240
    while not list(folder.glob("*.json")) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    kept = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.json")}
    assert kept
    assert not (tmp_path / "killed" / "result.json").exists(), "it had ended"
    resumed = lithophile(
        *("screen", "dopants", *BARRIERS, "--out", "killed", "--resume", "--json")
    ).json
    for name, written in kept.items():
        assert (folder / name).stat().st_mtime_ns == written
    paths = ("table", "report", "all")
    assert {k: v for k, v in resumed.items() if k not in paths} == {
        k: v for k, v in whole.items() if k not in paths
    }
    for name in ("table", "all"):
        assert (tmp_path / resumed[name]).read_bytes() == (
            tmp_path / whole[name]
        ).read_bytes()
    other = lithophile(
        *("screen", "dopants", *BARRIERS, "--seed", "1"),
        *("--out", "killed", "--resume"),
        code=2,
    )
    assert "seed: 1 for 0" in other.message


def test_damaged_barrier_is_found_again(lithophile, tmp_path):
    """A file that was cut off stops no run."""
    options = ("--dopant", "Al3+-Li", "--no-models", "--bond-valence")
    options = (*options, "--resolution-A", "0.6", "--out", "out")
    whole = lithophile("screen", "dopants", *options, "--json").json
    files = {
        path: path.read_bytes() for path in (tmp_path / "out" / "barriers").iterdir()
    }
    assert len(files) == 2
    for path, end in zip(files, (b'{"mobile_ion": "Li', b"{}"), strict=True):
        path.write_bytes(end)
    (tmp_path / "out" / "result.json").unlink()
    again = lithophile("screen", "dopants", *options, "--resume", "--json").json
    assert again == whole
    assert {path: path.read_bytes() for path in files} == files


def test_signal_while_models_are_trained_keeps_the_screening(tmp_path):
    """Table and report are there by then: the answer names them, and they stay."""
    named = [row.name for row in load_llzo_dopants() if row.outcome]
    options = [part for name in named for part in ("--dopant", name)]
    command = ["screen", "dopants", *options, "--out", "out", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "lithophile", *command],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    page = tmp_path / "out" / "report.html"
    deadline = time.monotonic() + 240
    while not page.exists() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(1.0)
    process.send_signal(signal.SIGTERM)
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 75, stderr
    assert "what is done is kept" in stderr
    told = json.loads(stdout)
    assert "SIGTERM" in told["stopped"]
    assert (tmp_path / told["table"]).is_file()
    assert (tmp_path / told["report"]) == page
    assert page.is_file()


def test_models_that_cannot_be_trained_leave_the_screening_as_it_is(
    lithophile, tmp_path
):
    """With every dopant stable there is nothing to tell apart."""
    named = [row.name for row in load_llzo_dopants() if row.outcome]
    options = [part for name in named for part in ("--dopant", name)]
    answer = lithophile(
        *("screen", "dopants", *options, "--stable-within-eV", "10"),
        *("--out", "out", "--json"),
    ).json
    (failure,) = answer["failures"]
    assert failure["id"] == "models"
    assert "class" in failure["reason"] or "n_folds" in failure["reason"]
    assert answer["classes"]["stable"] == len(named) == 40
    assert (tmp_path / answer["table"]).is_file()
    page = (tmp_path / answer["report"]).read_text("utf-8")
    assert "None could be trained" in page
    everything = json.loads((tmp_path / answer["all"]).read_text("utf-8"))
    assert everything["models"] == {"failure": failure["reason"]}


def test_models_learn_from_coordination_and_energies_of_the_cells():
    """A calcium that left the cube of oxygen counts what is really around it."""
    rows = {row.name: row for row in load_llzo_dopants()}
    there = {name for name, row in rows.items() if row.site in {"Li", "La"}}
    cells = [cell for cell in load_doped_cells() if cell.name in there]
    entries = load_entries()
    energies = anchored_doped_energies(
        load_doped_cells(),
        dopants=[rows[cell.name] for cell in cells],
        references=load_reference_energies(),
        entries=entries,
    )
    found = screen_dopants(
        [rows[cell.name] for cell in cells], entries=entries, energies=energies
    )
    hull = model_table(found, cells=cells, anchored=False)
    anchored = model_table(found, cells=cells, anchored=True)
    numbers = {row.name: row.features.coordination_number for row in hull.rows}
    differing = [n for n in numbers if numbers[n] != rows[n].coordination_number]
    assert len(differing) >= 5
    for cell in cells:
        if cell.name in differing:
            counted = dopant_coordination(cell.atoms, element=rows[cell.name].element)
            assert numbers[cell.name] == counted
    screened = {each.name: each for each in found.dopants}
    for row in anchored.rows:
        each = screened[row.name]
        assert row.reaction_energy_eV_per_formula_unit == (
            each.anchored_reaction_energy_eV_per_formula_unit
        )
        assert row.stable == (each.anchored_outcome == "stable")
    assert table_hash(hull) != table_hash(anchored)
    few = screen_dopants([rows[cells[0].name]], entries=entries, energies=energies)
    with pytest.raises(InputError, match="at least 40"):
        model_table(few, cells=cells, anchored=True)


def test_cells_that_ran_out_of_steps_go_on_and_failed_ones_are_tried_again(tmp_path):
    undoped = next(cell for cell in load_doped_cells() if cell.name == UNDOPED)
    atoms = undoped.atoms.copy()
    atoms.rattle(0.03, seed=1)
    loose = replace(undoped, atoms=atoms, converged=False, n_steps=2, energy_eV=0.0)
    write_relaxed_cell(tmp_path / "cells", loose)
    write_relaxed_cell(tmp_path / "cells", Failure("Al3+-Li", "no memory"))
    (tmp_path / "barriers").mkdir()
    stale = tmp_path / "barriers" / "undoped.json"
    stale.write_text("{}", encoding="utf-8")
    settings = {"dopants": ("Al3+-Li",), "relax": True, "no_models": True}
    options = {
        "dopants": chosen_dopants(["Al3+-Li"]),
        "progress": lambda *_: None,
    }
    with RunFolder(tmp_path).cleared() as claim:
        found = doped_cells(
            DopantScreeningSettings(max_steps=3, **settings),
            tmp_path,
            claim=claim,
            **options,
        )
        assert (found["undoped"].n_steps, found["Al3+-Li"].n_steps) == (3, 3)
        assert found["undoped"].energy_eV < -100
        assert not stale.exists(), "it was of the cell as it was before"
        written = (tmp_path / "cells" / "undoped.extxyz").stat().st_mtime_ns
        again = doped_cells(
            DopantScreeningSettings(max_steps=3, **settings),
            tmp_path,
            claim=claim,
            **options,
        )
        assert (tmp_path / "cells" / "undoped.extxyz").stat().st_mtime_ns == written
        energies = anchored_energies(
            DopantScreeningSettings(max_steps=3, **settings),
            tmp_path,
            cells=again,
            entries=load_entries(),
            claim=claim,
            **options,
        )
    assert "undoped cell not at rest" in energies["Al3+-Li"].reason


def test_report_shows_what_is_predicted_of_unseen_dopants(tmp_path):
    rows = chosen_dopants(["Sc3+-Zr"])
    predicted = DopantPredictionResult(
        name="Si4+ (Zr)",
        stable=True,
        stable_probability=0.874,
        reaction_energy_eV_per_formula_unit=-0.41,
        reaction_energy_interval_eV=(-0.9, 0.1),
        domain_ratio=1.37,
        nearest=("Ge4+-Zr",),
        missing=(),
    ).to_json() | {
        "hull_reaction_energy_eV_per_formula_unit": -0.612,
        "hull_stable": False,
    }
    models = {
        "energies": "hull",
        "n_dopants": 117,
        "n_elements": 70,
        "n_stable": 42,
        "accuracy_of_the_commoner_class": 0.64,
        "predictions": [predicted],
    }
    page = write_dopant_report(
        RunFolder(tmp_path),
        screen_dopants(rows, entries=load_entries(with_halides=True)),
        rows=[],
        cells=[],
        models=models,
    ).read_text("utf-8")
    (line,) = (each for each in page.splitlines() if "Si4+ (Zr)" in each)
    assert line.startswith('<tr class="differs">'), "outside the domain"
    for told in ("0.87", "<td>no</td>", "−0.90 to +0.10", "−0.61", "1.37", "Ge4+-Zr"):
        assert told in line


def test_report_leaves_the_page_of_the_screening_alone(lithophile, tmp_path):
    made = lithophile(
        *(
            "screen",
            "dopants",
            "--dopant",
            "Sc3+-Zr",
            "--no-models",
            "--content",
            "0.5",
        ),
        *("--out", "out", "--json"),
    ).json
    before = (tmp_path / made["report"]).read_bytes()
    answer = lithophile("report", "out", "--json").json
    assert (tmp_path / answer["report"]).read_bytes() == before
    assert made["n_relaxed"] == made["n_anchored"] == 0
