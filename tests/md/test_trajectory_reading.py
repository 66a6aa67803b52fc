"""Trajectories of any origin: units, wrapping, boxes, segments, bad files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ase.io
import h5py
import numpy as np
import pytest
from ase import Atoms
from numpy.typing import NDArray

from md.trajectory import Trajectory, TrajectoryWriter, open_trajectory
from training_data.errors import InputError

SKEWED = np.array([[6.0, 0.0, 0.0], [-3.0, 5.2, 0.0], [1.0, 0.7, 5.0]])
N_FRAMES = 40


def walk(cell: NDArray[np.float64] = SKEWED) -> NDArray[np.float64]:
    """Unwrapped walk through several cells, (40, 3, 3) Å, from inside the cell."""
    rng = np.random.default_rng(11)
    start = rng.uniform(0, 1, (3, 3))
    steps = rng.uniform(-0.4, 0.5, (N_FRAMES, 3, 3))
    steps[0] = 0
    fractional: NDArray[np.float64] = start + np.cumsum(steps, axis=0)
    return fractional @ cell


def wrapped(
    positions: NDArray[np.float64], cell: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    images = np.floor(positions @ np.linalg.inv(cell)).astype(int)
    return positions - images @ cell, images


def write_foreign(
    path: Path,
    positions: NDArray[np.float64],
    *,
    edges: NDArray[np.float64] = SKEWED,
    length: str | None = "nm",
    time: tuple[str | None, float] = ("fs", 250.0),
    images: NDArray[np.int64] | None = None,
    species: Any = ("Li", "Zr", "Cl"),
    group: str = "trajectory",
) -> Path:
    """H5MD as another program writes it: fixed box and increments, own units."""
    per = {"nm": 0.1, "Angstrom": 1.0, None: 1.0}[length]
    with h5py.File(path, "w") as file:
        file.create_group("h5md").attrs["version"] = [1, 0]
        atoms = file.create_group(f"particles/{group}")
        box = atoms.create_group("box")
        box.attrs["dimension"] = 3
        box.attrs["boundary"] = np.array([b"periodic"] * 3)
        box["edges"] = edges * per
        value = atoms.create_dataset("position/value", data=positions * per)
        if length is not None:
            value.attrs["unit"] = length
        atoms["position/step"] = 100
        atoms["position/time"] = time[1]
        if time[0] is not None:
            atoms["position/time"].attrs["unit"] = time[0]
        if images is not None:
            atoms["image/value"] = images
        if species is not None:
            atoms["species"] = species
    return path


def check(trajectory: Trajectory, positions: NDArray[np.float64]) -> None:
    """All ways of reading give the same unwrapped positions."""
    assert trajectory.n_frames == len(positions)
    for size in (1, 24 * 3 * 7, 1 << 20):
        blocks = list(trajectory.frames(block_bytes=size))
        got = np.concatenate([block.positions for block in blocks])
        np.testing.assert_allclose(got, positions, rtol=1e-10, atol=1e-10)
        got = np.concatenate(
            [b.positions for b in trajectory.frames(5, 33, 4, block_bytes=size)]
        )
        np.testing.assert_allclose(got, positions[5:33:4], rtol=1e-10, atol=1e-10)
        assert all(b.positions.nbytes <= max(size, 24 * 3) for b in blocks)
    for index in (-1, 3, 17):
        got = trajectory.atoms(index).positions
        np.testing.assert_allclose(got, positions[index], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    ("unit", "spacing"), [("fs", 250.0), ("ps", 0.25), ("ns", 2.5e-4)]
)
def test_times_are_in_ps_whatever_the_unit(
    tmp_path: Path, unit: str, spacing: float
) -> None:
    path = write_foreign(tmp_path / "t.h5", walk(), time=(unit, spacing))
    with open_trajectory(path) as trajectory:
        np.testing.assert_allclose(
            trajectory.times_ps, 0.25 * np.arange(N_FRAMES), rtol=1e-12
        )
        np.testing.assert_array_equal(trajectory.steps, 100 * np.arange(N_FRAMES))
        assert trajectory.frame_time_ps() == pytest.approx(0.25, rel=1e-12)


def test_foreign_files_unwrapped_or_wrapped_with_and_without_images(
    tmp_path: Path,
) -> None:
    truth = walk()
    inside, images = wrapped(truth, SKEWED)
    for name, stored, counts, how in (
        ("unwrapped", truth, None, "minimum image"),
        ("images", inside, images, "images"),
        ("wrapped", inside, None, "minimum image"),
    ):
        path = write_foreign(tmp_path / f"{name}.h5", stored, images=counts)
        with open_trajectory(path) as trajectory:
            assert trajectory.unwrapping == how
            check(trajectory, truth)
            np.testing.assert_allclose(
                trajectory.initial.cell.array, SKEWED, rtol=1e-12
            )
            assert trajectory.species == {"Li", "Zr", "Cl"}


def test_varying_cell_unwraps_in_fractional_space(tmp_path: Path) -> None:
    scale = 1 + 0.05 * np.sin(np.arange(N_FRAMES))
    cells = SKEWED * scale[:, None, None]
    truth = walk() * scale[:, None, None]
    frames = []
    for positions, cell in zip(truth, cells, strict=True):
        atoms = Atoms("LiZrCl", wrapped(positions, cell)[0], cell=cell, pbc=True)
        frames.append(atoms)
    path = tmp_path / "frames.extxyz"
    ase.io.write(path, frames)
    with open_trajectory(path, frame_time_ps=0.1) as trajectory:
        got = np.concatenate([block.positions for block in trajectory.frames()])
        np.testing.assert_allclose(got, truth, atol=1e-6)  # extxyz keeps 8 decimals
        np.testing.assert_allclose(trajectory.times_ps[-1], 3.9, rtol=1e-12)
        np.testing.assert_allclose(
            trajectory.atoms(7).cell.array, cells[7], rtol=1e-7, atol=1e-9
        )


def test_slab_is_not_wrapped_along_its_normal(tmp_path: Path) -> None:
    atoms = Atoms("Li", [[1.0, 1.0, 0.5]], cell=[4, 4, 10], pbc=[1, 1, 0])
    frames = [atoms.copy(), atoms.copy()]
    frames[1].positions[0] = [1.2, 1.0, 9.9]
    path = tmp_path / "slab.extxyz"
    ase.io.write(path, frames)
    with open_trajectory(path, frame_time_ps=1.0) as trajectory:
        np.testing.assert_allclose(trajectory.atoms(1).positions[0], [1.2, 1.0, 9.9])


def test_boxes_of_every_form(tmp_path: Path) -> None:
    """Diagonal vector, fixed matrix, and edges that are given less often."""
    truth = walk(np.diag([5.0, 6.0, 7.0]))
    path = write_foreign(tmp_path / "t.h5", truth, edges=np.array([5.0, 6.0, 7.0]))
    with open_trajectory(path) as trajectory:
        np.testing.assert_allclose(
            trajectory.initial.cell.array, np.diag([5, 6, 7]), rtol=1e-12
        )
    with h5py.File(path, "r+") as file:
        box = file["particles/trajectory/box"]
        del box["edges"]
        box["edges/value"] = np.array([[0.5, 0.6, 0.7], [0.5, 0.6, 0.8]])
        box["edges/step"] = [0, 1000]
    with open_trajectory(path) as trajectory:
        assert trajectory.atoms(9).cell[2, 2] == pytest.approx(7.0, rel=1e-12)
        assert trajectory.atoms(10).cell[2, 2] == pytest.approx(8.0, rel=1e-12)


def test_species_as_numbers_symbols_or_from_a_topology(tmp_path: Path) -> None:
    truth = walk()
    for species in ([3, 40, 17], [b"Li", b"Zr", b"Cl"]):
        path = write_foreign(tmp_path / "t.h5", truth, species=species)
        with open_trajectory(path) as trajectory:
            np.testing.assert_array_equal(trajectory.numbers, [3, 40, 17])
    path = write_foreign(tmp_path / "none.h5", truth, species=None)
    with pytest.raises(InputError, match="topology"):
        open_trajectory(path)
    with pytest.raises(InputError, match=r"none\.cif"):
        open_trajectory(path, topology=tmp_path / "none.cif")
    with pytest.raises(InputError, match="topology"):
        open_trajectory(path, topology=Atoms("LiZr"))
    with open_trajectory(path, topology=Atoms("LiZrCl")) as trajectory:
        np.testing.assert_array_equal(trajectory.numbers, [3, 40, 17])


def test_labels_metadata_and_observables_come_back(tmp_path: Path) -> None:
    atoms = Atoms("LiZrCl", walk()[0], cell=SKEWED, pbc=True)
    atoms.set_array("layer", np.array([0, 1, 1]))
    atoms.set_array("side", np.array([0, 1, 1]))
    path = tmp_path / "trajectory.h5"
    with TrajectoryWriter(
        path,
        atoms,
        metadata={"model": "m", "seeds": [1, 2]},
        observables=("energy_eV",),
    ) as writer:
        for i, positions in enumerate(walk()):
            atoms.positions = positions
            writer.append(atoms, step=i, time_ps=0.1 * i, energy_eV=-float(i))
    with open_trajectory(tmp_path) as trajectory:  # the run's folder
        check(trajectory, walk())
        assert trajectory.unwrapping == "stored"
        np.testing.assert_array_equal(trajectory.initial.arrays["layer"], [0, 1, 1])
        np.testing.assert_array_equal(trajectory.atoms(5).arrays["side"], [0, 1, 1])
        assert trajectory.metadata == {"model": "m", "seeds": [1, 2]}
        np.testing.assert_array_equal(
            trajectory.observables["energy_eV"], -np.arange(N_FRAMES)
        )


def test_segments_are_one_trajectory_and_the_later_one_counts(tmp_path: Path) -> None:
    truth = walk()
    atoms = Atoms("LiZrCl", truth[0], cell=SKEWED, pbc=True)
    folder = tmp_path / "trajectory"
    folder.mkdir()
    for name, first, last in (("b.h5", 0, 20), ("a.h5", 15, 33), ("c.h5", 33, 40)):
        with TrajectoryWriter(folder / name, atoms) as writer:
            for i in range(first, last):
                atoms.positions = truth[i] if name != "b.h5" or i < 15 else 0.0
                writer.append(atoms, step=i, time_ps=0.1 * i)
    for path in (folder, tmp_path):
        with open_trajectory(path) as trajectory:
            check(trajectory, truth)
            np.testing.assert_array_equal(trajectory.steps, range(N_FRAMES))


def test_wrapped_segments_unwrap_across_their_border(tmp_path: Path) -> None:
    truth = walk()
    inside, _ = wrapped(truth, SKEWED)
    for name, part in (("a.h5", slice(0, 18)), ("b.h5", slice(18, 40))):
        write_foreign(tmp_path / name, inside[part])
        with h5py.File(tmp_path / name, "r+") as file:
            element = file["particles/trajectory/position"]
            for clock, spacing in (("step", 100), ("time", 250.0)):
                del element[clock]
                element[clock] = spacing * np.arange(40)[part]
            element["time"].attrs["unit"] = "fs"
    with open_trajectory(tmp_path) as trajectory:
        check(trajectory, truth)


def _no_unit(path: Path) -> None:
    write_foreign(path, walk(), length=None)


def _unknown_unit(path: Path) -> None:
    write_foreign(path, walk(), time=("fortnight", 1.0))


def _type_numbers(path: Path) -> None:
    write_foreign(path, walk(), species=[1, 2, 0])


def _masses_disagree(path: Path) -> None:
    write_foreign(path, walk(), species=[1, 2, 3])
    with h5py.File(path, "r+") as file:
        mass = file["particles/trajectory"].create_dataset(
            "mass", data=[6.9, 91.2, 35.4]
        )
        mass.attrs["unit"] = "u"


def _repeated_frame(path: Path) -> None:
    write_foreign(path, walk())
    with h5py.File(path, "r+") as file:
        element = file["particles/trajectory/position"]
        del element["step"]
        element["step"] = [*range(39), 38]


def _not_h5md(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["x"] = 1


def _truncated(path: Path) -> None:
    write_foreign(path, walk())
    path.write_bytes(path.read_bytes()[:4000])


def _not_finite(path: Path) -> None:
    positions = walk()
    positions[7, 1, 1] = np.nan
    write_foreign(path, positions)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_no_unit, "unit"),
        (_unknown_unit, "fortnight"),
        (_type_numbers, "atomic numbers"),
        (_masses_disagree, "agree with the masses"),
        (_repeated_frame, "Frame 39 repeats"),
        (_not_h5md, "must be H5MD"),
        (_truncated, "complete HDF5"),
        (lambda path: path.write_text(""), "empty"),
        (lambda path: path.write_text("version https://git-lfs.gi"), "git-LFS"),
        (lambda path: path.write_text("x"), "no HDF5"),
        (lambda _: None, "existing file"),
        (lambda path: path.mkdir(), "folder with .h5 files"),
        (_not_finite, "frame 7 "),
    ],
)
def test_bad_files_are_refused_by_name(
    tmp_path: Path, make: Callable[[Path], None], message: str
) -> None:
    path = tmp_path / "bad.h5"
    make(path)
    with pytest.raises(InputError, match=message) as caught:
        list(open_trajectory(path).frames())
    assert "bad.h5" in str(caught.value)


def test_text_files_need_the_frame_time_and_the_same_atoms(tmp_path: Path) -> None:
    path = tmp_path / "t.extxyz"
    ase.io.write(
        path, [Atoms("LiCl", np.zeros((2, 3))), Atoms("ClLi", np.ones((2, 3)))]
    )
    with pytest.raises(InputError, match="frame_time_ps"):
        open_trajectory(path)
    with pytest.raises(InputError, match="frame_time_ps must be positive"):
        open_trajectory(path, frame_time_ps=0.0)
    with pytest.raises(InputError, match="frame 1"):
        open_trajectory(path, frame_time_ps=1.0)
    path.write_text(path.read_text()[:-30])
    with pytest.raises(InputError, match=r"t\.extxyz"):
        open_trajectory(path, frame_time_ps=1.0)


def test_frame_time_may_not_contradict_the_file(tmp_path: Path) -> None:
    path = write_foreign(tmp_path / "t.h5", walk())
    open_trajectory(path, frame_time_ps=0.25).close()
    with pytest.raises(InputError, match=r"left out or 0\.25"):
        open_trajectory(path, frame_time_ps=0.2)
    path = write_foreign(tmp_path / "u.h5", walk(), time=(None, 1.0))
    with open_trajectory(path, frame_time_ps=0.2) as trajectory:
        assert trajectory.times_ps[2] == pytest.approx(0.4, rel=1e-12)


def test_writer_refuses_what_does_not_belong(tmp_path: Path) -> None:
    atoms = Atoms("LiCl", np.zeros((2, 3)), cell=[4, 4, 4], pbc=True)
    path = tmp_path / "trajectory.h5"
    with TrajectoryWriter(path, atoms, observables=("energy_eV",)) as writer:
        writer.append(atoms, step=0, time_ps=0.0, energy_eV=0.0)
        for bad in (
            {"step": 0, "time_ps": 1.0, "energy_eV": 0.0},
            {"step": 1, "time_ps": 1.0},
            {"step": 1, "time_ps": 1.0, "energy_eV": 0.0, "other": 1.0},
        ):
            with pytest.raises(ValueError, match="must be"):
                writer.append(atoms, **bad)
    with pytest.raises(InputError, match="exists"):
        TrajectoryWriter(path, atoms)
    with pytest.raises(InputError, match="observables"):
        TrajectoryWriter(path, atoms, resume_at_step=0)
    with pytest.raises(InputError, match="atoms"):
        TrajectoryWriter(path, atoms[[1, 0]], resume_at_step=0)
    with pytest.raises(InputError, match="existing trajectory"):
        TrajectoryWriter(tmp_path / "none.h5", atoms, resume_at_step=0)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["trajectory.h5"]
