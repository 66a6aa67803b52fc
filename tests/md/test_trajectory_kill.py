"""What is left of a trajectory when its writer is killed."""

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from md.trajectory import TrajectoryWriter, export_trajectory, open_trajectory
from md.trajectory import layout as layout_module
from md.trajectory import writer as writer_module
from md.trajectory.atomic_file import AtomicFile
from training_data.errors import InputError

_WRITER = """
import sys
from pathlib import Path
from ase.build import bulk
from md.trajectory import TrajectoryWriter
path, last = Path(sys.argv[1]), int(sys.argv[2])
atoms = bulk("Li", cubic=True)
resume = {"resume_at_step": last} if last >= 0 else {}
with TrajectoryWriter(
    path, atoms, observables=("temperature_K",), frames_per_flush=3,
    sync=False, **resume
) as writer:
    print("ready", flush=True)
    for step in range(last + 1, 10**7):
        frame = atoms.copy()
        frame.positions += step
        writer.append(frame, step=step, time_ps=step * 1e-3, temperature_K=step)
"""


def check_frames(path: Path, n_least: int, *, our_reader: bool = True) -> int:
    """Plain h5py and our reader find all frames, each with its own content."""
    with h5py.File(path, "r") as file:
        group = file["particles/all"]
        n_frames = len(group["position/value"])
        np.testing.assert_array_equal(
            group["position/step"][:n_frames], range(n_frames)
        )
        x = group["position/value"][:, 0, 0]
        np.testing.assert_allclose(x, np.arange(n_frames), rtol=1e-14)
        assert len(group["box/edges/value"][:n_frames]) == n_frames
        temperatures = file["observables/temperature_K/value"][:n_frames]
        np.testing.assert_array_equal(temperatures, np.arange(n_frames))
    assert n_frames >= n_least
    if n_frames and our_reader:
        with open_trajectory(path) as trajectory:
            assert trajectory.n_frames == n_frames
    return n_frames


def test_killed_writer_leaves_every_flushed_frame_and_resumes(tmp_path: Path) -> None:
    path = tmp_path / "trajectory.h5"
    rng = np.random.default_rng(7)
    last = -1
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path), str(last)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(float(rng.uniform(0.02, 0.25)))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        n_frames = check_frames(path, last + 1)
        # The checkpoint is older than the last frame: the rest is written again.
        last = max(0, n_frames - int(rng.integers(1, 9)))
    assert last > 20


class SnapshotAfterEveryWrite(AtomicFile):
    """Real file that is copied whenever a page has reached the disk.

    The kernel copies a write page by page, and ends a killed process in between.
    """

    copies: Path
    n_copies = 0

    def _put(self, offset: int, data: bytes) -> None:
        source = Path(f"/proc/self/fd/{self._descriptor}")
        while data:
            cut = 4096 - offset % 4096
            super()._put(offset, data[:cut])
            offset, data = offset + cut, data[cut:]
            shutil.copyfile(source, self.copies / f"{type(self).n_copies:06d}.h5")
            type(self).n_copies += 1


