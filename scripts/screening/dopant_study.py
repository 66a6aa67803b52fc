"""Study of the shipped dopant table: all models, tables and figures.

python scripts/screening/dopant_study.py --out dopant-study [--labels article]
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from screening.decision_map import decision_map, plot_energy_against_feature
from screening.dopant_models import ARTICLE_PAIR
from screening.dopant_study import DopantStudyResult, study_dopants
from screening.dopant_table import DopantTable, load_dopant_table
from screening.reaction_energy_regressors import LAPLACIAN

PAIRS = (ARTICLE_PAIR, (ARTICLE_PAIR[0], "bond_energy_eV"))


def overview(
    table: DopantTable, unseen: DopantTable, study: DopantStudyResult, path: Path
) -> None:
    """Write the four figures that say most as one."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(11, 9), layout="constrained")
    decision_map(table, features=PAIRS[0], unseen=unseen).plot(axes[0, 0])
    study.importance.plot(axes[0, 1])
    for tested in study.regression:
        if (tested.model, tested.scheme) == (LAPLACIAN, "grouped"):
            tested.plot(axes[1, 0])
    study.curve.plot(axes[1, 1])
    figure.savefig(path, dpi=90)


def main() -> None:
    """Run the study, print its tables and write its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--labels", choices=("hull", "article"), default="hull")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    start, used = time.time(), time.process_time()
    table = load_dopant_table(labels=given.labels)
    unseen = load_dopant_table(dopants="unseen")
    study = study_dopants(
        table,
        rng=np.random.default_rng(given.seed),
        unseen=unseen if given.labels == "hull" else None,
        n_folds=given.folds,
        progress=lambda what: print(
            f"{time.time() - start:6.0f} s  {what}", flush=True
        ),
    )
    print(study.tables())
    print(f"{time.time() - start:.0f} s, {time.process_time() - used:.0f} s of a core")
    (given.out / "study.json").write_text(
        json.dumps(study.to_json(), ensure_ascii=False, indent=1), encoding="utf-8"
    )
    overview(table, unseen, study, given.out / "dopant-models.png")
    figures = {
        "importance": study.importance.plot(),
        "correlations": study.importance.plot_correlations(),
        "learning-curve": study.curve.plot(),
    }
    for pair in PAIRS:
        found = decision_map(table, features=pair, unseen=unseen)
        figures[f"map-{pair[1]}"] = found.plot()
    for feature in ("oxide_enthalpy_eV_per_atom", "bond_energy_eV"):
        figures[f"energy-{feature}"] = plot_energy_against_feature(table, feature)
    for each in study.classification:
        if each.model == "support vector machine":
            figures[f"reliability-{each.scheme}"] = each.plot()
    for tested in study.regression:
        if tested.model == LAPLACIAN:
            figures[f"regression-{tested.scheme}"] = tested.plot()
    for name, axes in figures.items():
        axes.figure.savefig(given.out / f"{name}.png", dpi=110)


if __name__ == "__main__":
    main()
