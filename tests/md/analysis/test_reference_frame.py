"""Directions, references, mean cells and collective motion with known answers."""

import numpy as np
import pytest
from ase import Atoms
from numpy.typing import NDArray

from md.analysis.displacements import (
    LagSum,
    mean_squared_displacements,
    spectrum,
    windowed_squared_displacements,
)
from md.analysis.mean_squared_displacement import mean_squared_displacement
from md.trajectory import TrajectoryWriter, open_trajectory
from training_data.errors import InputError

TRICLINIC = np.array([[20.0, 0, 0], [-9.0, 17.0, 0], [5.0, 8.0, 26.0]])


def walk(rng: np.random.Generator, n_frames: int, n_atoms: int) -> NDArray[np.float64]:
    return np.cumsum(rng.normal(0, 0.3, (n_frames, n_atoms, 3)), axis=0)


@pytest.mark.parametrize("n_lags", [1, 7, 60])
def test_windows_and_transforms_give_the_same(n_lags: int) -> None:
    positions = walk(np.random.default_rng(0), 60, 3).transpose(1, 0, 2) + 500.0
    lags = np.arange(n_lags)
    np.testing.assert_allclose(
        mean_squared_displacements(positions, n_lags=n_lags)[:, 1:],
        windowed_squared_displacements(positions, lags=lags)[:, 1:],
        rtol=1e-9,
    )


@pytest.mark.parametrize("n_frames", [40, 45, 64])
def test_sum_over_lags_needs_no_way_back(n_frames: int) -> None:
    rng = np.random.default_rng(1)
    positions = walk(rng, n_frames, 4).transpose(1, 0, 2)
    weights = rng.normal(size=n_frames // 2)
    found = spectrum(positions, n_lags=len(weights))
    direct = mean_squared_displacements(positions, n_lags=len(weights)) @ weights
    np.testing.assert_allclose(
        LagSum(weights, n_frames=n_frames).of(found), direct, rtol=1e-9
    )


def test_lateral_and_normal_in_a_triclinic_cell(make_trajectory) -> None:
    """Moves of different size along the normal (z) and in the plane."""
    positions = walk(np.random.default_rng(2), 1600, 40) * [1.0, 1.0, 3.0]
    trajectory = make_trajectory("Li40", positions, cell=TRICLINIC)
    exact = 0.3**2 / (2 * 0.1) * 1e-4
    parts = {
        name: mean_squared_displacement(trajectory, direction=name)
        for name in ("all", "lateral", "normal")
    }
    assert parts["lateral"].diffusivity_cm2_per_s == pytest.approx(exact, rel=0.08)
    assert parts["normal"].diffusivity_cm2_per_s == pytest.approx(9 * exact, rel=0.12)
    np.testing.assert_allclose(
        parts["all"].msd_A2, parts["lateral"].msd_A2 + parts["normal"].msd_A2, rtol=1e-9
    )
    assert parts["normal"].plot().get_ylabel() == "Normal MSD of Li (Å²)"


def test_breathing_of_the_cell_is_no_motion(tmp_path) -> None:
    """Constant pressure: a far atom is carried by the cell, and does not diffuse."""
    rng = np.random.default_rng(3)
    n_frames = 400
    stretch = 1 + 0.02 * np.sin(np.arange(n_frames) / 3)
    fractional = rng.uniform(0, 8, (1, 12, 3)) + 0.01 * walk(rng, n_frames, 12)
    path = tmp_path / "npt.h5"
    cells = TRICLINIC * stretch[:, None, None]
    atoms = Atoms("Li12", cell=cells[0], pbc=True)
    with TrajectoryWriter(path, atoms) as writer:
        for i, cell in enumerate(cells):
            atoms.set_cell(cell)
            atoms.positions = fractional[i] @ cell
            writer.append(atoms, step=i, time_ps=0.1 * i)
    found = mean_squared_displacement(open_trajectory(path), reference="none")
    assert found.cell_varies
    mean = cells.mean(axis=0)
    true = mean_squared_displacements(
        (fractional @ mean).transpose(1, 0, 2), n_lags=len(found.msd_A2)
    ).mean(axis=0)
    np.testing.assert_allclose(found.msd_A2[1:], true[1:], rtol=1e-6)
    moved = (fractional @ cells).transpose(1, 0, 2)
    assert mean_squared_displacements(moved, n_lags=2)[:, 1].mean() > 3 * true[1]


def test_references_remove_their_own_drift(make_trajectory) -> None:
    """Metal and electrolyte drift apart; each is a frame of its own."""
    rng = np.random.default_rng(4)
    n_frames = 300
    own = np.zeros((n_frames, 12, 3))
    own[:, 6:9] = walk(rng, n_frames, 3)  # lithium of the electrolyte
    drift = walk(rng, n_frames, 2)
    side = [0] * 6 + [1] * 6
    positions = own + drift[:, side] + np.arange(12)[:, None]
    trajectory = make_trajectory("Li9ZrCl2", positions, labels={"side": side})
    framework = mean_squared_displacement(trajectory, reference="framework")
    assert (framework.reference, framework.n_reference_atoms) == ("framework", 3)
    metal = own[:, :9].copy()
    metal[:, :6] += (drift[:, 0] - drift[:, 1])[:, None]
    true = mean_squared_displacements(metal.transpose(1, 0, 2), n_lags=20).mean(axis=0)
    np.testing.assert_allclose(framework.msd_A2[1:20], true[1:], rtol=1e-6)
    slab = mean_squared_displacement(trajectory, species="Zr", reference="slab")
    assert slab.n_reference_atoms == 6
    bare = make_trajectory("Li4", positions[:, :4])
    for reference in ("framework", "slab"):
        with pytest.raises(InputError, match="reference"):
            mean_squared_displacement(bare, reference=reference)


def test_collective_motion_counts_correlations(make_trajectory) -> None:
    """In step: N times the tracer. Pairwise opposed: nothing."""
    rng = np.random.default_rng(5)
    one = walk(rng, 800, 1)
    together = make_trajectory("Li5", np.repeat(one, 5, axis=1))
    tracer = mean_squared_displacement(together)
    charge = mean_squared_displacement(together, motion="collective")
    np.testing.assert_allclose(charge.msd_A2[1:], 5 * tracer.msd_A2[1:], rtol=1e-9)
    assert np.isnan(charge.msd_standard_error_A2).all()
    opposed = make_trajectory("Li2", np.concatenate([one, -one], axis=1))
    still = mean_squared_displacement(opposed, motion="collective")
    assert still.msd_A2.max() < 1e-9
