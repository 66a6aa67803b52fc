"""What a potential unlearns when its training goes on with other data."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlip.error_report import GroupErrors, evaluate_errors
from mlip.potential import Potential
from training_data import Dataset, InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ALL, ELEMENTAL, COMPOUNDS = "all", "elements", "compounds"


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """Errors of one group of frames before and after.

    Parameters
    ----------
    n_frames
        Frames of the group.
    energy_rmse_meV_per_atom, force_rmse_meV_per_A
        (before, after).

    """

    n_frames: int
    energy_rmse_meV_per_atom: tuple[float, float]
    force_rmse_meV_per_A: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class ForgettingReport:
    """Errors on old data of the potential that training began with, and of its result.

    Parameters
    ----------
    groups
        Per config_type; "elements" and "compounds" are the frames of one and of
        several elements, "all" are all.
    energy_offset_removed
        Whether each group's mean energy error was taken out: done when the result is
        of another level of theory than the old labels.

    """

    groups: Mapping[str, Forgotten]
    energy_offset_removed: bool

    @property
    def worst(self) -> str:
        """Group whose force error grew most, as a factor."""
        return max(self.groups, key=lambda name: _growth(self.groups[name]))

    def to_json(self) -> dict[str, Any]:
        """Plain values, pairs as {"before": …, "after": …}."""
        return {
            "energy_offset_removed": self.energy_offset_removed,
            "worst": self.worst,
            "groups": {
                name: {
                    key: {"before": value[0], "after": value[1]}
                    if isinstance(value, tuple)
                    else value
                    for key, value in asdict(group).items()
                }
                for name, group in self.groups.items()
            },
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Force errors of every group before and after, side by side."""
        from matplotlib.figure import Figure

        names = sorted(self.groups, key=lambda name: _growth(self.groups[name]))
        if ax is None:
            figure = Figure(figsize=(5, 1 + 0.3 * len(names)), layout="constrained")
            ax = figure.add_subplot()
        errors = np.array([self.groups[name].force_rmse_meV_per_A for name in names])
        places = np.arange(len(names))
        ax.barh(places + 0.2, errors[:, 0], 0.38, color="0.7", label="before")
        ax.barh(places - 0.2, errors[:, 1], 0.38, color="C0", label="after")
        ax.set_yticks(places, names)
        ax.set_xlabel("force RMSE on the old data (meV/Å)")
        ax.legend(frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(0, 1))
        return ax


def forgetting_report(
    before: Potential, after: Potential, old_data: Dataset
) -> ForgettingReport:
    """Compare two potentials on the data that the first was trained on.

    Parameters
    ----------
    before
        Potential that training began with.
    after
        Its result.
    old_data
        Labels at the level of theory of `before`.

    Returns
    -------
    ForgettingReport

    Raises
    ------
    InputError
        No frame, or one with an element that one of the two does not know.

    """
    if len(old_data) == 0:
        message = "old_data must hold frames; got none. Give the earlier data."
        raise InputError(message)
    offset = before.level != after.level
    single = np.array([len(set(f.numbers.tolist())) == 1 for f in old_data.frames])
    both = single.any() and not single.all()
    old, new = (
        evaluate_errors(
            potential,
            old_data,
            remove_energy_offset=offset,
            also={ELEMENTAL: single, COMPOUNDS: ~single} if both else None,
        )
        for potential in (before, after)
    )
    groups = {ALL: _pair(old.all, new.all)} | {
        kind: _pair(errors, new.groups[kind]) for kind, errors in old.groups.items()
    }
    return ForgettingReport(groups=groups, energy_offset_removed=offset)


def _pair(old: GroupErrors, new: GroupErrors) -> Forgotten:
    return Forgotten(
        n_frames=old.n_frames,
        energy_rmse_meV_per_atom=(
            old.energy_rmse_meV_per_atom,
            new.energy_rmse_meV_per_atom,
        ),
        force_rmse_meV_per_A=(old.force_rmse_meV_per_A, new.force_rmse_meV_per_A),
    )


def _growth(group: Forgotten) -> float:
    before, after = group.force_rmse_meV_per_A
    return after / max(before, 1e-3)
