"""Densities of ions whose free energy is known."""

import numpy as np
import pytest
from ase import Atoms
from ase.io.cube import read_cube
from ase.io.xsf import read_xsf
from pymatgen.io.vasp.outputs import Chgcar

from md.analysis.density_files import write_density
from md.analysis.density_grid import smoothed
from md.analysis.ion_density import ion_density
from md.analysis.percolation_threshold import easiest_way, percolation_threshold
from md.trajectory import TrajectoryWriter, open_trajectory
from training_data.errors import InputError

KB = 8.617333262e-5
CELLS = {
    "cubic": 6.0 * np.eye(3),
    "triclinic": np.array([[6.0, 0, 0], [3.1, 5.4, 0], [-2.4, 2.2, 5.8]]),
}
BARRIERS_eV = np.array([0.06, 0.09, 0.12])


def _written(path, symbols, positions, cells):
    with TrajectoryWriter(path, Atoms(symbols, positions[0], cell=cells[0], pbc=True)
                          ) as writer:  # fmt: skip
        for step, (frame, cell) in enumerate(zip(positions, cells, strict=True)):
            atoms = Atoms(symbols, frame, cell=cell, pbc=True)
            writer.append(atoms, step=step, time_ps=0.1 * step)
    return open_trajectory(path)


def _boltzmann(n, temperature_K, rng):
    """(n, 3) fractions with F = Σ Eᵢ (1 − cos 2πxᵢ) / 2: barriers are the Eᵢ."""
    kept = []
    while len(kept) < n:
        x = rng.random((4 * n, 3))
        energy = (BARRIERS_eV * (1 - np.cos(2 * np.pi * x)) / 2).sum(axis=1)
        kept.extend(x[rng.random(len(x)) < np.exp(-energy / (KB * temperature_K))])
    return np.array(kept[:n])


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_known_barriers_come_back_with_drift_and_a_breathing_cell(tmp_path, cell):
    rng = np.random.default_rng(5)
    n_frames, n_ions = 400, 300
    ions = _boltzmann(n_frames * n_ions, 600.0, rng).reshape(n_frames, n_ions, 3)
    framework = rng.random((8, 3))
    fractional = np.concatenate(
        [np.broadcast_to(framework, (n_frames, 8, 3)), ions], axis=1
    )
    drift = np.linspace(0, 1.3, n_frames)[:, None, None]
    breath = 1 + 0.02 * np.sin(np.arange(n_frames))
    cells = cell * breath[:, None, None]
    trajectory = _written(
        tmp_path / "a.h5", f"Cl8Li{n_ions}", (fractional + drift) @ cells, cells
    )
    found = ion_density(trajectory, temperature_K=600.0, spacing_A=0.75)
    voxel = abs(np.linalg.det(found.cell_A)) / found.density_per_A3.size
    np.testing.assert_allclose(found.density_per_A3.sum() * voxel, n_ions, rtol=1e-9)
    for path, barrier in zip(found.paths, BARRIERS_eV, strict=True):
        assert path.barrier_eV == pytest.approx(barrier, abs=0.02), path.axis
        low, high = path.barrier_interval_eV
        assert low is not None
        assert high is not None
        assert low < path.barrier_eV < high
        assert path.n_visits_at_saddle > 10
        step = path.way_A[-1] - path.way_A[0]
        around = np.rint(step @ np.linalg.inv(found.cell_A))
        assert around["abc".index(path.axis)] != 0
    assert found.halves_overlap > 0.8
    assert found.framework_rms_A < 0.05


def test_without_the_framework_s_frame_the_density_would_smear(tmp_path):
    rng = np.random.default_rng(0)
    cell = CELLS["triclinic"]
    fractional = np.array([[0.1, 0.1, 0.1], [0.6, 0.5, 0.4], [0.3, 0.7, 0.2]])
    moved = fractional + np.linspace(0, 2, 50)[:, None, None]
    moved = moved + rng.normal(0, 1e-4, moved.shape)
    cells = np.broadcast_to(cell, (50, 3, 3))
    trajectory = _written(tmp_path / "a.h5", "Cl2Li", moved @ cell, cells)
    found = ion_density(trajectory, temperature_K=300.0, spacing_A=0.5)
    assert (found.density_per_A3 > 0).sum() <= 8
    assert found.framework_drift_A == pytest.approx(
        np.linalg.norm(2 * cell.sum(axis=0)), rel=1e-3
    )


def test_sliding_layers_are_followed_where_asked(tmp_path):
    cell = np.diag([6.0, 6.0, 20.0])
    start = np.array([[0.1, 0.1, 0.2], [0.6, 0.5, 0.2], [0.1, 0.1, 0.7],
                      [0.6, 0.5, 0.7], [0.3, 0.7, 0.21], [0.3, 0.7, 0.69]])  # fmt: skip
    frames = np.repeat(start[None], 60, axis=0)
    frames[:, [2, 3, 5], 0] += np.linspace(0, 1, 60)[:, None]
    path = tmp_path / "a.h5"
    atoms = Atoms("Cl4Li2", start @ cell, cell=cell, pbc=True)
    atoms.set_array("layer", np.array([0, 0, 1, 1, 0, 1]))
    with TrajectoryWriter(path, atoms) as writer:
        for step, frame in enumerate(frames):
            atoms.positions = frame @ cell
            writer.append(atoms, step=step, time_ps=0.1 * step)
    trajectory = open_trajectory(path)
    whole = ion_density(trajectory, temperature_K=300.0, spacing_A=0.5)
    layers = ion_density(trajectory, temperature_K=300.0, spacing_A=0.5, frame="layers")
    assert any("slide" in warning for warning in whole.warnings)
    assert (whole.density_per_A3 > 0).sum() > 10
    assert (layers.density_per_A3 > 0).sum() <= 4


