"""A disk that takes no more ends a run with one message, not with a traceback."""

import os
import resource
import signal
import subprocess
import sys

import pytest
from ase.io import write

from structures import build_prototype

LIMIT_BYTES = 250_000


def small_files() -> None:
    """Let the kernel refuse files that grow beyond a limit (EFBIG)."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT_BYTES, LIMIT_BYTES))


@pytest.mark.skipif(sys.platform != "linux", reason="limit of file sizes")
def test_full_disk_is_one_message_and_exit_code_1(tmp_path):
    crystal = build_prototype("LiCl").repeat((3, 3, 3))
    write(tmp_path / "licl.extxyz", crystal, format="extxyz")
    (tmp_path / "md.yaml").write_text("start_check: false\ndtype: float32\n")
    done = subprocess.run(
        [sys.executable, "-m", "lithophile", "md", "--structure", "licl.extxyz",
         "--config", "md.yaml", "--steps", "400", "--every", "1", "--out", "run"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        preexec_fn=small_files, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("lithophile: ") == 1
    assert " kept" in done.stderr
