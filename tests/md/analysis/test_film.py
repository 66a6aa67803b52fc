"""Film of known thickness between known boundaries."""

import json

import numpy as np
import pytest
from ase.build import bulk

from md.analysis.film import film
from md.analysis.interface_position import interface_frames, step
from md.analysis.phase_labels import PHASES, PhaseRule, phase_labels
from md.trajectory import example_trajectory, open_trajectory
from training_data.errors import InputError

SALT_A = 5.13
PER_DOUBLE = 9  # Zr
VARIANTS = {
    "plain": {},
    "skewed": {"skewed": True},
    "drift": {"drift_A": 0.31, "noise_A": 0.04},
    "expands, skewed, drifts": {
        "stretch": 0.01,
        "skewed": True,
        "drift_A": -0.37,
        "noise_A": 0.04,
    },
    "wrapped": {"drift_A": 0.4, "wrapped": True, "skewed": True},
}


@pytest.mark.parametrize("how", VARIANTS.values(), ids=VARIANTS)
def test_thickness_is_the_salt_that_zirconium_left_behind(
    make_trajectory, made_up_salt, how
) -> None:
    """One Zr every other frame, first from the upper double layer, then the lower."""
    upper = list(range(5 * PER_DOUBLE, 6 * PER_DOUBLE))
    lower = list(range(PER_DOUBLE))
    leaves = {
        which: 4 + 2 * k
        for k, which in enumerate(
            [z for pair in zip(upper, lower, strict=True) for z in pair]
        )
    }
    made = made_up_salt(leaves, 48, **how)
    trajectory = make_trajectory(
        made.symbols, made.positions, cell=made.cell, labels=made.labels
    )
    result = film(trajectory)
    gone = np.array([sum(frame <= t for frame in leaves.values()) for t in range(48)])
    growth = 1 + how.get("stretch", 0.0) * np.arange(48) / 47
    expected = 4 * gone * SALT_A**3 / 4 / (made.area_A2 * growth**2) / 2
    assert result.n_contacts == 2
    # 33.75 and 2.565 are rounded: 135.006 is 5.13 Å cubed.
    np.testing.assert_allclose(result.thickness_A, expected, rtol=1e-4, atol=1e-12)
    assert expected[-1] == pytest.approx(SALT_A / growth[-1] ** 2, rel=1e-9)
    assert result.final_layers == pytest.approx(2.0 / growth[-1] ** 2, rel=1e-2)
    assert result.phase_counts["alloy"][-1] >= len(leaves)
    assert result.intermediate_share < 0.01
    # Two planes of 2.565 Å on either side, measured between middles of planes.
    scale = growth[-1]
    assert result.extent_A[-1] == pytest.approx(SALT_A * scale, abs=0.25)
    assert result.extent_A[0] == pytest.approx(0.0, abs=0.25)
    shrunk = result.electrolyte_A[0] - result.electrolyte_A[-1] / scale
    np.testing.assert_allclose(shrunk, SALT_A, atol=0.25)
    json.dumps(result.to_json(), allow_nan=False)


def test_only_one_contact_beside_a_vacuum(make_trajectory, made_up_salt) -> None:
    leaves = dict.fromkeys(range(5 * PER_DOUBLE, 6 * PER_DOUBLE), 5)
    made = made_up_salt(leaves, 16)
    cell = made.cell.copy()
    cell[:, 2, 2] += 20.0
    result = film(make_trajectory(made.symbols, made.positions, cell=cell))
    assert result.n_contacts == 1
    assert result.final_layers == pytest.approx(2.0, rel=2e-3)


def test_boundary_of_the_electrolyte_follows_the_layers(
    make_trajectory, made_up_salt
) -> None:
    made = made_up_salt({}, 3, drift_A=3.0)
    trajectory = make_trajectory(made.symbols, made.positions, cell=made.cell)
    for frame in interface_frames(trajectory, rule=PhaseRule()):
        # Planes at 0 … 11 × 2.565 Å and metal 2.6 Å beyond: boundary 1.3 Å outside.
        expected = 11 * SALT_A / 4 + 1.3
        np.testing.assert_allclose(
            frame.electrolyte_A, expected, atol=0.02 * SALT_A + 0.1
        )
        assert frame.contacts.all()
        assert (frame.roughness_A < 0.1).all()


def test_steps_on_the_surface_are_roughness(make_trajectory, made_up_salt) -> None:
    """A third of one double layer goes: rougher, and thinner by a third of it."""
    third = {5 * PER_DOUBLE + k: 1 for k in range(3)}
    made = made_up_salt(third, 2)
    trajectory = make_trajectory(made.symbols, made.positions, cell=made.cell)
    flat, stepped = interface_frames(trajectory, rule=PhaseRule())
    assert flat.roughness_A[1] < 0.1
    # Heights 0, 0, -5.13 Å over columns: deviation 5.13 sqrt(1/4) with n - 1 = 8.
    assert stepped.roughness_A[1] == pytest.approx(SALT_A * (1 / 4) ** 0.5, rel=0.15)


def test_step_misplaces_the_fewest() -> None:
    inside = np.array([True, True, False, True, False, False])
    position, wrong = step(np.arange(6.0), inside)
    assert wrong == 1
    assert position == pytest.approx((1.5 + 3.5) / 2)


def test_bulk_phases_are_what_they_are() -> None:
    """Interface of the examples: two sides, nothing else, each atom on its own."""
    with open_trajectory(example_trajectory("li-li2zrcl6-300K")) as trajectory:
        atoms = trajectory.initial
        labels = phase_labels(atoms)
    expected = np.where(
        atoms.arrays["side"] == 0, PHASES.index("metal"), PHASES.index("electrolyte")
    )
    np.testing.assert_array_equal(labels, expected)


def test_alloy_has_zirconium_among_lithium() -> None:
    alloy = bulk("Li", "bcc", a=3.5, cubic=True) * (4, 4, 4)
    rng = np.random.default_rng(0)
    dissolved = rng.choice(len(alloy), len(alloy) // 2, replace=False)
    alloy.symbols[dissolved] = "Zr"
    alloy.symbols[0] = "Cl"
    labels = phase_labels(alloy, rule=PhaseRule(cation_anion_A=1.0))
    zirconium = dissolved[dissolved > 0]
    assert (labels[zirconium] == PHASES.index("alloy")).all()
    assert (labels == PHASES.index("alloy")).mean() > 0.8


def test_no_film_where_there_is_no_metal() -> None:
    with (
        open_trajectory(example_trajectory("li2zrcl6-300K")) as trajectory,
        pytest.raises(InputError, match="metal that touches"),
    ):
        film(trajectory, most_frames=12)


def test_bad_rules_are_refused(make_trajectory, made_up_salt) -> None:
    with pytest.raises(InputError, match="three elements"):
        PhaseRule(metal="Zr")
    with pytest.raises(InputError, match="metal_anion_A"):
        PhaseRule(metal_anion_A=-1.0)
    made = made_up_salt({}, 2)
    trajectory = make_trajectory(made.symbols, made.positions, cell=made.cell)
    with pytest.raises(InputError, match="film_volume_A3"):
        film(trajectory, film_volume_A3=0.0)
    with pytest.raises(InputError, match="cation must be an element"):
        film(trajectory, rule=PhaseRule(cation="Hf"))


def test_plot_has_units(make_trajectory, made_up_salt) -> None:
    made = made_up_salt({50: 5}, 14)
    result = film(make_trajectory(made.symbols, made.positions, cell=made.cell))
    assert result.plot().get_ylabel() == "Film thickness (Å)"
