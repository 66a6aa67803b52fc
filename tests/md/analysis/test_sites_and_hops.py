"""Hops on lattices whose rates are known."""

import numpy as np
import pytest
from ase import Atoms
from ase.io import write

from md.analysis.channel_barriers import arrhenius_of_counts, channel_barriers
from md.analysis.channels import channels
from md.analysis.correlated_hops import correlated_hops
from md.analysis.hops import hops
from md.analysis.ion_density import ion_density
from md.analysis.poisson import poisson_interval
from md.analysis.site_assignment import NearestSite
from md.analysis.site_occupation import site_occupation
from md.analysis.sites import Sites, sites_from_density, sites_from_layers
from md.analysis.stays import RunRecorder, settled_stays
from md.trajectory import TrajectoryWriter, open_trajectory
from structures import build_prototype
from training_data.errors import InputError

CUBE = 6.0 * np.eye(3)
SHEARED = np.array([[6.0, 0, 0], [4.0, 4.5, 0], [-3.1, 2.2, 5.5]])
PLACES = np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]])
FRAMEWORK = np.array([[0.25, 0.25, 0.25], [0.75, 0.2, 0.7], [0.3, 0.8, 0.6]])


def hopping_series(rates, *, start, n_frames, dt, rng):
    """(n_frames, n_ions) sites of independent ions of a continuous-time Markov chain.

    ``rates`` is (n_sites, n_sites) per ps.
    """
    total = rates.sum(axis=1)
    series = np.empty((n_frames, len(start)), dtype=int)
    for ion, first in enumerate(start):
        site, time, frame = int(first), 0.0, 0
        while frame < n_frames:
            time += rng.exponential(1 / total[site])
            until = min(n_frames, int(np.ceil(time / dt)))
            series[frame:until, ion] = site
            frame = max(frame, until)
            site = int(rng.choice(len(total), p=rates[site] / total[site]))
    return series


def moving_crystal(series, places, framework, cell, *, rng, sigma_A=0.15, drift_A=0.0,
                   strain=0.0, wrap=False):  # fmt: skip
    """Positions (m, n, 3) and cells (m, 3, 3) of framework atoms, then ions.

    Ions vibrate about their sites; all drift along a diagonal by ``drift_A`` in all,
    and the cell breathes by ``strain``.
    """
    m = len(series)
    steps = places[series]
    jump = np.diff(steps, axis=0, prepend=steps[:1])
    jump -= np.rint(jump)
    ions = steps[0] + np.cumsum(jump, axis=0)
    fixed = np.broadcast_to(framework, (m, *framework.shape))
    fractional = np.concatenate([fixed, ions], axis=1)
    noise = rng.normal(0, sigma_A, fractional.shape) @ np.linalg.inv(cell)
    noise[:, : len(framework)] *= 0.3
    shift = np.linspace(0, drift_A, m)[:, None] * np.ones(3) / 3**0.5
    fractional = fractional + noise + (shift @ np.linalg.inv(cell))[:, None]
    if wrap:
        fractional %= 1.0
    waves = strain * np.sin(np.linspace(0, 20, m))
    cells = cell * (1 + waves)[:, None, None]
    return fractional @ cells, cells


def _trajectory(path, series, cell, **options):
    rng = np.random.default_rng(2)
    positions, cells = moving_crystal(series, PLACES, FRAMEWORK, cell, rng=rng,
                                      **options)  # fmt: skip
    symbols = f"Cl3Li{series.shape[1]}"
    frames = [
        Atoms(symbols, frame, cell=box, pbc=True)
        for frame, box in zip(positions, cells, strict=True)
    ]
    if options.get("wrap"):  # what other programs write
        write(path.with_suffix(".traj"), frames)
        return open_trajectory(path.with_suffix(".traj"), frame_time_ps=0.1)
    with TrajectoryWriter(path, frames[0]) as writer:
        for step, atoms in enumerate(frames):
            writer.append(atoms, step=step, time_ps=0.1 * step)
    return open_trajectory(path)


def _sites(cell, labels=("A", "B")):
    return Sites(fractional=PLACES, cell_A=cell, labels=labels, source="test")


