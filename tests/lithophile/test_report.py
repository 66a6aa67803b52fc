"""The report shows what there is, says what there is not, and needs no other file."""

import json

import pytest

from lithophile.report.page import write_report
from lithophile.report.words import number, summary
from training_data import InputError

GROUP = {
    "n_frames": 9,
    "energy_rmse_meV_per_atom": 5.25,
    "energy_offset_removed": False,
    "force_rmse_meV_per_A": 81.0,
    "rms_force_meV_per_A": 700.0,
    "stress_rmse_meV_per_A3": None,
}


def _stage(folder, command, result, config=""):
    folder.mkdir(parents=True)
    record = {"command": command, "inputs": {}}
    (folder / "provenance.json").write_text(json.dumps(record), encoding="utf-8")
    (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")
    (folder / "config.yaml").write_text(config, encoding="utf-8")


@pytest.fixture
def run(tmp_path):
    """Write the files of a run whose dynamics was left out."""
    folder = tmp_path / "run"
    _stage(
        folder, "run", {"minutes": 2.5, "stages": []}, "title: A <b>bold</b> title\n"
    )
    evaluated = {
        "model": "toy",
        "dataset": "toy-data",
        "level_of_theory": "PBE",
        "held_out": ["hidden-polymorph"],
        "n_frames": 9,
        "groups": {"LiCl": GROUP},
        "all": GROUP,
    }
    _stage(folder / "evaluate", "evaluate", evaluated)
    dissolved = {
        "species": "Zr",
        "first_event_ps": 1.5,
        "final_fraction": 0.25,
        "n_dissolved": 2,
        "n_total": 8,
    }
    _stage(
        folder / "dissolution",
        "analyze dissolution",
        dissolved,
        "form_A: 2.68\nhold_ps: 0.5\n",
    )
    none = {**dissolved, "n_dissolved": 0, "first_event_ps": None}
    _stage(folder / "control" / "dissolution", "analyze dissolution", none)
    unclear = {
        "species": "Li",
        "diffusivity_cm2_per_s": None,
        "diffusivity_interval_cm2_per_s": None,
        "loglog_slope": 0.4,
        "reason": "The motion is not diffusive.",
    }
    _stage(folder / "msd-Li", "analyze msd", unclear)
    return folder


def test_report_states_the_numbers_and_their_limits(run):
    page = write_report(run).read_text("utf-8")
    for words in (
        "A &lt;b&gt;bold&lt;/b&gt; title",
        "hidden-polymorph",
        "2 of 8 Zr atoms lost their last bond, the first after 1.5 ps",
        "the same slab without metal, it was 0 of 8",
        "The motion is not diffusive.",
        "5.25",
        "What these numbers do not say",
    ):
        assert words in page, words
    assert "nan" not in page.lower().split()
    assert "None" not in page
    for outside in ("http:", "https:", "<script", "<link", "@import"):
        assert outside not in page


def test_report_of_a_lone_stage(run):
    page = write_report(run / "evaluate").read_text("utf-8")
    assert "hidden-polymorph" in page
    assert "Dissolution" not in page


def test_report_is_the_same_when_written_again(run):
    first = write_report(run).read_text("utf-8")
    assert write_report(run).read_text("utf-8") == first


@pytest.mark.parametrize("name", ["absent", "empty"])
def test_folder_without_a_run(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="DIR"):
        write_report(tmp_path / name)


def test_summary_of_nothing_is_empty():
    assert summary({}) == []


def test_numbers_are_read_at_a_glance():
    assert number(12345.678) == "12346"
    assert number(3.14159) == "3.14"
    assert number(2.5e-9, 2) == "2.5e-09"
    assert number(None) == "–"
    assert number(False) == "no"
