"""Channels of lithium in a layered halide: which hops, how often, how far."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from md.analysis.plain import plain
from md.analysis.poisson import poisson_interval
from md.analysis.site_occupation import SiteOccupationResult
from md.analysis.sites import shortest_distances
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ChannelName = Literal["I", "II", "III", "other"]
NAMES: tuple[ChannelName, ...] = ("I", "II", "III", "other")
MEANING = {
    "I": "A ↔ B, neighbouring sheets",
    "II": "B → B, in the sheet",
    "III": "A → A, in the sheet",
    "other": "between sheets that are no neighbours, or of one kind",
}


@dataclass(frozen=True, kw_only=True)
class Channel:
    """Hops of one channel.

    Parameters
    ----------
    name, meaning
        ``I`` (between a metal-rich sheet A and a metal-poor sheet B), ``II`` (B to B
        in its sheet), ``III`` (A to A in its sheet) or ``other``.
    n_hops, share
        Hops, and their share of all hops; None where there are none.
    time_ps
        Time that ions spent at sites from which the channel starts, summed, ps.
    rate_per_ps, rate_interval_per_ps
        Hops per ion at such a site and time, and the 95 % interval (exact, Poisson).
    mean_distance_A
        Mean length of the hops, Å; None without one.

    """

    name: ChannelName
    meaning: str
    n_hops: int
    share: float | None
    time_ps: float
    rate_per_ps: float | None
    rate_interval_per_ps: tuple[float, float]
    mean_distance_A: float | None


@dataclass(frozen=True, kw_only=True)
class ChannelsResult:
    """Hops of a layered halide by channel, at one temperature.

    Parameters
    ----------
    species, temperature_K
        What moves, and how hot.
    channels
        I, II, III and other.
    n_hops, n_a_to_b, n_b_to_a
        Hops between sites; of channel I those from A to B, and back.
    hold_ps, length_ps
        Holding time behind the hops; length of the run.
    n_sites_a, n_sites_b, occupation_a, occupation_b
        Sites of each kind, and ions per site.
    warnings
        What to keep in mind.

    """

    species: str
    temperature_K: float
    channels: tuple[Channel, ...]
    n_hops: int
    n_a_to_b: int
    n_b_to_a: int
    hold_ps: float
    length_ps: float
    n_sites_a: int
    n_sites_b: int
    occupation_a: float
    occupation_b: float
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        return dict(plain(self))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Rate of each channel with its 95 % interval.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5, 3.4), layout="constrained").subplots()
        shown = [c for c in self.channels if c.name != "other" or c.n_hops]
        for place, channel in enumerate(shown):
            low, high = channel.rate_interval_per_ps
            if not np.isfinite(high):
                continue
            if channel.n_hops and channel.rate_per_ps is not None:
                rate = channel.rate_per_ps
                ax.errorbar(place, rate, [[rate - low], [high - rate]], fmt="o",
                            capsize=4, color="C0")  # fmt: skip
            else:
                ax.plot(place, high, "v", color="C0", mfc="none")
        ax.set_xticks(
            range(len(shown)),
            [
                f"{c.name}\n{c.meaning.partition(',')[0]}\n{c.n_hops} hops"
                for c in shown
            ],
        )
        ax.set(
            ylabel="Hops per ion and ps", yscale="log", xlim=(-0.6, len(shown) - 0.4)
        )
        ax.set_title(f"{self.species}, {self.temperature_K:.0f} K (▽: upper bound)",
                     fontsize="medium")  # fmt: skip
        return ax


def channels(
    occupation: SiteOccupationResult, *, temperature_K: float
) -> ChannelsResult:
    """Channels I, II and III of a layered halide from the hops of a run.

    Parameters
    ----------
    occupation
        Stays at sites whose labels end in ``_A`` and ``_B`` and that have sheets
        (`md.analysis.sites.sites_from_layers`).
    temperature_K
        Temperature of the run, K.

    Returns
    -------
    ChannelsResult
        Counts and rates.

    Raises
    ------
    InputError
        If the sites have no sheets.

    Notes
    -----
    A hop belongs to a channel by the sheets of its ends: I from A to B or back,
    between neighbouring sheets; II from B to B and III from A to A in one sheet. The
    rate of a channel is its hops over the time that ions spent where it starts: A and
    B for I, B for II, A for III.

    References
    ----------
    F. Li et al., Nano Lett. 22, 2461 (2022), doi:10.1021/acs.nanolett.2c00187, for
    the three channels.

    """
    sites = occupation.sites
    if sites.sheets is None:
        raise InputError(
            f"sites must be those of a layered halide; got {sites.source!r}. Take them "
            "from its layers (sites_from_layers)."
        )
    is_a = np.array([label.endswith("_A") for label in sites.labels])
    moves = occupation.stays.hops
    moves = moves[(moves[:, 2:] >= 0).all(axis=1)]
    origin, target = moves[:, 2], moves[:, 3]
    name_of = _names(sites.sheets, is_a, origin, target)
    apart = sites.fractional[target] - sites.fractional[origin]
    lengths = shortest_distances(apart, sites.cell_A)
    dt = occupation.frame_time_ps
    times = occupation.occupation * occupation.n_frames * dt
    time_a, time_b = float(times[is_a].sum()), float(times[~is_a].sum())
    exposure = {"I": time_a + time_b, "II": time_b, "III": time_a}
    found = []
    for name in NAMES:
        chosen = name_of == name
        n, time = int(chosen.sum()), exposure.get(name, time_a + time_b)
        found.append(
            Channel(
                name=name,
                meaning=MEANING[name],
                n_hops=n,
                share=n / len(moves) if len(moves) else None,
                time_ps=time,
                rate_per_ps=n / time if time > 0 else None,
                rate_interval_per_ps=poisson_interval(n, time),
                mean_distance_A=float(lengths[chosen].mean()) if n else None,
            )
        )
    one = name_of == "I"
    return ChannelsResult(
        species=occupation.species,
        temperature_K=temperature_K,
        channels=tuple(found),
        n_hops=len(moves),
        n_a_to_b=int((one & is_a[origin]).sum()),
        n_b_to_a=int((one & ~is_a[origin]).sum()),
        hold_ps=occupation.hold_ps,
        length_ps=occupation.n_frames * dt,
        n_sites_a=int(is_a.sum()),
        n_sites_b=int((~is_a).sum()),
        occupation_a=float(occupation.occupation[is_a].mean()),
        occupation_b=float(occupation.occupation[~is_a].mean()),
        warnings=occupation.warnings,
    )


def _names(
    sheets: NDArray[np.int64],
    is_a: NDArray[np.bool_],
    origin: NDArray[np.int64],
    target: NDArray[np.int64],
) -> NDArray[np.str_]:
    """(n,) channel of each hop."""
    n_sheets = int(sheets.max()) + 1
    step = np.abs(sheets[target] - sheets[origin])
    step = np.minimum(step, n_sheets - step)
    same_kind = is_a[origin] == is_a[target]
    names = np.full(len(origin), "other")
    names[~same_kind & (step == 1)] = "I"
    names[same_kind & (step == 0) & ~is_a[origin]] = "II"
    names[same_kind & (step == 0) & is_a[origin]] = "III"
    return names
