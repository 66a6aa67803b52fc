"""Layers with diffusivities of their own, at rest and behind a moving interface."""

import json

import numpy as np
import pytest

from md.analysis.layered_displacement import layered_displacement
from training_data.errors import InputError

EXACT = 0.3**2 / (2 * 0.1) * 1e-4


def two_layers(rng, n_frames, *, moving):
    """Slow atoms below a plane, fast ones above; they move in the plane only."""
    steps = rng.normal(0, 0.3, (n_frames, 40, 3)) * [1.0, 1.0, 0.0]
    steps[:, 20:] *= 2.0
    positions = np.cumsum(steps, axis=0)
    plane = 2.0 * np.sin(np.arange(n_frames) / 40) if moving else np.zeros(n_frames)
    positions[:, :20, 2] += plane[:, None] - 4.0
    positions[:, 20:, 2] += plane[:, None] + 4.0
    return positions, plane


@pytest.mark.parametrize("moving", [False, True])
@pytest.mark.parametrize(
    "cell", [30.0, [[30.0, 0, 0], [-14.0, 26.0, 0], [11.0, 9.0, 24.0]]]
)
def test_layers_have_their_own_diffusivities(make_trajectory, moving, cell) -> None:
    positions, plane = two_layers(np.random.default_rng(1), 1600, moving=moving)
    result = layered_displacement(
        make_trajectory("Li40", positions, cell=cell),
        borders_A=(-5.0, 0.0, 5.0, 9.0),
        reference="none",
        plane_A=plane,
        direction="lateral",
    )
    # 20 atoms × 16 independent windows × 2 directions: 7 % standard error.
    slow, fast, nothing = result.layers
    assert slow.diffusivity_cm2_per_s == pytest.approx(EXACT, rel=0.2)
    assert fast.diffusivity_cm2_per_s == pytest.approx(4 * EXACT, rel=0.2)
    assert slow.diffusivity_interval_cm2_per_s[1] < 2 * EXACT
    assert (slow.mean_atoms, fast.mean_atoms, nothing.mean_atoms) == (20, 20, 0)
    assert nothing.diffusivity_cm2_per_s is None
    assert "no atom" in nothing.reason
    json.dumps(result.to_json(), allow_nan=False)
    assert result.plot().get_ylabel() == "MSD of Li (Å²)"


def test_equals_the_definition_when_atoms_change_layers(make_trajectory) -> None:
    rng = np.random.default_rng(2)
    positions = np.cumsum(rng.normal(0, 0.5, (80, 6, 3)), axis=0)
    result = layered_displacement(
        make_trajectory("Li6", positions, cell=200.0),
        borders_A=(-100.0, 0.0, 100.0),
        reference="none",
    )
    for layer in result.layers:
        inside = (positions[..., 2] >= layer.lower_A) & (
            positions[..., 2] < layer.upper_A
        )
        for lag in (1, 7, 40):
            moved = ((positions[lag:] - positions[:-lag]) ** 2).sum(-1)
            expected = moved[inside[:-lag]].mean()
            assert layer.msd_A2[lag] == pytest.approx(expected, rel=1e-9)


def test_bad_borders_and_planes(make_trajectory) -> None:
    trajectory = make_trajectory("Li2", np.zeros((20, 2, 3)))
    with pytest.raises(InputError, match="borders_A"):
        layered_displacement(trajectory, borders_A=(3.0, 1.0))
    with pytest.raises(InputError, match="plane_A"):
        layered_displacement(
            trajectory, borders_A=(0.0, 1.0), reference="none", plane_A=np.zeros(3)
        )
