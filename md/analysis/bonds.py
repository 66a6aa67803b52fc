"""Bonds with hysteresis: formed when short, broken when long for long enough."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from md.analysis.pairs import PairBlock

_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class BondCriterion:
    """When a bond forms and when it breaks.

    Parameters
    ----------
    form_A
        A bond forms at this distance or below, Å.
    break_A
        It breaks beyond this distance, Å, ...
    hold_ps
        ... once the distance has stayed beyond for this time, ps. The bond then
        counts as broken since the first frame of that stay.

    """

    form_A: float
    break_A: float
    hold_ps: float


@dataclass
class BondHistory:
    """Bonds of every centre, followed frame by frame.

    Parameters
    ----------
    criterion
        When bonds form and break.
    n_centres, n_ligands
        Numbers of atoms.
    times_ps
        (n_frames,) ps.

    Notes
    -----
    Feed every `PairBlock` in order to `advance`; blocks must be complete up to
    `criterion.break_A`. Memory grows with the bonds, not with pairs times frames.
    A centre is *bare* from the moment its last bond broke until a bond forms again;
    a centre that never had a bond is not bare.

    """

    criterion: BondCriterion
    n_centres: int
    n_ligands: int
    times_ps: NDArray[np.float64]
    bare: list[tuple[int, int, int | None]] = field(default_factory=list)
    """(centre, first frame, first frame bonded again or None), in order of time."""
    initially_unbonded: NDArray[np.int64] = field(
        default_factory=lambda: np.empty(0, dtype=np.int64)
    )
    """Centres without a bond in the first frame."""

    def __post_init__(self) -> None:
        """Start without bonds."""
        self._keys = np.empty(0, dtype=np.int64)
        self._since = np.empty(0, dtype=np.int64)
        self._counts = np.zeros(self.n_centres, dtype=np.int64)
        self._change = np.zeros(len(self.times_ps) + 1, dtype=np.int64)
        self._open: dict[int, int] = {}

    @property
    def n_unconfirmed(self) -> int:
        """Bonds that are beyond the break distance, but not yet for long enough."""
        return int((self._since >= 0).sum())

    def mean_coordination(self) -> NDArray[np.float64]:
        """(n_frames,) bonds per centre."""
        bonds = np.cumsum(self._change[:-1])
        return np.asarray(bonds / max(self.n_centres, 1), dtype=float)

    def n_bare(self, centres: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """(n_frames,) centres that have lost their last bond.

        Parameters
        ----------
        centres
            (n_centres,) those to count; all by default.

        """
        change = np.zeros(len(self.times_ps) + 1, dtype=np.int64)
        for centre, start, end in self.bare:
            if centres is None or centres[centre]:
                change[start] += 1
                change[len(self.times_ps) if end is None else end] -= 1
        return np.cumsum(change[:-1])

    def advance(self, block: PairBlock) -> None:
        """Follow the bonds through the frames of a block."""
        rule = self.criterion
        bonded = np.isin(block.keys, self._keys, assume_unique=True)
        short = (block.distances <= rule.form_A).any(axis=0)
        long = (block.distances > rule.break_A).any(axis=0)
        # Bonds that left the list of near pairs are beyond any cutoff in it.
        gone = np.setdiff1d(self._keys, block.keys, assume_unique=True)
        pending = self._keys[self._since >= 0]
        active = np.where(bonded, long | np.isin(block.keys, pending), short)
        if not active.any() and not len(gone):
            self._note_start(block.frames)
            return
        keys = np.concatenate([block.keys[active], gone])
        distances = np.full((len(block.frames), len(keys)), np.inf)
        distances[:, : int(active.sum())] = block.distances[:, active]
        held = np.isin(keys, self._keys, assume_unique=True)
        since = np.full(len(keys), -1, dtype=np.int64)
        since[held] = self._since[np.searchsorted(self._keys, keys[held])]
        for frame, row in zip(block.frames.tolist(), distances, strict=True):
            self._step(frame, row, keys, held, since)
        untouched = ~np.isin(self._keys, keys, assume_unique=True)
        merged = np.concatenate([self._keys[untouched], keys[held]])
        order = np.argsort(merged)
        self._keys = merged[order]
        self._since = np.concatenate([self._since[untouched], since[held]])[order]

    def _step(
        self,
        frame: int,
        distances: NDArray[np.float64],
        keys: NDArray[np.int64],
        held: NDArray[np.bool_],
        since: NDArray[np.int64],
    ) -> None:
        """One frame; `held` and `since` are updated."""
        rule = self.criterion
        formed = ~held & (distances <= rule.form_A)
        for key in keys[formed].tolist():
            centre = key // self.n_ligands
            if self._counts[centre] == 0 and centre in self._open:
                event = self._open.pop(centre)
                self.bare[event] = (centre, self.bare[event][1], frame)
            self._counts[centre] += 1
        self._change[frame] += int(formed.sum())
        held |= formed
        self._note_start(np.array([frame]))
        beyond = held & (distances > rule.break_A)
        since[beyond & (since < 0)] = frame
        since[~beyond] = -1
        stay = self.times_ps[frame] - self.times_ps[since]
        broken = beyond & (stay >= rule.hold_ps * (1 - _ROUNDING))
        for at in np.flatnonzero(broken).tolist():
            centre = int(keys[at]) // self.n_ligands
            self._counts[centre] -= 1
            self._change[since[at]] -= 1
            if self._counts[centre] == 0:
                of_centre = broken & (keys // self.n_ligands == centre)
                self._open[centre] = len(self.bare)
                self.bare.append((centre, int(since[of_centre].max()), None))
        held &= ~broken
        since[broken] = -1

    def _note_start(self, frames: NDArray[np.int64]) -> None:
        if frames[0] == 0:
            self.initially_unbonded = np.flatnonzero(self._counts == 0)
