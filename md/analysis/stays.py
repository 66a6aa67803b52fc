"""Stays of ions at sites: runs of frames, with recrossings taken out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class Stays:
    """Stays of all ions, in order of ion and time.

    Parameters
    ----------
    ions, sites
        (n,) ion and site of each stay; site −1 is outside all of them.
    starts, ends
        (n,) first frame, and first frame of the next stay (or number of frames).
    first, last
        (n,) whether it is the ion's first, or last, stay: its beginning, or end, was
        not seen.

    """

    ions: NDArray[np.int64]
    sites: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    first: NDArray[np.bool_]
    last: NDArray[np.bool_]

    @property
    def hops(self) -> NDArray[np.int64]:
        """(n, 4) ion, frame, from and to, in order of ion and time."""
        at = np.flatnonzero(~self.first)
        return np.stack(
            [self.ions[at], self.starts[at], self.sites[at - 1], self.sites[at]], axis=1
        )


class RunRecorder:
    """Runs of consecutive frames at one site, gathered block by block."""

    def __init__(self) -> None:
        self._last: NDArray[np.int64] | None = None
        self._events: list[NDArray[np.int64]] = []
        self._n_frames = 0

    @property
    def last(self) -> NDArray[np.int64] | None:
        """(k,) sites in the last frame."""
        return self._last

    def add(self, sites: NDArray[np.int64]) -> None:
        """Add (m, k) sites of k ions in consecutive frames."""
        before = np.empty_like(sites)
        before[1:] = sites[:-1]
        before[0] = sites[0] - 1 if self._last is None else self._last
        frame, ion = np.nonzero(sites != before)
        self._events.append(
            np.stack([ion, frame + self._n_frames, sites[frame, ion]], axis=1)
        )
        self._last = sites[-1].copy()
        self._n_frames += len(sites)

    def runs(self) -> tuple[NDArray[np.int64], int]:
        """(n, 3) ion, first frame and site, in order; and the number of frames."""
        events = np.concatenate(self._events)
        return events[np.lexsort((events[:, 1], events[:, 0]))], self._n_frames


def settled_stays(
    runs: NDArray[np.int64], n_frames: int, *, hold_frames: float
) -> Stays:
    """Stays that are left when short visits are taken out.

    Parameters
    ----------
    runs
        (n, 3) ion, first frame and site of every run, in order.
    n_frames
        Number of frames.
    hold_frames
        A run shorter than this is no stay: the ion remains where it was.

    Returns
    -------
    Stays
        An ion has moved in the first frame of the first long enough run at another
        site. Frames before its first such run belong to no stay.

    Examples
    --------
    >>> runs = np.array([[0, 0, 5], [0, 10, 6], [0, 11, 5], [0, 20, 7]])
    >>> settled_stays(runs, 30, hold_frames=2).hops.tolist()  # 6 was a visit
    [[0, 20, 5, 7]]

    """
    ends = np.empty(len(runs), dtype=np.int64)
    ends[:-1] = runs[1:, 1]
    is_last = np.append(runs[1:, 0] != runs[:-1, 0], True)
    ends[is_last] = n_frames
    kept = runs[ends - runs[:, 1] >= hold_frames * (1 - _ROUNDING)]
    if len(kept):
        same = (kept[1:, 0] == kept[:-1, 0]) & (kept[1:, 2] == kept[:-1, 2])
        kept = kept[np.append(True, ~same)]
    first = np.append(True, kept[1:, 0] != kept[:-1, 0])[: len(kept)]
    last = np.append(kept[1:, 0] != kept[:-1, 0], True)[: len(kept)]
    stop = np.full(len(kept), n_frames, dtype=np.int64)
    stop[:-1] = np.where(last[:-1], n_frames, kept[1:, 1])
    return Stays(
        ions=kept[:, 0], sites=kept[:, 2], starts=kept[:, 1], ends=stop,
        first=first, last=last,
    )  # fmt: skip
