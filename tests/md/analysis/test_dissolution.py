"""Dissolution with known bonds at known times."""

import json

import numpy as np
import pytest
from ase.build import bulk
from numpy.typing import NDArray
from scipy.stats import binom

from md.analysis.binomial import clopper_pearson
from md.analysis.dissolution import dissolution
from training_data.errors import InputError

ZR = np.array([[5.0, 5, 5], [15, 15, 15], [25, 25, 25]])
TO_CL = np.array([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]])


def bonds(lengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Three Zr with four Cl each; lengths (m, 3, 4) in Å -> positions (m, 15, 3)."""
    chlorine = ZR[None, :, None] + lengths[..., None] * TO_CL
    zr = np.broadcast_to(ZR, (len(lengths), 3, 3))
    return np.concatenate([zr, chlorine.reshape(len(lengths), 12, 3)], axis=1)


def resting(n_frames: int) -> NDArray[np.float64]:
    return np.full((n_frames, 3, 4), 2.45)


def test_atom_dissolves_when_its_last_bond_breaks(make_trajectory) -> None:
    lengths = resting(100)
    lengths[20:, 1, 0] = 5.0
    lengths[30:, 1, 1] = 5.0
    lengths[40:, 1, 2:] = 5.0
    trajectory = make_trajectory("Zr3Cl12", bonds(lengths))
    result = dissolution(trajectory, break_A=3.4, hold_ps=0.5)
    expected = np.where(np.arange(100) >= 40, 1 / 3, 0.0)
    np.testing.assert_array_equal(result.dissolved_fraction, expected)
    assert result.first_event_ps == pytest.approx(4.0, rel=1e-12)
    assert (result.n_dissolved, result.n_total) == (1, 3)
    assert result.final_fraction == pytest.approx(1 / 3, rel=1e-12)
    assert [atom.index for atom in result.atoms] == [1]
    assert result.atoms[0].final_z_A == pytest.approx(15.0, rel=1e-12)
    assert result.atoms[0].layer is None
    assert result.interface_fraction is None
    assert "labels" in result.interface_reason
    coordination = result.mean_coordination[[0, 19, 20, 30, 40, 99]]
    np.testing.assert_allclose(
        coordination, np.array([12, 12, 11, 10, 8, 8]) / 3, rtol=1e-12
    )
    low, high = result.final_fraction_interval
    assert low < 1 / 3 < high
    json.dumps(result.to_json(), allow_nan=False)


def test_vibration_around_the_bonding_distance_does_not_count(make_trajectory) -> None:
    """2.55 to 2.80 Å: a single threshold of 2.68 Å would flicker."""
    phase = np.linspace(0, 40 * np.pi, 300)[:, None, None]
    lengths = np.broadcast_to(2.675 - 0.125 * np.cos(phase), (300, 3, 4))
    result = dissolution(make_trajectory("Zr3Cl12", bonds(lengths)), break_A=3.4)
    assert result.n_dissolved == result.n_ever_dissolved == 0
    assert result.first_event_ps is None
    assert result.atoms == ()
    np.testing.assert_array_equal(result.mean_coordination, 4.0)


def test_break_needs_the_whole_holding_time(make_trajectory) -> None:
    """Frames every 0.1 ps: 0.4 ps beyond is too short, 0.5 ps is enough."""
    for n_beyond, dissolved in ((5, False), (6, True)):
        lengths = resting(40)
        lengths[10 : 10 + n_beyond, 0] = 3.6
        lengths[10 + n_beyond :, 0] = 3.0  # neither bonding nor beyond
        result = dissolution(
            make_trajectory("Zr3Cl12", bonds(lengths)), break_A=3.4, hold_ps=0.5
        )
        assert (result.n_dissolved == 1) is dissolved
        assert result.first_event_ps == (pytest.approx(1.0) if dissolved else None)


def test_two_state_jumps_follow_the_hysteresis(make_trajectory) -> None:
    """A random telegraph signal, followed by a plain loop written out here."""
    rng = np.random.default_rng(2)
    levels = rng.choice([2.5, 3.0, 3.5], size=(400, 3, 4), p=[0.08, 0.12, 0.8])
    levels[0] = 2.5
    result = dissolution(
        make_trajectory("Zr3Cl12", bonds(levels)), break_A=3.4, hold_ps=0.3
    )
    n_bonds = np.zeros((400, 3))
    bare = np.zeros((400, 3), dtype=bool)
    for zr in range(3):
        bonded, since, had_bond = [False] * 4, [None] * 4, False
        for t in range(400):
            last_break = None
            for cl in range(4):
                d = levels[t, zr, cl]
                bonded[cl] |= d <= 2.68
                since[cl] = (t if since[cl] is None else since[cl]) if d > 3.4 else None
                n_bonds[t, zr] += bonded[cl]
                if bonded[cl] and since[cl] is not None and t - since[cl] >= 3:
                    bonded[cl] = False
                    n_bonds[since[cl] : t + 1, zr] -= 1
                    last_break = max(last_break or 0, since[cl])
            had_bond |= any(bonded)
            bare[t, zr] = had_bond and not any(bonded)
            if bare[t, zr] and last_break is not None:
                bare[last_break:t, zr] = True
    np.testing.assert_allclose(
        result.mean_coordination, n_bonds.mean(axis=1), rtol=1e-12, atol=1e-12
    )
    np.testing.assert_allclose(result.dissolved_fraction, bare.mean(axis=1), rtol=1e-12)
    assert result.n_redepositions > 3
    assert result.n_ever_dissolved == 3


def test_redeposited_atom_is_not_dissolved_any_more(make_trajectory) -> None:
    lengths = resting(60)
    lengths[10:30, 2] = 5.0
    lengths[30:, 2, 0] = 2.5
    result = dissolution(make_trajectory("Zr3Cl12", bonds(lengths)), break_A=3.4)
    assert (result.n_dissolved, result.n_ever_dissolved) == (0, 1)
    assert result.n_redepositions == 1
    assert result.first_event_ps == pytest.approx(1.0)
    (atom,) = result.atoms
    assert (atom.index, atom.dissolved_at_end) == (2, False)
    assert atom.redeposited_ps == pytest.approx(3.0)
    np.testing.assert_array_equal(
        np.flatnonzero(result.dissolved_fraction), np.arange(10, 30)
    )


def test_atom_without_bonds_at_the_start_is_not_dissolved(make_trajectory) -> None:
    lengths = resting(30)
    lengths[:, 0] = 6.0
    result = dissolution(make_trajectory("Zr3Cl12", bonds(lengths)), break_A=3.4)
    assert result.n_initially_unbonded == 1
    assert result.n_dissolved == 0


def test_break_at_the_end_is_not_confirmed(make_trajectory) -> None:
    lengths = resting(30)
    lengths[-3:, 0] = 6.0
    result = dissolution(make_trajectory("Zr3Cl12", bonds(lengths)), break_A=3.4)
    assert (result.n_dissolved, result.n_unconfirmed) == (0, 4)


def test_fast_escape_through_the_boundary(make_trajectory) -> None:
    """Zr runs 3 Å a frame through a skewed periodic cell, away from its Cl."""
    cell = np.array([[12.0, 0, 0], [6.0, 10.4, 0], [3.0, 2.0, 40.0]])
    positions = np.zeros((40, 3, 3))
    positions[:, 1] = [2.4, 0, 0]
    positions[:, 2] = [-2.4, 0, 0]
    # Along c: it returns to an image of its chlorine only after 40 Å.
    direction = cell[2] / np.linalg.norm(cell[2])
    positions[5:, 0] = 3.0 * np.minimum(np.arange(1, 36), 6)[:, None] * direction
    result = dissolution(
        make_trajectory("ZrCl2", positions, cell=cell), break_A=3.4, hold_ps=0.2
    )
    assert result.n_dissolved == 1
    assert result.first_event_ps == pytest.approx(0.5)  # 3.0 Å at an angle: 3.8 Å


def test_interface_layer_is_the_one_that_faces_the_metal(make_trajectory) -> None:
    """Layers at 5, 15, 25 Å, metal below 5 Å; only the first layer dissolves."""
    lengths = resting(40)
    lengths[10:, 0] = 4.9
    positions = bonds(lengths)
    metal = np.broadcast_to([5.0, 5.0, 1.0], (40, 1, 3))
    labels = {
        "side": [1] * 15 + [0],
        "layer": [0, 1, 2] + [0] * 4 + [1] * 4 + [2] * 4 + [0],
    }
    trajectory = make_trajectory(
        "Zr3Cl12Li",
        np.concatenate([positions, metal], axis=1),
        cell=np.diag([30.0, 30.0, 60.0]),
        labels=labels,
    )
    result = dissolution(trajectory, break_A=3.4)
    assert result.n_interface == 1
    assert result.interface_fraction is not None
    assert result.interface_fraction[-1] == 1.0
    assert (result.atoms[0].layer, result.atoms[0].side) == (0, 1)


def test_break_distance_is_the_first_minimum_of_g(make_trajectory) -> None:
    """Rock salt with vibrations: first shell at 2.6, second at 4.5 Å."""
    rng = np.random.default_rng(0)
    atoms = bulk("ZrCl", "rocksalt", a=5.1, cubic=True) * (2, 2, 2)
    frames = atoms.positions + rng.normal(0, 0.1, (60, 64, 3))
    trajectory = make_trajectory(str(atoms.symbols), frames, cell=atoms.cell.array)
    result = dissolution(trajectory, form_A=2.8)
    assert result.break_source.startswith("first minimum")
    # Both shells are Gaussians of sigma 0.14 Å: g vanishes midway between them.
    assert result.break_A == pytest.approx((2.55 + 2.55 * 3**0.5) / 2, abs=0.15)
    isolated = make_trajectory("Zr3Cl12", bonds(resting(20)))
    result = dissolution(isolated)
    assert result.break_A == 3.4
    assert result.break_source.startswith("fallback")


def test_sensitivity_tells_what_the_criterion_decides(make_trajectory) -> None:
    lengths = resting(60)
    lengths[20:, 0] = 3.5  # beyond 3.4 and 3.2, not beyond 3.6
    result = dissolution(
        make_trajectory("Zr3Cl12", bonds(lengths)), break_A=3.4, hold_ps=0.5
    )
    final = {
        (round(row.form_A, 2), round(row.break_A, 2), row.hold_ps): row.final_fraction
        for row in result.sensitivity
    }
    assert final[(2.68, 3.4, 0.5)] == final[(2.68, 3.2, 0.5)] == pytest.approx(1 / 3)
    assert final[(2.68, 3.6, 0.5)] == 0.0
    assert final[(2.68, 3.4, 0.25)] == final[(2.68, 3.4, 1.0)] == pytest.approx(1 / 3)
    assert len(final) == 7


def test_coarse_frames_need_two_in_a_row(make_trajectory) -> None:
    lengths = resting(30)
    lengths[10, 0] = 5.0
    lengths[20:, 1] = 5.0
    trajectory = make_trajectory("Zr3Cl12", bonds(lengths), frame_time_ps=2.0)
    result = dissolution(trajectory, break_A=3.4, hold_ps=0.5)
    assert [atom.index for atom in result.atoms] == [1]
    assert result.effective_hold_ps == pytest.approx(2.0)


def test_bad_criteria_and_species_are_refused(make_trajectory) -> None:
    trajectory = make_trajectory("Zr3Cl12", bonds(resting(3)))
    with pytest.raises(InputError, match="break_A"):
        dissolution(trajectory, break_A=2.6)
    with pytest.raises(InputError, match="hold_ps"):
        dissolution(trajectory, break_A=3.4, hold_ps=-1.0)
    with pytest.raises(InputError, match="one of Cl, Zr; got 'Hf'"):
        dissolution(trajectory, species="Hf")


@pytest.mark.parametrize("probability", [0.02, 0.3, 0.5, 0.97])
def test_interval_covers_at_least_its_level(probability: float) -> None:
    for n in (5, 18, 60):
        counts = np.arange(n + 1)
        covered = [
            low <= probability <= high
            for low, high in (clopper_pearson(k, n) for k in counts.tolist())
        ]
        assert binom.pmf(counts, n, probability)[covered].sum() >= 0.95


def test_plot_has_units_on_its_axes(make_trajectory) -> None:
    result = dissolution(make_trajectory("Zr3Cl12", bonds(resting(5))), break_A=3.4)
    ax = result.plot()
    assert ax.get_xlabel() == "Time (ps)"
    assert ax.get_ylabel() == "Dissolved Zr (%)"


def test_layers_and_destinations_of_a_made_up_dissolution(
    make_trajectory, made_up_salt
) -> None:
    """Zr of the upper two double layers leave, one after the other, for the metal."""
    leaves = {45 + k: 10 + 2 * k for k in range(9)} | {36: 35, 37: 40}
    made = made_up_salt(leaves, 60, drift_A=0.2, skewed=True, noise_A=0.03)
    trajectory = make_trajectory(
        made.symbols, made.positions, cell=made.cell, labels=made.labels
    )
    result = dissolution(trajectory, break_A=3.4, hold_ps=0.5)
    by_layer = {row.layer: row for row in result.layers}
    assert [by_layer[k].n_atoms for k in range(6)] == [9] * 6
    assert by_layer[5].final_fraction == 1.0
    assert by_layer[4].final_fraction == pytest.approx(2 / 9, rel=1e-12)
    assert by_layer[3].final_fraction == 0.0
    assert by_layer[3].first_event_ps is None
    assert by_layer[4].first_event_ps == pytest.approx(3.5, rel=1e-9)
    assert {k for k, row in by_layer.items() if row.at_interface} == {0, 5}
    steps = [1 + np.searchsorted(np.arange(10, 28, 2), t, "right") - 1 for t in (9, 20)]
    np.testing.assert_allclose(by_layer[5].fraction[[9, 20]], np.array(steps) / 9)
    times = {atom.index: atom.first_dissolved_ps for atom in result.atoms}
    assert times == {
        int(made.zr[which]): pytest.approx(0.1 * frame)
        for which, frame in leaves.items()
    }
    for atom in result.atoms:
        moved = made.positions[-1, atom.index] - made.positions[0, atom.index]
        # Drift of 0.2 Å a frame is no motion of its own.
        assert atom.risen_A == pytest.approx(moved[2] - 0.2 * 59, abs=0.1)
        assert atom.neighbours.get("Cl", 0) == 0
        assert atom.neighbours["Li"] >= 8
    json.dumps(result.to_json(), allow_nan=False)
