"""Rates of hops between sites, residence times, and whether hops come alone."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from md.analysis.binomial import clopper_pearson
from md.analysis.plain import plain
from md.analysis.poisson import poisson_interval
from md.analysis.site_occupation import SiteOccupationResult
from md.analysis.sites import shortest_distances
from md.analysis.stays import Stays

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OUTSIDE = "outside"
_BLOCKS = 10
_BURSTS = 0.01
_LONG_HOLD = 0.1


@dataclass(frozen=True, kw_only=True)
class HopRate:
    """Hops from one site, or kind of site, to another.

    Parameters
    ----------
    origin, target
        Kinds of sites, or numbers of sites.
    n_hops
        Hops that were counted.
    time_ps
        Time that ions were at the origin, summed over ions, ps.
    rate_per_ps, rate_interval_per_ps
        Hops over time, and its 95 % interval (exact, Poisson).
    mean_distance_A
        Mean length of these hops, Å; None without one.

    """

    origin: str | int
    target: str | int
    n_hops: int
    time_ps: float
    rate_per_ps: float | None
    rate_interval_per_ps: tuple[float, float]
    mean_distance_A: float | None


@dataclass(frozen=True, kw_only=True)
class Residence:
    """How long ions stay at one kind of site.

    Parameters
    ----------
    kind
        Kind of site.
    n_departures, time_ps
        Stays whose end was seen; time of all stays, ps.
    mean_ps, mean_interval_ps
        Time over departures (stays cut by the end of the run count with what was seen
        of them), and its 95 % interval; None without a departure, and an interval
        whose upper end is infinite.
    durations_ps, survival
        Kaplan–Meier estimate: share of stays that last longer than a duration.

    """

    kind: str
    n_departures: int
    time_ps: float
    mean_ps: float | None
    mean_interval_ps: tuple[float, float]
    durations_ps: NDArray[np.float64]
    survival: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class HopsResult:
    """Hop rates between kinds and pairs of sites.

    Parameters
    ----------
    species, n_hops, hold_ps
        What moves, how often, and the holding time behind the hops.
    kinds
        Kinds of sites, ``outside`` last where ions have been there.
    counts
        (n_kinds, n_kinds) hops from row to column.
    transition_matrix
        (n_kinds, n_kinds) probability that a hop from the row's kind ends at the
        column's; NaN in rows without hops.
    rates
        Between kinds, per ion at a site of the first kind.
    pair_rates
        Between single sites with at least one hop, most frequent first.
    residences
        For every kind.
    n_returns, n_followed, return_fraction, return_interval
        Of the hops that are followed by another of the same ion, those that go
        straight back; 95 % interval (Clopper–Pearson).
    dispersion, dispersion_p
        Variance over mean of the number of hops in ten blocks of time, and the
        probability of one so large when hops are independent. Where it is small, hops
        come in bursts and the intervals are too narrow by √dispersion.
    missed_fraction
        Expected share of stays shorter than the holding time, at the fastest rate.
    warnings
        What to keep in mind.

    """

    species: str
    n_hops: int
    hold_ps: float
    kinds: tuple[str, ...]
    counts: NDArray[np.int64]
    transition_matrix: NDArray[np.float64]
    rates: tuple[HopRate, ...]
    pair_rates: tuple[HopRate, ...]
    residences: tuple[Residence, ...]
    n_returns: int
    n_followed: int
    return_fraction: float | None
    return_interval: tuple[float, float]
    dispersion: float | None
    dispersion_p: float | None
    missed_fraction: float
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        return dict(plain(self))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Share of stays that last longer than a time, with the mean rate's line.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5, 3.4), layout="constrained").subplots()
        lowest = 1.0
        for number, stay in enumerate(self.residences):
            color = f"C{number}"
            if stay.mean_ps is None:
                low = stay.mean_interval_ps[0]
                ax.plot(
                    [], [], label=f"{stay.kind}: no hop, > {low:.3g} ps", color=color
                )
                continue
            low, high = stay.mean_interval_ps
            label = f"{stay.kind}: {stay.mean_ps:.3g} ({low:.3g} to {high:.3g}) ps"
            ax.step(
                stay.durations_ps, stay.survival, where="post", label=label, color=color
            )
            times = np.linspace(0, stay.durations_ps[-1], 50)
            ax.plot(times, np.exp(-times / stay.mean_ps), "--", lw=0.8, color=color)
            positive = stay.survival[stay.survival > 0]
            lowest = min(lowest, float(positive.min()))
        ax.set(xlabel="Time at a site (ps)", ylabel="Share of longer stays",
               yscale="log", ylim=(lowest / 1.5, 1.2))  # fmt: skip
        ax.set_xlim(left=0)
        ax.legend(frameon=False, fontsize="small")
        return ax


def hops(occupation: SiteOccupationResult) -> HopsResult:
    """Rates of hops, residence times, returns and bursts.

    Parameters
    ----------
    occupation
        Stays of the ions.

    Returns
    -------
    HopsResult
        Between kinds of sites and between single sites.

    Notes
    -----
    For n hops from kind (or site) A to B, and the time T that ions spent at A,
    summed over ions, the rate is n / T, its maximum-likelihood estimate also where
    stays are cut by the ends of the run. The interval is the exact one of a Poisson
    count. Mean time at a site: T over all departures.

    """
    stays, dt = occupation.stays, occupation.frame_time_ps
    labels = np.array([*occupation.sites.labels, OUTSIDE])
    moves = stays.hops
    kinds = [*occupation.sites.kinds]
    if (stays.sites < 0).any():
        kinds.append(OUTSIDE)
    number = {kind: i for i, kind in enumerate(kinds)}
    kind_of = np.array([number.get(label, -1) for label in labels])
    durations = np.asarray((stays.ends - stays.starts) * dt, dtype=float)
    time = np.bincount(kind_of[stays.sites], weights=durations, minlength=len(kinds))
    counts = np.zeros((len(kinds), len(kinds)), dtype=np.int64)
    np.add.at(counts, (kind_of[moves[:, 2]], kind_of[moves[:, 3]]), 1)
    lengths = _lengths(occupation, moves)
    departures = counts.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        transition = counts / departures[:, None]
    rates = tuple(
        _rate(a, b, int(counts[i, j]), float(time[i]),
              lengths[(kind_of[moves[:, 2]] == i) & (kind_of[moves[:, 3]] == j)])
        for i, a in enumerate(kinds)
        for j, b in enumerate(kinds)
    )  # fmt: skip
    residences = tuple(
        _residence(kind, stays, kind_of[stays.sites] == i, durations)
        for i, kind in enumerate(kinds)
    )
    n_returns, n_followed = _returns(moves)
    dispersion, chance = _dispersion(moves[:, 1], occupation.n_frames)
    fastest = max((r.n_departures / r.time_ps for r in residences if r.time_ps > 0),
                  default=0.0)  # fmt: skip
    missed = 1.0 - float(np.exp(-fastest * occupation.hold_ps))
    return HopsResult(
        species=occupation.species,
        n_hops=len(moves),
        hold_ps=occupation.hold_ps,
        kinds=tuple(kinds),
        counts=counts,
        transition_matrix=transition,
        rates=rates,
        pair_rates=_pairs(moves, stays, durations, lengths),
        residences=residences,
        n_returns=n_returns,
        n_followed=n_followed,
        return_fraction=n_returns / n_followed if n_followed else None,
        return_interval=clopper_pearson(n_returns, n_followed),
        dispersion=dispersion,
        dispersion_p=chance,
        missed_fraction=missed,
        warnings=_warnings(occupation.warnings, dispersion, chance, missed),
    )


def _rate(
    origin: str | int,
    target: str | int,
    n_hops: int,
    time_ps: float,
    lengths: NDArray[np.float64],
) -> HopRate:
    return HopRate(
        origin=origin,
        target=target,
        n_hops=n_hops,
        time_ps=time_ps,
        rate_per_ps=n_hops / time_ps if time_ps > 0 else None,
        rate_interval_per_ps=poisson_interval(n_hops, time_ps),
        mean_distance_A=float(np.nanmean(lengths))
        if np.isfinite(lengths).any()
        else None,
    )


def _lengths(
    occupation: SiteOccupationResult, moves: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(n,) distance of origin and target of each hop, NaN to and from outside, Å."""
    sites = occupation.sites
    apart = sites.fractional[moves[:, 3]] - sites.fractional[moves[:, 2]]
    found = shortest_distances(apart, sites.cell_A)
    return np.where((moves[:, 2:] >= 0).all(axis=1), found, np.nan)


