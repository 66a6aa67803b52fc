"""``lithophile export`` as a user runs it."""

import ase.io
import numpy as np
import pytest
from ase import Atoms

from lithophile.export_settings import (
    DumpSettings,
    ExportSettings,
    PackedSettings,
    WrappableSettings,
)
from lithophile.stages.export import export_stage
from md.trajectory import TrajectoryWriter, open_trajectory
from training_data import InputError


@pytest.fixture
def run_folder(tmp_path, monkeypatch):
    """Folder of a run: eleven frames, 0.1 ps apart, of atoms that leave the cell."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "run"
    folder.mkdir()
    atoms = Atoms("Li2Cl", [[0, 0, 0], [1, 1, 1], [3, 2, 1]], cell=[4, 5, 6], pbc=True)
    with TrajectoryWriter(folder / "trajectory.h5", atoms) as writer:
        for i in range(11):
            writer.append(atoms, step=100 * i, time_ps=0.1 * i)
            atoms.positions += 0.7
    return folder


def staged(settings: ExportSettings, form: str) -> dict:
    return export_stage(
        settings, file_format=form, overwrite=False, progress=lambda *_: None
    )


@pytest.mark.parametrize(
    ("form", "settings", "name"),
    [
        ("extxyz", WrappableSettings, "trajectory.extxyz"),
        ("dump", DumpSettings, "trajectory.lammpstrj"),
        ("xdatcar", WrappableSettings, "trajectory.XDATCAR"),
        ("h5md", PackedSettings, "trajectory-packed.h5md"),
    ],
)
def test_file_lies_beside_the_trajectory(run_folder, form, settings, name):
    result = staged(settings(trajectory="run"), form)
    assert result["path"] == f"run/{name}"
    assert result["n_frames"] == 11
    assert result["n_bytes"] == (run_folder / name).stat().st_size
    # The run folder is still one trajectory.
    with open_trajectory(run_folder) as trajectory:
        truth = next(trajectory.frames()).positions
    if form == "h5md":
        with open_trajectory(run_folder / name) as packed:
            np.testing.assert_array_equal(next(packed.frames()).positions, truth)
        return
    frames = ase.io.read(run_folder / name, index=":")
    for atoms, positions in zip(frames, truth, strict=True):
        np.testing.assert_allclose(atoms.positions, positions, rtol=1e-14)


def test_options_and_configuration_say_the_same(lithophile, run_folder):
    folder = run_folder.parent
    (folder / "export.yaml").write_text(
        "trajectory: run\nstart_ps: 0.2\nstop_ps: 0.9\nstride: 3\nwrap: true\n"
    )
    options = ("--start-ps", "0.2", "--stop-ps", "0.9", "--stride", "3", "--wrap")
    first = lithophile(
        *("export", "lammps", "run", "--out", "a.lammpstrj", "--json", *options)
    )
    lithophile("export", "dump", "--config", "export.yaml", "--out", "b.lammpstrj")
    assert first.json["positions"] == "wrapped"
    assert first.json["units"].startswith("LAMMPS metal")
    text = (folder / "a.lammpstrj").read_text()
    assert text == (folder / "b.lammpstrj").read_text()
    steps = [f.info["timestep"] for f in ase.io.read(folder / "a.lammpstrj", ":")]
    assert steps == [200, 500, 800]
    again = lithophile("export", "dump", "run", "--out", "a.lammpstrj", code=2)
    assert "which exists" in again.message
    assert again.message.count("\n") == 0
    assert again.stdout == ""
    assert (folder / "a.lammpstrj").read_text() == text


@pytest.mark.parametrize(
    ("settings", "form", "message"),
    [
        (WrappableSettings(), "extxyz", "trajectory must be given"),
        (
            WrappableSettings(trajectory="run", start_ps=7.0),
            "xdatcar",
            "holds 0 to 1 ps",
        ),
        (
            PackedSettings(trajectory="run", out="run/more.h5"),
            "h5md",
            "must lie beside",
        ),
        (DumpSettings(trajectory="none"), "dump", "existing file or folder"),
    ],
)
def test_wrong_input_is_refused_and_leaves_nothing(run_folder, settings, form, message):
    with pytest.raises(InputError, match=message):
        staged(settings, form)
    assert [p.name for p in run_folder.iterdir()] == ["trajectory.h5"]
