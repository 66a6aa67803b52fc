"""The real program in a process of its own, as a user runs it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Answer:
    """What the program said."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self):
        """The one JSON object on stdout."""
        return json.loads(self.stdout)

    @property
    def message(self):
        """The one message, which is all there is on stderr for wrong input."""
        return self.stderr.strip()


@pytest.fixture
def lithophile(tmp_path):
    """Run ``lithophile`` in an empty folder; on failure all it said is shown."""

    def run(*arguments, code=0, cwd=tmp_path):
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "200"}
        command = [sys.executable, "-m", "lithophile", *map(str, arguments)]
        done = subprocess.run(
            command,
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
        return Answer(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def labels(tmp_path):
    """Write a small, sound file of labels that a test may spoil."""
    frames = []
    for i in range(3):
        comment = (
            'Lattice="5.1 0 0 0 5.1 0 0 0 5.1" '
            "Properties=species:S:1:pos:R:3:REF_forces:R:3 "
            f"REF_energy={-7.0 - 0.01 * i} functional=PBE code=toy config_type=LiCl "
            f'parent=toy-{i} group_id=toy-{i}/a pbc="T T T"'
        )
        atoms = ["Li 0.0 0.0 0.0 0.0 0.0 0.1", f"Cl 2.5 0.0 {0.1 * i:.1f} 0.0 0.0 -0.1"]
        frames += ["2", comment, *atoms]
    path = tmp_path / "labels.extxyz"
    path.write_text("\n".join(frames) + "\n", encoding="utf-8")
    return path


def files_below(folder: Path):
    """Relative paths of everything in a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
