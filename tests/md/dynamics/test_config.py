"""What a configuration accepts, and what it says when it does not."""

import pytest
from pydantic import ValidationError

from md.dynamics import DynamicsConfig, GuardConfig
from md.dynamics.config import largest_timestep_fs


def test_every_setting_tells_its_meaning_in_the_schema():
    for model in (DynamicsConfig, GuardConfig):
        for name, field in model.model_fields.items():
            assert field.description, name
            assert not field.is_required(), name


def test_unknown_and_impossible_settings_are_named_together():
    with pytest.raises(ValidationError) as caught:
        DynamicsConfig.model_validate(
            {"n_step": 5, "timestep_fs": -1, "guards": {"temperature_steps": 0}}
        )
    places = {".".join(map(str, e["loc"])) for e in caught.value.errors()}
    assert places == {"n_step", "timestep_fs", "guards.temperature_steps"}


@pytest.mark.parametrize("pair", ["LiCl", "Li-Xx", "Li-Cl-Zr"])
def test_distance_limits_are_given_for_pairs_of_elements(pair):
    with pytest.raises(ValidationError, match="must be pairs such as 'Li-Cl'"):
        GuardConfig(min_distances_A={pair: 1.0})


def test_velocities_are_drawn_at_the_temperature_or_twice_it():
    assert DynamicsConfig(temperature_K=400).starting_temperature_K == 400
    assert DynamicsConfig(temperature_K=400, ensemble="nve").starting_temperature_K == (
        800
    )
    given = DynamicsConfig(temperature_K=400, initial_temperature_K=10)
    assert given.starting_temperature_K == 10


def test_given_velocities_exclude_a_temperature_to_draw_at():
    with pytest.raises(ValidationError, match="must be null when velocities are given"):
        DynamicsConfig(velocities="given", initial_temperature_K=10)


def test_timestep_limit_scales_with_the_root_of_the_mass():
    assert largest_timestep_fs(6.94) == pytest.approx(3.0, rel=1e-12)
    assert largest_timestep_fs(4 * 6.94) == pytest.approx(6.0, rel=1e-12)