@pytest.mark.parametrize("file_format", ["cube", "chgcar", "xsf"])
def test_files_hold_the_density_where_it_is_in_a_triclinic_cell(tmp_path, file_format):
    cell = CELLS["triclinic"]
    start = np.array([[0.1, 0.1, 0.1], [0.6, 0.5, 0.4], [0.25, 0.75, 0.5]])
    frames = np.repeat(start[None], 4, axis=0)
    trajectory = _written(
        tmp_path / "a.h5", "Cl2Li", frames @ cell, np.broadcast_to(cell, (4, 3, 3))
    )
    density = ion_density(trajectory, temperature_K=300.0, spacing_A=0.5)
    path = write_density(density, tmp_path / "map", file_format=file_format)
    if file_format == "cube":
        with path.open() as stream:
            read = read_cube(stream)
        data, box = read["data"], read["atoms"].cell[:]
    elif file_format == "chgcar":
        chgcar = Chgcar.from_file(str(path))
        data, box = chgcar.data["total"], chgcar.structure.lattice.matrix
        data = data / abs(np.linalg.det(box))
    else:
        with path.open() as stream:
            data, images = read_xsf(stream, read_data=True)[0], None
        with path.open() as stream:
            images = read_xsf(stream)
        atoms = images[-1] if isinstance(images, list) else images
        box = atoms.cell[:]
        data = data[:-1, :-1, :-1] if data.shape[0] != density.density_per_A3.shape[0] \
            else data  # fmt: skip
    np.testing.assert_allclose(data, density.density_per_A3, rtol=1e-4, atol=1e-6)
    peak = np.unravel_index(data.argmax(), data.shape) / np.array(data.shape) @ box
    apart = (peak - start[2] @ cell) @ np.linalg.inv(cell)
    apart -= np.rint(apart)
    assert np.linalg.norm(apart @ cell) < 0.45  # half the diagonal of a voxel


def test_smoothing_is_round_and_keeps_the_number_of_ions():
    cell = CELLS["triclinic"] * 2
    density = np.zeros((40, 36, 38))
    density[20, 18, 19] = 1.0
    wide = smoothed(density, cell, 0.8)
    assert wide.sum() == pytest.approx(1.0, rel=1e-6)
    mesh = np.stack(np.meshgrid(*[np.arange(n) / n for n in wide.shape], indexing="ij"),
                    axis=-1)  # fmt: skip
    apart = mesh - np.array([20 / 40, 18 / 36, 19 / 38])
    apart = (apart - np.rint(apart)) @ cell
    moments = np.einsum("ijk,ijkx,ijky->xy", wide, apart, apart)
    np.testing.assert_allclose(moments, 0.64 * np.eye(3), rtol=0.02, atol=0.02)


def test_threshold_against_a_search_over_all_levels():
    rng = np.random.default_rng(7)
    values = rng.random((5, 4, 6)).round(3)
    for axis in range(3):
        found = percolation_threshold(values, axis)
        assert found.level == pytest.approx(_by_flooding(values, axis))
        way = easiest_way(values, found, axis=axis, cell=np.eye(3))
        steps = np.abs(np.diff(way, axis=0)).sum(axis=1)
        assert (steps == 1).all()
        on_way = values[tuple((way % values.shape).T)]
        assert on_way.max() == found.level


def _by_flooding(values, axis):
    """Walk in the unfolded crystal, level by level."""
    shape = np.array(values.shape)
    for level in np.unique(values):
        for seed in np.argwhere(values <= level):
            seen, front = {tuple(seed)}, [tuple(seed)]
            while front:
                at = front.pop()
                for along in range(3):
                    for step in (-1, 1):
                        to = list(at)
                        to[along] += step
                        inside = abs(to[along] - seed[along]) <= 3 * shape[along]
                        if inside and tuple(to) not in seen and values[
                            tuple(np.array(to) % shape)] <= level:  # fmt: skip
                            seen.add(tuple(to))
                            front.append(tuple(to))
            moved = {tuple((np.array(p) - seed) // shape) for p in seen
                     if not ((np.array(p) - seed) % shape).any()}  # fmt: skip
            if any(m[axis] for m in moved):
                return level
    return None


def test_what_cannot_be_told_is_refused(make_trajectory):
    positions = np.random.default_rng(0).random((5, 3, 3)) * 6
    trajectory = make_trajectory("Cl2Li", positions, cell=6.0)
    with pytest.raises(InputError, match="temperature_K must be given"):
        ion_density(trajectory)
    with pytest.raises(InputError, match="spacing_A must"):
        ion_density(trajectory, temperature_K=300, spacing_A=3.0)
    with pytest.raises(InputError, match="start_ps must leave"):
        ion_density(trajectory, temperature_K=300, start_ps=4.0)
    lonely = make_trajectory("Li3", positions, cell=6.0)
    with pytest.raises(InputError, match="framework must hold"):
        ion_density(lonely, temperature_K=300)


def test_no_way_through_says_how_high_the_barrier_is_at_least(make_trajectory):
    rng = np.random.default_rng(0)
    positions = np.array([[1.0, 1, 1], [4, 4, 4], [3, 1, 3]])
    frames = positions + rng.normal(0, 0.05, (40, 3, 3))
    found = ion_density(
        make_trajectory("Cl2Li", frames, cell=6.0), temperature_K=300, spacing_A=0.5
    )
    for path in found.paths:
        assert path.barrier_eV is None
        assert path.lower_bound_eV > 0
    assert found.to_json()["paths"][0]["barrier_eV"] is None
    found.plot()
