"""The whole line, small, with a network that was trained in a moment."""

from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from lithophile.pipeline_settings import RunSettings
from lithophile.settings_file import read_settings
from mlip import available_models, card_of
from training_data import InputError


def _demo():
    path = Path(str(files("lithophile") / "data" / "demo.yaml"))
    return read_settings(RunSettings, file=path, options={})


def test_demo_is_a_valid_run_of_the_promised_size():
    settings = _demo()
    assert settings.md.temperature_K == 400
    picoseconds = settings.md.n_steps * settings.md.timestep_fs / 1000
    assert 2 <= picoseconds <= 10
    assert settings.train.max_minutes == pytest.approx(1, rel=0.5)
    assert settings.control is not None


def test_demo_holds_out_what_the_released_potential_has_never_seen():
    names = [model.name for model in available_models()]
    if "li-zr-cl" not in names:
        pytest.skip("the released potential is not in this tree")
    assert set(_demo().train.split.held_out) == set(card_of("li-zr-cl").held_out)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"structure": "a.xyz"}, "interface must be null"),
        ({"use_trained": True}, "use_trained must be false"),
        ({"interface": None, "structure": "a.xyz"}, "control must be null"),
    ],
)
def test_settings_that_contradict_each_other(tmp_path, values, words):
    file = tmp_path / "run.yaml"
    file.write_text(yaml.safe_dump(values), encoding="utf-8")
    with pytest.raises(InputError, match=words):
        read_settings(RunSettings, file=file, options={})


TRAINING = """
dataset: [{labels}]
level: PBE
name: toy
architecture:
  {{channels: 4, max_L: 0, max_ell: 1, correlation: 1, r_max_A: 4, radial_layers: [8]}}
split: {{fractions: [0.7, 0.3, 0.0], held_out: [toy-2]}}
epochs: 2
batch_size: 2
second_stage: null
"""

RUN = """
title: the whole line
model: {model}
dtype: float32
evaluate: {{dataset: {labels}}}
structure: {structure}
interface: null
control: null
relax: {{fmax_eV_per_A: 0.5, max_steps: 2}}
md:
  {{n_steps: 12, every: 1, temperature_K: 50, timestep_fs: 0.5,
    guards: {{temperature_factor: 100}}}}
dissolution: {{species: Li, hold_ps: 0.001}}
msd: [{{species: Cl}}]
"""


def test_from_training_to_report_and_again(tmp_path, lithophile, labels):
    """Train, run the whole line with the result, resume it, make the report anew."""
    config = tmp_path / "train.yaml"
    config.write_text(TRAINING.format(labels=labels), encoding="utf-8")
    trained = lithophile("train", "--config", config, "--out", "model", "--json").json
    assert {"model", "card", "energy_rmse_meV_per_atom"} <= set(trained)
    assert trained["force_rmse_meV_per_A"] > 0
    again = lithophile("train", "--out", "model", "--resume", "--json").json
    assert again == trained

    judged = lithophile("evaluate", "model", labels, "--held-out", "--json").json
    assert judged["held_out"] == ["toy-2"]
    assert judged["all"]["n_frames"] == 1
    assert judged["all"]["energy_offset_removed"] is False
    lithophile("evaluate", "model", labels, code=0)

    config = tmp_path / "run.yaml"
    config.write_text(
        RUN.format(model=tmp_path / "model", labels=labels, structure=labels),
        encoding="utf-8",
    )
    done = lithophile("run", "--config", config, "--out", "run", "--json").json
    assert [stage["status"] for stage in done["stages"]] == ["done"] * 5
    assert {"evaluate", "relax", "md", "dissolution", "msd-Cl"} == {
        stage["name"] for stage in done["stages"]
    }
    page = (tmp_path / done["report"]).read_text("utf-8")
    assert "the whole line" in page
    assert "toy-2" in page
    assert page.count("data:image/png;base64,") >= 5
    assert lithophile("run", "--out", "run", "--resume", "--json").json == done

    (tmp_path / "run" / "result.json").unlink()
    (tmp_path / "run" / "msd-Cl" / "result.json").unlink()
    resumed = lithophile("run", "--out", "run", "--resume", "--json").json
    assert [stage["status"] for stage in resumed["stages"]] == ["kept"] * 4 + ["done"]
    other = tmp_path / "other.yaml"
    other.write_text(config.read_text("utf-8").replace("50", "60"), encoding="utf-8")
    (tmp_path / "run" / "result.json").unlink()
    message = lithophile(
        "run", "--config", other, "--out", "run", "--resume", code=2
    ).message
    assert "md" in message
