"""Order and coordination along the normal of an interface, and in time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from md.analysis.bond_angles import standard_error
from md.analysis.pairs import complete_cell, neighbour_pairs
from md.analysis.plain import plain
from md.trajectory import Trajectory
from training_data.errors import InputError
from training_data.order_parameters import steinhardt_order

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PLANE = ("a", "b", "c")


@dataclass(frozen=True, kw_only=True)
class OrderProfileResult:
    """Mean Steinhardt order parameter and coordination by height and time.

    Parameters
    ----------
    species, ligand
        Atoms whose order is averaged; what is counted around them, None for nothing.
    degree
        Degree l of the order parameter.
    cutoff_A
        Longest bond of the coordination, Å; None without a ligand.
    reference
        Atoms whose centre is height zero: ``"others"``, or ``"none"`` for the origin
        of the cell.
    heights_A
        (n_heights,) centres of the bins along the normal, Å.
    times_ps
        (n_times,) mean times of the blocks of frames, ps.
    order
        (n_times, n_heights) mean order parameter; NaN in empty bins.
    order_profile, order_profile_standard_error
        (n_heights,) over the whole trajectory, and its error over the blocks.
    coordination
        (n_times, n_heights) mean number of ligands; None without a ligand.
    coordination_profile, coordination_profile_standard_error
        (n_heights,) as for the order; None without a ligand.
    order_in_time, order_in_time_spread
        (n_times,) mean over all atoms of the species, and the standard deviation
        over atoms.
    n_atoms_per_frame
        (n_heights,) mean number of atoms in a bin.
    n_frames
        Frames used.

    """

    species: str
    ligand: str | None
    degree: int
    cutoff_A: float | None
    reference: str
    heights_A: NDArray[np.float64]
    times_ps: NDArray[np.float64]
    order: NDArray[np.float64]
    order_profile: NDArray[np.float64]
    order_profile_standard_error: NDArray[np.float64]
    coordination: NDArray[np.float64] | None
    coordination_profile: NDArray[np.float64] | None
    coordination_profile_standard_error: NDArray[np.float64] | None
    order_in_time: NDArray[np.float64]
    order_in_time_spread: NDArray[np.float64]
    n_atoms_per_frame: NDArray[np.float64]
    n_frames: int

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        return dict(plain(self))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Map of the order parameter, height against time.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5, 3.4), layout="constrained").subplots()
        image = ax.pcolormesh(
            _edges(self.times_ps), _edges(self.heights_A), self.order.T, cmap="viridis"
        )
        ax.figure.colorbar(
            image, ax=ax, label=f"Order of {self.species}, degree {self.degree}"
        )
        ax.set(xlabel="Time (ps)", ylabel="Height along the normal (Å)")
        return ax


def order_profile(
    trajectory: Trajectory,
    *,
    species: str,
    ligand: str | None = None,
    cutoff_A: float | None = None,
    degree: int = 6,
    axis: str = "c",
    bin_width_A: float = 2.0,
    reference: str = "others",
    n_times: int = 20,
    most_frames: int = 200,
    progress: Callable[[int, int], None] | None = None,
) -> OrderProfileResult:
    """Order parameter and coordination of one species by height and by time.

    Parameters
    ----------
    trajectory
        Read once.
    species
        Atoms whose order is measured; all atoms count as their neighbours.
    ligand, cutoff_A
        What is counted around them within which distance, Å; both or none.
    degree
        Degree l of ``training_data.order_parameters.steinhardt_order``.
    axis
        Lattice vector that leaves the plane: heights are measured along the normal
        of the other two.
    bin_width_A
        Smallest height of a bin, Å; the cell (or the extent of the atoms, where it is
        not periodic along the axis) holds a whole number.
    reference
        ``"others"``: heights are from the mean height of all other atoms, so that a
        drifting slab stays in place; ``"none"``: from the origin.
    n_times
        Blocks of consecutive frames.
    most_frames
        Frames are taken evenly spread over the trajectory, at most this many.
    progress
        Called with the number of finished frames and of all.

    Returns
    -------
    OrderProfileResult
        Maps and profiles.

    Raises
    ------
    InputError
        If a species is missing or a number cannot be used.

    Notes
    -----
    Along a periodic axis heights are folded into one period around the reference and
    scaled to the mean cell. The standard errors come from the blocks in time, taken
    as independent; while a reaction goes on they hold the trend too.

    """
    if axis not in PLANE or reference not in ("others", "none"):
        raise InputError(
            "axis must be a, b or c and reference others or none; got "
            f"{axis!r} and {reference!r}. Choose among these."
        )
    if (ligand is None) != (cutoff_A is None):
        raise InputError(
            "ligand and cutoff_A must be given together; got "
            f"{ligand!r} and {cutoff_A!r}. Give both or none."
        )
    if not (bin_width_A > 0 and n_times > 0 and (cutoff_A is None or cutoff_A > 0)):
        raise InputError(
            "bin_width_A, n_times and cutoff_A must be positive; got "
            f"{bin_width_A!r}, {n_times!r} and {cutoff_A!r}. Give e.g. 2.0, 20, 3.3."
        )
    chosen = trajectory.indices_of(species)
    around = None if ligand is None else trajectory.indices_of(ligand)
    others = np.setdiff1d(np.arange(trajectory.n_atoms), chosen)
    stride = max(1, -(-trajectory.n_frames // most_frames))
    frames = np.arange(0, trajectory.n_frames, stride)
    heights = np.empty((len(frames), len(chosen)))
    order = np.empty_like(heights)
    bonds = np.full_like(heights, np.nan)
    periods = np.empty(len(frames))
    along = PLANE.index(axis)
    done = 0
    for chunk in trajectory.frames(stride=stride):
        for positions, cell in zip(chunk.positions, chunk.cells, strict=True):
            normal, periods[done] = _normal(complete_cell(cell), along)
            z = positions @ normal
            zero = 0.0
            if reference == "others" and len(others):
                zero = float(z[others].mean())
            heights[done] = z[chosen] - zero
            atoms = Atoms(trajectory.numbers, positions, cell=cell, pbc=trajectory.pbc)
            order[done] = steinhardt_order(atoms, degree=degree)[chosen]
            if around is not None and cutoff_A is not None:
                bonds[done] = _coordination(
                    positions[chosen], positions[around], cell, trajectory.pbc,
                    cutoff_A, same=species == ligand,
                )  # fmt: skip
            done += 1
            if progress is not None:
                progress(done, len(frames))
    if bool(trajectory.pbc[along]):
        period = float(periods.mean())
        scaled = heights / periods[:, None]
        offset = 0.5 if reference == "others" else 0.0
        heights = ((scaled + offset) % 1.0 - offset) * period
        low, high = -offset * period, (1 - offset) * period
    else:
        low, high = float(heights.min()), float(heights.max()) + 1e-9
    n_bins = max(1, int((high - low) / bin_width_A))
    bins = np.clip(((heights - low) / (high - low) * n_bins).astype(int), 0, n_bins - 1)
    n_times = min(n_times, len(frames))
    blocks = np.arange(len(frames)) * n_times // len(frames)
    maps = _Maps(blocks, bins, n_times, n_bins)
    order_map, order_mean, order_error = maps.of(order)
    bond_map, bond_mean, bond_error = maps.of(bonds)
    times = trajectory.times_ps[frames]
    known = around is not None
    return OrderProfileResult(
        species=species,
        ligand=ligand,
        degree=degree,
        cutoff_A=cutoff_A,
        reference=reference if len(others) else "none",
        heights_A=low + (np.arange(n_bins) + 0.5) * (high - low) / n_bins,
        times_ps=np.array([times[blocks == k].mean() for k in range(n_times)]),
        order=order_map,
        order_profile=order_mean,
        order_profile_standard_error=order_error,
        coordination=bond_map if known else None,
        coordination_profile=bond_mean if known else None,
        coordination_profile_standard_error=bond_error if known else None,
        order_in_time=np.array([order[blocks == k].mean() for k in range(n_times)]),
        order_in_time_spread=np.array(
            [order[blocks == k].std(axis=1).mean() for k in range(n_times)]
        ),
        n_atoms_per_frame=np.bincount(bins.ravel(), minlength=n_bins) / len(frames),
        n_frames=len(frames),
    )


class _Maps:
    """Means over the atoms of a bin of height, in blocks of frames."""

    def __init__(
        self,
        blocks: NDArray[np.int64],
        bins: NDArray[np.int64],
        n_times: int,
        n_bins: int,
    ) -> None:
        self._places = (blocks[:, None] * n_bins + bins).ravel()
        self._shape = n_times, n_bins

    def of(
        self, values: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Map, mean over time, and its standard error over the blocks."""
        size = self._shape[0] * self._shape[1]
        n = np.bincount(self._places, minlength=size).reshape(self._shape)
        total = np.bincount(self._places, values.ravel(), size).reshape(self._shape)
        with np.errstate(invalid="ignore", divide="ignore"):
            found = total / n
            mean = total.sum(axis=0) / n.sum(axis=0)
        error = np.full(len(mean), np.nan)
        for column in range(len(mean)):
            filled = found[n[:, column] > 0, column]
            error[column] = standard_error(filled)
        return found, mean, error


def _normal(cell: NDArray[np.float64], along: int) -> tuple[NDArray[np.float64], float]:
    """Find the unit normal of two lattice vectors, and the height of the cell."""
    plane = np.cross(cell[(along + 1) % 3], cell[(along + 2) % 3])
    normal = plane / np.linalg.norm(plane)
    height = float(cell[along] @ normal)
    return (normal, height) if height > 0 else (-normal, -height)


def _coordination(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    cell: NDArray[np.float64],
    pbc: NDArray[np.bool_],
    cutoff: float,
    *,
    same: bool,
) -> NDArray[np.int64]:
    pairs = neighbour_pairs(first, second, cell, pbc, cutoff_A=cutoff)
    return np.bincount(pairs.first, minlength=len(first)) - same


def _edges(centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Edges of bins from their centres."""
    if len(centres) == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    middle = (centres[1:] + centres[:-1]) / 2
    ends = 2 * centres[[0, -1]] - middle[[0, -1]]
    return np.asarray(np.concatenate([ends[:1], middle, ends[1:]]))
