"""Map of the classes over two features, with the dopants in it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from screening.dopant_models import ARTICLE_PAIR, BASELINE, classifiers
from screening.dopant_table import DopantTable
from screening.feature_preparation import column, preparation, quick_fits
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LABELS = {
    "oxide_enthalpy_eV_per_atom": "ΔHf of the oxide (eV per atom)",
    "coordination_times_enthalpy_per_cation_eV": "CN × ΔHf per cation (eV)",
    "coordination_times_enthalpy_per_oxygen_eV": "CN × ΔHf per oxygen (eV)",
    "bond_energy_eV": "M–O bond energy (eV)",
    "electronegativity": "Pauling electronegativity",
    "oxidation_state": "Charge (e)",
    "ionic_radius_A": "Ionic radius (Å)",
    "crystal_radius_A": "Crystal radius (Å)",
    "atomic_mass_amu": "Atomic mass (amu)",
    "ionization_energy_eV": "First ionisation energy (eV)",
    "coordination_number": "Coordination number",
    "radius_ratio": "Radius over that of O²⁻",
    "n_sp_electrons": "s and p electrons",
    "n_d_electrons": "d electrons",
    "n_f_electrons": "f electrons",
}
"""Feature → axis label with its unit."""
N_GRID = 160
FEWEST = 10
STABLE, UNSTABLE = "tab:orange", "tab:blue"


@dataclass(frozen=True, kw_only=True)
class DecisionMapResult:
    """Classes over a plane of two features.

    Parameters
    ----------
    features
        Names of both.
    x, y
        Values on the grid, shape (160,).
    stable_side
        Decision function on the grid, positive where stable, shape (160, 160).
    threshold
        Where one threshold on the first feature divides the dopants; NaN where that
        feature is not ΔHf.
    known
        Dopants with both features.
    unseen
        Further dopants to be shown as crosses; none were learnt from.
    accuracy
        Share of the known dopants on their side: of what was learnt, not a test.
    n_left_out
        Known dopants without one of the features.

    """

    features: tuple[str, str]
    x: NDArray[np.float64] = field(repr=False)
    y: NDArray[np.float64] = field(repr=False)
    stable_side: NDArray[np.float64] = field(repr=False)
    threshold: float
    known: DopantTable = field(repr=False)
    unseen: DopantTable | None = field(repr=False)
    accuracy: float
    n_left_out: int

    def to_json(self) -> dict[str, Any]:
        """Features, threshold and the share on the right side."""
        return {
            "features": list(self.features),
            "threshold": None if np.isnan(self.threshold) else self.threshold,
            "accuracy_on_learnt": self.accuracy,
            "n_left_out": self.n_left_out,
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Regions, dopants as circles and unseen ones as crosses (figure 4).

        Parameters
        ----------
        ax
            Axes to draw on; new ones by default.

        Returns
        -------
        matplotlib.axes.Axes
            Plane of the two features.

        """
        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots(figsize=(5.2, 4.4), layout="constrained")
        side = np.where(self.stable_side > 0, 1.0, 0.0)
        ax.contourf(
            self.x, self.y, side, levels=[-0.5, 0.5, 1.5], colors=["#d6e6f4", "#fbe3c8"]
        )
        ax.contour(
            self.x, self.y, self.stable_side, levels=[0.0], colors="black", linewidths=1
        )
        if not np.isnan(self.threshold):
            ax.axvline(
                self.threshold, color="0.35", linestyle="--", label="one threshold"
            )
        columns = [column(name) for name in self.features]
        for kind, colour, word in (
            (True, STABLE, "stable"),
            (False, UNSTABLE, "not stable"),
        ):
            rows = self.known.features[self.known.stable == kind][:, columns]
            ax.scatter(
                rows[:, 0],
                rows[:, 1],
                s=22,
                color=colour,
                edgecolor="black",
                linewidth=0.4,
                label=word,
            )
            if self.unseen is not None:
                rows = self.unseen.features[self.unseen.stable == kind][:, columns]
                ax.scatter(
                    rows[:, 0],
                rows[:, 1], s=44, color=colour, marker="X", edgecolor="black",
                    linewidth=0.6, label=f"{word}, not learnt",
                )  # fmt: skip
        ax.set_xlabel(LABELS[self.features[0]])
        ax.set_ylabel(LABELS[self.features[1]])
        ax.set_xlim(self.x[0], self.x[-1])
        ax.set_ylim(self.y[0], self.y[-1])
        ax.legend(fontsize=8, framealpha=0.9)
        return ax


