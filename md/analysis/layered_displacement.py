"""Mean squared displacement of the atoms of layers that move with an interface."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from md.analysis.diffusivity import FitWindow, choose_window, fit_diffusivity
from md.analysis.displacements import padded_length
from md.analysis.plain import plain, thinned
from md.analysis.reference_frame import (
    Direction,
    Reference,
    along,
    n_dimensions,
    read_series,
    reference_atoms,
)
from md.trajectory import Trajectory
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEAST_BORDERS = 2
_BATCH_BYTES = 64 << 20


@dataclass(frozen=True, kw_only=True)
class LayerDisplacement:
    """Motion of the atoms that begin in one layer.

    Parameters
    ----------
    lower_A, upper_A
        Borders.
    mean_atoms
        Atoms in the layer, mean over frames.
    lag_times_ps, msd_A2
        (n_lags,); NaN where no atom was there.
    diffusivity_cm2_per_s, diffusivity_interval_cm2_per_s, loglog_slope, reason
        As of `md.analysis.mean_squared_displacement`.

    """

    lower_A: float
    upper_A: float
    mean_atoms: float
    lag_times_ps: NDArray[np.float64]
    msd_A2: NDArray[np.float64]
    diffusivity_cm2_per_s: float | None
    diffusivity_interval_cm2_per_s: tuple[float, float] | None
    loglog_slope: float | None
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Plain types; long series are thinned evenly."""
        kept = thinned(len(self.lag_times_ps))
        names = ("lag_times_ps", "msd_A2")
        return dict(plain(replace(self, **{n: getattr(self, n)[kept] for n in names})))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Mean squared displacement against lag, both logarithmic.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5, 3.4), layout="constrained").subplots()
        shown = (self.lag_times_ps > 0) & (np.nan_to_num(self.msd_A2) > 0)
        label = f"{self.lower_A:g} to {self.upper_A:g} Å"
        ax.plot(self.lag_times_ps[shown], self.msd_A2[shown], label=label)
        ax.set(xlabel="Lag time (ps)", ylabel="MSD (Å²)", xscale="log", yscale="log")
        return ax


@dataclass(frozen=True, kw_only=True)
class LayeredDisplacementResult:
    """Mean squared displacements, one for each layer.

    Parameters
    ----------
    species, reference, direction
        What moves, relative to what, and where to.
    layers
        From the lowest to the highest.

    """

    species: str
    reference: Reference
    direction: Direction
    layers: tuple[LayerDisplacement, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        return {
            **plain({k: getattr(self, k) for k in ("species", "reference")}),
            "direction": self.direction,
            "layers": [layer.to_json() for layer in self.layers],
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Mean squared displacements of all layers.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5, 3.4), layout="constrained").subplots()
        for layer in self.layers:
            layer.plot(ax)
        ax.set_ylabel(f"MSD of {self.species} (Å²)")
        ax.legend(frameon=False, fontsize="small", title="Begun at depth")
        return ax


def layered_displacement(
    trajectory: Trajectory,
    *,
    borders_A: tuple[float, ...],
    species: str = "Li",
    reference: Reference = "framework",
    plane_A: NDArray[np.float64] | None = None,
    direction: Direction = "all",
    n_blocks: int = 8,
    max_lag_fraction: float = 0.5,
) -> LayeredDisplacementResult:
    r"""Mean squared displacement by the layer in which a displacement begins.

    Parameters
    ----------
    trajectory
        Frames at equal intervals; read once.
    borders_A
        Borders of the layers, growing: heights along the normal of **a** and **b**
        above the plane, Å. Periodic images are folded into half a cell height on
        either side of the plane.
    species
        Chemical symbol.
    reference
        Atoms whose drift is removed (`md.analysis.reference_frame`); their centre of
        mass is the plane where none is given.
    plane_A
        (n_frames,) height of the plane in each frame, Å, in the frame of the
        reference (0 is its centre of mass): a moving interface.
    direction
        ``"lateral"`` is what a layer has most to say about: along the normal atoms
        leave it.
    n_blocks
        Blocks in time behind the intervals.
    max_lag_fraction
        Longest lag over the length of the trajectory.

    Returns
    -------
    LayeredDisplacementResult

    Raises
    ------
    InputError
        If borders do not grow, or the plane does not fit the trajectory.

    Notes
    -----
    .. math:: \mathrm{MSD}_l(t) = \frac{\sum_{i,t_0} \chi_l(i, t_0)
              |r_i(t_0+t)-r_i(t_0)|^2}{\sum_{i,t_0} \chi_l(i, t_0)}

    with χ = 1 when atom i is in layer l at t₀. An atom that leaves the layer still
    counts for it: at lags longer than the residence time layers become alike. The sum
    is a correlation of χ, χr, r and r², taken by Fourier transforms.

    """
    borders = np.asarray(borders_A, dtype=float)
    if len(borders) < _LEAST_BORDERS or not (np.diff(borders) > 0).all():
        raise InputError(
            f"borders_A must be two numbers or more that grow; got {borders_A!r}. "
            "Two borders make one layer."
        )
    n_frames = trajectory.n_frames
    if plane_A is not None and np.shape(plane_A) != (n_frames,):
        raise InputError(
            f"plane_A must be one height for each of {n_frames} frames; got the shape "
            f"{np.shape(plane_A)!r}. Give the height of the interface frame by frame."
        )
    frame_time_ps = trajectory.frame_time_ps()
    atoms = trajectory.indices_of(species)
    series = read_series(
        trajectory, atoms, reference=reference_atoms(trajectory, atoms, reference)
    )
    height = along(series.positions, series.mean_cell, "normal")[..., 0]
    if plane_A is not None:
        height = height - plane_A
    if trajectory.pbc[2]:
        period = float(
            np.abs(along(series.mean_cell[2], series.mean_cell, "normal")[0])
        )
        height = height - period * np.round(height / period)
    layer = np.digitize(height, borders) - 1
    positions = along(series.positions, series.mean_cell, direction)
    window = choose_window(n_frames, fit_frames=None, n_blocks=n_blocks)
    n_lags = max(2, min(n_frames, int(n_frames * max_lag_fraction) + 1))
    n_layers = len(borders) - 1
    sums, counts = _correlated(positions, layer, n_layers=n_layers, n_lags=n_lags)
    blocks = []
    for block in range(window.n_blocks):
        part = slice(block * window.block_length, (block + 1) * window.block_length)
        lags = min(window.last + 1, window.block_length)
        of_block = _correlated(
            positions[:, part], layer[:, part], n_layers=n_layers, n_lags=lags
        )
        blocks.append(_ratio(*of_block))
    msd = _ratio(sums, counts)
    return LayeredDisplacementResult(
        species=species,
        reference=reference,
        direction=direction,
        layers=tuple(
            _layer(
                (float(borders[k]), float(borders[k + 1])),
                float(counts[k, 0]) / n_frames,
                msd[k],
                np.array([found[k] for found in blocks]),
                window,
                frame_time_ps=frame_time_ps,
                dimensions=n_dimensions(direction),
            )
            for k in range(n_layers)
        ),
    )


