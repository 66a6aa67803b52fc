"""Nothing that a library prints may reach stdout, where --json has one object."""

import os
import subprocess
import sys

from mlip import use_threads
from mlip.cpu import available_cores, keep_freed_memory

PROGRAM = """
import os, sys
import mlip
assert "torch" not in sys.modules, "import mlip must be cheap"
from mlip.mace_model import build_mace
from mlip.mace_import import import_mace
import_mace()
assert "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD" not in os.environ
mlip.load_potential("chgnet")
"""


def test_imports_are_cheap_quiet_and_leave_torch_load_safe() -> None:
    """mace-torch prints a notice, and lets every torch.load execute code."""
    name = "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"
    environment = {k: v for k, v in os.environ.items() if k != name}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""


def test_threads_are_set_as_asked() -> None:
    before = use_threads()
    assert use_threads(1) == 1
    assert use_threads(before) == before
    assert available_cores() >= 1


def test_memory_setting_answers_on_every_system() -> None:
    assert keep_freed_memory() in (True, False)
