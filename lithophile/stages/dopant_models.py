"""Models of the dopant screening: validated, applied, drawn; numbers and figures."""

from typing import Any

import numpy as np

from lithophile.console import Progress, plain
from lithophile.run_folder import RunFolder
from screening.decision_map import decision_map, plot_energy_against_feature
from screening.dopant_screening import DopantScreening
from screening.dopant_study import DopantStudyResult, study_dopants
from screening.dopant_table import DopantTable, load_dopant_table
from screening.reaction_energy_regressors import LAPLACIAN
from screening.screened_table import dopant_table

SHIPPED_CONTENT = 0.25
STEPS = 32
"""About as many messages as a whole study has, for the bar."""
ENTHALPY = "oxide_enthalpy_eV_per_atom"
BOND = "bond_energy_eV"
PAIRS = {
    "map_enthalpy": (ENTHALPY, "coordination_times_enthalpy_per_cation_eV"),
    "map_bond": (ENTHALPY, BOND),
}


def dopant_models(
    folder: RunFolder,
    found: DopantScreening,
    *,
    seed: int,
    progress: Progress,
) -> dict[str, Any]:
    """Validate every model on this screening and draw the article's figures."""
    table = dopant_table(found)
    content = found.dopants[0].content
    unseen = (
        load_dopant_table(dopants="unseen", margin_eV=found.stable_within_eV)
        if content == SHIPPED_CONTENT
        else None
    )
    steps = iter(range(1, 10 * STEPS))

    def told(what: str) -> None:
        step = next(steps)
        progress(min(step, STEPS), STEPS, {"models": what})

    study = study_dopants(
        table, rng=np.random.default_rng(seed), unseen=unseen, progress=told
    )
    _draw(folder, table, unseen, study)
    numbers: dict[str, Any] = plain(study.to_json())
    return {**numbers, "tables": study.tables()}


def _draw(
    folder: RunFolder,
    table: DopantTable,
    unseen: DopantTable | None,
    study: DopantStudyResult,
) -> None:
    """Write the figures of the article, and those that judge them."""
    axes = {
        "importance": study.importance.plot(),
        "correlations": study.importance.plot_correlations(),
        "learning_curve": study.curve.plot(),
        "energy_enthalpy": plot_energy_against_feature(table, ENTHALPY),
        "energy_bond": plot_energy_against_feature(table, BOND),
    }
    for name, pair in PAIRS.items():
        axes[name] = decision_map(table, features=pair, unseen=unseen).plot()
    for each in study.classification:
        if each.model == "support vector machine" and each.scheme == "grouped":
            axes["reliability"] = each.plot()
    for tested in study.regression:
        if tested.model == LAPLACIAN:
            axes[f"regression_{tested.scheme}"] = tested.plot()
    for name, axis in axes.items():
        figure = axis.get_figure(root=True)
        if figure is not None:
            figure.savefig(folder.figure(name), dpi=130, bbox_inches="tight")
