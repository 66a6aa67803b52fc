"""Runs that cannot go on as asked, and signals that come before the first step."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ase.build import bulk
from ase.io import write

from lithophile.run_folder import RunFolder

MD = ("md", "--config", "quick.yaml", "--structure", "licl.extxyz", "--every", "5")


@pytest.fixture
def salt(tmp_path):
    """Write a small salt, the same cell again in another file, and fast settings."""
    salt = bulk("LiCl", "rocksalt", a=5.1, cubic=True)
    write(tmp_path / "licl.extxyz", salt)
    write(tmp_path / "other.extxyz", salt * (2, 1, 1))
    (tmp_path / "quick.yaml").write_text("start_check: false\n", "utf-8")
    return tmp_path


def contents(folder):
    return {p: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("many", [(), ("--seeds", "1 2", "--temperatures", "300")])
def test_another_structure_is_refused_and_nothing_changes(salt, lithophile, many):
    plateau = ("--stop-on-plateau", "energy", "--plateau", "0.5")
    lithophile(*MD, "--steps", "10", *many, *plateau, "--out", "run")
    before = contents(salt / "run")
    told = lithophile(
        *("md", "--out", "run", "--resume", "--structure", "other.extxyz"),
        *("--steps", "20"),
        code=2,
    )
    assert "structure (another file, or edited)" in told.message
    assert told.message.count("must be those the run was started with") == 1
    assert contents(salt / "run") == before


def test_replicas_do_not_resume_below_the_steps_of_one_of_them(salt, lithophile):
    lithophile(*MD, "--steps", "10", "--seeds", "1 2", "--out", "run")
    lithophile("md", "--out", "run/replica-01", "--resume", "--steps", "20")
    before = contents(salt / "run")
    told = lithophile("md", "--out", "run", "--resume", "--steps", "15", code=2)
    assert told.message.count("n_steps (20, now 15)") == 1
    assert "replica-01" in told.message
    assert contents(salt / "run") == before


def test_a_crash_before_the_first_step_leaves_the_settings_as_they_were(tmp_path):
    folder = RunFolder(tmp_path)
    (tmp_path / "config.yaml").write_text("old: 1\n", "utf-8")

    def crash():
        with folder.cleared(resume=True):
            (tmp_path / "config.yaml").write_text("new: 1\n", "utf-8")
            raise RuntimeError("crash")

    with pytest.raises(RuntimeError):
        crash()
    assert (tmp_path / "config.yaml").read_text("utf-8") == "old: 1\n"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("--temperature", "400", "--temperatures", "300 350"), "--temperature must"),
        (("--plateau", "3"), "--plateau must come with --stop-on-plateau"),
        (("--config", "mobile.yaml"), "mobile must be the symbol of an element"),
    ],
)
def test_what_would_be_ignored_is_refused(salt, lithophile, given, words):
    (salt / "mobile.yaml").write_text("mobile: Lu2\n", "utf-8")
    told = lithophile(*MD[:1], *MD[3:], *given, "--out", "run", code=2)
    assert words in told.message
    assert not (salt / "run").exists()


@pytest.mark.usefixtures("salt")
def test_a_run_whose_last_step_is_not_saved_says_so(lithophile):
    told = lithophile(*MD, "--steps", "7", "--out", "run")
    assert "the last saved frame is that of step 5" in told.stderr


@pytest.mark.parametrize(
    ("number", "wait_s"), [(signal.SIGTERM, 0.0), (signal.SIGUSR1, 0.9)]
)
def test_a_signal_during_the_start_ends_with_seventy_five(salt, number, wait_s):
    """The handlers are there once the program itself is loaded, in half a second."""
    process = subprocess.Popen(
        [sys.executable, "-m", "lithophile", *MD, "--steps", "100000", "--out", "run"],
        cwd=salt,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not _catches(process.pid, number) and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(wait_s)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 75, told
    assert "Traceback" not in told
    if "before the first step" in told:
        assert told.count("\n") == 1
        assert not (salt / "run").exists()


def _catches(pid: int, number: int) -> bool:
    """Whether a process has a handler for a signal."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("SigCgt:"):
            return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    return False
