"""Commands from files that a user made: keys, folders, figures, exit codes."""

import json
import resource
import subprocess
import sys
import time

import numpy as np
import pytest
import yaml
from ase import Atoms
from ase.build import bulk
from ase.io import read, write

FIVE_FILES = {"config.yaml", "provenance.json", "result.json", "figures"}


def test_help_is_fast_and_names_the_commands(lithophile):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer = lithophile("--help")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert seconds < 1.5
    for name in ("demo", "run", "train", "evaluate", "models", "build", "md"):
        assert name in answer.stdout


def test_help_does_not_import_the_heavy_packages():
    code = """
import sys
from lithophile.application import application
application(["md", "--help"], standalone_mode=False)
heavy = {"torch", "mace", "pymatgen", "matplotlib", "chgnet"} & set(sys.modules)
sys.exit(f"imported {heavy}" if heavy else 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_version(lithophile):
    assert lithophile("--version").stdout.startswith("0.")


def test_schema_is_a_json_schema_that_forbids_extra_keys(lithophile):
    schema = lithophile("schema", "analyze", "dissolution").json
    assert schema["additionalProperties"] is False
    assert "form_A" in schema["properties"]


def test_models_list(lithophile):
    models = lithophile("models", "list", "--json").json["models"]
    assert {"chgnet"} <= {model["name"] for model in models}
    for model in models:
        assert {"name", "elements", "level_of_theory", "default"} <= set(model)


def test_build_interface(tmp_path, lithophile):
    answer = lithophile(
        *("build", "interface", "--electrolyte-layers", "1", "--metal-layers", "2"),
        *("--out", "if", "--json"),
    )
    result = answer.json
    atoms = read(tmp_path / result["structure"])
    assert len(atoms) == result["n_atoms"]
    assert {
        *("mismatch_percent", "strain_metal_percent", "strain_electrolyte_percent"),
        *("area_A2", "thickness_metal_A", "thickness_electrolyte_A"),
    } <= set(result)
    assert set(np.unique(atoms.arrays["side"])) == {0, 1}
    assert {path.name for path in (tmp_path / "if").iterdir()} >= FIVE_FILES


def test_config_file_and_options_give_the_same_as_options(tmp_path, lithophile):
    config = tmp_path / "slab.yaml"
    config.write_text("structure: LiCl\nlayers: 5\nvacuum_A: 12.5\n", encoding="utf-8")
    first = lithophile(
        *("build", "slab", "--config", config, "--layers", "3"),
        *("--out", "a", "--json"),
    ).json
    second = lithophile(
        *("build", "slab", "LiCl", "--layers", "3", "--vacuum-A", "12.5"),
        *("--out", "b", "--json"),
    ).json
    first.pop("structure")
    second.pop("structure")
    assert first == second
    resolved = yaml.safe_load((tmp_path / "a" / "config.yaml").read_text("utf-8"))
    assert resolved["layers"] == 3
    again = lithophile(
        "build", "slab", "--config", "a/config.yaml", "--out", "c", "--json"
    ).json
    again.pop("structure")
    assert again == first


@pytest.fixture
def lithium(tmp_path):
    """Write a small crystal with one atom off its site."""
    atoms = bulk("Li", cubic=True) * 2
    atoms.positions[0] += (0.15, 0.0, 0.05)
    path = tmp_path / "li.extxyz"
    write(path, atoms, format="extxyz")
    return path


def test_from_relaxation_to_report_with_a_universal_potential(
    tmp_path, lithophile, lithium
):
    """Each stage runs from the files of the last, and a run goes on where it was."""
    relaxed = lithophile(
        *("relax", lithium, "--model", "chgnet", "--fmax", "0.05"),
        *("--out", "relaxed", "--json"),
    ).json["structures"]
    assert relaxed[0]["converged"]
    assert relaxed[0]["fmax_eV_per_A"] < 0.05
    assert (tmp_path / relaxed[0]["path"]).is_file()

    dynamics = (
        *("md", "--structure", relaxed[0]["path"], "--model", "chgnet"),
        *("--temperature", "300", "--every", "1", "--seed", "3", "--out", "md"),
    )
    short = lithophile(*dynamics, "--steps", "6", "--json").json
    assert short["n_steps"] == 6
    assert {"trajectory", "final_temperature_K", "events"} <= set(short)
    lithophile(*dynamics, "--steps", "6", code=2)
    again = lithophile("md", "--out", "md", "--resume", "--json").json
    assert again["n_steps"] == 6
    longer = lithophile("md", "--out", "md", "--resume", "--steps", "24", "--json").json
    assert longer["n_steps"] == 24
    notes = [tmp_path / "md" / name for name in ("config.yaml", "provenance.json")]
    before = [note.read_bytes() for note in notes]
    for change in (("--temperature", "500"), ("--steps", "6")):
        lithophile("md", "--out", "md", "--resume", *change, code=2)
    assert [note.read_bytes() for note in notes] == before

    moved = lithophile("analyze", "msd", "md", "--species", "Li", "--json").json
    assert {
        *("diffusivity_cm2_per_s", "diffusivity_interval_cm2_per_s"),
        *("loglog_slope", "figure"),
    } <= set(moved)
    assert (tmp_path / moved["figure"]).is_file()
    copy = tmp_path / "a.h5"
    copy.write_bytes((tmp_path / "md" / "trajectory.h5").read_bytes())
    lithophile("analyze", "msd", "a.h5", "--species", "Li")
    assert (tmp_path / "msd-Li-a" / "result.json").is_file()

    page = (tmp_path / lithophile("report", "md", "--json").json["report"]).read_text(
        "utf-8"
    )
    assert page.count("data:image/png;base64,") >= 2
    assert "http://" not in page
    assert "https://" not in page
    found = sorted(path.name for path in (tmp_path / "md").rglob("*.h5"))
    assert found == ["trajectory.h5"]


def test_analysis_of_a_trajectory_made_elsewhere(tmp_path, lithophile):
    """A Zr atom is pulled out of its shell of Cl at 5 ps in an extxyz file."""
    shell = 2.45 * np.vstack([np.eye(3), -np.eye(3)])
    frames = []
    for i in range(40):
        away = 0.0 if i < 20 else 6.0
        far = np.array([[4.0, 20.0, 20.0]])
        positions = np.vstack([[8 + away, 8, 8], 8 + shell, far, far + shell])
        frames.append(
            Atoms("ZrCl6ZrCl6", positions=positions, cell=[28, 28, 28], pbc=True)
        )
    write(tmp_path / "theirs.extxyz", frames, format="extxyz")
    result = lithophile(
        *("analyze", "dissolution", "theirs.extxyz", "--frame-time-ps", "0.25"),
        *("--break-A", "3.4", "--out", "found", "--json"),
    ).json
    assert result["n_total"] == 2
    assert result["n_dissolved"] == 1
    assert result["final_fraction"] == 0.5
    assert result["first_event_ps"] == pytest.approx(5.0, rel=1e-9)
    assert result["species"] == "Zr"
    assert (tmp_path / result["figure"]).is_file()
    message = lithophile("analyze", "dissolution", "theirs.extxyz", code=2).message
    assert "frame_time_ps" in message or "frame-time-ps" in message


def test_json_is_alone_on_stdout_even_when_libraries_print(lithophile):
    answer = lithophile("models", "list", "--json")
    assert answer.stdout.startswith("{")
    assert answer.stdout.count("\n") == 1


def test_cluster_without_a_cell_is_run_and_drawn(tmp_path, lithophile):
    (tmp_path / "licl.xyz").write_text("2\n\nLi 0 0 0\nCl 2.1 0 0\n", "utf-8")
    lithophile(
        *("md", "--structure", "licl.xyz", "--model", "chgnet", "--steps", "2"),
        *("--every", "1", "--out", "md"),
    )
    assert (tmp_path / "md" / "figures" / "frames.png").is_file()


def test_guard_ends_with_three_and_says_what_happened(tmp_path, lithophile):
    (tmp_path / "licl.xyz").write_text("2\n\nLi 0 0 0\nCl 0.5 0 0\n", "utf-8")
    answer = lithophile(
        *("md", "--structure", "licl.xyz", "--model", "chgnet", "--steps", "20"),
        *("--every", "1", "--out", "md", "--json"),
        code=3,
    )
    assert "Traceback" not in answer.stderr
    kinds = [event["kind"] for event in answer.json["events"]]
    assert "impossible_distance" in kinds
    assert answer.json["stopped_by"] == "GuardTripped"
    page = lithophile("report", "md", "--json").json["report"]
    assert "stopped before its end" in (tmp_path / page).read_text("utf-8")
    assert not (tmp_path / "md" / "result.json").exists()


def test_signal_ends_with_seventy_five_and_a_checkpoint(tmp_path, lithophile):
    (tmp_path / "licl.xyz").write_text("2\n\nLi 0 0 0\nCl 2.1 0 0\n", "utf-8")
    command = [
        *(sys.executable, "-m", "lithophile", "md", "--structure", "licl.xyz"),
        *("--model", "chgnet", "--steps", "100000", "--every", "1", "--out", "md"),
        "--json",
    ]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    log = tmp_path / "md" / "log.csv"
    while process.poll() is None:
        time.sleep(0.2)
        if log.is_file() and len(log.read_text("utf-8").splitlines()) > 3:
            process.terminate()
            break
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 75, stderr
    assert "Traceback" not in stderr
    assert "--resume" in stderr
    stopped = json.loads(stdout)
    assert stopped["events"][-1]["kind"] == "preempted"
    assert stopped["n_steps"] == stopped["n_frames"] - 1
    assert 0 <= stopped["checkpoint_step"] <= stopped["n_steps"]
    assert not (tmp_path / "md" / "result.json").exists()
    refused = lithophile("md", "--out", "md", "--resume", "--steps", "50", code=2)
    assert "n_steps" in refused.message