def decision_map(
    table: DopantTable,
    *,
    features: tuple[str, str] = ARTICLE_PAIR,
    unseen: DopantTable | None = None,
    C: float = 10.0,
    gamma: float = 0.5,
) -> DecisionMapResult:
    """Regions of a Gaussian support vector machine of two features.

    Parameters
    ----------
    table
        Dopants that are learnt from; those without one of the features are left out.
    features
        Two features; by default the article's best pair.
    unseen
        Further dopants to be shown.
    C, gamma
        Settings of the machine, for scaled features.

    Returns
    -------
    DecisionMapResult
        Regions and dopants.

    Raises
    ------
    InputError
        If a feature is unknown or given twice, or too few dopants have both.

    Examples
    --------
    >>> from screening.dopant_table import load_dopant_table
    >>> found = decision_map(load_dopant_table())
    >>> found.accuracy > 0.9, -4 < found.threshold < -2
    (True, True)

    """
    columns = [column(name) for name in features]
    if len(set(columns)) != 2:  # noqa: PLR2004
        raise InputError(
            f"features must be two different ones; got {features!r}. Choose another."
        )
    complete = np.isfinite(table.features[:, columns]).all(axis=1)
    kept = [table.rows[index] for index in np.flatnonzero(complete)]
    if len({row.stable for row in kept}) < 2 or len(kept) < FEWEST:  # noqa: PLR2004
        raise InputError(
            f"table must hold at least {FEWEST} dopants of both classes with "
            f"{' and '.join(features)}; got {len(kept)}. Choose other features."
        )
    known = DopantTable(
        rows=tuple(kept),
        undoped_energy_eV_per_formula_unit=table.undoped_energy_eV_per_formula_unit,
        margin_eV_per_formula_unit=table.margin_eV_per_formula_unit,
        labels=table.labels,
    )
    values = known.features[:, columns]
    prepare = preparation().fit(values)
    machine, one = classifiers(["support vector machine", BASELINE])
    with quick_fits():
        model = machine.build(0, C=C, gamma=gamma).fit(
            prepare.transform(values), known.stable
        )
        threshold = float("nan")
        if features[0] == one.fixed[0]:
            tree = one.build(0).fit(values[:, :1], known.stable)
            threshold = float(tree.tree_.threshold[0])
        shown = values
        if unseen is not None:
            more = unseen.features[:, columns]
            shown = np.vstack([values, more[np.isfinite(more).all(axis=1)]])
        low, high = shown.min(axis=0), shown.max(axis=0)
        edge = 0.06 * (high - low)
        x, y = (
            np.linspace(low[i] - edge[i], high[i] + edge[i], N_GRID) for i in (0, 1)
        )
        points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
        side = model.decision_function(prepare.transform(points))
        right = (model.predict(prepare.transform(values)) == known.stable).mean()
    return DecisionMapResult(
        features=features,
        x=x,
        y=y,
        stable_side=side.reshape(N_GRID, N_GRID),
        threshold=threshold,
        known=known,
        unseen=unseen,
        accuracy=float(right),
        n_left_out=len(table) - len(known),
    )


def plot_energy_against_feature(
    table: DopantTable, feature: str, ax: "Axes | None" = None
) -> "Axes":
    """Reaction energy against one feature, with the range of the stable dopants.

    Parameters
    ----------
    table
        Dopants.
    feature
        Name of the feature.
    ax
        Axes to draw on; new ones by default.

    Returns
    -------
    matplotlib.axes.Axes
        Energy in eV per formula unit.

    Raises
    ------
    InputError
        If the feature is unknown.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from screening.dopant_table import load_dopant_table
    >>> axes = plot_energy_against_feature(load_dopant_table(), "bond_energy_eV")
    >>> axes.get_xlabel()
    'M–O bond energy (eV)'

    """
    values = table.features[:, column(feature)]
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(figsize=(5.0, 4.0), layout="constrained")
    for kind, colour, word in (
        (True, STABLE, "stable"),
        (False, UNSTABLE, "not stable"),
    ):
        chosen = table.stable == kind
        ax.scatter(
            values[chosen],
            table.reaction_energies_eV_per_formula_unit[chosen],
            s=22,
            color=colour,
            edgecolor="black",
            linewidth=0.4,
            label=word,
        )
    stable = values[table.stable & np.isfinite(values)]
    if len(stable):
        low, high = np.quantile(stable, (0.1, 0.9))
        ax.axvspan(low, high, color=STABLE, alpha=0.12, label="80 % of the stable ones")
    ax.axhline(
        table.undoped_energy_eV_per_formula_unit - table.margin_eV_per_formula_unit,
        color="0.4",
        linestyle="--",
        label="undoped minus margin",
    )
    ax.set_xlabel(LABELS[feature])
    ax.set_ylabel("ΔG with excess Li (eV per formula unit)")
    ax.legend(fontsize=8, framealpha=0.9)
    return ax
