"""Every benchmark of the project, one after the other: ``make bench``.

Ratios are measured within one run, since machines are noisy.
"""

import subprocess
import sys
from pathlib import Path

BENCHMARKS = (
    ("loading.py",),
    ("md_step.py", "--threads", "1"),
    ("md_step.py", "--threads", "2"),
    ("md_engine.py", "--threads", "1"),
    ("trajectory_writing.py",),
    ("msd.py",),
    ("dissolution_film.py",),
    ("ordering.py",),
    ("relaxation.py", "--threads", "1"),
    ("barriers.py", "--images", "3"),
    ("screening_speed.py",),
    ("doctor.py",),
    ("labelling.py",),
    ("training.py",),
    ("replicas.py", "--threads", "1", "--steps", "2", "--network-only"),
)


def main() -> int:
    """Run all and return the largest exit status."""
    here = Path(__file__).parent
    return max(
        subprocess.run(  # noqa: S603 (our own files)
            [sys.executable, str(here / name), *options], check=False
        ).returncode
        for name, *options in BENCHMARKS
    )


if __name__ == "__main__":
    sys.exit(main())