def test_every_prefix_of_the_writes_is_a_valid_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The states between two system calls, which a kill hits too rarely to test.

    Chunks of few frames make the chunk index split; a truncation follows.
    """
    SnapshotAfterEveryWrite.copies = tmp_path / "copies"
    SnapshotAfterEveryWrite.copies.mkdir()
    SnapshotAfterEveryWrite.n_copies = 0
    monkeypatch.setattr(writer_module, "AtomicFile", SnapshotAfterEveryWrite)
    monkeypatch.setattr(layout_module, "_MAX_FRAMES_PER_CHUNK", 2)
    atoms = Atoms("Li2", positions=[[0, 0, 0], [1, 1, 1]], cell=[4, 4, 4], pbc=True)
    path = tmp_path / "trajectory.h5"

    def append(writer: TrajectoryWriter, steps: range) -> None:
        for step in steps:
            frame = atoms.copy()
            frame.positions += step
            writer.append(frame, step=step, time_ps=step * 1e-3, temperature_K=step)

    settings = {
        "observables": ("temperature_K",),
        "frames_per_flush": 3,
        "sync": False,
    }
    with TrajectoryWriter(path, atoms, **settings) as writer:
        created = SnapshotAfterEveryWrite.n_copies
        append(writer, range(140))
    with TrajectoryWriter(path, atoms, resume_at_step=110, **settings) as writer:
        append(writer, range(111, 130))
    assert check_frames(path, 130) == 130
    lengths = []
    for copy in sorted(SnapshotAfterEveryWrite.copies.iterdir())[created:]:
        lengths.append(check_frames(copy, 0, our_reader=len(lengths) % 10 == 0))
        copy.unlink()
    assert len(lengths) > 300
    # Lengths only grow, but for the one truncation.
    assert np.sum(np.diff(lengths) < 0) == 1
    assert {140, 111, 130} <= set(lengths)


def test_run_resumed_from_a_torn_commit_can_be_torn_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file cut off inside a commit has a tail that nothing refers to."""
    SnapshotAfterEveryWrite.copies = tmp_path / "copies"
    SnapshotAfterEveryWrite.copies.mkdir()
    SnapshotAfterEveryWrite.n_copies = 0
    monkeypatch.setattr(writer_module, "AtomicFile", SnapshotAfterEveryWrite)
    monkeypatch.setattr(layout_module, "_MAX_FRAMES_PER_CHUNK", 2)
    atoms = Atoms("Li2", positions=[[0, 0, 0], [1, 1, 1]], cell=[4, 4, 4], pbc=True)
    settings = {
        "observables": ("temperature_K",),
        "frames_per_flush": 3,
        "sync": False,
    }

    def append(writer: TrajectoryWriter, steps: range) -> None:
        for step in steps:
            frame = atoms.copy()
            frame.positions += step
            writer.append(frame, step=step, time_ps=step * 1e-3, temperature_K=step)

    def snapshots() -> list[Path]:
        return sorted(SnapshotAfterEveryWrite.copies.iterdir())

    with TrajectoryWriter(tmp_path / "first.h5", atoms, **settings) as writer:
        created = SnapshotAfterEveryWrite.n_copies
        append(writer, range(60))
    rng = np.random.default_rng(2)
    torn = rng.choice(snapshots()[created:], 4, replace=False)
    kept = [path.rename(tmp_path / f"torn-{i}.h5") for i, path in enumerate(torn)]
    for path in kept:
        for old in snapshots():
            old.unlink()
        at = max(0, check_frames(path, 0) - int(rng.integers(1, 9)))
        with TrajectoryWriter(path, atoms, resume_at_step=at, **settings) as writer:
            append(writer, range(at + 1, at + 25))
        assert check_frames(path, 0) == at + 25
        for copy in snapshots():
            assert check_frames(copy, 0, our_reader=False) >= at + 1


def test_resume_drops_what_followed_the_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "trajectory.h5"
    atoms = bulk("Li", cubic=True)
    with TrajectoryWriter(path, atoms) as writer:
        for step in range(0, 100, 10):
            writer.append(atoms, step=step, time_ps=step * 1e-3)
        writer.record_event({"step": 30, "kind": "kept"})
        writer.record_event({"step": 90, "kind": "dropped"})
    with TrajectoryWriter(path, atoms, resume_at_step=45) as writer:
        assert (writer.n_frames, writer.last_step) == (5, 40)
        writer.append(atoms, step=50, time_ps=0.05)
    with open_trajectory(path) as trajectory:
        np.testing.assert_array_equal(trajectory.steps, range(0, 60, 10))
        assert [event["kind"] for event in trajectory.events] == ["kept"]


def test_a_packed_copy_is_not_gone_on_with(tmp_path: Path) -> None:
    atoms = bulk("Li", cubic=True)
    with TrajectoryWriter(tmp_path / "trajectory.h5", atoms) as writer:
        writer.append(atoms, step=0, time_ps=0.0)
    with open_trajectory(tmp_path / "trajectory.h5") as trajectory:
        export_trajectory(trajectory, tmp_path / "packed.h5md", file_format="h5md")
    before = (tmp_path / "packed.h5md").read_bytes()
    with pytest.raises(InputError, match="a packed copy"):
        TrajectoryWriter(tmp_path / "packed.h5md", atoms, resume_at_step=0)
    assert (tmp_path / "packed.h5md").read_bytes() == before
