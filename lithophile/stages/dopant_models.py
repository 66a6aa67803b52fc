"""Models of the dopant screening: validated, applied, drawn; numbers and figures."""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from lithophile.console import Progress, plain
from lithophile.dopant_screening_settings import FEWEST, SHIPPED_CONTENT
from lithophile.run_folder import RunFolder
from screening.decision_map import decision_map, plot_energy_against_feature
from screening.dopant_screening import DopantScreening
from screening.dopant_study import DopantStudyResult, study_dopants
from screening.dopant_table import DopantTable, load_dopant_table
from screening.doped_cells import RelaxedCell
from screening.features import dopant_coordination
from screening.reaction_energy_regressors import LAPLACIAN
from screening.screened_table import dopant_table
from training_data import InputError

STEPS = 32
"""About as many messages as a whole study has, for the bar."""
ENTHALPY = "oxide_enthalpy_eV_per_atom"
BOND = "bond_energy_eV"
PAIRS = {
    "map_enthalpy": (ENTHALPY, "coordination_times_enthalpy_per_cation_eV"),
    "map_bond": (ENTHALPY, BOND),
}


def model_table(
    found: DopantScreening, *, cells: Sequence[RelaxedCell], anchored: bool
) -> DopantTable:
    """Table that the models learn from, with coordination numbers of the cells.

    Raises
    ------
    InputError
        If anchored energies are asked for and too few dopants have one.

    """
    table = dopant_table(
        found, coordination_numbers=_coordination(found, cells), anchored=anchored
    )
    if len(table) < FEWEST:
        raise InputError(
            f"dopants must be at least {FEWEST} for the models; got {len(table)} with "
            "the energies that are asked for. Relax more cells, or learn from hull "
            "energies."
        )
    return table


def table_hash(table: DopantTable) -> str:
    """Hash of all that the models learn from."""
    text = json.dumps(table.to_json(), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def dopant_models(
    folder: RunFolder,
    table: DopantTable,
    *,
    anchored: bool,
    content: float,
    seed: int,
    progress: Progress,
) -> dict[str, Any]:
    """Validate every model on this table and draw the article's figures."""
    # Energies of the hull say nothing of predictions that were learnt from cells.
    unseen = (
        load_dopant_table(
            dopants="unseen",
            margin_eV_per_formula_unit=table.margin_eV_per_formula_unit,
        )
        if content == SHIPPED_CONTENT and not anchored
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
    return {
        "energies": "anchored" if anchored else "hull",
        **numbers,
        "tables": study.tables(),
    }


def _coordination(
    found: DopantScreening, cells: Sequence[RelaxedCell]
) -> dict[str, float]:
    """Oxygen neighbours of each dopant in its cell, where that is at rest."""
    elements = {each.name: each.dopant.element for each in found.dopants}
    numbers = {}
    for cell in cells:
        if cell.name in elements and cell.converged:
            with suppress(InputError):  # none is bonded: the site's own number stands
                numbers[cell.name] = dopant_coordination(
                    cell.atoms, element=elements[cell.name]
                )
    return numbers


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
            if (legend := axes["reliability"].get_legend()) is not None:
                legend.set_bbox_to_anchor((1.0, 1.0))  # beside the curve, not over it
    for tested in study.regression:
        if tested.model == LAPLACIAN:
            axes[f"regression_{tested.scheme}"] = tested.plot()
    for name, axis in axes.items():
        figure = axis.get_figure(root=True)
        if figure is not None:
            figure.savefig(folder.figure(name), dpi=130, bbox_inches="tight")
