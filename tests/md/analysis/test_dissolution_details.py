"""Reduction, clusters, sites and profiles of made-up and of shipped runs."""

import json

import numpy as np
import pytest
from ase import Atoms

from md.analysis.composition_profile import composition_profile
from md.analysis.dissolved_clusters import dissolved_clusters
from md.analysis.octahedral_sites import octahedral_sites
from md.analysis.oxidation_proxy import oxidation_proxy
from md.analysis.site_filling import site_filling
from md.trajectory import example_trajectory, open_trajectory
from training_data.errors import InputError

SALT_A = 5.13


def test_sites_of_the_halide_are_counted_by_layer() -> None:
    """Three Zr of nine octahedra in a layer: six sites A; nine B in every gap."""
    with open_trajectory(example_trajectory("li-li2zrcl6-400K")) as trajectory:
        sites = octahedral_sites(trajectory.atoms(0))
        turned = trajectory.atoms(0)
    found = {
        (kind, depth): int(
            sum(
                k == kind and d == depth
                for k, d in zip(sites.kinds, sites.depths, strict=True)
            )
        )
        for kind, depth in set(zip(sites.kinds, sites.depths.tolist(), strict=True))
    }
    assert found == {
        **{("A", float(k)): 6 for k in range(4)},
        **{("B", k + 0.5): 9 for k in range(3)},
    }
    skewed = turned.copy()
    skewed.set_cell(turned.cell.array[[0, 1, 2]] + [[0] * 3, turned.cell[0], [0] * 3])
    skewed.positions += turned.cell[2] * 0.4
    skewed.wrap()
    other = octahedral_sites(skewed)
    assert sorted(other.kinds) == sorted(sites.kinds)


def test_lithium_fills_the_gaps_at_the_interface_first() -> None:
    """Li of the metal pushes Li of the outer layers into B; the control does not."""
    with open_trajectory(example_trajectory("li-li2zrcl6-400K")) as trajectory:
        found = site_filling(trajectory, most_frames=60)
    assert (found.n_sites_A, found.n_sites_B) == (24, 27)
    assert (found.occupation_A[0], found.occupation_B[0]) == (1.0, 0.0)
    assert found.occupation_B.max() > 0.03
    assert found.from_metal_A is not None
    assert found.from_metal_A[-1] >= 3
    outer = [g.first_filled_ps for g in found.groups if g.depth in (0.5, 2.5)]
    assert min(t for t in outer if t is not None) < 5.0
    with open_trajectory(example_trajectory("li2zrcl6-300K")) as trajectory:
        control = site_filling(trajectory, most_frames=60)
    assert control.occupation_B.max() == 0.0
    assert (control.occupation_A == 1.0).all()
    json.dumps(found.to_json(), allow_nan=False)
    assert found.plot().get_ylabel() == "Occupied sites (%)"


def test_hops_between_sites_are_seen_where_they_are_made(make_trajectory) -> None:
    """One Li is moved by hand from its A site into a B site, in a drifting slab."""
    with open_trajectory(example_trajectory("li2zrcl6-300K")) as trajectory:
        atoms = trajectory.atoms(0)
    sites = octahedral_sites(atoms)
    centres, whole = sites.centres(atoms.positions, atoms.cell.array)
    assert whole.all()
    target = centres[[k == "B" for k in sites.kinds]][0]
    mover = int(np.flatnonzero(atoms.symbols == "Li")[0])
    frames = np.repeat(atoms.positions[None], 20, axis=0)
    frames[12:, mover] = target
    frames += np.arange(20)[:, None, None] * [0.3, -0.2, 0.5]
    order = np.argsort(atoms.numbers, kind="stable")
    symbols = "".join(np.asarray(atoms.get_chemical_symbols())[order])
    found = site_filling(
        make_trajectory(symbols, frames[:, order], cell=atoms.cell.array)
    )
    assert found.first_filled_B_ps == pytest.approx(1.2)
    np.testing.assert_allclose(found.occupation_A[[11, 12]], [1, 23 / 24])
    np.testing.assert_allclose(found.occupation_B[[11, 12]], [0, 1 / 27])
    assert found.from_metal_A is None


def test_salt_without_octahedra_has_no_sites() -> None:
    lone = Atoms("ZrCl", positions=[[0, 0, 0], [0, 0, 2.4]], cell=[20] * 3, pbc=True)
    with pytest.raises(InputError, match="octahedra"):
        octahedral_sites(lone)


