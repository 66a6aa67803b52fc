"""Mean squared displacements and diffusivities with known answers."""

import json
from pathlib import Path

import MDAnalysis
import numpy as np
import pytest
from ase import Atoms
from MDAnalysis.analysis.msd import EinsteinMSD
from numpy.typing import NDArray
from scipy.stats import binom

from md.analysis.diffusivity import choose_window, fit_diffusivity
from md.analysis.displacement_sums import DisplacementSums
from md.analysis.displacements import mean_squared_displacements
from md.analysis.mean_squared_displacement import mean_squared_displacement
from md.trajectory import TrajectoryWriter, open_trajectory
from training_data.errors import InputError

STEP_A = 0.3
FRAME_TIME_PS = 0.5
# <|dr|^2> = 3 sigma^2 a step = 6 D t
EXACT_D = 3 * STEP_A**2 / (6 * FRAME_TIME_PS) * 1e-4


def walk(rng: np.random.Generator, n_frames: int, n_atoms: int) -> NDArray[np.float64]:
    steps = rng.normal(0, STEP_A, (n_frames, n_atoms, 3))
    return np.cumsum(steps, axis=0)


def direct(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, t, 3) -> (n, t) by the definition."""
    n_frames = positions.shape[1]
    return np.stack(
        [
            np.mean(
                np.sum((positions[:, lag:] - positions[:, : n_frames - lag]) ** 2, -1),
                axis=1,
            )
            for lag in range(n_frames)
        ],
        axis=1,
    )


def test_fast_algorithm_equals_the_definition() -> None:
    """Far from the origin as well, where sums of squares would cancel."""
    positions = walk(np.random.default_rng(0), 101, 5).transpose(1, 0, 2) + 1e3
    got = mean_squared_displacements(positions, n_lags=101)
    np.testing.assert_allclose(got[:, 1:], direct(positions)[:, 1:], rtol=1e-9)
    np.testing.assert_array_equal(got[:, 0], 0.0)


def test_agrees_with_mdanalysis(tmp_path: Path) -> None:
    """On a file that both read; positions are such that float32 holds them."""
    positions = walk(np.random.default_rng(1), 200, 12)
    positions = positions.astype(np.float32).astype(float)
    atoms = Atoms("Li8Cl4", positions[0], cell=[20, 21, 22], pbc=True)
    path = tmp_path / "trajectory.h5"
    with TrajectoryWriter(path, atoms) as writer:
        for i, frame in enumerate(positions):
            atoms.positions = frame
            writer.append(atoms, step=i, time_ps=i * FRAME_TIME_PS)
    with open_trajectory(path) as trajectory:
        ours = mean_squared_displacement(
            trajectory, species="Li", reference="none", max_lag_fraction=1.0
        )
    universe = MDAnalysis.Universe.empty(12)
    universe.load_new(str(path), format="H5MD")
    theirs = EinsteinMSD(universe, select="index 0:7", msd_type="xyz", fft=False)
    theirs.run()
    np.testing.assert_allclose(
        ours.msd_A2[1:], theirs.results.timeseries[1:], rtol=1e-6
    )
    assert len(ours.msd_A2) == 200
    universe.trajectory.close()


def test_random_walk_gives_six_d_t(make_trajectory) -> None:
    positions = walk(np.random.default_rng(3), 1600, 60)
    result = mean_squared_displacement(
        make_trajectory("Li60", positions, frame_time_ps=FRAME_TIME_PS),
        reference="none",
    )
    # 60 atoms x 100 independent windows: one standard error is about 1.5 %.
    assert result.diffusivity_cm2_per_s == pytest.approx(EXACT_D, rel=0.06)
    interval = result.diffusivity_interval_cm2_per_s
    assert interval is not None
    assert interval[0] < EXACT_D < interval[1]
    assert (interval[1] - interval[0]) < 0.2 * EXACT_D
    assert result.loglog_slope == pytest.approx(1.0, abs=0.05)
    lags = result.lag_times_ps[1:50]
    np.testing.assert_allclose(result.msd_A2[1:50], 6e4 * EXACT_D * lags, rtol=0.08)
    pulls = (result.msd_A2 - 6e4 * EXACT_D * result.lag_times_ps)[1:50]
    assert np.abs(pulls / result.msd_standard_error_A2[1:50]).max() < 4.5
    assert result.reason == ""
    assert (result.fit_start_ps, result.fit_end_ps) == (5.0, 50.0)


def interval_of(positions: NDArray[np.float64]) -> tuple[float, float]:
    n_frames, n_atoms, _ = positions.shape
    window = choose_window(n_frames, fit_frames=None, n_blocks=8)
    sums = DisplacementSums(n_atoms, n_frames // 2, window, FRAME_TIME_PS)
    sums.add(0, positions.transpose(1, 0, 2))
    fit = fit_diffusivity(
        sums.mean_and_error()[0],
        sums.slopes,
        sums.exponents(),
        window,
        frame_time_ps=FRAME_TIME_PS,
        exponent_tolerance=0.1,
    )
    assert fit.interval_cm2_per_s is not None
    return fit.interval_cm2_per_s


@pytest.mark.parametrize(
    ("kind", "n_atoms"),
    [("independent", 24), ("one", 1), ("together", 12), ("mixed", 24)],
)
def test_interval_covers_the_truth_in_95_percent(kind: str, n_atoms: int) -> None:
    """Also when atoms move in step, and when they differ for good."""
    rng = np.random.default_rng(17)
    n_sets = 240
    covered = 0
    for _ in range(n_sets):
        if kind == "together":
            positions = np.repeat(walk(rng, 480, 1), n_atoms, axis=1)
        else:
            positions = walk(rng, 480, n_atoms)
        if kind == "mixed":  # D of an atom: 0 or 2 D, so D on average
            positions *= np.sqrt(rng.choice([0.0, 2.0], n_atoms))[:, None]
        low, high = interval_of(positions)
        covered += low < EXACT_D < high
    # 99.9 % bounds of a count whose probability is 0.95, or up to 0.02 off: the
    # variance is itself an estimate.
    assert binom.ppf(0.001, n_sets, 0.93) <= covered <= binom.ppf(0.999, n_sets, 0.97)


def test_drift_of_the_others_is_removed(make_trajectory) -> None:
    rng = np.random.default_rng(4)
    still = rng.uniform(0, 20, (16, 3))
    drift = np.cumsum(rng.normal(0, 1.0, (800, 1, 3)), axis=0)
    jumps = np.zeros((800, 16, 3))
    jumps[:, :8] = walk(rng, 800, 8)
    trajectory = make_trajectory(
        "Li8ZrCl7", still + jumps + drift, frame_time_ps=FRAME_TIME_PS
    )
    removed = mean_squared_displacement(trajectory)
    bare = mean_squared_displacement(
        make_trajectory("Li8ZrCl7", still + jumps, frame_time_ps=FRAME_TIME_PS),
        reference="none",
    )
    np.testing.assert_allclose(removed.msd_A2[1:], bare.msd_A2[1:], rtol=1e-7)
    assert (removed.reference, removed.n_reference_atoms) == ("others", 8)
    kept = mean_squared_displacement(trajectory, reference="none")
    assert kept.msd_A2[1] > 5 * removed.msd_A2[1]


def test_reference_is_weighted_by_mass(make_trajectory) -> None:
    """Zr and Cl move apart with their centre of mass at rest: nothing to remove."""
    n = np.arange(200)[:, None]
    positions = np.zeros((200, 3, 3))
    positions[:, 0] = walk(np.random.default_rng(5), 200, 1)[:, 0]
    positions[:, 1, :1] = 0.05 * n / 91.224
    positions[:, 2, :1] = -0.05 * n / 35.45
    trajectory = make_trajectory("LiZrCl", positions)
    with_others = mean_squared_displacement(trajectory)
    alone = mean_squared_displacement(trajectory, reference="none")
    np.testing.assert_allclose(with_others.msd_A2[1:], alone.msd_A2[1:], rtol=1e-6)


def test_ballistic_motion_has_no_diffusivity(make_trajectory) -> None:
    rng = np.random.default_rng(6)
    velocities = rng.normal(0, 1, (10, 3))
    positions = 0.01 * np.arange(640)[:, None, None] * velocities
    result = mean_squared_displacement(make_trajectory("Li10", positions))
    assert result.loglog_slope == pytest.approx(2.0, rel=1e-6)
    assert result.diffusivity_cm2_per_s is None
    assert "not diffusive" in result.reason
    assert result.reference == "none"  # there are no other atoms
    speed2 = (velocities**2).sum(axis=1).mean()
    np.testing.assert_allclose(
        result.msd_A2[1:], 1e-4 * np.arange(1, 321) ** 2 * speed2, rtol=1e-9
    )


def test_bounded_motion_has_no_diffusivity(make_trajectory) -> None:
    rng = np.random.default_rng(7)
    positions = rng.normal(0, 0.2, (800, 12, 3))
    result = mean_squared_displacement(make_trajectory("Li12", positions))
    assert result.diffusivity_cm2_per_s is None
    assert result.loglog_slope == pytest.approx(0.0, abs=0.05)
    np.testing.assert_allclose(result.msd_A2[1:100], 6 * 0.2**2, rtol=0.05)
    data = result.to_json()
    assert data["diffusivity_cm2_per_s"] is None
    json.dumps(data, allow_nan=False)


def test_atoms_at_rest_and_short_runs_give_reasons(make_trajectory) -> None:
    rest = np.zeros((200, 4, 3))
    result = mean_squared_displacement(make_trajectory("Li4", rest))
    assert result.reason == "the atoms do not move"
    short = walk(np.random.default_rng(8), 20, 4)
    result = mean_squared_displacement(make_trajectory("Li4", short))
    assert "too few frames" in result.reason
    assert result.diffusivity_cm2_per_s is None
    assert mean_squared_displacement(make_trajectory("Li4", short[:2])).n_frames == 2


def test_subdiffusion_is_told_apart(make_trajectory) -> None:
    """Rouse-like: a walker on a walker's harmonic leash, exponent near 1/2."""
    rng = np.random.default_rng(9)
    chain = np.zeros((64, 30, 3))
    frames = []
    for _ in range(1600):
        pull = np.roll(chain, 1, axis=0) + np.roll(chain, -1, axis=0) - 2 * chain
        chain = chain + 0.25 * pull + rng.normal(0, STEP_A, chain.shape)
        frames.append(chain[::16].reshape(-1, 3))
    result = mean_squared_displacement(make_trajectory("Li120", np.array(frames)))
    assert result.diffusivity_cm2_per_s is None
    assert result.loglog_slope == pytest.approx(0.5, abs=0.12)


