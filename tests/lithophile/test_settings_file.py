"""Settings from file and options, checked as a whole."""

import pytest
from pydantic import BaseModel, ConfigDict

from lithophile.settings_file import read_settings, validate
from training_data import InputError


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    cutoff_A: float = 5.0


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    n_steps: int
    inner: Inner | None = None
    several: tuple[Inner, ...] = ()


def test_options_override_the_file(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text("n_steps: 3\ninner: {cutoff_A: 4}\n", encoding="utf-8")
    options = {"n_steps": 7, "inner": None, "out": "ignored"}
    settings = read_settings(Outer, file=file, options=options)
    assert settings.n_steps == 7
    assert settings.inner == Inner(cutoff_A=4)


def test_toml_and_empty_yaml(tmp_path):
    toml = tmp_path / "a.toml"
    toml.write_text("n_steps = 3\n[inner]\ncutoff_A = 4.0\n", encoding="utf-8")
    assert read_settings(Outer, file=toml, options={}).inner == Inner(cutoff_A=4)
    empty = tmp_path / "empty.yaml"
    empty.write_text("", encoding="utf-8")
    assert read_settings(Outer, file=empty, options={"n_steps": 1}).n_steps == 1


def test_all_errors_at_once_with_paths():
    values = {"inner": {"cutof_A": 1}, "several": [{}, {"cutoff_A": "far"}], "x": 0}
    with pytest.raises(InputError) as caught:
        validate(Outer, values, source="run.yaml")
    lines = str(caught.value).splitlines()
    assert "got 4 in run.yaml" in lines[0]
    assert any("n_steps must be given" in line for line in lines)
    assert any("inner.cutof_A" in line and "cutoff_A?" in line for line in lines)
    assert any("several.1.cutoff_A" in line and "'far'" in line for line in lines)
    assert any(line.startswith("  x must be a known key") for line in lines)


@pytest.mark.parametrize("text", ["- a\n- b\n", "just words\n"])
def test_file_without_keys(tmp_path, text):
    file = tmp_path / "a.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="mapping"):
        read_settings(Outer, file=file, options={})


def test_file_that_is_not_text(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_bytes(bytes(range(128, 256)))
    with pytest.raises(InputError, match="text"):
        read_settings(Outer, file=file, options={})


def test_messages_speak_of_files_not_of_classes(tmp_path):
    with pytest.raises(InputError) as told:
        validate(Outer, {"n_steps": 1, "several": 3}, source="a")
    assert "several must be a list of values; got 3." in str(told.value)
    with pytest.raises(InputError) as told:
        validate(Outer, {"n_steps": [tmp_path], "inner": 3}, source="a")
    assert "PosixPath" not in str(told.value)
    assert "inner must be keys and values; got 3." in str(told.value)
