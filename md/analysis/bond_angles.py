"""Angles between the bonds of an atom, along a trajectory."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from md.analysis.pairs import neighbour_pairs
from md.analysis.plain import plain
from md.analysis.radial_distribution import radial_distribution
from md.trajectory import Trajectory
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STRAIGHT_deg = 180.0


@dataclass(frozen=True, kw_only=True)
class BondAnglesResult:
    """Distribution of the angles ligand–centre–ligand.

    Parameters
    ----------
    centre, ligand
        Chemical symbols.
    cutoff_A
        Longest bond, Å; `cutoff_source` says where it comes from.
    cutoff_source
        ``"given"`` or ``"first minimum of g(r)"``.
    angles_deg
        (n,) centres of the bins, degrees.
    density_per_deg
        (n,) share of all angles per degree.
    density_standard_error_per_deg
        (n,) over blocks of frames; NaN with fewer than two blocks.
    mean_deg, mean_standard_error_deg
        Mean angle and its standard error over blocks.
    coordination, coordination_standard_error
        Mean number of ligands, and its standard error over blocks.
    coordination_shares
        Share of the centres that have 0, 1, 2, … ligands.
    n_frames, n_angles
        Frames used, and angles counted in all.

    """

    centre: str
    ligand: str
    cutoff_A: float
    cutoff_source: str
    angles_deg: NDArray[np.float64]
    density_per_deg: NDArray[np.float64]
    density_standard_error_per_deg: NDArray[np.float64]
    mean_deg: float
    mean_standard_error_deg: float
    coordination: float
    coordination_standard_error: float
    coordination_shares: tuple[float, ...]
    n_frames: int
    n_angles: int

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        return dict(plain(self))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Distribution with twice its standard error.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5, 3.4), layout="constrained").subplots()
        density = 100 * self.density_per_deg
        error = 100 * np.nan_to_num(self.density_standard_error_per_deg)
        low, high = density - 2 * error, density + 2 * error
        ax.fill_between(self.angles_deg, low, high, alpha=0.25, linewidth=0)
        ax.plot(self.angles_deg, density, linewidth=1.2)
        ax.set(
            xlabel=f"Angle {self.ligand}–{self.centre}–{self.ligand} (°)",
            ylabel="Share (% per °)",
            xlim=(0, STRAIGHT_deg),
            ylim=(0, None),
        )
        return ax


def bond_angles(
    trajectory: Trajectory,
    *,
    centre: str,
    ligand: str,
    cutoff_A: float | None = None,
    bin_width_deg: float = 2.0,
    most_frames: int = 200,
    n_blocks: int = 5,
) -> BondAnglesResult:
    r"""Angles between the bonds of one species to another.

    Parameters
    ----------
    trajectory
        Read once (twice where the cutoff is to be found).
    centre, ligand
        Chemical symbols, the same or not.
    cutoff_A
        Longest bond, Å; by default the first minimum of g(r).
    bin_width_deg
        Resolution, degrees; a whole number of bins must make 180.
    most_frames
        Frames are taken evenly spread over the trajectory, at most this many.
    n_blocks
        Blocks of consecutive frames for the standard errors.

    Returns
    -------
    BondAnglesResult
        Angles and coordination.

    Raises
    ------
    InputError
        If a species is missing, a number cannot be used, or g(r) has no first
        minimum and no cutoff is given.

    Notes
    -----
    For ligands j and k of centre i, each pair once, periodic images included,
    :math:`\cos\theta = u_{ij}\cdot u_{ik}`. The distribution is not divided by
    sin θ: an ideal gas has (1/2) sin θ per radian.

    """
    n_bins = round(STRAIGHT_deg / bin_width_deg) if bin_width_deg > 0 else 0
    if n_bins < 1 or abs(n_bins * bin_width_deg - STRAIGHT_deg) > 1e-9 * STRAIGHT_deg:
        raise InputError(
            f"bin_width_deg must divide 180; got {bin_width_deg!r}. Give e.g. 2."
        )
    first, second = trajectory.indices_of(centre), trajectory.indices_of(ligand)
    source = "given"
    if cutoff_A is None:
        cutoff_A, source = bond_length_limit(trajectory, (centre, ligand))
    if not cutoff_A > 0:
        raise InputError(
            f"cutoff_A must be positive; got {cutoff_A!r}. Give it in Å, or leave it."
        )
    stride = max(1, -(-trajectory.n_frames // most_frames))
    n_used = len(range(0, trajectory.n_frames, stride))
    n_blocks = min(n_blocks, n_used)
    counts = np.zeros((n_blocks, n_bins))
    totals, bonds, frames_of = (np.zeros(n_blocks) for _ in range(3))
    ligands: NDArray[np.int64] = np.zeros(1, dtype=np.int64)
    seen = 0
    for chunk in trajectory.frames(stride=stride):
        for positions, cell in zip(chunk.positions, chunk.cells, strict=True):
            angles, numbers = _angles(
                positions[first], positions[second], cell, trajectory.pbc, cutoff_A,
                same=centre == ligand,
            )  # fmt: skip
            block = seen * n_blocks // n_used
            counts[block] += np.histogram(angles, bins=n_bins, range=(0, 180))[0]
            totals[block] += angles.sum()
            bonds[block] += numbers.mean()
            frames_of[block] += 1
            found = np.bincount(numbers, minlength=len(ligands))
            found[: len(ligands)] += ligands
            ligands = found
            seen += 1
    n_angles = int(counts.sum())
    per_block = counts.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        density = counts / per_block[:, None] / bin_width_deg
        means = totals / per_block
    return BondAnglesResult(
        centre=centre,
        ligand=ligand,
        cutoff_A=float(cutoff_A),
        cutoff_source=source,
        angles_deg=np.linspace(0, STRAIGHT_deg, 2 * n_bins + 1)[1::2],
        density_per_deg=counts.sum(axis=0) / max(n_angles, 1) / bin_width_deg,
        density_standard_error_per_deg=standard_error(density),
        mean_deg=float(totals.sum() / n_angles) if n_angles else float("nan"),
        mean_standard_error_deg=float(standard_error(means)),
        coordination=float(bonds.sum() / n_used),
        coordination_standard_error=float(standard_error(bonds / frames_of)),
        coordination_shares=tuple((ligands / ligands.sum()).tolist()),
        n_frames=n_used,
        n_angles=n_angles,
    )


def bond_length_limit(
    trajectory: Trajectory, species: tuple[str, str]
) -> tuple[float, str]:
    """First minimum of g(r), and what to call it.

    Parameters
    ----------
    trajectory
        Read once.
    species
        Two chemical symbols.

    Raises
    ------
    InputError
        If g(r) has no first minimum.

    """
    found = radial_distribution(trajectory, species=species).first_minimum
    if found.distance_A is None:
        raise InputError(
            f"cutoff_A must be given for {species[0]}–{species[1]}; got none, and "
            f"{found.reason}. Give the longest bond in Å."
        )
    return found.distance_A, "first minimum of g(r)"


def standard_error(blocks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Error of the mean over the first axis; NaN with fewer than two values.

    Examples
    --------
    >>> float(standard_error(np.array([1.0, 3.0])))
    1.0

    """
    if len(blocks) < 2:  # noqa: PLR2004 (a spread needs two)
        return np.full(blocks.shape[1:], np.nan)
    return np.asarray(blocks.std(axis=0, ddof=1) / np.sqrt(len(blocks)))


