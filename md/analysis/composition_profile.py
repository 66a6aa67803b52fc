"""Density of every element along the normal, relative to the moving interface."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from md.analysis.interface_position import SIDES, interface_frames
from md.analysis.phase_labels import PhaseRule
from md.analysis.plain import plain
from md.trajectory import Trajectory
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BLOCKS = 5


@dataclass(frozen=True, kw_only=True)
class CompositionProfileResult:
    """Number densities against the distance from the electrolyte's boundary.

    Parameters
    ----------
    species
        Chemical symbols.
    distances_A
        (n,) middles of the bins, Å: negative in the electrolyte, positive towards the
        metal.
    windows_ps
        First and last time of each window, ps.
    densities_per_A3
        (n_windows, n_species, n) atoms per volume, mean over contacts and frames.
    standard_errors_per_A3
        The same shape: over five blocks of the window; NaN with fewer frames.
    n_frames
        Frames used.

    """

    species: tuple[str, ...]
    distances_A: NDArray[np.float64]
    windows_ps: tuple[tuple[float, float], ...]
    densities_per_A3: NDArray[np.float64]
    standard_errors_per_A3: NDArray[np.float64]
    n_frames: int

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        return dict(plain(self))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """First window in thin, last window in heavy lines.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5, 3.4), layout="constrained").subplots()
        for k, symbol in enumerate(self.species):
            colour = f"C{k}"
            for window, width in ((0, 0.8), (-1, 1.8)):
                name = "{:.0f}–{:.0f} ps".format(*self.windows_ps[window])
                ax.plot(
                    self.distances_A,
                    self.densities_per_A3[window, k],
                    color=colour,
                    linewidth=width,
                    label=f"{symbol}, {name}",
                )
        ax.axvline(0, color="0.5", linestyle=":", linewidth=0.9)
        ax.set(
            xlabel="Distance from the electrolyte's boundary (Å)",
            ylabel="Number density (1/Å³)",
            ylim=(0, 1.3 * float(np.nanmax(self.densities_per_A3))),
        )
        ax.legend(frameon=False, fontsize="x-small", ncols=2)
        return ax


def composition_profile(
    trajectory: Trajectory,
    *,
    rule: PhaseRule | None = None,
    n_windows: int = 3,
    bin_width_A: float = 0.5,
    most_frames: int = 600,
) -> CompositionProfileResult:
    """Density of every element relative to the moving boundary of the electrolyte.

    Parameters
    ----------
    trajectory
        Read once, in blocks.
    rule
        What makes an atom part of a phase; that of Li | Li2ZrCl6 by default.
    n_windows
        The run is divided into this many windows of time.
    bin_width_A
        Å.
    most_frames
        Frames are taken evenly spread over the trajectory, at most this many.

    Returns
    -------
    CompositionProfileResult
        Densities with standard errors; both contacts of a slab are averaged, each
        seen from the electrolyte.

    Raises
    ------
    InputError
        If there is no contact of metal and electrolyte.

    Notes
    -----
    The boundary is found in every frame (`interface_frames`), so that a slab that
    drifts or shrinks does not smear its layers. The range ends at the middle of the
    electrolyte and of the metal.

    """
    if n_windows < 1 or not (np.isfinite(bin_width_A) and bin_width_A > 0):
        raise InputError(
            "n_windows must be 1 or more and bin_width_A positive; got "
            f"{n_windows!r} and {bin_width_A!r}."
        )
    chosen = rule or PhaseRule()
    symbols = np.asarray(trajectory.initial.get_chemical_symbols())
    species = tuple(sorted(trajectory.species))
    stride = max(1, -(-trajectory.n_frames // most_frames))
    used = np.arange(0, trajectory.n_frames, stride)
    n_blocks = n_windows * _BLOCKS
    block_of = np.arange(len(used)) * n_blocks // len(used)
    length = float(np.abs(trajectory.initial.cell.array[:, 2]).sum())
    length = max(length, float(np.ptp(trajectory.initial.positions[:, 2])))
    n_half = int(length / 2 / bin_width_A) + 2
    edges = np.asarray(np.arange(-n_half, n_half + 1) * bin_width_A, dtype=float)
    total = np.zeros((n_blocks, len(species), 2 * n_half))
    weight = np.zeros((n_blocks, 1, 2 * n_half))
    frames = interface_frames(trajectory, rule=chosen, stride=stride)
    for number, frame in enumerate(frames):
        block = block_of[number]
        for side, sign in enumerate(SIDES):
            if not frame.contacts[side]:
                continue
            here = sign * frame.heights_A > 0
            origin = frame.electrolyte_A[side]
            distance = sign * frame.heights_A[here] - origin
            share = _covered(edges, -origin, frame.reach_A - origin)
            weight[block, 0] += share * frame.area_A2 * bin_width_A
            for k, symbol in enumerate(species):
                chosen_atoms = distance[symbols[here] == symbol]
                total[block, k] += np.histogram(chosen_atoms, bins=edges)[0]
    if not weight.any():
        raise InputError(
            "trajectory must hold metal that touches the electrolyte; got none in "
            f"{str(trajectory.path)!r}. Name the metal, or analyse an interface run."
        )
    seen = weight.sum(axis=(0, 1)) > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        blocks = (total / weight)[..., seen].reshape(
            n_windows, _BLOCKS, len(species), -1
        )
        mean = total.reshape(n_windows, _BLOCKS, len(species), -1).sum(
            axis=1
        ) / weight.reshape(n_windows, _BLOCKS, 1, -1).sum(axis=1)
        error = blocks.std(axis=1, ddof=1) / np.sqrt(_BLOCKS)
    times = trajectory.times_ps[used]
    windows = [times[block_of // _BLOCKS == w] for w in range(n_windows)]
    return CompositionProfileResult(
        species=species,
        distances_A=((edges[1:] + edges[:-1]) / 2)[seen],
        windows_ps=tuple(
            (float(w[0]), float(w[-1])) if len(w) else (np.nan, np.nan) for w in windows
        ),
        densities_per_A3=mean[..., seen],
        standard_errors_per_A3=error,
        n_frames=len(used),
    )


def _covered(
    edges: NDArray[np.float64], first: float, last: float
) -> NDArray[np.float64]:
    """(n,) share of every bin that lies between two distances."""
    inside = np.minimum(edges[1:], last) - np.maximum(edges[:-1], first)
    return np.clip(inside / np.diff(edges), 0.0, 1.0)