@pytest.mark.parametrize("cell", [CUBE, SHEARED], ids=["cubic", "triclinic"])
@pytest.mark.parametrize(
    "motion",
    [{}, {"drift_A": 9.0, "strain": 0.02}, {"drift_A": 9.0, "wrap": True}],
    ids=["still", "drift and strain", "drift, wrapped"],
)
def test_rates_of_two_states_lie_in_their_intervals(tmp_path, cell, motion):
    rng = np.random.default_rng(11)
    true = {"A": 0.05, "B": 0.1}
    rates = np.array([[0, true["A"]], [true["B"], 0]])
    series = hopping_series(rates, start=np.arange(12) % 2, n_frames=3000, dt=0.1,
                            rng=rng)  # fmt: skip
    trajectory = _trajectory(tmp_path / "a.h5", series, cell, **motion)
    with trajectory:
        found = site_occupation(trajectory, sites=_sites(cell), hold_ps=0.1)
    result = hops(found)
    exact = int((np.diff(series, axis=0) != 0).sum())
    assert result.n_hops == pytest.approx(exact, rel=0.02)
    for rate in result.rates:
        if rate.origin != rate.target:
            low, high = rate.rate_interval_per_ps
            assert low < true[rate.origin] < high
            assert rate.mean_distance_A == pytest.approx(
                np.linalg.norm(PLACES[1] @ cell), rel=0.5
            )
    for stay in result.residences:
        low, high = stay.mean_interval_ps
        assert low < 1 / true[stay.kind] < high
    np.testing.assert_allclose(result.transition_matrix, [[0, 1], [1, 0]])
    share = series.mean()
    assert found.kind_occupation["B"].mean() == pytest.approx(12 * share, rel=0.05)
    assert result.return_fraction == 1.0
    assert result.dispersion_p is not None
    assert result.dispersion_p > 1e-3
    assert found.framework_rms_A < 0.2


def test_nearest_site_is_that_of_an_exhaustive_search():
    rng = np.random.default_rng(1)
    for cell in (CUBE, SHEARED, np.array([[10.0, 0, 0], [40, 9, 0], [0, 3, 50]])):
        sites, points = rng.random((7, 3)), rng.random((60, 3)) * 3 - 1
        found, distances = NearestSite(fractional=sites, cell_A=cell).of(points)
        images = np.stack(np.meshgrid(*[range(-6, 7)] * 3, indexing="ij"), -1)
        apart = (
            (points % 1)[:, None, None] - sites[None, :, None] - images.reshape(-1, 3)
        )
        every = np.linalg.norm(apart @ cell, axis=-1).min(axis=-1)
        np.testing.assert_array_equal(found, every.argmin(axis=1))
        np.testing.assert_allclose(distances, every.min(axis=1), rtol=1e-9)
        series = points.reshape(3, 20, 3)
        followed, near = NearestSite(fractional=sites, cell_A=cell).follow(series, None)
        np.testing.assert_array_equal(followed.ravel(), found)
        np.testing.assert_allclose(near.ravel(), distances, rtol=1e-9)


def test_short_visits_are_taken_out_and_long_ones_kept():
    series = np.zeros((40, 1), dtype=int)
    series[5:7] = 1  # visit
    series[20:30] = 1  # stay
    series[24] = 0  # interrupted by a visit
    recorder = RunRecorder()
    for begin in range(0, 40, 7):
        recorder.add(series[begin : begin + 7])
    runs, n = recorder.runs()
    stays = settled_stays(runs, n, hold_frames=3)
    assert stays.hops.tolist() == [[0, 20, 0, 1], [0, 30, 1, 0]]
    assert stays.ends.tolist() == [20, 30, 40]
    assert stays.first.tolist() == [True, False, False]
    assert len(settled_stays(runs, n, hold_frames=1).hops) == 6
    assert len(settled_stays(runs, n, hold_frames=100).sites) == 0


