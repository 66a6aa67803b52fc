"""``lithophile analyze arrhenius`` and the choices of ``analyze msd``."""

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.units import kB

from md.trajectory import TrajectoryWriter, example_trajectory

ENERGY_EV, PREFACTOR = 0.2, 5e-3


def write_walk(path: Path, temperature_K: float, rng: np.random.Generator) -> Path:
    """Walk of 24 Li at a temperature, with the diffusivity of a known line."""
    diffusivity = PREFACTOR * np.exp(-ENERGY_EV / (kB * temperature_K))
    step_A = np.sqrt(2 * diffusivity * 1e4 * 0.1)
    start = np.stack(np.unravel_index(np.arange(24), (3, 3, 3)), axis=1) * 4.0
    positions = start + np.cumsum(rng.normal(0, step_A, (1600, 24, 3)), axis=0)
    atoms = Atoms("Li24", positions[0], cell=[12.0] * 3, pbc=True)
    with TrajectoryWriter(path, atoms, observables=("temperature_K",)) as writer:
        for i, frame in enumerate(positions):
            atoms.positions = frame
            writer.append(
                atoms,
                step=i,
                time_ps=0.1 * i,
                temperature_K=temperature_K + rng.normal(0, 10),
            )
    return path


@pytest.fixture(scope="module")
def walks(tmp_path_factory) -> list[str]:
    folder = tmp_path_factory.mktemp("walks")
    rng = np.random.default_rng(7)
    return [str(write_walk(folder / f"{t}.h5", t, rng)) for t in (500, 600, 700, 800)]


def test_line_through_four_runs(walks, tmp_path, lithophile) -> None:
    words = ("analyze", "arrhenius", *walks, "--at-K", "300", "--out", "ea", "--json")
    found = lithophile(*words).json
    low, high = found["interval_eV"]
    assert low < ENERGY_EV < high
    assert high - low < 0.1
    assert found["at_K"] == 300
    low, high = found["conductivity_interval_mS_per_cm"]
    assert low < found["conductivity_mS_per_cm"] < high
    assert found["points"][0]["temperature_K"] == pytest.approx(500, abs=2)
    assert found["points"][0]["temperature_error_K"] < 2
    assert found["runs"][0]["carriers_per_A3"] == pytest.approx(24 / 12**3)
    assert (tmp_path / found["figure"]).is_file()


def test_temperatures_by_hand_and_too_few_of_them(walks, lithophile) -> None:
    words = ["analyze", "arrhenius", *walks]
    answer = lithophile(*words, "--temperatures-K", "500 600", code=2)
    assert "temperatures_K" in answer.message
    found = lithophile(*words[:4], "--out", "few", "--json").json
    assert found["activation_energy_eV"] is None
    assert "three" in found["reason"]


def test_msd_of_layers_in_the_plane(tmp_path, lithophile) -> None:
    found = lithophile(
        "analyze",
        "msd",
        str(example_trajectory("li-li2zrcl6-400K")),
        *("--reference", "framework", "--direction", "lateral"),
        *("--layers-A", "-20 0 20", "--out", "msd", "--json"),
    ).json
    assert (found["reference"], found["direction"]) == ("framework", "lateral")
    assert found["n_reference_atoms"] == 84
    assert [layer["lower_A"] for layer in found["layers"]] == [-20, 0]
    total = sum(layer["mean_atoms"] for layer in found["layers"])
    assert total == pytest.approx(found["n_atoms"], rel=0.01)
    assert (tmp_path / found["layers_figure"]).is_file()
