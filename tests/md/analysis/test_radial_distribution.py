"""Radial distributions of ideal gases and of crystals."""

import numpy as np
import pytest
from ase.build import bulk

from md.analysis.radial_distribution import radial_distribution
from training_data.errors import InputError

SKEWED = np.array([[12.0, 0, 0], [7.0, 10.0, 0], [-5.0, 4.0, 11.0]])


@pytest.mark.parametrize("species", [("Li", "Cl"), ("Cl", "Cl")])
def test_ideal_gas_is_one_everywhere(make_trajectory, species: tuple[str, str]) -> None:
    """Beyond half the cell as well; deviations are those of counting."""
    rng = np.random.default_rng(1)
    positions = rng.uniform(0, 1, (60, 120, 3)) @ SKEWED
    trajectory = make_trajectory("Li40Cl80", positions, cell=SKEWED)
    result = radial_distribution(
        trajectory, species=species, r_max_A=9.0, bin_width_A=0.5
    )
    n_second = 80
    density = n_second / abs(np.linalg.det(SKEWED))
    shells = 4 / 3 * np.pi * np.diff((0.5 * np.arange(19)) ** 3)
    # Pairs that are counted once: every pair of one species appears twice.
    counted = 60 * 40 * density * shells
    inner = result.distances_A < 7.0
    deviation = (result.g - 1)[inner] * np.sqrt(counted[inner])
    assert np.abs(deviation).max() < 4.0
    assert np.sqrt(np.mean(deviation**2)) == pytest.approx(1.0, rel=0.6)
    assert (result.g_standard_error[2:] > 0).all()
    assert result.first_minimum.distance_A is None
    assert result.first_minimum.reason


def test_crystal_has_its_shells(make_trajectory) -> None:
    atoms = bulk("LiCl", "rocksalt", a=5.13, cubic=True)
    trajectory = make_trajectory(
        str(atoms.symbols), atoms.positions[None], cell=atoms.cell.array
    )
    result = radial_distribution(trajectory, species=("Li", "Cl"), r_max_A=5.0)
    volume = 5.13**3
    shell = 4 * np.pi * result.distances_A**2 * 0.02 * (4 / volume)
    coordination = np.cumsum(result.g * shell)
    at = np.searchsorted(result.distances_A, [2.5, 3.5, 4.6])
    np.testing.assert_allclose(coordination[at], [0, 6, 14], rtol=1e-3, atol=1e-12)
    assert result.n_pairs == 4 * 14
    assert result.to_json()["g_standard_error"][0] is None
    assert result.plot().get_xlabel() == "Distance r (Å)"


def test_bad_range_is_refused(make_trajectory) -> None:
    trajectory = make_trajectory("LiCl", np.zeros((2, 2, 3)))
    with pytest.raises(InputError, match="bin_width_A"):
        radial_distribution(trajectory, species=("Li", "Cl"), r_max_A=0.0)
