"""What a dissolution tells: atoms, layers, fractions and how far to trust them."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from md.analysis.binomial import clopper_pearson
from md.analysis.plain import plain, thinned

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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
    risen_A
        Displacement along that normal since the first frame, less the mean one of the
        atoms of its species that are not dissolved (of the ligands if there is none),
        Å: positive is up.
    neighbours
        Atoms of each element within 4.2 Å in the last frame: where it went.

    """

    index: int
    first_dissolved_ps: float
    redeposited_ps: float | None
    dissolved_at_end: bool
    layer: int | None
    side: int | None
    final_z_A: float
    risen_A: float
    neighbours: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class LayerDissolution:
    """Dissolution of the atoms that began in one layer.

    Parameters
    ----------
    side, layer
        Labels of the structure that the run started from.
    n_atoms
        Atoms of the species in it.
    at_interface
        Whether it faces the metal.
    fraction
        (n_frames,) of them that are dissolved.
    final_fraction, final_fraction_interval
        Last value and its 95 % interval (Clopper–Pearson).
    first_event_ps
        When the first of them dissolved; None if none did.

    """

    side: int
    layer: int
    n_atoms: int
    at_interface: bool
    fraction: NDArray[np.float64]
    final_fraction: float
    final_fraction_interval: tuple[float, float]
    first_event_ps: float | None


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
    layers
        Every layer of the starting structure by itself; empty without labels.
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
    layers: tuple[LayerDissolution, ...]
    sensitivity: tuple[DissolutionSensitivity, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain types; series of more than 2,000 frames are thinned evenly."""
        kept = thinned(len(self.times_ps))
        series = {}
        for name in ("times_ps", "dissolved_fraction", "mean_coordination"):
            series[name] = getattr(self, name)[kept]
        if self.interface_fraction is not None:
            series["interface_fraction"] = self.interface_fraction[kept]
        layers = tuple(replace(row, fraction=row.fraction[kept]) for row in self.layers)
        return dict(plain(replace(self, **series, layers=layers)))

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
