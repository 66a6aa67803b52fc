"""Training configurations that are refused, and why."""

import pytest
from pydantic import ValidationError

from mlip.training_config import SplitConfig, TrainingConfig


def problems(**values):
    with pytest.raises(ValidationError) as refused:
        TrainingConfig(**values)
    return {
        ".".join(map(str, error["loc"])): error["msg"]
        for error in refused.value.errors()
    }


def test_every_unknown_key_is_listed_with_its_path():
    found = problems(epochz=3, architecture={"chanels": 8}, split={"fraction": 1})
    assert set(found) == {"epochz", "architecture.chanels", "split.fraction"}


@pytest.mark.parametrize(
    ("values", "where", "word"),
    [
        ({"split": {"fractions": [0.5, 0.1, 0.1]}}, "split.fractions", "sum to 1"),
        ({"split": {"fractions": [0.0, 0.5, 0.5]}}, "split.fractions", "train on"),
        ({"dataset": []}, "dataset", "at least one"),
        ({"reference_energies": {"Xx": -1.0, "Qq": 0.0}}, None, "chemical symbols"),
        ({"learning_rate": 1e-5}, "", "at most learning_rate"),
        ({"weights": {"energy": 0, "forces": 0, "stress": 0}}, "weights", "all 0"),
        (
            {"start_from": "m.safetensors", "architecture": {"channels": 8}},
            "",
            "left out",
        ),
    ],
)
def test_wrong_values_say_what_is_wanted(values, where, word):
    found = problems(**values)
    messages = found.values() if where is None else [found[where]]
    assert any(word in message for message in messages)


def test_every_field_is_described_and_one_file_may_stand_alone():
    config = TrainingConfig(dataset="data.extxyz")
    assert config.dataset == ("data.extxyz",)
    for model in (TrainingConfig, SplitConfig, type(config.architecture)):
        assert all(field.description for field in model.model_fields.values())


def test_configuration_survives_its_own_dump():
    config = TrainingConfig(epochs=3, config_type_weights={"Li": 2.0})
    assert TrainingConfig.model_validate(config.model_dump(mode="json")) == config
