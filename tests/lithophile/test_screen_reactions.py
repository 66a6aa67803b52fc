"""``screen reactions``, ``window`` and ``stability`` as a user runs them."""

import json

import pytest

import screening.data_files
from lithophile.dopant_screening_settings import DopantScreeningSettings
from lithophile.reaction_tables import readable
from lithophile.screening_settings import (
    ReactionsSettings,
    StabilitySettings,
    WindowSettings,
)
from lithophile.stages.reactions import (
    reactions_stage,
    stability_stage,
    window_stage,
)
from screening import load_entries
from screening.passivation import GAP_THRESHOLD_EV, STABLE_WITHIN_EV
from training_data import InputError


def test_limits_are_those_of_the_library_unless_given():
    reactions, dopants = ReactionsSettings.model_fields, DopantScreeningSettings
    assert reactions["gap_threshold_eV"].default == GAP_THRESHOLD_EV
    fields = dopants.model_fields
    assert fields["gap_threshold_eV"].default == GAP_THRESHOLD_EV
    assert fields["stable_within_eV_per_formula_unit"].default == STABLE_WITHIN_EV


def test_reactions_print_what_is_promised(lithophile):
    found = lithophile(
        "screen", "reactions", "--compound", "Li6.25La3Zr2Al0.25O12", "--json"
    ).json
    assert {"compound", "kinks", "excess_li"} <= set(found)
    assert found["compound"] == "Li6.25La3Zr2Al0.25O12"
    assert len(found["kinks"]) == 8
    assert found["kinks"][-1]["li_per_formula_unit"] == pytest.approx(8.125)
    excess = found["excess_li"]
    assert set(excess["products"]) == {"La2O3", "Li2O", "Zr4O", "Zr3Al"}
    assert excess["energy_eV_per_formula_unit"] == pytest.approx(-0.646, abs=1e-3)
    assert found["competing"][0]["equation"].startswith("Li6.25La3Zr2Al0.25O12 + 8.125")
    assert found["interphase"]["rule_b"] is False


def test_folder_holds_figures_and_result(tmp_path, lithophile):
    arguments = (
        *("screen", "reactions", "--dopant", "Al3+", "--site", "Li"),
        *("--content", "0.125", "--content", "0.25", "--out", "al"),
    )
    said = lithophile(*arguments)
    assert "Zr3Al" in said.stdout
    assert "rule A" in said.stdout
    written = json.loads((tmp_path / "al" / "result.json").read_text("utf-8"))
    energies = [entry["energy_eV_per_formula_unit"] for entry in written["contents"]]
    assert energies == pytest.approx([-0.338, -0.460, -0.646], abs=1e-3)
    assert written["interphase"]["rule_a"] is False
    assert written["interphase"]["volume_change_percent"] == pytest.approx(29.3, abs=1)
    for figure in written["figures"].values():
        assert (tmp_path / figure).stat().st_size > 10_000
    assert {"config.yaml", "provenance.json"} <= {
        path.name for path in (tmp_path / "al").iterdir()
    }
    refused = lithophile(*arguments, code=2)
    assert "--overwrite" in refused.message


def test_window_of_one_and_of_several():
    one = window_stage(
        WindowSettings(compound=("Li7La3Zr2O12",)), out=None, overwrite=False
    )
    assert one["reduction_V"] == pytest.approx(0.049, abs=1e-3)
    assert one["oxidation_V"] == pytest.approx(2.914, abs=1e-3)
    several = window_stage(
        WindowSettings(compound=("LiCl", "Li3N")), out=None, overwrite=False
    )
    assert several["reduction_V"] == 0.0
    assert [each["compound"] for each in several["windows"]] == ["LiCl", "Li3N"]


def test_stability_map_is_drawn(tmp_path):
    found = stability_stage(
        StabilitySettings(compound=("Li7La3Zr2O12", "Li6PS5Cl"), electrode=("Li",)),
        out=tmp_path / "map",
        overwrite=False,
    )
    strongest, weakest = found["energies_eV_per_atom"][1][0], -0.0109
    assert found["energies_eV_per_atom"][0][0] == pytest.approx(weakest, abs=1e-4)
    assert strongest < weakest
    assert (tmp_path / "map" / "figures" / "stability.png").stat().st_size > 5_000


def test_energy_of_the_table_and_of_the_user():
    energy_eV = 24 * load_entries().formation_energy("Li7La3Zr2O12")
    given = [
        reactions_stage(
            ReactionsSettings(compound="Li7La3Zr2O12", energy=energy, competing=1),
            out=None,
            overwrite=False,
        )
        for energy in ("hull", "table", energy_eV)
    ]
    hull, table, own = (
        each["excess_li"]["energy_eV_per_formula_unit"] for each in given
    )
    assert hull == pytest.approx(-0.338, abs=1e-3)
    assert table == own == pytest.approx(-0.498, abs=1e-3)


