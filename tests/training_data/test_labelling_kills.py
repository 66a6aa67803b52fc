"""kill -9 at any moment, also inside a write: the resumed file is the same."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.io import read, write

N_FRAMES = 30

QUEUE = textwrap.dedent(
    """
    import resource, signal, sys
    from ase.io import read
    from training_data import LabellingSettings, label_queue
    settings = LabellingSettings(code="slowcopper.Slow", functional="EMT")
    if len(sys.argv) > 1:  # the kernel ends the write at this byte, and the process
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
    label_queue(read("pool.extxyz", ":"), settings, "labels.extxyz")
    """
)
SLOW = textwrap.dedent(
    """
    import time
    from ase.calculators.emt import EMT
    class Slow(EMT):
        def calculate(self, *arguments):
            time.sleep(0.02)
            super().calculate(*arguments)
    """
)


@pytest.fixture
def start(tmp_path):
    rng = np.random.default_rng(3)
    frames = []
    for _ in range(N_FRAMES):
        atoms = bulk("Cu", cubic=True).repeat((2, 2, 1))
        atoms.positions += rng.normal(0.0, 0.08, atoms.positions.shape)
        frames.append(atoms)
    frames.insert(4, bulk("Fe"))  # fails: EMT has no iron
    write(tmp_path / "pool.extxyz", frames)
    (tmp_path / "slowcopper.py").write_text(SLOW, encoding="utf-8")

    def run(*arguments):
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        return subprocess.Popen(
            [sys.executable, "-c", QUEUE, *map(str, arguments)],
            cwd=tmp_path,
            env=environment,
        )

    return run


def _files(folder):
    names = ("labels.extxyz", "labels.failed.json")
    return {name: (folder / name).read_bytes() for name in names}


def _whole(start, folder):
    assert start().wait() == 0
    whole = _files(folder)
    assert whole["labels.extxyz"].count(b"frame_hash") == N_FRAMES
    for path in folder.glob("labels.*"):
        path.unlink()
    return whole


def test_ten_kills_four_of_them_inside_a_write(start, tmp_path):
    whole = _whole(start, tmp_path)
    labels = tmp_path / "labels.extxyz"
    size = len(whole["labels.extxyz"])
    chance = np.random.default_rng(11)
    torn = 0
    for kill in range(10):
        there = labels.stat().st_size if labels.exists() else 0
        inside = kill % 3 == 1 or kill == 9
        if inside and size - there > 4000:
            limit = there + int(chance.integers(2500, 4000))
            assert start(limit).wait() == -signal.SIGXFSZ
            torn += labels.read_bytes() != whole["labels.extxyz"][:there]
            assert labels.stat().st_size == limit
        else:
            process = start()
            deadline = time.monotonic() + 60
            wanted = there + int(chance.integers(1, 6000))
            while process.poll() is None and time.monotonic() < deadline:
                if labels.exists() and labels.stat().st_size >= wanted:
                    break
                time.sleep(chance.random() * 0.01)
            process.kill()
            process.wait()
    assert torn >= 3
    assert start().wait() == 0
    assert _files(tmp_path) == whole
    assert not (tmp_path / "labels.working").exists()


def test_calculation_ends_with_the_queue(start, tmp_path):
    process = start()
    deadline = time.monotonic() + 60
    while not (tmp_path / "labels.extxyz").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    children = subprocess.run(
        ["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=False
    ).stdout.split()
    process.kill()
    process.wait()
    assert children
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and any(map(_alive, children)):
        time.sleep(0.1)
    assert not any(map(_alive, children))


def _alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8")
    except FileNotFoundError:
        return False
    return state.rsplit(")", 1)[1].split()[0] != "Z"


def test_full_disk_leaves_the_file_whole(start, tmp_path):
    del start  # the fixture wrote the pool
    script = QUEUE.replace("signal.SIG_DFL", "signal.SIG_IGN")
    limit = 20_000
    done = subprocess.run(
        [sys.executable, "-c", script, str(limit)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "File too large" in done.stderr
    labels = tmp_path / "labels.extxyz"
    n_labels = labels.read_bytes().count(b"frame_hash")
    assert n_labels > 2
    assert len(read(labels, ":")) == n_labels
