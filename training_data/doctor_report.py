"""Findings of the doctor and the verdict that follows from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Severity = Literal["ok", "warn", "fail", "untested"]
MOST_FRAMES = 200


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one check has found.

    Parameters
    ----------
    check
        Name of the check.
    severity
        ``"ok"``, ``"warn"``, ``"fail"``, or ``"untested"`` where the data do not allow
        the check; the verdict is the worst of the first three.
    message
        What was found, with numbers and the remedy.
    frames
        Indices of the frames concerned, counted through all files; at most 200.
    n_frames
        How many frames are concerned.

    """

    check: str
    severity: Severity
    message: str
    frames: tuple[int, ...] = ()
    n_frames: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the finding as plain values."""
        return {
            "check": self.check,
            "severity": self.severity,
            "frames": list(self.frames),
            "n_frames": self.n_frames,
            "message": self.message,
        }


def finding(
    check: str, severity: Severity, message: str, frames: Sequence[int] = ()
) -> Finding:
    """Make a finding about frames, of which the first are kept.

    Parameters
    ----------
    check, severity, message
        As of `Finding`.
    frames
        All frames concerned.

    Examples
    --------
    >>> finding("close_atoms", "warn", "0.5 Å", range(1000)).n_frames
    1000

    """
    concerned = sorted({int(index) for index in frames})
    return Finding(
        check=check,
        severity=severity,
        message=message,
        frames=tuple(concerned[:MOST_FRAMES]),
        n_frames=len(concerned),
    )


@dataclass(frozen=True, kw_only=True)
class PairCoverage:
    """Distances at which two elements meet in a data set.

    Parameters
    ----------
    elements
        The two elements.
    n_pairs
        Pairs closer than the cutoff, in all frames.
    shortest_A
        Shortest of their distances [Å]; infinite where they never meet.
    emptiest_A
        Widest interval without a pair, between the shortest distance and the cutoff
        [Å].
    histogram
        Pairs in bins of 0.1 Å from 0 to 4.5 Å.

    """

    elements: tuple[str, str]
    n_pairs: int
    shortest_A: float
    emptiest_A: float
    histogram: tuple[int, ...] = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """Numbers of the pair."""
        return {
            "pair": "-".join(self.elements),
            "n_pairs": self.n_pairs,
            "shortest_A": self.shortest_A if np.isfinite(self.shortest_A) else None,
            "emptiest_A": self.emptiest_A,
        }


@dataclass(frozen=True, kw_only=True)
class DoctorReport:
    """Health of a set of labelled configurations.

    Parameters
    ----------
    findings
        One or more of every check, the worst first.
    n_frames
        Configurations read.
    n_atoms
        Atoms in all of them.
    elements
        Chemical symbols.
    pairs
        Distances at which each pair of elements meets.
    measured
        Numbers behind the findings, such as the factors found for stress and energy.

    """

    findings: tuple[Finding, ...]
    n_frames: int
    n_atoms: int
    elements: tuple[str, ...]
    pairs: tuple[PairCoverage, ...] = ()
    measured: Mapping[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> Literal["ok", "warn", "fail"]:
        """Worst severity of all findings."""
        found = {each.severity for each in self.findings}
        if "fail" in found:
            return "fail"
        return "warn" if "warn" in found else "ok"

    def of(self, check: str) -> tuple[Finding, ...]:
        """Return the findings of one check."""
        return tuple(each for each in self.findings if each.check == check)

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {
            "verdict": self.verdict,
            "findings": [each.to_json() for each in self.findings],
            "n_frames": self.n_frames,
            "n_atoms": self.n_atoms,
            "elements": list(self.elements),
            "pairs": [each.to_json() for each in self.pairs],
            "measured": dict(self.measured),
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Plot at which distances the elements meet.

        Parameters
        ----------
        ax
            Axes to draw on; new ones where none are given.

        """
        from matplotlib.figure import Figure

        axis = Figure(layout="constrained").subplots() if ax is None else ax
        shown = [pair for pair in self.pairs if pair.n_pairs] or list(self.pairs)
        rows = np.array([pair.histogram for pair in shown], dtype=float)
        image = axis.imshow(
            np.log10(np.where(rows > 0, rows, np.nan)),
            aspect="auto",
            extent=(0, rows.shape[1] * 0.1, len(shown) - 0.5, -0.5),
            cmap="viridis",
            interpolation="none",
        )
        axis.set_yticks(range(len(shown)), ["–".join(p.elements) for p in shown])
        axis.set_xlabel("distance [Å]")
        axis.set_xlim(1.0, rows.shape[1] * 0.1)
        bar = axis.figure.colorbar(image, ax=axis)
        bar.set_label("log10 of the pairs per 0.1 Å")
        return axis