def test_coordination_tells_full_reduced_and_bare(make_trajectory) -> None:
    """Four Zr with six Cl; one loses two of them, one all."""
    corners = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1.0]])
    corners = np.concatenate([corners, [[0, 0, -1.0]]])
    at = np.array([[6.0, 6, 6], [18, 6, 6], [6, 18, 6], [18, 18, 6]])
    lengths = np.full((100, 4, 6), 2.45)
    lengths[50:, 0, :2] = 4.5
    lengths[50:, 1] = 4.5
    chlorine = at[None, :, None] + lengths[..., None] * corners
    frames = np.concatenate(
        [np.repeat(at[None], 100, axis=0), chlorine.reshape(100, 24, 3)], axis=1
    )
    found = oxidation_proxy(make_trajectory("Zr4Cl24", frames, cell=24.0))
    assert found.counts[0].tolist() == [0, 0, 0, 0, 0, 0, 4]
    assert found.counts[-1].tolist() == [1, 0, 0, 0, 1, 0, 2]
    assert found.final_share_reduced == pytest.approx(0.5)
    assert found.bond_valence is not None
    one = np.exp((2.33 - 2.45) / 0.37)
    assert found.bond_valence[0] == pytest.approx(6 * one, rel=1e-9)
    assert found.bond_valence[-1] == pytest.approx(16 * one / 4, rel=1e-9)
    json.dumps(found.to_json(), allow_nan=False)
    assert found.plot().get_ylabel() == "Zr atoms (%)"
    with pytest.raises(InputError, match="average_ps"):
        oxidation_proxy(make_trajectory("Zr4Cl24", frames), average_ps=0.0)


def test_clusters_reach_through_the_boundary(make_trajectory) -> None:
    """Five Zr leave their Cl: three in a row across the boundary, two alone."""
    home = np.array([[10.0 * k + 5, 5, 5] for k in range(6)])
    away = np.array(
        [[1.0, 25, 25], [58.5, 25, 25], [4.0, 25, 25], [20, 25, 25], [30, 25, 10]]
    )
    frames = np.repeat(
        np.concatenate([home, home + np.array([2.4, 0, 0])])[None], 40, axis=0
    )
    for k in range(5):
        frames[10 + 2 * k :, k] = away[k]
    cell = np.array([[60.0, 0, 0], [25.0, 30, 0], [10.0, 8, 30]])
    found = dissolved_clusters(make_trajectory("Zr6Cl6", frames, cell=cell))
    assert found.final_sizes == (3, 1, 1)
    assert found.final_members[0] == (0, 1, 2)
    assert found.n_dissolved[[9, 10, 12, 14, 18]].tolist() == [0, 1, 2, 3, 5]
    assert found.n_clusters[[12, 14, 18]].tolist() == [1, 1, 3]
    assert found.mean_size[-1] == pytest.approx((9 + 1 + 1) / 5)
    assert found.plot().get_ylabel() == "Number"


def test_profile_moves_with_the_interface(make_trajectory, made_up_salt) -> None:
    """Sharp planes stay sharp though the stack drifts by 12 Å and is skewed."""
    made = made_up_salt({}, 40, drift_A=0.3, skewed=True)
    trajectory = make_trajectory(made.symbols, made.positions, cell=made.cell)
    found = composition_profile(trajectory, n_windows=2, bin_width_A=0.45)
    lithium = found.densities_per_A3[-1, found.species.index("Li")]
    chlorine = found.densities_per_A3[-1, found.species.index("Cl")]
    inside = (found.distances_A > -14) & (found.distances_A < 0)
    # Planes every 2.565 Å with 18 Cl each: 2.565 / 0.45 bins hold one plane.
    expected = 18 / made.area_A2 / 0.45
    assert np.nanmax(chlorine[inside]) == pytest.approx(expected, rel=1e-6)
    assert np.nanmean(chlorine[inside]) == pytest.approx(4 / SALT_A**3, rel=0.15)
    assert np.nansum(chlorine[found.distances_A > 1]) == 0.0
    metal = (found.distances_A > 2) & (found.distances_A < 10)
    assert np.nanmean(lithium[metal]) == pytest.approx(
        2 / (SALT_A * 0.75) ** 3, rel=0.2
    )
    np.testing.assert_allclose(
        found.densities_per_A3[0], found.densities_per_A3[1], rtol=1e-6, atol=1e-9
    )
    json.dumps(found.to_json(), allow_nan=False)
    assert "Number density" in found.plot().get_ylabel()
