"""Energies and temperature of the saved steps, as a table anyone can open."""

import csv
import os
from pathlib import Path

from md.dynamics.frame import Frame

COLUMNS = (
    "step",
    "time_ps",
    "temperature_K",
    "potential_energy_eV",
    "kinetic_energy_eV",
    "total_energy_eV",
    "min_distance_A",
)
SPREAD = "max_force_spread_eV_per_A"


class EnergyLog:
    """Writer of ``log.csv``; each row is on its way to the disk when it is written.

    Parameters
    ----------
    path
        The file.
    keep_to
        Step up to which rows of an earlier run are kept; None starts anew.
    with_spread
        Whether a last column tells the disagreement of a committee.

    """

    def __init__(
        self, path: Path, *, keep_to: int | None = None, with_spread: bool = False
    ) -> None:
        self._with_spread = with_spread
        kept: list[str] = []
        if keep_to is not None and path.exists():
            rows = path.read_text(encoding="utf-8").splitlines(keepends=True)[1:]
            kept = [r for r in rows if r.endswith("\n") and _step(r) <= keep_to]
        partial = path.with_suffix(".csv.partial")
        header = ",".join((*COLUMNS, SPREAD) if with_spread else COLUMNS)
        partial.write_text(header + "\n" + "".join(kept), encoding="utf-8")
        partial.replace(path)
        self._stream = path.open("a", encoding="utf-8", newline="")

    def append(self, frame: Frame) -> None:
        """Add one row; numbers keep all their digits."""
        numbers: tuple[float, ...] = (
            frame.time_ps,
            frame.temperature_K,
            frame.potential_energy,
            frame.kinetic_energy,
            frame.total_energy,
            frame.min_distance_A,
        )
        if self._with_spread and frame.max_force_spread_eV_per_A is not None:
            numbers += (frame.max_force_spread_eV_per_A,)
        cells = [str(frame.step), *(repr(float(number)) for number in numbers)]
        self._stream.write(",".join(cells) + "\n")
        self._stream.flush()

    def sync(self) -> None:
        """Wait until the rows are on the disk."""
        os.fsync(self._stream.fileno())

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


def _step(row: str) -> int:
    return int(row.split(",", 1)[0])


def logged_steps(path: Path) -> list[int]:
    """Give the steps of the whole rows of a ``log.csv``; none when there is no file."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8", errors="replace")
    rows = [row for row in text.splitlines(keepends=True)[1:] if row.endswith("\n")]
    steps = [row.split(",", 1)[0] for row in rows]
    return [int(step) for step in steps if step.isdecimal()]


def read_log(path: Path) -> dict[str, list[float]]:
    """Columns of a ``log.csv``, by name."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    names = [name for name in (*COLUMNS, SPREAD) if not rows or name in rows[0]]
    return {name: [float(row[name]) for row in rows] for name in names}