def test_own_entries_join_or_stand_alone(tmp_path):
    rows = [
        {"formula": "Li2O", "formation_energy_per_atom": -2.0},
        {"formula": "ZrO2", "formation_energy_per_atom": -3.6},
    ]
    path = tmp_path / "own.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    settings = ReactionsSettings(
        compound="ZrO2", entries=str(path), scheme="toy", own_only=True, competing=0
    )
    alone = reactions_stage(settings, out=None, overwrite=False)
    assert alone["excess_li"]["energy_eV_per_formula_unit"] == pytest.approx(-1.2)
    with pytest.raises(InputError, match="MP-legacy"):
        reactions_stage(
            settings.model_copy(update={"own_only": False}), out=None, overwrite=False
        )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "compound or dopant"),
        ({"compound": "LiCl", "dopant": "Al3+"}, "compound or dopant"),
        ({"compound": "LiCl", "site": "Li"}, "site must come with a dopant"),
        ({"dopant": "Al3+"}, "with a site"),
        ({"dopant": "Al3+", "site": "Li", "content": (2.9,)}, "enough Li"),
        ({"compound": "Li7La3Qq2O12"}, "Qq"),
        ({"compound": "Li7La3(Zr2O12"}, "formula"),
        ({"compound": "LiCl", "electrode": "Zz"}, "Zz"),
        ({"compound": "LiCl", "electrode": "Li2Cl2"}, "another compound"),
        ({"compound": "Li41Zr3O2", "energy": "table"}, "must be a compound among"),
        ({"compound": "LiCl", "entries": "nowhere.json"}, "nowhere.json"),
        ({"compound": "LiCl", "own_only": True}, "own_only"),
    ],
)
def test_messages(given, words):
    with pytest.raises(InputError, match=words):
        reactions_stage(ReactionsSettings(**given), out=None, overwrite=False)


def test_missing_table_is_said(monkeypatch, tmp_path):
    """The package without its table: the file is looked for elsewhere."""
    load_entries.cache_clear()
    monkeypatch.setattr(screening.data_files, "FOLDER", tmp_path)
    try:
        with pytest.raises(InputError, match="Install the package again"):
            load_entries()
    finally:
        load_entries.cache_clear()


def test_table_and_wrong_input(lithophile):
    shown = lithophile("screen", "stability", "--compound", "LiCl").stdout
    assert "none" in shown
    answer = lithophile("screen", "window", "--compound", "Li7La3Qq2O12", code=2)
    assert "Qq" in answer.message
    assert "Traceback" not in answer.message


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("reactions", "--compound", "LiCl", "--energy", "nan"), "finite"),
        (("reactions", "--compound", "LiCl", "--energy", "inf"), "finite"),
        (("reactions", "--compound", "LiCl", "--gap-threshold-eV", "inf"), "finite"),
        (("reactions", "--compound", "LiCl", "--scheme", "MP2020"), "own entries"),
        (("reactions", "--compound", "LiCl", "--content", "0.5"), "with a dopant"),
    ],
)
def test_options_that_cannot_count_are_refused(lithophile, arguments, words):
    refused = lithophile("screen", *arguments, code=2)
    assert words in refused.message
    assert not refused.stdout


def test_settings_of_a_run_start_it_again():
    """Those of a compound hold no content that would be refused."""
    settings = ReactionsSettings(compound="LiCl", competing=0)
    again = ReactionsSettings(**settings.model_dump(mode="json"))
    assert reactions_stage(again, out=None, overwrite=False)["compound"] == "LiCl"


def test_folder_in_use_offers_no_resume(tmp_path):
    """None of the three can go on with a stopped run."""
    settings = WindowSettings(compound=("LiCl",))
    window_stage(settings, out=tmp_path / "w", overwrite=False)
    with pytest.raises(InputError, match="--overwrite") as refused:
        window_stage(settings, out=tmp_path / "w", overwrite=False)
    assert "--resume" not in str(refused.value)


def test_oxyanions_are_noted_and_unknown_volumes_named():
    settings = ReactionsSettings(compound="LiCl", electrode="O2", competing=2)
    found = reactions_stage(settings, out=None, overwrite=False)
    assert found["notes"][0].startswith("LiClO4, Cl2O7: ")
    assert "LiClO4" in readable(found)["notes"][0]
    garnet = "Li6.25La3Zr2Al0.25O12"
    found = reactions_stage(
        ReactionsSettings(compound=garnet, competing=0), out=None, overwrite=False
    )
    assert found["notes"] == []
    shown = readable(found)
    assert "notes" not in shown
    assert shown[f"volume of {garnet} (Å³)"] == "not known"


def test_zeros_have_no_sign_and_amounts_no_noise():
    reaction = {
        "equation": "Li2ZrCl6 → Li2ZrCl6",
        "energy_eV_per_formula_unit": -1e-13,
        "energy_eV_per_atom": -1e-14,
    }
    shown = readable({"kinks": [reaction]})["kinks"][0]
    assert str(shown["eV/f.u."]) == str(shown["eV/atom"]) == "0.0"
