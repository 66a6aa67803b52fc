"""Exported files say, to the programs they are for, what the trajectory says."""

import tracemalloc
from itertools import pairwise
from pathlib import Path

import ase.io
import h5py
import MDAnalysis
import numpy as np
import pytest
from ase import Atoms, units
from ase.calculators.singlepoint import SinglePointCalculator
from MDAnalysis.lib.mdamath import triclinic_vectors
from pymatgen.io.vasp.outputs import Xdatcar

from md.trajectory import (
    Exported,
    Trajectory,
    TrajectoryWriter,
    export_trajectory,
    open_trajectory,
)
from md.trajectory import export as export_module
from training_data.errors import InputError

ORTHORHOMBIC = np.diag([5.0, 6.0, 20.0])
# xy and xz of opposite signs, so that the bounding box is not the sum of the two.
TRICLINIC = np.array([[6.0, 0.0, 0.0], [-2.9, 5.2, 0.0], [1.3, -0.7, 11.0]])
TURNED = TRICLINIC @ np.array([[0.0, 0.6, 0.8], [-1.0, 0.0, 0.0], [0.0, -0.8, 0.6]])
CELLS = {
    "orthorhombic": ORTHORHOMBIC,
    "triclinic": TRICLINIC,
    "turned": TURNED,
    "left-handed": TURNED[[1, 0, 2]],
}
N_FRAMES = 7


def write_run(path: Path, cell: np.ndarray = TRICLINIC, **changed) -> Path:
    """Seven frames 0.02 ps apart: a breathing cell, atoms far outside of it."""
    rng = np.random.default_rng(5)
    pbc = changed.get("pbc", True)
    atoms = Atoms("LiZrLi2Cl2", rng.uniform(0, 5, (6, 3)), cell=cell, pbc=pbc)
    atoms.set_masses([6.015, 91.224, 6.94, 6.94, 35.45, 35.45])
    atoms.set_array("layer", np.array([0, 1, 0, 0, 1, 2]))
    atoms.set_array("side", np.array([0, 1, 0, 0, 1, 1]))
    with TrajectoryWriter(
        path,
        atoms,
        metadata={"seed": 3},
        observables=("potential_energy_eV", "temperature_K"),
        velocities=changed.get("velocities", True),
        forces=changed.get("forces", True),
    ) as writer:
        for i in range(N_FRAMES):
            strain = 1 + changed.get("breathing", 0.01) * i
            frame = atoms.copy()
            frame.set_cell(cell * strain, scale_atoms=True)
            frame.positions += rng.normal(0, 3, (6, 3)) * i
            frame.set_momenta(rng.normal(size=(6, 3)))
            forces = rng.normal(size=(6, 3))
            frame.calc = SinglePointCalculator(frame, forces=forces)
            writer.append(
                frame,
                step=10 * i,
                time_ps=0.02 * i,
                potential_energy_eV=-1.0 / (i + 3),
                temperature_K=300.0 + i / 3,
            )
        writer.record_event({"step": 20, "kind": "seen"})
    return path


def export(trajectory: Trajectory, path: Path, form: str, **changed) -> Exported:
    return export_trajectory(trajectory, path, file_format=form, **changed)


