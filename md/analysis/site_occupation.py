"""Which ion is at which site, frame by frame, with recrossings taken out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from md.analysis.framework import (
    Framework,
    frame_range,
    framework_atoms,
    layers_of,
)
from md.analysis.plain import plain, thinned
from md.analysis.site_assignment import NearestSite
from md.analysis.sites import Sites
from md.analysis.stays import RunRecorder, Stays, settled_stays
from md.trajectory import Trajectory
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FRAMES_AT_ONCE = 64
_HOLD_FACTORS = (0.5, 2.0)
_MANY_OUTSIDE = 0.05


class HoldSensitivity(NamedTuple):
    """Number of hops for another holding time."""

    hold_ps: float
    n_hops: int


@dataclass(frozen=True, kw_only=True)
class SiteOccupationResult:
    """Stays of ions at sites and the hops between them.

    Parameters
    ----------
    species, n_ions
        What moves.
    sites
        The sites.
    stays
        Every settled stay.
    hold_ps
        An ion has moved when it stays nearest to another site for this time.
    frame_time_ps, n_frames, start_ps
        Time between frames; number of frames; time of the first.
    occupation
        (n_sites,) ions at each site, averaged over time.
    kind_occupation
        Kind of site → (n_frames,) ions per site.
    share_multiple
        Share of the occupied sites that hold two ions or more.
    share_outside
        Share of time that ions are further than `max_distance_A` from every site.
    max_distance_A
        None where ions always belong to the nearest site.
    n_crossings
        Changes of the nearest site from frame to frame; those that are no hops are
        recrossings and short visits.
    n_hops, sensitivity
        Hops, and their number for half and twice the holding time.
    mean_distance_A
        Mean distance of ions from the site they are nearest to.
    framework_rms_A, framework_drift_A
        Root mean squared displacement of the framework's atoms, and the drift that
        was removed.
    warnings
        What to keep in mind.

    """

    species: str
    n_ions: int
    sites: Sites
    stays: Stays
    hold_ps: float
    frame_time_ps: float
    n_frames: int
    start_ps: float
    occupation: NDArray[np.float64]
    kind_occupation: dict[str, NDArray[np.float64]]
    share_multiple: float
    share_outside: float
    max_distance_A: float | None
    n_crossings: int
    n_hops: int
    sensitivity: tuple[HoldSensitivity, ...]
    mean_distance_A: float
    framework_rms_A: float
    framework_drift_A: float
    warnings: tuple[str, ...]

    @property
    def times_ps(self) -> NDArray[np.float64]:
        """(n_frames,) ps."""
        times = self.start_ps + np.arange(self.n_frames) * self.frame_time_ps
        return np.asarray(times, dtype=float)

    def to_json(self) -> dict[str, Any]:
        """Plain types; stays as hops, series thinned evenly."""
        kept = thinned(self.n_frames)
        names = ("species", "n_ions", "hold_ps", "frame_time_ps", "n_frames",
                 "start_ps", "share_multiple", "share_outside", "max_distance_A",
                 "n_crossings", "n_hops", "mean_distance_A", "framework_rms_A",
                 "framework_drift_A", "warnings")  # fmt: skip
        return {
            **{name: plain(getattr(self, name)) for name in names},
            "sensitivity": [plain(entry._asdict()) for entry in self.sensitivity],
            "sites": [
                {"label": label, "fractional": plain(place), "occupation": float(share)}
                for label, place, share in zip(
                    self.sites.labels, self.sites.fractional, self.occupation,
                    strict=True,
                )
            ],
            "sites_source": self.sites.source,
            "kind_occupation": {
                kind: plain(series[kept])
                for kind, series in self.kind_occupation.items()
            },
            "times_ps": plain(self.times_ps[kept]),
        }  # fmt: skip

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Ions per site of each kind against time.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5, 3.4), layout="constrained").subplots()
        for number, (kind, series) in enumerate(self.kind_occupation.items()):
            n = self.sites.labels.count(kind)
            ax.plot(self.times_ps, series, color=f"C{number}", lw=1.2,
                    label=f"{kind} ({n} sites)")  # fmt: skip
        ax.set(xlabel="Time (ps)", ylabel=f"{self.species} per site")
        ax.set_ylim(bottom=0)
        ax.margins(y=0.25)
        ax.legend(frameon=False, fontsize="small", loc="upper right")
        return ax


def site_occupation(
    trajectory: Trajectory,
    *,
    sites: Sites,
    species: str = "Li",
    hold_ps: float = 0.5,
    max_distance_A: float | None = None,
    framework: tuple[str, ...] | None = None,
    frame: Literal["whole", "layers"] = "whole",
    start_ps: float = 0.0,
    progress: Callable[[int, int], None] | None = None,
) -> SiteOccupationResult:
    """Stays of ions at sites, with recrossings and short visits taken out.

    Parameters
    ----------
    trajectory
        Frames at equal intervals with three lattice vectors; read once.
    sites
        In the frame of the trajectory's first frame (after `start_ps`), such as those
        found from its own density or mean framework.
    species
        Chemical symbol of the ions.
    hold_ps
        An ion has moved when another site stays the nearest for this time; it then
        counts as moved since the first frame of that stay. Shorter visits belong to
        the stay that they interrupt.
    max_distance_A
        Ions further than this from every site are outside (in a metal beside the
        electrolyte); None: every ion belongs to the nearest site.
    framework, frame, start_ps
        See `md.analysis.ion_density.ion_density`.
    progress
        Called with the frames done and all frames.

    Returns
    -------
    SiteOccupationResult
        Stays, hops and occupations; rates follow from `md.analysis.hops.hops`.

    Raises
    ------
    InputError
        If the species is missing, frames are not evenly spaced, or a time or distance
        is negative.

    Notes
    -----
    The sites' Voronoi cells, in the frame of the framework and at the mean strain.
    The holding time is a dead time: of true stays with rate k out of them, a share
    1 − exp(−k · hold) is shorter and missed. Choose it longer than a vibration and
    much shorter than a stay; `sensitivity` shows what it does.

    """
    frame_time_ps = trajectory.frame_time_ps()
    _check(hold_ps, max_distance_A)
    first = frame_range(trajectory, start_ps)
    view = Framework(
        trajectory=trajectory,
        mobile=trajectory.indices_of(species),
        framework=framework_atoms(trajectory, framework),
        groups=layers_of(trajectory, frame),
    )
    n_ions, n_frames = len(view.mobile), trajectory.n_frames - first
    nearest = NearestSite(fractional=sites.fractional, cell_A=sites.cell_A)
    recorder, start, total_A = RunRecorder(), None, 0.0
    done = n_outside = 0
    for block in view.blocks(first):
        for begin in range(0, len(block.indices), _FRAMES_AT_ONCE):
            part = block.mobile[begin : begin + _FRAMES_AT_ONCE]
            found, distances = nearest.follow(part, start)
            start = found[-1].copy()
            if max_distance_A is not None:
                outside = distances > max_distance_A
                n_outside += int(outside.sum())
                total_A += float(distances[~outside].sum())
                found[outside] = -1
            else:
                total_A += float(distances.sum())
            recorder.add(found)
        done += len(block.indices)
        if progress is not None:
            progress(done, n_frames)
    runs, _ = recorder.runs()
    hold = hold_ps / frame_time_ps
    stays = settled_stays(runs, n_frames, hold_frames=hold)
    n_counted = n_frames * n_ions - n_outside
    changed = [
        HoldSensitivity(
            factor * hold_ps,
            len(settled_stays(runs, n_frames, hold_frames=factor * hold).hops),
        )
        for factor in _HOLD_FACTORS
    ]
    at_site = np.where(stays.sites >= 0, stays.ends - stays.starts, 0)
    occupation = np.zeros(len(sites.labels))
    np.add.at(occupation, stays.sites[stays.sites >= 0], at_site[stays.sites >= 0])
    rms = float(view.rms_displacement_A().mean())
    share_outside = n_outside / (n_frames * n_ions)
    return SiteOccupationResult(
        species=species,
        n_ions=n_ions,
        sites=sites,
        stays=stays,
        hold_ps=hold_ps,
        frame_time_ps=frame_time_ps,
        n_frames=n_frames,
        start_ps=float(trajectory.times_ps[first]),
        occupation=occupation / n_frames,
        kind_occupation=_by_kind(stays, sites, n_frames),
        share_multiple=_multiple(stays, len(sites.labels)),
        share_outside=share_outside,
        max_distance_A=max_distance_A,
        n_crossings=len(runs) - n_ions,
        n_hops=len(stays.hops),
        sensitivity=tuple(changed),
        mean_distance_A=total_A / n_counted if n_counted else float("nan"),
        framework_rms_A=rms,
        framework_drift_A=view.drift_A(),
        warnings=_warnings(rms, stays, n_ions, share_outside),
    )


def _check(hold_ps: float, max_distance_A: float | None) -> None:
    if not (np.isfinite(hold_ps) and hold_ps >= 0):
        raise InputError(
            f"hold_ps must be zero or positive; got {hold_ps!r}. Take some vibrations."
        )
    if max_distance_A is not None and not max_distance_A > 0:
        raise InputError(
            f"max_distance_A must be positive; got {max_distance_A!r}. Leave it out "
            "to give every ion to the nearest site."
        )


def _by_kind(
    stays: Stays, sites: Sites, n_frames: int
) -> dict[str, NDArray[np.float64]]:
    kinds = np.array(sites.labels)
    series = {}
    for kind in sites.kinds:
        of_kind = np.append(kinds == kind, values=False)  # −1 is the last: outside
        chosen = of_kind[stays.sites]
        change = np.zeros(n_frames + 1)
        np.add.at(change, stays.starts[chosen], 1.0)
        np.add.at(change, stays.ends[chosen], -1.0)
        series[kind] = np.cumsum(change[:-1]) / (kinds == kind).sum()
    return series


def _multiple(stays: Stays, n_sites: int) -> float:
    """Share of occupied time of sites during which two ions or more are there."""
    inside = stays.sites >= 0
    site = np.concatenate([stays.sites[inside]] * 2)
    frame = np.concatenate([stays.starts[inside], stays.ends[inside]])
    change = np.repeat([1, -1], inside.sum())
    order = np.lexsort((frame, site))
    site, frame = site[order], frame[order]
    level = np.cumsum(change[order])  # every site ends at zero
    spans = np.diff(frame, append=0)
    spans = np.where(np.diff(site, append=n_sites) == 0, spans, 0)
    occupied = spans[level >= 1].sum()
    return float(spans[level >= 2].sum() / occupied) if occupied else 0.0  # noqa: PLR2004


def _warnings(
    rms_A: float, stays: Stays, n_ions: int, share_outside: float
) -> tuple[str, ...]:
    said = []
    if rms_A > 0.6:  # noqa: PLR2004 (a quarter of the distance of neighbouring sites)
        said.append(
            f"the framework's atoms are {rms_A:.1f} Å from their mean positions: sites "
            "that stand still do not follow them; see the ions from their layers "
            "(frame='layers') or name the species that stay"
        )
    never = n_ions - len(np.unique(stays.ions))
    if never:
        said.append(f"{never} of {n_ions} ions never stay anywhere for the hold time")
    if share_outside > _MANY_OUTSIDE:
        said.append(f"ions are outside all sites for {share_outside:.0%} of the time")
    return tuple(said)
