"""How far the electrolyte's metal atoms are reduced, told from their ligands."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from md.analysis.pairs import pair_blocks
from md.analysis.plain import plain
from md.trajectory import Trajectory
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BOND_VALENCE_R0_A = {("Zr", "Cl"): 2.33, ("Hf", "Cl"): 2.30}
"""Bond-valence parameters, Å (Brese, O'Keeffe, Acta Cryst. B 47, 192 (1991))."""
_SOFTNESS_A = 0.37
_MOST_BINS = 500


@dataclass(frozen=True, kw_only=True)
class OxidationProxyResult:
    """Coordination of the metal atoms against time, as a proxy of their reduction.

    Parameters
    ----------
    species, ligand
        Chemical symbols.
    times_ps
        (m,) middles of the intervals that were averaged over.
    counts
        (m, k) atoms with 0, 1, … ligands (rounded mean of the interval).
    full
        Number of ligands of an atom that is not reduced.
    share_full, share_reduced, share_bare
        (m,) atoms with all ligands, with some, with none.
    bond_valence
        (m,) mean bond-valence sum; None without a parameter for the pair.
    bond_valence_spread
        (m,) its standard deviation between atoms; None likewise.
    final_share_reduced
        Reduced or bare, in the last interval.
    cutoff_A
        Distance up to which a ligand counts.

    """

    species: str
    ligand: str
    times_ps: NDArray[np.float64]
    counts: NDArray[np.int64]
    full: int
    share_full: NDArray[np.float64]
    share_reduced: NDArray[np.float64]
    share_bare: NDArray[np.float64]
    bond_valence: NDArray[np.float64] | None
    bond_valence_spread: NDArray[np.float64] | None
    final_share_reduced: float
    cutoff_A: float

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        return dict(plain(self))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Shares of full, reduced and bare atoms against time.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5, 3.4), layout="constrained").subplots()
        shares = (self.share_full, self.share_reduced, self.share_bare)
        names = (f"{self.full} {self.ligand} or more", "fewer", "none")
        ax.stackplot(
            self.times_ps,
            [100 * share for share in shares],
            labels=names,
            colors=("0.8", "C1", "C3"),
        )
        ax.set(
            xlabel="Time (ps)",
            ylabel=f"{self.species} atoms (%)",
            ylim=(0, 100),
            xlim=(float(self.times_ps[0]), float(self.times_ps[-1]) + 1e-9),
        )
        ax.legend(frameon=False, fontsize="small", loc="lower left")
        return ax


def oxidation_proxy(
    trajectory: Trajectory,
    *,
    species: str = "Zr",
    ligand: str = "Cl",
    cutoff_A: float = 3.4,
    full: int = 6,
    average_ps: float = 0.5,
) -> OxidationProxyResult:
    r"""Coordination and bond-valence sum of metal atoms, as a proxy of their charge.

    Parameters
    ----------
    trajectory
        Read once, in blocks.
    species, ligand
        Chemical symbols.
    cutoff_A
        Distance up to which a ligand counts, Å.
    full
        Ligands of an atom that is not reduced (6 in Li2ZrCl6).
    average_ps
        Numbers are averaged over this time, so that vibrations do not count, ps.

    Returns
    -------
    OxidationProxyResult
        Shares of full, reduced and bare atoms.

    Raises
    ------
    InputError
        If a species is missing or a number is not positive.

    Notes
    -----
    An interatomic potential knows no charges. Zirconium that gives ligands away does
    so because it is reduced; with four charges and six ligands it is Zr(IV), without a
    ligand a metal atom, and between the count orders atoms but is no charge.

    .. math:: V = \sum_j e^{(R_0 - d_j)/b}

    | symbol | meaning |
    |---|---|
    | d | distance of a ligand within the cutoff |
    | R₀ | 2.33 Å (Zr–Cl), 2.30 Å (Hf–Cl) |
    | b | 0.37 Å |

    V is about 4 for Zr(IV) and falls as bonds grow longer and fewer.

    References
    ----------
    Brese, O'Keeffe, Acta Cryst. B 47, 192 (1991), doi:10.1107/S0108768190011041

    """
    for name, value in (
        ("cutoff_A", cutoff_A),
        ("full", full),
        ("average_ps", average_ps),
    ):
        if not (np.isfinite(value) and value > 0):
            raise InputError(
                f"{name} must be positive; got {value!r}. Give 3.4, 6, 0.5."
            )
    centres = trajectory.indices_of(species)
    ligands = trajectory.indices_of(ligand)
    times = trajectory.times_ps
    span = float(times[-1] - times[0])
    n_bins = int(min(max(span / average_ps, 1), _MOST_BINS, len(times)))
    bins = np.minimum(np.arange(len(times)) * n_bins // len(times), n_bins - 1)
    number = np.zeros((n_bins, len(centres)))
    valence = np.zeros_like(number)
    r0 = BOND_VALENCE_R0_A.get((species, ligand))
    for block in pair_blocks(trajectory, centres, ligands, cutoff_A=cutoff_A):
        owner = block.keys // len(ligands)
        near = block.distances <= cutoff_A
        for row, bin_ in enumerate(bins[block.frames].tolist()):
            of = owner[near[row]]
            number[bin_] += np.bincount(of, minlength=len(centres))
            if r0 is not None:
                strength = np.exp((r0 - block.distances[row, near[row]]) / _SOFTNESS_A)
                valence[bin_] += np.bincount(
                    of, weights=strength, minlength=len(centres)
                )
    frames = np.bincount(bins, minlength=n_bins)[:, None]
    number, valence = number / frames, valence / frames
    rounded = np.round(number).astype(np.int64)
    most = max(full, int(rounded.max(initial=0)))
    counts = np.stack([(rounded == k).sum(axis=1) for k in range(most + 1)], axis=1)
    shares = counts / len(centres)
    return OxidationProxyResult(
        species=species,
        ligand=ligand,
        times_ps=np.array([times[bins == k].mean() for k in range(n_bins)]),
        counts=counts,
        full=full,
        share_full=shares[:, full:].sum(axis=1),
        share_reduced=shares[:, 1:full].sum(axis=1),
        share_bare=shares[:, 0],
        bond_valence=None if r0 is None else valence.mean(axis=1),
        bond_valence_spread=None if r0 is None else valence.std(axis=1),
        final_share_reduced=float(shares[-1, :full].sum()),
        cutoff_A=cutoff_A,
    )