def _pairs(
    moves: NDArray[np.int64],
    stays: Stays,
    durations: NDArray[np.float64],
    lengths: NDArray[np.float64],
) -> tuple[HopRate, ...]:
    inside = (moves[:, 2:] >= 0).all(axis=1)
    if not inside.any():
        return ()
    pairs, inverse, count = np.unique(
        moves[inside, 2:], axis=0, return_inverse=True, return_counts=True
    )
    at = stays.sites >= 0
    time = np.bincount(stays.sites[at], weights=durations[at])
    first = np.full(len(pairs), 0)
    first[inverse.ravel()[::-1]] = np.arange(inside.sum())[::-1]
    order = np.argsort(-count, kind="stable")
    return tuple(
        _rate(int(pairs[i, 0]), int(pairs[i, 1]), int(count[i]),
              float(time[pairs[i, 0]]), lengths[inside][first[i] : first[i] + 1])
        for i in order
    )  # fmt: skip


def _residence(
    kind: str,
    stays: Stays,
    chosen: NDArray[np.bool_],
    durations: NDArray[np.float64],
) -> Residence:
    time = float(durations[chosen].sum())
    ended = chosen & ~stays.last
    n = int(ended.sum())
    low, high = poisson_interval(n, time)
    # A stay that began before the first frame is as good as any other only when
    # stays are exponential: the curve takes those whose beginning was seen, if any.
    seen = chosen & ~stays.first
    used = seen if (seen & ended).any() else chosen
    at, share = _kaplan_meier(durations[used], (~stays.last)[used])
    return Residence(
        kind=kind,
        n_departures=n,
        time_ps=time,
        mean_ps=time / n if n else None,
        mean_interval_ps=(1 / high, 1 / low if low > 0 else float("inf")),
        durations_ps=at,
        survival=share,
    )


