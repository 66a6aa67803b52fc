"""Dissolution of the electrolyte's metal atoms, read from their lost bonds."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from md.analysis.binomial import clopper_pearson
from md.analysis.bonds import BondCriterion, BondHistory
from md.analysis.interface_layer import interface_layer
from md.analysis.pairs import pair_blocks
from md.analysis.plain import plain, thinned
from md.analysis.radial_distribution import radial_distribution
from md.trajectory import Trajectory
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FALLBACK_BREAK_A = 3.4
_BREAK_RANGE_A = 4.5
_BREAK_CHANGE_A = 0.2
_FORM_CHANGE_A = 0.05


@dataclass(frozen=True, kw_only=True)
class DissolvedAtom:
    """One atom that was dissolved at some time.

    Parameters
    ----------
    index
        Atom.
    first_dissolved_ps
        When its last bond broke for the first time, ps.
    redeposited_ps
        When it then formed a bond again, ps; None if it never did.
    dissolved_at_end
        Whether it is without a bond in the last frame.
    layer, side
        Labels of the structure that the run started from, None where it has none.
    final_z_A
        Height in the last frame along the normal of the plane of a and b, Å.

    """

    index: int
    first_dissolved_ps: float
    redeposited_ps: float | None
    dissolved_at_end: bool
    layer: int | None
    side: int | None
    final_z_A: float


@dataclass(frozen=True, kw_only=True)
class DissolutionSensitivity:
    """Outcome under another criterion."""

    form_A: float
    break_A: float
    hold_ps: float
    final_fraction: float
    first_event_ps: float | None


@dataclass(frozen=True, kw_only=True)
class DissolutionResult:
    """Dissolved fraction against time, with the criterion it hangs on.

    Parameters
    ----------
    species, ligand
        Chemical symbols of the dissolving atoms and of what holds them.
    times_ps, dissolved_fraction
        (n_frames,) fraction of all atoms of the species, now dissolved.
    interface_fraction
        (n_frames,) the same of the layer at the interface; None where the trajectory
        has no labels (`interface_reason` says so).
    mean_coordination
        (n_frames,) bonds per atom.
    final_fraction, final_fraction_interval
        Last value and its 95 % interval (Clopper–Pearson; it takes the atoms as
        independent, which neighbours are not quite).
    first_event_ps
        When the first atom dissolved; None if none did.
    n_dissolved, n_total, n_interface
        Atoms dissolved in the last frame; all; in the interface layer.
    n_ever_dissolved, n_redepositions
        Atoms dissolved at some time; times that one bonded again.
    n_initially_unbonded
        Atoms without a bond in the first frame: they do not count as dissolved
        unless they form a bond and lose it again.
    n_unconfirmed
        Bonds beyond the break distance at the end, not yet for the holding time.
    form_A, break_A, hold_ps
        The criterion; `break_source` says where the break distance comes from.
    effective_hold_ps
        The holding time rounded up to whole frames: what the trajectory resolves.
    atoms
        Every atom that dissolved, in order of time.
    sensitivity
        Outcome under neighbouring criteria.

    """

    species: str
    ligand: str
    times_ps: NDArray[np.float64]
    dissolved_fraction: NDArray[np.float64]
    interface_fraction: NDArray[np.float64] | None
    interface_reason: str
    mean_coordination: NDArray[np.float64]
    final_fraction: float
    final_fraction_interval: tuple[float, float]
    first_event_ps: float | None
    n_dissolved: int
    n_total: int
    n_interface: int | None
    n_ever_dissolved: int
    n_redepositions: int
    n_initially_unbonded: int
    n_unconfirmed: int
    form_A: float
    break_A: float
    break_source: str
    hold_ps: float
    effective_hold_ps: float
    atoms: tuple[DissolvedAtom, ...]
    sensitivity: tuple[DissolutionSensitivity, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain types; series of more than 2,000 frames are thinned evenly."""
        kept = thinned(len(self.times_ps))
        series = {}
        for name in ("times_ps", "dissolved_fraction", "mean_coordination"):
            series[name] = getattr(self, name)[kept]
        if self.interface_fraction is not None:
            series["interface_fraction"] = self.interface_fraction[kept]
        return dict(plain(replace(self, **series)))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Dissolved fraction against time, and the bonds that are left.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5, 3.4), layout="constrained").subplots()
        percent = 100 * self.dissolved_fraction
        counts = np.round(self.dissolved_fraction * self.n_total).astype(int)
        bounds = {n: clopper_pearson(n, self.n_total) for n in set(counts.tolist())}
        band = 100 * np.array([bounds[n] for n in counts.tolist()])
        label = f"all {self.n_total} {self.species}"
        ax.fill_between(
            self.times_ps,
            band[:, 0],
            band[:, 1],
            step="post",
            alpha=0.15,
            linewidth=0,
            color="C0",
            label="95 % interval",
        )
        ax.step(self.times_ps, percent, where="post", color="C0", label=label)
        if self.interface_fraction is not None:
            ax.step(
                self.times_ps,
                100 * self.interface_fraction,
                where="post",
                color="C1",
                label=f"interface layer ({self.n_interface} {self.species})",
            )
        last = max(float(self.times_ps[-1]), float(self.times_ps[0]) + 1e-9)
        ax.set(
            xlabel="Time (ps)",
            ylabel=f"Dissolved {self.species} (%)",
            xlim=(float(self.times_ps[0]), last),
            ylim=(-2, 102),
        )
        bonds = ax.twinx()
        bonds.plot(self.times_ps, self.mean_coordination, color="0.45", linewidth=0.9)
        bonds.set_ylim(0, 1.05 * max(6.0, float(self.mean_coordination.max())))
        bonds.set_ylabel(
            f"{self.species}–{self.ligand} bonds per {self.species} (grey)",
            color="0.35",
        )
        ax.legend(frameon=False, loc="center left", fontsize="small")
        return ax


