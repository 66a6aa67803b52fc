"""A run killed again and again, also inside its writes, and a disk that is full."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from ase import Atoms

from md.dynamics import DynamicsConfig, log, simulate
from md.dynamics.checkpoint import read_checkpoint
from md.dynamics.events import Event, append_event, read_events
from md.trajectory import open_trajectory
from md.trajectory.atomic_file import AtomicFile
from md.trajectory.disk import NotWrittenError

SITES = 3.0 * np.array([(i, j, k) for i in range(3) for j in range(2) for k in (0, 1)])
SETTINGS = {
    "n_steps": 700,
    "every": 2,
    "save": ("velocities", "forces"),
    "checkpoint_every": 10,
    "checkpoint_interval_s": 0.0,
    "temperature_K": 400.0,
    "seed": 4,
}
PAGE = 4096
N_KILLS = 30


def lithium() -> Atoms:
    return Atoms("Li12", SITES, cell=[9.0, 6.0, 6.0], pbc=True)


def contents(folder: Path) -> dict[str, bytes]:
    """Every number that the run left, but for the events of its restarts."""
    found = {"log": (folder / "log.csv").read_bytes()}
    with h5py.File(folder / "trajectory.h5") as file:

        def keep(name: str, thing: h5py.Dataset | h5py.Group) -> None:
            if isinstance(thing, h5py.Dataset) and not name.endswith("/events"):
                found[name] = np.asarray(thing[()]).tobytes()

        file.visititems(keep)
    state = read_checkpoint(folder / "checkpoint.npz")
    for name in ("positions", "momenta", "forces"):
        found[name] = getattr(state, name).tobytes()
    found["random numbers"] = repr(state.rng_state).encode()
    return found


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_inside_a_write(monkeypatch: pytest.MonkeyPatch, countdown: int) -> None:
    """Kill the process after a page of its write number `countdown`."""
    left = [countdown]
    put = AtomicFile._put

    def torn(self: AtomicFile, offset: int, data: bytes) -> None:
        left[0] -= 1
        if left[0] < 0:
            cut = PAGE - offset % PAGE
            put(self, offset, data[: min(len(data), cut)])
            die()
        put(self, offset, data)

    monkeypatch.setattr(AtomicFile, "_put", torn)


def die_inside_the_checkpoint(monkeypatch: pytest.MonkeyPatch, countdown: int) -> None:
    left = [countdown]
    replace = Path.replace

    def torn(self: Path, target: Path) -> Path:
        if self.name == "checkpoint.npz.partial":
            left[0] -= 1
            if left[0] < 0:
                self.write_bytes(self.read_bytes()[:700])
                die()
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", torn)


def die_inside_a_row(monkeypatch: pytest.MonkeyPatch, countdown: int) -> None:
    left = [countdown]
    append = log.EnergyLog.append

    def torn(self: log.EnergyLog, frame: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            self._stream.write("12,0.0")
            self._stream.flush()
            die()
        append(self, frame)

    monkeypatch.setattr(log.EnergyLog, "append", torn)


def run_killed(folder: Path, potential, number: int, rng: np.random.Generator) -> bool:
    """Go on with the run in a process that is killed; tell whether it was."""
    wait = float(rng.uniform(0.005, 0.03))
    writes, few = int(rng.integers(1, 60)), int(rng.integers(1, 3))
    process = os.fork()
    if process == 0:
        monkeypatch = pytest.MonkeyPatch()
        if number % 3 == 0:
            die_inside_a_write(monkeypatch, writes)
        elif number % 6 == 1:
            die_inside_the_checkpoint(monkeypatch, few)
        elif number % 6 == 2:
            die_inside_a_row(monkeypatch, few)
        try:
            simulate(
                lithium(), potential, DynamicsConfig(**SETTINGS), out=folder,
                resume=True, progress=lambda *_: time.sleep(0.005),
            )  # fmt: skip
        finally:
            os._exit(9)
    if number % 6 in (4, 5):
        time.sleep(wait)
        os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def test_thirty_kills_and_the_run_is_the_same_bit_for_bit(tmp_path, springs):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    simulate(lithium(), springs(SITES), DynamicsConfig(**SETTINGS), out=whole)
    rng = np.random.default_rng(12)
    n_killed, longest = 0, 0
    for number in range(N_KILLS):
        n_killed += run_killed(parts, springs(SITES), number, rng)
        trajectory = parts / "trajectory.h5"
        if not trajectory.exists():
            continue
        with h5py.File(trajectory) as file:
            steps = file["particles/all/step"][()]
            frames = file["particles/all/position/value"][()]
        np.testing.assert_array_equal(steps, np.arange(0, 2 * len(steps), 2))
        assert np.isfinite(frames[: len(steps)]).all()
        longest = max(longest, len(steps))
        if (parts / "checkpoint.npz").exists():  # the trajectory is at least as new
            assert 2 * len(steps) > read_checkpoint(parts / "checkpoint.npz").step
            with open_trajectory(trajectory) as opened:
                assert opened.n_frames >= 1
    assert n_killed == N_KILLS
    assert 25 < longest < 351
    simulate(
        lithium(), springs(SITES), DynamicsConfig(**SETTINGS), out=parts, resume=True
    )
    ours, theirs = contents(parts), contents(whole)
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name] != theirs[name]] == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Disk of 2 MB in memory."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    disk = tmp_path / "disk"
    disk.mkdir()
    command = [str(mount), "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if (
        not mount
        or subprocess.run(command, check=False, capture_output=True).returncode
    ):
        pytest.skip("a small disk cannot be mounted here")
    yield disk
    subprocess.run([str(umount), "-l", str(disk)], check=True)


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory) -> Path:
    """Folder of a run that has room."""
    return tmp_path_factory.mktemp("whole")


FULL = DynamicsConfig(
    **{**SETTINGS, "n_steps": 1200, "every": 1, "checkpoint_every": 50}
)


@pytest.mark.parametrize("free_kB", [30, 180, 420, 700])
def test_full_disk_is_told_and_costs_nothing(
    tmp_path, small_disk, springs, whole_run, free_kB
):
    """The disk fills at the start, in the trajectory, in the log or at a checkpoint."""
    whole, run = whole_run, small_disk / "run"
    simulate(lithium(), springs(SITES), FULL, out=whole, resume=True)  # once
    filler = small_disk / "filler"
    filler.write_bytes(bytes(2 * 1024**2 - 1024 * free_kB))
    with pytest.raises(NotWrittenError, match="must fit on its disk") as caught:
        simulate(lithium(), springs(SITES), FULL, out=run)
    for words in ("No space left", str(run), "kept", "Make room and resume"):
        assert words in str(caught.value)
    if (run / "trajectory.h5").exists():
        with h5py.File(run / "trajectory.h5") as file:
            n_frames = len(file["particles/all/position/value"])
            assert file["particles/all/step"][()].tolist() == list(range(n_frames))
            values = file["particles/all/position/value"][()]
        with h5py.File(whole / "trajectory.h5") as file:
            truth = file["particles/all/position/value"][:n_frames]
        np.testing.assert_array_equal(values, truth)
    if free_kB == 700:
        step = read_checkpoint(run / "checkpoint.npz").step
        assert f"up to {step} are kept" in str(caught.value)
        assert n_frames > step > 100
    filler.unlink()
    shutil.copytree(run, tmp_path / "resumed")
    simulate(lithium(), springs(SITES), FULL, out=tmp_path / "resumed", resume=True)
    ours, theirs = contents(tmp_path / "resumed"), contents(whole)
    assert [name for name in theirs if ours[name] != theirs[name]] == []


def test_saved_velocities_and_forces_are_those_of_the_run(tmp_path, springs):
    settings = DynamicsConfig(**{**SETTINGS, "n_steps": 20, "every": 4})
    seen, potential = [], springs(SITES, k=2.0)
    simulate(lithium(), potential, settings, out=tmp_path, observers=[seen.append])
    assert potential.n_calls == 21  # saving asks for nothing
    with open_trajectory(tmp_path) as trajectory:
        assert trajectory.kept == {"velocities", "forces"}
        every = np.arange(6)
        momenta = np.array([frame.momenta for frame in seen])
        np.testing.assert_allclose(
            trajectory.velocities_A_per_ps(every) * trajectory.masses[:, None],
            momenta * 98.22694788464063,  # 1000 × ase.units.fs
            rtol=1e-12,
        )
        positions = next(trajectory.frames()).positions
        np.testing.assert_allclose(
            trajectory.forces(every), -2.0 * (positions - SITES), rtol=1e-12, atol=1e-13
        )
        np.testing.assert_array_equal(
            trajectory.forces(every[1::2]), trajectory.forces(every)[1::2]
        )


def test_half_a_line_of_the_event_log_costs_no_other(tmp_path):
    path = tmp_path / "events.jsonl"
    events = [Event(kind=k, step=0, time_ps=0.0, message="µ") for k in "abc"]
    for event in events[:2]:
        append_event(path, event)
    path.write_bytes(path.read_bytes()[:-9])
    append_event(path, events[2])
    assert [event.kind for event in read_events(path)] == ["a", "c"]
