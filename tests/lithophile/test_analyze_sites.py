"""``analyze density``, ``sites`` and ``channels`` as a user runs them."""

import re

import numpy as np
import pytest
from ase import Atoms

from md.trajectory import TrajectoryWriter, example_trajectory


@pytest.fixture
def hopping(tmp_path):
    """Two ions that hop between two sites of a small cell, at 500 K."""
    rng = np.random.default_rng(1)
    frames = np.zeros((120, 5, 3))
    frames[:, :3] = [[1.5, 1.5, 1.5], [4.5, 1.2, 4.2], [1.8, 4.8, 3.6]]
    at = np.cumsum(rng.random((120, 2)) < 0.05, axis=0) % 2
    frames[:, 3:] = np.where(at[..., None] == np.array([0, 1])[:, None], 0.0, 3.0)
    frames += rng.normal(0, 0.15, frames.shape)
    atoms = Atoms("Cl3Li2", frames[0], cell=6 * np.eye(3), pbc=True)
    path = tmp_path / "run.h5"
    with TrajectoryWriter(path, atoms, observables=("temperature_K",)) as writer:
        for step, frame in enumerate(frames):
            atoms.positions = frame
            writer.append(atoms, step=step, time_ps=0.1 * step, temperature_K=500.0)
    return np.abs(np.diff(at, axis=0)).sum()


def test_density_and_sites_of_a_run(lithophile, hopping, tmp_path):
    found = lithophile(
        *("analyze", "density", "run.h5", "--spacing-A", "0.5"),
        *("--formats", "cube, xsf", "--out", "d", "--json"),
    ).json
    assert found["temperature_K"] == pytest.approx(500.0)
    assert [path["axis"] for path in found["paths"]] == ["a", "b", "c"]
    for name in ("cube", "xsf"):
        assert (tmp_path / found["files"][name]).stat().st_size > 1000
    for name in ("figure", "isosurface_figure"):
        assert (tmp_path / found[name]).stat().st_size > 1000
    found = lithophile(
        *("analyze", "sites", "run.h5", "--hold-ps", "0.1", "--out", "s", "--json")
    ).json
    assert len(found["sites"]) == 2
    assert found["n_hops"] == pytest.approx(hopping, abs=3)
    assert found["hops"]["rates"][0]["rate_per_ps"] > 0
    assert found["correlated"]["n_hops"] == found["n_hops"]


def test_channels_of_two_temperatures(lithophile):
    runs = [str(example_trajectory(f"li2zrcl6-{T}K")) for T in (300, 400)]
    found = lithophile(
        *("analyze", "channels", *runs, "--frame", "layers", "--start-ps", "1.5"),
        *("--hold-ps", "0.2", "--out", "c", "--json"),
    ).json
    assert [run["n_sites_a"] for run in found["runs"]] == [24, 24]
    names = [channel["name"] for channel in found["runs"][0]["channels"]]
    assert names == ["I", "II", "III", "other"]
    assert [barrier["name"] for barrier in found["barriers"]] == ["I", "II", "III"]
    for barrier in found["barriers"]:
        assert (barrier["barrier_eV"] is None) == bool(barrier["reason"])


@pytest.mark.usefixtures("hopping")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("density",), "trajectory must be given"),
        (("sites", "run.h5", "--sites", "holes"), "sites must be density"),
        (("channels", "run.h5"), "anions must be"),
        (("channels", "run.h5", "--temperature-K", "300 400"), "one for each"),
    ],
)
def test_wrong_requests_end_with_one_message(lithophile, arguments, said):
    answer = lithophile("analyze", *arguments, "--out", "new", code=2)
    assert re.search(said, answer.message)