def test_batches_of_atoms_change_nothing(make_trajectory) -> None:
    trajectory = make_trajectory("Li30", walk(np.random.default_rng(10), 400, 30))
    whole = mean_squared_displacement(trajectory)
    parts = mean_squared_displacement(trajectory, memory_MB=0.1)
    np.testing.assert_allclose(parts.msd_A2, whole.msd_A2, rtol=1e-12)
    assert parts.diffusivity_interval_cm2_per_s == pytest.approx(
        whole.diffusivity_interval_cm2_per_s, rel=1e-9
    )


def test_chosen_window_and_bad_windows(make_trajectory) -> None:
    trajectory = make_trajectory(
        "Li30", walk(np.random.default_rng(11), 400, 30), frame_time_ps=FRAME_TIME_PS
    )
    result = mean_squared_displacement(trajectory, fit_ps=(2.0, 40.0))
    assert (result.fit_start_ps, result.fit_end_ps, result.n_blocks) == (2.0, 40.0, 2)
    assert result.diffusivity_cm2_per_s == pytest.approx(EXACT_D, rel=0.3)
    for bad in ((0.0, 10.0), (10.0, 2.0), (10.0, 1000.0)):
        with pytest.raises(InputError, match="fit_ps"):
            mean_squared_displacement(trajectory, fit_ps=bad)
    with pytest.raises(InputError, match="species"):
        mean_squared_displacement(trajectory, species="Zr")
    ax = result.plot()
    assert ax.get_xlabel() == "Lag time (ps)"
    assert ax.get_ylabel() == "MSD of Li (Å²)"


def test_vibration_that_ends_in_a_plateau_is_no_diffusion() -> None:
    """Slope 2 turns into slope 0 in mid-window: 1 in the mean, diffusion nowhere."""
    window = choose_window(1600, fit_frames=None, n_blocks=8)
    lags = np.arange(window.last + 2, dtype=float)
    bend = 1.3 * np.sqrt(window.first * window.last)
    msd = lags**2 / (1 + (lags / bend) ** 2)
    assert window.exponent(msd) == pytest.approx(1.06, rel=0.05)
    rng = np.random.default_rng(4)
    slopes = 1.0 + 0.05 * rng.normal(size=(40, 8))
    exponents = 1.0 + 0.02 * rng.normal(size=8)
    found = fit_diffusivity(
        msd, slopes, exponents, window, frame_time_ps=0.01, exponent_tolerance=0.1
    )
    assert found.diffusivity_cm2_per_s is None
    assert "first half" in found.reason
    straight = fit_diffusivity(
        lags, slopes, exponents, window, frame_time_ps=0.01, exponent_tolerance=0.1
    )
    assert straight.reason == ""