def _kaplan_meier(
    durations: NDArray[np.float64], ended: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Durations at which stays end and the share that lasts longer, from (0, 1)."""
    times = np.unique(durations[ended])
    ordered, ends = np.sort(durations), np.sort(durations[ended])
    at_risk = len(ordered) - np.searchsorted(ordered, times)
    n_ended = np.searchsorted(ends, times, side="right") - np.searchsorted(ends, times)
    share = np.cumprod(1 - n_ended / np.maximum(at_risk, 1))
    return np.append(0.0, times), np.append(1.0, share)


def _returns(moves: NDArray[np.int64]) -> tuple[int, int]:
    same = moves[1:, 0] == moves[:-1, 0]
    back = same & (moves[1:, 3] == moves[:-1, 2])
    return int(back.sum()), int(same.sum())


def _dispersion(
    frames: NDArray[np.int64], n_frames: int
) -> tuple[float | None, float | None]:
    if len(frames) < 2 * _BLOCKS or n_frames < _BLOCKS:
        return None, None
    counts, _ = np.histogram(frames, bins=_BLOCKS, range=(0, n_frames))
    index = float(counts.var(ddof=1) / counts.mean())
    return index, float(chi2.sf(index * (_BLOCKS - 1), _BLOCKS - 1))


def _warnings(
    before: tuple[str, ...],
    dispersion: float | None,
    chance: float | None,
    missed: float,
) -> tuple[str, ...]:
    said = list(before)
    if chance is not None and dispersion is not None and chance < _BURSTS:
        said.append(
            f"hops come in bursts (variance over mean {dispersion:.1f}): intervals "
            f"are too narrow by about {dispersion**0.5:.1f}"
        )
    if missed > _LONG_HOLD:
        said.append(
            f"about {missed:.0%} of the stays are shorter than the holding time and "
            "missed: take a shorter one"
        )
    return tuple(said)
