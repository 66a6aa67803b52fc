"""The example trajectories are what their list says, and can be analysed."""

import numpy as np
import pytest

from md.analysis.dissolution import dissolution
from md.trajectory import example_names, example_trajectory, open_trajectory
from training_data.errors import InputError


@pytest.mark.parametrize("name", example_names())
def test_example_is_long_enough_and_thermostatted(name):
    with open_trajectory(example_trajectory(name)) as trajectory:
        assert trajectory.times_ps[-1] >= 20
        target = float(name[-4:-1])
        settled = trajectory.times_ps >= 5
        mean = trajectory.observables["temperature_K"][settled].mean()
        # 2/n of the variance of one frame; neighbouring frames are nearly independent
        n_free = 3 * trajectory.n_atoms - 3
        error = target * np.sqrt(2 / n_free / settled.sum())
        # a reaction heats the cell: only the controls are tested to five sigma
        assert mean > target - 5 * error
        if name.startswith("li2zrcl6"):
            assert mean < target + 5 * error
        spreads = trajectory.observables["max_force_spread_eV_per_A"]
        assert len(spreads) == trajectory.n_frames
        assert (spreads > 0).all()


@pytest.mark.parametrize("name", [n for n in example_names() if n[:3] == "li2"])
def test_slab_without_lithium_dissolves_nothing(name):
    with open_trajectory(example_trajectory(name)) as trajectory:
        assert dissolution(trajectory).n_ever_dissolved == 0


def test_lithium_enters_the_electrolyte_in_contact_only():
    """Energy falls by electronvolts beside lithium metal and does not without it."""
    change = {}
    for name in example_names():
        with open_trajectory(example_trajectory(name)) as trajectory:
            energy = trajectory.observables["potential_energy_eV"]
            settled = trajectory.times_ps >= 2
            start, end = energy[settled][:10].mean(), energy[-30:].mean()
            change[name] = end - start
    assert change["li-li2zrcl6-400K"] < -2
    assert abs(change["li2zrcl6-400K"]) < 1


def test_unknown_name():
    with pytest.raises(InputError, match="li-li2zrcl6-400K"):
        example_trajectory("nothing")