def whole(trajectory: Trajectory) -> tuple[np.ndarray, np.ndarray]:
    block = next(trajectory.frames())
    return block.positions, block.cells


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_extxyz_comes_back_bit_for_bit(tmp_path, cell):
    with open_trajectory(write_run(tmp_path / "trajectory.h5", cell)) as trajectory:
        done = export(trajectory, tmp_path / "t.extxyz", "extxyz")
        positions, cells = whole(trajectory)
        every = np.arange(N_FRAMES)
        velocities = trajectory.velocities_A_per_ps(every)
        forces = trajectory.forces(every)
        energies = trajectory.observables["potential_energy_eV"]
        temperatures = trajectory.observables["temperature_K"]
        masses = trajectory.masses
    frames = ase.io.read(tmp_path / "t.extxyz", index=":")
    assert len(frames) == done.n_frames == N_FRAMES
    for i, atoms in enumerate(frames):
        assert atoms.get_chemical_symbols() == ["Li", "Zr", "Li", "Li", "Cl", "Cl"]
        np.testing.assert_array_equal(atoms.positions, positions[i])
        np.testing.assert_array_equal(atoms.cell.array, cells[i])
        np.testing.assert_array_equal(atoms.get_forces(), forces[i])
        np.testing.assert_array_equal(atoms.get_masses(), masses)
        assert atoms.get_potential_energy() == energies[i]
        assert atoms.info["temperature_K"] == temperatures[i]
        assert (atoms.info["step"], atoms.info["time_ps"]) == (10 * i, 0.02 * i)
        assert atoms.arrays["layer"].tolist() == [0, 1, 0, 0, 1, 2]
        assert atoms.pbc.all()
        np.testing.assert_allclose(
            atoms.get_velocities() * 1000 * units.fs, velocities[i], rtol=1e-14
        )
    assert done.not_written == ("events",)
    assert (done.first_ps, done.frame_time_ps) == (0.0, pytest.approx(0.02, rel=1e-12))


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
@pytest.mark.parametrize("wrap", [False, True], ids=["unwrapped", "wrapped"])
def test_ase_and_mdanalysis_read_the_lammps_dump(tmp_path, cell, wrap):
    path = tmp_path / "t.lammpstrj"
    with open_trajectory(write_run(tmp_path / "trajectory.h5", cell)) as trajectory:
        done = export(trajectory, path, "dump", wrap=wrap)
        positions, cells = whole(trajectory)
        every = np.arange(N_FRAMES)
        velocities = trajectory.velocities_A_per_ps(every)
        forces = trajectory.forces(every)
    assert done.species == ("Li", "Zr", "Cl")
    assert ("ix" in done.quantities) is wrap
    frames = ase.io.read(path, index=":", format="lammps-dump-text")
    universe = MDAnalysis.Universe.empty(6)
    # MDAnalysis 2.11 takes images for multiples of the edges' lengths, which is right
    # where they stand at right angles.
    unfold = wrap and cell is ORTHORHOMBIC
    universe.load_new(str(path), format="LAMMPSDUMP", unwrap_images=unfold, dt=0.002)
    assert len(frames) == len(universe.trajectory) == N_FRAMES
    for i, (atoms, seen) in enumerate(zip(frames, universe.trajectory, strict=True)):
        assert atoms.get_chemical_symbols() == ["Li", "Zr", "Li", "Li", "Cl", "Cl"]
        assert atoms.arrays["type"].tolist() == [1, 2, 1, 1, 3, 3]
        assert atoms.arrays["i_layer"].tolist() == [0, 1, 0, 0, 1, 2]
        assert atoms.info["timestep"] == 10 * i
        np.testing.assert_allclose(atoms.cell.array, cells[i], rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(atoms.get_celldisp(), 0.0, atol=1e-14)
        shift = np.linalg.solve(cells[i].T, (positions[i] - atoms.positions).T).T
        np.testing.assert_allclose(shift, np.round(shift), atol=1e-13)
        if wrap:
            inside = np.linalg.solve(cells[i].T, atoms.positions.T).T
            assert inside.min() > -1e-12
            assert inside.max() < 1 + 1e-12
        else:
            np.testing.assert_array_equal(atoms.positions, positions[i])
        np.testing.assert_array_equal(atoms.get_forces(), forces[i])
        np.testing.assert_allclose(
            atoms.get_velocities() * 1000 * units.fs, velocities[i], rtol=1e-13
        )
        # MDAnalysis keeps float32; its own units are Å and ps.
        there = atoms.positions if wrap and not unfold else positions[i]
        np.testing.assert_allclose(seen.positions, there, rtol=2e-6, atol=1e-5)
        np.testing.assert_allclose(seen.velocities, velocities[i], rtol=1e-6)
        box = triclinic_vectors(seen.dimensions, dtype=np.float64)
        np.testing.assert_allclose(box, cells[i], rtol=2e-6, atol=1e-5)
        assert seen.time == pytest.approx(0.02 * i, rel=1e-9)


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
@pytest.mark.parametrize("wrap", [False, True], ids=["unwrapped", "wrapped"])
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # pymatgen's
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("breathing", [0.0, 0.01], ids=["fixed", "breathing"])
def test_ase_and_pymatgen_read_the_xdatcar(tmp_path, cell, wrap, breathing):
    path = tmp_path / "XDATCAR"
    run = write_run(tmp_path / "trajectory.h5", cell, breathing=breathing)
    with open_trajectory(run) as trajectory:
        done = export(trajectory, path, "xdatcar", wrap=wrap)
        positions, cells = whole(trajectory)
    frames = ase.io.read(path, index=":", format="vasp-xdatcar")
    others = Xdatcar(str(path)).structures
    assert len(frames) == len(others) == N_FRAMES
    assert path.read_text().count("Li Zr Li Cl") == (N_FRAMES if breathing else 1)
    for i, (atoms, other) in enumerate(zip(frames, others, strict=True)):
        assert atoms.get_chemical_symbols() == ["Li", "Zr", "Li", "Li", "Cl", "Cl"]
        np.testing.assert_array_equal(atoms.cell.array, cells[i])
        direct = atoms.get_scaled_positions(wrap=False)
        if wrap:
            assert direct.min() >= 0
            assert direct.max() <= 1
        else:
            np.testing.assert_allclose(
                atoms.positions, positions[i], rtol=1e-13, atol=1e-13
            )
        away = direct - positions[i] @ np.linalg.inv(cells[i])
        np.testing.assert_allclose(away, np.round(away), atol=1e-13)
        np.testing.assert_allclose(other.lattice.matrix, cells[i], rtol=1e-13)
        np.testing.assert_allclose(other.frac_coords, direct, atol=1e-13)
    assert {"forces", "velocities", "time_ps", "layer"} <= set(done.not_written)


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_packed_h5md_keeps_every_bit(tmp_path, cell):
    with open_trajectory(write_run(tmp_path / "trajectory.h5", cell)) as trajectory:
        done = export(trajectory, tmp_path / "packed.h5", "h5md")
        every = np.arange(N_FRAMES)
        with open_trajectory(tmp_path / "packed.h5") as packed:
            for ours, theirs in zip(whole(packed), whole(trajectory), strict=True):
                np.testing.assert_array_equal(ours, theirs)
            np.testing.assert_array_equal(packed.times_ps, trajectory.times_ps)
            np.testing.assert_array_equal(packed.steps, trajectory.steps)
            np.testing.assert_array_equal(packed.masses, trajectory.masses)
            np.testing.assert_array_equal(packed.rotation, trajectory.rotation)
            np.testing.assert_array_equal(
                packed.velocities_A_per_ps(every), trajectory.velocities_A_per_ps(every)
            )
            np.testing.assert_allclose(
                packed.forces(every), trajectory.forces(every), rtol=5e-16
            )
            for name, values in trajectory.observables.items():
                np.testing.assert_array_equal(packed.observables[name], values)
            assert packed.metadata == trajectory.metadata == {"seed": 3}
            assert packed.events == trajectory.events != []
            assert packed.unwrapping == "stored"
            assert packed.initial.arrays["layer"].tolist() == [0, 1, 0, 0, 1, 2]
    assert done.not_written == ()
    with h5py.File(tmp_path / "packed.h5") as file:
        assert file["particles/all/position/value"].compression == "gzip"
    universe = MDAnalysis.Universe.empty(6)
    universe.load_new(str(tmp_path / "packed.h5"), format="H5MD")
    assert len(universe.trajectory) == N_FRAMES
    universe.trajectory.close()


def thermal_run(path: Path, n_frames: int, n_atoms: int = 500) -> Path:
    """Atoms that shake about their sites, like those of a solid."""
    rng = np.random.default_rng(1)
    atoms = Atoms(
        f"Li{n_atoms}", rng.uniform(0, 30, (n_atoms, 3)), cell=[30] * 3, pbc=1
    )
    sites = atoms.get_positions()
    with TrajectoryWriter(path, atoms, velocities=True) as writer:
        for i in range(n_frames):
            atoms.positions = sites + rng.normal(0, 0.2, (n_atoms, 3))
            atoms.set_velocities(rng.normal(0, 0.05, (n_atoms, 3)))
            writer.append(atoms, step=i, time_ps=0.1 * i)
    return path


def test_resolution_bounds_the_error_and_halves_the_file(tmp_path):
    n_frames = 87  # one chunk
    run = thermal_run(tmp_path / "trajectory.h5", n_frames)
    with open_trajectory(run) as trajectory:
        exact = export(trajectory, tmp_path / "exact.h5", "h5md")
        coarse = export(trajectory, tmp_path / "c.h5", "h5md", resolution_A=1e-5)
        truth, _ = whole(trajectory)
        velocities = trajectory.velocities_A_per_ps(np.arange(n_frames))
        with open_trajectory(tmp_path / "c.h5") as packed:
            error = np.abs(whole(packed)[0] - truth).max()
            np.testing.assert_allclose(
                packed.velocities_A_per_ps(np.arange(n_frames)),
                velocities,
                rtol=2.0**-24,
            )
    assert 1e-6 < error <= 0.5e-5
    raw = run.stat().st_size
    assert 0.8 * raw < exact.n_bytes < raw
    assert coarse.n_bytes < 0.55 * raw


def test_time_window_and_stride_choose_the_frames(tmp_path):
    with open_trajectory(write_run(tmp_path / "trajectory.h5")) as trajectory:
        positions, _ = whole(trajectory)
        for window, expected in (
            ({}, range(7)),
            ({"start_ps": 0.04}, range(2, 7)),
            ({"stop_ps": 0.06}, range(4)),
            ({"start_ps": 0.03, "stop_ps": 0.11, "stride": 2}, (2, 4)),
            ({"stride": 3}, (0, 3, 6)),
            ({"stop_ps": 0.0}, (0,)),
        ):
            done = export(
                trajectory, tmp_path / "t.extxyz", "extxyz", overwrite=True, **window
            )
            frames = ase.io.read(tmp_path / "t.extxyz", index=":")
            assert [f.info["step"] for f in frames] == [10 * i for i in expected]
            for frame, i in zip(frames, expected, strict=True):
                np.testing.assert_array_equal(frame.positions, positions[i])
            assert done.n_frames == len(expected)
            assert done.first_ps == pytest.approx(0.02 * expected[0], abs=1e-12)
            assert done.last_ps == pytest.approx(0.02 * expected[-1], abs=1e-12)


def test_nothing_is_folded_where_the_slab_is_not_periodic(tmp_path):
    run = write_run(tmp_path / "t.h5", ORTHORHOMBIC, pbc=[True, True, False])
    with open_trajectory(run) as trajectory:
        positions, cells = whole(trajectory)
        export(trajectory, tmp_path / "t.lammpstrj", "dump", wrap=True)
        export(trajectory, tmp_path / "t.extxyz", "extxyz", wrap=True)
    for path in ("t.lammpstrj", "t.extxyz"):
        for i, atoms in enumerate(ase.io.read(tmp_path / path, index=":")):
            assert atoms.pbc.tolist() == [True, True, False]
            np.testing.assert_array_equal(atoms.positions[:, 2], positions[i, :, 2])
            side = np.diag(cells[i])[:2]
            assert np.all(
                (atoms.positions[:, :2] >= 0) & (atoms.positions[:, :2] < side)
            )
    assert positions[-1, :, 2].min() < -10


def test_molecule_goes_to_extxyz_and_nowhere_else_without_a_cell(tmp_path):
    run = write_run(tmp_path / "t.h5", np.zeros((3, 3)), pbc=False)
    with open_trajectory(run) as trajectory:
        export(trajectory, tmp_path / "t.extxyz", "extxyz", wrap=True)
        atoms = ase.io.read(tmp_path / "t.extxyz", index=-1)
        assert not atoms.pbc.any()
        assert not atoms.cell.array.any()
        np.testing.assert_array_equal(atoms.positions, whole(trajectory)[0][-1])
        for form in ("dump", "xdatcar"):
            with pytest.raises(InputError, match="three lattice vectors"):
                export(trajectory, tmp_path / "none", form)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["t.extxyz", "t.h5"]


def test_unit_lines_are_read_by_ase(tmp_path):
    with open_trajectory(write_run(tmp_path / "t.h5")) as trajectory:
        done = export(trajectory, tmp_path / "u.lammpstrj", "dump", unit_lines=True)
        export(trajectory, tmp_path / "p.lammpstrj", "dump")
    lines = (tmp_path / "u.lammpstrj").read_text().splitlines()
    assert lines[:4] == ["ITEM: UNITS", "metal", "ITEM: TIME", "0.0"]
    assert lines.count("ITEM: UNITS") == 1
    times = [float(b) for a, b in pairwise(lines) if a == "ITEM: TIME"]
    assert times == [0.02 * i for i in range(N_FRAMES)]
    assert "time_ps" not in done.not_written
    stated, plain = (
        ase.io.read(tmp_path / f"{name}.lammpstrj", index=":") for name in "up"
    )
    assert stated == plain


def test_foreign_trajectory_goes_through(tmp_path):
    """A wrapped extxyz of another program: unwrapped, turned, without velocities."""
    rng = np.random.default_rng(2)
    truth = rng.uniform(0, 1, (2, 3)) + np.cumsum(rng.uniform(-0.4, 0.4, (9, 2, 3)), 0)
    frames = [
        Atoms("LiCl", scaled_positions=fractions % 1.0, cell=TURNED, pbc=True)
        for fractions in truth
    ]
    ase.io.write(tmp_path / "theirs.extxyz", frames)
    with open_trajectory(tmp_path / "theirs.extxyz", frame_time_ps=0.5) as trajectory:
        assert trajectory.kept == frozenset()
        with pytest.raises(InputError, match="must hold velocities"):
            trajectory.velocities_A_per_ps(np.arange(3))
        done = export(trajectory, tmp_path / "t.lammpstrj", "dump")
    assert not {"vx", "fx"} & set(done.quantities)
    away = truth[0] - truth[0] % 1.0
    for i, atoms in enumerate(ase.io.read(tmp_path / "t.lammpstrj", index=":")):
        np.testing.assert_allclose(
            atoms.cell.cellpar(), frames[i].cell.cellpar(), rtol=1e-7
        )
        np.testing.assert_allclose(
            atoms.get_scaled_positions(wrap=False), truth[i] - away, atol=1e-7
        )


@pytest.mark.parametrize("form", ["extxyz", "dump", "xdatcar", "h5md"])
def test_file_is_complete_or_absent(tmp_path, form):
    target = tmp_path / "out.file"
    with open_trajectory(write_run(tmp_path / "t.h5")) as trajectory:
        export(trajectory, target, form)
        before = target.read_bytes()
        with pytest.raises(InputError, match="which exists"):
            export(trajectory, target, form)

        def stop(done: int, total: int) -> None:
            assert 0 < done <= total
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            export(trajectory, target, form, overwrite=True, progress=stop)
        assert target.read_bytes() == before
        export(trajectory, target, form, overwrite=True, stride=2)
    assert target.read_bytes() != before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.file", "t.h5"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"form": "vasp"}, "file_format must be one of"),
        ({"stride": 0}, "stride must be 1 or more"),
        ({"start_ps": 5.0}, "holds 0 to 0.12 ps"),
        ({"start_ps": 0.05, "stop_ps": 0.05}, "hold a frame between"),
        ({"form": "h5md", "wrap": True}, "wrap must be false"),
        ({"resolution_A": 0.1}, "resolution_A must be left out"),
        ({"form": "h5md", "resolution_A": -1.0}, "must be positive"),
        ({"unit_lines": True}, "unit_lines must be false"),
        ({"path": "t.h5", "overwrite": True}, "must lie beside"),
        ({"path": "none/t.extxyz"}, "folder that exists"),
        ({"path": "."}, "must be a file"),
    ],
)
def test_what_cannot_be_exported_is_refused(tmp_path, changed, message):
    run = write_run(tmp_path / "t.h5")
    before = run.read_bytes()
    changed = {"form": "extxyz", **changed}
    target = tmp_path / changed.pop("path", "out.file")
    with (
        open_trajectory(run) as trajectory,
        pytest.raises(InputError, match=message),
    ):
        export(trajectory, target, changed.pop("form"), **changed)
    assert run.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["t.h5"]


