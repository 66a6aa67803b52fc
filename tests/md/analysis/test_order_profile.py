"""Order by height and time: a crystal beside a gas, drifting, in a skewed cell."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from md.analysis.order_profile import order_profile
from training_data.errors import InputError
from training_data.order_parameters import steinhardt_order


def _half_crystal(n_frames: int, *, drift: float, shear: bool):
    """Copper crystal between 0 and 14 Å with scattered argon above it.

    Returns symbols, positions and cell. The crystal melts half way in time.
    """
    rng = np.random.default_rng(2)
    crystal = bulk("Cu", a=3.6, cubic=True) * (2, 2, 4)
    cell = crystal.cell.array.copy()
    cell[2, 2] = 30.0
    if shear:
        cell[2, :2] = cell[0, :2] + cell[1, :2]
    gas = rng.uniform(0, 1, (8, 3)) * [7.2, 7.2, 10.0] + [0, 0, 17.0]
    frames = []
    for k in range(n_frames):
        copper = crystal.positions.copy()
        if k >= n_frames // 2:
            copper += rng.normal(0, 0.45, copper.shape)
        positions = np.vstack([copper, gas])
        positions[:, 2] += drift * k
        frames.append(positions)
    return f"Cu{len(crystal)}Ar8", np.array(frames), cell


def test_order_falls_when_the_crystal_melts(make_trajectory) -> None:
    symbols, frames, cell = _half_crystal(20, drift=0.0, shear=False)
    trajectory = make_trajectory(symbols, frames, cell=cell)
    result = order_profile(trajectory, species="Cu", n_times=4)
    solid, molten = result.order_in_time[[0, -1]]

    def known(frame):
        atoms = Atoms(symbols, frame, cell=cell, pbc=True)
        return steinhardt_order(atoms)[:-8]

    assert solid == pytest.approx(known(frames[0]).mean(), rel=1e-6)
    assert molten == pytest.approx(
        np.mean([known(frame).mean() for frame in frames[-5:]]), rel=1e-6
    )
    assert molten < 0.95 * solid
    assert result.order_in_time_spread[-1] == pytest.approx(
        np.mean([known(frame).std() for frame in frames[-5:]]), rel=1e-6
    )
    assert result.order.shape == (4, len(result.heights_A))
    assert result.plot().get_xlabel() == "Time (ps)"


@pytest.mark.parametrize("shear", [False, True])
def test_drift_does_not_smear_the_profile(make_trajectory, shear) -> None:
    """A slab that crosses the boundary has the profile of one at rest."""
    profiles = []
    for drift in (0.0, 3.1):
        symbols, frames, cell = _half_crystal(10, drift=drift, shear=shear)
        trajectory = make_trajectory(symbols, frames[:5], cell=cell)
        profiles.append(
            order_profile(
                trajectory, species="Cu", ligand="Cu", cutoff_A=3.0, bin_width_A=1.8
            )
        )
    still, drifting = profiles
    np.testing.assert_allclose(
        drifting.n_atoms_per_frame, still.n_atoms_per_frame, rtol=1e-9, atol=1e-9
    )
    np.testing.assert_allclose(
        drifting.coordination_profile, still.coordination_profile, rtol=1e-9
    )
    # 8 of 12 neighbours at the two surfaces, 12 inside.
    filled = still.coordination_profile[still.n_atoms_per_frame > 0]
    assert sorted(set(filled.round(6).tolist())) == [8.0, 12.0]
    error = still.coordination_profile_standard_error[still.n_atoms_per_frame > 0]
    np.testing.assert_allclose(error, 0, atol=1e-12)


def test_every_atom_is_in_one_bin(make_trajectory) -> None:
    symbols, frames, cell = _half_crystal(6, drift=0.4, shear=True)
    for pbc in (True, (True, True, False)):
        trajectory = make_trajectory(symbols, frames, cell=cell, pbc=pbc)
        for reference in ("others", "none"):
            result = order_profile(trajectory, species="Cu", reference=reference)
            assert result.n_atoms_per_frame.sum() == pytest.approx(64, rel=1e-12)


def test_bad_numbers_are_refused(make_trajectory) -> None:
    symbols, frames, cell = _half_crystal(2, drift=0.0, shear=False)
    trajectory = make_trajectory(symbols, frames, cell=cell)
    for options, word in (
        ({"axis": "z"}, "a, b or c"),
        ({"ligand": "Cu"}, "given together"),
        ({"bin_width_A": 0.0}, "positive"),
        ({"species": "Zr"}, "one of Ar, Cu"),
    ):
        with pytest.raises(InputError, match=word):
            order_profile(trajectory, **{"species": "Cu", **options})
