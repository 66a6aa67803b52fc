"""Clusters that dissolved atoms form in the metal."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from md.analysis.bonds import BondCriterion, BondHistory
from md.analysis.pairs import neighbour_pairs, pair_blocks
from md.analysis.plain import plain
from md.trajectory import Trajectory
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_FRAMES = 500


@dataclass(frozen=True, kw_only=True)
class DissolvedClustersResult:
    """Sizes of the clusters of dissolved atoms against time.

    Parameters
    ----------
    species, ligand
        Chemical symbols of the dissolving atoms and of what held them.
    times_ps
        (m,) of the frames used.
    n_dissolved, n_clusters, largest
        (m,) dissolved atoms, clusters (single atoms included), atoms of the largest.
    mean_size
        (m,) mean size of the cluster that a dissolved atom is in; 0 without any.
    final_sizes
        Clusters of the last frame, the largest first.
    final_members
        Their atoms.
    contact_A
        Distance up to which two dissolved atoms are of one cluster.

    """

    species: str
    ligand: str
    times_ps: NDArray[np.float64]
    n_dissolved: NDArray[np.int64]
    n_clusters: NDArray[np.int64]
    largest: NDArray[np.int64]
    mean_size: NDArray[np.float64]
    final_sizes: tuple[int, ...]
    final_members: tuple[tuple[int, ...], ...]
    contact_A: float

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        return dict(plain(self))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Dissolved atoms, clusters and the largest of them against time.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5, 3.4), layout="constrained").subplots()
        for values, name in (
            (self.n_dissolved, f"dissolved {self.species}"),
            (self.n_clusters, "clusters"),
            (self.largest, "atoms of the largest"),
        ):
            ax.step(self.times_ps, values, where="post", label=name)
        ax.set(xlabel="Time (ps)", ylabel="Number", ylim=(0, None))
        ax.legend(frameon=False, fontsize="small")
        return ax


def dissolved_clusters(
    trajectory: Trajectory,
    *,
    species: str = "Zr",
    ligand: str = "Cl",
    form_A: float = 2.68,
    break_A: float = 3.4,
    hold_ps: float = 0.5,
    contact_A: float = 4.2,
) -> DissolvedClustersResult:
    """Clusters of dissolved atoms, frame by frame.

    Parameters
    ----------
    trajectory
        Read twice, the second time at most 500 frames evenly spread.
    species, ligand
        Chemical symbols of the dissolving atoms and of what holds them.
    form_A, break_A, hold_ps
        When an atom is dissolved, as in `dissolution` (Å, ps).
    contact_A
        Two dissolved atoms nearer than this are of one cluster, Å (Zr–Zr is 3.2 Å in
        the metal, its first minimum of g about 4.2 Å).

    Returns
    -------
    DissolvedClustersResult
        Numbers and sizes against time; connections go through periodic boundaries.

    Raises
    ------
    InputError
        If a species is missing or a distance is not positive.

    """
    if not (np.isfinite(contact_A) and contact_A > 0):
        raise InputError(f"contact_A must be positive; got {contact_A!r}. Give 4.2.")
    if not 0 < form_A < break_A:
        raise InputError(
            f"break_A must be larger than form_A; got {break_A!r} and {form_A!r}."
        )
    centres = trajectory.indices_of(species)
    ligands = trajectory.indices_of(ligand)
    history = BondHistory(
        BondCriterion(form_A=form_A, break_A=break_A, hold_ps=hold_ps),
        len(centres),
        len(ligands),
        trajectory.times_ps,
    )
    for block in pair_blocks(trajectory, centres, ligands, cutoff_A=break_A):
        history.advance(block)
    stride = max(1, -(-trajectory.n_frames // _MOST_FRAMES))
    rows: list[tuple[int, list[NDArray[np.int64]]]] = []
    for chunk in trajectory.frames(stride=stride):
        for frame, positions, cell in zip(
            chunk.indices.tolist(), chunk.positions, chunk.cells, strict=True
        ):
            bare = centres[_bare_at(history, frame)]
            rows.append(
                (frame, _clusters(bare, positions, cell, trajectory.pbc, contact_A))
            )
    sizes = [[len(c) for c in clusters] for _, clusters in rows]
    return DissolvedClustersResult(
        species=species,
        ligand=ligand,
        times_ps=trajectory.times_ps[[frame for frame, _ in rows]],
        n_dissolved=np.array([sum(s) for s in sizes]),
        n_clusters=np.array([len(s) for s in sizes]),
        largest=np.array([max(s, default=0) for s in sizes]),
        mean_size=np.array(
            [sum(k * k for k in s) / sum(s) if s else 0.0 for s in sizes]
        ),
        final_sizes=tuple(sizes[-1]),
        final_members=tuple(tuple(c.tolist()) for c in rows[-1][1]),
        contact_A=contact_A,
    )


def _bare_at(history: BondHistory, frame: int) -> list[int]:
    return sorted(
        centre
        for centre, start, end in history.bare
        if start <= frame and (end is None or frame < end)
    )


def _clusters(
    atoms: NDArray[np.int64],
    positions: NDArray[np.float64],
    cell: NDArray[np.float64],
    pbc: NDArray[np.bool_],
    contact_A: float,
) -> list[NDArray[np.int64]]:
    """Group atoms that touch, the largest group first."""
    if not len(atoms):
        return []
    at = positions[atoms]
    pairs = neighbour_pairs(at, at, cell, pbc, cutoff_A=contact_A)
    links = coo_matrix(
        (np.ones(len(pairs.first)), (pairs.first, pairs.second)),
        shape=(len(atoms), len(atoms)),
    )
    n, of = connected_components(links, directed=False)
    return sorted((atoms[of == k] for k in range(n)), key=len, reverse=True)
