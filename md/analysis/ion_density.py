"""Probability density of an ion in the frame of the crystal's framework."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from md.analysis.density_grid import (
    BOLTZMANN_eV_PER_K,
    check_width,
    free_energies,
    grid_shape,
    smoothed,
)
from md.analysis.density_path import PercolationPath, percolation_path
from md.analysis.framework import (
    Framework,
    frame_range,
    framework_atoms,
    layers_of,
    run_temperature_K,
)
from md.analysis.plain import plain
from md.trajectory import Trajectory

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MELTED_A = 0.6


@dataclass(frozen=True, kw_only=True)
class IonDensityResult:
    """Density of an ion on a grid of the mean cell, and what follows from it.

    Parameters
    ----------
    species, n_ions
        What was counted.
    density_per_A3
        (i, j, k) mean number density in Å⁻³; its sum times the voxel's volume is
        `n_ions` (less those outside a direction that is not periodic).
    structure
        Framework at its mean positions in the mean cell.
    temperature_K
        Of the free energies.
    paths
        One for each periodic direction.
    spacing_A, smoothing_A
        Longest edge of a voxel, and width of the Gaussian kernel, Å.
    n_frames, start_ps, end_ps
        Frames that were counted.
    n_blocks
        Blocks in time behind the intervals.
    share_visited
        Share of voxels in which an ion was ever found.
    halves_overlap
        Σ min(ρ₁, ρ₂) / Σ ρ of first and second half: 1 where the density no longer
        changes with time, 0 where the ions are elsewhere.
    framework_drift_A, framework_rms_A
        Largest drift that was removed; mean root mean squared displacement of the
        framework's atoms: one that melts or dissolves is no frame.
    share_outside
        Share of the ions outside the cell in directions that are not periodic.
    warnings
        What to keep in mind.

    """

    species: str
    n_ions: int
    density_per_A3: NDArray[np.float64]
    structure: Atoms
    temperature_K: float
    paths: tuple[PercolationPath, ...]
    spacing_A: float
    smoothing_A: float
    n_frames: int
    start_ps: float
    end_ps: float
    n_blocks: int
    share_visited: float
    halves_overlap: float
    framework_drift_A: float
    framework_rms_A: float
    share_outside: float
    warnings: tuple[str, ...]

    @property
    def cell_A(self) -> NDArray[np.float64]:  # noqa: N802
        """(3, 3) mean cell, rows are lattice vectors, Å."""
        return np.asarray(self.structure.cell[:], dtype=float)

    @property
    def free_energy_eV(self) -> NDArray[np.float64]:  # noqa: N802
        """(i, j, k) −kT ln(ρ / ρ_max); infinite where no ion was found."""
        return free_energies(self.density_per_A3, self.temperature_K)

    def to_json(self) -> dict[str, Any]:
        """Plain types; the map itself goes to a file (`write_density`)."""
        names = ("species", "n_ions", "temperature_K", "paths", "spacing_A",
                 "smoothing_A", "n_frames", "start_ps", "end_ps", "n_blocks",
                 "share_visited", "halves_overlap", "framework_drift_A",
                 "framework_rms_A", "share_outside", "warnings")  # fmt: skip
        return {
            "grid": list(self.density_per_A3.shape),
            "cell_A": plain(self.cell_A),
            "largest_density_per_A3": float(self.density_per_A3.max()),
            **{name: plain(getattr(self, name)) for name in names},
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Free energy along the easiest way of each direction.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5, 3.4), layout="constrained").subplots()
        for number, path in enumerate(self.paths):
            color = f"C{number}"
            if path.barrier_eV is None:
                label = f"{path.axis}: no way seen, > {path.lower_bound_eV:.2f} eV"
                ax.plot([], [], label=label, color=color)
                continue
            label = f"{path.axis}: {path.barrier_eV:.2f} eV"
            low, high = path.barrier_interval_eV
            if low is not None:
                end = "…" if high is None else f"{high:.2f}"
                label += f" ({low:.2f} to {end})"
            ax.plot(path.lengths_A, path.free_energies_eV, label=label, color=color)
        ax.set(
            xlabel="Length along the easiest way (Å)",
            ylabel=f"Free energy of {self.species} (eV)",
        )
        if all(path.barrier_eV is None for path in self.paths):
            ax.set(xticks=[], yticks=[])
        ax.set_ylim(bottom=0)
        ax.margins(y=0.35)
        title = f"{self.temperature_K:.0f} K"
        ax.legend(frameon=False, fontsize="small", loc="upper right", title=title)
        return ax


def ion_density(
    trajectory: Trajectory,
    *,
    species: str = "Li",
    framework: tuple[str, ...] | None = None,
    frame: Literal["whole", "layers"] = "whole",
    spacing_A: float = 0.3,
    smoothing_A: float = 0.0,
    start_ps: float = 0.0,
    temperature_K: float | None = None,
    n_blocks: int = 8,
    progress: Callable[[int, int], None] | None = None,
) -> IonDensityResult:
    r"""Probability density of an ion, its free energy, and the easiest ways through.

    Parameters
    ----------
    trajectory
        Frames with three lattice vectors; read once.
    species
        Chemical symbol of the ion.
    framework
        Species that define the frame; by default all others.
    frame
        ``"whole"``: one rigid framework. ``"layers"``: every ion is seen from the
        labelled layer nearest in height, for layers that slide over each other.
    spacing_A
        Longest edge of a voxel, Å.
    smoothing_A
        Standard deviation of a Gaussian by which the density is convolved, Å; 0 for
        none. It fills voxels that were never visited and lowers barriers.
    start_ps
        Time at the start that is left out, ps.
    temperature_K
        Temperature of the free energy, K; by default the mean of the run's.
    n_blocks
        Blocks in time behind the intervals.
    progress
        Called with the frames done and all frames.

    Returns
    -------
    IonDensityResult
        Density, structure, and a `PercolationPath` for each periodic direction.

    Raises
    ------
    InputError
        If the species is missing or is all there is, the cell has no volume, the grid
        is too coarse or too fine, or no temperature is known.

    Notes
    -----
    Positions are counted as fractions of the instantaneous cell, relative to the
    framework (see `md.analysis.framework.Framework`), so that neither drift nor a
    changing cell smears the density. F(r) = −kT ln(ρ(r) / ρ_max). The barrier along a
    lattice vector is the smallest, over all ways that lead through the periodic cell
    along it, of the largest F on the way, less the lowest F of the network that opens
    there; exact on the grid (see `percolation_threshold`).

    A density carries no dynamics: the barrier is that of the free energy of a single
    ion in the mean field of all others, at this temperature and this occupation. It
    depends on the voxel weakly (a saddle is narrower than a site), and it is not the
    barrier of a hop at 0 K.

    References
    ----------
    He, Zhu, Mo, Nat. Commun. 8, 15893 (2017), doi:10.1038/ncomms15893, for densities
    of ions from dynamics in superionic conductors.

    """
    check_width(spacing_A, "spacing_A", zero=False)
    check_width(smoothing_A, "smoothing_A", zero=True)
    first = frame_range(trajectory, start_ps)
    temperature = run_temperature_K(trajectory, temperature_K, start=first)
    view = Framework(
        trajectory=trajectory,
        mobile=trajectory.indices_of(species),
        framework=framework_atoms(trajectory, framework),
        groups=layers_of(trajectory, frame),
    )
    n_frames = trajectory.n_frames - first
    n_blocks = max(1, min(n_blocks, n_frames))
    lengths = np.linalg.norm(np.asarray(trajectory.initial.cell[:]), axis=1)
    shape = grid_shape(lengths, spacing_A, n_blocks=n_blocks)
    counts = np.zeros((n_blocks, int(np.prod(shape))), dtype=np.uint32)
    n_outside = 0
    for block in view.blocks(first):
        block_of = (block.indices - first) * n_blocks // n_frames
        for number in np.unique(block_of):
            points = block.mobile[block_of == number].reshape(-1, 3)
            voxels, outside = _voxels(points, shape, trajectory.pbc)
            n_outside += outside
            counts[number] += np.bincount(voxels, minlength=counts.shape[1]).astype(
                np.uint32
            )
        if progress is not None:
            progress(int(block.indices[-1]) + 1 - first, n_frames)
    structure = view.mean_structure()
    grids = counts.reshape(n_blocks, *shape)
    cell = np.asarray(structure.cell[:], dtype=float)
    voxel_A3 = abs(np.linalg.det(cell)) / np.prod(shape)
    scale = 1.0 / (n_frames * voxel_A3)
    total = grids.sum(axis=0, dtype=np.int64)
    density = smoothed(total * scale, cell, smoothing_A)
    half = n_blocks // 2
    rms = float(np.mean(view.rms_displacement_A()))
    kT = BOLTZMANN_eV_PER_K * temperature
    paths = tuple(
        percolation_path(
            grids, density, cell, axis=axis, kT=kT, smoothing_A=smoothing_A
        )
        for axis in np.flatnonzero(trajectory.pbc).tolist()
    )
    return IonDensityResult(
        species=species,
        n_ions=len(view.mobile),
        density_per_A3=density,
        structure=structure,
        temperature_K=temperature,
        paths=paths,
        spacing_A=spacing_A,
        smoothing_A=smoothing_A,
        n_frames=n_frames,
        start_ps=float(trajectory.times_ps[first]),
        end_ps=float(trajectory.times_ps[-1]),
        n_blocks=n_blocks,
        share_visited=float(np.mean(total > 0)),
        halves_overlap=_overlap(grids[:half].sum(0), grids[half:].sum(0)),
        framework_drift_A=view.drift_A(),
        framework_rms_A=rms,
        share_outside=n_outside / (n_frames * len(view.mobile)),
        warnings=_warnings(paths, rms),
    )


def _voxels(
    points: NDArray[np.float64],
    shape: tuple[int, int, int],
    pbc: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], int]:
    """Flat index of the voxel of each point, centred on the grid points."""
    n = np.array(shape)
    at = np.floor(points * n + 0.5).astype(np.int64)
    inside = np.all((at >= 0) & (at < n) | pbc, axis=1)
    at = at[inside] % n
    flat = (at[:, 0] * n[1] + at[:, 1]) * n[2] + at[:, 2]
    return flat, int((~inside).sum())


def _overlap(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    if not one.sum() or not other.sum():
        return float("nan")
    return float(np.minimum(one / one.sum(), other / other.sum()).sum())


def _warnings(paths: tuple[PercolationPath, ...], rms_A: float) -> tuple[str, ...]:
    said = []
    if rms_A > _MELTED_A:
        said.append(
            f"the framework's atoms are {rms_A:.1f} Å from their mean positions: it "
            "melts, dissolves or slides; name the species that stay, or see the ions "
            "from their layers (frame='layers')"
        )
    few = 10
    said += [
        f"barrier along {path.axis}: {path.n_visits_at_saddle} visits at the saddle, "
        "so it is a matter of chance; run longer or take larger voxels"
        for path in paths
        if path.barrier_eV is not None and path.n_visits_at_saddle < few
    ]
    said += [
        f"no way along {path.axis} was visited: its barrier is above "
        f"{path.lower_bound_eV:.2f} eV or was not crossed in this time"
        for path in paths
        if path.barrier_eV is None
    ]
    return tuple(said)
