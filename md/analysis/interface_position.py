"""Where the electrolyte ends and the metal begins, frame by frame."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from md.analysis.pairs import complete_cell
from md.analysis.phase_labels import (
    ALLOY,
    ELECTROLYTE,
    FILM,
    METAL,
    PhaseLabeller,
    PhaseRule,
)
from md.trajectory import Trajectory

SIDES = (-1, 1)
"""Below and above the electrolyte."""
_WIDEST_GAP_A = 6.0
_COLUMN_A = 5.0


@dataclass(frozen=True, kw_only=True)
class InterfaceFrame:
    """Phases and boundaries of one frame.

    Parameters
    ----------
    index
        Frame.
    labels
        (n,) phase of every atom, an index into `PHASES`.
    heights_A
        (n,) height over the middle of the electrolyte along the normal of the plane of
        a and b, within half a period, Å.
    reach_A
        Largest such height: half of the period along the normal, Å.
    area_A2
        Area of the cell in that plane.
    electrolyte_A, metal_A
        (2,) distance of the boundary of the electrolyte and of that of the metal from
        the middle of the electrolyte, below and above, Å; NaN without a contact.
    roughness_A
        (2,) standard deviation of the boundary of the electrolyte between columns of
        about 5 Å, Å; NaN where the cell is narrower than two columns.

    """

    index: int
    labels: NDArray[np.int8]
    heights_A: NDArray[np.float64]
    reach_A: float
    area_A2: float
    electrolyte_A: NDArray[np.float64]
    metal_A: NDArray[np.float64]
    roughness_A: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Arrays of a frame are not written to."""
        self.labels.setflags(write=False)

    @property
    def contacts(self) -> NDArray[np.bool_]:
        """(2,) whether there is metal below and above the electrolyte."""
        return np.isfinite(self.metal_A)


def interface_frames(
    trajectory: Trajectory,
    *,
    rule: PhaseRule,
    stride: int = 1,
    start: int = 0,
) -> Iterator[InterfaceFrame]:
    r"""Phases and boundaries along a trajectory.

    Parameters
    ----------
    trajectory
        Read once, in blocks.
    rule
        What makes an atom part of a phase.
    stride, start
        Every how many frames, from which on.

    Yields
    ------
    InterfaceFrame
        In order of time.

    Notes
    -----
    The middle of the electrolyte is the circular mean of the heights of its cations
    and anions, so that it moves with them and may cross the boundary of the cell.

    A boundary is the step between two phases that misplaces the fewest atoms:

    .. math:: u^* = \arg\min_u \big[ \#\{i : u_i < u, i \notin P\}
              + \#\{i : u_i > u, i \in P\} \big]

    with u the distance from the middle and P the electrolyte (for the boundary of the
    metal: everything that is neither metal nor alloy). Where several steps are as
    good, their middle is taken. Single atoms far away do not move it.

    A side has a contact when metal lies within 6 Å of what is not metal, so that a
    vacuum is none.

    """
    labeller = PhaseLabeller(trajectory.initial, rule=rule)
    for chunk in trajectory.frames(start=start, stride=stride):
        for index, positions, cell in zip(
            chunk.indices.tolist(), chunk.positions, chunk.cells, strict=True
        ):
            labels = labeller.labels(positions, cell)
            host = (labels == ELECTROLYTE) & ~labeller.of["metal"]
            yield _frame(
                index,
                positions,
                complete_cell(cell),
                labels,
                host=host if host.any() else labeller.of["anion"],
                periodic=bool(trajectory.pbc[2]),
            )


def step(
    distances_A: NDArray[np.float64], inside: NDArray[np.bool_]
) -> tuple[float, int]:
    """Distance that best divides what is inside from what is not, and the misplaced.

    Parameters
    ----------
    distances_A
        (n,) Å.
    inside
        (n,) which should be below the boundary.

    Examples
    --------
    >>> step(np.array([1.0, 2, 3, 5, 6]), np.array([1, 1, 1, 0, 0], dtype=bool))
    (4.0, 0)

    """
    if not len(distances_A):
        return float("nan"), 0
    order = np.argsort(distances_A)
    d, p = distances_A[order], inside[order]
    cost = np.concatenate([[0], np.cumsum(~p)])
    cost = cost + (p.sum() - np.concatenate([[0], np.cumsum(p)]))
    best = np.flatnonzero(cost == cost.min())
    edges = np.concatenate([[d[0]], (d[1:] + d[:-1]) / 2, [d[-1]]])
    return float(edges[best].mean()), int(cost.min())


def _frame(
    index: int,
    positions: NDArray[np.float64],
    box: NDArray[np.float64],
    labels: NDArray[np.int8],
    *,
    host: NDArray[np.bool_],
    periodic: bool,
) -> InterfaceFrame:
    normal = np.cross(box[0], box[1])
    area = float(np.linalg.norm(normal))
    normal = normal / area
    heights = positions @ normal
    if periodic:
        period = abs(float(box[2] @ normal))
        phase = np.exp(2j * np.pi * heights / period)
        middle = float(np.angle(phase[host].mean())) * period / (2 * np.pi)
        relative = heights - middle
        relative -= period * np.round(relative / period)
        half = period / 2
    else:
        middle = float(heights[host].mean())
        relative = heights - middle
        half = float(np.abs(relative).max(initial=0.0))
    metallic = (labels == METAL) | (labels == ALLOY)
    lateral = positions @ np.linalg.inv(box)[:, :2]
    electrolyte, metal, rough = (np.full(2, np.nan) for _ in range(3))
    for side, sign in enumerate(SIDES):
        here = (sign * relative > 0) & (sign * relative <= half)
        distances = sign * relative[here]
        if not len(distances):
            continue
        electrolyte[side], _ = step(distances, labels[here] == ELECTROLYTE)
        if _touches(distances, labels[here]):
            boundary, _ = step(distances, ~metallic[here])
            metal[side] = max(boundary, electrolyte[side])
        rough[side] = _roughness(
            distances, labels[here] == ELECTROLYTE, lateral[here], box
        )
    return InterfaceFrame(
        index=index,
        labels=labels,
        heights_A=relative,
        reach_A=half,
        area_A2=area,
        electrolyte_A=electrolyte,
        metal_A=metal,
        roughness_A=rough,
    )


def _touches(distances: NDArray[np.float64], labels: NDArray[np.int8]) -> bool:
    """Whether metal follows upon salt without a vacuum between them."""
    metal = distances[labels == METAL]
    salt = distances[(labels == ELECTROLYTE) | (labels == FILM)]
    if not len(metal) or not len(salt):
        return False
    order = np.sort(distances)
    top, bottom = np.median(salt), np.median(metal)
    between = order[(order >= min(top, bottom)) & (order <= max(top, bottom))]
    return bool(np.diff(between).max(initial=0.0) < _WIDEST_GAP_A)


def _roughness(
    distances: NDArray[np.float64],
    inside: NDArray[np.bool_],
    lateral: NDArray[np.float64],
    box: NDArray[np.float64],
) -> float:
    n_1, n_2 = (
        max(1, int(np.linalg.norm(vector) / _COLUMN_A + 0.5)) for vector in box[:2]
    )
    if n_1 * n_2 == 1:
        return float("nan")
    place = np.floor((lateral % 1.0) * (n_1, n_2)).astype(int) % (n_1, n_2)
    column = place[:, 0] * n_2 + place[:, 1]
    ends = [
        step(distances[column == c], inside[column == c])[0] for c in range(n_1 * n_2)
    ]
    return float(np.nanstd(ends, ddof=1)) if np.isfinite(ends).sum() > 1 else np.nan
