"""Which law a film grows by, told by an information criterion."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from md.analysis.growth_law_fit import LawFit, fit_law
from md.analysis.plain import plain, thinned
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Law = Literal[
    "constant", "linear", "parabolic", "logarithmic", "saturating", "undetermined"
]
LAWS = ("constant", "linear", "parabolic", "logarithmic", "saturating")
_CONTAINS = {
    ("linear", "constant"),
    ("logarithmic", "constant"),
    ("logarithmic", "linear"),
    ("saturating", "constant"),
    ("saturating", "linear"),
    ("parabolic", "constant"),
}
"""(richer, simpler): the simpler law is a limit of the richer one."""
_BLOCKS = 120
_LEAST = 12


@dataclass(frozen=True, kw_only=True)
class GrowthLawResult:
    """Laws in order of the criterion, and whether one of them stands out.

    Parameters
    ----------
    law
        The law that stands out; ``"undetermined"`` where none does or nothing grows.
    reason
        One sentence.
    fits
        All laws, the best first.
    times_ps, thickness_A
        (n,) means of blocks that were fitted, ps and Å.
    evidence
        Difference of the criterion that a law without kinship had to exceed.

    """

    law: Law
    reason: str
    fits: tuple[LawFit, ...]
    times_ps: NDArray[np.float64]
    thickness_A: NDArray[np.float64]
    evidence: float

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        kept = thinned(len(self.times_ps))
        fits = tuple(replace(f, fitted_A=f.fitted_A[kept]) for f in self.fits)
        return dict(plain(replace(self, fits=fits)))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Thickness with all laws, the best drawn heavily.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5, 3.4), layout="constrained").subplots()
        ax.plot(self.times_ps, self.thickness_A, ".", color="0.6", markersize=3)
        for rank, fit in enumerate(self.fits):
            ax.plot(
                self.times_ps,
                fit.fitted_A,
                linewidth=2.0 if rank == 0 else 0.9,
                label=f"{fit.law} (ΔBIC {fit.bic:.1f})",
            )
        ax.set(xlabel="Time (ps)", ylabel="Film thickness (Å)", title=self.law)
        ax.legend(frameon=False, fontsize="small")
        return ax


def growth_law(
    times_ps: NDArray[np.float64],
    thickness_A: NDArray[np.float64],
    *,
    evidence: float = 6.0,
    evidence_nested: float = 2.0,
) -> GrowthLawResult:
    r"""Growth law of a film: constant, linear, parabolic, logarithmic or saturating.

    Parameters
    ----------
    times_ps
        (n,) growing, ps; counted from the first.
    thickness_A
        (n,) Å.
    evidence
        How much worse (in the criterion) laws must be that are no relatives of the
        best; 6 is odds of 20 to 1.
    evidence_nested
        How much worse a law must be that contains the best as a limit, or is
        contained in it; 2 is odds of 2.7 to 1.

    Returns
    -------
    GrowthLawResult
        The law, or ``"undetermined"`` with the reason.

    Raises
    ------
    InputError
        If there are fewer than 12 values, or they are not finite.

    Notes
    -----
    The series is averaged over at most 120 blocks. Its noise is correlated (a film
    grows atom by atom, and every atom stays): it is taken as an autoregressive process
    of first order and fitted along with the law, by maximum likelihood.

    .. math:: r_i = \phi\, r_{i-1} + \epsilon_i, \qquad
              \mathrm{BIC} = -2 \ln L + k \ln n

    | symbol | meaning |
    |---|---|
    | r | thickness less law |
    | φ | correlation of neighbouring blocks, 0 to 0.999 |
    | ε | white noise |
    | k | parameters of law and noise |
    | n | blocks |

    Intervals are those of generalised least squares, with φ by restricted likelihood
    and Student's t of the effective number of blocks, n (1 − φ)/(1 + φ). A law that is
    a limit of the best one (linear of logarithmic and of saturating growth for large
    τ) needs less evidence against it, since the shorter description is preferred
    already.

    References
    ----------
    Schwarz, Ann Stat 6, 461 (1978), doi:10.1214/aos/1176344136

    Examples
    --------
    >>> times = np.linspace(0.0, 100.0, 400)
    >>> noise = np.random.default_rng(0).normal(0, 0.1, 400)
    >>> growth_law(times, np.sqrt(1 + 2 * times) + noise).law
    'parabolic'

    """
    times = np.asarray(times_ps, dtype=float)
    values = np.asarray(thickness_A, dtype=float)
    if len(times) < _LEAST or times.shape != values.shape:
        raise InputError(
            f"times_ps and thickness_A must hold {_LEAST} values or more, as many "
            f"each; got {len(times)} and {len(values)}. Run longer or write more often."
        )
    if not (np.isfinite(values).all() and (np.diff(times) > 0).all()):
        raise InputError(
            "times_ps must grow and thickness_A be finite; got others. "
            "Leave those frames out."
        )
    t, h = _blocks(times - times[0], values)
    shown = t + times[0]
    if np.ptp(h) <= 1e-9 * max(1.0, float(np.abs(h).max())):
        return GrowthLawResult(
            law="undetermined",
            reason=f"the thickness is {h[0]:.2f} Å throughout: nothing grows",
            fits=(),
            times_ps=shown,
            thickness_A=h,
            evidence=evidence,
        )
    fits = sorted((fit_law(law, t, h) for law in LAWS), key=lambda fit: fit.bic)
    lowest = fits[0].bic
    fits = [replace(fit, bic=fit.bic - lowest) for fit in fits]
    law, reason = _judged(fits, evidence, evidence_nested)
    return GrowthLawResult(
        law=law,
        reason=reason,
        fits=tuple(fits),
        times_ps=shown,
        thickness_A=h,
        evidence=evidence,
    )


def _judged(fits: list[LawFit], evidence: float, nested: float) -> tuple[Law, str]:
    best = fits[0]
    if best.law == "constant":
        return "undetermined", "no growth stands out of the noise"
    if best.fitted_A[-1] <= best.fitted_A[0]:
        return "undetermined", "the film does not grow: it becomes thinner"
    rivals = [
        f"{other.law} (ΔBIC {other.bic:.1f})"
        for other in fits[1:]
        if other.bic
        < (
            nested
            if {(best.law, other.law), (other.law, best.law)} & _CONTAINS
            else evidence
        )
    ]
    if rivals:
        return (
            "undetermined",
            f"{best.law} describes it best, but not clearly better than "
            + " and ".join(rivals),
        )
    law: Any = best.law
    return law, (
        f"{best.law} over these {best.fitted_A.size} blocks; next is {fits[1].law} "
        f"(ΔBIC {fits[1].bic:.1f})"
    )


def _blocks(
    t: NDArray[np.float64], h: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    size = -(-len(t) // _BLOCKS)
    usable = len(t) - len(t) % size
    return (
        t[:usable].reshape(-1, size).mean(axis=1),
        h[:usable].reshape(-1, size).mean(axis=1),
    )