@pytest.mark.parametrize("form", ["extxyz", "dump", "xdatcar", "h5md"])
def test_memory_does_not_grow_with_the_trajectory(tmp_path, form, monkeypatch):
    monkeypatch.setattr(export_module, "_BLOCK_BYTES", 50_000)
    run = thermal_run(tmp_path / "t.h5", 400, n_atoms=100)
    peaks = {}
    with open_trajectory(run) as trajectory:
        for stop_ps in (2.0, 4.9, 39.9):  # the first one loads what is loaded once
            tracemalloc.start()
            done = export(
                trajectory,
                tmp_path / "out",
                form,
                stop_ps=stop_ps,
                wrap=form == "dump",
                overwrite=True,
            )
            _, peaks[stop_ps] = tracemalloc.get_traced_memory()
            tracemalloc.stop()
    assert done.n_frames == 400
    assert peaks[39.9] < 1.2 * peaks[4.9] + 100_000  # positions alone: 960 kB


def test_vectors_and_events_run_across_segments(tmp_path):
    """Two segments that overlap: the later one counts from its first frame on."""
    atoms = Atoms("LiCl", np.zeros((2, 3)), cell=[4, 4, 4], pbc=True)
    folder = tmp_path / "trajectory"
    folder.mkdir()
    for name, steps in (("a.h5", range(6)), ("b.h5", range(4, 9))):
        with TrajectoryWriter(folder / name, atoms, forces=True) as writer:
            for i in steps:
                forces = np.full((2, 3), i + 0.5 * (name == "b.h5"))
                writer.append(atoms, step=i, time_ps=0.1 * i, forces=forces)
                writer.record_event({"step": i, "kind": name})
    with open_trajectory(folder) as trajectory:
        assert trajectory.kept == {"forces"}
        expected = [0, 1, 2, 3, 4.5, 5.5, 6.5, 7.5, 8.5]
        forces = trajectory.forces(np.arange(9))[:, 0, 0]
        np.testing.assert_allclose(forces, expected, rtol=1e-15)
        forces = trajectory.forces(np.array([1, 4, 7]))[:, 1, 2]
        np.testing.assert_allclose(forces, [1, 4.5, 7.5], rtol=1e-15)
        kinds = [(event["step"], event["kind"]) for event in trajectory.events]
        assert kinds == [(i, "a.h5" if i < 4 else "b.h5") for i in range(9)]
        with pytest.raises(InputError, match="evenly spaced"):
            trajectory.forces(np.array([1, 2, 7]))


@pytest.mark.parametrize(
    ("unit", "in_A_per_ps"),
    [("nm ps-1", 10.0), ("Angstrom fs-1", 1000.0), ("m s-1", 0.01)],
)
def test_velocities_of_other_programs_come_in_our_unit(tmp_path, unit, in_A_per_ps):
    run = write_run(tmp_path / "t.h5")
    with h5py.File(run, "r+") as file:
        values = file["particles/all/velocity/value"]
        values.attrs["unit"] = unit
        stored = values[()]
    with open_trajectory(run) as trajectory:
        np.testing.assert_allclose(
            trajectory.velocities_A_per_ps(np.arange(N_FRAMES)),
            stored * in_A_per_ps,
            rtol=1e-14,
        )
    with h5py.File(run, "r+") as file:  # sampled at other steps: not those of positions
        steps = file["particles/all/velocity/step"][()] + 1
        del file["particles/all/velocity/step"]
        file["particles/all/velocity/step"] = steps
    with open_trajectory(run) as trajectory:
        assert trajectory.kept == {"forces"}