def dissolution(
    trajectory: Trajectory,
    *,
    species: str = "Zr",
    ligand: str = "Cl",
    form_A: float = 2.68,
    break_A: float | None = None,
    hold_ps: float = 0.5,
    progress: Callable[[int, int], None] | None = None,
) -> DissolutionResult:
    r"""Dissolution of one species, judged by its bonds to another.

    An atom is dissolved when it has lost its last bond, and is so until it forms one
    again. A bond forms at `form_A` or below and breaks when it has been longer than
    `break_A` for `hold_ps` without interruption; it then counts as broken since the
    first of these frames. A single threshold would count vibrations: Zr–Cl rests at
    2.45 Å and at 2.55–2.65 Å once zirconium is reduced.

    Parameters
    ----------
    trajectory
        Read in blocks; twice when `break_A` is not given.
    species, ligand
        Chemical symbols of the dissolving atoms and of what holds them.
    form_A
        Distance at which a bond forms, Å (2.68 Å: Li et al. 2022).
    break_A
        Distance beyond which it breaks, Å. By default the first minimum of the radial
        distribution of this trajectory; 3.4 Å where that cannot be resolved.
    hold_ps
        Time for which it must be longer, ps; at least two frames when not zero.
    progress
        Called with the frames done and all frames.

    Returns
    -------
    DissolutionResult
        Fractions against time, events, and how they depend on the criterion.

    Raises
    ------
    InputError
        If a species is missing or the criterion is no hysteresis.

    References
    ----------
    Li et al., Nano Lett. 22, 2461 (2022), doi:10.1021/acs.nanolett.2c00187

    """
    centres = trajectory.indices_of(species)
    ligands = trajectory.indices_of(ligand)
    if break_A is None:
        break_A, source = _first_minimum(trajectory, species, ligand, form_A)
    else:
        source = "given"
    base = BondCriterion(form_A=form_A, break_A=break_A, hold_ps=hold_ps)
    _check(base)
    criteria = [base, *_neighbouring(base)]
    histories = [
        BondHistory(criterion, len(centres), len(ligands), trajectory.times_ps)
        for criterion in criteria
    ]
    cutoff = max(criterion.break_A for criterion in criteria)
    for block in pair_blocks(trajectory, centres, ligands, cutoff_A=cutoff):
        for history in histories:
            history.advance(block)
        if progress is not None:
            progress(int(block.frames[-1]) + 1, trajectory.n_frames)
    history = histories[0]
    n_total = len(centres)
    n_bare = history.n_bare()
    layer, reason = interface_layer(trajectory.initial, centres)
    spacing = float(np.diff(trajectory.times_ps).max(initial=0.0))
    n_dissolved = int(n_bare[-1])
    return DissolutionResult(
        species=species,
        ligand=ligand,
        times_ps=trajectory.times_ps,
        dissolved_fraction=n_bare / n_total,
        interface_fraction=None
        if layer is None
        else history.n_bare(layer) / layer.sum(),
        interface_reason=reason,
        mean_coordination=history.mean_coordination(),
        final_fraction=n_dissolved / n_total,
        final_fraction_interval=clopper_pearson(n_dissolved, n_total),
        first_event_ps=_first_event(history),
        n_dissolved=n_dissolved,
        n_total=n_total,
        n_interface=None if layer is None else int(layer.sum()),
        n_ever_dissolved=len({centre for centre, _, _ in history.bare}),
        n_redepositions=sum(end is not None for _, _, end in history.bare),
        n_initially_unbonded=len(history.initially_unbonded),
        n_unconfirmed=history.n_unconfirmed,
        form_A=form_A,
        break_A=break_A,
        break_source=source,
        hold_ps=hold_ps,
        effective_hold_ps=_effective_hold(hold_ps, spacing),
        atoms=_dissolved_atoms(trajectory, history, centres),
        sensitivity=tuple(
            DissolutionSensitivity(
                form_A=h.criterion.form_A,
                break_A=h.criterion.break_A,
                hold_ps=h.criterion.hold_ps,
                final_fraction=int(h.n_bare()[-1]) / n_total,
                first_event_ps=_first_event(h),
            )
            for h in histories
        ),
    )