def test_poisson_intervals_of_rates_cover_the_truth():
    """200 sets of 6 ions: 95 % within three standard errors."""
    rng = np.random.default_rng(4)
    rates = np.array([[0, 0.03, 0.02], [0.04, 0, 0.02], [0.05, 0.05, 0]])
    covered = total = 0
    for _ in range(200):
        series = hopping_series(rates, start=np.zeros(6, int), n_frames=1500, dt=0.2,
                                rng=rng)  # fmt: skip
        recorder = RunRecorder()
        recorder.add(series)
        stays = settled_stays(*recorder.runs(), hold_frames=1)
        moves = stays.hops
        time = np.bincount(stays.sites, weights=(stays.ends - stays.starts) * 0.2,
                           minlength=3)  # fmt: skip
        for i, j in zip(*np.nonzero(rates), strict=True):
            n = int(((moves[:, 2] == i) & (moves[:, 3] == j)).sum())
            low, high = poisson_interval(n, time[i])
            covered += low <= rates[i, j] <= high
            total += 1
    assert 0.93 <= covered / total <= 0.98


def test_sites_of_the_density_are_where_the_ions_are(tmp_path):
    rng = np.random.default_rng(1)
    rates = np.array([[0, 0.2], [0.2, 0]])
    series = hopping_series(rates, start=[0, 1, 0, 1], n_frames=600, dt=0.1, rng=rng)
    trajectory = _trajectory(tmp_path / "a.h5", series, SHEARED, drift_A=4.0)
    density = ion_density(trajectory, temperature_K=500, spacing_A=0.3)
    sites = sites_from_density(density)
    assert len(sites.labels) == 2
    apart = sites.fractional[:, None] - PLACES
    apart -= np.rint(apart)
    assert np.linalg.norm(apart @ SHEARED, axis=2).min(axis=1).max() < 0.3
    found = site_occupation(trajectory, sites=sites, hold_ps=0.1)
    assert found.n_hops == pytest.approx((np.diff(series, axis=0) != 0).sum(), rel=0.05)


def test_ions_far_from_all_sites_are_outside(make_trajectory):
    frames = np.zeros((20, 4, 3))
    frames[:, :3] = FRAMEWORK @ CUBE
    frames[:, 3] = [0.1, 0.1, 0.1]
    frames[10:, 3] = [0.1, 0.1, 2.4]
    trajectory = make_trajectory("Cl3Li", frames, cell=6.0)
    result = site_occupation(trajectory, sites=_sites(CUBE), hold_ps=0.2,
                             max_distance_A=1.0)  # fmt: skip
    assert result.share_outside == pytest.approx(0.5)
    assert hops(result).kinds == ("A", "B", "outside")
    assert hops(result).counts.tolist() == [[0, 0, 1], [0, 0, 0], [0, 0, 0]]
    assert result.occupation.tolist() == [0.5, 0.0]


