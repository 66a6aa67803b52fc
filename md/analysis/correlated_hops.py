"""Whether hops come together: hops near in time and space against chance."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from md.analysis.plain import plain
from md.analysis.site_occupation import SiteOccupationResult
from md.analysis.sites import shortest_distances
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True)
class CorrelatedHopsResult:
    """Hops with a hop of another ion close by and soon, against independent ions.

    Parameters
    ----------
    species, n_hops
        What moves and how often.
    window_ps, distance_A
        What soon and close by mean.
    accompanied_fraction
        Share of hops with a hop of another ion; None without hops.
    expected_fraction, expected_interval
        The same when every ion's hops are shifted in time by a random amount, which
        keeps each ion's motion and destroys what ions do together: mean and central
        95 % of the shuffles.
    p_value
        Share of shuffles with at least as many (with the true order counted in).
    following_fraction
        Share of hops into a site that another ion has left within the window.
    n_shuffles
        Number of shuffles.

    """

    species: str
    n_hops: int
    window_ps: float
    distance_A: float
    accompanied_fraction: float | None
    expected_fraction: float | None
    expected_interval: tuple[float, float] | None
    p_value: float | None
    following_fraction: float | None
    n_shuffles: int

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        return dict(plain(self))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Share of accompanied hops beside what chance gives.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(4, 3.4), layout="constrained").subplots()
        if self.accompanied_fraction is None or self.expected_interval is None:
            ax.annotate("no hops", (0.5, 0.5), xycoords="axes fraction", ha="center")
            return ax
        expected = self.expected_fraction or 0.0
        low, high = self.expected_interval
        ax.bar([0], [self.accompanied_fraction], color="C0", width=0.6)
        ax.bar([1], [expected], color="0.75", width=0.6)
        ax.errorbar([1], [expected], [[expected - low], [high - expected]],
                    color="0.3", capsize=4)  # fmt: skip
        ax.set_xticks([0, 1], ["observed", "independent ions"])
        ax.set(ylabel=f"Hops with another within {self.window_ps:g} ps, "
               f"{self.distance_A:g} Å", ylim=(0, None))  # fmt: skip
        return ax


def correlated_hops(
    occupation: SiteOccupationResult,
    *,
    window_ps: float = 1.0,
    distance_A: float = 5.0,
    n_shuffles: int = 200,
    rng: np.random.Generator | None = None,
) -> CorrelatedHopsResult:
    """Hops that are accompanied by a hop of another ion.

    Parameters
    ----------
    occupation
        Stays of the ions.
    window_ps
        Two hops within this time may belong together, ps.
    distance_A
        ... when an end of one is within this distance of an end of the other, Å.
    n_shuffles
        How often the ions' hops are shifted against each other.
    rng
        Draws the shifts; by default of seed 0.

    Returns
    -------
    CorrelatedHopsResult
        Observed and expected shares.

    Raises
    ------
    InputError
        If a window is not positive.

    Notes
    -----
    The hops of every ion are shifted by one random time, around the end of the run to
    its start: rates, returns and places of each ion stay, and only what ions do
    together is lost. The p-value is (1 + shuffles as large) / (1 + shuffles).

    """
    for name, value in (("window_ps", window_ps), ("distance_A", distance_A)):
        if not value > 0:
            raise InputError(f"{name} must be positive; got {value!r}. Give a size.")
    moves = occupation.stays.hops
    moves = moves[(moves[:, 2:] >= 0).all(axis=1)]
    used, place = np.unique(moves[:, 2:], return_inverse=True)
    ends_of = place.reshape(-1, 2)
    fractional = occupation.sites.fractional[used]
    distances = shortest_distances(
        fractional[:, None] - fractional, occupation.sites.cell_A
    )
    reach = window_ps / occupation.frame_time_ps * (1 + 1e-9)

    def near(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.bool_]:
        ends = np.stack(
            [
                distances[ends_of[one, i], ends_of[other, j]]
                for i in (0, 1)
                for j in (0, 1)
            ]
        )
        return np.asarray(ends.min(axis=0) <= distance_A)

    def follows(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell whether the later of two enters what the earlier has left."""
        return np.asarray(moves[other, 3] == moves[one, 2])

    if not len(moves):
        return CorrelatedHopsResult(
            species=occupation.species, n_hops=0, window_ps=window_ps,
            distance_A=distance_A, accompanied_fraction=None, expected_fraction=None,
            expected_interval=None, p_value=None, following_fraction=None,
            n_shuffles=n_shuffles,
        )  # fmt: skip
    rng = np.random.default_rng(0) if rng is None else rng
    frames, ions = moves[:, 1], moves[:, 0]
    observed = _accompanied(frames, ions, reach, near)
    after = _accompanied(frames, ions, reach, follows, later_only=True)
    shares = np.empty(n_shuffles)
    for index in range(n_shuffles):
        shift = rng.integers(occupation.n_frames, size=occupation.n_ions)
        moved = (frames + shift[ions]) % occupation.n_frames
        shares[index] = _accompanied(moved, ions, reach, near).mean()
    mean = float(observed.mean())
    low, high = np.quantile(shares, [0.025, 0.975]).tolist()
    as_large = int((shares >= mean - 1e-12).sum())
    return CorrelatedHopsResult(
        species=occupation.species,
        n_hops=len(moves),
        window_ps=window_ps,
        distance_A=distance_A,
        accompanied_fraction=mean,
        expected_fraction=float(shares.mean()),
        expected_interval=(low, high),
        p_value=(1 + as_large) / (1 + n_shuffles),
        following_fraction=float(after.mean()),
        n_shuffles=n_shuffles,
    )


def _accompanied(
    frames: NDArray[np.int64],
    ions: NDArray[np.int64],
    reach: float,
    belongs: Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.bool_]],
    *,
    later_only: bool = False,
) -> NDArray[np.bool_]:
    """(n,) hops with a partner within `reach` frames."""
    order = np.argsort(frames, kind="stable")
    sorted_frames = frames[order]
    ends = np.searchsorted(sorted_frames, sorted_frames + reach, side="right")
    found = np.zeros(len(frames), dtype=bool)
    longest = int((ends - np.arange(len(frames))).max())
    for step in range(1, longest):
        first = np.flatnonzero(np.arange(len(frames)) + step < ends)
        one, other = order[first], order[first + step]
        paired = (ions[one] != ions[other]) & belongs(one, other)
        found[other[paired]] = True
        if not later_only:
            found[one[paired]] = True
    return found