def _layer(
    borders: tuple[float, float],
    mean_atoms: float,
    msd: NDArray[np.float64],
    blocks: NDArray[np.float64],
    window: FitWindow,
    *,
    frame_time_ps: float,
    dimensions: int,
) -> LayerDisplacement:
    present = np.isfinite(blocks).all(axis=1)
    whole = np.isfinite(msd[: window.last + 1]).all()
    slopes = np.zeros((1, 0))
    exponents = np.zeros(0)
    if blocks.shape[1] > window.last and window.n_lags > 1:
        slopes = window.slope(blocks[present], frame_time_ps)[None, :]
        exponents = window.exponent(blocks[present])
    fit = fit_diffusivity(
        msd if whole else np.zeros(0),
        slopes,
        exponents,
        window,
        frame_time_ps=frame_time_ps,
        exponent_tolerance=0.1,
        n_dimensions=dimensions,
    )
    return LayerDisplacement(
        lower_A=borders[0],
        upper_A=borders[1],
        mean_atoms=mean_atoms,
        lag_times_ps=np.asarray(np.arange(len(msd)) * frame_time_ps, dtype=float),
        msd_A2=msd,
        diffusivity_cm2_per_s=fit.diffusivity_cm2_per_s,
        diffusivity_interval_cm2_per_s=fit.interval_cm2_per_s,
        loglog_slope=fit.exponent,
        reason=fit.reason if whole else "no atom is in the layer long enough",
    )


def _ratio(
    sums: NDArray[np.float64], counts: NDArray[np.float64]
) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore", divide="ignore"):
        out = sums / counts
    out[:, 0] = np.where(counts[:, 0] > 0, 0.0, np.nan)
    return np.asarray(out)


def _correlated(
    positions: NDArray[np.float64],
    layer: NDArray[np.int64],
    *,
    n_layers: int,
    n_lags: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n_layers, n_lags) sums of squared displacements and how many they are."""
    n_atoms, n_frames, _ = positions.shape
    length = padded_length(n_frames, n_lags)
    total = np.zeros((n_layers, length // 2 + 1), dtype=complex)
    early = np.zeros((n_layers, n_frames))
    present = np.zeros((n_layers, n_frames))
    per_batch = max(1, _BATCH_BYTES // (160 * length))
    for start in range(0, n_atoms, per_batch):
        r = positions[start : start + per_batch].transpose(0, 2, 1)
        r = r - r.mean(axis=2, keepdims=True)
        squares = np.einsum("ndt,ndt->nt", r, r)
        of_squares = fft.rfft(squares, n=length)
        of_r = fft.rfft(r, n=length)
        for k in range(n_layers):
            inside = (layer[start : start + per_batch] == k).astype(float)
            beginning = fft.rfft(inside, n=length)
            total[k] += (beginning.conj() * of_squares).sum(axis=0)
            beginning = fft.rfft(inside[:, None] * r, n=length)
            total[k] -= 2 * np.einsum("ndk,ndk->k", beginning.conj(), of_r)
            early[k] += np.einsum("nt,nt->t", inside, squares)
            present[k] += inside.sum(axis=0)
    correlated = fft.irfft(total, n=length)[:, :n_lags]
    last = n_frames - 1 - np.arange(n_lags)
    sums = correlated + np.cumsum(early, axis=1)[:, last]
    counts = np.round(np.cumsum(present, axis=1)[:, last])
    return np.maximum(sums, 0.0), counts
