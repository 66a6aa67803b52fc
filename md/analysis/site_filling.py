"""Filling of the octahedral sites in and between the layers of a halide."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from md.analysis.binomial import clopper_pearson
from md.analysis.octahedral_sites import (
    IN_LAYER,
    OctahedralSites,
    octahedral_sites,
)
from md.analysis.pairs import neighbour_pairs
from md.analysis.plain import plain, thinned
from md.trajectory import Trajectory
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_METAL_SIDE = 0


@dataclass(frozen=True, kw_only=True)
class SiteGroupFilling:
    """Sites of one kind at one depth.

    Parameters
    ----------
    kind
        ``"A"`` in a layer of cations, ``"B"`` between two.
    depth
        Number of the layer from below; k + ½ between layers k and k + 1.
    n_sites
        Sites that no cation holds.
    occupation
        (n_frames,) share of them that holds a mobile ion.
    final_occupation, final_occupation_interval
        Share in the last frame, and its 95 % interval (Clopper–Pearson).
    first_filled_ps
        When a site that was empty at the start was first held; None if never.

    """

    kind: str
    depth: float
    n_sites: int
    occupation: NDArray[np.float64]
    final_occupation: float
    final_occupation_interval: tuple[float, float]
    first_filled_ps: float | None


@dataclass(frozen=True, kw_only=True)
class SiteFillingResult:
    """Filling of octahedral sites with time and depth.

    Parameters
    ----------
    times_ps
        (n_frames,) of the frames used.
    occupation_A, occupation_B
        (n_frames,) share of the sites in the layers (A) and between them (B) that
        holds a mobile ion.
    n_sites_A, n_sites_B
        Numbers of sites.
    from_metal_A, from_metal_B
        (n_frames,) of these ions, those that began in the metal; None without labels.
    first_filled_A_ps, first_filled_B_ps
        When a site of the kind that was empty at first was first held; None if never.
    groups
        Every kind and depth by itself.
    n_broken
        (n_frames,) sites whose six anions are no octahedron any more; they are left
        out.
    n_off_site
        (n_frames,) ions among the anions that are on no site.
    radius_A
        An ion nearer than this to the centre holds the site.

    """

    times_ps: NDArray[np.float64]
    occupation_A: NDArray[np.float64]
    occupation_B: NDArray[np.float64]
    n_sites_A: int
    n_sites_B: int
    from_metal_A: NDArray[np.int64] | None
    from_metal_B: NDArray[np.int64] | None
    first_filled_A_ps: float | None
    first_filled_B_ps: float | None
    groups: tuple[SiteGroupFilling, ...]
    n_broken: NDArray[np.int64]
    n_off_site: NDArray[np.int64]
    radius_A: float

    def to_json(self) -> dict[str, Any]:
        """Plain types; series of more than 2,000 frames are thinned evenly."""
        kept = thinned(len(self.times_ps))
        written = {}
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            series = isinstance(value, np.ndarray)
            written[name] = plain(value[kept] if series else value)
        for row in written["groups"]:
            row["occupation"] = [row["occupation"][k] for k in kept.tolist()]
        return written

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Occupation of every kind and depth against time.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5, 3.4), layout="constrained").subplots()
        depths = sorted({group.depth for group in self.groups})
        for group in self.groups:
            shade = 0.25 + 0.7 * depths.index(group.depth) / max(len(depths) - 1, 1)
            ax.plot(
                self.times_ps,
                100 * group.occupation,
                color=(shade, 0.2, 1 - shade),
                linestyle="-" if group.kind == "B" else "--",
                linewidth=1.1,
                label=f"Li$_{group.kind}$, {group.depth:g}",
            )
        ax.set(
            xlabel="Time (ps)",
            ylabel="Occupied sites (%)",
            ylim=(-2, 145),
            yticks=range(0, 101, 20),
        )
        ax.legend(
            frameon=False,
            fontsize="x-small",
            ncols=4,
            loc="upper center",
            title="kind of site, layer",
        )
        return ax


def site_filling(
    trajectory: Trajectory,
    *,
    ion: str = "Li",
    cation: str = "Zr",
    anion: str = "Cl",
    radius_A: float = 1.5,
    most_frames: int = 1000,
) -> SiteFillingResult:
    """Occupation of octahedral sites in the layers (A) and between them (B).

    Parameters
    ----------
    trajectory
        Read once, in blocks. Its first frame tells which sites there are.
    ion, cation, anion
        Chemical symbols: what moves, what makes the layers, what the octahedra are of.
    radius_A
        An ion nearer than this to the centre of a site holds it, Å.
    most_frames
        Frames are taken evenly spread over the trajectory, at most this many.

    Returns
    -------
    SiteFillingResult
        Occupations against time, by kind and depth.

    Raises
    ------
    InputError
        If the first frame has no octahedra of anions.

    Notes
    -----
    Every site moves with its six anions: it is their mean. Those that held a cation at
    the start are no sites. A site whose anions come further than 1.5 times the distance
    from its centre that they had is broken and left out from then on while it lasts.

    """
    if not (np.isfinite(radius_A) and radius_A > 0):
        raise InputError(f"radius_A must be positive; got {radius_A!r}. Give 1.5.")
    ions = trajectory.indices_of(ion)
    sites = octahedral_sites(trajectory.atoms(0), cation=cation, anion=anion)
    in_layer = np.array([kind == IN_LAYER for kind in sites.kinds])
    labels = trajectory.initial.arrays
    foreign = labels["side"][ions] == _METAL_SIDE if "side" in labels else None
    stride = max(1, -(-trajectory.n_frames // most_frames))
    held, broken, used, metal, off = [], [], [], [], []
    for chunk in trajectory.frames(stride=stride):
        used += chunk.indices.tolist()
        for positions, cell in zip(chunk.positions, chunk.cells, strict=True):
            centres, whole = sites.centres(positions, cell)
            pairs = neighbour_pairs(
                centres, positions[ions], cell, trajectory.pbc, cutoff_A=radius_A
            )
            occupied = np.zeros(len(centres), dtype=bool)
            occupied[pairs.first] = True
            held.append(occupied & whole)
            broken.append(~whole)
            if foreign is not None:
                strangers = pairs.first[foreign[pairs.second] & whole[pairs.first]]
                metal.append(
                    (int(in_layer[strangers].sum()), int((~in_layer[strangers]).sum()))
                )
            among = _among(positions, cell, trajectory.pbc, ions, sites)
            off.append(int((~np.isin(among, pairs.second)).sum()))
    occupied = np.array(held)
    intact = ~np.array(broken)
    times = trajectory.times_ps[np.array(used)]
    counted = np.array(metal) if foreign is not None else None
    groups = []
    for kind, depth in sorted(
        set(zip(sites.kinds, sites.depths.tolist(), strict=True))
    ):
        of = np.array([k == kind for k in sites.kinds]) & (sites.depths == depth)
        last = int(occupied[-1, of].sum()), max(int(intact[-1, of].sum()), 1)
        groups.append(
            SiteGroupFilling(
                kind=kind,
                depth=depth,
                n_sites=int(of.sum()),
                occupation=_share(occupied[:, of], intact[:, of]),
                final_occupation=last[0] / last[1],
                final_occupation_interval=clopper_pearson(*last),
                first_filled_ps=_first_filled(occupied[:, of], times),
            )
        )
    return SiteFillingResult(
        times_ps=times,
        occupation_A=_share(occupied[:, in_layer], intact[:, in_layer]),
        occupation_B=_share(occupied[:, ~in_layer], intact[:, ~in_layer]),
        n_sites_A=int(in_layer.sum()),
        n_sites_B=int((~in_layer).sum()),
        from_metal_A=None if counted is None else counted[:, 0],
        from_metal_B=None if counted is None else counted[:, 1],
        first_filled_A_ps=_first_filled(occupied[:, in_layer], times),
        first_filled_B_ps=_first_filled(occupied[:, ~in_layer], times),
        groups=tuple(groups),
        n_broken=(~intact).sum(axis=1),
        n_off_site=np.array(off),
        radius_A=radius_A,
    )


def _among(
    positions: NDArray[np.float64],
    cell: NDArray[np.float64],
    pbc: NDArray[np.bool_],
    ions: NDArray[np.int64],
    sites: OctahedralSites,
) -> NDArray[np.int64]:
    """Ions with four or more anions: they are inside the electrolyte."""
    pairs = neighbour_pairs(
        positions[ions], positions[sites.anions], cell, pbc, cutoff_A=3.5
    )
    return np.flatnonzero(np.bincount(pairs.first, minlength=len(ions)) >= 4)  # noqa: PLR2004


def _share(
    occupied: NDArray[np.bool_], intact: NDArray[np.bool_]
) -> NDArray[np.float64]:
    number = intact.sum(axis=1)
    share = occupied.sum(axis=1) / np.maximum(number, 1)
    return np.where(number > 0, share, np.nan)


def _first_filled(
    occupied: NDArray[np.bool_], times: NDArray[np.float64]
) -> float | None:
    new = (occupied & ~occupied[:1]).any(axis=1)
    return float(times[np.argmax(new)]) if new.any() else None
