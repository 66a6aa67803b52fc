"""Result of active learning: the learning curve."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, ACCENT = "#1f3b4d", "#c8553d"


@dataclass(frozen=True, kw_only=True)
class LearningRound:
    """What one round began with, how good it was, and what it added.

    Parameters
    ----------
    round
        Its number, from 0.
    n_train
        Labels that its models were trained on, those that choose the epoch included.
    force_rmse_meV_per_A, energy_rmse_meV_per_atom
        Errors of the committee's mean on the hold-out.
    force_rmse_of_members_meV_per_A
        Of each member alone.
    fraction_uncertain
        Share of frames of dynamics in which the committee disagrees by more than the
        limit, frames that a run did not reach included; of random structures where
        there is no dynamics.
    fraction_uncertain_random
        Share of random structures; None without any.
    median_disagreement_md_eV_per_A
        Median over the saved frames of the largest disagreement, eV/Å.
    n_candidates, n_selected
        Structures to choose from, and chosen.
    n_labelled, n_failed
        Labels made, and structures that became none.

    """

    round: int
    n_train: int
    force_rmse_meV_per_A: float
    energy_rmse_meV_per_atom: float
    force_rmse_of_members_meV_per_A: tuple[float, ...]
    fraction_uncertain: float | None
    fraction_uncertain_random: float | None
    median_disagreement_md_eV_per_A: float | None
    n_candidates: int
    n_selected: int
    n_labelled: int
    n_failed: int

    @classmethod
    def from_told(cls, told: Mapping[str, Any]) -> "LearningRound":
        """Round from what its stages told."""
        known: dict[str, Any] = {f.name: told.get(f.name) for f in fields(cls)}
        for name in ("n_candidates", "n_selected", "n_labelled", "n_failed"):
            known[name] = known[name] or 0
        members = known["force_rmse_of_members_meV_per_A"]
        known["force_rmse_of_members_meV_per_A"] = tuple(members)
        return cls(**known)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        plain = dict(vars(self))
        members = self.force_rmse_of_members_meV_per_A
        plain["force_rmse_of_members_meV_per_A"] = list(members)
        return plain


@dataclass(frozen=True, kw_only=True)
class LearningResult:
    """Rounds of active learning and what they leave.

    Parameters
    ----------
    rounds
        One entry each, the last one without new labels.
    models
        Weights of the last committee.
    labels
        File with all new labels.
    n_labels
        Number of them.
    nothing_left
        Whether the loop ended because nothing was uncertain any more.

    """

    rounds: tuple[LearningRound, ...]
    models: tuple[Path, ...]
    labels: Path
    n_labels: int
    nothing_left: bool

    def to_json(self) -> dict[str, Any]:
        """Plain values, paths as text."""
        return {
            "rounds": [each.to_json() for each in self.rounds],
            "models": [str(path) for path in self.models],
            "labels": str(self.labels),
            "n_labels": self.n_labels,
            "nothing_left": self.nothing_left,
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Force error on the hold-out against the number of labels learnt."""
        ax = _axes(ax)
        sizes = [each.n_train for each in self.rounds]
        for index in range(len(self.rounds[0].force_rmse_of_members_meV_per_A)):
            ax.plot(
                sizes,
                [e.force_rmse_of_members_meV_per_A[index] for e in self.rounds],
                color="#9fb4c4",
                lw=1,
                label="one member" if index == 0 else None,
            )
        errors = [each.force_rmse_meV_per_A for each in self.rounds]
        ax.plot(sizes, errors, "o-", color=INK, label="mean of the committee")
        ax.set_ylim(bottom=0)
        ax.set_ylabel("force error on the hold-out (meV/Å)")
        return _of_labels(ax)

    def plot_uncertain(self, ax: "Axes | None" = None) -> "Axes":
        """Share of what was explored that the committee doubted."""
        ax = _axes(ax)
        sizes = [each.n_train for each in self.rounds]
        series = {
            "dynamics": [each.fraction_uncertain for each in self.rounds],
            "random structures": [e.fraction_uncertain_random for e in self.rounds],
        }
        if series["dynamics"] == series["random structures"]:
            del series["dynamics"]
        for (name, values), colour in zip(series.items(), (ACCENT, INK), strict=False):
            points = [(n, 100 * v) for n, v in zip(sizes, values, strict=True)
                      if v is not None]  # fmt: skip
            if points:
                style = "o-" if name == "dynamics" else "s--"
                ax.plot(*zip(*points, strict=True), style, color=colour, label=name)
        ax.set_ylim(-3, 103)
        ax.set_ylabel("uncertain structures (%)")
        return _of_labels(ax)


def _axes(ax: "Axes | None") -> "Axes":
    if ax is None:
        from matplotlib.figure import Figure

        ax = Figure(figsize=(4.2, 3.4), layout="constrained").add_subplot()
    return ax


def _of_labels(ax: "Axes") -> "Axes":
    ax.set_xlabel("labels learnt")
    ax.locator_params(axis="x", nbins=6, integer=True)
    ax.legend(frameon=False, fontsize=8)
    return ax