def _angles(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    cell: NDArray[np.float64],
    pbc: NDArray[np.bool_],
    cutoff: float,
    *,
    same: bool,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Angles in degrees, and the number of ligands of every centre."""
    pairs = neighbour_pairs(first, second, cell, pbc, cutoff_A=cutoff)
    itself = (pairs.first == pairs.second) & ~pairs.images.any(axis=1)
    kept = ~itself if same else np.ones(len(pairs.first), dtype=bool)
    i, j = pairs.first[kept], pairs.second[kept]
    vectors = second[j] + pairs.images[kept].astype(float) @ cell - first[i]
    order = np.argsort(i, kind="stable")
    i, vectors = i[order], vectors[order]
    vectors = vectors / np.linalg.norm(vectors, axis=1)[:, None]
    numbers = np.bincount(i, minlength=len(first))
    begins = np.concatenate([[0], np.cumsum(numbers)])
    found = [np.empty(0)]
    for n in np.unique(numbers[numbers > 1]):
        chosen = begins[:-1][numbers == n][:, None] + np.arange(n)
        bonds = vectors[chosen]
        cosines = np.einsum("pjx,pkx->pjk", bonds, bonds)
        one, other = np.triu_indices(int(n), 1)
        found.append(cosines[:, one, other].ravel())
    cosines = np.clip(np.concatenate(found), -1, 1)
    return np.degrees(np.arccos(cosines)), numbers
