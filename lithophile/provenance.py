"""Provenance: what a run was made with and from."""

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from mlip.model_card import file_sha256

PACKAGES = (
    "lithophile",
    "ase",
    "chgnet",
    "dftd3",
    "h5py",
    "mace-torch",
    "matplotlib",
    "numpy",
    "pymatgen",
    "scipy",
    "torch",
)


def provenance(
    *, command: str, seeds: Mapping[str, int], inputs: Mapping[str, Path | None]
) -> dict[str, Any]:
    """Record of versions, commit, seeds, input hashes, machine and time.

    Parameters
    ----------
    command
        Name of the command that makes the run, as on the command line.
    seeds
        Seeds of the random generators by what they drive.
    inputs
        Files that were read, by role; ``None`` where a role has no file.

    """
    return {
        "command": command,
        "arguments": sys.argv[1:],
        "started": datetime.now(tz=UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "commit": commit(),
        "seeds": dict(seeds),
        "inputs": {
            role: {"path": str(path), "sha256": file_sha256(path)}
            for role, path in inputs.items()
            if path is not None and Path(path).is_file()
        },
        "host": {
            "system": platform.platform(),
            "python": platform.python_version(),
            "processor": processor(),
            "n_cores": os.cpu_count(),
            "threads": os.environ.get("OMP_NUM_THREADS", "default"),
        },
    }


def versions() -> dict[str, str]:
    """Installed versions of this program and of what its numbers depend on."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "absent"
    return found


def commit() -> str | None:
    """Git commit of the source tree; ``None`` when installed without one."""
    root = Path(__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        answer = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None


def processor() -> str:
    """Name of the processor, as far as the system tells."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