def _check(criterion: BondCriterion) -> None:
    if not 0 < criterion.form_A < criterion.break_A:
        raise InputError(
            "break_A must be larger than form_A, which is positive; got "
            f"{criterion.break_A!r} and {criterion.form_A!r}. Without a gap between "
            "them every vibration counts as an event."
        )
    if not (np.isfinite(criterion.hold_ps) and criterion.hold_ps >= 0):
        raise InputError(
            f"hold_ps must be zero or positive; got {criterion.hold_ps!r}. "
            "Give a few vibrational periods, 0.1 to 0.5."
        )


def _first_minimum(
    trajectory: Trajectory, species: str, ligand: str, form_A: float
) -> tuple[float, str]:
    found = radial_distribution(trajectory, species=(species, ligand)).first_minimum
    name = f"g({species}–{ligand})"
    at, why = found.distance_A, found.reason
    if at is not None and not form_A < at <= _BREAK_RANGE_A:
        why = f"it lies at {at:.2f} Å, outside {form_A:g} to {_BREAK_RANGE_A:g} Å"
        at = None
    if at is None:
        return (
            FALLBACK_BREAK_A,
            f"fallback: the first minimum of {name} is not resolved ({why})",
        )
    depth = f"{found.relative_depth:.3f} of the first peak"
    return at, f"first minimum of {name} of this trajectory ({depth})"


def _neighbouring(base: BondCriterion) -> list[BondCriterion]:
    """Criteria nearby that are still hysteretic."""
    others = [
        replace(base, break_A=base.break_A - _BREAK_CHANGE_A),
        replace(base, break_A=base.break_A + _BREAK_CHANGE_A),
        replace(base, hold_ps=base.hold_ps / 2),
        replace(base, hold_ps=base.hold_ps * 2),
        replace(base, form_A=base.form_A - _FORM_CHANGE_A),
        replace(base, form_A=base.form_A + _FORM_CHANGE_A),
    ]
    return [other for other in others if 0 < other.form_A < other.break_A]


def _first_event(history: BondHistory) -> float | None:
    starts = [start for _, start, _ in history.bare]
    return float(history.times_ps[min(starts)]) if starts else None


def _effective_hold(hold_ps: float, spacing_ps: float) -> float:
    if spacing_ps <= 0:
        return hold_ps
    return float(np.ceil(hold_ps / spacing_ps - 1e-6) * spacing_ps)


def _dissolved_atoms(
    trajectory: Trajectory, history: BondHistory, centres: NDArray[np.int64]
) -> tuple[DissolvedAtom, ...]:
    if not history.bare:
        return ()
    last = trajectory.atoms(-1)
    normal = np.cross(last.cell[0], last.cell[1])
    length = float(np.linalg.norm(normal))
    normal = normal / length if length > 0 else np.array([0.0, 0.0, 1.0])
    intervals: dict[int, list[tuple[int, int | None]]] = {}
    for centre, start, end in sorted(history.bare, key=lambda event: event[1]):
        intervals.setdefault(centre, []).append((start, end))
    labels = trajectory.initial.arrays
    times = trajectory.times_ps
    atoms = []
    for centre, stays in intervals.items():
        index = int(centres[centre])
        start, end = stays[0]
        atoms.append(
            DissolvedAtom(
                index=index,
                first_dissolved_ps=float(times[start]),
                redeposited_ps=None if end is None else float(times[end]),
                dissolved_at_end=stays[-1][1] is None,
                layer=int(labels["layer"][index]) if "layer" in labels else None,
                side=int(labels["side"][index]) if "side" in labels else None,
                final_z_A=float(last.positions[index] @ normal),
            )
        )
    return tuple(atoms)
