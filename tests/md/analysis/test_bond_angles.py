"""Bond angles and coordination of crystals and of an ideal gas."""

import numpy as np
import pytest
from ase.build import bulk

from md.analysis.bond_angles import bond_angles
from training_data.errors import InputError

SKEWED = np.array([[12.0, 0, 0], [7.0, 10.0, 0], [-5.0, 4.0, 11.0]])


@pytest.mark.parametrize("skewed", [False, True])
def test_octahedron(make_trajectory, skewed) -> None:
    """Of 15 angles in an octahedron 12 are right and 3 straight, in any cell."""
    atoms = bulk("LiCl", "rocksalt", a=5.13, cubic=not skewed)
    if skewed:  # the primitive cell, sheared by lattice vectors
        atoms.set_cell(np.array([[1, 0, 0], [2, 1, 0], [1, -1, 1]]) @ atoms.cell.array)
    trajectory = make_trajectory(
        str(atoms.symbols), np.tile(atoms.positions, (10, 1, 1)), cell=atoms.cell.array
    )
    result = bond_angles(trajectory, centre="Li", ligand="Cl", bin_width_deg=4.0)
    shares = result.density_per_deg * 4.0
    at = dict(zip(result.angles_deg.tolist(), shares.tolist(), strict=True))
    near_90 = sum(share for angle, share in at.items() if abs(angle - 90) < 4)
    assert near_90 == pytest.approx(12 / 15, rel=1e-12)
    assert shares[-1] == pytest.approx(3 / 15, rel=1e-12)
    assert result.mean_deg == pytest.approx((12 * 90 + 3 * 180) / 15, rel=1e-9)
    assert result.coordination == 6
    assert result.coordination_shares[6] == 1
    assert result.cutoff_source == "first minimum of g(r)"
    assert result.plot().get_xlabel() == "Angle Cl–Li–Cl (°)"


def test_fcc_has_its_four_angles(make_trajectory) -> None:
    """66 angles between 12 neighbours: 24 of 60°, 12 of 90°, 24 of 120°, 6 of 180°."""
    atoms = bulk("Cu", a=3.6, cubic=True)
    trajectory = make_trajectory("Cu4", atoms.positions[None], cell=atoms.cell.array)
    result = bond_angles(
        trajectory, centre="Cu", ligand="Cu", cutoff_A=3.0, bin_width_deg=6.0
    )
    assert result.n_angles == 4 * 66
    mean = (24 * 60 + 12 * 90 + 24 * 120 + 6 * 180) / 66
    assert result.mean_deg == pytest.approx(mean, rel=1e-9)
    assert np.isnan(result.mean_standard_error_deg)
    assert result.to_json()["mean_standard_error_deg"] is None


def test_ideal_gas_follows_the_sine(make_trajectory) -> None:
    """Angles of a gas are sin θ / 2; deviations are within their standard errors."""
    rng = np.random.default_rng(5)
    positions = rng.uniform(0, 1, (80, 100, 3)) @ SKEWED
    trajectory = make_trajectory("Li30Cl70", positions, cell=SKEWED)
    result = bond_angles(
        trajectory, centre="Li", ligand="Cl", cutoff_A=4.0, bin_width_deg=10.0,
        n_blocks=10,
    )  # fmt: skip
    edges = np.radians(np.arange(0, 181, 10))
    expected = -np.diff(np.cos(edges)) / 2 / 10
    pull = (result.density_per_deg - expected) / result.density_standard_error_per_deg
    assert np.abs(pull).max() < 5
    assert 0.5 < np.sqrt(np.mean(pull**2)) < 1.7
    density = 70 / abs(np.linalg.det(SKEWED))
    ideal = density * 4 / 3 * np.pi * 4.0**3
    error = result.coordination_standard_error
    assert abs(result.coordination - ideal) < 4 * error
    assert 0 < error < 0.05 * ideal


def test_bad_numbers_are_refused(make_trajectory) -> None:
    rng = np.random.default_rng(0)
    trajectory = make_trajectory("Li2Cl2", rng.uniform(0, 9, (2, 4, 3)), cell=30.0)
    for options, word in (
        ({"bin_width_deg": 7.0}, "divide 180"),
        ({"cutoff_A": -1.0}, "positive"),
        ({}, "cutoff_A must be given"),
    ):
        with pytest.raises(InputError, match=word):
            bond_angles(trajectory, centre="Li", ligand="Cl", **options)