def _layered(path, origin_target, *, n_frames=40):
    """Li2ZrCl6 with ions that jump once each, half way through."""
    crystal = build_prototype("Li2ZrCl6").repeat((2, 2, 1))
    host = crystal[crystal.numbers != 3]
    sites = sites_from_layers(host)
    places = sites.fractional @ sites.cell_A
    frames = []
    for index in range(n_frames):
        ions = [places[pair[index >= n_frames // 2]] for pair in origin_target(sites)]
        frames.append(np.concatenate([host.positions, ions]))
    atoms = Atoms(list(host.symbols) + ["Li"] * len(ions), frames[0],
                  cell=host.cell, pbc=True)  # fmt: skip
    with TrajectoryWriter(path, atoms) as writer:
        for step, frame in enumerate(frames):
            atoms.positions = frame
            writer.append(atoms, step=step, time_ps=0.1 * step)
    return open_trajectory(path), sites


def test_channels_are_told_by_sheets(tmp_path):
    def pairs(sites):
        a, b = (np.flatnonzero(np.array(sites.labels) == k) for k in ("Li_A", "Li_B"))
        return [(a[0], b[0]), (b[1], a[1]), (b[2], b[3]), (a[2], a[3])]

    trajectory, sites = _layered(tmp_path / "a.h5", pairs)
    occupation = site_occupation(trajectory, sites=sites, hold_ps=0.3)
    found = channels(occupation, temperature_K=400.0)
    assert {c.name: c.n_hops for c in found.channels} == {
        "I": 2, "II": 1, "III": 1, "other": 0,
    }  # fmt: skip
    assert (found.n_a_to_b, found.n_b_to_a) == (1, 1)
    time = {c.name: c.time_ps for c in found.channels}
    assert time["I"] == pytest.approx(16.0)
    assert time["II"] == time["III"] == pytest.approx(8.0)
    found.plot()
    occupation.plot()
    with pytest.raises(InputError, match="layered halide"):
        channels(
            site_occupation(trajectory, sites=_sites(sites.cell_A), hold_ps=0.3),
            temperature_K=400,
        )
    with pytest.raises(InputError, match="two temperatures"):
        channel_barriers([found])


def test_barrier_of_counts_covers_the_truth():
    """300 sets of few hops at four temperatures, 0.3 eV."""
    rng = np.random.default_rng(8)
    temperatures = np.array([350.0, 400, 450, 500])
    times = np.full(4, 2000.0)
    means = times * 40 * np.exp(-0.3 / (8.617333262e-5 * temperatures))
    covered = known = 0
    for counts in rng.poisson(means, (300, 4)):
        fit = arrhenius_of_counts(counts, times, temperatures)
        low, high = fit["barrier_interval_eV"]
        covered += (low is None or low <= 0.3) and (high is None or high >= 0.3)
        known += fit["barrier_eV"] is not None
    assert known > 290
    assert 0.92 <= covered / 300 <= 0.98


def test_barrier_is_refused_where_counts_do_not_hold_one():
    temperatures, times = np.array([300.0, 400.0]), np.array([100.0, 100.0])
    none = arrhenius_of_counts(np.array([0, 0]), times, temperatures)
    assert (none["barrier_eV"], none["reason"]) == (None, "no hop")
    hot = arrhenius_of_counts(np.array([0, 9]), times, temperatures)
    assert hot["barrier_eV"] is None
    assert hot["barrier_interval_eV"][0] > 0
    assert hot["barrier_interval_eV"][1] is None
    cold = arrhenius_of_counts(np.array([9, 0]), times, temperatures)
    assert cold["barrier_interval_eV"][0] is None
    assert cold["barrier_interval_eV"][1] < 0


def test_hops_in_pairs_are_seen_and_independent_ones_are_not(tmp_path):
    rng = np.random.default_rng(3)
    rates = np.array([[0, 0.05], [0.05, 0]])
    lone = hopping_series(rates, start=np.zeros(8, int), n_frames=1500, dt=0.1, rng=rng)
    pairs = np.repeat(lone[:, :4], 2, axis=1)
    pairs[3:, 1::2] = pairs[:-3, 1::2]  # the second of each follows after 0.3 ps
    results = []
    for name, series in (("lone", lone), ("pairs", pairs)):
        trajectory = _trajectory(tmp_path / f"{name}.h5", series, CUBE)
        found = site_occupation(trajectory, sites=_sites(CUBE), hold_ps=0.1)
        results.append(correlated_hops(found, window_ps=0.5, distance_A=6.0))
    independent, together = results
    assert independent.p_value > 0.02
    assert together.p_value < 0.01
    assert together.accompanied_fraction > 0.95 > together.expected_interval[1]


def test_bad_requests_are_told(make_trajectory):
    frames = np.random.default_rng(0).random((5, 3, 3)) * 6
    trajectory = make_trajectory("Cl2Li", frames, cell=6.0)
    with pytest.raises(InputError, match="hold_ps must be"):
        site_occupation(trajectory, sites=_sites(CUBE), hold_ps=-1)
    with pytest.raises(InputError, match="max_distance_A must be"):
        site_occupation(trajectory, sites=_sites(CUBE), max_distance_A=0)
    with pytest.raises(InputError, match="frame must be 'whole'"):
        site_occupation(trajectory, sites=_sites(CUBE), frame="layers")
    with pytest.raises(InputError, match="sites must be"):
        Sites(fractional=PLACES * 0.01, cell_A=CUBE, labels=("A", "B"), source="")
    with pytest.raises(InputError, match="labels must be"):
        Sites(fractional=PLACES, cell_A=CUBE, labels=("A",), source="")
