"""What happened during a run, one line of JSON each."""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something worth knowing about one step of a run.

    Parameters
    ----------
    kind
        ``started``, ``checked``, ``resumed``, ``preempted``, ``finished``,
        ``plateau``; the guard
        that tripped: ``not_finite``, ``impossible_distance``,
        ``impossible_displacement``, ``runaway_temperature``, ``escaped_atom``,
        ``energy_drift``, ``runaway_volume``, ``committee_disagreement``; or
        ``rolled_back`` and ``recovered`` after one.
    step, time_ps
        When.
    message
        One sentence for people.
    atoms
        Indices of the atoms concerned.
    value, threshold, unit
        What was measured and its limit, where there is one.
    returned_to
        Step that a roll back went to because of this event.

    """

    kind: str
    step: int
    time_ps: float
    message: str
    atoms: tuple[int, ...] = ()
    value: float | None = None
    threshold: float | None = None
    unit: str | None = None
    returned_to: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain dictionary; numbers that are not finite become strings."""
        plain = asdict(self)
        plain["atoms"] = list(self.atoms)
        if self.returned_to is None:
            del plain["returned_to"]
        for key in ("value", "threshold"):
            number = plain[key]
            if number is not None and number - number != 0:
                plain[key] = str(number)
        return plain


def append_event(path: Path, event: Event) -> None:
    """Add one line to an event log; half a line, left by a kill, stays by itself."""
    line = json.dumps(event.to_json(), ensure_ascii=False) + "\n"
    with path.open("ab+") as stream:
        if stream.tell():
            stream.seek(-1, os.SEEK_END)
            line = line if stream.read() == b"\n" else "\n" + line
        stream.write(line.encode())


def read_events(path: Path) -> tuple[Event, ...]:
    """All complete lines of an event log; none when there is no file."""
    if not path.exists():
        return ()
    return tuple(_parse(path.read_text(encoding="utf-8").splitlines()))


def _parse(lines: Iterable[str]) -> Iterable[Event]:
    for line in lines:
        try:
            plain = json.loads(line)
        except json.JSONDecodeError:  # the line that a kill cut short
            continue
        plain["atoms"] = tuple(plain["atoms"])
        for key in ("value", "threshold"):
            if isinstance(plain[key], str):
                plain[key] = float(plain[key])
        yield Event(**plain)
